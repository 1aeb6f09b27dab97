// SPDX-License-Identifier: BSL-1.0
#include "removal.hpp"

#include "problem.hpp"
#include "text.hpp"

#include <string>

namespace command {

void need_looked(const coffer::http::removed_scope& gone, coffer::context where,
                 std::string_view then) {
    if (!gone.unlooked) return;
    throw problem(coffer::errc::outcome_unknown,
                  (place_name(where) +
                   " is removed, but tokens that were made meanwhile can't be looked at" +
                   cause_words(gone.unlooked->cause))
                      .append(then),
                  where);
}

} // namespace command
