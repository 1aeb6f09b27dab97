// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/detail/outbox.hpp>

#include "support/catch.hpp"

#include <new>
#include <string>
#include <utility>

using coffer::http::detail::outbox;

TEST_CASE("outbox: wakes for the first text alone, and for more than the limit") {
    int woken = 0;
    outbox box(4, [&] { ++woken; });
    CHECK(box.push("a text of any size"));
    CHECK(woken == 1);
    bool gone = true;
    CHECK(box.take(gone) == "a text of any size");
    CHECK_FALSE(gone);
    CHECK(box.push("abc"));
    CHECK(box.push("d"));
    CHECK(woken == 2);
    CHECK_FALSE(box.gone());
    CHECK_FALSE(box.push("e"));
    CHECK(woken == 3);
    CHECK(box.gone());
}

TEST_CASE("outbox: without memory to wake its connection the client is given up") {
    bool denied = true;
    outbox box(100, [&] {
        if (std::exchange(denied, false)) throw std::bad_alloc();
    });
    SECTION("for a text") {
        CHECK_FALSE(box.push("abc"));
        CHECK_FALSE(box.push("more"));
    }
    SECTION("for the end") {
        CHECK_FALSE(box.push({}));
    }
    CHECK(box.gone());
}
