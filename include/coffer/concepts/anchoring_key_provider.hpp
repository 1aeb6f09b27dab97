// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_ANCHORING_KEY_PROVIDER_HPP
#define COFFER_CONCEPTS_ANCHORING_KEY_PROVIDER_HPP

#include <coffer/concepts/key_provider.hpp>
#include <coffer/mark.hpp>

#include <optional>

namespace coffer::inline COFFER_ABI {

/// A key provider that also keeps the anchor: the mark of the newest head seen of each environment,
/// on the key side, so that a rolled-back store is noticed across processes too. Reads recall it
/// each time they look at the store. A write remembers the state that it stands on before it
/// commits, and the state that it made before it is acknowledged.
///
/// Syntactic requirements, beyond KeyProvider
///  - k.recall(realm, environment) -> result<std::optional<mark>>
///  - k.remember(realm, environment, lineage) -> result<mark>
///
/// Laws (conformance: coffer/testing/anchor_laws.hpp, which run_key_provider_laws runs too)
///  A1 recall answers the last mark remembered for (realm, environment), nullopt if there is none.
///  A2 remember never moves a mark back: of two, the one with the higher generation stays, whichever
///     came first. It answers the mark that stands then (lineage::after says which).
///  A3 What remember acknowledged is durable (it is on disk) and survives the process.
///  A4 (realm, environment) pairs do not touch each other, whatever bytes they hold.
///  A5 A damaged or unreadable anchor is `tampered` or `unavailable`, never "none".
///  A6 remember never moves a mark to another history: a lineage that does not follow what stands
///     (equal generation and another MAC, other ancestors, a lower DEK) is `rolled_back` and
///     changes nothing.
///
/// Errors: tampered, rolled_back, unavailable, timed_out, denied. Where no mark can be written,
/// remember should fail also for one that stands already: a write is then refused before it is
/// committed. Reads, which were checked, are served where remember is unavailable, timed_out or
/// denied.
/// Thread safety: all members callable from several threads at once, and from several processes
/// where the anchor outlives one: remember reads, compares and writes as one. Lifetime: arguments
/// are read during the call; nothing is secret.
///
/// Conforming signatures:
///
///     struct my_keys { // beside those of KeyProvider
///         result<std::optional<mark>> recall(std::string_view realm, std::string_view environment);
///         result<mark> remember(std::string_view realm, std::string_view environment,
///                               const lineage& seen);
///     };
///     static_assert(coffer::AnchoringKeyProvider<my_keys>);
///
/// Example: backends/coffer/keyring; a provider of one's own gets an anchor from its `anchored`.
template <class K>
concept AnchoringKeyProvider = KeyProvider<K> &&
    requires(K& k, std::string_view realm, std::string_view environment, const lineage& seen) {
    { k.recall(realm, environment) } -> std::same_as<result<std::optional<mark>>>;
    { k.remember(realm, environment, seen) } -> std::same_as<result<mark>>;
};

namespace detail {

/// Whether a key provider that speaks of an anchor at all keeps one as the core asks it to. One
/// whose recall or remember is spelt in another way would pass for a provider without an anchor,
/// and a store that was put back would go unnoticed.
template <class K>
inline constexpr bool anchors_rightly =
    AnchoringKeyProvider<K> ||
    !(
        requires { &K::recall; } || requires { &K::remember; } ||
        requires(K & k, std::string_view text) { k.recall(text, text); } ||
        requires(K & k, std::string_view text, const lineage& seen) {
            k.remember(text, text, seen);
        });

} // namespace detail

} // namespace coffer::inline COFFER_ABI

#endif
