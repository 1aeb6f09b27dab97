// SPDX-License-Identifier: BSL-1.0
#include "file_support.hpp"

#include <coffer/testing/catch2.hpp>
#include <coffer/testing/faulty_store.hpp>

#include <support/catch.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace coffer;
using namespace file_test;

namespace {

/// Makes stores, each in a fresh folder, and opens the last one again.
struct maker {
    std::shared_ptr<coffer_test::temporary_folder> root =
        std::make_shared<coffer_test::temporary_folder>();
    int made = 0;

    auto last() const -> fs::path { return *root / std::to_string(made); }
    auto operator()() -> file::store {
        ++made;
        return file::open(last(), {.limits = {std::size_t{2} << 20, std::size_t{5} << 20}}).value();
    }
    auto reopen(file::store&& store) const -> file::store {
        { const auto closed = std::move(store); }
        return file::open(last()).value();
    }
};

struct faulty_maker {
    maker files{};
    auto operator()() { return testing::faulty_store<file::store>(files()); }
};

} // namespace

TEST_CASE("the file store keeps the store laws") {
    testing::run_store_laws(maker{});
}

TEST_CASE("the file store under a faulty store without a fault keeps the store laws") {
    testing::run_store_laws(faulty_maker{});
}

TEST_CASE("open makes the folders that are missing, 0700, and leaves others alone") {
    const coffer_test::temporary_folder root;
    REQUIRE(file::open(root / "a/b/c"));
    CHECK(mode(root / "a") == 0700);
    CHECK(mode(root / "a/b/c") == 0700);
    fs::permissions(root / "a/b/c", fs::perms(0750));
    REQUIRE(file::open(root / "a/b/c"));
    CHECK(mode(root / "a/b/c") == 0750);
    write_file(root / "taken", "");
    CHECK_FALSE(file::open(root / "taken").has_value());
    CHECK_FALSE(file::open(root / "taken/below").has_value());
    CHECK(file::open("").error() == errc::invalid_argument);
}

TEST_CASE("documents and locks are 0600 whatever the umask is, and nothing else is left") {
    const coffer_test::temporary_folder root;
    const auto before = ::umask(0);
    auto store = file::open(root / "s").value();
    REQUIRE(commit(store, none, rev(1)));
    REQUIRE(commit(store, rev(1), rev(2)));
    ::umask(before);
    CHECK(mode(root / "s") == 0700);
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root / "s")) {
        names.push_back(entry.path().filename().string());
        CHECK(mode(entry.path()) == 0600);
    }
    std::sort(names.begin(), names.end());
    CHECK(names == std::vector<std::string>{"p.json", "p.lock"});
}

TEST_CASE("a link, a pipe or a folder in a document's place is refused and left as it is") {
    const coffer_test::temporary_folder root;
    auto store = file::open(root / "s").value();
    REQUIRE(commit(store, none, rev(1)));
    fs::rename(root / "s/p.json", root / "outside.json");
    const auto outside = read_file(root / "outside.json");
    const auto kind = GENERATE(0, 1, 2);
    if (kind == 0) fs::create_symlink(root / "outside.json", root / "s/p.json");
    if (kind == 1) REQUIRE(::mkfifo((root / "s/p.json").c_str(), 0600) == 0);
    if (kind == 2) fs::create_directory(root / "s/p.json");
    CHECK(store.load("p", head).error() == errc::denied);
    CHECK(store.list("p").error() == errc::denied);
    CHECK(commit(store, rev(1), rev(2)).error() == errc::denied);
    CHECK(commit(store, none, rev(2)).error() == errc::denied);
    CHECK(read_file(root / "outside.json") == outside);
    CHECK_FALSE(fs::is_regular_file(fs::symlink_status(root / "s/p.json")));
}

TEST_CASE("a link in a lock's place is not followed") {
    const coffer_test::temporary_folder root;
    auto store = file::open(root / "s").value();
    fs::create_symlink(root / "outside", root / "s/p.lock");
    CHECK(commit(store, none, rev(1)).error() == errc::denied);
    CHECK_FALSE(fs::exists(root / "outside"));
    CHECK(at(store) == none);
}

TEST_CASE("what a killed writer left is cleaned by the next commit, and a link in its place too") {
    const coffer_test::temporary_folder root;
    auto store = file::open(root / "s").value();
    write_file(root / "outside", "untouched");
    const auto link = GENERATE(false, true);
    if (link)
        fs::create_symlink(root / "outside", root / "s/p.json.new");
    else
        write_file(root / "s/p.json.new", "{\"head\":");
    CHECK(at(store) == none);
    CHECK(store.partitions().value().empty());
    REQUIRE(commit(store, none, rev(1)).value() == commit_outcome::committed);
    CHECK_FALSE(fs::exists(fs::symlink_status(root / "s/p.json.new")));
    CHECK(read_file(root / "outside") == "untouched");
    CHECK(at(store) == rev(1));
}

TEST_CASE("a malformed document is tampered for load, list and commit, and is kept") {
    const coffer_test::temporary_folder root;
    auto store = file::open(root / "s").value();
    REQUIRE(commit(store, none, rev(1)));
    const auto good = read_file(root / "s/p.json");
    for (const auto& bad : {std::string(), std::string("{"), good.substr(0, good.size() / 2)}) {
        write_file(root / "s/p.json", bad);
        CHECK(store.load("p", {}).error() == errc::tampered);
        CHECK(store.list("p").error() == errc::tampered);
        CHECK(commit(store, rev(1), rev(2)).error() == errc::tampered);
        CHECK(read_file(root / "s/p.json") == bad);
    }
    write_file(root / "s/p.json", good);
    CHECK(at(store) == rev(1));
}

