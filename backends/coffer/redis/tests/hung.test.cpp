// SPDX-License-Identifier: BSL-1.0
// Servers, Sentinels and nodes of a cluster that hang: the system takes connections and bytes for
// them (SIGSTOP), they take commands and say nothing (CLIENT PAUSE), or nothing comes through.
#include "cluster.hpp"
#include "liar.hpp"
#include "proxy.hpp"
#include "sentinel.hpp"

#include <support/catch.hpp>

#include <dlfcn.h>
#include <netdb.h>

using namespace coffer;
using namespace redis_test;
using namespace std::chrono_literals;
using redis::cause;

namespace {

auto at(const server& of) -> redis::endpoint {
    return {"127.0.0.1", of.port(), {}};
}
auto committed(redis::store& store, std::string_view partition, const revision& from,
               const revision& to) -> bool {
    const auto done = store.commit(partition, from, to, {});
    if (done && *done == commit_outcome::committed) return true;
    // One of which nobody knew may have come through.
    const auto found = store.load(partition, {});
    return found && found->at == to;
}
auto is_at(redis::store& store, std::string_view partition, const revision& which) -> bool {
    const auto found = store.load(partition, {});
    return found && found->at == which;
}

/// Takes no further connection: what comes is neither accepted nor refused, as behind a dead link.
class dead_link {
public:
    dead_link() {
        ::sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::socklen_t size = sizeof address;
        if (::bind(fd_.get(), reinterpret_cast<::sockaddr*>(&address), size) != 0 ||
            ::listen(fd_.get(), 0) != 0 ||
            ::getsockname(fd_.get(), reinterpret_cast<::sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("nothing to listen on");
        port = ntohs(address.sin_port);
        for (int i = 0; i < 4; ++i) { // more than it keeps for those who would accept
            waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            ::connect(waiting_.back().get(), reinterpret_cast<::sockaddr*>(&address), size);
        }
    }
    std::uint16_t port = 0;

private:
    coffer::posix::file_descriptor fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    std::vector<coffer::posix::file_descriptor> waiting_{};
};

std::atomic<bool> names_hang{false}; ///< The look-up of any name.

} // namespace

/// Calls the system's; see names_hang.
extern "C" auto getaddrinfo(const char* host, const char* service, const ::addrinfo* hints,
                            ::addrinfo** found) -> int {
    static const auto real =
        reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    while (names_hang && (hints->ai_flags & AI_NUMERICHOST) == 0)
        std::this_thread::sleep_for(1ms);
    return real(host, service, hints, found);
}

TEST_CASE("of two servers the first may hang, at the beginning and later") {
    const server first({"--repl-diskless-sync-delay", "0"});
    const server second(replica_of(first));
    REQUIRE(eventually([&] { return is_linked(second); }));
    auto with = options_for(first);
    with.endpoints = {at(first), at(second)};
    with.response_timeout = with.connect_timeout = 1000ms;
    auto store = opened(with);
    REQUIRE(eventually([&] { return committed(store, "p", {}, rev(1)); }));
    REQUIRE(eventually([&] { return second.cli({"DBSIZE"}) == "1\n"; }));

    first.freeze();
    second.cli({"REPLICAOF", "NO", "ONE"});
    CHECK(eventually([&] { return is_at(store, "p", rev(1)); }));
    CHECK(eventually([&] { return committed(store, "p", rev(1), rev(2)); }));
    CHECK(eventually([&] { // also for who begins with the first
        auto opened = redis::open(with);
        return opened && is_at(*opened, "p", rev(2));
    }));
}

TEST_CASE("of two addresses the first may be behind a dead link") {
    const dead_link first;
    const server second;
    auto with = options_for(second);
    with.endpoints = {{"127.0.0.1", first.port, {}}, at(second)};
    with.connect_timeout = 3000ms; // half of it for each
    auto store = redis::open(with);
    REQUIRE(store.has_value());
    CHECK(committed(*store, "p", {}, rev(1)));
    with.endpoints.pop_back();
    with.connect_timeout = 200ms;
    CHECK(redis::open(with).error() == errc::timed_out);
}

TEST_CASE("of two Sentinels the first may hang, or be behind a dead link") {
    const server primary;
    const sentinel first(primary);
    const sentinel second(primary);
    const dead_link dead;
    first.freeze();
    redis::options with;
    with.kind = redis::deployment::sentinel;
    with.service = "main";
    with.connect_timeout = with.response_timeout = 3000ms;
    for (const auto port : {first.port(), dead.port}) {
        with.endpoints = {{"127.0.0.1", port, {}}, {"127.0.0.1", second.port(), {}}};
        auto store = redis::open(with);
        REQUIRE(store.has_value());
        CHECK(store->load("p", {}).has_value());
    }
}

TEST_CASE("a primary that hangs is left for the one that Sentinels put in its place") {
    const server primary({"--repl-diskless-sync-delay", "0"});
    const server replica(replica_of(primary));
    REQUIRE(eventually([&] { return is_linked(replica); }));
    const sentinel first(primary);
    REQUIRE(eventually([&] { return first.knows(replica); }));
    redis::options with;
    with.kind = redis::deployment::sentinel;
    with.service = "main";
    with.endpoints = {{"127.0.0.1", first.port(), {}}};
    with.connect_timeout = with.response_timeout = 500ms;
    auto store = opened(with);
    REQUIRE(eventually([&] { return committed(store, "p", {}, rev(1)); }));
    REQUIRE(eventually([&] { return replica.cli({"DBSIZE"}) == "1\n"; }));
    primary.freeze();
    CHECK(eventually([&] { return committed(store, "p", rev(1), rev(2)); }));
    CHECK(eventually([&] { return replica.cli({"HLEN", "coffer:{p}"}) == "1\n"; }));
}

TEST_CASE("a replica that hangs makes a commit unknown, and nothing is told until it is back") {
    const server primary({"--repl-diskless-sync-delay", "0"});
    const server replica(replica_of(primary));
    REQUIRE(eventually([&] { return is_linked(replica); }));
    auto with = options_for(primary);
    with.keep = {1, 200ms};
    auto store = redis::open(with).value();
    REQUIRE(eventually([&] { return committed(store, "p", {}, rev(1)); }));
    replica.freeze();
    CHECK(store.commit("p", rev(1), rev(2), {}).value() == commit_outcome::unknown);
    CHECK(store.load("p", {}).error() == failure{errc::unavailable, cause::not_enough_replicas});
    replica.thaw();
    CHECK(eventually([&] { return is_at(store, "p", rev(2)); }));
}

TEST_CASE("a server that is told to pause is timed_out, a commit to it unknown") {
    const server primary;
    auto with = options_for(primary);
    with.response_timeout = with.connect_timeout = 500ms;
    auto store = opened(with);
    REQUIRE(eventually([&] { return committed(store, "p", {}, rev(1)); }));
    primary.cli({"CLIENT", "PAUSE", "600000", "WRITE"}); // reads go on
    CHECK(eventually([&] { return is_at(store, "p", rev(1)); }));
    CHECK(eventually([&] {
        const auto done = store.commit("p", rev(1), rev(2), {});
        return done && *done == commit_outcome::unknown;
    }));
    primary.cli({"CLIENT", "UNPAUSE"});
    primary.cli({"CLIENT", "PAUSE", "20000", "ALL"}); // it takes no command to end that
    for (int i = 0; i < 2; ++i) {                     // nor can it be connected to
        const auto got = store.load("p", {});
        REQUIRE_FALSE(got.has_value());
        CHECK(got.error() == errc::timed_out);
    }
    CHECK(eventually([&] { return committed(store, "p", rev(1), rev(2)); }));
}

TEST_CASE("a node of a cluster that hangs is left for the one in its place") {
    cluster all("2000");
    auto with = all.options();
    with.response_timeout = with.connect_timeout = 1000ms;
    auto store = opened(with);
    with.watch = true;
    auto watching = opened(with);
    REQUIRE(eventually([&] { return committed(store, "p", {}, rev(1)); }));
    auto& hung = all.owner("p");
    // Another that the watching one reads of, so that nothing of it ever fails.
    std::string other = "q";
    while (&all.owner(other) == &hung)
        other += 'q';
    const auto trusts = [&] {
        const auto before = watching.counted().from_memory;
        return watching.load(other, {}).has_value() && watching.counted().from_memory > before;
    };
    REQUIRE(eventually(trusts));
    REQUIRE(eventually([&] {
        return std::ranges::count_if(
                   all.nodes, [&](const auto& n) { return n->cli({"DBSIZE"}) == "1\n"; }) == 2;
    }));
    hung.freeze();
    CHECK(eventually([&] { return is_at(store, "p", rev(1)); }));
    CHECK(eventually([&] { return committed(store, "p", rev(1), rev(2)); }));
    CHECK(eventually(trusts)); // it has found the new one by itself
    CHECK(eventually([&] { return is_at(watching, "p", rev(2)); }));
}

// A day is what a connection may take: nobody waits for its end.
TEST_CASE("a store that can't be opened is let go of, whatever its watch waits for") {
    redis::options with;
    with.watch = true;
    with.connect_timeout = 24h;
    with.response_timeout = 200ms;
    SECTION("a connection") {
        const dead_link there;
        with.endpoints = {{"127.0.0.1", there.port, {}}};
        CHECK(redis::open(with).error() == errc::timed_out);
    }
    SECTION("a handshake of TLS") {
        const fake_server there([](const auto&) -> fake_server::answer { return {}; });
        with.endpoints = {{"127.0.0.1", there.port(), {}}};
        with.tls.use = true;
        CHECK(redis::open(with).error() == errc::timed_out);
    }
    SECTION("a greeting") {
        const fake_server there([](const auto&) -> fake_server::answer { return {}; });
        with.endpoints = {{"127.0.0.1", there.port(), {}}};
        CHECK(redis::open(with).error() == errc::timed_out);
    }
    SECTION("a Sentinel") {
        const fake_server there([](const auto&) -> fake_server::answer { return {}; });
        with.endpoints = {{"127.0.0.1", there.port(), {}}};
        with.kind = redis::deployment::sentinel;
        with.service = "main";
        CHECK(redis::open(with).error() == errc::timed_out);
    }
    SECTION("the address of a name") {
        names_hang = true;
        with.endpoints = {{"localhost", 1, {}}};
        CHECK(redis::open(with).error() == errc::timed_out);
        names_hang = false;
    }
}

TEST_CASE("a store is let go of, whatever its watch waits for to be connected again") {
    std::atomic<bool> silent{false};
    std::atomic<int> greeted{0};
    std::atomic<std::uint16_t> port{0};
    const fake_server there([&](const std::vector<std::string>& c) -> fake_server::answer {
        if (silent) {
            if (c[0] == "HELLO") ++greeted;
            return {};
        }
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        if (c[0] == "CLUSTER")
            return {"*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:" +
                    std::to_string(port) + "\r\n"};
        return {good('a')};
    });
    port = there.port();
    redis::options with;
    with.endpoints = {{"127.0.0.1", port, {}}};
    with.kind = GENERATE(redis::deployment::single, redis::deployment::cluster);
    with.watch = true;
    with.heartbeat = 20ms;
    with.connect_timeout = with.response_timeout = 24h;
    {
        auto store = redis::open(with).value();
        REQUIRE(eventually([&] { return store.watching(); }));
        silent = true;
        // The listener, and of a cluster also who asks for its nodes.
        const int all = with.kind == redis::deployment::cluster ? 2 : 1;
        REQUIRE(eventually([&] { return greeted == all; }));
    }
    CHECK(greeted > 0);
}
