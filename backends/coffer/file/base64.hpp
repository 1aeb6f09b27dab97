// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FILE_BASE64_HPP
#define COFFER_FILE_BASE64_HPP

#include <coffer/bytes.hpp>
#include <coffer/detail/base64.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// The padded base64 of RFC 4648 §4, by tables: not constant-time, for sealed bytes alone
/// (detail/base64.hpp is for keys). Written here because a document is mostly this, and a put waits
/// for it: the iterators of Boost.Serialization take ten times as long.
namespace coffer::inline COFFER_ABI::file {

namespace detail {
inline constexpr std::string_view base64_digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
inline constexpr std::uint8_t no_base64 = 64;
/// The six bits of each character, or no_base64.
inline constexpr auto base64_bits = [] {
    std::array<std::uint8_t, 256> bits{};
    bits.fill(no_base64);
    for (std::uint8_t i = 0; i < base64_digits.size(); ++i)
        bits[static_cast<unsigned char>(base64_digits[i])] = i;
    return bits;
}();
inline auto bits_of(char c) noexcept -> std::uint32_t {
    return base64_bits[static_cast<unsigned char>(c)];
}
/// How many `=` a text ends with.
inline auto base64_padding(std::string_view text) noexcept -> std::size_t {
    return text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
}
} // namespace detail

using coffer::detail::base64_size;

/// Appends the base64 of `data`.
inline void append_base64(std::string& to, byte_view data) {
    const auto begin = to.size();
    to.resize(begin + base64_size(data.size()), '=');
    auto* out = to.data() + begin;
    const auto* in = data.data();
    const auto at = [&in](std::size_t i) { return std::to_integer<std::uint32_t>(in[i]); };
    const auto digit = [](std::uint32_t bits) { return detail::base64_digits[bits & 63U]; };
    for (const auto* whole = in + data.size() / 3 * 3; in != whole; in += 3, out += 4) {
        const auto group = at(0) << 16 | at(1) << 8 | at(2);
        out[0] = digit(group >> 18);
        out[1] = digit(group >> 12);
        out[2] = digit(group >> 6);
        out[3] = digit(group);
    }
    const auto left = data.size() % 3;
    if (left == 0) return;
    const auto group = at(0) << 16 | (left == 2 ? at(1) << 8 : 0);
    out[0] = digit(group >> 18);
    out[1] = digit(group >> 12);
    if (left == 2) out[2] = digit(group >> 6);
}

/// Decodes text for which is_base64 holds.
inline auto from_base64(std::string_view text) -> bytes {
    bytes data(text.size() / 4 * 3 - detail::base64_padding(text));
    auto* out = data.data();
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k)
            group = group << 6 | (detail::bits_of(text[i + k]) & 63U); // '=' is zero bits
        const auto left = static_cast<std::size_t>(data.data() + data.size() - out);
        for (std::size_t k = 0; k < std::min<std::size_t>(left, 3); ++k)
            *out++ = static_cast<std::byte>(group >> (16 - 8 * k));
    }
    return data;
}

/// The one base64 text of some bytes: whole groups of the standard alphabet, padded, and no stray
/// bits in front of the padding.
inline auto is_base64(std::string_view text) noexcept -> bool {
    if (text.size() % 4 != 0) return false;
    const auto padding = detail::base64_padding(text);
    const auto body = text.substr(0, text.size() - padding);
    if (!std::all_of(body.begin(), body.end(),
                     [](char c) { return detail::bits_of(c) != detail::no_base64; }))
        return false;
    const std::uint32_t stray = padding == 2 ? 15U : padding == 1 ? 3U : 0U;
    return body.empty() ? text.empty() : (detail::bits_of(body.back()) & stray) == 0;
}

} // namespace coffer::inline COFFER_ABI::file

#endif
