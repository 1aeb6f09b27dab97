// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_CODEC_HPP
#define COFFER_KEYRING_CODEC_HPP

#include <coffer/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace coffer::inline COFFER_ABI::keyring {

/// Base64 (RFC 4648, section 4, with padding) for key material. Written here because the encoders
/// of the usual libraries, Crypto++'s among them, look each character up in a table and branch on
/// it, which tells the key to whoever shares the cache. This one's time and memory accesses depend
/// on lengths alone, except that a text that is no base64 at all is refused.
namespace detail {

/// 0xFF where a < b, else 0; both below 256.
constexpr auto less(unsigned a, unsigned b) noexcept -> unsigned {
    return ((a - b) >> 8) & 0xFFU;
}
constexpr auto within(unsigned x, unsigned low, unsigned high) noexcept -> unsigned {
    return ~(less(x, low) | less(high, x)) & 0xFFU;
}

constexpr auto base64_character(unsigned six) noexcept -> char {
    return static_cast<char>((within(six, 0, 25) & (six + 'A')) |
                             (within(six, 26, 51) & (six - 26 + 'a')) |
                             (within(six, 52, 61) & (six - 52 + '0')) |
                             (within(six, 62, 62) & '+') | (within(six, 63, 63) & '/'));
}

/// The six bits of a character; over 63 if it is none of the alphabet.
constexpr auto base64_bits(char character) noexcept -> unsigned {
    const unsigned c = static_cast<unsigned char>(character);
    const unsigned upper = within(c, 'A', 'Z'), lower = within(c, 'a', 'z'),
                   digit = within(c, '0', '9');
    const unsigned plus = within(c, '+', '+'), slash = within(c, '/', '/');
    const unsigned known = upper | lower | digit | plus | slash;
    return (upper & (c - 'A')) | (lower & (c - 'a' + 26)) | (digit & (c - '0' + 52)) |
           (plus & 62U) | (slash & 63U) | (~known & 0x80U);
}

} // namespace detail

/// How many characters the base64 of n bytes has.
constexpr auto base64_size(std::size_t n) noexcept -> std::size_t {
    return (n + 2) / 3 * 4;
}

/// Writes the base64 of `data` to `out`, which is base64_size(data.size()) long.
inline void base64_encode(byte_view data, std::span<char> out) noexcept {
    unsigned bits = 0;
    unsigned held = 0;
    std::size_t at = 0;
    for (const auto b : data) {
        bits = (bits << 8) | std::to_integer<unsigned>(b);
        for (held += 8; held >= 6; held -= 6)
            out[at++] = detail::base64_character((bits >> (held - 6)) & 63U);
    }
    if (held > 0) out[at++] = detail::base64_character((bits << (6 - held)) & 63U);
    while (at < out.size())
        out[at++] = '=';
    wipe(&bits, sizeof bits);
}

/// Fills `out` from exactly its base64: any other length, character, padding or a stray bit behind
/// the last byte is refused, with `out` wiped.
[[nodiscard]] inline auto base64_decode(std::string_view text, std::span<std::byte> out) noexcept
    -> bool {
    if (text.size() != base64_size(out.size())) return wipe(out), false;
    const std::size_t characters = (out.size() * 8 + 5) / 6;
    unsigned bits = 0;
    unsigned held = 0;
    unsigned wrong = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < characters; ++i) {
        const unsigned six = detail::base64_bits(text[i]);
        wrong |= six & ~63U;
        bits = (bits << 6) | (six & 63U);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[at++] = static_cast<std::byte>(bits >> held);
        }
    }
    wrong |= bits & ((1U << held) - 1);
    for (std::size_t i = characters; i < text.size(); ++i)
        wrong |= static_cast<unsigned>(text[i] != '=');
    wipe(&bits, sizeof bits);
    if (wrong != 0) wipe(out);
    return wrong == 0;
}

/// Reads lower-case hex, two digits a byte, of what is public (marks, ids): nullopt if it is not.
inline auto from_hex(std::string_view text) -> std::optional<bytes> {
    const auto digit = [](char c) -> int {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    if (text.size() % 2 != 0) return std::nullopt;
    bytes out(text.size() / 2);
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out[i] = static_cast<std::byte>(high * 16 + low);
    }
    return out;
}

} // namespace coffer::inline COFFER_ABI::keyring

#endif
