// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_WATCH_HPP
#define COFFER_HTTP_X_WATCH_HPP

#include <coffer/http/call.hpp>

/// GET /v1/x/watch: answers when something that a scope can see has changed.
namespace coffer::inline COFFER_ABI::http::x {

/// With `after`, a generation: answers at once if it is not the newest, else when there is a newer
/// one, or after 25 seconds. `names` holds what changed in between, as far as the answer waited.
inline auto watch(call& c) -> response {
    const auto text = c.parameter("after");
    const auto after = text.empty() || text == "0" ? 0 : c.number("after", 1);
    const auto where = c.queried_scope();
    c.allow(where);
    const auto generation = need(c.vault().status(where.environment)).generation;
    response out;
    if (generation == after)
        out.follow = c.parts.waiting->wait(c.who, where, generation);
    else
        out.body = watches::text_of(generation, {}, {});
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
