// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_ONLY_VALUES_HPP
#define COFFER_COMMAND_ONLY_VALUES_HPP

#include "session.hpp"

#include <coffer/view.hpp>

#include <vector>

namespace command {

/// The values of a view that --only says, or all where it is not there. Through a server no other
/// value is asked for, and its audit log tells which were given. Errors: those of the view's all().
auto only_values(session& s, const place& at, const coffer::view& view)
    -> coffer::result<std::vector<coffer::named_secret>>;

} // namespace command

#endif
