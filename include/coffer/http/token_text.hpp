// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_TOKEN_TEXT_HPP
#define COFFER_HTTP_TOKEN_TEXT_HPP

#include <coffer/any_vault.hpp>
#include <coffer/detail/base64.hpp>
#include <coffer/secret.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// A bearer token taken apart: `cof_<id>_<secret>_<crc>`, 12 characters of 0-9 and a-z for the id,
/// 43 of base64url for 256 secret bits, 8 hexadecimal digits of CRC-32 (ISO-HDLC) over all that
/// stands before them. The fixed beginning and the checksum let scanners of repositories and logs
/// tell a token from noise; neither protects anything.
struct token_text {
    std::string id{};
    key_bytes secret{};
};

inline constexpr std::string_view token_prefix = "cof_";
/// The tokens of sessions of the page begin so, and are of the same form otherwise.
inline constexpr std::string_view session_prefix = "cofs_";

namespace detail {

inline constexpr std::size_t token_id_size = 12;
inline constexpr std::size_t token_secret_size = 43;
inline constexpr std::size_t token_crc_size = 8;

/// Letters that no eye takes for another.
inline constexpr std::string_view id_letters = "0123456789abcdefghjkmnpqrstvwxyz";
inline constexpr auto is_id_letter = [] {
    std::array<bool, 256> out{};
    for (const char c : id_letters)
        out[static_cast<unsigned char>(c)] = true;
    return out;
}();
/// Whether a text has the form of a token's id, which is no secret.
constexpr auto is_token_id(std::string_view text) noexcept -> bool {
    return text.size() == token_id_size && std::ranges::all_of(text, [](char c) {
               return is_id_letter[static_cast<unsigned char>(c)];
           });
}

inline constexpr std::size_t most_crc_bytes = 64;

/// What bit [b] of byte [n] of so many does to a CRC-32 as zlib has it.
inline constexpr auto crc_of_bits = [] {
    std::array<std::array<std::uint32_t, most_crc_bytes>, 8> out{};
    for (std::size_t b = 0; b < out.size(); ++b) {
        auto crc = std::uint32_t{1} << b;
        for (std::size_t n = most_crc_bytes; n-- > 0; out[b][n] = crc)
            for (int step = 0; step < 8; ++step)
                crc = (crc >> 1) ^ (0xEDB88320U & (0U - (crc & 1U)));
    }
    return out;
}();

/// CRC-32 as zlib has it, of at most that many bytes: each bit for itself, so that no table is
/// indexed by a secret and many bits are done at once.
inline auto token_crc(std::string_view text) noexcept -> std::array<char, token_crc_size> {
    assert(text.size() <= most_crc_bytes);
    // To begin with all ones is to invert the first four bytes; zeros before them then do nothing.
    std::array<unsigned char, most_crc_bytes> bytes{};
    const auto first = static_cast<unsigned>(bytes.size() - text.size());
    std::copy(text.begin(), text.end(), bytes.data() + first);
    for (unsigned i = 0; i < bytes.size(); ++i)
        bytes[i] ^= i - first < 4 ? 0xFFU : 0U;
    auto crc = text.size() < 4 ? 0xFFFFFFFFU >> (8 * text.size()) : 0U;
    for (std::size_t n = 0; n < bytes.size(); ++n)
        for (std::size_t b = 0; b < crc_of_bits.size(); ++b)
            crc ^= crc_of_bits[b][n] & (0U - ((bytes[n] >> b) & 1U));
    wipe(bytes.data(), bytes.size());
    crc = ~crc;
    std::array<char, token_crc_size> out{};
    for (std::size_t i = 0; i < out.size(); ++i) {
        const auto digit = (crc >> (28 - 4 * i)) & 15U;
        out[i] = static_cast<char>('0' + digit + (((9 - digit) >> 8) & ('a' - '0' - 10U)));
    }
    return out;
}

} // namespace detail

/// A random id. Errors: those of the cipher's generator.
inline auto make_token_id(const any_vault& vault) -> result<std::string> {
    std::array<std::byte, detail::token_id_size> noise{};
    if (auto made = vault->random(noise); !made) return made.error();
    std::string id;
    for (const auto b : noise)
        id += detail::id_letters[std::to_integer<std::size_t>(b) % detail::id_letters.size()];
    return id;
}

/// The text of a token.
inline auto token_of(std::string_view prefix, std::string_view id,
                     std::span<const std::byte, 32> key) -> secret {
    std::array<char, 96> text{};
    std::size_t size = 0;
    const auto add = [&](std::string_view part) {
        part.copy(text.data() + size, part.size());
        size += part.size();
    };
    add(prefix);
    add(id);
    add("_");
    coffer::detail::base64_encode(key, {text.data() + size, detail::token_secret_size},
                                  coffer::detail::base64url);
    size += detail::token_secret_size;
    auto crc = detail::token_crc({text.data(), size});
    add("_");
    add({crc.data(), crc.size()});
    secret out(std::string_view(text.data(), size));
    wipe(text.data(), text.size());
    wipe(crc.data(), crc.size());
    return out;
}

/// Takes a text apart that is a token by its form; nothing else is. Whether there is such a token
/// is another matter.
inline auto parse_token(std::string_view prefix, std::string_view text)
    -> std::optional<token_text> {
    using namespace detail;
    const auto size = prefix.size() + token_id_size + token_secret_size + token_crc_size + 2;
    if (text.size() != size || !text.starts_with(prefix)) return std::nullopt;
    const auto id = text.substr(prefix.size(), token_id_size);
    if (!is_token_id(id)) return std::nullopt;
    const auto at = prefix.size() + token_id_size + 1;
    const auto end = at + token_secret_size;
    if (text[at - 1] != '_' || text[end] != '_') return std::nullopt;
    auto crc = token_crc(text.substr(0, end));
    const bool whole =
        equal_constant_time(as_bytes({crc.data(), crc.size()}), as_bytes(text.substr(end + 1)));
    wipe(crc.data(), crc.size());
    token_text out;
    if (!whole || !coffer::detail::base64_decode(text.substr(at, token_secret_size),
                                                 out.secret.span(), coffer::detail::base64url))
        return std::nullopt;
    out.id = id;
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
