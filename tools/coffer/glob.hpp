// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_GLOB_HPP
#define COFFER_COMMAND_GLOB_HPP

#include "text.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace command {

/// Whether a text matches a pattern of `*` (any run), `?` (any one byte) and other bytes
/// (themselves). Goes back to the last star alone, so that no pattern takes longer than its length
/// times the text's.
inline auto matches(std::string_view pattern, std::string_view text) noexcept -> bool {
    std::size_t p = 0;
    std::size_t t = 0;
    auto star = pattern.npos; // the last one met, and where in the text it stops
    std::size_t stop = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            stop = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != pattern.npos) {
            p = star + 1;
            t = ++stop;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*')
        ++p;
    return p == pattern.size();
}

/// A list of them: `SLACK_*,DB_URL`. No list at all matches everything.
class glob_list {
public:
    explicit glob_list(const std::optional<std::string>& list) : all_(!list) {
        if (list) patterns_ = split(*list, ',');
    }
    auto matches(std::string_view name) const -> bool {
        for (const auto& pattern : patterns_)
            if (command::matches(pattern, name)) return true;
        return all_;
    }

private:
    bool all_;
    std::vector<std::string> patterns_{};
};

} // namespace command

#endif
