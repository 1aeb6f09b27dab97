// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_KEK_WRAP_HPP
#define COFFER_FORMAT_KEK_WRAP_HPP

#include <coffer/format/codec.hpp>
#include <coffer/format/hkdf.hpp>

#include <cstddef>
#include <span>

namespace coffer::inline COFFER_ABI::format {

/// How a provider that holds a 32-byte KEK in software wraps a DEK (docs/format.md, Keys):
///
///     wrapped = u8 1 ‖ salt[32] ‖ commit[32] ‖ ct[32] ‖ tag[16]
///     okm     = HKDF(KEK, salt, b16("coffer/1 wrap") ‖ aad, 76) = key[32] ‖ nonce[12] ‖ commit[32]
///     ct, tag = AES-256-GCM(key, nonce, aad, DEK)
///
/// A fresh key for each wrap: no nonce limit. The commitment ties the bytes to one KEK, which
/// AES-GCM alone does not (one text can be made that opens under two keys).
inline constexpr std::size_t software_wrap_size = 113;

namespace detail {

/// What is derived from the KEK for one wrap; wiped.
struct wrap_okm {
    wiped_array<76> bytes{};

    auto key() const noexcept -> std::span<const std::byte, 32> { return bytes.view().first<32>(); }
    auto nonce() const noexcept -> std::span<const std::byte, 12> {
        return bytes.view().subspan<32, 12>();
    }
    auto commit() const noexcept -> std::span<const std::byte, 32> {
        return bytes.view().last<32>();
    }
};

template <Cipher Aes256Gcm>
auto derive_wrap(const Aes256Gcm& cipher, std::span<const std::byte, 32> kek, byte_view salt,
                 byte_view aad) -> result<wrap_okm> {
    static_assert(Aes256Gcm::id == 1 && Aes256Gcm::nonce_size == 12,
                  "the software wrap of format 1 is made of AES-256-GCM");
    bytes info;
    writer(info).b16("coffer/1 wrap").raw(aad);
    wrap_okm okm;
    if (!hkdf_sha256(cipher, kek, salt, info, okm.bytes.span())) return errc::unsupported;
    return okm;
}

} // namespace detail

/// Wraps a DEK under a KEK, bound to `aad`: 113 bytes, different each time. Errors: those of the
/// cipher (`unsupported` on this machine, `unavailable` without randomness). Thread-safe.
template <Cipher Aes256Gcm>
auto wrap_dek(const Aes256Gcm& cipher, std::span<const std::byte, 32> kek,
              std::span<const std::byte, 32> dek, byte_view aad) -> result<bytes> {
    std::array<std::byte, 32> salt{};
    if (auto filled = cipher.random(salt); !filled) return filled.error();
    auto okm = detail::derive_wrap(cipher, kek, salt, aad);
    if (!okm) return okm.error();
    auto keyed = cipher.key(okm->key());
    if (!keyed) return keyed.error();
    std::array<std::byte, 32> sealed{};
    std::array<std::byte, 16> tag{};
    if (auto done = keyed->seal(okm->nonce(), aad, dek, sealed, tag); !done) return done.error();
    bytes wrapped;
    wrapped.reserve(software_wrap_size);
    writer(wrapped).u8(1).raw(salt).raw(okm->commit()).raw(sealed).raw(tag);
    return wrapped;
}

/// Unwraps what wrap_dek made under the same KEK and `aad`. All else is `tampered`: another length
/// or kind, another KEK (the commitment is compared first, in constant time), any changed bit.
/// Errors also: `unsupported` on this machine.
template <Cipher Aes256Gcm>
auto unwrap_dek(const Aes256Gcm& cipher, std::span<const std::byte, 32> kek, byte_view wrapped,
                byte_view aad) -> result<key_bytes> {
    if (wrapped.size() != software_wrap_size || wrapped[0] != std::byte{1}) return errc::tampered;
    auto okm = detail::derive_wrap(cipher, kek, wrapped.subspan(1, 32), aad);
    if (!okm) return okm.error();
    if (!equal_constant_time(okm->commit(), wrapped.subspan(33, 32))) return errc::tampered;
    auto keyed = cipher.key(okm->key());
    if (!keyed) return keyed.error();
    key_bytes dek;
    const auto tag = wrapped.template last<16>();
    if (!keyed->open(okm->nonce(), aad, wrapped.subspan(65, 32), tag, dek.span()))
        return errc::tampered;
    return dek;
}

} // namespace coffer::inline COFFER_ABI::format

#endif
