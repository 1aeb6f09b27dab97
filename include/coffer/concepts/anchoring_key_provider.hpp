// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_ANCHORING_KEY_PROVIDER_HPP
#define COFFER_CONCEPTS_ANCHORING_KEY_PROVIDER_HPP

#include <coffer/concepts/key_provider.hpp>
#include <coffer/mark.hpp>

#include <optional>

namespace coffer::inline COFFER_ABI {

/// A key provider that also keeps the anchor: the mark of the newest head seen of each environment,
/// on the key side, so that a rolled-back store is noticed across processes too. A vault writes it
/// before it acknowledges a write.
///
/// Syntactic requirements, beyond KeyProvider
///  - k.recall(realm, environment) -> result<std::optional<mark>>
///  - k.remember(realm, environment, mark) -> result<void>
///
/// Laws (conformance: coffer/testing/anchor_laws.hpp, which run_key_provider_laws runs too)
///  A1 recall answers the last mark remembered for (realm, environment), nullopt if there is none.
///  A2 remember never moves a mark back: of two, the one with the higher generation stays, whichever
///     came first.
///  A3 What remember acknowledged is durable (it is on disk) and survives the process.
///  A4 (realm, environment) pairs do not touch each other, whatever bytes they hold.
///  A5 A damaged or unreadable anchor is `tampered` or `unavailable`, never "none".
///
/// Errors: tampered, unavailable, denied.
/// Thread safety: all members callable from several threads at once, and from several processes
/// where the anchor outlives one. Lifetime: arguments are read during the call; nothing is secret.
///
/// Conforming signatures:
///
///     struct my_keys { // beside those of KeyProvider
///         result<std::optional<mark>> recall(std::string_view realm, std::string_view environment);
///         result<void> remember(std::string_view realm, std::string_view environment,
///                               const mark& seen);
///     };
///     static_assert(coffer::AnchoringKeyProvider<my_keys>);
///
/// Example: backends/coffer/keyring; a provider of one's own gets an anchor from its `anchored`.
template <class K>
concept AnchoringKeyProvider = KeyProvider<K> &&
    requires(K& k, std::string_view realm, std::string_view environment, const mark& m) {
    { k.recall(realm, environment) } -> std::same_as<result<std::optional<mark>>>;
    { k.remember(realm, environment, m) } -> std::same_as<result<void>>;
};

} // namespace coffer::inline COFFER_ABI

#endif
