// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_SECRET_SOURCE_HPP
#define COFFER_CONCEPTS_SECRET_SOURCE_HPP

#include <coffer/view.hpp>

#include <concepts>

namespace coffer::inline COFFER_ABI {

/// Where a program reads secrets from: a resolver, a client of a server, a fake.
///
/// Syntactic requirements: `s.at(context) -> result<view>`; copyable: a source is a handle.
///
/// Laws
///  R1 at is the only call that may wait; what it answers needs no I/O.
///  R2 A view shows one state: two looks at it agree, whatever is written meanwhile.
///  R3 A write that was acknowledged before at() was called is seen, unless the source's options
///     allow answers of a certain age (recheck_after), or its store is away (then stale() is true).
///  R4 A context that is not known is unknown_scope, never another context's secrets.
///
/// Errors of at: unknown_scope, unavailable, timed_out, tampered, rolled_back, unknown_key,
/// key_disabled, denied, unsupported, invalid_argument, too_large.
/// Thread safety: handles may be shared between threads.
/// Lifetime: the context is read during the call.
///
/// Models: resolver, testing::fake_secrets; `coffer::secrets` erases any of them.
// `at` is asked for first: whether a class with a constructor from coffer::secrets is copyable
// can't be asked here, since that question leads to this one.
template <class S>
concept SecretSource = requires(const S& s, context where) {
    { s.at(where) } -> std::same_as<result<view>>;
}
&&std::copyable<S>;

} // namespace coffer::inline COFFER_ABI

#endif
