// SPDX-License-Identifier: BSL-1.0
#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/known_file.hpp>

#include <support/catch.hpp>
#include <support/temporary_folder.hpp>

#include <filesystem>
#include <utility>

using namespace coffer;
using coffer_test::temporary_folder;

namespace {

auto known_at(const std::filesystem::path& path) -> posix::known_file {
    auto file = posix::open_regular(path).value();
    const auto stamp = posix::stamp(file).value();
    return {std::move(file), stamp};
}

} // namespace

TEST_CASE("A known file stands until another is put in its place, and that never looks the same") {
    temporary_folder folder;
    const auto path = folder / "file";
    posix::replace_file(path, as_bytes("one")).value();
    const auto number = posix::stamp(path).value()->inode;
    const auto known = known_at(path);
    CHECK(known.stands(posix::stamp(path).value()));
    for (int i = 0; i < 100; ++i) {
        posix::replace_file(path, as_bytes("two")).value();
        const auto now = posix::stamp(path).value();
        REQUIRE_FALSE(known.stands(now));
        REQUIRE(now->inode != number); // all that tells them apart within one tick of the clock
    }
    std::filesystem::remove(path);
    CHECK_FALSE(known.stands(posix::stamp(path).value()));
}

TEST_CASE("Where no file is known, none stands: neither one nor nothing") {
    temporary_folder folder;
    posix::replace_file(folder / "file", as_bytes("x")).value();
    auto known = known_at(folder / "file");
    const auto moved = std::move(known);
    CHECK(moved.stands(posix::stamp(folder / "file").value()));
    CHECK_FALSE(known.stands(posix::stamp(folder / "file").value()));
    CHECK_FALSE(posix::known_file().stands(posix::stamp(folder / "file").value()));
    CHECK_FALSE(posix::known_file().stands(std::nullopt));
}
