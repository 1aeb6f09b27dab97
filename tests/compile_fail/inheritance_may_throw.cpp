// expect: error: static(_assert failed| assertion failed).*note: ('[^']*lookup_order\(where\)' is not 'noexcept'|because 'i.lookup_order\(where\)' may throw an exception)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/inheritance.hpp>

struct my_order {
#ifdef COFFER_MISUSE
    coffer::scope_list lookup_order(coffer::context where) const;
#else
    coffer::scope_list lookup_order(coffer::context where) const noexcept;
#endif
};
static_assert(coffer::Inheritance<my_order>);
