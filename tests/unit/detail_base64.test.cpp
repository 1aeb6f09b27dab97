// SPDX-License-Identifier: BSL-1.0
#include <coffer/detail/base64.hpp>

#include "support/catch.hpp"

#include <string>

using namespace coffer;
using namespace coffer::detail;

namespace {
auto encoded(byte_view data) -> std::string {
    std::string out(base64_size(data.size()), '?');
    base64_encode(data, out);
    return out;
}
auto decodes(std::string_view text, std::size_t size) -> bool {
    bytes out(size, std::byte{0xEE});
    const bool fine = base64_decode(text, out);
    if (!fine) CHECK(out == bytes(size)); // wiped
    return fine;
}
} // namespace

TEST_CASE("Base64 gives the examples of RFC 4648") {
    CHECK(encoded(as_bytes("")) == "");
    CHECK(encoded(as_bytes("f")) == "Zg==");
    CHECK(encoded(as_bytes("fo")) == "Zm8=");
    CHECK(encoded(as_bytes("foo")) == "Zm9v");
    CHECK(encoded(as_bytes("foob")) == "Zm9vYg==");
    CHECK(encoded(as_bytes("fooba")) == "Zm9vYmE=");
    CHECK(encoded(as_bytes("foobar")) == "Zm9vYmFy");
}

TEST_CASE("Base64 of a value is read back, and what is none is refused") {
    for (std::size_t size = 0; size < 10; ++size) {
        const bytes value(size, std::byte{0xA5});
        const auto text = base64_text(value);
        CHECK(std::string_view(text) == encoded(value));
        const auto back = base64_value(text);
        REQUIRE(back);
        CHECK(std::equal(back->begin(), back->end(), value.begin(), value.end()));
    }
    for (const auto* wrong :
         {"Z", "Zg", "Zg=", "====", "=", "==", "Zm9=", "Zh==", "Zm9v\n", "Zm-v"})
        CHECK_FALSE(base64_value(wrong));
}

TEST_CASE("Base64 has the alphabet of RFC 4648, character by character") {
    const bool url = GENERATE(false, true);
    const auto& kind = url ? base64url : base64;
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" +
                                 std::string(url ? "-_" : "+/");
    for (int c = -128; c < 128; ++c) {
        const auto at = alphabet.find(static_cast<char>(c));
        const auto bits = base64_bits(static_cast<char>(c), kind);
        if (at == alphabet.npos)
            CHECK(bits > 63);
        else
            CHECK(bits == at);
    }
    for (unsigned i = 0; i < 64; ++i)
        CHECK(base64_character(i, kind) == alphabet[i]);
}

TEST_CASE("Base64 decodes what it encoded, at every length") {
    bytes data;
    for (std::size_t size = 0; size < 70; ++size) {
        bytes back(size);
        CHECK(base64_decode(encoded(data), back));
        CHECK(back == data);
        data.push_back(static_cast<std::byte>(size * 151 + 13));
    }
}

TEST_CASE("Base64 of a key is refused unless it is the one right text") {
    const bytes key(32, std::byte{0xC3});
    const auto text = encoded(key);
    CHECK(decodes(text, 32));
    CHECK_FALSE(decodes(text, 31));
    CHECK_FALSE(decodes(text, 33));
    CHECK_FALSE(decodes(text + "\n", 32));
    CHECK_FALSE(decodes(" " + text.substr(1), 32));
    CHECK_FALSE(decodes("", 32));
    auto stray = text; // bits behind the last byte that are not zero
    REQUIRE(stray[42] == 'M');
    stray[42] = 'N';
    CHECK_FALSE(decodes(stray, 32));
    auto unpadded = text;
    unpadded[43] = 'A';
    CHECK_FALSE(decodes(unpadded, 32));
    for (const char wrong : {'-', '_', '=', '\0', '@', '[', '`', '{', ':', '\x80', '\xFF'}) {
        auto bad = text;
        bad[20] = wrong;
        CHECK_FALSE(decodes(bad, 32));
    }
}

TEST_CASE("Base64 is refused wherever in a long text a character is wrong") {
    const std::vector<std::byte> data(150, std::byte{0x5A});
    const std::string good(base64_text(data));
    REQUIRE(base64_value(good));
    for (std::size_t i = 0; i < good.size(); ++i) {
        auto wrong = good;
        wrong[i] = '.';
        CHECK_FALSE(base64_value(wrong));
    }
}

TEST_CASE("Base64 for addresses has no padding, and is refused with one") {
    for (std::size_t size = 0; size < 70; ++size) {
        const bytes data(size, std::byte{0xFB});
        std::string text(base64_size(size, base64url), '?');
        base64_encode(data, text, base64url);
        CHECK(text.find_first_of("=+/?") == text.npos);
        bytes back(size);
        CHECK(base64_decode(text, back, base64url));
        CHECK(back == data);
        CHECK_FALSE(base64_decode(text + "=", back, base64url));
        CHECK((size == 0 || !base64_decode(encoded(data), back, base64url)));
    }
}
