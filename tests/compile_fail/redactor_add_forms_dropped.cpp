// expect: error: ignoring return value of
// SPDX-License-Identifier: BSL-1.0
#include <coffer/redactor.hpp>

bool know(coffer::redactor& log, const coffer::secret& pin) {
#ifdef COFFER_MISUSE
    log.add_forms("PIN", pin);
    return true;
#else
    return log.add_forms("PIN", pin);
#endif
}
