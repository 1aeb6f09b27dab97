// SPDX-License-Identifier: BSL-1.0
// Every system call of a write fails once, in turn, in each way; and the process is killed at each.
// Store, keyring and anchor lie on disk. Nothing that was acknowledged is lost, a failure wrote
// nothing, and the next start is clean.
#include "crash/system_calls.hpp"

#include "support/catch.hpp"
#include "support/plain_model.hpp"
#include "support/temporary_folder.hpp"
#include "support/vault.hpp"

#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>

using namespace coffer;
using namespace coffer_test;
namespace fs = std::filesystem;

namespace {

constexpr context env{.environment = "prod"};
constexpr context space{.environment = "prod", .space = "acme"};

/// A vault as a process that starts opens it: from the disk alone.
auto start(const fs::path& root, std::string realm = {}) -> result<test_vault> {
    auto keys =
        keyring::open_or_create(root / "keys" / "keyring.json", {.store_folder = root / "store"});
    if (!keys) return keys.error();
    auto store = file::open(root / "store");
    if (!store) return store.error();
    return test_vault(*store, {}, *keys, {.realm = std::move(realm)});
}
auto leftovers(const fs::path& root) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& f : fs::recursive_directory_iterator(root))
        if (f.path().extension() == ".new") out.push_back(f.path().filename().string());
    return out;
}

/// What a process does from its start, with its outcome.
using work = std::function<result<void>(const fs::path&)>;

template <class F>
auto with_vault(F f) -> work {
    return [f](const fs::path& root) -> result<void> {
        auto vault = start(root);
        if (!vault) return vault.error();
        auto done = f(*vault);
        return done ? result<void>() : result<void>(done.error());
    };
}

/// What a process that starts sees of the secret, of the space, and of an environment in the list.
auto seen_secret(const fs::path& root) -> std::string {
    auto vault = start(root);
    if (!vault) return std::string(to_string(vault.error().code));
    return plain(vault->resolver().get(env, "TOKEN"));
}
auto seen_space(const fs::path& root) -> std::string {
    const auto there = start(root).value().resolver().at(space);
    return there ? "there" : std::string(to_string(there.error().code));
}
auto seen_environment(const fs::path& root) -> std::string {
    auto vault = start(root).value();
    const auto all = vault.environments();
    if (!all) return std::string(to_string(all.error().code));
    const auto there = vault.resolver().at(env);
    return (there ? "there" : std::string(to_string(there.error().code))) +
           (std::ranges::find(*all, "prod") == all->end() ? ", not listed" : ", listed");
}

/// One call that changes something, and what is seen before, after, and where it was cut off in
/// the middle (empty: nowhere, it is one commit).
struct deed {
    std::string name{};
    work before{};
    work what{};
    std::string (*seen)(const fs::path&) = seen_secret;
    std::string was{};
    std::string becomes{};
    std::string half{};

    auto is_possible(std::string_view now) const -> bool {
        return now == was || now == becomes || (!half.empty() && now == half);
    }
};

const auto nothing = [](const fs::path&) -> result<void> { return {}; };
const auto make_environment =
    with_vault([](auto& vault) { return vault.ensure_environment("prod"); });
const auto make_other = with_vault([](auto& vault) { return vault.ensure_environment("other"); });
const auto make_space = with_vault([](auto& vault) { return vault.ensure_space(space); });
const auto put_old = with_vault([](auto& vault) {
    vault.ensure_environment("prod").value();
    return vault.put(env, "TOKEN", "old");
});

const std::vector<deed> deeds{
    {"the first environment", nothing, make_environment, seen_environment,
     "unknown_scope, not listed", "there, listed", "there, not listed"},
    {"another environment", make_other,
     with_vault([](auto& vault) { return vault.create_environment("prod"); }), seen_environment,
     "unknown_scope, not listed", "there, listed", "there, not listed"},
    {"no environment", put_old,
     with_vault([](auto& vault) { return vault.remove_environment("prod"); }), seen_environment,
     "there, listed", "unknown_scope, not listed", "unknown_scope, listed"},
    {"a space",
     make_environment,
     with_vault([](auto& vault) { return vault.create_space(space); }),
     seen_space,
     "unknown_scope",
     "there",
     {}},
    {"no space",
     make_space,
     with_vault([](auto& vault) { return vault.remove_space(space); }),
     seen_space,
     "there",
     "unknown_scope",
     {}},
    {"the first value",
     make_environment,
     with_vault([](auto& vault) { return vault.put(env, "TOKEN", "new"); }),
     seen_secret,
     "not_found",
     "new",
     {}},
    {"another value",
     put_old,
     with_vault([](auto& vault) { return vault.put(env, "TOKEN", "new"); }),
     seen_secret,
     "old",
     "new",
     {}},
};

