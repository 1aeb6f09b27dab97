// SPDX-License-Identifier: BSL-1.0
#include <coffer/asio/listener.hpp>

#include <coffer/testing/fake_secrets.hpp>

#include "support/catch.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

namespace net = boost::asio;
using coffer::dispatched;
using coffer::event;
using coffer::asio::async_dispatch;
using coffer::testing::fake_secrets;

namespace {

const coffer::context acme{.environment = "prod", .space = "acme"};

struct world {
    fake_secrets secrets{{"SLACK_TOKEN", "xoxb"}};
    coffer::listener listener{secrets};
    net::io_context home{}; // outlives the pool, which completes on it
    net::thread_pool pool{2};
};

} // namespace

TEST_CASE("callbacks run where threads may block, and the handler on its own executor, later") {
    world w;
    std::thread::id ran_in;
    std::string seen;
    w.listener.on("space:*", [&](event& e) {
        ran_in = std::this_thread::get_id();
        const auto token = e.secrets("SLACK_TOKEN").value();
        seen = token.expose_secret();
    });
    std::size_t ran = 0;
    bool within = true;
    async_dispatch(w.pool.get_executor(), w.listener, coffer::make_event("space:created", acme),
                   net::bind_executor(w.home, [&](std::exception_ptr thrown, auto done) {
                       CHECK_FALSE(within);
                       CHECK_FALSE(thrown);
                       ran = done.value().ran;
                   }));
    within = false;
    w.home.run(); // the dispatch keeps it running
    CHECK(ran == 1);
    CHECK(seen == "xoxb");
    CHECK(ran_in != std::this_thread::get_id());
}

TEST_CASE("a coroutine and a future wait for it as well") {
    world w;
    w.listener.on("**", [](event&) {});
    w.listener.on("**", [](event&) { throw std::runtime_error("told to on_error"); });
    const auto event = coffer::make_event("a", acme);
    auto done = async_dispatch(w.pool.get_executor(), w.listener, event, net::use_future).get();
    CHECK(done.value().ran == 2);
    CHECK(done.value().failed == 1);
    const auto wait = [&]() -> net::awaitable<std::size_t> {
        const auto in =
            co_await async_dispatch(w.pool.get_executor(), w.listener, event, net::use_awaitable);
        co_return in.value().ran;
    };
    CHECK(net::co_spawn(w.home, wait, net::use_future).wait_for(std::chrono::seconds(0)) ==
          std::future_status::timeout); // nobody runs its executor yet
    auto again = net::co_spawn(w.home, wait, net::use_future);
    w.home.run();
    CHECK(again.get() == 2);
}

TEST_CASE("what leaves an after_all callback reaches the handler, and errors do") {
    world w;
    w.listener.on("throws", [](event& e) {
        e.after_all("end", [](event&) { throw std::runtime_error("at the end"); });
    });
    auto thrown = async_dispatch(w.pool.get_executor(), w.listener,
                                 coffer::make_event("throws", acme), net::use_future);
    CHECK_THROWS_AS(thrown.get(), std::runtime_error);
    w.listener.on(coffer::event_value(7), [](event&) {});
    auto wrong = async_dispatch(w.pool.get_executor(), w.listener, coffer::make_event("a", acme),
                                net::use_future);
    CHECK(wrong.get().error() == coffer::errc::invalid_argument);
}

TEST_CASE("the listener and the event live until it is done; events run side by side") {
    world w;
    std::promise<void> both;
    std::shared_future<void> met = both.get_future();
    std::atomic<int> inside{0};
    auto listener = std::make_unique<coffer::listener>(w.secrets);
    listener->on("**", [&](event&) {
        if (++inside == 2) both.set_value();
        met.wait();
    });
    auto first = async_dispatch(w.pool.get_executor(), *listener, coffer::make_event("a", acme),
                                net::use_future);
    auto second = async_dispatch(w.pool.get_executor(), *listener, coffer::make_event("b", acme),
                                 net::use_future);
    listener.reset();
    CHECK(first.get().value().ran == 1);
    CHECK(second.get().value().ran == 1);
}
