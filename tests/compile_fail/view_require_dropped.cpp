// expect: error: ignoring return value of
// SPDX-License-Identifier: BSL-1.0
#include <coffer/view.hpp>

bool start(const coffer::view& secrets) {
#ifdef COFFER_MISUSE
    secrets.require("SLACK_TOKEN");
    return true;
#else
    return secrets.require("SLACK_TOKEN").empty();
#endif
}
