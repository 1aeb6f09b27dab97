// expect: error: static(_assert failed| assertion failed).*note: ('s.at\(where\)' does not satisfy return-type-requirement|because type constraint 'std::same_as<[^']*view, result<[^']*view> >' was not satisfied)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/secret_source.hpp>

#ifdef COFFER_MISUSE
using answer = coffer::view; // where does a failure go?
#else
using answer = coffer::result<coffer::view>;
#endif

struct my_source {
    answer at(coffer::context where) const;
};
static_assert(coffer::SecretSource<my_source>);
