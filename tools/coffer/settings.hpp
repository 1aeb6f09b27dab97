// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_SETTINGS_HPP
#define COFFER_COMMAND_SETTINGS_HPP

#include "verb.hpp"

#include <boost/json/fwd.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace command {

/// Who says a setting, the strongest first.
enum class said_by : unsigned char { flag, variable, folder_file, user_file, nobody };

/// Where one setting was found.
struct setting {
    std::string value{};
    std::string from{};
    /// The folder that a relative path in it starts from.
    std::filesystem::path base{};
    said_by who = said_by::nobody;
};

/// What the command works with: flag > COFFER_* variable > the nearest coffer.json > the user's
/// config.json > default. A folder's coffer.json is somebody else's text: it may name store, realm,
/// environment, space, actor, server and profiles of these, but no keys, no tokens and no
/// authorities; its max_stale counts where it is lower than the user's own.
class settings {
public:
    /// The names of all settings, in the order in which `coffer config` shows them.
    static auto names() -> const std::vector<std::string_view>&;

    /// Throws problem (invalid_argument) for files that are not as they have to be.
    explicit settings(const invocation& in);
    /// What the files alone say, as if there were no flags and no variables.
    static auto of_files() -> settings;

    auto find(std::string_view name) const -> const setting*;
    auto text(std::string_view name) const -> std::string;
    /// How old an answer may be when the store is away, in milliseconds.
    auto max_stale() const -> std::uint64_t;

private:
    settings() = default;

    void put(std::string_view name, setting s);
    void read_flags(const invocation& in);
    void read_variables();
    void read_files();
    struct file_read;
    void read_profile(const file_read& from);
    void read_members(const file_read& from, const boost::json::object& object,
                      std::string_view profile);

    void keep_own_max_stale();

    std::map<std::string, setting, std::less<>> found_{};
    std::optional<setting> own_max_stale_{}; ///< What would hold without a folder's file.
    bool profile_found_ = false;
};

/// ~/.config/coffer, or $XDG_CONFIG_HOME/coffer.
auto config_folder() -> std::filesystem::path;
/// The coffer.json that holds here; nullopt if there is none.
auto folder_file() -> std::optional<std::filesystem::path>;
/// A setting that is a path, made absolute.
auto path_of(const setting& s) -> std::filesystem::path;
/// `file:secrets` with the path made absolute: `file:/home/ana/secrets`.
auto absolute_place(const setting& s) -> std::string;

} // namespace command

#endif
