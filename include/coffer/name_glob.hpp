// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_NAME_GLOB_HPP
#define COFFER_NAME_GLOB_HPP

#include <coffer/version.hpp>

#include <cstddef>
#include <string_view>

namespace coffer::inline COFFER_ABI {

/// Whether a name matches a pattern of `*` (any run), `?` (any one byte) and other bytes
/// (themselves): `SLACK_*`. Goes back to the last star alone, so that no pattern takes longer than
/// its length times the name's. (The topics of events have patterns of their own:
/// listener/glob.hpp.)
inline auto name_matches(std::string_view pattern, std::string_view name) noexcept -> bool {
    std::size_t p = 0;
    std::size_t t = 0;
    auto star = pattern.npos; // the last one met, and where in the name it stops
    std::size_t stop = 0;
    while (t < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            stop = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[t])) {
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

} // namespace coffer::inline COFFER_ABI

#endif
