// expect: error: (no match for 'operator==|invalid operands to binary expression)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/secret.hpp>

bool same(const coffer::secret& token, const coffer::secret& other, std::string_view guess) {
#ifdef COFFER_MISUSE
    return token == guess && token == other;
#else
    return token == other && !guess.empty();
#endif
}
