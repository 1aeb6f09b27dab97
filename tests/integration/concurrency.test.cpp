// SPDX-License-Identifier: BSL-1.0
// Threads over one vault: writers that share commits, readers that share refreshes. Run under the
// thread sanitizer as well.
#include "support/catch.hpp"
#include "support/plain_model.hpp"
#include "support/staged_store.hpp"
#include "support/temporary_folder.hpp"
#include "support/vault.hpp"

#include <coffer/file/store.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

using namespace coffer;
using namespace coffer_test;

namespace {

constexpr context env{.environment = "prod"};
constexpr context acme{.environment = "prod", .space = "acme"};

/// What went wrong in a thread: Catch2's assertions are for one thread alone.
class complaints {
public:
    void expect(bool held, const std::string& what) {
        if (held) return;
        const std::lock_guard lock(mutex_);
        if (first_.empty()) first_ = what;
    }
    auto first() const -> std::string {
        const std::lock_guard lock(mutex_);
        return first_;
    }
    auto none() const -> bool { return first().empty(); }

private:
    mutable std::mutex mutex_;
    std::string first_;
};

/// Each reader has looked often enough while it was written.
auto have_looked(const auto& looks) -> bool {
    return std::all_of(looks.begin(), looks.end(), [](const auto& n) { return n >= 20; });
}

void run_together(std::vector<std::function<void()>> work) {
    std::vector<std::thread> threads;
    for (auto& w : work)
        threads.emplace_back(std::move(w));
    for (auto& t : threads)
        t.join();
}

auto name(int writer, int n) -> std::string {
    return "W" + std::to_string(writer) + "_" + std::to_string(n);
}

} // namespace

TEST_CASE("what many threads write at once is all there, in fewer commits than writes") {
    staged_store store;
    test_vault vault(store, {}, keyring::memory_keyring{});
    vault.ensure_space(acme).value();
    vault.put(env, "SHARED", "before").value();
    store.before_commit([](auto) { std::this_thread::sleep_for(std::chrono::microseconds(200)); });
    const auto before = store.commits();
    constexpr int writers = 8, names = 25;
    complaints wrong;
    std::vector<std::function<void()>> work;
    for (int w = 0; w < writers; ++w)
        work.push_back([&, w] {
            const auto handle = vault; // handles are the same vault
            auto mine = handle;
            for (int n = 0; n < names; ++n) {
                const auto done = mine.put(n % 2 == 0 ? env : acme, name(w, n), name(w, n));
                wrong.expect(done && done->version == 1, "put " + name(w, n));
                wrong.expect(mine.put(env, "SHARED", name(w, n)).has_value(), "put SHARED");
                wrong.expect(mine.put({.environment = "prod", .space = "typo"}, "X", "x").error() ==
                                 errc::unknown_scope,
                             "an invalid edit fails alone");
                const auto seen = plain(mine.resolver().get(acme, name(w, n)));
                wrong.expect(seen == name(w, n), "read what was written: " + seen);
            }
        });
    run_together(std::move(work));
    store.before_commit({});
    CHECK(wrong.first() == "");
    CHECK(store.commits() - before < 2 * writers * names);
    test_resolver other(store, {}, vault.engine().keys());
    for (int w = 0; w < writers; ++w)
        for (int n = 0; n < names; ++n)
            CHECK(plain(other.get(acme, name(w, n))) == name(w, n));
    CHECK(other.get(env, "SHARED").value().version() == 1 + writers * names);
    CHECK(vault.verify("prod").value().damaged.empty());
}

TEST_CASE("several vaults on one store lose no write and double none") {
    const bool on_disk = GENERATE(false, true);
    const auto folder = temporary_folder::in_memory();
    const memory::store in_memory;
    const keyring::memory_keyring keys;
    const auto open = [&]() -> any_store {
        if (on_disk) return file::open(folder.path()).value();
        return in_memory;
    };
    test_vault(open(), {}, keys).ensure_environment("prod").value();
    constexpr int vaults = 4, writes = 20;
    complaints wrong;
    std::vector<std::function<void()>> work;
    for (int v = 0; v < vaults; ++v)
        work.push_back([&, v] {
            test_vault mine(open(), {}, keys);
            for (int n = 0; n < writes; ++n) {
                const auto own = mine.put(env, name(v, 0), std::to_string(n));
                wrong.expect(own && own->version == static_cast<std::uint64_t>(n) + 1, "own name");
                wrong.expect(mine.put(env, "SHARED", name(v, n)).has_value(), "shared name");
            }
        });
    run_together(std::move(work));
    CHECK(wrong.first() == "");
    const auto seen = test_resolver(open(), {}, keys).at(env).value();
    for (int v = 0; v < vaults; ++v)
        CHECK(plain(seen.get(name(v, 0))) == std::to_string(writes - 1));
    CHECK(seen.get("SHARED").value().version() == vaults * writes);
}

