// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_SECRET_SOURCE_HPP
#define COFFER_CONCEPTS_SECRET_SOURCE_HPP

#include <coffer/view.hpp>

#include <concepts>

namespace coffer::inline COFFER_ABI {

/// Where a program reads secrets from: a resolver, a client of a server, a fake.
///
/// Syntactic requirements: `s.at(context) -> result<view>` on a const source; copyable: a source is
/// a handle. Optional, const as well: `s.try_at(context) -> std::optional<view>`, what at() would
/// answer if that needs no wait, else nothing, as resolver::try_at. coffer::secrets calls it where
/// it is there; a misspelt one is never called, and nothing tells.
///
/// Laws (conformance: coffer/testing/source_laws.hpp)
///  R1 at is the only call that may wait; what it answers needs no I/O. (http::remote_source, for
///     people at the command, keeps all laws but this: its views ask when a value is wanted.)
///  R2 A view shows one state: two looks at it agree, whatever is written meanwhile. Its number
///     says which: a later state's is higher.
///  R3 A write that was acknowledged before at() was called is seen, unless the source's options
///     allow answers of a certain age (recheck_after), or its store is away (then stale() is true).
///  R4 A context that is not known is unknown_scope, never another context's secrets.
///  R5 Copies are the same source, and may be used by several threads at once.
///
/// Errors of at: unknown_scope, unavailable, timed_out, stale (of a server: what it has is older
/// than is allowed), tampered, rolled_back, unknown_key, key_disabled, denied, unsupported,
/// foreign, invalid_argument, too_large.
/// Thread safety: handles may be shared between threads (R5); a secret that was read may not.
/// Lifetime: the context is read during the call; a view outlives the source that made it. Values
/// are wiped by the `secret` that holds them.
///
/// Conforming signatures:
///
///     struct my_source {
///         result<view> at(context where) const;
///     };
///     static_assert(coffer::SecretSource<my_source>);
///
/// Models: resolver, http::source, testing::fake_secrets; `coffer::secrets` erases any of them.
/// Example: a decorator, here one that counts (what stands behind a view is a view_model):
///
///     struct counting_source {
///         coffer::secrets inner;
///         std::shared_ptr<std::atomic<int>> asked = std::make_shared<std::atomic<int>>(0);
///         coffer::result<coffer::view> at(coffer::context where) const {
///             ++*asked;
///             return inner.at(where);
///         }
///     };
// `at` is asked for first: whether a class with a constructor from coffer::secrets is copyable
// can't be asked here, since that question leads to this one.
template <class S>
concept SecretSource = requires(const S& s, context where) {
    { s.at(where) } -> std::same_as<result<view>>;
}
&&std::copyable<S>;

} // namespace coffer::inline COFFER_ABI

#endif
