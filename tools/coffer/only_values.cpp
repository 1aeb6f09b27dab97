// SPDX-License-Identifier: BSL-1.0
#include "only_values.hpp"

#include "problem.hpp"
#include "remote.hpp"
#include "resolved.hpp"
#include "text.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace command {

using coffer::errc;

namespace {

auto values_of(const coffer::view& view, const std::vector<coffer::explanation>& wanted)
    -> coffer::result<std::vector<coffer::named_secret>> {
    std::vector<coffer::named_secret> out;
    for (const auto& told : wanted) {
        auto value = view.get(told.name);
        if (value)
            out.push_back({told.name, told.layers[told.decides].where, *std::move(value), {}});
        else if (value.error() != errc::expired) // since it was listed
            return value.error();
    }
    return out;
}

} // namespace

auto only_list(const session& s) -> glob_list {
    const auto given = s.in.text("only");
    if (given && split(*given, ',').empty())
        refuse("--only has no name and no pattern: without --only it is all of them");
    return glob_list(given);
}

auto only_values(session& s, const place& at, const coffer::view& view)
    -> coffer::result<std::vector<coffer::named_secret>> {
    if (!s.in.text("only")) return view.all();
    const auto only = only_list(s);
    auto wanted = view.list();
    std::erase_if(wanted, [&](const coffer::explanation& told) { // what is damaged says so
        return !only.matches(told.name) || told.outcome == errc::not_found ||
               told.outcome == errc::expired;
    });
    if (!s.is_remote()) return values_of(view, wanted);
    if (wanted.empty()) return std::vector<coffer::named_secret>();
    std::vector<std::string> names;
    for (auto& told : wanted)
        names.push_back(std::move(told.name));
    return remote_values(s, at.where(), names);
}

auto need_only_values(session& s, const place& at, const coffer::view& view)
    -> std::vector<coffer::named_secret> {
    auto all = only_values(s, at, view);
    if (!all && is_damage(all.error().code)) {
        const auto only = only_list(s);
        for (const auto& told : view.list())
            if (is_damage(told.outcome) && only.matches(told.name))
                refuse_read(s, at, told.name, all.error());
    }
    return need(std::move(all), at.where());
}

} // namespace command
