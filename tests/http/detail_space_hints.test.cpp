// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/detail/space_hints.hpp>

#include "support/catch.hpp"

#include <string>

using coffer::http::detail::space_hints;
using namespace std::chrono_literals;

TEST_CASE("A space's environment is known for a moment") {
    space_hints hints;
    hints.keep("s", "e", 10s);
    CHECK(hints.find("s", 10s + space_hints::hold) == "e");
    CHECK_FALSE(hints.find("s", 10s + space_hints::hold + 1ms));
    CHECK_FALSE(hints.find("other", 10s));
    hints.keep("s", "f", 20s);
    CHECK(hints.find("s", 20s) == "f");
    hints.drop("s");
    CHECK_FALSE(hints.find("s", 20s));
}

TEST_CASE("Of spaces that nobody asks for again no more are kept than two moments' finds") {
    space_hints hints;
    for (int i = 0; i < 100'000; ++i) // one a millisecond
        hints.keep("space " + std::to_string(i), "e", 10s + std::chrono::milliseconds(i));
    CHECK(hints.size() <= 2 * std::size_t(space_hints::hold / 1ms) + 2);
    CHECK(hints.find("space 99999", 110s) == "e");
}
