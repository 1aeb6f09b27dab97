// SPDX-License-Identifier: BSL-1.0
// How a connection is made anew: who waits for it, and who is told at once that nobody answers.
#include <coffer/redis/src/lane.hpp>

#include "fake_server.hpp"
#include "redis_server.hpp"

#include <support/catch.hpp>

#include <atomic>
#include <memory>
#include <new>
#include <thread>
#include <vector>

using namespace coffer;
using namespace redis_test;
using namespace std::chrono_literals;
using redis::cause;
using redis::detail::deadline;
using redis::detail::lane;
using redis::detail::steady;

namespace {

using made = result<std::unique_ptr<redis::detail::socket>>;

struct pongs : fake_server {
    pongs() : fake_server([](const auto&) -> answer { return {"+PONG\r\n"}; }) {}
};

/// A server whose first connection takes that long and is in vain; the next ones wait until it
/// answers.
struct hanging {
    std::chrono::milliseconds first;
    failure why;
    const pongs at{};
    std::atomic<int> tries{0};
    std::atomic<bool> answers{false};

    auto connect(deadline) -> made {
        if (++tries == 1) {
            std::this_thread::sleep_for(first);
            return why;
        }
        (void)eventually([&] { return answers.load(); });
        return connected(at);
    }
};

auto get(lane& from, std::chrono::milliseconds a_try = 24h) {
    return from.get(steady::now() + 24h, a_try);
}

} // namespace

TEST_CASE("a server that hangs keeps one caller waiting, and is left alone as long as it did") {
    const failure why = GENERATE(failure{errc::timed_out},
                                 failure{errc::unavailable, cause::read_only}); // the last of two
    hanging server{1s, why};
    lane over([&](deadline until) { return server.connect(until); }, 0ms);
    const auto first = get(over);
    CHECK(first.over.error() == why);
    CHECK(first.tried);
    const auto ended = steady::now();
    do {
        const auto told = get(over);
        CHECK(told.over.error() == why);
        CHECK_FALSE(told.tried);
        std::this_thread::sleep_for(1ms);
    } while (steady::now() - ended < 500ms);
    CHECK(server.tries == 1);

    std::shared_ptr<redis::detail::link> found;
    std::thread one([&] {
        (void)eventually([&] {
            if (auto got = get(over).over) found = *got;
            return found != nullptr;
        });
    });
    CHECK(eventually([&] { return server.tries == 2; })); // the time is over, and it tries
    CHECK_FALSE(get(over).tried);                         // nobody else waits for it
    server.answers = true;
    one.join();
    REQUIRE(found != nullptr);
    CHECK(get(over).over.value() == found);
    CHECK(server.tries == 2);
}

TEST_CASE("what a server did long ago is told to nobody: who comes while one tries waits for it") {
    hanging server{150ms, errc::timed_out};
    lane over([&](deadline until) { return server.connect(until); }, 0ms);
    CHECK(get(over, 100ms).over.error() == errc::timed_out);
    std::this_thread::sleep_for(500ms); // it is left alone for 150 ms, and a try takes 100 ms
    std::atomic<int> served{0};
    std::vector<std::thread> both;
    for (int t = 0; t < 2; ++t)
        both.emplace_back([&] { served += get(over, 100ms).over.has_value() ? 1 : 0; });
    CHECK(eventually([&] { return server.tries == 2; }));
    std::this_thread::sleep_for(50ms); // in which the other comes to wait
    server.answers = true;
    for (auto& t : both)
        t.join();
    CHECK(served == 2);
    CHECK(server.tries == 2);
}

TEST_CASE("a server that refuses connections is asked again by each that comes") {
    std::atomic<int> tries{0};
    lane over(
        [&](deadline) -> made {
            ++tries;
            return failure{errc::unavailable, cause::disconnected};
        },
        0ms);
    for (int i = 1; i <= 5; ++i) {
        CHECK(get(over).over.error() == errc::unavailable);
        CHECK(tries == i);
    }
}

TEST_CASE("those that wait while somebody else connects share what it comes to") {
    const pongs at;
    const bool well = GENERATE(false, true);
    std::atomic<int> tries{0};
    std::atomic<int> callers{0};
    lane over(
        [&](deadline) -> made {
            ++tries;
            (void)eventually([&] { return callers == 4; });
            std::this_thread::sleep_for(500ms); // in which they come to wait
            return well ? made(connected(at)) : made(errc::timed_out);
        },
        0ms);
    std::atomic<int> served{0};
    std::vector<std::thread> all;
    for (int t = 0; t < 4; ++t)
        all.emplace_back([&] {
            ++callers;
            served += get(over).over.has_value() ? 1 : 0;
        });
    for (auto& t : all)
        t.join();
    CHECK(tries == 1);
    CHECK(served == (well ? 4 : 0));
}

TEST_CASE("a connection that could not be made for want of memory is made by the next who asks") {
    const pongs at;
    int tries = 0;
    lane over(
        [&](deadline) -> made {
            if (++tries == 1) throw std::bad_alloc();
            return connected(at);
        },
        0ms);
    CHECK_THROWS_AS(get(over), std::bad_alloc);
    CHECK(get(over).over.has_value());
}
