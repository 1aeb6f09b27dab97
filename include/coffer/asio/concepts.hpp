// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_CONCEPTS_HPP
#define COFFER_ASIO_CONCEPTS_HPP

#include <coffer/concepts/anchoring_key_provider.hpp>
#include <coffer/concepts/listable_store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::asio {

/// The writes of a commit: shared and constant, since the same ones may have to be sent again.
using shared_writes = std::shared_ptr<const std::vector<object_write>>;

namespace detail {
/// The least that a completion token may be: a move-only function object without associations.
template <class Result>
struct archetype_handler {
    archetype_handler() = default;
    archetype_handler(archetype_handler&&) = default;
    auto operator=(archetype_handler&&) -> archetype_handler& = default;
    void operator()(Result) {}
};
} // namespace detail

/// A store that can be read without blocking a thread. See AsyncStore for the laws.
template <class S>
concept AsyncReadableStore = std::copy_constructible<S> &&
    requires(S& s, std::string partition, std::vector<std::string> keys,
             detail::archetype_handler<result<cut>> token) {
    s.async_load(std::move(partition), std::move(keys), std::move(token));
    { s.limits() }
    noexcept->std::same_as<store_limits>;
    { s.get_executor() }
    noexcept->std::convertible_to<boost::asio::any_io_executor>;
};

/// A Store whose calls take a completion token of Boost.Asio instead of blocking: what a driver of
/// a store's protocol models. `lift` makes one of any Store, `block_on` a Store of any AsyncStore.
///
/// Syntactic requirements: see the two concepts. Completion signatures are `void(result<cut>)` and
/// `void(result<commit_outcome>)`; there is no separate error_code.
///
/// Laws: those of Store (S1 to S16) for what is answered, and
///  N1 Arguments are taken by value: nothing of the caller's has to outlive the initiating call.
///  N2 The handler is called exactly once, never inside the initiating call, on its associated
///     executor, else on get_executor().
///  N3 Cancellation (terminal, partial or total) of a load answers `cancelled`, or the load's own
///     answer. A commit that was not sent answers `cancelled`; one that was sent answers
///     truthfully, and what can't be known is `unknown`.
///  N4 Destroying the context drops handlers that wait, as Asio does; a commit may then still land.
///
/// Errors: those of Store, and cancelled.
/// Thread safety: a handle; calls may be initiated from several threads at once, copies are the
/// same store. Lifetime: the handle has to live until the handler is called, the context longer.
///
/// Conforming signatures:
///
///     struct my_store {
///         template <class Token>
///         auto async_load(std::string partition, std::vector<std::string> keys, Token&&);
///         template <class Token>
///         auto async_commit(std::string partition, revision expected, revision next,
///                           shared_writes writes, Token&&);
///         store_limits limits() const noexcept;
///         boost::asio::any_io_executor get_executor() const noexcept;
///     };
///     static_assert(coffer::asio::AsyncStore<my_store>);
///
/// Example: tests/support/async_fakes.hpp.
///
/// Conformance: coffer/asio/testing/async_laws.hpp for N1 to N4, and run_store_laws over block_on of
/// it for S1 to S16.
template <class S>
concept AsyncStore = AsyncReadableStore<S> &&
    requires(S& s, std::string partition, revision r, shared_writes writes,
             detail::archetype_handler<result<commit_outcome>> token) {
    s.async_commit(std::move(partition), r, r, std::move(writes), std::move(token));
};

/// An AsyncReadableStore that can also say what it holds (see ListableStore, laws L1 and L2), with
/// the signatures `void(result<listing>)` and `void(result<std::vector<std::string>>)`.
template <class S>
concept AsyncListableStore = AsyncReadableStore<S> &&
    requires(S& s, std::string partition, detail::archetype_handler<result<listing>> list_token,
             detail::archetype_handler<result<std::vector<std::string>>> names_token) {
    s.async_list(std::move(partition), std::move(list_token));
    s.async_partitions(std::move(names_token));
};

/// A KeyProvider whose calls take a completion token: an HSM or a KMS behind a network.
///
/// Laws: those of KeyProvider (K1 to K7), and N1 to N4 of AsyncStore as far as they apply. The DEK
/// that async_wrap takes is wiped by whoever held it last; the one that async_unwrap answers, too.
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
/// Example: tests/support/async_fakes.hpp. Conformance: coffer/asio/testing/async_laws.hpp for N1 to
/// N4, and run_key_provider_laws over block_on of it for K1 to K7 and A1 to A6.
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

/// An AsyncKeyProvider that keeps the anchor (see AnchoringKeyProvider, laws A1 to A6).
template <class K>
concept AsyncAnchoringKeyProvider = AsyncKeyProvider<K> &&
    requires(K& k, std::string text, lineage seen,
             detail::archetype_handler<result<std::optional<mark>>> recall_token,
             detail::archetype_handler<result<mark>> remember_token) {
    k.async_recall(text, text, std::move(recall_token));
    k.async_remember(text, text, seen, std::move(remember_token));
};

namespace detail {

/// Whether an asynchronous key provider that keeps half of an anchor keeps the other as well: with
/// one of the two calls misspelt it would pass for one without an anchor, and a store that was put
/// back would go unnoticed. Completion tokens are templates, so of a call with other parameters
/// nothing can be told.
template <class K>
inline constexpr bool async_anchors_rightly =
    AsyncAnchoringKeyProvider<K> ||
    !(
        requires(K & k, std::string text, archetype_handler<result<std::optional<mark>>> token) {
            k.async_recall(text, text, std::move(token));
        } ||
        requires(K & k, std::string text, lineage seen, archetype_handler<result<mark>> token) {
            k.async_remember(text, text, seen, std::move(token));
        });

} // namespace detail

} // namespace coffer::inline COFFER_ABI::asio

#endif
