// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/rate_limit.hpp>
#include <coffer/testing/manual_clock.hpp>

#include "support/catch.hpp"

#include <chrono>
#include <string>

using coffer::http::address_key;
using coffer::http::rate;
using coffer::http::rate_limiter;
using namespace std::chrono_literals;

TEST_CASE("a key may do so many at once, and as many a minute") {
    coffer::testing::manual_clock time;
    rate_limiter limit(rate{6}, time);
    for (int i = 0; i < 6; ++i)
        CHECK(limit.take("a") == 0s);
    CHECK(limit.take("a") > 0s);
    time.advance(10s);
    CHECK(limit.take("a") == 0s);
    CHECK(limit.take("a") > 0s);
    time.advance(1h);
    for (int i = 0; i < 6; ++i)
        CHECK(limit.take("a") == 0s);
    CHECK(limit.take("a") > 0s);
}

TEST_CASE("the wait that is named is enough, and a second less is not") {
    coffer::testing::manual_clock time;
    rate_limiter limit(rate{6}, time);
    while (limit.take("a") == 0s) {
    }
    const auto wait = limit.take("a");
    CHECK(limit.take("a") == wait);
    time.advance(wait - 2s);
    CHECK(limit.take("a") > 0s);
    time.advance(2s);
    CHECK(limit.take("a") == 0s);
}

TEST_CASE("keys do not share") {
    coffer::testing::manual_clock time;
    rate_limiter limit(rate{1}, time);
    CHECK(limit.take("a") == 0s);
    CHECK(limit.take("a") > 0s);
    CHECK(limit.take("b") == 0s);
}

TEST_CASE("no limit is no limit") {
    coffer::testing::manual_clock time;
    rate_limiter limit(rate{0}, time);
    for (int i = 0; i < 1000; ++i)
        REQUIRE(limit.take("a") == 0s);
}

TEST_CASE("a flood of keys frees no key that is held back, and ends in one bucket") {
    coffer::testing::manual_clock time;
    rate_limiter limit(rate{2}, time, 10);
    CHECK(limit.take("bad") == 0s);
    CHECK(limit.take("bad") == 0s);
    CHECK(limit.take("bad") > 0s);
    int taken = 0;
    for (int i = 0; i < 1000; ++i)
        if (limit.take("key " + std::to_string(i)) == 0s) ++taken;
    CHECK(taken == 9 + 2); // nine places of their own, and what the shared one holds
    CHECK(limit.take("bad") > 0s);
    time.advance(2min);
    CHECK(limit.take("key 999") == 0s); // all are full again, so there is room
    CHECK(limit.take("key 999") == 0s);
    CHECK(limit.take("key 998") == 0s);
}

TEST_CASE("an address that a client can choose among is one key") {
    CHECK(address_key("192.0.2.1") == "192.0.2.1");
    CHECK(address_key("2001:db8:1:2:3:4:5:6") == address_key("2001:db8:1:2::1"));
    CHECK(address_key("2001:db8:1:2::1") != address_key("2001:db8:1:3::1"));
    CHECK(address_key("no address") == "no address");
}
