// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_REQUIREMENTS_HPP
#define COFFER_COMMAND_REQUIREMENTS_HPP

#include "session.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace command {

/// A name that programs need, and what its value has to look like: see http::value_pattern.
struct requirement {
    std::set<std::string> programs{};
    std::vector<std::string> patterns{};

    /// `required by billing, mail`.
    auto text() const -> std::string;
};
using requirements = std::map<std::string, requirement>;

/// Reads `{"PROGRAM":[{"name":…,"pattern":…}]}`. Throws problem (invalid_argument).
auto read_requirements(std::string_view json) -> requirements;
/// Those that are kept with an environment, as the page and PUT /v1/x/requirements set them; through
/// a server of the names alone that the token covers. Throws problem: denied (a token that does not
/// see the environment itself), those of reading.
auto kept_requirements(session& s, std::string_view environment) -> requirements;

} // namespace command

#endif
