// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_GIT_CALL_HPP
#define COFFER_COMMAND_GIT_CALL_HPP

#include <filesystem>
#include <string>
#include <vector>

namespace command {

/// What git says when it is run with these words in a folder, without the newline at the end. Throws
/// problem: unsupported (there is no git), invalid_argument (it failed).
auto git(const std::filesystem::path& folder, std::vector<std::string> words) -> std::string;

} // namespace command

#endif
