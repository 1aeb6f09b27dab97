// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_GLOB_HPP
#define COFFER_COMMAND_GLOB_HPP

#include "text.hpp"

#include <coffer/name_glob.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace command {

/// A list of patterns (see coffer/name_glob.hpp): `SLACK_*,DB_URL`. No list at all matches
/// everything.
class glob_list {
public:
    explicit glob_list(const std::optional<std::string>& list) : all_(!list) {
        if (list) patterns_ = split(*list, ',');
    }
    auto matches(std::string_view name) const -> bool {
        for (const auto& pattern : patterns_)
            if (coffer::name_matches(pattern, name)) return true;
        return all_;
    }
    /// A line for each pattern of --only that names none of these secrets.
    template <class Secrets>
    auto idle(const Secrets& all) const -> std::vector<std::string> {
        std::vector<std::string> out;
        for (const auto& pattern : patterns_)
            if (std::ranges::none_of(
                    all, [&](const auto& one) { return coffer::name_matches(pattern, one.name); }))
                out.push_back("--only " + printable(pattern) + " matches no name");
        return out;
    }
    /// The names on the list, patterns left aside, that none of these secrets has.
    template <class Secrets>
    auto missing(const Secrets& all) const -> std::vector<std::string> {
        std::vector<std::string> out;
        for (const auto& name : patterns_)
            if (name.find_first_of("*?") == name.npos &&
                std::ranges::none_of(all, [&](const auto& one) { return one.name == name; }))
                out.push_back(printable(name));
        return out;
    }
    /// Whether a name is on the list as it is, not by a pattern.
    auto names(std::string_view name) const -> bool {
        return std::ranges::find(patterns_, name) != patterns_.end();
    }

private:
    bool all_;
    std::vector<std::string> patterns_{};
};

} // namespace command

#endif