/// Runs `check` for a folder in the state `before`, in which `what` was done with the n-th call of
/// `call` ending so, for every n until it is called no more often.
template <class Check>
auto sweep(const work& before, std::string_view call, int how, Check&& check) -> int {
    file_recorder::no_file_sync = file_recorder::no_folder_sync = true; // no power is cut here
    for (int n = 1;; ++n) {
        const auto folder = temporary_folder::in_memory();
        before(folder.path()).value();
        if (!check(folder.path(), n, [&] { call_fault::set(call, n, how); })) return n - 1;
        REQUIRE(n < 1'000);
    }
}

/// The next start works, whatever was left: what is there can be made again and removed, in either
/// order, and nothing is left over.
void check_next_start(const fs::path& root, bool remove_first) {
    const auto now = seen_environment(root);
    CAPTURE(now);
    auto vault = start(root).value();
    if (remove_first) {
        const auto removed = vault.remove_environment("prod");
        CHECK(removed.has_value() == (now != "unknown_scope, not listed"));
        if (!removed) CHECK(removed.error() == errc::unknown_scope);
        CHECK(seen_environment(root) == "unknown_scope, not listed");
        vault.create_environment("prod").value();
    } else if (now == "there, listed") {
        CHECK(vault.create_environment("prod").error() == errc::conflict);
    } else {
        vault.create_environment("prod").value();
    }
    CHECK(seen_environment(root) == "there, listed");
    vault.ensure_space(space).value();
    vault.put(space, "TOKEN", "next").value();
    CHECK(plain(start(root).value().resolver().get(space, "TOKEN")) == "next");
    CHECK(vault.verify("prod").value().damaged.empty());
    CHECK(vault.verify(system_environment).value().damaged.empty());
    vault.remove_space(space).value();
    vault.remove_environment("prod").value();
    CHECK(vault.remove_environment("prod").error() == errc::unknown_scope);
    CHECK(seen_environment(root) == "unknown_scope, not listed");
    CHECK(leftovers(root).empty());
}

} // namespace

