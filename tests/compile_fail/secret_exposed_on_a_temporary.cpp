// expect: error: (use of deleted|attempt to use a deleted|call to deleted member) function
// SPDX-License-Identifier: BSL-1.0
#include <coffer/secret.hpp>

std::size_t length(coffer::secret (*read)()) {
#ifdef COFFER_MISUSE
    return read().expose_secret().size();
#else
    const coffer::secret token = read();
    return token.expose_secret().size();
#endif
}
