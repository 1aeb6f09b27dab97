// SPDX-License-Identifier: BSL-1.0
#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_descriptor.hpp>

#include <support/catch.hpp>
#include <support/temporary_folder.hpp>

#include <thread>

using namespace coffer;
using coffer_test::temporary_folder;

TEST_CASE("Only a regular file is opened, and a pipe does not make it wait") {
    temporary_folder folder;
    CHECK(posix::open_regular(folder / "absent").error() == errc::not_found);
    posix::replace_file(folder / "file", as_bytes("x")).value();
    CHECK(posix::open_regular(folder / "file").has_value());
    std::filesystem::create_symlink("file", folder / "link");
    CHECK(posix::open_regular(folder / "link").error() == errc::denied);
    CHECK(posix::open_regular(folder.path()).error() == errc::denied);
    REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(posix::open_regular(folder / "pipe").error() == errc::denied);
    CHECK(posix::open_regular(folder / "file" / "below").error() == errc::invalid_argument);
}

TEST_CASE("A file is read to its end and not beyond the limit") {
    temporary_folder folder;
    for (const std::size_t size : {0U, 1U, 4095U, 4096U, 100000U}) {
        const std::string text(size, 'x');
        posix::replace_file(folder / "file", as_bytes(text)).value();
        auto file = posix::open_regular(folder / "file").value();
        CHECK(as_text(posix::read_all(file, size).value()) == text);
        if (size == 0) continue;
        auto again = posix::open_regular(folder / "file").value();
        CHECK(posix::read_all(again, size - 1).error() == errc::too_large);
    }
    // Its size is 0, and yet there is something to read.
    posix::file_descriptor endless(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    CHECK(posix::read_all(endless, 10).error() == errc::too_large);
    posix::file_descriptor whole(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
    CHECK(posix::read_all<wiped_bytes>(whole, 1 << 20).value().size() > 10);
}

TEST_CASE("A file is private if nobody else has any permission") {
    temporary_folder folder;
    const auto path = folder / "file";
    posix::replace_file(path, as_bytes("x")).value();
    auto file = posix::open_regular(path).value();
    CHECK(posix::require_private(file).has_value());
    for (const unsigned bit : {040U, 020U, 010U, 04U, 02U, 01U}) {
        std::filesystem::permissions(path, static_cast<std::filesystem::perms>(0600 | bit));
        CHECK(posix::require_private(file).error() == errc::denied);
    }
}

TEST_CASE("A descriptor is owned by one and closed once") {
    posix::file_descriptor a(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const int fd = a.get();
    posix::file_descriptor b(std::move(a));
    CHECK_FALSE(a);
    CHECK(b.get() == fd);
    a = std::move(b);
    CHECK(a.get() == fd);
    CHECK(a.close().has_value());
    CHECK(::fcntl(fd, F_GETFD) == -1);
    CHECK(a.close().has_value());
}

TEST_CASE("A stamp is relied on only when a later change must show") {
    temporary_folder folder;
    posix::replace_file(folder / "file", as_bytes("x")).value();
    const auto fresh = posix::stamp(folder / "file").value().value();
    CHECK_FALSE(posix::stamp(folder / "absent").value().has_value());
    auto old = fresh;
    old.modified_ns -= 1'000'000'000;
    old.changed_ns -= 1'000'000'000;
    CHECK(posix::settled(old));
    auto ahead = fresh; // a server's clock that is ahead of ours
    ahead.changed_ns += 3'600'000'000'000;
    CHECK_FALSE(posix::settled(ahead));
}
