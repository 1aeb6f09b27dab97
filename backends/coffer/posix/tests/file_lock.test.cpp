// SPDX-License-Identifier: BSL-1.0
#include <coffer/posix/file_lock.hpp>

#include <support/catch.hpp>
#include <support/temporary_folder.hpp>

#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include <sys/wait.h>

using namespace coffer;
using coffer_test::temporary_folder;
using namespace std::chrono_literals;

TEST_CASE("A lock excludes everybody else until it is given up") {
    temporary_folder folder;
    const auto path = folder / "x.lock";
    {
        auto held = posix::file_lock::acquire(path).value();
        CHECK(posix::file_lock::acquire(path, 0ms).error() == errc::timed_out);
        CHECK(posix::file_lock::acquire(path, 20ms).error() == errc::timed_out);
        auto moved = std::move(held);
        CHECK(posix::file_lock::acquire(path, 0ms).error() == errc::timed_out);
    }
    CHECK(posix::file_lock::acquire(path, 0ms).has_value());
    std::filesystem::create_symlink(path, folder / "link.lock");
    CHECK(posix::file_lock::acquire(folder / "link.lock").error() == errc::denied);
    CHECK(posix::file_lock::acquire(folder / "no" / "folder.lock").error() == errc::not_found);
}

TEST_CASE("Threads and processes under a lock count without losing one") {
    temporary_folder folder;
    const auto path = folder / "x.lock";
    const auto counter = folder / "counter";
    std::ofstream(counter) << 0;
    const auto work = [&](std::optional<std::chrono::milliseconds> patience) {
        for (int i = 0; i < 50; ++i) {
            auto held = posix::file_lock::acquire(path, patience).value();
            int n = 0;
            std::ifstream(counter) >> n;
            std::ofstream(counter) << n + 1;
        }
    };
    const auto pid = ::fork();
    if (pid == 0) {
        work(std::nullopt);
        ::_exit(0);
    }
    std::vector<std::thread> threads;
    threads.emplace_back(work, std::nullopt);
    threads.emplace_back(work, 60s);
    for (auto& t : threads)
        t.join();
    int status = -1;
    ::waitpid(pid, &status, 0);
    REQUIRE(status == 0);
    int n = 0;
    std::ifstream(counter) >> n;
    CHECK(n == 150);
}

TEST_CASE("Time in which a process stood still is not taken from its patience") {
    temporary_folder folder;
    const auto path = folder / "x.lock";
    bool taken = false;
    // Again where this process stood still itself, and held the lock for long.
    for (int i = 0; i < 20 && !taken; ++i) {
        std::optional<posix::file_lock> held = posix::file_lock::acquire(path).value();
        int waits[2];
        REQUIRE(::pipe(waits) == 0);
        const auto pid = ::fork();
        if (pid == 0) {
            if (::write(waits[1], "w", 1) != 1) ::_exit(2);
            ::_exit(posix::file_lock::acquire(path, 1s) ? 0 : 1);
        }
        char c = 0;
        REQUIRE(::read(waits[0], &c, 1) == 1);
        std::this_thread::sleep_for(100ms); // it has begun to wait
        ::kill(pid, SIGSTOP);
        std::this_thread::sleep_for(1500ms); // longer than it waits
        ::kill(pid, SIGCONT);
        std::this_thread::sleep_for(100ms);
        held.reset();
        int status = -1;
        ::waitpid(pid, &status, 0);
        taken = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        for (const int end : waits)
            ::close(end);
    }
    CHECK(taken);
}

TEST_CASE("A child that was forked under a lock does not keep it") {
    temporary_folder folder;
    const auto path = folder / "x.lock";
    std::optional<posix::file_lock> held = posix::file_lock::acquire(path).value();
    int wait[2];
    REQUIRE(::pipe(wait) == 0);
    const auto pid = ::fork();
    if (pid == 0) {
        char c = 0;
        ::close(wait[1]);
        while (::read(wait[0], &c, 1) < 0) {
        }
        ::_exit(0); // ends when the parent says so, or is gone
    }
    ::close(wait[0]);
    held.reset();
    CHECK(posix::file_lock::acquire(path, 0ms).has_value());
    ::close(wait[1]);
    ::waitpid(pid, nullptr, 0);
}

TEST_CASE("A lock on a file that was replaced meanwhile is not taken for the lock") {
    temporary_folder folder;
    const auto path = folder / "x.lock";
    auto held = posix::file_lock::acquire(path).value();
    bool taken = false;
    std::thread late([&] { taken = posix::file_lock::acquire(path).has_value(); });
    std::this_thread::sleep_for(100ms); // it waits for the old file
    std::filesystem::remove(path);
    auto anew = posix::file_lock::acquire(path).value();
    held = std::move(anew); // lets go of the old file; the new one stays locked
    CHECK(posix::file_lock::acquire(path, 0ms).error() == errc::timed_out);
    { auto gone = std::move(held); }
    late.join();
    CHECK(taken);
}