TEST_CASE("a system call that fails loses nothing acknowledged, and a failure wrote nothing") {
    std::map<std::string_view, int> struck;
    for (const auto& d : deeds)
        for (const auto call : failing_calls)
            for (const int how : {EIO, ENOSPC, EINTR, int{cut_short}}) {
                if (how == cut_short && call != "read" && call != "write") continue;
                struck[call] +=
                    sweep(d.before, call, how, [&](const fs::path& root, int n, auto arm) {
                        arm();
                        const auto done = d.what(root);
                        if (!call_fault::clear()) return false;
                        const auto seen = d.seen(root);
                        const auto answer = done ? "done" : to_string(done.error().code);
                        CAPTURE(d.name, call, how, n, answer, seen);
                        if (done)
                            CHECK(seen == d.becomes);
                        else if (done.error() == errc::outcome_unknown)
                            CHECK(d.is_possible(seen));
                        else
                            CHECK(seen == d.was);
                        check_next_start(root, n % 2 == 0);
                        return true;
                    });
            }
    int in_all = 0;
    for (const auto& [call, times] : struck) {
        CAPTURE(call);
        CHECK((times > 0 || call == "fstatat")); // which is root's alone
        in_all += times;
    }
    CHECK(in_all > 1'000);
}

TEST_CASE("a system call that fails takes no partition off the list, and makes no store of "
          "another's new") {
    const auto three = with_vault([](auto& vault) {
        for (const auto* id : {"prod", "stage", "test"})
            vault.ensure_environment(id).value();
        return result<void>();
    });
    const auto partitions = [](const fs::path& root) -> result<std::vector<std::string>> {
        auto store = file::open(root / "store");
        return store ? store->partitions() : store.error();
    };
    const auto of_another_realm = [](const fs::path& root) -> result<std::vector<std::string>> {
        auto vault = start(root, "another");
        if (!vault) return vault.error();
        auto listed = vault->environments();
        return listed ? result<std::vector<std::string>>(*listed) : listed.error();
    };
    for (const auto call : failing_calls)
        for (const int how : {EIO, EACCES, EINTR}) {
            int struck = sweep(three, call, how, [&](const fs::path& root, int n, auto arm) {
                const auto all = partitions(root).value();
                REQUIRE(all.size() == 4);
                arm();
                const auto listed = partitions(root);
                const bool hit = call_fault::clear();
                CAPTURE(call, how, n);
                if (listed)
                    CHECK(*listed == all);
                else
                    CHECK(listed.error().cause.value() == how);
                CHECK(partitions(root).value() == all);
                return hit;
            });
            const bool is_reading = call == "open" || call == "opendir" || call == "readdir";
            if (is_reading) CHECK(struck > 0);
            struck = sweep(three, call, how, [&](const fs::path& root, int n, auto arm) {
                REQUIRE(of_another_realm(root).error() == errc::foreign);
                arm();
                const auto listed = of_another_realm(root);
                const bool hit = call_fault::clear();
                CAPTURE(call, how, n);
                CHECK_FALSE(listed.has_value());
                return hit;
            });
            if (is_reading) CHECK(struck > 0);
        }
}

TEST_CASE("calls that were interrupted or cut short are gone on with") {
    for (const auto& d : deeds)
        for (const auto call : {"write", "read", "fsync"})
            for (const int how : {EINTR, int{cut_short}}) {
                if (how == cut_short && std::string_view(call) == "fsync") continue;
                const auto n =
                    sweep(d.before, call, how, [&](const fs::path& root, int nth, auto arm) {
                        arm();
                        const auto done = d.what(root);
                        if (!call_fault::clear()) return false;
                        CAPTURE(d.name, call, how, nth);
                        CHECK(done.has_value());
                        return true;
                    });
                CHECK(n > 0);
            }
}

TEST_CASE("a process killed at any of its system calls loses nothing acknowledged") {
    int killed_at = 0;
    int halves = 0;
    for (const auto& d : deeds)
        for (const auto call : failing_calls)
            killed_at += sweep(d.before, call, killed, [&](const fs::path& root, int n, auto arm) {
                const auto child = ::fork();
                if (child == 0) {
                    arm();
                    const auto done = d.what(root);
                    ::_exit(done ? 0 : 1);
                }
                int status = 0;
                REQUIRE(::waitpid(child, &status, 0) == child);
                const auto seen = d.seen(root);
                CAPTURE(d.name, call, n, seen);
                if (!WIFSIGNALED(status)) {
                    CHECK(WEXITSTATUS(status) == 0);
                    CHECK(seen == d.becomes);
                    return false;
                }
                CHECK(d.is_possible(seen));
                halves += seen == d.half ? 1 : 0;
                check_next_start(root, n % 2 == 0);
                return true;
            });
    CHECK(killed_at > 300);
    CHECK(halves > 30); // between the two commits, too
}

TEST_CASE("a process killed at any system call of a change of keys leaves all readable, and the "
          "next one ends it") {
    const work new_keys = [](const fs::path& root) -> result<void> {
        auto vault = start(root);
        auto keys = keyring::open(root / "keys" / "keyring.json");
        if (!vault || !keys) return errc::unavailable;
        if (auto rotated = keys->rotate(); !rotated) return rotated.error();
        for (const auto id : {std::string_view("prod"), system_environment})
            if (auto done = vault->rewrap(id); !done) return done.error();
        for (const auto& k : keys->keks().value())
            if (k.state != keyring::kek_state::active)
                if (auto done = keys->set_state(k.id, keyring::kek_state::disabled); !done)
                    return done;
        auto sealed = vault->rotate_dek("prod");
        if (!sealed) return sealed.error();
        return sealed->finished ? result<void>() : result<void>(errc::conflict);
    };
    int killed_at = 0;
    for (const auto call : failing_calls)
        killed_at += sweep(put_old, call, killed, [&](const fs::path& root, int n, auto arm) {
            const auto child = ::fork();
            if (child == 0) {
                arm();
                ::_exit(new_keys(root) ? 0 : 1);
            }
            int status = 0;
            REQUIRE(::waitpid(child, &status, 0) == child);
            CAPTURE(call, n);
            CHECK(seen_secret(root) == "old");
            CHECK(new_keys(root));
            CHECK(seen_secret(root) == "old");
            auto vault = start(root).value();
            CHECK(vault.status("prod").value().deks.size() == 1);
            CHECK(vault.verify("prod").value().damaged.empty());
            if (WIFSIGNALED(status)) return true;
            CHECK(WEXITSTATUS(status) == 0);
            return false;
        });
    CHECK(killed_at > 100);
}
