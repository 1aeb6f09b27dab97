// SPDX-License-Identifier: BSL-1.0
#include "liar.hpp"
#include "redis_server.hpp"

#include <coffer/redis/commands.hpp>

#include <support/catch.hpp>
#include <support/sanitized.hpp>

#include <sys/resource.h>

using namespace coffer;
using namespace redis_test;
using namespace std::chrono_literals;
using redis::cause;
using keys = std::vector<std::string>;
using command = std::vector<std::string>;

TEST_CASE("each lie of a server is a typed error, and the connection is dropped") {
    liar at;
    auto store = redis::open(liar_options(at.server)).value();
    for (const auto& lie : lies) {
        INFO(lie.substr(0, 40));
        at.says({good('a')});
        REQUIRE(store.load("p", keys{"k"}).value().at == rev('a'));
        const auto before = at.server.connections();
        at.says({lie});
        const auto got = store.load("p", keys{"k"});
        REQUIRE_FALSE(got.has_value());
        CHECK(is_typed(got.error()));
        at.says({good('b')});
        REQUIRE(store.load("p", keys{"k"}).value().at == rev('b'));
        // A revision of the wrong shape is our key's fault; all else is the connection's.
        if (lie.find("short") == lie.npos && !lie.starts_with("*2\r\n"))
            CHECK(at.server.connections() > before);
    }
}

TEST_CASE("each lie about a commit leaves its outcome unknown") {
    liar at;
    auto store = redis::open(liar_options(at.server)).value();
    at.says({":0\r\n"});
    REQUIRE(store.commit("p", rev('a'), rev('b'), {}).value() == commit_outcome::conflict);
    for (const auto& lie : lies) {
        if (lie == ":1\r\n") continue; // which no one can tell from the truth
        INFO(lie.substr(0, 40));
        at.says({lie});
        CHECK(store.commit("p", rev('a'), rev('b'), {}).value() == commit_outcome::unknown);
    }
    for (const auto* const lie : {":2\r\n", ":-1\r\n", "-ERR what\r\n"}) {
        at.says({lie});
        CHECK(store.commit("p", rev('a'), rev('b'), {}).value() == commit_outcome::unknown);
    }
}

TEST_CASE("an answer that is cut at any byte is an error, never a part of it") {
    liar at;
    auto store = redis::open(liar_options(at.server)).value();
    const auto whole = good('a');
    for (std::size_t cut = 0; cut < whole.size(); ++cut) {
        at.says({whole.substr(0, cut), true});
        const auto got = store.load("p", keys{"k"});
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error() == failure{errc::unavailable, cause::disconnected});
        CHECK(store.commit("p", rev('a'), rev('b'), {}).value() == commit_outcome::unknown);
    }
    at.says({":", true});
    CHECK(store.commit("p", rev('a'), rev('b'), {}).value() == commit_outcome::unknown);
    for (std::size_t cut = 0; cut < whole.size(); cut += 17) { // and then silence
        at.says({whole.substr(0, cut)});
        CHECK(store.load("p", keys{"k"}).error() == errc::timed_out);
    }
}

TEST_CASE("a greeting that is cut at any byte, or is none, opens no store") {
    const std::string whole = "%1\r\n+proto\r\n:3\r\n+OK\r\n$11\r\nrole:master\r\n";
    for (std::size_t cut = 0; cut <= whole.size(); cut += 3) {
        const fake_server at([&](const command& c) -> fake_server::answer {
            if (c[0] == "HELLO") return {whole.substr(0, cut), true};
            return {};
        });
        const auto opened = redis::open(liar_options(at));
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error().code == errc::unavailable);
    }
    for (const auto& lie : lies) {
        INFO(lie.substr(0, 40));
        const fake_server at([&](const command&) -> fake_server::answer { return {lie}; });
        const auto opened = redis::open(liar_options(at));
        REQUIRE_FALSE(opened.has_value());
    }
}

