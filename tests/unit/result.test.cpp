// SPDX-License-Identifier: BSL-1.0
#include <coffer/result.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

using namespace coffer;

namespace {
auto numbers() -> result<std::vector<int>> {
    return std::vector{1, 2, 3};
}
} // namespace

TEST_CASE("a result holds a value or a failure", "[result]") {
    result<int> value = 7;
    CHECK(value);
    CHECK(value.has_value());
    CHECK(*value == 7);
    CHECK(value.value() == 7);
    CHECK(value.value_or(9) == 7);
    const result<int> failed = errc::timed_out;
    CHECK_FALSE(failed);
    CHECK(failed.error() == errc::timed_out);
    CHECK(failed.value_or(9) == 9);
    const result<std::string> text("from a literal");
    CHECK(text->size() == 14);
    const result<void> nothing;
    CHECK(nothing);
    nothing.value();
    CHECK(result<void>(errc::denied).error() == errc::denied);
}

TEST_CASE("value throws the failure, whose text is the code and the system's cause", "[result]") {
    const result<int> failed =
        failure(errc::unavailable, std::make_error_code(std::errc::connection_refused));
    try {
        (void)failed.value();
        FAIL("did not throw");
    } catch (const coffer::exception& e) {
        CHECK(e.why() == failed.error());
        CHECK(e.code() == errc::unavailable);
        CHECK(std::string(e.what()).find("unavailable") != std::string::npos);
        CHECK(std::string(e.what()).find("refused") != std::string::npos);
    }
    CHECK_THROWS_AS(result<void>(errc::denied).value(), coffer::exception);
}

TEST_CASE("a loop over the value of a temporary result does not dangle", "[result]") {
    int sum = 0;
    for (const auto n : numbers().value())
        sum += n;
    for (const auto n : *numbers())
        sum += n;
    CHECK(sum == 12);
}

TEST_CASE("move-only values are moved out", "[result]") {
    result<std::unique_ptr<int>> held = std::make_unique<int>(7);
    const std::unique_ptr<int> taken = *std::move(held);
    CHECK(*taken == 7);
    result<std::unique_ptr<int>> other = std::make_unique<int>(8);
    CHECK(*std::move(other).value() == 8);
}

TEST_CASE("and_then and transform go on with a value and hand a failure through", "[result]") {
    const auto half = [](int n) -> result<int> {
        if (n % 2 != 0) return errc::invalid_argument;
        return n / 2;
    };
    CHECK(result<int>(8).and_then(half).and_then(half).value() == 2);
    CHECK(result<int>(6).and_then(half).and_then(half).error() == errc::invalid_argument);
    CHECK(result<int>(errc::denied).and_then(half).error() == errc::denied);
    CHECK(result<int>(8).transform([](int n) { return std::to_string(n); }).value() == "8");
    CHECK(result<int>(errc::denied).transform([](int n) { return n; }).error() == errc::denied);
    CHECK(result<void>().and_then([] { return result<int>(1); }).value() == 1);
    CHECK(result<void>(errc::denied).and_then([] { return result<int>(1); }).error() ==
          errc::denied);
}

TEST_CASE("a failure is written as its code's name and the system's cause", "[result]") {
    const failure plain = errc::denied;
    const failure caused{errc::unavailable, std::make_error_code(std::errc::connection_refused)};
    std::ostringstream out;
    out << errc::stale << ", " << plain << ", " << caused;
    CHECK(out.str() == "stale, denied, unavailable (" + caused.cause.message() + ")");
    CHECK(to_string(caused) == "unavailable (" + caused.cause.message() + ")");
}

TEST_CASE("every code has a name of its own, and none is zero", "[result]") {
    std::vector<std::string> names;
    for (int n = 1; n <= static_cast<int>(errc::foreign); ++n) {
        const std::error_code code = static_cast<errc>(n);
        CHECK(code);
        CHECK(code.message() == to_string(static_cast<errc>(n)));
        CHECK(code.message() != "unknown");
        CHECK(std::find(names.begin(), names.end(), code.message()) == names.end());
        names.push_back(code.message());
    }
    CHECK(names.size() == 18);
    CHECK(to_string(errc{}) == "unknown");
}
