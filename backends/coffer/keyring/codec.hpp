// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_CODEC_HPP
#define COFFER_KEYRING_CODEC_HPP

#include <coffer/bytes.hpp>
#include <coffer/detail/base64.hpp>
#include <coffer/format/codec.hpp>

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
    if (text.size() % 2 != 0) return std::nullopt;
    bytes out(text.size() / 2);
    if (!format::from_hex(text, out)) return std::nullopt;
    return out;
}

} // namespace coffer::inline COFFER_ABI::keyring

#endif
