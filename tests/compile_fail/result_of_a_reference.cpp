// expect: error: static( assertion failed|_assert failed).*result<T&> is not supported
// SPDX-License-Identifier: BSL-1.0
#include <coffer/result.hpp>

#ifdef COFFER_MISUSE
coffer::result<int&> answer(int& value) {
    return value;
}
#else
coffer::result<int*> answer(int& value) {
    return &value;
}
#endif
