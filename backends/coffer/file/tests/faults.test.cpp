// SPDX-License-Identifier: BSL-1.0
// Every system call of a commit fails once, in turn: by functions of this program that stand in
// front of the C library's.
#include "file_support.hpp"

#include <support/catch.hpp>

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

enum class syscall_kind { none, write, fsync, rename };

/// The n-th call of this kind fails with this error; an error of 0: it is cut short instead.
struct fault_plan {
    syscall_kind kind = syscall_kind::none;
    int countdown = 0;
    int error = 0;
    int calls = 0;
    bool skip_fsync = false;
    bool clock_stands = false; ///< File times tell nothing, as within one tick of a coarse clock.
} plan;

auto strikes(syscall_kind kind) -> bool {
    if (plan.kind != kind) return false;
    ++plan.calls;
    return plan.countdown != 0 && --plan.countdown == 0;
}

auto status(int folder, const char* path, struct stat* to, int flags) -> int {
    const auto done = static_cast<int>(::syscall(SYS_newfstatat, folder, path, to, flags));
    if (done == 0 && plan.clock_stands) to->st_mtim = to->st_ctim = {};
    return done;
}

} // namespace

extern "C" {

auto write(int fd, const void* data, std::size_t size) -> ssize_t {
    if (fd > 2 && strikes(syscall_kind::write)) {
        if (plan.error != 0) return errno = plan.error, -1;
        size = size / 2 + 1;
    }
    return ::syscall(SYS_write, fd, data, size);
}
auto fsync(int fd) -> int {
    if (strikes(syscall_kind::fsync)) return errno = plan.error, -1;
    if (plan.skip_fsync) return 0;
    return static_cast<int>(::syscall(SYS_fsync, fd));
}
auto renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept -> int {
    if (strikes(syscall_kind::rename)) return errno = plan.error, -1;
    return static_cast<int>(::syscall(SYS_renameat2, from_folder, from, to_folder, to, 0));
}

auto lstat(const char* path, struct stat* to) noexcept -> int {
    return status(AT_FDCWD, path, to, AT_SYMLINK_NOFOLLOW);
}
auto fstat(int fd, struct stat* to) noexcept -> int {
    return status(fd, "", to, AT_EMPTY_PATH);
}

} // extern "C"

using namespace coffer;
using namespace file_test;

namespace {

struct fixture {
    coffer_test::temporary_folder root{};
    file::store store = file::open(root / "s").value();

    fixture() { REQUIRE(commit(store, none, rev(1), "old").value() == commit_outcome::committed); }
    ~fixture() { plan = {}; }

    auto commit_with(fault_plan p) -> result<commit_outcome> {
        plan = p;
        auto done = commit(store, rev(1), rev(2), "new");
        REQUIRE(plan.countdown == 0); // it struck
        return done;
    }
    auto shown() -> std::string {
        const auto seen = store.load("p", head).value();
        CHECK(seen.at == (seen.objects[0] == text("old") ? rev(1) : rev(2)));
        return std::string(as_text(*seen.objects[0]));
    }
    /// What another process that has no memory of it sees.
    auto shown_to_others() -> std::string {
        auto other = file::open(root / "s").value();
        return std::string(as_text(*other.load("p", head).value().objects[0]));
    }
    auto leftovers() const -> bool { return fs::exists(root / "s/p.json.new"); }
};

} // namespace

TEST_CASE("a write, an fsync or a rename that fails before anything is visible is a failure") {
    const auto [kind, error] = GENERATE(table<syscall_kind, int>({
        {syscall_kind::write, ENOSPC},
        {syscall_kind::write, EIO},
        {syscall_kind::write, EDQUOT},
        {syscall_kind::fsync, EIO},
        {syscall_kind::fsync, ENOSPC},
        {syscall_kind::rename, ENOSPC},
        {syscall_kind::rename, EACCES},
        {syscall_kind::rename, EROFS},
    }));
    fixture f;
    const auto done = f.commit_with({kind, 1, error});
    REQUIRE_FALSE(done.has_value());
    CHECK((done.error() == errc::unavailable || done.error() == errc::denied));
    CHECK(done.error().cause.value() == error);
    CHECK_FALSE(f.leftovers());
    CHECK(f.shown() == "old");
    CHECK(f.shown_to_others() == "old");
    CHECK(commit(f.store, rev(1), rev(2), "new").value() == commit_outcome::committed);
    CHECK(f.shown_to_others() == "new");
}