TEST_CASE("a document without a revision can be read and committed to") {
    const coffer_test::temporary_folder root;
    auto store = file::open(root / "s").value();
    write_file(root / "s/p.json", R"({"head":"eHgwMTIzNDU2Nzg5YWJjZGVm"})");
    revision of_head{};
    std::copy_n(as_bytes("0123456789abcdef").begin(), 16, of_head.begin());
    CHECK(at(store) == of_head);
    CHECK(commit(store, rev(1), rev(2)).value() == commit_outcome::conflict);
    CHECK(commit(store, of_head, rev(2)).value() == commit_outcome::committed);
    CHECK(at(store) == rev(2));
}

TEST_CASE("a partition that is removed by hand is no more") {
    const coffer_test::temporary_folder root;
    auto store = file::open(root / "s").value();
    REQUIRE(commit(store, none, rev(1)));
    fs::remove(root / "s/p.json");
    CHECK(at(store) == none);
    CHECK(commit(store, none, rev(2)).value() == commit_outcome::committed);
}

TEST_CASE("a folder that is gone is unavailable, not an empty store") {
    const coffer_test::temporary_folder root;
    auto store = file::open(root / "s").value();
    REQUIRE(commit(store, none, rev(1)));
    fs::rename(root / "s", root / "away");
    CHECK(store.load("p", {}).error() == errc::unavailable);
    CHECK(store.load("q", {}).error() == errc::unavailable);
    CHECK(store.partitions().error() == errc::unavailable);
    CHECK(commit(store, rev(1), rev(2)).error() == errc::unavailable);
    fs::rename(root / "away", root / "s");
    CHECK(at(store) == rev(1));
}

TEST_CASE("another handle's commits are seen at once") {
    const coffer_test::temporary_folder root;
    auto one = file::open(root / "s").value();
    auto two = file::open(root / "s").value();
    revision now = none;
    for (std::uint32_t i = 1; i <= 60; ++i) {
        auto& writer = i % 3 == 0 ? one : two;
        REQUIRE(commit(writer, now, rev(i)).value() == commit_outcome::committed);
        now = rev(i);
        REQUIRE(at(one) == now);
        if (i % 2 == 0) REQUIRE(at(two) == now);
    }
    CHECK(commit(one, rev(1), rev(999)).value() == commit_outcome::conflict);
}

TEST_CASE("a store works on when the process changes its folder") {
    const coffer_test::temporary_folder root;
    const auto before = fs::current_path();
    fs::current_path(root.path());
    auto store = file::open("relative").value();
    fs::current_path(before);
    REQUIRE(commit(store, none, rev(1)).value() == commit_outcome::committed);
    CHECK(fs::exists(root / "relative/p.json"));
}

TEST_CASE("more partitions than are kept parsed work as well") {
    const coffer_test::temporary_folder root;
    auto store = file::open(root / "s", {.cached_partitions = 2}).value();
    for (std::uint32_t i = 1; i < 8; ++i)
        REQUIRE(store.commit("p" + std::to_string(i), none, rev(i), {}).value() ==
                commit_outcome::committed);
    for (std::uint32_t i = 1; i < 8; ++i)
        CHECK(store.load("p" + std::to_string(i), {}).value().at == rev(i));
}

TEST_CASE("a commit that gets no lock in time is timed_out and writes nothing") {
    const coffer_test::temporary_folder root;
    auto store = file::open(root / "s", {.lock_patience = std::chrono::milliseconds(20)}).value();
    REQUIRE(commit(store, none, rev(1)));
    const auto lock = posix::file_lock::acquire(root / "s/p.lock");
    REQUIRE(lock.has_value());
    CHECK(commit(store, rev(1), rev(2)).error() == errc::timed_out);
    CHECK(at(store) == rev(1)); // reading needs no lock
}

TEST_CASE("processes that commit at once lose nothing") {
    // In memory, since each waits for the lock of the others.
    const auto root = coffer_test::temporary_folder::in_memory();
    constexpr int writers = 4;
    constexpr int each = 20;
    auto store = file::open(root / "s").value(); // used by all, across fork
    REQUIRE(store.commit("p", none, rev(1), std::vector{put("head", "0")}));
    std::vector<::pid_t> children;
    for (int w = 0; w < writers; ++w) {
        const auto child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            for (int i = 0; i < each;) {
                const auto seen = store.load("p", head);
                if (!seen) ::_exit(2);
                const int n = std::stoi(std::string(as_text(*seen->objects[0]))) + 1;
                const std::vector writes{
                    put("head", std::to_string(n)),
                    put("w" + std::to_string(w) + "x" + std::to_string(i), "")};
                const auto own = rev(static_cast<std::uint32_t>(1000 * n + w));
                const auto done = store.commit("p", seen->at, own, writes);
                if (!done) ::_exit(3);
                if (*done == commit_outcome::committed) ++i;
            }
            ::_exit(0);
        }
        children.push_back(child);
    }
    for (const auto child : children) {
        int status = -1;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }
    const auto all = store.list("p").value();
    CHECK(all.entries.size() == writers * each + 1);
    CHECK(store.load("p", head).value().objects[0] == text(std::to_string(writers * each)));
}
