// SPDX-License-Identifier: BSL-1.0
// A server whose answers break off, or go on after their end: listings, names, the map of a
// cluster, confirmations.
#include "liar.hpp"
#include "redis_server.hpp"

#include <support/catch.hpp>

#include <array>

using namespace coffer;
using namespace redis_test;
using namespace std::chrono_literals;
using redis::cause;
using command = std::vector<std::string>;
using names = std::vector<std::string>;

namespace {

const failure gone{errc::unavailable, cause::disconnected};

/// Answers commits with 1 and WAIT as the test wants, but for the WAIT that is asked at first.
struct liar_about_replicas {
    std::mutex mutex{};
    fake_server::answer commit{":1\r\n"};
    fake_server::answer wait{":1\r\n"};
    fake_server::answer may_wait{":0\r\n"};
    fake_server server{[this](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        const std::lock_guard lock(mutex);
        if (c[0] == "WAIT") return c.at(1) == "0" ? may_wait : wait;
        if (c[0] == "EVALSHA") return commit;
        return {c[0] == "HMGET" ? "*1\r\n" + revision_reply('a') : ":1\r\n"};
    }};
    void says(fake_server::answer& to, fake_server::answer what) {
        const std::lock_guard lock(mutex);
        to = std::move(what);
    }
    auto options() const -> redis::options {
        auto with = liar_options(server);
        with.keep = {1, 10ms};
        return with;
    }
};

} // namespace

TEST_CASE("a listing that is cut at any byte is an error, never a part of it") {
    liar at;
    auto store = redis::open(liar_options(at.server)).value();
    const auto fields = "$9\r\n_revision\r\n" + revision_reply('a') + "$1\r\nk\r\n$1\r\nv\r\n";
    for (const auto& whole : {"*4\r\n" + fields, "%2\r\n" + fields})
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            CAPTURE(whole, cut);
            at.says({whole});
            REQUIRE(store.list("p").value().entries.size() == 1);
            const auto before = at.server.connections();
            at.says({whole.substr(0, cut), true});
            const auto got = store.list("p");
            REQUIRE_FALSE(got.has_value());
            CHECK(got.error() == gone);
            at.says({whole});
            CHECK(store.list("p").value().at == rev('a'));
            CHECK(at.server.connections() > before);
        }
}

TEST_CASE("names that are cut at any byte of any portion are an error, never some of them") {
    const std::array<std::string, 2> whole{"*2\r\n$1\r\n7\r\n*1\r\n$10\r\ncoffer:{p}\r\n",
                                           "*2\r\n$1\r\n0\r\n*1\r\n$10\r\ncoffer:{q}\r\n"};
    std::mutex mutex;
    std::array<fake_server::answer, 2> portions{{{whole[0]}, {whole[1]}}};
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        const std::lock_guard lock(mutex);
        return portions[c.at(1) == "0" ? 0 : 1];
    });
    const auto says = [&](std::size_t portion, fake_server::answer what) {
        const std::lock_guard lock(mutex);
        portions[portion] = std::move(what);
    };
    auto store = redis::open(liar_options(at)).value();
    for (std::size_t n = 0; n < whole.size(); ++n)
        for (std::size_t cut = 0; cut < whole[n].size(); ++cut) {
            CAPTURE(n, cut);
            const auto before = at.connections();
            says(n, {whole[n].substr(0, cut), true});
            const auto got = store.partitions();
            REQUIRE_FALSE(got.has_value());
            CHECK(got.error() == gone);
            says(n, {whole[n]});
            CHECK(store.partitions().value() == names{"p", "q"});
            CHECK(at.connections() > before);
        }
}

TEST_CASE("a map of a cluster that is cut at any byte is none") {
    std::mutex mutex;
    fake_server::answer map;
    fake_server::answer scan;
    const fake_server node([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        const std::lock_guard lock(mutex);
        return c[0] == "CLUSTER" ? map : scan;
    });
    const auto says = [&](fake_server::answer& to, fake_server::answer what) {
        const std::lock_guard lock(mutex);
        to = std::move(what);
    };
    const auto primary = "*2\r\n$9\r\n127.0.0.1\r\n:" + std::to_string(node.port()) + "\r\n";
    const auto whole = "*2\r\n*3\r\n:0\r\n:99\r\n" + primary + "*3\r\n:100\r\n:16383\r\n" + primary;
    const std::string name = "*2\r\n$1\r\n0\r\n*1\r\n$10\r\ncoffer:{p}\r\n";
    auto with = liar_options(node);
    with.kind = redis::deployment::cluster;
    says(map, {whole});
    auto store = redis::open(with).value();
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        CAPTURE(cut);
        says(scan, {"", true}); // so that the map is asked for again
        REQUIRE_FALSE(store.partitions().has_value());
        says(scan, {name});
        says(map, {whole.substr(0, cut), true});
        const auto opened = redis::open(with);
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error() == gone);
        const auto got = store.partitions();
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error() == gone);
        says(map, {whole});
        CHECK(store.partitions().value() == names{"p"});
    }
}

TEST_CASE("a confirmation that is cut at any byte confirms nothing") {
    liar_about_replicas at;
    auto store = redis::open(at.options()).value();
    const std::string whole = ":12\r\n";
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        CAPTURE(cut);
        const auto before = at.server.connections();
        at.says(at.wait, {whole.substr(0, cut), true});
        CHECK(store.commit("p", {}, rev('a'), {}).value() == commit_outcome::unknown);
        const auto got = store.load("p", {});
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error() == gone);
        at.says(at.wait, {whole});
        REQUIRE(store.load("p", {}).value().at == rev('a')); // which is confirmed anew
        CHECK(at.server.connections() > before);
    }
    for (std::size_t cut = 0; cut < 4; ++cut) { // nor does the answer to the commit
        at.says(at.wait, {":0\r\n"});
        at.says(at.commit, {std::string(":1\r\n").substr(0, cut), true});
        CHECK(store.commit("p", {}, rev('a'), {}).value() == commit_outcome::unknown);
        const auto got = store.load("p", {});
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error() == failure{errc::unavailable, cause::not_enough_replicas});
        at.says(at.wait, {whole});
        REQUIRE(store.load("p", {}).has_value());
    }
    for (std::size_t cut = 0; cut < 4; ++cut) {
        at.says(at.may_wait, {std::string(":0\r\n").substr(0, cut), true});
        const auto opened = redis::open(at.options());
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error() == gone);
    }
}

TEST_CASE("replies that follow a commit and its WAIT confirm no other") {
    for (const bool late : {false, true})
        for (const std::string extra : {":1\r\n", ":1\r\n:1\r\n", ":1\r\n:1\r\n:1\r\n"}) {
            CAPTURE(late, extra);
            liar_about_replicas at;
            auto store = redis::open(at.options()).value();
            REQUIRE(store.commit("p", {}, rev('a'), {}).value() == commit_outcome::committed);
            const auto before = at.server.connections();
            if (late)
                at.says(at.wait, {":1\r\n", false, extra});
            else
                at.says(at.wait, {":1\r\n" + extra});
            CHECK(store.commit("p", {}, rev('a'), {}).value() == commit_outcome::committed);
            if (late) REQUIRE(eventually([&] { return at.server.late() == 1; }));
            std::this_thread::sleep_for(60ms); // sent is not there yet
            at.says(at.wait, {":0\r\n"});
            CHECK(store.commit("p", {}, rev('a'), {}).value() == commit_outcome::unknown);
            CHECK_FALSE(store.load("p", {}).has_value());
            CHECK(at.server.connections() == before + 2); // where it writes it reads
        }
}
