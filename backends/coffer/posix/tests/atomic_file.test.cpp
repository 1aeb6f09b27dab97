// SPDX-License-Identifier: BSL-1.0
#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_lock.hpp>

#include <support/catch.hpp>
#include <support/failing_syscalls.hpp>
#include <support/temporary_folder.hpp>

#include <array>
#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace coffer;
using coffer_test::failing_syscall;
using coffer_test::temporary_folder;

namespace {
auto read(const std::filesystem::path& path) -> std::string {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
auto entries(const std::filesystem::path& folder) -> std::ptrdiff_t {
    return std::distance(std::filesystem::directory_iterator(folder), {});
}
} // namespace

TEST_CASE("A file is replaced as a whole, with the mode asked for whatever the umask") {
    temporary_folder folder;
    const auto path = folder / "file";
    const auto umask = ::umask(0077);
    const std::array<byte_view, 3> parts{as_bytes("one "), as_bytes(""), as_bytes("two")};
    CHECK(posix::replace_file(path, parts).value().durable);
    CHECK(read(path) == "one two");
    CHECK(posix::replace_file(path, as_bytes("x"), {.mode = 0644}).value().durable);
    CHECK(read(path) == "x");
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::mask) ==
          std::filesystem::perms(0644));
    ::umask(umask);
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE(
    "A new file is nobody else's; one that a killed writer left goes with the next one's lock") {
    temporary_folder folder;
    const auto path = folder / "file";
    std::ofstream(folder / "file.new") << "a user's, or left by a writer that was killed";
    CHECK(posix::replace_file(path, as_bytes("x")).value().durable);
    CHECK(read(path) == "x");
    CHECK(read(folder / "file.new").starts_with("a user's"));
    failing_syscall::set("write", 1, ENOSPC);
    CHECK_FALSE(posix::replace_file(path, as_bytes("y")).has_value());
    CHECK(failing_syscall::struck());
    CHECK(entries(folder.path()) == 2); // its own is gone
    {
        const auto lock = posix::file_lock::acquire(folder / "file.lock").value();
        CHECK(posix::replace_file(path, as_bytes("z"), {.held = &lock}).value().durable);
    }
    CHECK(read(path) == "z");
    CHECK_FALSE(std::filesystem::exists(folder / "file.new"));
}

