// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/nearest.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <vector>

using coffer::http::nearest;
using coffer::http::nearest_holding;
using texts = std::vector<std::string_view>;

TEST_CASE("a word with a letter changed, left out, put in or swapped is the one that was meant") {
    const texts known{"import", "export", "list"};
    for (const auto* typed : {"expart", "exprt", "expoort", "exprot", "EXPORT", "xport"})
        CHECK(nearest(typed, known) == "export");
    CHECK(nearest("xprt", known) == "export");
    CHECK(nearest("xpr", known).empty());
    CHECK(nearest("tsil", known).empty()); // not from the ends
}

TEST_CASE("two swapped letters are one change, wherever they stand") {
    CHECK(nearest("ab", {"ba"}) == "ba");
    CHECK(nearest("ba", {"xx", "ab"}) == "ab");
    CHECK(nearest("bacd", {"abxy", "abcx"}) == "abcx"); // one and one
    CHECK(nearest("badcfe", {"abcdef"}).empty());       // three
}

TEST_CASE("the fewest changes count, and of as many the first word") {
    CHECK(nearest("abcd", {"abxx", "abcx"}) == "abcx");
    CHECK(nearest("abcd", {"abcx", "abxx"}) == "abcx");
    CHECK(nearest("abcd", {"abcx", "abcy"}) == "abcx");
}

TEST_CASE("a word is not meant by a text of which nothing would be left") {
    CHECK(nearest("", {"", "a"}).empty());
    CHECK(nearest("a", {"b", "ab"}).empty());
    CHECK(nearest("ab", {"cd"}).empty());
    CHECK(nearest("ab", {"ax"}) == "ax");
    CHECK(nearest("abc", {}).empty());
}

TEST_CASE("a letter of several bytes is one") {
    CHECK(nearest("Zurich Ost", {"Zürich Ost"}) == "Zürich Ost");
    CHECK(nearest("Zurich Sud", {"Zürich Süd"}) == "Zürich Süd"); // two, of four bytes
    CHECK(nearest("é", {"è"}).empty());
    CHECK(nearest("Ä\xff\xc3", {"Ä\xff\xc4"}) ==
          "Ä\xff\xc4"); // what is no UTF-8 is compared as well
}

TEST_CASE("what is longer than 64 letters is not looked for") {
    const std::string longest(64, 'x');
    const auto wanted = longest + "y";
    CHECK(nearest(longest, {wanted}) == wanted);
    CHECK(nearest(longest + "x", {wanted}).empty());
    CHECK(nearest_holding(longest + "x", {wanted}).empty());
    std::string umlauts;
    for (int i = 0; i < 64; ++i)
        umlauts += "ü";
    CHECK(nearest_holding(umlauts, {umlauts + "y"}) == umlauts + "y");
}

TEST_CASE("of a text that was to hold what was typed the nearest part counts") {
    const texts known{"Globex", "Customer Acme GmbH", "acme_gmbh_7"};
    for (const auto* typed : {"acmee", "acmx gmbh", "ustmer ac", "acem", "AMCE"})
        CHECK(nearest_holding(typed, known) == "Customer Acme GmbH");
    CHECK(nearest_holding("acme_gmhb", known) == "acme_gmbh_7");
    CHECK(nearest_holding("globx", known) == "Globex");
    CHECK(nearest("acmee", known).empty());
}

TEST_CASE("a part is fewer than half of what was typed away, and two changes at most") {
    for (const auto* typed : {"x", "xb", "xbc", "xbyd", "xbcydz"})
        CHECK(nearest_holding(typed, {"abcdef"}) ==
              (std::string_view(typed) == "xbc" ? "abcdef" : ""));
    CHECK(nearest_holding("xbcd", {"abcdef"}) == "abcdef");
    CHECK(nearest_holding("xbcdy", {"abcdef"}) == "abcdef");
    CHECK(nearest_holding("", {"abcdef"}).empty());
    CHECK(nearest_holding("xbxdxfgh", {"abcdefgh"}).empty()); // three
}
