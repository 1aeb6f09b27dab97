// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_QUERY_HPP
#define COFFER_HTTP_QUERY_HPP

#include <coffer/detail/percent.hpp>
#include <coffer/scope.hpp>

#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// A text as it stands in a query: percent-encoded but for RFC 3986's unreserved characters.
inline auto encoded(std::string_view text) -> std::string {
    return coffer::detail::percent_encoded<std::string>(text, coffer::detail::unreserved);
}

/// The query that names a scope: `?environmentId=…&spaceId=…`.
inline auto query_of(context where) -> std::string {
    auto out = "?environmentId=" + encoded(where.environment);
    if (!where.space.empty()) out += "&spaceId=" + encoded(where.space);
    if (!where.actor.empty()) out += "&actorId=" + encoded(where.actor);
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
