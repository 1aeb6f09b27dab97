// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_CIPHER_HPP
#define COFFER_CONCEPTS_CIPHER_HPP

#include <coffer/bytes.hpp>
#include <coffer/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace coffer::inline COFFER_ABI {

/// A SHA-256 or an HMAC-SHA256.
using digest = std::array<std::byte, 32>;

/// A key that was made ready: seals and opens. Wiped on destruction, move-only, used by one thread
/// at a time (the core keeps a few per key and lends them out, since keying costs several opens).
template <class K, std::size_t NonceSize>
concept KeyedCipher = std::movable<K> && !std::copyable<K> &&
                      requires(K & k, std::span<const std::byte, NonceSize> nonce, byte_view in,
                               std::span<std::byte> out, std::span<std::byte, 16> new_tag,
                               std::span<const std::byte, 16> tag) {
    { k.seal(nonce, in, in, out, new_tag) } -> std::same_as<result<void>>;
    { k.open(nonce, in, in, tag, out) } -> std::same_as<bool>;
    // A short tag, one of any length, or another nonce size does not compile.
    requires !requires(std::span<std::byte, 12> short_new_tag) {
        k.seal(nonce, in, in, out, short_new_tag);
    };
    requires !requires(std::span<std::byte> any_new_tag) {
        k.seal(nonce, in, in, out, any_new_tag);
    };
    requires !requires(std::span<const std::byte, NonceSize + 4> other_to_seal) {
        k.seal(other_to_seal, in, in, out, new_tag);
    };
    requires !requires(byte_view any_to_seal) {
        k.seal(any_to_seal, in, in, out, new_tag);
    };
    requires !requires(std::span<const std::byte, 12> short_tag) {
        k.open(nonce, in, in, short_tag, out);
    };
    requires !requires(byte_view any_tag) {
        k.open(nonce, in, in, any_tag, out);
    };
    requires !requires(std::span<const std::byte, NonceSize + 4> other) {
        k.open(other, in, in, tag, out);
    };
    requires !requires(byte_view any_nonce) {
        k.open(any_nonce, in, in, tag, out);
    };
};

/// How values are sealed: one AEAD (RFC 5116) with fixed key, nonce and tag sizes, and the hash,
/// HMAC and random generator of the same library, so that the core needs none of its own.
///
/// Syntactic requirements
///  - `C::id`: 1 AES-256-GCM, 2 XChaCha20-Poly1305, 3 ChaCha20-Poly1305 (docs/format.md); what is
///    written into a head. `C::nonce_size`: 12 or 24.
///  - `c.key(span<const byte, 32>)` makes the keyed cipher; `unsupported` if this machine can't do
///    it safely (AES-GCM without AES and carry-less multiplication instructions).
///  - `keyed.seal(nonce, aad, plain, out, tag)`, `keyed.open(nonce, aad, sealed, tag, out)`: fixed
///    extents for nonce and tag; `out` is exactly as long as the input; in and out don't overlap.
///  - `c.sha256(data)`, `c.hmac_sha256(key, data)`, `c.random(out)`.
///  - Optional: `typename C::also_opens`, a `cipher_list<…>` of further ciphers of the same
///    library: DEKs that were made under those are opened with them, new ones are made under C.
///
/// Laws (conformance: coffer/testing/cipher_laws.hpp)
///  C1 open(seal(x)) is x, for every length from 0 to 1 MiB and every AAD length, empty included.
///  C2 A sealed text, tag, nonce, AAD or key with one bit changed does not open.
///  C3 open is all or nothing: where it answers false, `out` holds zeros, no unverified plaintext.
///  C4 Seal is deterministic in (key, nonce, AAD, plain): it adds no randomness and keeps no state.
///  C5 A keyed cipher may be used any number of times, seal and open mixed, in any order.
///  C6 sha256 and hmac_sha256 give the published vectors (FIPS 180-4, RFC 4231).
///  C7 random comes from the kernel's generator on each call (no user-space pool: those repeat
///     after fork); two calls, also in a forked child, differ; a failure is `unavailable`, never
///     weak bytes.
///  C8 Known answers of the algorithm that `id` names (NIST GCM, RFC 8439, draft-irtf-cfrg-xchacha).
///
/// Errors: unsupported from key, unavailable from random; seal fails only where the library does.
/// Thread safety: the cipher itself is a stateless value, all members const and callable from any
/// thread; a keyed cipher is for one thread at a time.
/// Lifetime: the keyed cipher keeps its own copy of the key and wipes it. Plaintext buffers belong
/// to the caller, who wipes them.
///
/// Conforming signatures:
///
///     struct my_cipher {
///         static constexpr std::uint8_t id = 1;
///         static constexpr std::size_t nonce_size = 12;
///         class keyed {
///         public:
///             result<void> seal(std::span<const std::byte, 12> nonce, byte_view aad,
///                               byte_view plain, std::span<std::byte> out,
///                               std::span<std::byte, 16> tag);
///             bool open(std::span<const std::byte, 12> nonce, byte_view aad, byte_view sealed,
///                       std::span<const std::byte, 16> tag, std::span<std::byte> out);
///         };
///         result<keyed> key(std::span<const std::byte, 32> key) const;
///         digest sha256(byte_view data) const;
///         digest hmac_sha256(byte_view key, byte_view data) const;
///         result<void> random(std::span<std::byte> out) const;
///     };
///     static_assert(coffer::Cipher<my_cipher>);
///
/// Example: backends/coffer/cryptopp.
template <class C>
concept Cipher = std::copyable<C> && requires(const C& c, std::span<const std::byte, 32> key,
                                              byte_view in, std::span<std::byte> out) {
    { C::id } -> std::convertible_to<std::uint8_t>;
    { C::nonce_size } -> std::convertible_to<std::size_t>;
    requires C::id >= 1 && C::id <= 3 && C::nonce_size == (C::id == 2 ? 24 : 12);
    requires KeyedCipher<typename C::keyed, C::nonce_size>;
    { c.key(key) } -> std::same_as<result<typename C::keyed>>;
    { c.sha256(in) } -> std::same_as<digest>;
    { c.hmac_sha256(in, in) } -> std::same_as<digest>;
    { c.random(out) } -> std::same_as<result<void>>;
    requires !requires(std::span<const std::byte, 16> short_key) {
        c.key(short_key);
    };
};

/// Names the further ciphers that a cipher's library can open with: see Cipher, `also_opens`.
template <class... Ciphers>
struct cipher_list {};

} // namespace coffer::inline COFFER_ABI

#endif
