// expect: error: static(_assert failed| assertion failed).*note: ('i.lookup_order\(where\)' does not satisfy return-type-requirement|because type constraint 'std::same_as<[^']*vector<[^']*, [^']*scope_list>' was not satisfied)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/inheritance.hpp>

#include <vector>

#ifdef COFFER_MISUSE
using layers = std::vector<coffer::context>; // which allocates
#else
using layers = coffer::scope_list;
#endif

struct my_order {
    layers lookup_order(coffer::context where) const noexcept;
};
static_assert(coffer::Inheritance<my_order>);
