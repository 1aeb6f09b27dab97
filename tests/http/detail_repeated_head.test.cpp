// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/detail/repeated_head.hpp>

#include "support/catch.hpp"

#include <optional>
#include <string>
#include <string_view>

using coffer::http::check_head;
using coffer::http::detail::repeated_head;

namespace {

auto head_with(std::string_view authorization, std::string_view more = {}) -> std::string {
    return std::string("GET /v1/secrets?a=b HTTP/1.1\r\nHost: a:1\r\nAuthorization: ")
        .append(authorization)
        .append("\r\nAccept: */*\r\n")
        .append(more)
        .append("\r\n");
}
auto kept(const std::string& head) -> repeated_head {
    repeated_head out;
    const auto facts = check_head(head);
    REQUIRE(repeated_head::can_be(head, facts));
    out.keep(head, facts.authorization);
    return out;
}
auto can_be(const std::string& head) -> bool {
    return repeated_head::can_be(head, check_head(head));
}

} // namespace

TEST_CASE("a head repeats another that differs in its token alone") {
    const auto before = kept(head_with("Bearer abc"));
    CHECK(before.size() == head_with("Bearer abc").size());
    CHECK(before.token_in(head_with("Bearer abc")) == "Bearer abc");
    CHECK(before.token_in(head_with("Bearer xyz")) == "Bearer xyz");
    CHECK(before.token_in(head_with("Bearer \xff-_")) == "Bearer \xff-_");
    CHECK(before.token_in(head_with("Bearer abc") + "GET / HTTP/1.1\r\n") == "Bearer abc");
}

TEST_CASE("a head with any other difference repeats none") {
    const auto good = head_with("Bearer abc");
    const auto before = kept(good);
    const auto token = good.find("Bearer abc");
    for (std::size_t i = 0; i < good.size(); ++i) {
        CAPTURE(i);
        CHECK(before.token_in(good.substr(0, i)) == std::nullopt);
        if (i >= token && i < token + 10) continue;
        auto other = good;
        other[i] = static_cast<char>(other[i] ^ 1);
        CHECK(before.token_in(other) == std::nullopt);
    }
    CHECK(before.token_in(head_with("Bearer abcd")) == std::nullopt);
    CHECK(before.token_in(head_with("Bearer ab")) == std::nullopt);
    CHECK(repeated_head().token_in(good) == std::nullopt);
}

TEST_CASE("what can't be the value of a header is no token of a repeated head") {
    const auto before = kept(head_with("Bearer abc"));
    for (const std::string_view other : {"Bearer a\rc", "Bearer a\nc", "Bearer ab ", " Bearer ab",
                                         "\tBearer ab", "Bearer ab\t", "Bearer a\x7f\x63"}) {
        CAPTURE(other);
        REQUIRE(other.size() == 10);
        CHECK(before.token_in(head_with(other)) == std::nullopt);
    }
    CHECK(before.token_in(head_with(std::string_view("Bearer a\0c", 10))) == std::nullopt);
}

TEST_CASE("whatever repeats a head means what that means") {
    // Each byte in each place of the token: if it counts as a repetition, the check finds the same
    // in it as in the one before, and the token to be the field's whole value.
    const std::string token = "Bearer abc";
    const auto before = kept(head_with(token));
    for (std::size_t at = 0; at < token.size(); ++at)
        for (int byte = 0; byte < 256; ++byte) {
            auto other = token;
            other[at] = static_cast<char>(byte);
            const auto head = head_with(other);
            const auto facts = check_head(head);
            const bool same = facts.fault == coffer::http::head_fault::none &&
                              facts.authorization == std::string_view(other);
            CAPTURE(at, byte);
            CHECK((before.token_in(head) == std::optional<std::string_view>(other)) == same);
        }
}

TEST_CASE("only a head that is a request by itself, and holds no other secret, may be repeated") {
    CHECK(can_be(head_with("Bearer abc")));
    CHECK_FALSE(can_be("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_FALSE(can_be("GET / HTTP/1.1\r\nHost: a\r\nAuthorization:\r\n\r\n"));
    CHECK_FALSE(can_be("HEAD / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\n\r\n"));
    CHECK_FALSE(can_be("GET / HTTP/1.0\r\nHost: a\r\nAuthorization: b\r\n\r\n"));
    CHECK_FALSE(can_be("GET /#a HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\n\r\n"));
    CHECK_FALSE(can_be(head_with("b", "Content-Length: 0\r\n")));
    CHECK_FALSE(can_be(head_with("b", "Transfer-Encoding: chunked\r\n")));
    CHECK_FALSE(can_be(head_with("b", "Expect: 100-continue\r\n")));
    CHECK_FALSE(can_be(head_with("b", "Cookie: a=b\r\n")));
    CHECK_FALSE(can_be(head_with("b", "PROXY-Authorization: c\r\n")));
    CHECK_FALSE(can_be(head_with("b", "X: " + std::string(1024, 'x') + "\r\n")));
}

TEST_CASE("a token is not kept, and what is forgotten repeats no more") {
    auto before = kept(head_with("Bearer abc"));
    CHECK(before.holds());
    before.forget();
    CHECK_FALSE(before.holds());
    CHECK(before.token_in(head_with("Bearer abc")) == std::nullopt);
}
