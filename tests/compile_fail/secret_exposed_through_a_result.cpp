// expect: error: (use of deleted|overload resolution selected deleted|attempt to use a deleted|call to deleted)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/result.hpp>
#include <coffer/secret.hpp>

std::size_t length(coffer::result<coffer::secret> (*read)()) {
#ifdef COFFER_MISUSE
    return read()->expose_secret().size();
#else
    const auto token = read();
    return token->expose_secret().size();
#endif
}