TEST_CASE("a reader never sees half of a commit, an older state again, or the inherited value") {
    const auto recheck = GENERATE(std::chrono::milliseconds(0), std::chrono::milliseconds(1));
    const memory::store store;
    const keyring::memory_keyring keys;
    options with;
    with.recheck_after = recheck;
    with.erase_after =
        std::chrono::milliseconds(0); // readers in the middle of a refresh start over
    test_vault vault(store, {}, keys, with);
    const test_resolver outside(store, {}, keys, with);
    vault.ensure_space(acme).value();
    vault.put(env, "LEFT", "inherited").value();
    vault.put(env, "RIGHT", "inherited").value();
    const auto put_both = [&](int n) {
        std::vector<named_value> both;
        for (const auto* one : {"LEFT", "RIGHT"}) {
            const auto text = std::to_string(n);
            both.push_back({one, {as_bytes(text).begin(), as_bytes(text).end()}});
        }
        return vault.put_many(acme, std::move(both)).has_value();
    };
    REQUIRE(put_both(0));
    constexpr int rounds = 300;
    std::atomic<bool> done{false};
    std::array<std::atomic<int>, 4> looks{};
    complaints wrong;
    int last = 0;
    std::vector<std::function<void()>> work;
    work.push_back([&] {
        while (last < rounds || (!have_looked(looks) && wrong.none()))
            wrong.expect(put_both(++last), "put_many");
        done = true;
    });
    for (std::size_t r = 0; r < looks.size(); ++r)
        work.push_back([&, r] {
            const auto reader = r % 2 == 0 ? vault.resolver() : outside;
            int newest = 0;
            while (!done) {
                const auto seen = reader.at(acme);
                if (!seen) {
                    wrong.expect(false, "at: " + std::string(to_string(seen.error().code)));
                    return;
                }
                const auto left = plain(seen->get("LEFT"));
                const auto right = plain(seen->get("RIGHT"));
                wrong.expect(left == right, left + " and " + right);
                const auto n =
                    left.find_first_not_of("0123456789") == left.npos ? std::stoi(left) : -1;
                wrong.expect(n >= newest, left + " after " + std::to_string(newest));
                newest = n;
                ++looks[r];
            }
        });
    run_together(std::move(work));
    CHECK(wrong.first() == "");
    std::this_thread::sleep_for(recheck * 2);
    CHECK(plain(outside.get(acme, "LEFT")) == std::to_string(last));
}

TEST_CASE("a view that was taken stays as it was, whoever writes and whatever is removed") {
    const memory::store store;
    const keyring::memory_keyring keys;
    auto vault = std::make_unique<test_vault>(store, cryptopp::aes_256_gcm{}, keys);
    vault->ensure_space(acme).value();
    vault->put(env, "TOKEN", "first").value();
    const auto kept = vault->resolver().at(acme).value();
    complaints wrong;
    std::atomic<bool> done{false};
    std::array<std::atomic<int>, 3> looks{};
    std::vector<std::function<void()>> work;
    for (auto& mine : looks)
        work.push_back([&] {
            while (!done) {
                const auto copy = kept; // a view may be shared
                const auto seen = plain(copy.get("TOKEN"));
                wrong.expect(seen == "first", seen);
                ++mine;
            }
        });
    work.push_back([&] {
        for (int n = 0; n < 50 || !have_looked(looks); ++n)
            wrong.expect(vault->put(env, "TOKEN", std::to_string(n)).has_value(), "put");
        wrong.expect(vault->remove_space(acme).has_value(), "remove_space");
        wrong.expect(vault->remove_environment("prod").has_value(), "remove_environment");
        vault.reset();
        done = true;
    });
    run_together(std::move(work));
    CHECK(wrong.first() == "");
    CHECK(plain(kept.get("TOKEN")) == "first");
}

TEST_CASE("threads make, fill and remove environments and spaces at the same time") {
    const memory::store store;
    test_vault vault(store, {}, keyring::memory_keyring{});
    complaints wrong;
    std::vector<std::function<void()>> work;
    constexpr int threads = 6, rounds = 10;
    for (int t = 0; t < threads; ++t)
        work.push_back([&, t] {
            const auto own = "own" + std::to_string(t);
            const auto space = "space" + std::to_string(t);
            for (int n = 0; n < rounds; ++n) {
                wrong.expect(vault.ensure_environment("all").has_value(), "ensure all");
                wrong.expect(vault.ensure_space({.environment = "all", .space = space}).has_value(),
                             "space");
                wrong.expect(
                    vault.put({.environment = "all", .space = space}, "N", own).has_value(), "put");
                wrong.expect(vault.ensure_space({.environment = own, .space = space}).has_value(),
                             "own");
                wrong.expect(vault.put({.environment = own, .space = space}, "N", own).has_value(),
                             "put own");
                const auto seen =
                    plain(vault.resolver().get({.environment = own, .space = space}, "N"));
                wrong.expect(seen == own, "own value: " + seen);
                wrong.expect(vault.remove_space({.environment = "all", .space = space}).has_value(),
                             "remove");
                wrong.expect(vault.remove_environment(own).has_value(), "remove own");
            }
        });
    run_together(std::move(work));
    CHECK(wrong.first() == "");
    CHECK(vault.environments().value() == std::vector<std::string>{"all"});
    CHECK(vault.spaces("all").value().empty());
}
