// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_WATCH_HPP
#define COFFER_HTTP_X_WATCH_HPP

#include <coffer/http/call.hpp>

#include <optional>
#include <utility>

/// GET /v1/x/watch: answers when something that a scope can see has changed.
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

} // namespace coffer::inline COFFER_ABI::http::x

#endif
