// SPDX-License-Identifier: BSL-1.0
// Processes that write one store on disk at the same time, and processes that are killed.
#include "support/catch.hpp"
#include "support/plain_model.hpp"
#include "support/temporary_folder.hpp"
#include "support/vault.hpp"

#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <random>
#include <thread>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace coffer;
using namespace coffer_test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr context env{.environment = "prod"};

auto start(const fs::path& root) -> test_vault {
    return {file::open(root / "store").value(),
            {},
            keyring::open_or_create(root / "keys" / "keyring.json").value()};
}
/// Runs `work` in a process of its own; it ends with what that answers.
auto spawn(const std::function<int()>& work) -> ::pid_t {
    const auto child = ::fork();
    if (child != 0) return child;
    int code = 99;
    try {
        code = work();
    } catch (...) {
        code = 98;
    }
    ::_exit(code);
}
auto wait_for(::pid_t child) -> int {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}
/// Whether it has ended; `wait_for` still has its status.
auto has_ended(::pid_t child) -> bool {
    ::siginfo_t ended{};
    REQUIRE(::waitid(P_PID, static_cast<::id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT) == 0);
    return ended.si_pid != 0;
}
/// In one commit: a name of its own, which gets version `n`, and one that both set. The text is
/// `who`'s own: the same text again would be no new version. Where the other was quicker as often as
/// a write begins anew, nothing was written, and it is called again.
auto put_both(test_vault& mine, const std::string& who, int n) -> bool {
    const auto text = who + std::to_string(n);
    for (;;) {
        std::vector<named_value> both;
        for (const auto& name : {who, std::string("SHARED")})
            both.push_back({name, {as_bytes(text).begin(), as_bytes(text).end()}});
        const auto done = mine.put_many(env, std::move(both));
        if (done) return done->front().version == static_cast<std::uint64_t>(n);
        if (done.error() != errc::conflict) return false;
    }
}

/// What processes of one test say to each other.
struct shared_words {
    std::atomic<bool> stop = false;
    std::atomic<int> steady = 0; ///< Writes that each has acknowledged.
    std::atomic<int> killed = 0;
};
static_assert(std::atomic<int>::is_always_lock_free);

/// One that a fork shares.
auto shared() -> std::unique_ptr<shared_words, void (*)(shared_words*)> {
    void* const at = ::mmap(nullptr, sizeof(shared_words), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(at != MAP_FAILED);
    return {new (at) shared_words, [](shared_words* p) { ::munmap(p, sizeof *p); }};
}

} // namespace

TEST_CASE("two processes that write a thousand times each lose no write and double none") {
    const auto folder = temporary_folder::in_memory();
    constexpr int writes = 1'000;
    auto vault = start(folder.path());
    vault.ensure_environment("prod").value();
    const auto writer = [&](const std::string& who) {
        auto mine = start(folder.path());
        for (int n = 1; n <= writes; ++n)
            if (!put_both(mine, who, n)) return 1;
        return 0;
    };
    const std::array<std::string, 2> names{"LEFT", "RIGHT"};
    std::vector<::pid_t> children;
    for (const auto& who : names)
        children.push_back(spawn([&] { return writer(who); }));
    for (const auto child : children)
        CHECK(wait_for(child) == 0);

    const auto seen = start(folder.path()).resolver().at(env).value();
    for (const auto& who : names) {
        CHECK(plain(seen.get(who)) == who + std::to_string(writes));
        CHECK(seen.get(who).value().version() == writes);
    }
    CHECK(seen.get("SHARED").value().version() == 2 * writes);
    const auto history = vault.history(env, "SHARED").value();
    for (std::size_t i = 0; i < history.size(); ++i)
        CHECK(history[i].version == 2 * writes - i);
    CHECK(vault.verify("prod").value().damaged.empty());
    // One generation for each commit, and none for one that was lost: nothing was written twice.
    CHECK(vault.status("prod").value().generation == 2 * writes + 1);
}

