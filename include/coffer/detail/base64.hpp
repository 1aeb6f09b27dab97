// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_BASE64_HPP
#define COFFER_DETAIL_BASE64_HPP

#include <coffer/bytes.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace coffer::inline COFFER_ABI::detail {

/// Base64 (RFC 4648) for key material and tokens. Written here because the encoders of the usual
/// libraries, Crypto++'s among them, look each character up in a table and branch on it, which
/// tells the key to whoever shares the cache. This one's time and memory accesses depend on lengths
/// alone, except that a text that is no base64 at all is refused.
struct base64_alphabet {
    int character_62;
    int character_63;
    bool padded;
};
inline constexpr base64_alphabet base64{'+', '/', true};     ///< Section 4.
inline constexpr base64_alphabet base64url{'-', '_', false}; ///< Section 5, without padding.

/// All ones where x lies within the two, else 0; all of them at least 0 and below 256.
constexpr auto base64_within(int x, int low, int high) noexcept -> int {
    return ((low - 1 - x) & (x - high - 1)) >> 8; // only then both differences are negative
}

constexpr auto base64_character(unsigned six, const base64_alphabet& in) noexcept -> char {
    const auto x = static_cast<int>(six);
    return static_cast<char>(
        (base64_within(x, 0, 25) & (x + 'A')) | (base64_within(x, 26, 51) & (x - 26 + 'a')) |
        (base64_within(x, 52, 61) & (x - 52 + '0')) | (base64_within(x, 62, 62) & in.character_62) |
        (base64_within(x, 63, 63) & in.character_63));
}

/// The six bits of a character; over 63 if it is none of the alphabet.
constexpr auto base64_bits(char character, const base64_alphabet& in) noexcept -> unsigned {
    const int c = static_cast<unsigned char>(character);
    int bits = -1; // each range adds one more than its six bits
    bits += base64_within(c, 'A', 'Z') & (c - 'A' + 1);
    bits += base64_within(c, 'a', 'z') & (c - 'a' + 26 + 1);
    bits += base64_within(c, '0', '9') & (c - '0' + 52 + 1);
    bits += base64_within(c, in.character_62, in.character_62) & (62 + 1);
    bits += base64_within(c, in.character_63, in.character_63) & (63 + 1);
    return static_cast<unsigned>(bits);
}

/// How many characters the text of n bytes has.
constexpr auto base64_size(std::size_t n, const base64_alphabet& in = base64) noexcept
    -> std::size_t {
    return in.padded ? (n + 2) / 3 * 4 : (n * 8 + 5) / 6;
}

/// Writes the text of `data` to `out`, which is base64_size(data.size(), in) long.
inline void base64_encode(byte_view data, std::span<char> out,
                          const base64_alphabet& in = base64) noexcept {
    unsigned bits = 0;
    unsigned held = 0;
    std::size_t at = 0;
    for (const auto b : data) {
        bits = (bits << 8) | std::to_integer<unsigned>(b);
        for (held += 8; held >= 6; held -= 6)
            out[at++] = base64_character((bits >> (held - 6)) & 63U, in);
    }
    if (held > 0) out[at++] = base64_character((bits << (6 - held)) & 63U, in);
    while (at < out.size())
        out[at++] = '=';
    wipe(&bits, sizeof bits);
}

/// Fills `out` from exactly its text: any other length, character, padding or a stray bit behind
/// the last byte is refused, with `out` wiped.
[[nodiscard]] inline auto base64_decode(std::string_view text, std::span<std::byte> out,
                                        const base64_alphabet& in = base64) noexcept -> bool {
    if (text.size() != base64_size(out.size(), in)) return wipe(out), false;
    const std::size_t characters = (out.size() * 8 + 5) / 6;
    unsigned bits = 0;
    unsigned held = 0;
    unsigned char all = 0;
    std::size_t at = 0;
    std::array<unsigned char, 64> sixes{};
    for (std::size_t from = 0; from < characters; from += sixes.size()) {
        const auto count = std::min(sixes.size(), characters - from);
        for (std::size_t i = 0; i < count; ++i) { // which the compiler does many at once of
            const auto six = static_cast<unsigned char>(base64_bits(text[from + i], in));
            all |= six;
            sixes[i] = six;
        }
        for (std::size_t i = 0; i < count; ++i) {
            bits = (bits << 6) | sixes[i];
            held += 6;
            if (held >= 8) {
                held -= 8;
                out[at++] = static_cast<std::byte>(bits >> held);
            }
        }
    }
    wipe(sixes.data(), sixes.size());
    unsigned wrong = (all & ~63U) | (bits & ((1U << held) - 1));
    for (std::size_t i = characters; i < text.size(); ++i)
        wrong |= static_cast<unsigned>(text[i] != '=');
    wipe(&bits, sizeof bits);
    if (wrong != 0) wipe(out);
    return wrong == 0;
}

/// The text of a value, padded where the alphabet is.
inline auto base64_text(byte_view data, const base64_alphabet& in = base64) -> wiped_text {
    const auto size = base64_size(data.size(), in);
    auto text = wiped_text_for(size);
    text.resize(size);
    base64_encode(data, text, in);
    return text;
}

/// The value of a padded text; nullopt if it is none.
inline auto base64_value(std::string_view text) -> std::optional<wiped_bytes> {
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    if (text.size() % 4 != 0) return std::nullopt;
    wiped_bytes value(text.size() / 4 * 3 - padding);
    if (!base64_decode(text, value)) return std::nullopt;
    return value;
}

} // namespace coffer::inline COFFER_ABI::detail

#endif
