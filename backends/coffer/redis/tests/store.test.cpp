// SPDX-License-Identifier: BSL-1.0
#include "proxy.hpp"
#include "tls_server.hpp"

#include <coffer/testing/catch2.hpp>

#include <support/catch.hpp>

using namespace coffer;
using namespace redis_test;

namespace {

/// Stores that watch through a proxy, which can fall silent, and others that reach the server.
struct watching_maker {
    const server& at;
    proxy& between;
    redis::options direct{};

    auto operator()() -> redis::store {
        between.mute(false);
        direct = options_for(at);
        direct.response_timeout = std::chrono::seconds(5);
        auto with = direct;
        with.endpoints[0].port = between.port();
        with.watch = true;
        with.heartbeat = std::chrono::milliseconds(100);
        return redis::open(with).value();
    }
    auto other(redis::store&) const -> redis::store { return redis::open(direct).value(); }
    void silence(redis::store&) const { between.mute(true); }
};

} // namespace

TEST_CASE("the Redis store keeps the store laws") {
    const server at;
    auto with = options_for(at);
    with.limits = {std::size_t{2} << 20, std::size_t{5} << 20};
    testing::run_store_laws(maker{with});
}

TEST_CASE("the Redis store keeps the store laws while it watches") {
    const server at;
    auto with = options_for(at);
    with.limits = {std::size_t{2} << 20, std::size_t{5} << 20};
    with.watch = true;
    testing::run_store_laws(maker{with});
}

TEST_CASE("the Redis store keeps the watch laws") {
    const server at;
    proxy between(at.port());
    testing::run_watch_laws(watching_maker{at, between});
}

TEST_CASE("the Redis store keeps the store laws over a Unix socket") {
    const server at;
    auto with = options_for(at);
    with.limits = {std::size_t{2} << 20, std::size_t{5} << 20};
    with.endpoints = {{{}, 0, at.path()}};
    testing::run_store_laws(maker{with});
}

TEST_CASE("the Redis store keeps the store laws over TLS") {
    static const tls_server at; // for every law the same: each has a prefix of its own
    static int made = 0;
    maker laws{at.options(), made += 1000};
    laws.with.limits = {std::size_t{2} << 20, std::size_t{5} << 20};
    laws.with.watch = GENERATE(false, true);
    testing::run_store_laws(laws);
}
