// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_CONCEPTS_ASYNC_STORE_HPP
#define COFFER_ASIO_CONCEPTS_ASYNC_STORE_HPP

#include <coffer/asio/detail/archetype_handler.hpp>
#include <coffer/concepts/store.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::asio {

/// The writes of a commit: shared and constant, since the same ones may have to be sent again.
using shared_writes = std::shared_ptr<const std::vector<object_write>>;

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
/// same store.
/// Lifetime: the handle has to live until the handler is called, the context longer.
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
/// Conformance: coffer/asio/testing/async_laws.hpp for N1 to N4, and run_store_laws over block_on
/// of it for S1 to S16. Refined by AsyncListableStore.
template <class S>
concept AsyncStore = AsyncReadableStore<S> &&
    requires(S& s, std::string partition, revision r, shared_writes writes,
             detail::archetype_handler<result<commit_outcome>> token) {
    s.async_commit(std::move(partition), r, r, std::move(writes), std::move(token));
};

} // namespace coffer::inline COFFER_ABI::asio

#endif
