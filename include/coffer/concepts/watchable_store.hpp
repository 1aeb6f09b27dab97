// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_WATCHABLE_STORE_HPP
#define COFFER_CONCEPTS_WATCHABLE_STORE_HPP

#include <coffer/concepts/store.hpp>

namespace coffer::inline COFFER_ABI {

/// A store that is told when a head changes, so that it can answer "which revision?" (a load without
/// keys) from memory: a resolver's look at the store then costs no round trip.
///
/// Watching is the store's own. The core reads it like any other store and believes no more than
/// its answers; `watching` is for metrics, health and tests.
///
/// Syntactic requirement, beyond ReadableStore: s.watching() -> bool, const and noexcept: whether
/// every change would be heard now.
///
/// Laws (conformance: coffer/testing/watch_laws.hpp)
///  W1 What others commit is seen by loads without keys, after the delay that the store documents.
///  W2 What was committed through the store itself is seen at once (S2 holds while it watches).
///  W3 Silence is not trusted: watching is true only while what tells of changes gives signs of life
///     (a heartbeat, whose interval the store documents). From then on loads ask, or fail; none is
///     answered from memory until the watch is whole again.
///
/// Errors, thread safety and lifetime: those of Store. Watching ends with the last handle.
///
/// Conforming signature:
///
///     struct my_store { // beside those of Store
///         bool watching() const noexcept;
///     };
///     static_assert(coffer::WatchableStore<my_store>);
///
/// Example: backends/coffer/redis.
template <class S>
concept WatchableStore = ReadableStore<S> && requires(const S& s) {
    { s.watching() }
    noexcept->std::same_as<bool>;
};

namespace detail {

/// Whether a store that says whether it watches says it as this asks.
template <class S>
inline constexpr bool watches_rightly =
    WatchableStore<S> || !(
                             requires { &S::watching; } || requires(S & s) { s.watching(); });

} // namespace detail

} // namespace coffer::inline COFFER_ABI

#endif
