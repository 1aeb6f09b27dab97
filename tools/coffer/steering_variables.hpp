// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_STEERING_VARIABLES_HPP
#define COFFER_COMMAND_STEERING_VARIABLES_HPP

#include <string_view>

namespace command {

/// Whether a variable of that name makes shells, loaders or interpreters run what it says:
/// LD_PRELOAD, BASH_ENV, PATH, NODE_OPTIONS and their like. Who may only set values must not
/// become, by such a name, who runs code where all of them are.
auto steers_programs(std::string_view name) noexcept -> bool;

} // namespace command

#endif
