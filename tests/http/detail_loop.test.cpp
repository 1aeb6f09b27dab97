// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/detail/loop.hpp>

#include "test_server.hpp"

#include "support/catch.hpp"
#include "support/denied_memory.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <new>
#include <thread>
#include <utility>

#include <boost/asio/post.hpp>

using coffer_test::denied;
using coffer_test::event;
namespace detail = coffer::http::detail;

namespace {

/// A loop that ticks often, on a thread of its own.
struct running_loop {
    detail::loop loop{[] {
        auto out = coffer_test::patient_limits();
        out.heartbeat = std::chrono::milliseconds(20);
        return out;
    }()};
    event ended{};
    std::thread thread{};

    void run(std::function<void()> resume) {
        thread = std::thread([this, resume = std::move(resume)] {
            loop.run(resume);
            ended.set();
        });
    }
    ~running_loop() {
        loop.context().stop();
        thread.join();
    }
    void stop_soon() {
        boost::asio::post(loop.context(), [this] { loop.stop(); });
    }
};

/// One whose deadline is always over.
struct late_session final : detail::session {
    detail::loop* home;
    std::function<void()> reached;

    late_session(detail::loop& l, std::function<void()> f) : home(&l), reached(std::move(f)) {
        deadline = detail::steady::now();
        home->add(*this);
    }
    void on_deadline() override { reached(); }
    void on_stop() override { throw std::bad_alloc(); } // so it is closed
    void close() override { home->remove(*this); }
};

} // namespace

TEST_CASE("loop: where there was no memory to wait for the next tick it comes all the same") {
    const int n = GENERATE(range(1, 6));
    running_loop r;
    int ticks = 0;
    late_session one(r.loop, [&] {
        if (++ticks == 3) r.stop_soon();
        if (ticks != 1) return;
        for (int i = 0; i < 8; ++i) // takes what memory the loop has of its own
            boost::asio::post(r.loop.context(), [] {});
        denied = n;
    });
    r.run([] {});
    CHECK(r.ended.wait());
}

TEST_CASE("loop: what else was waited for is begun again once there is memory") {
    running_loop r;
    std::atomic<int> tries = 0;
    r.run([&] {
        if (tries++ == 0) throw std::bad_alloc();
        r.stop_soon();
    });
    boost::asio::post(r.loop.context(), [] { throw std::bad_alloc(); });
    CHECK(r.ended.wait());
    CHECK(tries == 2);
}
