// SPDX-License-Identifier: BSL-1.0
#include "redis_server.hpp"

#include <coffer/asio/block_on.hpp>
#include <coffer/redis/async_store.hpp>
#include <coffer/testing/catch2.hpp>

#include <support/catch.hpp>

#include <atomic>

using namespace coffer;
using namespace redis_test;

namespace {

struct async_maker {
    maker stores;
    auto operator()() {
        return asio::blocking_store<redis::async_store>(redis::async_store(stores(), 4));
    }
};

} // namespace

TEST_CASE("the asynchronous Redis store keeps the store laws") {
    const server at;
    auto with = options_for(at);
    with.limits = {std::size_t{2} << 20, std::size_t{5} << 20};
    testing::run_store_laws(async_maker{{with}});
}

TEST_CASE("loads of an asynchronous store run together, and the last handle may be a handler's") {
    const server at;
    std::atomic<int> answers{0};
    {
        redis::async_store store(redis::open(options_for(at)).value(), 8);
        for (int i = 0; i < 200; ++i)
            store.async_load("p", {}, [&answers, store](result<cut> got) {
                if (got && got->at == revision{}) ++answers;
            });
    }
    CHECK(eventually([&] { return answers == 200; }));
}
