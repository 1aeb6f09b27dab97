// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_QUOTAS_HPP
#define COFFER_HTTP_QUOTAS_HPP

#include <coffer/http/call.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// How much those who may write can keep, so that none of them fills an environment that others
/// need.
namespace coffer::inline COFFER_ABI::http {

/// A name that is about to be set or hidden, and how many bytes its new value has: 0 if it is hidden.
struct wanted_entry {
    std::string_view name{};
    std::size_t bytes = 0;
};

namespace detail {

/// A quota that a write would exceed.
struct exceeded_quota {
    std::string_view limit; ///< Which, as programs know it: `names`, `actors`, `environmentBytes`.
    std::string_view words; ///< `… no more …`, to which `than N` is added.
    std::string_view key;   ///< The member of a request that is too much.
    std::size_t most = 0;
    std::optional<std::size_t> used{}; ///< None: not for this caller to know.
};

/// `data` says which limit it is, and how much of it is used now.
inline auto over_quota(const exceeded_quota& q) -> api_error {
    auto why =
        worded(errc::too_large, std::string(q.words) + " than " + std::to_string(q.most), q.key);
    wiped_text data;
    json_writer w(data);
    w.begin_object().member("limit", q.limit).member("most", std::uint64_t{q.most});
    if (q.used) w.member("used", std::uint64_t{*q.used});
    w.end_object();
    why.data = std::string(data);
    return why;
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

/// By how many bytes values are larger than those that they replace.
inline auto growth(const view& seen, const scope& where, std::span<const wanted_entry> wanted)
    -> std::size_t {
    std::size_t more = 0;
    for (const auto& w : wanted) {
        if (w.bytes == 0) continue;
        const auto now =
            call::has_own(seen, where, w.name) ? seen.get(w.name) : result<secret>(errc::not_found);
        more += w.bytes - std::min(w.bytes, now ? now->size() : 0);
    }
    return more;
}

} // namespace detail

/// Asks whether a scope has room for what is about to be set or hidden there: names that it has, or
/// had once, need none, and values no larger than those that they replace. Counted is what is known
/// now, so that writes at the same time may go over by as many as they are. Throws 400 `too_large`,
/// and what reading fails with.
inline void require_room(call& c, const scope& where, std::span<const wanted_entry> wanted) {
    const auto bound = [](std::size_t n) { return n == 0 ? std::string::npos : n; };
    const quotas most{bound(c.parts.most.names), bound(c.parts.most.actors),
                      bound(c.parts.most.bytes)};
    const auto held = need(c.vault().status(where.environment));
    std::size_t bytes = 0;
    for (const auto& w : wanted)
        bytes += w.bytes;
    const bool few = held.entries + wanted.size() <= std::min(most.names, most.actors);
    const bool small = held.sealed_bytes + bytes <= most.bytes;
    if (few && small) return; // wherever they lie
    const auto seen = need(c.vault().resolver().at(where.view()));
    if (const auto more = small ? 0 : detail::growth(seen, where, wanted);
        more != 0 && held.sealed_bytes + more > most.bytes)
        throw detail::over_quota({"environmentBytes",
                                  "an environment's values, sealed, take no more bytes", "value",
                                  most.bytes,
                                  // Who may write in one space learns no size of another's.
                                  c.may(right::list, {.environment = where.environment})
                                      ? std::optional(held.sealed_bytes)
                                      : std::nullopt});
    if (few || std::ranges::all_of(wanted, [&](const wanted_entry& w) {
            return call::has_own(seen, where, w.name);
        }))
        return;
    const auto own = need(c.vault().list(where.view())); // sorted by name, removed ones too
    const auto added = std::ranges::count_if(wanted, [&](const wanted_entry& w) {
        return !std::ranges::binary_search(own, w.name, {}, &own_entry::name);
    });
    if (added == 0) return;
    if (own.size() + static_cast<std::size_t>(added) > most.names)
        throw detail::over_quota({"names", "a scope has no more names, removed ones included,",
                                  "name", most.names, own.size()});
    if (!own.empty() || where.actor.empty()) return;
    if (const auto actors = detail::count_actors(c, where); actors >= most.actors)
        throw detail::over_quota(
            {"actors", "no more actors have names of their own here", "actorId", most.actors,
             c.may(right::list, {where.environment, where.space, {}}) ? std::optional(actors)
                                                                      : std::nullopt});
}

} // namespace coffer::inline COFFER_ABI::http

#endif
