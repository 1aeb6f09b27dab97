// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_OBJECT_HPP
#define COFFER_FORMAT_OBJECT_HPP

#include <coffer/format/entry.hpp>
#include <coffer/result.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace coffer::inline COFFER_ABI::format {

enum class object_kind : std::uint8_t { root = 1, page = 2, record = 3 };

inline constexpr std::size_t object_prefix = 8; ///< Magic, format and DEK number.
inline constexpr std::size_t object_tag = 16;
inline constexpr std::array object_magic{std::byte{0x43}, std::byte{0x46}, std::byte{0x4F},
                                         std::byte{1}};

/// The length to which a plain of `size` bytes is padded: steps of an eighth of its power of two,
/// at least 32 for records and 512 for root and pages.
constexpr auto padded_size(object_kind kind, std::size_t size) noexcept -> std::size_t {
    const std::size_t least = kind == object_kind::record ? 32 : 512;
    const auto log2 = static_cast<unsigned>(std::bit_width(size)) - 1;
    const std::size_t step = std::max(least, log2 >= 3 ? std::size_t{1} << (log2 - 3) : 1);
    return (size + step - 1) / step * step;
}

/// The parts of a sealed object, views into it.
struct object_parts {
    std::uint32_t dek = 0;
    byte_view prefix{};
    byte_view rest{}; ///< nonce ‖ ciphertext ‖ tag
};

/// Errors: tampered (no Coffer object), unsupported (another format).
inline auto parse_object(byte_view data) -> result<object_parts> {
    if (data.size() < object_prefix ||
        !std::equal(object_magic.begin(), object_magic.end() - 1, data.begin()))
        return errc::tampered;
    if (data[3] != object_magic[3]) return errc::unsupported;
    reader in(data.subspan(4, 4));
    return object_parts{in.u32(), data.first(object_prefix), data.subspan(object_prefix)};
}

inline auto object_prefix_of(std::uint32_t dek) -> std::array<std::byte, object_prefix> {
    std::array<std::byte, object_prefix> out{};
    std::copy(object_magic.begin(), object_magic.end(), out.begin());
    for (std::size_t i = 0; i < 4; ++i)
        out[4 + i] = static_cast<std::byte>(dek >> (8 * (3 - i)));
    return out;
}

/// AAD of an object: its first 8 bytes, its kind and, for a record, its place: entry and version.
inline auto object_aad(byte_view prefix, object_kind kind) -> bytes {
    bytes out;
    writer(out).raw(prefix).u8(static_cast<std::uint8_t>(kind));
    return out;
}
inline auto record_aad(byte_view prefix, const entry_key& key, std::uint64_t version) -> bytes {
    bytes out;
    out.reserve(prefix.size() + 1 + key.encoded_size() + 8);
    writer w(out);
    w.raw(prefix).u8(static_cast<std::uint8_t>(object_kind::record));
    key.write(w);
    w.u64(version);
    return out;
}

/// Where the body lies in an opened plain.
struct body_extent {
    std::size_t offset = 4;
    std::size_t size = 0;
};

/// Where the body lies in an opened plain of at least 4 bytes; false if length or padding are
/// wrong.
[[nodiscard]] inline auto plain_body(object_kind kind, byte_view plain, body_extent& out) noexcept
    -> bool {
    const auto at = [&](std::size_t i) { return std::to_integer<std::uint32_t>(plain[i]); };
    const std::size_t size = at(0) << 24 | at(1) << 16 | at(2) << 8 | at(3);
    if (size > plain.size() - 4 || padded_size(kind, 4 + size) != plain.size()) return false;
    // All zeros: the first is, and each equals the one before it.
    const auto padding = plain.subspan(4 + size);
    if (!padding.empty() &&
        (padding[0] != std::byte{0} ||
         std::memcmp(padding.data(), padding.data() + 1, padding.size() - 1) != 0))
        return false;
    out = {4, size};
    return true;
}

} // namespace coffer::inline COFFER_ABI::format

#endif
