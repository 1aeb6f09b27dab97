// SPDX-License-Identifier: BSL-1.0
// A server that lies where less is asked: listings, names, confirmations, pushes, Sentinels.
#include "liar.hpp"
#include "redis_server.hpp"

#include <support/catch.hpp>

using namespace coffer;
using namespace redis_test;
using namespace std::chrono_literals;
using redis::cause;
using keys = std::vector<std::string>;
using command = std::vector<std::string>;

TEST_CASE("each lie about a listing or about names is a typed error") {
    liar at;
    auto store = redis::open(liar_options(at.server)).value();
    auto all = lies;
    for (const auto* const more :
         {"*1\r\n$1\r\na\r\n", "*2\r\n$1\r\na\r\n$1\r\nv\r\n", "*2\r\n_\r\n$1\r\nv\r\n",
          "*2\r\n$9\r\n_revision\r\n$0\r\n\r\n", "*2\r\n$1\r\n0\r\n*1\r\n*1\r\n:1\r\n"})
        all.emplace_back(more);
    for (const auto& lie : all) {
        INFO(lie.substr(0, 40));
        at.says({lie});
        const auto listed = store.list("p");
        // That there is nothing of it is an answer.
        const bool nothing = lie == "*0\r\n";
        CHECK((listed ? nothing && listed->entries.empty() : is_typed(listed.error())));
        const auto names = store.partitions();
        CHECK((names ? names->empty() : is_typed(names.error())));
    }
}

TEST_CASE("what a server refuses with is told by each call, and unknown only if it may be done") {
    const std::vector<std::pair<std::string, failure>> all{
        {"LOADING Redis is loading", {errc::unavailable, cause::loading}},
        {"MASTERDOWN Link with MASTER is down", {errc::unavailable, cause::loading}},
        {"BUSY Redis is busy", {errc::unavailable, cause::busy}},
        {"OOM command not allowed", {errc::unavailable, cause::out_of_memory}},
        {"MISCONF Redis can't save", {errc::unavailable, cause::not_persisting}},
        {"NOREPLICAS Not enough", {errc::unavailable, cause::not_enough_replicas}},
        {"READONLY You can't write", {errc::unavailable, cause::read_only}},
        {"CLUSTERDOWN The cluster is down", {errc::unavailable, cause::cluster_down}},
        {"TRYAGAIN Multiple keys", {errc::unavailable, cause::cluster_down}},
        {"ERR max number of clients reached", {errc::unavailable, cause::too_many_clients}},
        {"NOAUTH Authentication required.", {errc::denied, cause::not_authenticated}},
        {"WRONGPASS invalid", {errc::denied, cause::not_authenticated}},
        {"NOPERM no permissions", {errc::denied, cause::not_permitted}},
        {"WRONGTYPE Operation against a key", {errc::tampered, cause::wrong_type}},
        {"NOPROTO unsupported protocol", {errc::unsupported, cause::unknown_command}},
        {"ERR what no Redis says", {errc::unavailable, cause::server_error}},
    };
    liar at;
    auto store = redis::open(liar_options(at.server)).value();
    for (const auto& [text, why] : all) {
        INFO(text);
        at.says({"-" + text + "\r\n"});
        CHECK(store.load("p", keys{"k"}).error() == why);
        CHECK(store.list("p").error() == why);
        CHECK(store.partitions().error() == why);
        const auto done = store.commit("p", {}, rev('a'), {});
        if (why.cause == cause::server_error) {
            CHECK(done.value() == commit_outcome::unknown);
        } else {
            REQUIRE_FALSE(done.has_value());
            CHECK(done.error() == why);
        }
        const fake_server refusing([said = "-" + text + "\r\n"](const command&) {
            return fake_server::answer{said, true};
        });
        const auto opened = redis::open(liar_options(refusing));
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error() == why);
    }
}

TEST_CASE("names that never come to an end are an error, and so are more than there can be") {
    std::atomic<int> asked{0};
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        ++asked;
        std::string answer = "*2\r\n$1\r\n7\r\n*2000\r\n";
        for (int i = 0; i < 2000; ++i) {
            const auto name = "coffer:{p" + std::to_string(asked) + "_" + std::to_string(i) + "}";
            answer += "$" + std::to_string(name.size()) + "\r\n" + name + "\r\n";
        }
        return {answer};
    });
    auto with = liar_options(at);
    with.response_timeout = 10s;
    auto store = redis::open(with).value();
    CHECK(store.partitions().error() == failure{errc::tampered, cause::unexpected_reply});
    CHECK(asked < 1000);
}

TEST_CASE("a lie about replicas confirms nothing") {
    std::mutex mutex;
    std::string confirmation;
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        const std::lock_guard lock(mutex);
        if (c[0] == "WAIT") return {c[1] == "0" ? ":0\r\n" : confirmation};
        return {c[0] == "HMGET" ? "*1\r\n" + revision_reply('a') : ":1\r\n"};
    });
    auto with = liar_options(at);
    with.keep = {1, 10ms};
    auto store = redis::open(with).value();
    std::vector<std::string> all{":0\r\n", ":-1\r\n", "-ERR what\r\n", "$1\r\n1\r\n", "+1\r\n"};
    all.insert(all.end(), lies.begin(), lies.end());
    for (const auto& lie : all) {
        if (lie == ":1\r\n") continue; // which is what is hoped for
        INFO(lie.substr(0, 40));
        {
            const std::lock_guard lock(mutex);
            confirmation = lie;
        }
        CHECK(store.commit("p", {}, rev('a'), {}).value_or(commit_outcome::unknown) ==
              commit_outcome::unknown);
        CHECK_FALSE(store.load("p", {}).has_value());
        const std::lock_guard lock(mutex);
        confirmation = ":1\r\n";
    }
    CHECK(store.load("p", {}).value().at == rev('a'));
}

