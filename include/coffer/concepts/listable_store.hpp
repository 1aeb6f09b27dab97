// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_LISTABLE_STORE_HPP
#define COFFER_CONCEPTS_LISTABLE_STORE_HPP

#include <coffer/concepts/store.hpp>

#include <utility>

namespace coffer::inline COFFER_ABI {

/// All entries of a partition in one consistent cut.
struct listing {
    revision at{};
    std::vector<std::pair<std::string, bytes>> entries{}; ///< Sorted by key, without the revision.
};

/// A store that can also say what it holds: for verify, backup and copy, and for sweeping what no
/// head lists any more. Without it a vault works, and garbage stays.
///
/// Syntactic requirements, beyond ReadableStore
///  - s.list(partition) -> result<listing>
///  - s.partitions() -> result<std::vector<std::string>>
///
/// Laws (conformance: coffer/testing/store_laws.hpp, which runs them on a store that models this)
///  L1 list answers exactly the entries of one committed state, sorted by key, also while others
///     write; revision zero and no entries for a partition that is not there.
///  L2 partitions answers the names of all partitions that were committed, sorted, each once.
///
/// Errors: those of Store's load; a partition name that is none is `invalid_argument`; a partition
/// of more bytes than the store wants to hold in memory at once is `unavailable`, or `too_large` if
/// it loads nothing of it either; `unsupported`, where it is only known at run time that the store
/// can't list (any_store), is to the core as if there were no list.
/// Thread safety and lifetime: those of Store; what is answered is owned by the caller.
///
/// Conforming signatures:
///
///     struct my_store { // beside those of Store
///         result<listing> list(std::string_view partition);
///         result<std::vector<std::string>> partitions();
///     };
///     static_assert(coffer::ListableStore<my_store>);
///
/// Example: backends/coffer/memory.
template <class S>
concept ListableStore = ReadableStore<S> && requires(S& s, std::string_view partition) {
    { s.list(partition) } -> std::same_as<result<listing>>;
    { s.partitions() } -> std::same_as<result<std::vector<std::string>>>;
};

namespace detail {

/// Whether a store that speaks of listing at all lists as the core asks it to. One whose list or
/// partitions is spelt in another way would pass for a store that can't: nothing would be swept
/// from it, and a store of another realm would be taken for an empty one.
template <class S>
inline constexpr bool lists_rightly =
    ListableStore<S> || !(
                            requires { &S::list; } || requires { &S::partitions; } ||
                            requires(S & s, std::string_view partition) { s.list(partition); } ||
                            requires(S & s) { s.partitions(); });

} // namespace detail

} // namespace coffer::inline COFFER_ABI

#endif
