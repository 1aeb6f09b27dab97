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

#include <functional>

#include <sys/wait.h>

using namespace coffer;
using namespace coffer_test;
namespace fs = std::filesystem;

namespace {

constexpr context env{.environment = "prod"};

/// A vault as a process that starts opens it: from the disk alone.
auto start(const fs::path& root) -> result<test_vault> {
    auto keys = keyring::open_or_create(root / "keys" / "keyring.json");
    if (!keys) return keys.error();
    auto store = file::open(root / "store");
    if (!store) return store.error();
    return test_vault(*store, {}, *keys);
}
auto read_after_restart(const fs::path& root) -> std::string {
    auto vault = start(root);
    if (!vault) return std::string(to_string(vault.error().code));
    return plain(vault->resolver().get(env, "TOKEN"));
}
auto leftovers(const fs::path& root) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& f : fs::recursive_directory_iterator(root))
        if (f.path().extension() == ".new") out.push_back(f.path().filename().string());
    return out;
}

/// What a process does from its start, with its outcome.
using work = std::function<result<void>(const fs::path&)>;

auto put_new(const fs::path& root) -> result<void> {
    auto vault = start(root);
    if (!vault) return vault.error();
    auto done = vault->put(env, "TOKEN", "new");
    if (!done) return done.error();
    return {};
}
auto make_all(const fs::path& root) -> result<void> {
    auto vault = start(root);
    if (!vault) return vault.error();
    if (auto made = vault->ensure_environment("prod"); !made) return made;
    auto done = vault->put(env, "TOKEN", "new");
    if (!done) return done.error();
    return {};
}

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

/// The next start works, whatever was left, and leaves nothing.
void check_next_start(const fs::path& root) {
    make_all(root).value();
    auto vault = start(root).value();
    vault.put(env, "TOKEN", "next").value();
    CHECK(read_after_restart(root) == "next");
    CHECK(vault.verify("prod").value().damaged.empty());
    CHECK(leftovers(root).empty());
}

/// What is read as long as nothing was put: with `first` the environment may be there already.
auto is_unchanged(std::string_view seen, bool first) -> bool {
    return first ? seen == "unknown_scope" || seen == "not_found" : seen == "old";
}

const work nothing = [](const fs::path&) -> result<void> { return {}; };
const work old_value = [](const fs::path& root) -> result<void> {
    auto vault = start(root).value();
    vault.ensure_environment("prod").value();
    vault.put(env, "TOKEN", "old").value();
    return {};
};

} // namespace

TEST_CASE("a system call that fails loses nothing acknowledged, and a failure wrote nothing") {
    int struck = 0;
    for (const bool first : {false, true})
        for (const auto call : failing_calls)
            for (const int how : {EIO, ENOSPC, EINTR, int{cut_short}}) {
                if (how == cut_short && call != "read" && call != "write") continue;
                struck += sweep(first ? nothing : old_value, call, how,
                                [&](const fs::path& root, int n, auto arm) {
                                    arm();
                                    const auto done = first ? make_all(root) : put_new(root);
                                    if (!call_fault::clear()) return false;
                                    const auto seen = read_after_restart(root);
                                    const auto answer =
                                        done ? "done" : to_string(done.error().code);
                                    CAPTURE(first, call, how, n, answer, seen);
                                    const bool unchanged = is_unchanged(seen, first);
                                    if (done)
                                        CHECK(seen == "new");
                                    else if (done.error() == errc::outcome_unknown)
                                        CHECK((seen == "new" || unchanged));
                                    else
                                        CHECK(unchanged);
                                    check_next_start(root);
                                    return true;
                                });
            }
    CHECK(struck > 300);
}

TEST_CASE("calls that were interrupted or cut short are gone on with") {
    for (const auto call : {"write", "read", "fsync"})
        for (const int how : {EINTR, int{cut_short}}) {
            if (how == cut_short && std::string_view(call) == "fsync") continue;
            const auto n =
                sweep(old_value, call, how, [&](const fs::path& root, int nth, auto arm) {
                    arm();
                    const auto done = put_new(root);
                    if (!call_fault::clear()) return false;
                    CAPTURE(call, how, nth);
                    CHECK(done.has_value());
                    return true;
                });
            CHECK(n > 0);
        }
}

TEST_CASE("a process killed at any of its system calls loses nothing acknowledged") {
    int killed_at = 0;
    for (const bool first : {false, true})
        for (const auto call : failing_calls)
            killed_at += sweep(first ? nothing : old_value, call, killed,
                               [&](const fs::path& root, int n, auto arm) {
                                   const auto child = ::fork();
                                   if (child == 0) {
                                       arm();
                                       const auto done = first ? make_all(root) : put_new(root);
                                       ::_exit(done ? 0 : 1);
                                   }
                                   int status = 0;
                                   REQUIRE(::waitpid(child, &status, 0) == child);
                                   const auto seen = read_after_restart(root);
                                   CAPTURE(first, call, n, seen);
                                   if (!WIFSIGNALED(status)) {
                                       CHECK(WEXITSTATUS(status) == 0);
                                       CHECK(seen == "new");
                                       return false;
                                   }
                                   CHECK((seen == "new" || is_unchanged(seen, first)));
                                   check_next_start(root);
                                   return true;
                               });
    CHECK(killed_at > 100);
}
