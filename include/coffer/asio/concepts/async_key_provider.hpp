// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_CONCEPTS_ASYNC_KEY_PROVIDER_HPP
#define COFFER_ASIO_CONCEPTS_ASYNC_KEY_PROVIDER_HPP

#include <coffer/asio/detail/archetype_handler.hpp>
#include <coffer/concepts/key_provider.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <string>
#include <utility>

namespace coffer::inline COFFER_ABI::asio {

/// A KeyProvider whose calls take a completion token of Boost.Asio: an HSM or a KMS behind a
/// network. `lift` makes one of any KeyProvider, `block_on` a KeyProvider of any AsyncKeyProvider.
///
/// Syntactic requirements
///  - k.async_key_for(environment, token), completed with `void(result<std::string>)`
///  - k.async_wrap(kek_id, dek, aad, token), completed with `void(result<bytes>)`
///  - k.async_unwrap(kek_id, environment, wrapped, aad, token), completed with
///    `void(result<key_bytes>)`
///
/// Laws: those of KeyProvider (K1 to K7) for what is answered, and N1 to N4 of AsyncStore, each
/// call as a load.
///
/// Errors: those of KeyProvider, and cancelled.
/// Thread safety: a handle; calls may be initiated from several threads at once, copies are the
/// same keys.
/// Lifetime: the handle has to live until the handler is called, the context longer. The DEK that
/// async_wrap takes is wiped by whoever held it last; the one that async_unwrap answers, too.
///
/// Conforming signatures:
///
///     struct my_keys {
///         template <class Token>
///         auto async_key_for(std::string environment, Token&&);
///         template <class Token>
///         auto async_wrap(std::string kek_id, key_bytes dek, bytes aad, Token&&);
///         template <class Token>
///         auto async_unwrap(std::string kek_id, std::string environment, bytes wrapped, bytes aad,
///                           Token&&);
///         boost::asio::any_io_executor get_executor() const noexcept;
///     };
///     static_assert(coffer::asio::AsyncKeyProvider<my_keys>);
///
/// Example: tests/support/async_fakes.hpp.
///
/// Conformance: coffer/asio/testing/async_laws.hpp for N1 to N4, and run_key_provider_laws over
/// block_on of it for K1 to K7. Refined by AsyncAnchoringKeyProvider.
template <class K>
concept AsyncKeyProvider = std::copy_constructible<K> &&
    requires(K& k, std::string text, key_bytes dek, bytes data,
             detail::archetype_handler<result<std::string>> key_id_token,
             detail::archetype_handler<result<bytes>> wrapped_token,
             detail::archetype_handler<result<key_bytes>> dek_token) {
    k.async_key_for(text, std::move(key_id_token));
    k.async_wrap(text, std::move(dek), data, std::move(wrapped_token));
    k.async_unwrap(text, text, data, data, std::move(dek_token));
    { k.get_executor() }
    noexcept->std::convertible_to<boost::asio::any_io_executor>;
};

} // namespace coffer::inline COFFER_ABI::asio

#endif
