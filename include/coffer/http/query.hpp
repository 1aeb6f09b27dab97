// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_QUERY_HPP
#define COFFER_HTTP_QUERY_HPP

#include <coffer/scope.hpp>

#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// A text as it stands in a query: percent-encoded but for RFC 3986's unreserved characters.
inline auto encoded(std::string_view text) -> std::string {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain)
            out.push_back(c);
        else
            out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return out;
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
