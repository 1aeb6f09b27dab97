// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_CONCEPTS_ASYNC_LISTABLE_STORE_HPP
#define COFFER_ASIO_CONCEPTS_ASYNC_LISTABLE_STORE_HPP

#include <coffer/asio/concepts/async_store.hpp>
#include <coffer/concepts/listable_store.hpp>

#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::asio {

/// An AsyncReadableStore that can also say what it holds: a ListableStore whose calls take a
/// completion token.
///
/// Syntactic requirements, beyond AsyncReadableStore
///  - s.async_list(partition, token), completed with `void(result<listing>)`
///  - s.async_partitions(token), completed with `void(result<std::vector<std::string>>)`
///
/// Laws: those of ListableStore (L1 and L2) for what is answered, and N1 to N4 of AsyncStore, both
/// calls as a load.
///
/// Errors: those of ListableStore, and cancelled. A store that does not model this is to an
/// algorithm one that answers unsupported.
/// Thread safety and lifetime: those of AsyncStore. The handler owns what is answered.
///
/// Conforming signatures:
///
///     struct my_store { // beside those of AsyncStore
///         template <class Token>
///         auto async_list(std::string partition, Token&&);
///         template <class Token>
///         auto async_partitions(Token&&);
///     };
///     static_assert(coffer::asio::AsyncListableStore<my_store>);
///
/// Example: tests/support/async_fakes.hpp.
///
/// Conformance: run_store_laws over block_on of it for L1 and L2.
template <class S>
concept AsyncListableStore = AsyncReadableStore<S> &&
    requires(S& s, std::string partition, detail::archetype_handler<result<listing>> list_token,
             detail::archetype_handler<result<std::vector<std::string>>> names_token) {
    s.async_list(std::move(partition), std::move(list_token));
    s.async_partitions(std::move(names_token));
};

} // namespace coffer::inline COFFER_ABI::asio

#endif
