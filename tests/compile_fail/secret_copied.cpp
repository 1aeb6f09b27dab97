// expect: error: (use of deleted function|call to deleted constructor)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/secret.hpp>

coffer::secret keep(const coffer::secret& token) {
#ifdef COFFER_MISUSE
    return token;
#else
    return token.clone();
#endif
}