TEST_CASE("a writer that is killed at any time has lost nothing that it acknowledged") {
    const auto folder = temporary_folder::in_memory();
    start(folder.path()).ensure_environment("prod").value();
    constexpr int rounds = 40;
    constexpr int names = 8;
    std::mt19937 random(20'240'229);
    const auto name = [](int n) { return "N" + std::to_string(n % names); };
    int acknowledged = 0; // of all rounds: the numbers go on
    for (int round = 0; round < rounds; ++round) {
        std::array<int, 2> pipe_ends{};
        REQUIRE(::pipe(pipe_ends.data()) == 0);
        const auto child = spawn([&] {
            auto mine = start(folder.path());
            for (int n = acknowledged + 1;; ++n) {
                mine.put(env, name(n), std::to_string(n)).value();
                if (::write(pipe_ends[1], &n, sizeof n) != sizeof n) return 1;
            }
        });
        ::close(pipe_ends[1]);
        const auto wanted = 1 + static_cast<int>(random() % 6);
        for (int got = 0; got < wanted; ++got)
            REQUIRE(::read(pipe_ends[0], &acknowledged, sizeof acknowledged) ==
                    sizeof acknowledged);
        ::usleep(static_cast<::useconds_t>(random() % 4'000));
        REQUIRE(::kill(child, SIGKILL) == 0);
        CHECK(WIFSIGNALED(wait_for(child)));
        while (::read(pipe_ends[0], &acknowledged, sizeof acknowledged) > 0)
            continue;
        ::close(pipe_ends[0]);

        auto vault = start(folder.path());
        const auto seen = vault.resolver().at(env).value();
        CAPTURE(round, acknowledged);
        // The one write that may be there though nobody was told.
        const auto ahead = plain(seen.get(name(acknowledged + 1)));
        const bool landed = ahead == std::to_string(acknowledged + 1);
        for (int n = std::max(1, acknowledged - names + 2); n <= acknowledged; ++n)
            REQUIRE(plain(seen.get(name(n))) == std::to_string(n));
        REQUIRE(
            (landed || acknowledged < names || ahead == std::to_string(acknowledged + 1 - names)));
        REQUIRE(vault.verify("prod").value().damaged.empty());
        // The next writer cleans up what was left half written.
        if (landed) ++acknowledged;
        vault.put(env, name(acknowledged + 1), std::to_string(acknowledged + 1)).value();
        ++acknowledged;
        for (const auto& f : fs::recursive_directory_iterator(folder.path()))
            CHECK(f.path().extension() != ".new");
    }
    CHECK(acknowledged > 2 * rounds);
}

TEST_CASE("where one of two writers is killed again and again, neither loses or doubles a write") {
    const auto folder = temporary_folder::in_memory();
    start(folder.path()).ensure_environment("prod").value();
    const auto words = shared();
    const auto version = [&](const std::string& name) {
        const auto got = start(folder.path()).resolver().get(env, name);
        return got ? static_cast<int>(got->version()) : 0;
    };
    const auto writes_on = [&](const std::string& who, std::atomic<int>& acknowledged) {
        auto mine = start(folder.path());
        while (!words->stop) {
            const auto began = std::chrono::steady_clock::now();
            if (!put_both(mine, who, acknowledged + 1)) return 1;
            ++acknowledged;
            // Beside one that never rests, another that has lost a race would hardly win the next.
            const auto took = std::chrono::steady_clock::now() - began;
            std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(2 * took, 100ms));
        }
        return 0;
    };
    const auto steady = spawn([&] { return writes_on("STEADY", words->steady); });
    constexpr int rounds = 40;
    std::mt19937 random(20'240'301);
    for (int round = 0; round < rounds; ++round) {
        const auto before = words->killed.load();
        const auto steady_before = words->steady.load();
        const auto child = spawn([&] { return writes_on("KILLED", words->killed); });
        // Both have written before the kill: neither waits for the other to be gone.
        while ((words->killed == before || words->steady == steady_before) && !has_ended(child) &&
               !has_ended(steady))
            ::usleep(200);
        ::usleep(static_cast<::useconds_t>(random() % 4'000));
        ::kill(child, SIGKILL);
        CHECK(WIFSIGNALED(wait_for(child)));
        // What it was at when it was killed is there or it is not; the other goes on meanwhile.
        CAPTURE(round, words->killed.load());
        const auto landed = version("KILLED") - words->killed;
        CHECK((landed == 0 || landed == 1));
        words->killed += landed;
    }
    words->stop = true;
    CHECK(wait_for(steady) == 0);
    CHECK(words->steady >= rounds);
    CHECK(words->killed >= rounds);

    auto vault = start(folder.path());
    const auto all = words->steady + words->killed;
    CHECK(version("STEADY") == words->steady);
    CHECK(version("KILLED") == words->killed);
    CHECK(version("SHARED") == all);
    const auto history = vault.history(env, "SHARED").value();
    for (std::size_t i = 0; i < history.size(); ++i)
        CHECK(history[i].version == static_cast<std::uint64_t>(all) - i);
    CHECK(vault.verify("prod").value().damaged.empty());
    CHECK(vault.status("prod").value().generation == static_cast<std::uint64_t>(all) + 1);
    vault.put(env, "LAST", "cleans up").value();
    for (const auto& f : fs::recursive_directory_iterator(folder.path()))
        CHECK(f.path().extension() != ".new");
}
