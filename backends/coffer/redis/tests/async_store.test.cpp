// SPDX-License-Identifier: BSL-1.0
#include "redis_server.hpp"

#include <coffer/asio/testing/async_laws.hpp>
#include <coffer/redis/async_store.hpp>
#include <coffer/testing/catch2.hpp>

#include <property/pooled_calls.hpp>
#include <support/catch.hpp>

#include <atomic>

using namespace coffer;
using namespace coffer_test;
using namespace redis_test;

namespace {

struct threads_of_its_own {
    maker stores;
    auto operator()() { return redis::async_store(stores(), 4); }
};
/// The same on threads that are lent to it.
struct threads_of_others {
    maker stores;
    auto operator()() { return on(pooled_calls::pool().get_executor()); }
    auto on(boost::asio::any_io_executor where) -> asio::lifted_store<redis::store> {
        return asio::lift(std::move(where), stores());
    }
};

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

TEST_CASE("the asynchronous Redis store keeps the laws of those") {
    const server at;
    threads_of_its_own own{{options_for(at)}};
    testing::run_laws(testing::async_laws<threads_of_its_own>, own);
}

TEST_CASE("the Redis store on threads that are lent to it keeps the laws of asynchronous ones") {
    const server at;
    threads_of_others lent{{options_for(at)}};
    testing::run_laws(testing::async_laws<threads_of_others>, lent);
}

TEST_CASE("two vaults and a reader over one Redis do by asynchronous calls what the model says") {
    const server at;
    CHECK(equals_the_model<pooled_calls>("redis, async", [&] {
        return [with = options_for(at)] { return any_store(redis::open(with).value()); };
    }));
}

TEST_CASE("a vault over the asynchronous Redis store is called with tokens, and blocks no caller") {
    const server at;
    const auto with = options_for(at);
    keyring::memory_keyring keys;
    const vault over(asio::block_on(redis::async_store(redis::open(with).value(), 4)),
                     cryptopp::aes_256_gcm{},
                     asio::block_on(asio::lift(pooled_calls::pool(), keys)));
    const context where{.environment = "dev"};
    test_vault(redis::open(with).value(), {}, keys).ensure_environment("dev").value();
    std::atomic<int> written{0};
    std::atomic<int> read{0};
    for (int i = 0; i < 20; ++i)
        asio::async_put(over, where, "NAME_" + std::to_string(i), "value " + std::to_string(i), {},
                        [&](const auto& done) { written += done ? 1 : 100; });
    REQUIRE(eventually([&] { return written == 20; }));
    for (int i = 0; i < 20; ++i)
        asio::async_get(over, where, "NAME_" + std::to_string(i), [&, i](const auto& got) {
            read += shown(got) == "value " + std::to_string(i) ? 1 : 100;
        });
    REQUIRE(eventually([&] { return read == 20; }));
}
