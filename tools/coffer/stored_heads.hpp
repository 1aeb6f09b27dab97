// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_STORED_HEADS_HPP
#define COFFER_COMMAND_STORED_HEADS_HPP

#include "settings.hpp"

#include <coffer/format/head.hpp>

#include <optional>
#include <string>
#include <vector>

namespace command {

/// The head of an environment as the store has it: without its keys, so nothing of it is verified.
/// Nullopt where there is none of that id and this realm.
auto stored_head(const settings& config, const std::string& environment)
    -> std::optional<coffer::format::head>;

/// The ids of the environments that have a head in the store which is not closed, of this realm:
/// without keys, so nothing of it is verified. None where the store can't list. Throws problem.
auto stored_environments(const settings& config) -> std::vector<std::string>;

} // namespace command

#endif