TEST_CASE("a large answer may take longer than the time-out as long as it comes, a drip may not") {
    liar at;
    auto with = liar_options(at.server);
    with.response_timeout = 1500ms;
    auto store = redis::open(with).value();
    REQUIRE(store.load("p", keys{"k"}).value().at == rev('a'));
    const std::string value(std::size_t{2} << 20, 'v');
    const auto large = "*2\r\n" + revision_reply('b') + "$" + std::to_string(value.size()) +
                       "\r\n" + value + "\r\n";
    at.says({large, false, {}, std::size_t{20} << 10}); // two seconds, at the least
    const auto found = store.load("p", keys{"k"});
    REQUIRE(found.has_value());
    CHECK(found->objects[0]->size() == value.size());
    const std::string drip = "*2\r\n" + revision_reply('c') + "$80\r\n" + std::string(80, 'v');
    at.says({drip + "\r\n", false, {}, 1}); // just as long
    CHECK(store.load("p", keys{"k"}).error() == errc::timed_out);
}

TEST_CASE("replies that nobody asked for end the connection, and are nobody's answer") {
    for (const bool late : {false, true}) {
        liar at;
        auto store = redis::open(liar_options(at.server)).value();
        REQUIRE(store.load("p", keys{"k"}).value().at == rev('a'));
        const auto before = at.server.connections();
        if (late)
            at.says({good('b'), false, good('x')});
        else
            at.says({good('b') + good('x')});
        CHECK(store.load("p", keys{"k"}).value().at == rev('b'));
        if (late) REQUIRE(eventually([&] { return at.server.late() == 1; }));
        std::this_thread::sleep_for(60ms); // sent is not there yet
        at.says({good('c')});
        CHECK(store.load("p", keys{"k"}).value().at == rev('c'));
        CHECK(at.server.connections() == before + 1);
    }
}

TEST_CASE("threads that share a connection are all told when it breaks, and go on with a new one") {
    liar at;
    auto with = liar_options(at.server);
    with.response_timeout = 200ms; // half of the rounds wait for it, and may well fail
    auto store = redis::open(with).value();
    for (int round = 0; round < 20; ++round) {
        at.says({round % 2 == 0 ? "*2\r\n$1\r\nx" : good('a'), round % 4 == 0});
        std::vector<std::thread> threads;
        std::atomic<int> answers{0};
        for (int t = 0; t < 8; ++t)
            threads.emplace_back([&] {
                const auto got = store.load("p", keys{"k"});
                if (got ? got->at == rev('a') : is_typed(got.error())) ++answers;
            });
        for (auto& t : threads)
            t.join();
        CHECK(answers == 8);
    }
    at.says({good('a')});
    CHECK(eventually([&] { return store.load("p", keys{"k"}).has_value(); }));
}

TEST_CASE("a partition over the limits costs nothing to who asks for another beside it") {
    std::atomic<int> loads{0};
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        switch (++loads) {
        case 1: return {}; // until both are asked for
        case 2: return {"$4000000000\r\n" + good('q')};
        default: return {good('q')};
        }
    });
    auto with = liar_options(at);
    with.response_timeout = with.connect_timeout = 24h;
    auto store = redis::open(with).value();
    std::optional<failure> why;
    std::thread other([&] { why = store.load("p", keys{"k"}).error(); });
    const bool asked = eventually([&] { return loads == 1; });
    const auto found = store.load("q", keys{"k"});
    other.join();
    REQUIRE(asked);
    CHECK(why == failure{errc::unavailable, cause::reply_too_large});
    REQUIRE(found.has_value());
    CHECK(found->at == rev('q'));
}

TEST_CASE("redirections outside a cluster are an error, and those in a circle come to an end") {
    liar at;
    auto store = redis::open(liar_options(at.server)).value();
    at.says({"-MOVED 1 127.0.0.1:1\r\n"});
    CHECK(store.load("p", {}).error() == failure{errc::unavailable, cause::cluster_down});

    std::atomic<int> port{0};
    std::atomic<bool> ask{false};
    const auto slot = std::to_string(redis::slot_of("p"));
    const fake_server node([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello, false, {}};
        const auto self = std::to_string(port.load());
        if (c[0] == "CLUSTER")
            return {"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:" + self + "\r\n"};
        if (c[0] == "ASKING") return {"+OK\r\n"};
        return {(ask ? "-ASK " : "-MOVED ") + slot + " 127.0.0.1:" + self + "\r\n"};
    });
    port = node.port();
    auto with = liar_options(node);
    with.kind = redis::deployment::cluster;
    auto cluster = redis::open(with).value();
    for (const bool asking : {false, true}) {
        ask = asking;
        const auto before = node.commands();
        const auto why = cluster.load("p", {}).error();
        CHECK(why == failure{errc::unavailable, cause::cluster_down});
        CHECK(node.commands() - before < 40);
    }
}

