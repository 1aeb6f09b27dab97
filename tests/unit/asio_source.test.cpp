// SPDX-License-Identifier: BSL-1.0
#include <coffer/asio/source.hpp>

#include "support/catch.hpp"
#include "support/vault.hpp"

#include <coffer/secrets.hpp>
#include <coffer/testing/fake_secrets.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace coffer;
namespace net = boost::asio;

namespace {

const context acme{.environment = "prod", .space = "acme"};

/// What a service of coroutines looks like, whatever its secrets come from.
auto read_token(asio::lifted_source<secrets> from, std::string& into, std::thread::id& on)
    -> net::awaitable<void> {
    const auto token = co_await asio::async_get(from, acme, "TOKEN", net::use_awaitable);
    into = coffer_test::shown(token);
    on = std::this_thread::get_id();
}

} // namespace

TEST_CASE("a coroutine reads a fake, asked on another thread, and goes on upon its own") {
    testing::fake_secrets fake{{"TOKEN", "fake"}};
    net::thread_pool pool(1);
    const auto from = asio::lift(pool, secrets(fake));
    net::io_context loop;
    std::string got;
    std::thread::id on;
    const auto read = [&] {
        net::co_spawn(loop, read_token(from, got, on), net::detached);
        loop.restart();
        loop.run();
        CHECK(on == std::this_thread::get_id());
        return got;
    };
    CHECK(read() == "fake");
    CHECK(fake.last_context() == scope(acme));
    fake.fail_next(errc::unavailable);
    CHECK(read() == "unavailable");
    fake.hide(acme, "TOKEN");
    CHECK(read() == "not_found");
    pool.join();
}

TEST_CASE("a view that needs no look is given without asking on the executor") {
    coffer_test::test_vault vault{
        memory::store{},
        cryptopp::aes_256_gcm{},
        keyring::memory_keyring{},
        {.recheck_after = std::chrono::hours(1), .recheck_keys_after = std::chrono::hours(1)}};
    vault.ensure_space(acme).value();
    vault.put(acme, "TOKEN", "its own").value();
    const secrets source(vault.resolver());
    REQUIRE(source.at(acme).has_value());
    REQUIRE(source.try_at(acme).has_value());
    net::io_context idle; // which nobody runs
    net::io_context loop;
    const auto from = asio::lift(idle.get_executor(), source);
    std::string got;
    asio::async_get(from, acme, "TOKEN", net::bind_executor(loop.get_executor(), [&](auto answer) {
                        got = coffer_test::shown(answer);
                    }));
    CHECK(got.empty()); // never within the call
    loop.run();
    CHECK(got == "its own");
    // Another context has to be looked for.
    bool done = false;
    asio::async_at(from, {.environment = "none"},
                   net::bind_executor(loop.get_executor(), [&](auto answer) {
                       done = true;
                       CHECK(answer.error() == errc::unknown_scope);
                   }));
    loop.restart();
    loop.poll();
    CHECK_FALSE(done);
    idle.run();
    loop.run();
    CHECK(done);
}

TEST_CASE("a source that throws is unavailable, and what is lifted may be asked from any thread") {
    struct throwing {
        auto at(context) const -> result<view> { throw std::runtime_error("no"); }
    };
    net::thread_pool pool(2);
    const auto from = asio::lift(pool, throwing());
    CHECK(asio::async_at(from, acme, net::use_future).get().error() == errc::unavailable);
    testing::fake_secrets fake{{"TOKEN", "fake"}};
    const auto many = asio::lift(pool, fake);
    std::vector<std::future<result<secret>>> all;
    for (int i = 0; i < 16; ++i)
        all.push_back(asio::async_get(many, acme, "TOKEN", net::use_future));
    for (auto& one : all)
        CHECK(coffer_test::shown(one.get()) == "fake");
    pool.join();
}
