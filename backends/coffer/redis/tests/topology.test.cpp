// SPDX-License-Identifier: BSL-1.0
// What is known of a cluster: who asks for it, and what a watch makes of its changes.
#include <coffer/redis/src/topology.hpp>

#include "liar.hpp"
#include "redis_server.hpp"

#include <support/catch.hpp>

using namespace coffer;
using namespace redis_test;
using namespace std::chrono_literals;
using redis::detail::steady;
using redis::detail::topology;
using command = std::vector<std::string>;

namespace {

/// The answer to CLUSTER SLOTS where one node has all.
auto owned_by(std::uint16_t port) -> std::string {
    return "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:" + std::to_string(port) + "\r\n";
}
auto options_of(const fake_server& at) -> redis::options {
    auto with = liar_options(at);
    with.kind = redis::deployment::cluster;
    with.connect_timeout = with.response_timeout = 24h;
    return with;
}
/// A store that watches a node, and soon notices that it is silent.
auto watching(const fake_server& at) -> redis::store {
    auto with = options_of(at);
    with.watch = true;
    with.heartbeat = 50ms;
    return redis::open(with).value();
}
auto tells_from_memory(redis::store& store) -> bool {
    const auto before = store.counted().from_memory;
    return store.load("p", {}).has_value() && store.counted().from_memory > before;
}

} // namespace

TEST_CASE("of those that want the map of a cluster at the same time one asks for all") {
    std::atomic<int> asked{0};
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        ++asked;
        std::this_thread::sleep_for(20ms); // in which the others come
        return {owned_by(1)};
    });
    const redis::detail::setting with{options_of(at), nullptr, nullptr};
    topology map(with);
    std::atomic<int> told{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 25; ++i)
                if (map.ask(steady::now() + 24h)) ++told;
        });
    for (auto& t : threads)
        t.join();
    CHECK(told == 200);
    CHECK(asked < 100);
}

TEST_CASE("who waits for another to ask waits no longer than his own time") {
    std::atomic<bool> silent{true};
    std::atomic<int> asked{0};
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        ++asked;
        return {silent ? "" : owned_by(1)};
    });
    const redis::detail::setting with{options_of(at), nullptr, nullptr};
    topology map(with);
    std::stop_source stop;
    std::thread other([&] { static_cast<void>(map.ask(steady::now() + 24h, stop.get_token())); });
    const bool came = eventually([&] { return asked == 1; });
    CHECK(map.know(steady::now() + 50ms).error() == errc::timed_out);
    silent = false;
    stop.request_stop();
    other.join();
    REQUIRE(came);
    CHECK(map.know(steady::now() + 24h).has_value()); // a failure is nobody else's
}

TEST_CASE("a watch stops to vouch for a node that is cut off from the others") {
    std::atomic<bool> cut_off{false};
    std::atomic<std::uint16_t> port{0};
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (c[0] == "CLUSTER" && c.at(1) == "INFO" && cut_off)
            return {"$18\r\ncluster_state:fail\r\n"};
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        return {c[0] == "CLUSTER" ? owned_by(port) : "*1\r\n" + revision_reply('a')};
    });
    port = at.port();
    auto store = watching(at);
    REQUIRE(eventually([&] { return tells_from_memory(store); }));
    const auto lost = store.counted().watch_losses;
    cut_off = true; // though it says that it is a primary
    REQUIRE(eventually([&] { return store.counted().watch_losses > lost; }));
    for (int i = 0; i < 20; ++i) {
        CHECK_FALSE(tells_from_memory(store));
        std::this_thread::sleep_for(10ms); // it tries again meanwhile
    }
    cut_off = false;
    CHECK(eventually([&] { return tells_from_memory(store); }));
}

TEST_CASE("what was learnt before the map of a cluster changed is not vouched for after it") {
    std::atomic<std::uint16_t> port{0};
    std::atomic<bool> moved{false};
    const fake_server other([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        if (c.at(1) == "coffer:{broken}") return {{}, true};
        return {"*1\r\n" + revision_reply('b')};
    });
    const fake_server at([&](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        if (c.at(1) == "coffer:{broken}") return {{}, true};
        if (c[0] != "CLUSTER") return {"*1\r\n" + revision_reply('a')};
        // The slot of `p` is the last of the first range, or the first of the second.
        const int p = redis::slot_of("p");
        const auto range = [](int first, int last, std::uint16_t node) {
            return "*3\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) +
                   "\r\n*2\r\n$9\r\n127.0.0.1\r\n:" + std::to_string(node) + "\r\n";
        };
        return {"*2\r\n" + range(0, moved ? p - 1 : p, port) +
                range(moved ? p : p + 1, 16383, other.port())};
    });
    port = at.port();
    auto store = watching(at);
    REQUIRE(eventually([&] { return tells_from_memory(store); }));
    REQUIRE(store.load("p", {}).value().at == rev('a'));
    moved = true;
    CHECK_FALSE(store.load("broken", {}).has_value()); // whereupon the map is asked for
    REQUIRE(eventually([&] { return store.watching(); }));
    CHECK(store.load("p", {}).value().at == rev('b'));
}
