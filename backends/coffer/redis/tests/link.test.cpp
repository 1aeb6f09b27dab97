// SPDX-License-Identifier: BSL-1.0
// One connection that several share: whose deadline counts, and who is told what.
#include <coffer/redis/src/link.hpp>

#include "fake_server.hpp"
#include "proxy.hpp"

#include <coffer/redis/commands.hpp>

#include <support/catch.hpp>

#include <optional>

using namespace coffer;
using namespace redis_test;
using namespace std::chrono_literals;
using redis::cause;
using redis::detail::answered;
using redis::detail::deadline;
using redis::detail::steady;

namespace {

const std::string ping = redis::command{"PING"}.wire;

auto rev(int n) -> revision {
    revision out{};
    out.fill(static_cast<std::byte>(n));
    return out;
}

} // namespace

TEST_CASE("a command is not sent once its time is over") {
    const fake_server at([](const auto&) -> fake_server::answer { return {"+PONG\r\n"}; });
    redis::detail::link over(connected(at));
    const auto late = over.run(ping, 1, 1000, steady::now() - 1s);
    CHECK(late.replies.error() == errc::timed_out);
    CHECK_FALSE(late.sent);
    CHECK(over.run(ping, 1, 1000, steady::now() + 24h).replies.has_value());
    CHECK(at.commands() == 1);
}

TEST_CASE("what has come is taken by who is too late to wait for it") {
    const fake_server at([](const auto&) -> fake_server::answer { return {"+PONG\r\n"}; });
    const auto over = connected(at);
    REQUIRE(over->write_all(ping, steady::now() + 24h).has_value());
    REQUIRE(eventually([&] { return !over->quiet(); }));
    std::array<char, 100> into{};
    CHECK(over->read_some(into, steady::now() - 1s).value() == 7);
    CHECK(over->read_some(into, steady::now() - 1s).error() == errc::timed_out);
}

TEST_CASE("the first who waits is told what broke a connection, the others that it is over") {
    const bool large = GENERATE(false, true);
    std::atomic<int> asked{0};
    const fake_server at([&](const auto&) -> fake_server::answer {
        return {++asked == 2 && large ? "$101\r\n" : ""};
    });
    redis::detail::link over(connected(at));
    std::optional<answered> first;
    std::thread other([&] {
        first = over.run(ping, 1, 100, large ? steady::now() + 24h : steady::now() + 300ms);
    });
    const bool came = eventually([&] { return asked == 1; });
    const auto second = over.run(ping, 1, 1000, steady::now() + 24h);
    other.join();
    REQUIRE(came);
    CHECK(first->replies.error() ==
          (large ? failure{errc::unavailable, cause::reply_too_large} : failure{errc::timed_out}));
    CHECK(second.replies.error() == failure{errc::unavailable, cause::disconnected});
    CHECK(over.is_broken());
    // Nor does it matter to who comes later.
    CHECK(over.run(ping, 1, 1000, steady::now() + 24h).replies.error() ==
          failure{errc::unavailable, cause::disconnected});
}

TEST_CASE("a commit that takes longer than the time-out is made, alone and beside another") {
    const server at;
    proxy between(at.port());
    auto with = options_for(at);
    with.endpoints[0].port = between.port();
    with.response_timeout = 1000ms;
    auto store = opened(with);
    const bool alone = GENERATE(true, false);
    CAPTURE(alone);
    const std::size_t size = std::size_t{1} << 20;
    std::vector<object_write> writes;
    for (int i = 0; i < 16; ++i)
        writes.push_back({"k" + std::to_string(i), bytes(size, std::byte{'x'})});
    REQUIRE(store.commit("q", {}, rev(1), {}).value() == commit_outcome::committed);

    between.slow_down(32'768); // so two seconds and a half, at the least
    result<commit_outcome> large = errc::timed_out;
    std::thread slow([&] { large = store.commit("p", {}, rev(1), writes); });
    if (!alone) {
        const bool began = eventually([&] { return between.recorded().size() > 100'000; });
        const auto small = store.commit("q", rev(1), rev(2), {});
        // It may have no time left when its turn comes: then it is not sent.
        CHECK((small ? *small == commit_outcome::committed : small.error() == errc::timed_out));
        CHECK(began);
    }
    slow.join();
    CHECK(large.value() == commit_outcome::committed);
    between.slow_down(std::numeric_limits<std::size_t>::max());
    CHECK(eventually([&] {
        const auto found = store.load("p", {});
        return found && found->at == rev(1);
    }));
}
