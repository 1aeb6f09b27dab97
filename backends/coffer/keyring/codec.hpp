// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_CODEC_HPP
#define COFFER_KEYRING_CODEC_HPP

#include <coffer/bytes.hpp>
#include <coffer/detail/base64.hpp>

#include <cstddef>
#include <optional>
#include <string_view>

namespace coffer::inline COFFER_ABI::keyring {

/// Base64 for key material: see detail/base64.hpp.
using coffer::detail::base64_decode;
using coffer::detail::base64_encode;
using coffer::detail::base64_size;

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
