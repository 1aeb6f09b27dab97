// expect: error: ignoring return(ed)? value of (type|function)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/result.hpp>

coffer::result<void> write();

bool save() {
#ifdef COFFER_MISUSE
    write();
    return true;
#else
    return write().has_value();
#endif
}
