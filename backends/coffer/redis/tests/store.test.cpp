// SPDX-License-Identifier: BSL-1.0
#include "redis_server.hpp"

#include <coffer/testing/catch2.hpp>

#include <support/catch.hpp>

using namespace coffer;
using namespace redis_test;

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

TEST_CASE("the Redis store keeps the store laws over a Unix socket") {
    const server at;
    auto with = options_for(at);
    with.limits = {std::size_t{2} << 20, std::size_t{5} << 20};
    with.endpoints = {{{}, 0, at.path()}};
    testing::run_store_laws(maker{with});
}
