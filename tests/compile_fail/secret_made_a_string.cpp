// expect: error: no matching function for call to .to_string
// SPDX-License-Identifier: BSL-1.0
#include <coffer/secret.hpp>
#include <string>

std::string text(const coffer::secret& token) {
    using std::to_string;
#ifdef COFFER_MISUSE
    return to_string(token);
#else
    return to_string(token.size());
#endif
}
