// expect: error: (use of deleted function|temporary of type .* has private destructor)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/secret.hpp>
#include <functional>

std::size_t bucket(const coffer::secret& token) {
#ifdef COFFER_MISUSE
    return std::hash<coffer::secret>{}(token);
#else
    return token.size();
#endif
}
