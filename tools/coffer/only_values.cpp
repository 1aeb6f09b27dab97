// SPDX-License-Identifier: BSL-1.0
#include "only_values.hpp"

#include "glob.hpp"
#include "remote.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace command {

using coffer::errc;

auto only_values(session& s, const place& at, const coffer::view& view)
    -> coffer::result<std::vector<coffer::named_secret>> {
    const glob_list only(s.in.text("only"));
    if (!s.in.text("only") || !s.is_remote()) {
        auto all = view.all();
        if (all) std::erase_if(*all, [&](const auto& one) { return !only.matches(one.name); });
        return all;
    }
    std::vector<std::string> names;
    for (auto& told : view.list())
        if (only.matches(told.name) && told.outcome != errc::not_found &&
            told.outcome != errc::expired) // what is damaged is asked for, and says so
            names.push_back(std::move(told.name));
    if (names.empty()) return std::vector<coffer::named_secret>();
    return remote_values(s, at.where(), names);
}

} // namespace command
