// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_INHERITANCE_HPP
#define COFFER_CONCEPTS_INHERITANCE_HPP

#include <coffer/scope.hpp>

#include <concepts>

namespace coffer::inline COFFER_ABI {

/// In which order the scopes of one environment are asked for a name.
///
/// Syntactic requirements: `i.lookup_order(context) -> scope_list`, most specific first, noexcept.
///
/// Laws (conformance: coffer/testing/inheritance_laws.hpp)
///  I1 One to eight layers, each once.
///  I2 Every layer is of the context's own environment: nothing is inherited across environments.
///  I3 Every layer's space and actor is the context's own or empty: no other tenant's scope.
///  I4 The same context always gives the same layers (a pure function).
///
/// What happens along the layers is the core's and no policy can change it: absent or deleted goes
/// on to the next; a value wins; hidden ends as not_found and expired as expired.
///
/// Errors: none; an environment or space that is not known is the core's unknown_scope.
/// Thread safety: const and stateless, or immutable. Lifetime: the views answered are of the
/// context's own texts or static ones.
///
/// Conforming signature and example (the space's own secrets alone, nothing inherited):
///
///     struct space_only {
///         coffer::scope_list lookup_order(coffer::context c) const noexcept {
///             coffer::scope_list layers;
///             layers.push_back({c.environment, c.space, {}});
///             return layers;
///         }
///     };
///     static_assert(coffer::Inheritance<space_only>);
template <class I>
concept Inheritance = std::copyable<I> && requires(const I& i, context where) {
    { i.lookup_order(where) }
    noexcept->std::same_as<scope_list>;
};

} // namespace coffer::inline COFFER_ABI

#endif
