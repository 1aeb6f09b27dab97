// SPDX-License-Identifier: BSL-1.0
#include <coffer/keyring/codec.hpp>

#include <support/catch.hpp>

#include <string>

using namespace coffer;

namespace {
auto encoded(byte_view data) -> std::string {
    std::string out(keyring::base64_size(data.size()), '?');
    keyring::base64_encode(data, out);
    return out;
}
auto decodes(std::string_view text, std::size_t size) -> bool {
    bytes out(size, std::byte{0xEE});
    const bool fine = keyring::base64_decode(text, out);
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

TEST_CASE("Base64 has the alphabet of RFC 4648, character by character") {
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (int c = -128; c < 128; ++c) {
        const auto at = alphabet.find(static_cast<char>(c));
        const auto bits = keyring::detail::base64_bits(static_cast<char>(c));
        if (at == alphabet.npos)
            CHECK(bits > 63);
        else
            CHECK(bits == at);
    }
    for (unsigned i = 0; i < 64; ++i)
        CHECK(keyring::detail::base64_character(i) == alphabet[i]);
}

TEST_CASE("Base64 decodes what it encoded, at every length") {
    bytes data;
    for (std::size_t size = 0; size < 70; ++size) {
        bytes back(size);
        CHECK(keyring::base64_decode(encoded(data), back));
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

TEST_CASE("Hex of public bytes is lower-case and whole") {
    CHECK(keyring::from_hex("00ff1a") == bytes{std::byte{0}, std::byte{255}, std::byte{26}});
    CHECK(keyring::from_hex("") == bytes{});
    for (const char* wrong : {"0", "0g", "FF", " 00", "0x"})
        CHECK_FALSE(keyring::from_hex(wrong));
}
