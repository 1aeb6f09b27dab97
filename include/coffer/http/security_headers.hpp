// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_SECURITY_HEADERS_HPP
#define COFFER_HTTP_SECURITY_HEADERS_HPP

#include <coffer/version.hpp>

#include <array>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// What keeps a browser, and those between, from doing harm with an answer: storing it, taking it
/// for another type, framing it, telling others where it came from. Every answer carries them, but
/// for those that the handler set another value of. `server` sees to that; so must another server
/// that mounts a handler.
inline constexpr std::string_view security_lines =
    "cache-control: no-store\r\n"
    "content-security-policy: default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'\r\n"
    "x-content-type-options: nosniff\r\n"
    "x-frame-options: DENY\r\n"
    "referrer-policy: no-referrer\r\n"
    "cross-origin-opener-policy: same-origin\r\n"
    "cross-origin-resource-policy: same-origin\r\n"
    "permissions-policy: camera=(), microphone=(), geolocation=()\r\n";

/// One of them.
struct security_header {
    std::string_view name{};
    std::string_view line{}; ///< Of security_lines, with its CR LF.
};
inline constexpr auto security_headers = [] {
    std::array<security_header, 8> out{};
    auto rest = security_lines;
    for (auto& h : out) {
        h.line = rest.substr(0, rest.find('\n') + 1);
        h.name = h.line.substr(0, h.line.find(':'));
        rest.remove_prefix(h.line.size());
    }
    return out;
}();
static_assert(security_headers.back().line.end() == security_lines.end());

} // namespace coffer::inline COFFER_ABI::http

#endif
