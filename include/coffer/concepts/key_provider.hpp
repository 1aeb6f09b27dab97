// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_KEY_PROVIDER_HPP
#define COFFER_CONCEPTS_KEY_PROVIDER_HPP

#include <coffer/bytes.hpp>
#include <coffer/result.hpp>

#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI {

/// Where the keys live, apart from the data: wraps and unwraps data keys (DEKs) under
/// key-encryption keys (KEKs) that it never hands out, so that an HSM, a KMS or a PKCS#11 token can
/// model it.
///
/// Syntactic requirements
///  - key_for(environment): the id of the KEK under which a new DEK of that environment is wrapped.
///    It is asked when an environment is made or gets a new DEK, and may enrol the environment with
///    a KEK if the provider's owner allowed that; nothing that is merely read enrols anything.
///  - wrap(kek_id, dek, aad), unwrap(kek_id, environment, wrapped, aad): 16 to 4,096 bytes wrapped.
///
/// Laws (conformance: coffer/testing/key_provider_laws.hpp)
///  K1 unwrap(id, e, wrap(id, dek, aad), aad) is dek, where id = key_for(e).
///  K2 AAD is authenticated: another AAD, one bit of the wrapped bytes changed, or cut, is
///     `tampered`. (A mechanism without AAD, such as AES-KW, is no model.)
///  K3 **The key side decides.** Every KEK lists the environments that it may speak for. A KEK id
///     that the provider does not know, or that is not for `environment`, is `unknown_key`, before
///     any cryptography: ids and wrapped bytes come from the datastore and are an attacker's text.
///  K4 A disabled or destroyed KEK is `key_disabled` for both directions; a decrypt-only one unwraps,
///     and wrapping under it is `key_disabled`. key_for never answers one that can't wrap.
///  K5 Two wraps of the same DEK differ.
///  K6 A wrapped DEK opens under its own KEK alone (it commits to the KEK).
///  K7 No error and no text ever holds key material.
///
/// Errors: unknown_key, key_disabled, tampered, unavailable, timed_out, denied, invalid_argument.
/// Thread safety: all members callable from several threads at once.
/// Lifetime: arguments are read during the call. unwrap's answer is wiped by its owner; the
/// provider wipes its own copies of DEKs before it returns and its KEKs on destruction.
///
/// Conforming signatures:
///
///     struct my_keys {
///         result<std::string> key_for(std::string_view environment);
///         result<bytes> wrap(std::string_view kek_id, std::span<const std::byte, 32> dek,
///                            byte_view aad);
///         result<key_bytes> unwrap(std::string_view kek_id, std::string_view environment,
///                                  byte_view wrapped, byte_view aad);
///     };
///     static_assert(coffer::KeyProvider<my_keys>);
///
/// Example: backends/coffer/keyring. Refined by AnchoringKeyProvider.
template <class K>
concept KeyProvider = requires(K& k, std::string_view text, std::span<const std::byte, 32> dek,
                               byte_view data) {
    { k.key_for(text) } -> std::same_as<result<std::string>>;
    { k.wrap(text, dek, data) } -> std::same_as<result<bytes>>;
    { k.unwrap(text, text, data, data) } -> std::same_as<result<key_bytes>>;
};

} // namespace coffer::inline COFFER_ABI

#endif