TEST_CASE("interrupted and short writes and an interrupted fsync are gone on with") {
    const auto [kind, error] = GENERATE(table<syscall_kind, int>({
        {syscall_kind::write, EINTR},
        {syscall_kind::write, 0},
        {syscall_kind::fsync, EINTR},
    }));
    fixture f;
    CHECK(f.commit_with({kind, 1, error}).value() == commit_outcome::committed);
    CHECK(f.shown() == "new");
    CHECK(f.shown_to_others() == "new");
}

TEST_CASE("an fsync of the folder that fails leaves the outcome unknown, and it is not acted on "
          "before it is durable") {
    fixture f;
    REQUIRE(f.commit_with({syscall_kind::fsync, 2, EIO}).value() == commit_outcome::unknown);
    SECTION("the next load writes it anew, file and folder, and then shows it") {
        plan = {syscall_kind::fsync};
        CHECK(f.shown() == "new");
        CHECK(plan.calls == 3); // the name of what it found, before it looked at that
        CHECK(f.shown() == "new");
        CHECK(plan.calls == 3); // once
    }
    SECTION("a load that can't make it durable is unavailable") {
        const int n = GENERATE(1, 2, 3);
        plan = {syscall_kind::fsync, n, EIO};
        CHECK(f.store.load("p", head).error() == errc::unavailable);
        CHECK(f.shown() == "new");
    }
    SECTION("the same commit again conflicts: it is there once") {
        CHECK(commit(f.store, rev(1), rev(2), "new").value() == commit_outcome::conflict);
        CHECK(f.shown() == "new");
    }
    SECTION("another's commit on it makes it durable") {
        auto other = file::open(f.root / "s").value();
        CHECK(commit(other, rev(2), rev(3), "newer").value() == commit_outcome::committed);
        CHECK(at(f.store) == rev(3));
    }
}

TEST_CASE("what another wrote is made durable before it is shown, once") {
    const fixture f;
    auto other = file::open(f.root / "s").value();
    plan = {syscall_kind::fsync, 1, EIO};
    CHECK(other.load("p", head).error() == errc::unavailable);
    SECTION("and shown then") {
        plan = {syscall_kind::fsync};
    }
    SECTION("and shown where folders know no fsync, or nobody can write") {
        plan = {syscall_kind::fsync, 1, GENERATE(EINVAL, EROFS)};
    }
    CHECK(at(other) == rev(1));
    CHECK(at(other) == rev(1));
    CHECK(plan.calls == 1);
}

TEST_CASE("a rename that may have happened leaves the outcome unknown") {
    fixture f;
    REQUIRE(f.commit_with({syscall_kind::rename, 1, EIO}).value() == commit_outcome::unknown);
    CHECK(f.shown() == "old"); // here it did not
    CHECK(commit(f.store, rev(1), rev(2), "new").value() == commit_outcome::committed);
    CHECK(f.shown_to_others() == "new");
}

TEST_CASE("another handle's commits are seen though inode, size and times come again") {
    fixture f;
    plan.skip_fsync = true;
    plan.clock_stands = true;
    auto other = file::open(f.root / "s").value();
    for (std::uint32_t i = 1; i < 200; i += 2) {
        REQUIRE(at(f.store) == rev(i));
        REQUIRE(commit(other, rev(i), rev(i + 1)).value() == commit_outcome::committed);
        REQUIRE(commit(other, rev(i + 1), rev(i + 2)).value() == commit_outcome::committed);
    }
}
