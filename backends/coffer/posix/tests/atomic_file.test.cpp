// SPDX-License-Identifier: BSL-1.0
#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_lock.hpp>

#include <support/catch.hpp>
#include <support/failing_syscalls.hpp>
#include <support/temporary_folder.hpp>

#include <array>
#include <fstream>

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
    CHECK(posix::replace_file(path, as_bytes("x"), 0644).value().durable);
    CHECK(read(path) == "x");
    CHECK((std::filesystem::status(path).permissions() & std::filesystem::perms::mask) ==
          std::filesystem::perms(0644));
    ::umask(umask);
    std::ofstream(folder / "file.new") << "left by a writer that was killed";
    CHECK(posix::replace_file(path, as_bytes("y")).value().durable);
    CHECK(read(path) == "y");
    CHECK(entries(folder.path()) == 1);
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
        posix::replace_file(folder / name, as_bytes("x"), 0600, owner).value();
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
    const auto lock = posix::file_lock::acquire(folder / "lock").value();
    struct stat s {};
    REQUIRE(::lstat((folder / "lock").c_str(), &s) == 0);
    CHECK(s.st_uid == other);
}
