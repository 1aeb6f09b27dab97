// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_ONLY_VALUES_HPP
#define COFFER_COMMAND_ONLY_VALUES_HPP

#include "glob.hpp"
#include "session.hpp"

#include <coffer/view.hpp>

#include <vector>

namespace command {

/// The names and patterns of --only; without it, a list that matches everything. Refuses an --only
/// that has none: it would come from a variable that is not set, and mean something else than it
/// says.
auto only_list(const session& s) -> glob_list;

/// The values of a view that --only says, without their ids, or all where it is not there. No other
/// is opened, so none that is damaged matters; through a server no other is asked for, and its audit
/// log tells which were given. Errors: those of the view's all().
auto only_values(session& s, const place& at, const coffer::view& view)
    -> coffer::result<std::vector<coffer::named_secret>>;

/// The same. Throws problem, of damage with the first name whose record it is.
auto need_only_values(session& s, const place& at, const coffer::view& view)
    -> std::vector<coffer::named_secret>;

} // namespace command

#endif
