// SPDX-License-Identifier: BSL-1.0
// How a connection is made anew: who waits for it, and who is told at once that nobody answers.
#include <coffer/redis/src/lane.hpp>

#include "fake_server.hpp"
#include "redis_server.hpp"

#include <support/catch.hpp>

#include <atomic>
#include <memory>
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

auto connected(const fake_server& to) -> made {
    return redis::detail::socket::connect({"127.0.0.1", to.port(), {}}, nullptr,
                                          steady::now() + 24h, {});
}
auto get(lane& from) {
    return from.get(steady::now() + 24h, 24h);
}

} // namespace

TEST_CASE("a server that hangs keeps one caller waiting, and is left alone as long as it did") {
    const fake_server at([](const auto&) -> fake_server::answer { return {"+PONG\r\n"}; });
    std::atomic<int> tries{0};
    std::atomic<bool> answers{false};
    lane over(
        [&](deadline) -> made {
            if (++tries == 1) {
                std::this_thread::sleep_for(3s);
                return errc::timed_out;
            }
            (void)eventually([&] { return answers.load(); });
            return connected(at);
        },
        0ms);
    CHECK(get(over).error() == errc::timed_out);
    for (int i = 0; i < 100; ++i)
        CHECK(get(over).error() == errc::timed_out);
    CHECK(tries == 1);

    std::shared_ptr<redis::detail::link> found;
    std::thread one([&] {
        (void)eventually([&] {
            if (auto got = get(over)) found = *got;
            return found != nullptr;
        });
    });
    CHECK(eventually([&] { return tries == 2; })); // the time is over, and it tries
    CHECK(get(over).error() == errc::timed_out);   // nobody else waits for it
    answers = true;
    one.join();
    REQUIRE(found != nullptr);
    CHECK(get(over).value() == found);
    CHECK(tries == 2);
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
        CHECK(get(over).error() == errc::unavailable);
        CHECK(tries == i);
    }
}

TEST_CASE("those that wait while somebody else connects share what it comes to") {
    const fake_server at([](const auto&) -> fake_server::answer { return {"+PONG\r\n"}; });
    const bool well = GENERATE(false, true);
    std::atomic<int> tries{0};
    std::atomic<int> callers{0};
    lane over(
        [&](deadline) -> made {
            ++tries;
            (void)eventually([&] { return callers == 4; });
            std::this_thread::sleep_for(500ms); // in which they come to wait
            return well ? connected(at) : made(errc::timed_out);
        },
        0ms);
    std::atomic<int> served{0};
    std::vector<std::thread> all;
    for (int t = 0; t < 4; ++t)
        all.emplace_back([&] {
            ++callers;
            served += get(over).has_value() ? 1 : 0;
        });
    for (auto& t : all)
        t.join();
    CHECK(tries == 1);
    CHECK(served == (well ? 4 : 0));
}