TEST_CASE("maps of a cluster that make no sense open no store") {
    const failure senseless{errc::tampered, cause::unexpected_reply};
    const failure no_cluster{errc::unavailable, cause::cluster_down};
    const auto range = [](const std::string& first, const std::string& last,
                          const std::string& port) {
        return "*3\r\n:" + first + "\r\n:" + last + "\r\n*2\r\n$1\r\na\r\n:" + port + "\r\n";
    };
    const std::vector<std::pair<std::string, failure>> all{
        {"+OK\r\n", senseless},
        {"_\r\n", senseless},
        {"*1\r\n+x\r\n", senseless},
        {"*1\r\n" + range("0", "16384", "1"), senseless},
        {"*1\r\n" + range("-1", "5", "1"), senseless},
        {"*1\r\n" + range("5", "0", "1"), senseless},
        {"*1\r\n" + range("0", "5", "70000"), senseless},
        {"*2\r\n" + range("0", "16383", "1") + range("0", "16383", "1"), senseless},
        {"*2\r\n" + range("0", "5", "1") + range("0", "5", "1"), senseless},
        {"*0\r\n", no_cluster},
        {"-ERR This instance has cluster support disabled\r\n",
         {errc::unavailable, cause::server_error}},
    };
    for (const auto& [slots, why] : all) {
        INFO(slots);
        const fake_server node([&, said = slots](const command& c) -> fake_server::answer {
            if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello, false, {}};
            return {c[0] == "CLUSTER" ? said : "-MOVED 1 :\r\n"};
        });
        auto with = liar_options(node);
        with.kind = redis::deployment::cluster;
        const auto opened = redis::open(with);
        REQUIRE_FALSE(opened.has_value());
        CHECK(opened.error() == why);
    }
}

TEST_CASE("a node that knows of no slots is passed over for one that does") {
    std::atomic<int> alone{0}; // the one that is asked first
    std::array<std::atomic<int>, 2> ports{};
    const auto says = [&](std::size_t self, const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        if (c[0] == "SCAN") return {"*2\r\n$1\r\n0\r\n*1\r\n$10\r\ncoffer:{p}\r\n"};
        if (c[0] != "CLUSTER") return {good('a')};
        if (ports[self] == alone) return {"*0\r\n"};
        return {"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n_\r\n:" + std::to_string(ports[self]) + "\r\n"};
    };
    const fake_server one([&](const command& c) { return says(0, c); });
    const fake_server other([&](const command& c) { return says(1, c); });
    ports[0] = one.port();
    ports[1] = other.port();
    alone = std::min(one.port(), other.port());
    auto with = liar_options(one);
    with.endpoints.push_back(liar_options(other).endpoints[0]);
    with.kind = redis::deployment::cluster;
    auto store = redis::open(with).value();
    CHECK(store.load("p", keys{"k"}).value().at == rev('a'));
    CHECK(store.partitions().value() == std::vector<std::string>{"p"});
}

TEST_CASE("a password is said to nobody but a server whose certificate was verified") {
    const fake_server at([](const command&) -> fake_server::answer { return {"+OK\r\n"}; });
    auto with = liar_options(at);
    with.tls.use = true;
    with.password = std::make_shared<const secret>(std::string_view("right-horse"));
    CHECK_FALSE(redis::open(with).has_value());
    CHECK(eventually([&] { return at.heard().size() > 100; })); // a greeting of TLS
    CHECK(at.heard().find("right-horse") == std::string::npos);
}

TEST_CASE("a server can't make the store take more memory than was asked for") {
    const auto peak = [] {
        ::rusage used{};
        ::getrusage(RUSAGE_SELF, &used);
        return used.ru_maxrss; // KiB
    };
    const auto before = peak();
    liar at;
    auto store = redis::open(liar_options(at.server)).value();
    // 100 MB of a value, of many elements, and of a line, for a load that may take 2 MiB and some.
    std::string elements = "*1000000\r\n";
    for (int i = 0; i < 1'000'000; ++i)
        elements += "*1\r\n:1\r\n";
    for (const auto& lie : {"*2\r\n$100000000\r\n" + std::string(1'000'000, 'x'), elements,
                            "+" + std::string(1'000'000, 'x')}) {
        at.says({lie});
        CHECK_FALSE(store.load("p", keys{"k"}).has_value());
    }
    CHECK(peak() - before < (coffer_test::is_sanitized ? 300'000 : 100'000)); // most is the test's
}
