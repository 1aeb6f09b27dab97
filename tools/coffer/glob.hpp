// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_GLOB_HPP
#define COFFER_COMMAND_GLOB_HPP

#include "text.hpp"

#include <coffer/name_glob.hpp>

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

private:
    bool all_;
    std::vector<std::string> patterns_{};
};

} // namespace command

#endif
