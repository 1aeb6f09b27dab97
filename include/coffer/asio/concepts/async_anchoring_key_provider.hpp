// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_CONCEPTS_ASYNC_ANCHORING_KEY_PROVIDER_HPP
#define COFFER_ASIO_CONCEPTS_ASYNC_ANCHORING_KEY_PROVIDER_HPP

#include <coffer/asio/concepts/async_key_provider.hpp>
#include <coffer/concepts/anchoring_key_provider.hpp>

#include <optional>
#include <string>
#include <utility>

namespace coffer::inline COFFER_ABI::asio {

/// An AsyncKeyProvider that also keeps the anchor: an AnchoringKeyProvider whose calls take a
/// completion token.
///
/// Syntactic requirements, beyond AsyncKeyProvider
///  - k.async_recall(realm, environment, token), completed with `void(result<std::optional<mark>>)`
///  - k.async_remember(realm, environment, lineage, token), completed with `void(result<mark>)`
///
/// Laws: those of AnchoringKeyProvider (A1 to A6) for what is answered, and N1 to N4 of AsyncStore,
/// async_recall as a load. async_run never cancels async_remember; one that is cancelled all the
/// same has moved the mark as A2 and A6 allow, or not at all.
///
/// Errors: those of AnchoringKeyProvider, and cancelled.
/// Thread safety: that of AsyncKeyProvider, and across processes where the anchor outlives one:
/// async_remember reads, compares and writes as one.
/// Lifetime: that of AsyncKeyProvider; nothing is secret.
///
/// Conforming signatures:
///
///     struct my_keys { // beside those of AsyncKeyProvider
///         template <class Token>
///         auto async_recall(std::string realm, std::string environment, Token&&);
///         template <class Token>
///         auto async_remember(std::string realm, std::string environment, lineage seen, Token&&);
///     };
///     static_assert(coffer::asio::AsyncAnchoringKeyProvider<my_keys>);
///
/// Example: tests/support/async_fakes.hpp.
///
/// Conformance: run_key_provider_laws over block_on of it for A1 to A6.
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
