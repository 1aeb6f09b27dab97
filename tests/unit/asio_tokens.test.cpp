// SPDX-License-Identifier: BSL-1.0
// The asynchronous twins with every kind of completion token, over a vault that blocks.
#include <coffer/asio/vault.hpp>

#include "support/catch.hpp"
#include "support/vault.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <thread>

using namespace coffer;
using namespace coffer_test;

namespace {

auto pool() -> boost::asio::thread_pool& {
    // Never destroyed: at exit, Asio's own threads may still hold what completed on it.
    static auto* const threads = new boost::asio::thread_pool(3);
    return *threads;
}
auto make_vault() -> test_vault {
    test_vault v{memory::store{}, {}, keyring::memory_keyring{}};
    v.ensure_space({.environment = "env", .space = "acme"}).value();
    v.put({.environment = "env"}, "TOKEN", "one").value();
    return v;
}

} // namespace

TEST_CASE("a callback is called on its executor", "[asio]") {
    const auto v = make_vault();
    boost::asio::io_context io;
    boost::asio::thread_pool threads(2); // joined before what it completes on goes
    std::string got;
    std::thread::id on;
    asio::async_get(asio::lift(threads, v), {.environment = "env", .space = "acme"}, "TOKEN",
                    boost::asio::bind_executor(io, [&](result<secret> s) {
                        got = s.value().expose_secret();
                        on = std::this_thread::get_id();
                    }));
    CHECK(got.empty());
    io.run();
    CHECK(got == "one");
    CHECK(on == std::this_thread::get_id());
}

TEST_CASE("futures, and a vault or resolver that nobody lifted", "[asio]") {
    const auto v = make_vault();
    CHECK(asio::async_put(v, {.environment = "env"}, "TOKEN", "two", boost::asio::use_future)
              .get()
              ->version == 2);
    auto got =
        asio::async_get(v.resolver(), {.environment = "env"}, "TOKEN", boost::asio::use_future)
            .get();
    CHECK(got.value().expose_secret() == "two");
    CHECK(asio::async_erase(v, {.environment = "env"}, "TOKEN", boost::asio::use_future)
              .get()
              ->version == 3);
    const auto seen = asio::async_at(v, {.environment = "env"}, boost::asio::use_future).get();
    CHECK(seen.value().get("TOKEN").error() == errc::not_found);
}

TEST_CASE("coroutines: arguments made in the call live long enough", "[asio]") {
    const auto v = make_vault();
    boost::asio::io_context io;
    boost::asio::thread_pool threads(2);
    const auto lifted = asio::lift(threads, v);
    std::vector<std::string> got;
    boost::asio::co_spawn(
        io,
        [&]() -> boost::asio::awaitable<void> {
            using boost::asio::use_awaitable;
            const auto text = [](const char* part) {
                return std::string(part) + std::string(40, 'x');
            };
            auto put = co_await asio::async_put(lifted, {.environment = std::string("env")},
                                                text("NAME"), text("value"), use_awaitable);
            got.push_back(std::to_string(put.value().version));
            auto s = co_await asio::async_get(
                lifted, {.environment = std::string("env"), .space = std::string("acme")},
                text("NAME"), use_awaitable);
            got.emplace_back(s.value().expose_secret());
            auto unknown = co_await asio::async_at(lifted, {.environment = std::string(40, 'y')},
                                                   use_awaitable);
            got.emplace_back(to_string(unknown.error().code));
        },
        boost::asio::detached);
    io.run();
    CHECK(got == std::vector<std::string>{"1", "value" + std::string(40, 'x'), "unknown_scope"});
}

TEST_CASE("deferred operations do nothing until they are started, and own their arguments",
          "[asio]") {
    const auto v = make_vault();
    const auto start = [&] {
        const std::string environment("env");
        const std::string name = "LATE" + std::string(40, 'x');
        return asio::async_put(v, {.environment = environment}, name, std::string(40, 'v'),
                               boost::asio::deferred);
    };
    auto operation = start();
    const auto name = "LATE" + std::string(40, 'x');
    CHECK(v.resolver().get({.environment = "env"}, name).error() == errc::not_found);
    CHECK(std::move(operation)(boost::asio::use_future).get());
    CHECK(shown(v.resolver().get({.environment = "env"}, name)) == std::string(40, 'v'));
}

TEST_CASE("async_run takes any completion token", "[asio]") {
    auto store = asio::lift(pool(), memory::store{});
    auto keys = asio::lift(pool(), keyring::memory_keyring{});
    using refresh = algorithm::refresh<cryptopp::aes_256_gcm>;
    const algorithm::subject nothing{"", "env", "env"};
    const auto make = [&] {
        return std::make_unique<refresh>(cryptopp::aes_256_gcm{}, nothing, nullptr, std::nullopt);
    };
    using boost::asio::use_future;
    CHECK(asio::async_run(make(), store, keys, use_future).get().value() == nullptr);
    auto lazily = asio::async_run(make(), store, keys, boost::asio::deferred);
    CHECK(std::move(lazily)(use_future).get().value() == nullptr);
}
