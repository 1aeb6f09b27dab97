// expect: error: (use of deleted function|overload resolution selected deleted operator)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/secret.hpp>
#include <ostream>

void print(std::ostream& out, const coffer::secret& token) {
#ifdef COFFER_MISUSE
    out << token;
#else
    out << token.size();
#endif
}
