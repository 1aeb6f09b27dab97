// SPDX-License-Identifier: BSL-1.0
#include "../../tools/coffer/dotenv.hpp"
#include "../../tools/coffer/glob.hpp"

#include "support/catch.hpp"

#include <random>

using namespace command;

TEST_CASE("any value without a NUL goes through dotenv unchanged") {
    std::mt19937 random(20251); // fixed: a failure can be repeated
    const std::string letters = "'\"\\$`#= \t\r\nanrt{}!\xff\xc3\xa4;&";
    for (int round = 0; round < 20'000; ++round) {
        std::string value;
        for (auto n = 1 + random() % 12; n > 0; --n)
            value += letters[random() % letters.size()];
        coffer::wiped_bytes text;
        append_dotenv(text, "NAME", value);
        append_dotenv(text, "NEXT", "x");
        const auto read = parse_dotenv(coffer::as_text(text));
        REQUIRE(read.size() == 2);
        CAPTURE(value, coffer::as_text(text));
        REQUIRE(read[0].problem.empty());
        REQUIRE(coffer::as_text(read[0].value) == value);
        REQUIRE(coffer::as_text(read[1].value) == "x");
    }
}

TEST_CASE("dotenv reads any text without harm, and shows nothing of what it can't take but words "
          "in capitals") {
    std::mt19937 random(77);
    const std::string letters = "AB_=#'\"\\\n\r \tx-+/1";
    for (int round = 0; round < 20'000; ++round) {
        std::string text;
        for (auto n = random() % 60; n > 0; --n)
            text += letters[random() % letters.size()];
        for (const auto& one : parse_dotenv(text)) {
            if (one.problem.empty()) REQUIRE(is_variable_name(one.name));
            REQUIRE(
                (one.problem.empty() || one.value.empty() || one.problem.starts_with("set twice")));
        }
    }
}

TEST_CASE("a glob list matches as shells do, and a nasty one takes no longer") {
    CHECK(coffer::name_matches("SLACK_*", "SLACK_TOKEN"));
    CHECK(coffer::name_matches("*", ""));
    CHECK(coffer::name_matches("*_KEY", "A_KEY_KEY"));
    CHECK(coffer::name_matches("A?C", "ABC"));
    CHECK_FALSE(coffer::name_matches("A?C", "AC"));
    CHECK_FALSE(coffer::name_matches("SLACK_*", "XSLACK_"));
    CHECK_FALSE(coffer::name_matches("", "A"));
    CHECK(coffer::name_matches("", ""));
    std::string nasty;
    for (int i = 0; i < 200; ++i)
        nasty += "*a";
    CHECK_FALSE(coffer::name_matches(nasty + "b",
                                     std::string(4000, 'a'))); // exponential for a naive matcher
    CHECK(glob_list(std::nullopt).matches("ANY"));
    CHECK_FALSE(glob_list("").matches("ANY"));
    CHECK(glob_list("A*,DB_URL").matches("DB_URL"));
}