TEST_CASE("Many who replace a file at once all do, and the file is one of theirs") {
    const auto folder = temporary_folder::in_memory();
    const auto path = folder / "file";
    std::vector<std::thread> writers;
    std::atomic<int> durable = 0;
    for (char c = 'a'; c < 'e'; ++c)
        writers.emplace_back([&, c] {
            const std::string text(100'000, c);
            for (int i = 0; i < 50; ++i) {
                const auto done = posix::replace_file(path, as_bytes(text));
                if (done && done->durable) ++durable;
            }
        });
    for (auto& w : writers)
        w.join();
    CHECK(durable == 200);
    const auto text = read(path);
    REQUIRE(text.size() == 100'000);
    CHECK(text == std::string(text.size(), text[0]));
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("A name is durable once its folder was written, where a folder can be") {
    temporary_folder folder;
    posix::replace_file(folder / "file", as_bytes("x")).value();
    CHECK(posix::make_name_durable(folder / "file").has_value());
    for (const auto& [error, durable] : {std::pair(EIO, false), {EINVAL, true}, {EROFS, true}}) {
        failing_syscall::set("fsync", 1, error);
        CHECK(posix::make_name_durable(folder / "file").has_value() == durable);
        CHECK(failing_syscall::struck());
    }
    CHECK(posix::make_name_durable(folder / "no" / "file").error() == errc::not_found);
}

TEST_CASE("A failure before the rename leaves the old file and nothing else") {
    temporary_folder folder;
    const auto path = folder / "file";
    CHECK(posix::replace_file(folder / "no" / "file", as_bytes("x")).error() == errc::not_found);
    posix::replace_file(path, as_bytes("old")).value();
    for (const auto* call : {"write", "fsync", "renameat"})
        for (const int error : {ENOSPC, EACCES}) {
            failing_syscall::set(call, 1, error);
            const auto got = posix::replace_file(path, as_bytes("new"));
            CHECK(failing_syscall::struck());
            REQUIRE_FALSE(got);
            CHECK(got.error().cause.value() == error);
            CHECK(read(path) == "old");
            CHECK(entries(folder.path()) == 1);
        }
    std::filesystem::create_directory(folder / "taken");
    CHECK_FALSE(posix::replace_file(folder / "taken", as_bytes("x")).has_value());
    CHECK(entries(folder.path()) == 2);
}

TEST_CASE("A failure after the rename is no failure but not durable") {
    temporary_folder folder;
    const auto path = folder / "file";
    posix::replace_file(path, as_bytes("old")).value();
    failing_syscall::set("fsync", 2, EIO); // the folder's
    const auto got = posix::replace_file(path, as_bytes("new"));
    CHECK(failing_syscall::struck());
    REQUIRE(got);
    CHECK_FALSE(got->durable);
    CHECK(got->cause.value() == EIO);
    CHECK(read(path) == "new");
}

TEST_CASE("A rename that may have been done is not called a failure") {
    temporary_folder folder;
    const auto path = folder / "file";
    for (const bool done : {false, true})
        for (const int error : {EIO, ETIMEDOUT, ESTALE, ENOENT}) {
            posix::replace_file(path, as_bytes("old")).value();
            failing_syscall::set("renameat", 1, error, done);
            const auto got = posix::replace_file(path, as_bytes("new"));
            CHECK(failing_syscall::struck());
            REQUIRE(got);
            CHECK_FALSE(got->durable);
            CHECK(read(path) == (done ? "new" : "old"));
            CHECK(entries(folder.path()) == 1);
        }
}

TEST_CASE("Folders are made private, and those that are there stay as they are") {
    temporary_folder folder;
    CHECK(posix::make_private_folder(folder / "a" / "b" / "c").has_value());
    for (const auto* made : {"a", "a/b", "a/b/c"})
        CHECK((std::filesystem::status(folder / made).permissions() &
               std::filesystem::perms::mask) == std::filesystem::perms(0700));
    std::filesystem::permissions(folder / "a", std::filesystem::perms(0755));
    CHECK(posix::make_private_folder(folder / "a").has_value());
    CHECK((std::filesystem::status(folder / "a").permissions() & std::filesystem::perms::mask) ==
          std::filesystem::perms(0755));
    posix::replace_file(folder / "file", as_bytes("x")).value();
    CHECK(posix::make_private_folder(folder / "file").error() == errc::invalid_argument);
}

TEST_CASE("What root writes where another's files are stays the other's, locks too") {
    const temporary_folder folder;
    const auto me = ::geteuid(); // who is not root has nothing but files of their own
    const auto other = me == 0 ? ::uid_t{65534} : me;
    const auto third = me == 0 ? ::uid_t{12345} : me;
    REQUIRE(::chown(folder.path().c_str(), other, ::gid_t(-1)) == 0);
    const auto owner_after = [&](const char* name, posix::file_owner owner) {
        posix::replace_file(folder / name, as_bytes("x"), {.owner = owner}).value();
        struct stat s {};
        REQUIRE(::lstat((folder / name).c_str(), &s) == 0);
        CHECK((s.st_mode & 07777) == 0600);
        return s.st_uid;
    };
    CHECK(owner_after("new", posix::file_owner::as_was) == other);
    CHECK(owner_after("mine", posix::file_owner::writer) == me);
    CHECK(owner_after("mine", posix::file_owner::as_was) == me);
    REQUIRE(::chown((folder / "mine").c_str(), third, ::gid_t(-1)) == 0);
    CHECK(owner_after("mine", posix::file_owner::as_was) == third);
    const auto owner_of_lock = [&](const char* name) {
        const auto lock = posix::file_lock::acquire(folder / name).value();
        struct stat s {};
        REQUIRE(::lstat((folder / name).c_str(), &s) == 0);
        return s.st_uid;
    };
    CHECK(owner_of_lock("lock") == other);
    // Whoever owns the folder can put another name of any file there: that one stays whose it is.
    std::ofstream(folder / "roots") << "x";
    std::filesystem::create_hard_link(folder / "roots", folder / "planted");
    CHECK(owner_of_lock("planted") == me);
}
