// expect: error: (could not convert|no viable conversion|cannot convert)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/result.hpp>

auto count() -> coffer::result<int>;

/// Else a failure would become a success that says false.
auto is_there() -> coffer::result<bool> {
    auto counted = count();
#ifdef COFFER_MISUSE
    return counted;
#else
    if (!counted) return counted.error();
    return *counted > 0;
#endif
}
