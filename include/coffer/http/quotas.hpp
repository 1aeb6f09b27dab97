// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_QUOTAS_HPP
#define COFFER_HTTP_QUOTAS_HPP

#include <coffer/http/call.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// How much those who may write can keep, so that none of them fills an environment that others
/// need.
namespace coffer::inline COFFER_ABI::http {

namespace detail {

inline auto over_quota(std::string_view what, std::size_t most) -> api_error {
    return {400,    std::string(what) + " than " + std::to_string(most),
            "name", std::string(to_string(errc::too_large)),
            {},     {}};
}

/// Actors with entries of their own in a space, or in the environment itself.
inline auto count_actors(call& c, const scope& where) -> std::size_t {
    std::size_t count = 0;
    std::string last;
    for (auto& e : need(c.vault().entries(where.environment))) { // sorted by scope
        if (e.space != where.space || e.actor.empty() || e.actor == last) continue;
        last = std::move(e.actor);
        ++count;
    }
    return count;
}

} // namespace detail

/// Asks whether a scope has room for names that are about to be set or hidden there: those that it
/// has, or had once, need none. Counted is what is known now, so that writes at the same time may
/// go over by as many as they are. Throws 400 `too_large`, and what reading fails with.
inline void require_room(call& c, const scope& where, std::span<const std::string_view> names) {
    const auto bound = [](std::size_t n) { return n == 0 ? std::string::npos : n; };
    const quotas most{bound(c.parts.most.names), bound(c.parts.most.actors)};
    const auto in_all = need(c.vault().status(where.environment)).entries;
    if (in_all + names.size() <= std::min(most.names, most.actors)) return; // wherever they lie
    const auto seen = need(c.vault().resolver().at(where.view()));
    if (std::ranges::all_of(names, [&](auto name) { return call::has_own(seen, where, name); }))
        return;
    const auto own = need(c.vault().list(where.view())); // sorted by name, removed ones too
    const auto added = std::ranges::count_if(names, [&](std::string_view name) {
        return !std::ranges::binary_search(own, name, {}, &own_entry::name);
    });
    if (added == 0) return;
    if (own.size() + static_cast<std::size_t>(added) > most.names)
        throw detail::over_quota("a scope has no more names, removed ones included,", most.names);
    if (own.empty() && !where.actor.empty() && detail::count_actors(c, where) >= most.actors)
        throw detail::over_quota("no more actors have names of their own here", most.actors);
}

} // namespace coffer::inline COFFER_ABI::http

#endif
