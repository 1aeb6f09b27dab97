// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_LAWS_STORE_CONCURRENT_HPP
#define COFFER_TESTING_LAWS_STORE_CONCURRENT_HPP

#include <coffer/testing/laws/store_subject.hpp>

#include <array>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace coffer::inline COFFER_ABI::testing::laws {

/// Commits `first` to `last`, one after the other, each of which writes its number to three keys.
template <class S>
auto write_numbers(S& store, std::uint32_t first, std::uint32_t last) -> bool {
    for (std::uint32_t i = first; i <= last; ++i) {
        const auto number = std::to_string(i);
        const writes what{put("a", number), put("b", number), put("c", number)};
        const auto done = store.commit(partition, i == 1 ? none : rev(i - 1), rev(i), what);
        if (!done || *done != commit_outcome::committed) return false;
    }
    return true;
}

/// Three objects and a revision that write_numbers wrote in one commit.
inline auto is_one_commit(const revision& at, const objects& abc) -> bool {
    if (abc.size() != 3 || abc[0] != abc[1] || abc[1] != abc[2]) return false;
    if (!abc[0]) return false;
    std::uint32_t number = 0;
    for (const char c : as_text(*abc[0]))
        number = number * 10 + static_cast<std::uint32_t>(c - '0');
    return at == rev(number);
}

/// Runs f; what it throws is kept, since nothing may leave a thread, nor this one while another runs.
template <class F>
void keep_thrown(std::exception_ptr& into, F&& f) noexcept {
    try {
        f();
    } catch (...) {
        into = std::current_exception();
    }
}

/// Runs write_numbers in a thread and look() meanwhile, at least once after it.
template <class S, class Look>
void look_while_writing(S& store, checker& check, Look&& look) {
    constexpr std::uint32_t last = 100;
    if (!check.that(write_numbers(store, 1, 1), "the first commit is committed")) return;
    std::atomic<bool> done{false};
    bool written = false;
    std::exception_ptr thrown;
    std::thread writer([&] {
        keep_thrown(thrown, [&] { written = write_numbers(store, 2, last); });
        done = true;
    });
    std::exception_ptr seen;
    bool whole = true;
    keep_thrown(seen, [&] {
        for (bool more = true; more;) {
            more = !done;
            whole = look() && whole;
        }
    });
    writer.join();
    for (const auto& one : {thrown, seen})
        if (one) std::rethrow_exception(one);
    check.that(written, "every commit of the only writer is committed");
    check.that(whole, "every look shows one committed state");
}

template <class Make>
void store_s6(Make& make, checker& check) {
    auto store = make();
    const keys abc{"a", "b", "c"};
    look_while_writing(store, check, [&] {
        const auto seen = store.load(partition, abc);
        return seen.has_value() && is_one_commit(seen->at, seen->objects);
    });
}

/// Threads that all start at once; f(i) runs in the i-th. What one of them throws is thrown when all
/// have ended.
template <class F>
void race(std::size_t threads, F&& f) {
    std::atomic<std::size_t> waiting{threads};
    std::vector<std::exception_ptr> thrown(threads);
    std::vector<std::thread> all;
    for (std::size_t i = 0; i < threads; ++i)
        all.emplace_back([&, i] {
            for (--waiting; waiting != 0;)
                std::this_thread::yield();
            keep_thrown(thrown[i], [&] { f(i); });
        });
    for (auto& t : all)
        t.join();
    for (const auto& one : thrown)
        if (one) std::rethrow_exception(one);
}

template <class Make>
void store_s9(Make& make, checker& check) {
    auto store = make();
    constexpr std::uint32_t threads = 4;
    revision at = rev(1);
    if (!subject(store, check).commits(none, at, {put("head", "0")})) return;
    for (std::uint32_t round = 1; round <= 25; ++round) {
        std::array<std::atomic<int>, threads> committed{};
        race(threads, [&](std::size_t i) {
            const auto own = rev(round * threads + static_cast<std::uint32_t>(i));
            const writes what{put("head", std::to_string(round)),
                              put("r" + std::to_string(round), std::to_string(i))};
            const auto done = store.commit(partition, at, own, what);
            if (done && *done == commit_outcome::committed) committed[i] = 1;
        });
        std::size_t winners = 0;
        std::size_t winner = 0;
        for (std::size_t i = 0; i < threads; ++i)
            if (committed[i] == 1) ++winners, winner = i;
        if (!check.that(winners == 1, "of commits with the same expectation one is committed"))
            return;
        at = rev(round * threads + static_cast<std::uint32_t>(winner));
        const auto seen = store.load(partition, keys{"r" + std::to_string(round)});
        if (!check.that(seen && seen->at == at && seen->objects[0] == text(std::to_string(winner)),
                        "what is there is what the winner wrote"))
            return;
    }
    keys rounds;
    for (int round = 1; round <= 25; ++round)
        rounds.push_back("r" + std::to_string(round));
    const auto seen = store.load(partition, rounds);
    bool kept = seen.has_value();
    for (std::size_t i = 0; kept && i < rounds.size(); ++i)
        kept = seen->objects[i].has_value();
    check.that(kept, "no acknowledged commit is lost");
}

} // namespace coffer::inline COFFER_ABI::testing::laws

#endif
