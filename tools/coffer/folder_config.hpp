// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_FOLDER_CONFIG_HPP
#define COFFER_COMMAND_FOLDER_CONFIG_HPP

#include <boost/json/fwd.hpp>

#include <filesystem>
#include <string>

namespace command {

/// What a folder's coffer.json says of a new store. It can be given to others, since it names no
/// keys.
struct folder_config {
    std::string place{}; ///< As --store takes it, absolute.
    std::string realm{};
    std::string environment{}; ///< Empty: none.
};

/// Writes a settings file in the place of what is there. Throws problem.
void write_settings(const std::filesystem::path& file, const boost::json::object& content);
/// Makes a folder's coffer.json; a store in a folder is named as it is seen from there, one whose
/// place says where a password lies is not (see names_password()). False: there is one already, and
/// it stays. Throws problem.
auto make_folder_config(const std::filesystem::path& file, const folder_config& content) -> bool;

} // namespace command

#endif
