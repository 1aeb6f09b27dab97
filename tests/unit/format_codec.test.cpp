// SPDX-License-Identifier: BSL-1.0
#include <coffer/format/codec.hpp>

#include "support/catch.hpp"

#include <utility>

using namespace coffer;
using format::is_utf8;
using format::reader;
using format::writer;

TEST_CASE("integers are big-endian and texts carry their length", "[format]") {
    bytes out;
    writer(out)
        .u8(1)
        .u16(0x0203)
        .u32(0x04050607)
        .u64(0x08090A0B0C0D0E0F)
        .b16("ab")
        .raw(as_bytes("c"));
    CHECK(format::to_hex(out) == "0102030405060708090a0b0c0d0e0f0002616263");
}

TEST_CASE("a reader reads what a writer wrote, and knows that it is at the end", "[format]") {
    bytes out;
    writer(out)
        .u8(255)
        .u16(65535)
        .u32(4294967295)
        .u64(~std::uint64_t{0})
        .b16("")
        .b16("текст")
        .raw(as_bytes("xyz"));
    reader in(out);
    CHECK(in.u8() == 255);
    CHECK(in.u16() == 65535);
    CHECK(in.u32() == 4294967295);
    CHECK(in.u64() == ~std::uint64_t{0});
    CHECK(in.text(0, 9).empty());
    CHECK(in.text(1, 10) == "текст");
    CHECK_FALSE(in.finished());
    const auto rest = in.array<3>();
    CHECK(as_text(rest) == "xyz");
    CHECK(in.finished());
    CHECK(in.position() == out.size());
}

TEST_CASE("a reader that once read too far answers nothing ever after", "[format]") {
    const bytes data(3, std::byte{1});
    reader in(data);
    CHECK(in.u16() == 0x0101);
    CHECK(in.u16() == 0);
    CHECK_FALSE(in.ok());
    CHECK(in.u8() == 0);
    CHECK(in.raw(1).empty());
    CHECK_FALSE(in.finished());
    reader far(data);
    CHECK(far.raw(~std::size_t{0}).empty());
    CHECK_FALSE(far.ok());
}

TEST_CASE("a text keeps within its limits and is UTF-8", "[format]") {
    const auto read = [](std::string_view text, std::size_t least, std::size_t most) {
        bytes data;
        writer(data).b16(text);
        reader in(data);
        return in.text(least, most) == text && in.finished();
    };
    CHECK(read("abc", 0, 3));
    CHECK(read("abc", 3, 9));
    CHECK_FALSE(read("abc", 0, 2));
    CHECK_FALSE(read("abc", 4, 9));
    CHECK_FALSE(read("a\xFF", 0, 9));
    bytes data;
    writer(data).b16(std::string_view("a\xFF"));
    reader in(data);
    CHECK(in.b16(0, 9).size() == 2); // bytes may be anything
    CHECK(in.ok());
}

TEST_CASE("well-formed UTF-8 is told from all else", "[format]") {
    using sv = std::string_view;
    const std::pair<sv, bool> table[] = {
        {"", true},
        {"plain", true},
        {sv("\0", 1), true},
        {"\x7F", true},
        {"\xC2\x80", true},
        {"\xDF\xBF", true},
        {"\xC0\x80", false},
        {"\xC1\xBF", false}, // overlong
        {"\x80", false},
        {"\xBF", false},
        {"\xC2", false},
        {"\xC2\x7F", false},
        {"\xC2\xC0", false},
        {"\xE0\xA0\x80", true},
        {"\xE0\x9F\xBF", false},
        {"\xEF\xBF\xBF", true},
        {"\xE1\x80", false},
        {"\xED\x9F\xBF", true},
        {"\xED\xA0\x80", false},
        {"\xED\xBF\xBF", false},
        {"\xEE\x80\x80", true}, // surrogates
        {"\xE1\x80\x7F", false},
        {"\xE1\x80\xC0", false},
        {"\xF0\x90\x80\x80", true},
        {"\xF0\x8F\xBF\xBF", false},
        {"\xF4\x8F\xBF\xBF", true},
        {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false},
        {"\xFF", false}, // over U+10FFFF
        {"\xF1\x80\x80", false},
        {"\xF1\x80\x80\x7F", false},
        {"a\xF0\x9F\x94\x91z", true},
    };
    for (const auto& [text, expected] : table) {
        INFO(format::to_hex(as_bytes(text)));
        CHECK(is_utf8(text) == expected);
        bool same = true; // wherever it stands among others: blocks of ASCII are passed at once
        for (std::size_t before = 0; before < 36; ++before)
            for (std::size_t after = 0; after < 36; ++after) {
                std::size_t points = 0;
                const auto all =
                    std::string(before, 'a').append(text).append(std::string(after, 'z'));
                const bool good = is_utf8(all, &points);
                std::size_t leads = 0;
                for (const char c : all)
                    leads += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
                same = same && good == expected && (!good || points == leads);
            }
        CHECK(same);
    }
    std::size_t points = 99;
    CHECK(is_utf8("a\xC2\x80\xE0\xA0\x80\xF0\x9F\x94\x91", &points));
    CHECK(points == 4);
}

TEST_CASE("hex reads back as the bytes that it was made of, and nothing else is read", "[format]") {
    bytes all(256);
    for (std::size_t i = 0; i < all.size(); ++i)
        all[i] = static_cast<std::byte>(i);
    bytes read(256);
    CHECK(format::from_hex(format::to_hex(all), read));
    CHECK(read == all);
    std::array<std::byte, 2> two{};
    for (const auto* bad :
         {"", "0a", "0a1", "0a1b2", "0A1B", "0a1g", "0a/0", "0a:0", "0a`0", " a1b"})
        CHECK_FALSE(format::from_hex(bad, two));
}