TEST_CASE("a commit's answer, and a greeting, that are cut at any byte are never a part of it") {
    liar at;
    auto store = redis::open(liar_options(at.server)).value();
    at.says({":0\r\n"});
    REQUIRE(store.commit("p", rev('a'), rev('b'), {}).value() == commit_outcome::conflict);
    for (const std::string whole : {":1\r\n", ":0\r\n", "-READONLY You can't\r\n", "-OOM\r\n"})
        for (std::size_t cut = 0; cut < whole.size(); ++cut) {
            CAPTURE(whole, cut);
            at.says({whole.substr(0, cut), true});
            CHECK(store.commit("p", rev('a'), rev('b'), {}).value() == commit_outcome::unknown);
        }
    const std::string whole = "%1\r\n+proto\r\n:3\r\n+OK\r\n$11\r\nrole:master\r\n=31\r\ntxt:"
                              "maxmemory_policy:noeviction\r\n";
    for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
        CAPTURE(cut);
        const fake_server cutting([&](const command& c) -> fake_server::answer {
            if (c[0] == "HELLO") return {whole.substr(0, cut), true};
            return {};
        });
        const auto opened = redis::open(liar_options(cutting));
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().code == errc::unavailable);
    }
}

TEST_CASE("a watch that is lied to ends, and what it does not vouch for is asked") {
    std::mutex mutex;
    // A lie from the first on: one that listened to an honest server would stay with it.
    fake_server::answer push{">1\r\n+invalidate\r\n"};
    std::atomic<int> listening{0};
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (c[0] == "CLIENT" && c.at(1) == "TRACKING") {
            ++listening;
            const std::lock_guard lock(mutex);
            auto said = push;
            said.bytes = "+OK\r\n" + said.bytes;
            return said;
        }
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        return {"*1\r\n" + revision_reply('a')};
    });
    auto with = liar_options(at);
    with.watch = true;
    with.heartbeat = 50ms;
    with.connect_timeout = with.response_timeout = 2s;
    auto store = redis::open(with).value();
    const std::string good = ">2\r\n+invalidate\r\n*1\r\n$10\r\ncoffer:{p}\r\n";
    std::vector<std::string> all{
        ">1\r\n+invalidate\r\n",
        ">2\r\n+invalidate\r\n+all\r\n",
        ">2\r\n+message\r\n*0\r\n",
        ">2\r\n*0\r\n*0\r\n",
        ">3\r\n+invalidate\r\n*0\r\n*0\r\n",
        "+OK\r\n",
        "-ERR\r\n",
        ">9223372036854775807\r\n",
    };
    for (const auto& lie : lies)
        if (!lie.starts_with(">") && lie != ":1\r\n") all.push_back(lie);
    for (std::size_t cut = 1; cut < good.size(); ++cut)
        all.push_back(good.substr(0, cut));
    for (const auto& lie : all) {
        INFO(lie.substr(0, 40));
        {
            const std::lock_guard lock(mutex);
            push = {lie, lie.size() < good.size() && good.starts_with(lie)};
        }
        const auto before = listening.load();
        CHECK(eventually([&] { return listening > before + 1; })); // it has left that one
        CHECK(store.load("p", {}).value().at == rev('a'));
    }
    {
        const std::lock_guard lock(mutex);
        push = {good};
    }
    CHECK(eventually([&] { // and it goes on with one that is honest
        const auto told = store.counted().from_memory;
        return store.load("p", {}).has_value() && store.counted().from_memory > told;
    }));
}

TEST_CASE("a Sentinel that lies names nobody, and is asked for no password") {
    std::mutex mutex;
    std::string named;
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        const std::lock_guard lock(mutex);
        return {named};
    });
    auto with = liar_options(at);
    with.kind = redis::deployment::sentinel;
    with.service = "main";
    with.response_timeout = with.connect_timeout = 100ms; // any failure will do
    with.password = std::make_shared<const secret>(std::string_view("right-horse"));
    std::vector<std::string> all{"*2\r\n$9\r\n127.0.0.1\r\n$1\r\n0\r\n",
                                 "*2\r\n$9\r\n127.0.0.1\r\n$6\r\n123456\r\n",
                                 "*2\r\n$9\r\n127.0.0.1\r\n$0\r\n\r\n",
                                 "*2\r\n$300\r\n" + std::string(300, 'h') + "\r\n$1\r\n1\r\n",
                                 "*1\r\n$9\r\n127.0.0.1\r\n",
                                 "-ERR no such master\r\n"};
    all.insert(all.end(), lies.begin(), lies.end());
    const std::string whole = "*2\r\n$9\r\n127.0.0.1\r\n$4\r\n6379\r\n";
    for (std::size_t cut = 1; cut < whole.size(); cut += 5)
        all.push_back(whole.substr(0, cut));
    for (const auto& lie : all) {
        INFO(lie.substr(0, 40));
        {
            const std::lock_guard lock(mutex);
            named = lie;
        }
        const auto opened = redis::open(with);
        REQUIRE_FALSE(opened.has_value());
        CHECK(is_typed(opened.error()));
    }
    CHECK(at.heard().find("right-horse") == std::string::npos);
}
