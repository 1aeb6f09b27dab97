// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/value_pattern.hpp>

#include "support/catch.hpp"

#include <array>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include <regex.h>

using coffer::errc;
using coffer::http::pattern_fault;
using coffer::http::value_pattern;

namespace {

auto matches(std::string_view pattern, std::string_view value) -> bool {
    return value_pattern::read(pattern).value().matches(value);
}
auto why_not(std::string_view pattern) -> errc {
    const auto read = value_pattern::read(pattern);
    return read ? errc{} : read.error().code;
}
auto repeated(std::string_view part, int times) -> std::string {
    std::string out;
    while (times-- > 0)
        out += part;
    return out;
}

/// The extended regular expressions of the C library.
class library_pattern {
public:
    explicit library_pattern(const std::string& text) {
        if (::regcomp(&made_, text.c_str(), REG_EXTENDED | REG_NOSUB) == 0) read_.reset(&made_);
    }
    auto is_one() const -> bool { return read_ != nullptr; }
    auto matches(const std::string& value) const -> bool {
        return ::regexec(&made_, value.c_str(), 0, nullptr, 0) == 0;
    }

private:
    ::regex_t made_{};
    std::unique_ptr<::regex_t, void (*)(::regex_t*)> read_{nullptr, ::regfree};
};

} // namespace

TEST_CASE("a pattern is found anywhere in a value, and at its ends where it says so") {
    CHECK(matches("b", "abc"));
    CHECK_FALSE(matches("^b", "abc"));
    CHECK(matches("^postgres://[^:@]+:[^@]+@", "postgres://user:pw@host/db"));
    CHECK_FALSE(matches("^[0-9]+$", "12 34"));
    CHECK(matches("^[[:xdigit:]]{8}(-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}$",
                  "0a1b2c3d-0000-1111-2222-0123456789AB"));
    CHECK(matches("^(sk|pk)_(live|test)_", "pk_test_51"));
    CHECK_FALSE(matches("^(sk|pk)_(live|test)_$", "pk_test_51"));
    CHECK(matches("^$", ""));
    CHECK(matches("^a.c$", "a\nc"));
    CHECK_FALSE(matches("^a.c$", std::string_view("a\0c", 3)));
    CHECK(matches("^..$", "\xC3\xA4")); // bytes
    CHECK(matches("\\$\\{[]a-]{2}\\}", "${]-}"));
}

TEST_CASE("what is no extended regular expression, or takes too much, is refused") {
    for (const char* wrong :
         {"(", "a(b", "[", "[]", "[a", "[b-a]", "[[:nothing:]]", "[[:alpha:]-z]", "*", "a|*", "(+)",
          "^*", "a{2", "a{2,1}", "a{}", "a{x}", "\\"})
        CHECK(why_not(wrong) == errc::invalid_argument);
    for (const char* other : {"(a)\\1", "\\d+", "\\w", "[[.a.]]", "[[=a=]]"})
        CHECK(why_not(other) == errc::unsupported);
    for (const char* large :
         {"((((a{1,255}){1,255}){1,255}){1,255})", "a{1001}", "(ab){501}", "a{0,501}",
          "a{99999999999999999999}", "((((((((((a+)+)+)+)+)+)+)+)+)+)+", "a++++++++++++++++++++"})
        CHECK(why_not(large) == errc::too_large);
    CHECK(why_not("[" + repeated("a", 1022) + "]") == errc{});
    CHECK(why_not("[" + repeated("a", 1023) + "]") == errc::too_large);
    CHECK(why_not(repeated("(", 512) + repeated(")", 512)) == errc{});
    CHECK(why_not(repeated("|", 1024)) == errc::too_large);
    CHECK(why_not("(ab){499}") == errc{});
    CHECK(pattern_fault(errc::unsupported) != pattern_fault(errc::invalid_argument));
}

TEST_CASE("no pattern goes more than once through a value") {
    // Each of these keeps one that tries a way after the other busy for ever.
    const auto value = repeated("ab", 1000);
    CHECK_FALSE(matches("(a|b|ab)*c", value));
    CHECK_FALSE(matches("((a*)*b*)*c", value));
    CHECK_FALSE(matches("(a|b)*a(a|b){200}c", value));
    CHECK_FALSE(matches("(a?){300}c", repeated("a", 2000)));
}

TEST_CASE("patterns match what those of the C library match") {
    constexpr std::array parts{"a",
                               "b",
                               "c",
                               "a",
                               ".",
                               "^",
                               "$",
                               "(",
                               ")",
                               "(",
                               ")",
                               "|",
                               "*",
                               "+",
                               "?",
                               "{2}",
                               "{1,2}",
                               "{2,}",
                               "{0}",
                               "{,2}",
                               "{",
                               "}",
                               "[ab]",
                               "[^a]",
                               "[a-c]",
                               "[]a]",
                               "[^]a]",
                               "[a-]",
                               "[-a]",
                               "]",
                               "-",
                               "[",
                               "\\.",
                               "\\(",
                               "\\\\",
                               "1",
                               "[[:digit:]b]",
                               "[[:alpha:]]"};
    constexpr std::string_view bytes = "abc1.(-]\\";
    std::mt19937 random(20260101);
    const auto below = [&](std::size_t n) { return random() % n; };
    std::size_t read = 0;
    for (int i = 0; i < 6000; ++i) {
        std::string text;
        for (auto n = 1 + below(8); n > 0; --n)
            text += parts[below(parts.size())];
        const auto made = value_pattern::read(text);
        const library_pattern library(text);
        INFO(text);
        REQUIRE(made.has_value() == library.is_one());
        if (!made) continue;
        ++read;
        for (int k = 0; k < 8; ++k) {
            std::string value;
            for (auto n = below(7); n > 0; --n)
                value += bytes[below(bytes.size())];
            INFO(value);
            REQUIRE(made->matches(value) == library.matches(value));
        }
    }
    CHECK(read > 1000);
}
