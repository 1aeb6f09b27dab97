// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_WATCH_HPP
#define COFFER_HTTP_X_WATCH_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/x_environments.hpp>

#include <optional>
#include <string>
#include <utility>

/// GET /v1/x/watch and GET /v1/x/environments/watch: answer when something has changed that a scope
/// can see, or that list.
namespace coffer::inline COFFER_ABI::http::x {

/// With `after`, a generation: answers at once if it is not the newest, else when something has
/// changed, or after 25 seconds. `names` holds what changed in between, as far as the answer waited.
/// With `spaces=1` an environment's spaces count too.
inline auto watch(call& c) -> response {
    const auto text = c.parameter("after");
    const auto after = text.empty() || text == "0" ? 0 : c.number("after", 1);
    watched_scope what{c.queried_scope(), c.parameter("spaces") == "1"};
    if (what.spaces_too && !what.where.space.empty())
        throw bad_request("spaces", "only an environment has spaces");
    c.allow(what.where);
    const auto generation = need(c.vault().status(what.where.environment)).generation;
    response out;
    if (generation == after)
        out.follow = c.parts.waiting->wait(c.who, std::move(what), generation);
    else
        out.body = watches::text_of(generation, std::nullopt);
    return out;
}

/// The answer to who was shown the list of that `revision`: at once if it has another one, else once
/// it has, or after 25 seconds.
inline auto watch_list(call& c, revision_source now) -> response {
    const std::string shown(c.parameter("revision"));
    c.rows_are_decided();
    response out;
    if (const auto is = now(); is && *is != shown)
        out.body = list_watches::text_of(*is);
    else
        out.follow = c.parts.waiting_for_lists->wait(std::move(now), shown);
    return out;
}

inline auto watch_environments(call& c) -> response {
    return watch_list(c, [&parts = c.parts, who = c.who]() -> std::optional<std::string> {
        const auto all = parts.places.all();
        if (!all || all->stale()) return std::nullopt;
        return revision_of(parts.vault, environment_rows(who, *all));
    });
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
