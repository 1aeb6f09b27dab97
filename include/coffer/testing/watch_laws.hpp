// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_WATCH_LAWS_HPP
#define COFFER_TESTING_WATCH_LAWS_HPP

#include <coffer/concepts/watchable_store.hpp>
#include <coffer/testing/checker.hpp>

#include <array>
#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

namespace coffer::inline COFFER_ABI::testing {

// The conformance suite of WatchableStore, for a Store that models it. `make()` gives a fresh store
// that watches, and has besides
//
//     auto other(store&);                   // a store over the same place: somebody else's
//
// It may have
//
//     void silence(store&);                 // nothing tells it of changes any more: W3
//     std::chrono::milliseconds patience;   // until something is given up that should come

namespace watch_laws_detail {

inline auto numbered(unsigned i) -> revision {
    revision out{};
    out.fill(static_cast<std::byte>(i));
    return out;
}
template <class S>
auto commits(S& store, unsigned from, unsigned to) -> bool {
    const std::vector<object_write> writes{{"head", bytes{static_cast<std::byte>(to)}}};
    const auto done =
        store.commit("laws-a", from == 0 ? revision{} : numbered(from), numbered(to), writes);
    return done && *done == commit_outcome::committed;
}
template <class S>
auto shows(S& store, unsigned number) -> bool {
    const auto seen = store.load("laws-a", {});
    return seen && seen->at == numbered(number);
}
/// Whether it becomes true; given up after a time that only a broken store needs.
template <class Make, class F>
auto eventually(Make& make, F&& holds) -> bool {
    std::chrono::milliseconds patience = std::chrono::seconds(60);
    if constexpr (requires { make.patience; }) patience = make.patience;
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return true;
}

template <class Make>
void hears_others(Make& make, checker& check) {
    auto store = make();
    auto other = make.other(store);
    if (!check.that(eventually(make, [&] { return store.watching(); }), "it comes to watch"))
        return;
    for (unsigned i = 0; i < 10; ++i) {
        if (!check.that(commits(other, i, i + 1), "others commit")) return;
        if (!check.that(eventually(make, [&] { return shows(store, i + 1); }),
                        "what others committed is seen"))
            return;
    }
}

template <class Make>
void sees_its_own(Make& make, checker& check) {
    auto store = make();
    if (!check.that(eventually(make, [&] { return store.watching(); }), "it comes to watch"))
        return;
    for (unsigned i = 0; i < 50; ++i) {
        if (!check.that(commits(store, i, i + 1), "it commits")) return;
        check.that(shows(store, i + 1), "what it committed itself is seen at once");
    }
}

template <class Make>
void silence_is_not_trusted(Make& make, checker& check) {
    auto store = make();
    if constexpr (requires { make.silence(store); }) {
        auto other = make.other(store);
        if (!check.that(eventually(make, [&] { return store.watching(); }), "it comes to watch"))
            return;
        if (!check.that(commits(store, 0, 1) && shows(store, 1), "it commits")) return;
        make.silence(store);
        if (!check.that(eventually(make, [&] { return !store.watching(); }),
                        "it notices that it hears nothing"))
            return;
        check.that(commits(other, 1, 2), "others commit");
        const auto seen = store.load("laws-a", {});
        check.that(!seen || seen->at == numbered(2), "and nothing is told from memory");
    } else {
        check.not_applicable("W3: make has no silence");
    }
}

} // namespace watch_laws_detail

/// The laws of WatchableStore (concepts/watchable_store.hpp) as checks. With Catch2 or GoogleTest:
/// run_watch_laws(make) of catch2.hpp or gtest.hpp.
template <class Make>
inline constexpr std::array<law<Make>, 3> watch_laws{{
    {"W1 what others commit is seen", &watch_laws_detail::hears_others<Make>},
    {"W2 what it committed itself is seen at once", &watch_laws_detail::sees_its_own<Make>},
    {"W3 silence is not trusted", &watch_laws_detail::silence_is_not_trusted<Make>},
}};

} // namespace coffer::inline COFFER_ABI::testing

#endif
