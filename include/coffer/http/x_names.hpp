// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_NAMES_HPP
#define COFFER_HTTP_X_NAMES_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/metadata.hpp>

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>

/// What environments and spaces are called, and how callers say it.
namespace coffer::inline COFFER_ABI::http::x {

inline auto name_of(const place_facts& place) -> std::string {
    auto name = metadata(place.metadata).text("name");
    return name.empty() ? place.id : name;
}

/// The member `name` of the body: 1 to 256 bytes. Throws 400; empty where it may be absent and is.
inline auto sent_name(call& c, bool needed) -> std::string {
    const std::string name(c.text("name"));
    if (name.empty() && !needed && c.body().find("name") == nullptr) return name;
    if (name.empty() || name.size() > 256) throw bad_request("name", "this must be 1 to 256 bytes");
    return name;
}
/// An id of the caller's choice, or a new one. Throws 400.
inline auto chosen_id(call& c, std::string_view prefix) -> std::string {
    const auto id = c.text("id");
    if (id.empty()) return need(make_id(c.parts.vault, prefix));
    const auto plain = [](char ch) {
        return std::isalnum(static_cast<unsigned char>(ch)) != 0 || ch == '_' || ch == '-' ||
               ch == '.';
    };
    if (id.size() > 64 || !std::ranges::all_of(id, plain) || id == system_environment)
        throw bad_request("id", "an id is up to 64 letters, digits, _ - and .");
    return std::string(id);
}

/// The environment that the query names, and nothing of its spaces. Throws 400, 404.
inline auto queried_environment(call& c) -> scope {
    const auto id = c.parameter("environmentId");
    if (id.empty()) throw bad_request("environmentId", "an environment must be named");
    return c.scope_of(id, {}, {});
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
