// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_REMOTE_CALLS_HPP
#define COFFER_COMMAND_REMOTE_CALLS_HPP

#include "remote.hpp"

#include <coffer/http/caller.hpp>

#include <memory>

namespace command {

/// Calls to the server that the settings name, with a token. Throws problem.
auto connect(const settings& from, const coffer::secret& token)
    -> std::shared_ptr<coffer::http::caller>;

} // namespace command

#endif
