// SPDX-License-Identifier: BSL-1.0
#include <coffer/keyring/anchor_file.hpp>
#include <coffer/keyring/file_keyring.hpp>

#include <support/catch.hpp>
#include <support/temporary_folder.hpp>

#include <fstream>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace coffer;
using coffer_test::temporary_folder;

namespace {
auto some_mark(std::uint64_t generation) -> mark {
    mark m{generation, {}, 1};
    m.mac.fill(static_cast<std::byte>(generation));
    return m;
}
/// All generations of one history.
auto some(std::uint64_t generation) -> lineage {
    lineage out{some_mark(generation), {}};
    for (std::uint64_t i = 0; i < out.ancestors.size(); ++i)
        out.ancestors[i].fill(static_cast<std::byte>(generation - 1 - i));
    return out;
}
auto read(const std::filesystem::path& path) -> std::string {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
/// What a process says that owns the file, and its lock, and may not write in their folder.
template <class F>
auto who_may_not_write(const std::filesystem::path& folder, const std::filesystem::path& file,
                       F&& f) -> bool {
    constexpr ::uid_t other = 12345;
    const bool root = ::geteuid() == 0; // who may write everywhere
    const auto lock = file.string() + ".lock";
    REQUIRE(::chmod(folder.c_str(), root ? 0755 : 0500) == 0);
    for (const auto* of : {file.c_str(), lock.c_str()})
        if (root) REQUIRE(::chown(of, other, other) == 0);
    const auto pid = ::fork();
    if (pid == 0) {
        if (root && (::setgid(other) != 0 || ::setuid(other) != 0)) ::_exit(2);
        ::_exit(f() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(pid, &status, 0);
    for (const auto* of : {file.c_str(), lock.c_str()})
        if (root) REQUIRE(::chown(of, ::geteuid(), ::getegid()) == 0);
    REQUIRE(::chmod(folder.c_str(), 0700) == 0);
    return status == 0;
}
} // namespace

TEST_CASE("An anchor is a private file of one line for each environment") {
    temporary_folder folder;
    const auto path = folder / "a.anchor";
    keyring::anchor_file anchor(path);
    CHECK_FALSE(anchor.recall("prod", "us").value().has_value());
    CHECK_FALSE(std::filesystem::exists(path));
    anchor.remember("prod", "us", some(258)).value();
    anchor.remember("", "us", some(7)).value();
    CHECK(read(path) == " 7573 7 07070707070707070707070707070707 1\n"
                        "70726f64 7573 258 02020202020202020202020202020202 1\n");
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::mask) ==
          std::filesystem::perms(0600));
    const auto before = posix::stamp(path).value();
    anchor.remember("prod", "us", some(257)).value();
    CHECK(posix::stamp(path).value() == before); // nothing new, nothing written
}

TEST_CASE("A mark that is none is not remembered") {
    temporary_folder folder;
    keyring::anchor_file anchor(folder / "a.anchor");
    CHECK(anchor.remember("r", "", some(1)).error() == errc::invalid_argument);
    CHECK(anchor.remember("r", std::string(256, 'e'), some(1)).error() == errc::invalid_argument);
    CHECK(anchor.remember(std::string(65, 'r'), "e", some(1)).error() == errc::invalid_argument);
    CHECK(anchor.remember("r", "e", some(0)).error() == errc::invalid_argument);
    CHECK(anchor.remember("r", "e", lineage{{1, {}, 0}, {}}).error() == errc::invalid_argument);
}

TEST_CASE("Two processes that remember at once leave the newest mark and lose no environment") {
    const auto folder = temporary_folder::in_memory(); // each waits for the lock of the other
    const auto path = folder / "a.anchor";
    constexpr std::uint64_t rounds = 40;
    const auto pid = ::fork();
    const auto work = [&](std::uint64_t odd, const char* own) {
        keyring::anchor_file anchor(path);
        for (std::uint64_t i = 1; i <= rounds; ++i) {
            if (!anchor.remember("r", "shared", some(2 * i + odd))) return false;
            if (!anchor.remember("r", own, some(i))) return false;
            const auto seen = anchor.recall("r", "shared");
            if (!seen || !*seen || (*seen)->generation < 2 * i + odd) return false;
        }
        return true;
    };
    if (pid == 0) ::_exit(work(1, "child") ? 0 : 1);
    CHECK(work(0, "parent"));
    int status = -1;
    ::waitpid(pid, &status, 0);
    CHECK(status == 0);
    keyring::anchor_file anchor(path);
    CHECK(anchor.recall("r", "shared").value() == some_mark(2 * rounds + 1));
    CHECK(anchor.recall("r", "child").value() == some_mark(rounds));
    CHECK(anchor.recall("r", "parent").value() == some_mark(rounds));
}

TEST_CASE("What another process remembered is recalled, also by who has just remembered less") {
    temporary_folder folder;
    const auto path = folder / "a.anchor";
    keyring::anchor_file anchor(path);
    anchor.remember("r", "e", some(1)).value();
    CHECK(anchor.recall("r", "e").value() == some_mark(1));
    keyring::anchor_file(path).remember("r", "e", some(5)).value();
    while (!posix::settled(posix::stamp(path).value().value()))
        std::this_thread::yield(); // so long that what is read now is kept
    CHECK(anchor.remember("r", "e", some(4)).value() == some_mark(5));
    CHECK(anchor.recall("r", "e").value() == some_mark(5));
}

TEST_CASE("A writer that holds the lock for ever costs a time-out, not a hang") {
    temporary_folder folder;
    const auto path = folder / "a.anchor";
    auto held = posix::file_lock::acquire(path.string() + ".lock").value();
    keyring::anchor_file anchor(path, std::chrono::milliseconds(30));
    CHECK(anchor.remember("r", "e", some(1)).error() == errc::timed_out);
    CHECK(anchor.recall("r", "e").has_value()); // readers take no lock
}

TEST_CASE("An anchor that can't be written says so and keeps the old mark") {
    temporary_folder folder;
    const auto path = folder / "a.anchor";
    keyring::anchor_file anchor(path);
    anchor.remember("r", "e", some(1)).value();
    std::filesystem::create_directory(path.string() +
                                      ".new"); // where the new file would be written
    CHECK(anchor.remember("r", "e", some(2)).error() == errc::unavailable);
    CHECK(anchor.recall("r", "e").value() == some_mark(1));
    std::filesystem::remove(path.string() + ".new");
    CHECK(anchor.remember("r", "e", some(2)).has_value());
}

TEST_CASE("An anchor whose folder can't be written is read, and says so to writers") {
    const auto folder = temporary_folder::in_memory(); // which another user can come into
    const auto path = folder / "a.anchor";
    keyring::anchor_file(path).remember("r", "e", some(1)).value();
    for (const bool long_ago : {false, true}) { // by the lock, and where none is taken
        if (long_ago)
            while (!posix::settled(posix::stamp(path).value().value()))
                std::this_thread::yield();
        CHECK(keyring::anchor_file(path).remember("r", "e", some(1)).value() == some_mark(1));
        CHECK(who_may_not_write(folder.path(), path, [&] {
            keyring::anchor_file anchor(path);
            return anchor.recall("r", "e").value() == some_mark(1) &&
                   anchor.remember("r", "e", some(1)).error() == errc::unavailable &&
                   anchor.remember("r", "e", some(2)).error() == errc::unavailable;
        }));
    }
    CHECK(keyring::anchor_file(path).recall("r", "e").value() == some_mark(1));
}

TEST_CASE("An anchor that was there and is gone is tampered to who saw it") {
    temporary_folder folder;
    const auto path = folder / "a.anchor";
    keyring::anchor_file anchor(path);
    anchor.remember("r", "e", some(1)).value();
    REQUIRE(anchor.recall("r", "e").value() == some_mark(1));
    std::filesystem::remove(path);
    CHECK(anchor.recall("r", "e").error() == errc::tampered);
    CHECK(anchor.remember("r", "e", some(2)).error() == errc::tampered);
}

TEST_CASE("A keyring keeps its anchor beside itself unless told not to") {
    temporary_folder folder;
    const auto path = folder / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    ring.remember("r", "e", some(3)).value();
    CHECK(std::filesystem::exists(path.string() + ".anchor"));
    CHECK(keyring::open(path).value().recall("r", "e").value() == some_mark(3));
    auto without = keyring::open(path, {.anchor = false}).value();
    CHECK_FALSE(without.recall("r", "e").value().has_value());
    CHECK(without.remember("r", "e", some(9)).has_value());
    CHECK(ring.recall("r", "e").value() == some_mark(3));
}
