// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_SUBKEYS_HPP
#define COFFER_FORMAT_SUBKEYS_HPP

#include <coffer/format/codec.hpp>
#include <coffer/format/hkdf.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::format {

/// What a DEK belongs to; each of its subkeys is bound to all of it.
struct dek_binding {
    std::string_view realm{};
    std::string_view environment{};
    std::uint32_t number = 1;
    std::uint8_t cipher = 1;
};

/// The key of one use of a DEK: "commit", "head", "root", "page", "record", "nonce", "fingerprint".
template <Cipher C>
auto derive_subkey(const C& cipher, std::span<const std::byte, 32> dek, std::string_view label,
                   const dek_binding& of) -> key_bytes {
    bytes info;
    writer(info).b16(label).b16(of.realm).b16(of.environment).u32(of.number).u8(of.cipher);
    key_bytes out;
    [[maybe_unused]] const bool filled =
        hkdf_sha256(cipher, dek, as_bytes("coffer/1"), info, out.span());
    assert(filled);
    return out;
}

/// The AAD under which a provider wraps a DEK.
inline auto wrap_aad(const dek_binding& of, std::string_view kek_id) -> bytes {
    bytes aad;
    writer(aad)
        .b16("coffer/1 dek")
        .b16(of.realm)
        .b16(of.environment)
        .u32(of.number)
        .u8(of.cipher)
        .b16(kek_id);
    return aad;
}

/// The name of an environment's partition: its id as far as it is plain, and 16 hex digits of
/// SHA-256(realm ‖ 0 ‖ id), so that ids which differ only in case or punctuation keep apart.
template <Cipher C>
auto partition_name(const C& cipher, std::string_view realm, std::string_view environment)
    -> std::string {
    std::string name;
    for (const char c : environment.substr(0, 64)) {
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == '-';
        name.push_back(plain ? c : '-');
    }
    bytes input;
    writer(input).raw(as_bytes(realm)).u8(0).raw(as_bytes(environment));
    return name.append(".").append(to_hex(byte_view(cipher.sha256(input)).first(8)));
}

} // namespace coffer::inline COFFER_ABI::format

#endif
