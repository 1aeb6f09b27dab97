// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_REMOVAL_HPP
#define COFFER_COMMAND_REMOVAL_HPP

#include <coffer/http/tokens.hpp>
#include <coffer/scope.hpp>

#include <string_view>

namespace command {

/// Throws problem, outcome_unknown, where a scope is removed and it can't be told which tokens that
/// ends; `then` ends the sentence with what to do.
void need_looked(const coffer::http::removed_scope& gone, coffer::context where,
                 std::string_view then);

} // namespace command

#endif
