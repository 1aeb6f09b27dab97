// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_REMOTE_CALLS_HPP
#define COFFER_COMMAND_REMOTE_CALLS_HPP

#include "remote.hpp"

#include <coffer/http/caller.hpp>

#include <filesystem>
#include <memory>
#include <string>

namespace command {

/// Calls to another server, with a token that a file keeps, read again when it is refused.
/// `named_by`: what named it. Throws problem.
auto connect(const settings& from, const std::string& server,
             const std::filesystem::path& token_file, const std::string& named_by)
    -> std::shared_ptr<coffer::http::caller>;

} // namespace command

#endif
