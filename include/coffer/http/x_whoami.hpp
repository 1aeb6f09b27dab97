// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_WHOAMI_HPP
#define COFFER_HTTP_X_WHOAMI_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/x_reveal.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

/// Who calls: GET /v1/x/whoami.
namespace coffer::inline COFFER_ABI::http::x {

/// The rights that a caller has in some scope or other.
inline auto rights_anywhere(const principal& who) -> right_set {
    right_set out;
    for (const auto& g : who.grants)
        out = out | rights_of(g);
    if (who.is_session) out.remove(right::read);
    return out;
}

inline void write_right_list(json_writer& w, std::string_view key, right_set held) {
    w.key(key).begin_list();
    for (const auto r : all_rights)
        if (held.has(r)) w.text(to_string(r));
    w.end_list();
}

inline void write_server(call& c, json_writer& w) {
    w.key("server").begin_object();
    w.member("version", std::to_string(COFFER_VERSION_MAJOR) + "." +
                            std::to_string(COFFER_VERSION_MINOR) + "." +
                            std::to_string(COFFER_VERSION_PATCH));
    w.member("reveal", c.parts.reveal == reveal_mode::off ? "off" : "reason");
    const auto seen = c.vault().resolver().at({.environment = system_environment});
    const bool stale = seen && seen->stale();
    w.member("stale", stale);
    if (stale) {
        const auto age = static_cast<std::uint64_t>(std::max<std::int64_t>(0, seen->age().count()));
        const auto since = c.parts.now() - std::min(age, c.parts.now());
        w.member("since", iso_time(since));
        w.member("until", iso_time(since + static_cast<std::uint64_t>(c.parts.stale_for.count())));
    }
    if (c.parts.audit != nullptr)
        w.member("auditFullPercent", std::uint64_t{c.parts.audit->full_percent()});
    w.end_object();
}

inline auto whoami(call& c) -> response {
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object();
    w.member("tokenId", c.who.token_id).member("name", c.who.name);
    if (c.who.expires != 0) w.member("expiresAt", iso_time(c.who.expires));
    w.member("session", c.who.is_session).key("grants");
    write_grants(w, c.who.grants.view());
    write_right_list(w, "rights", rights_anywhere(c.who));
    write_right_list(w, "instanceRights", rights_at(c.who, {}));
    if (c.who.is_session && c.who.confirmed_at.count() != 0)
        w.member("confirmedUntil", iso_time(confirmed_until(c, c.who.confirmed_at)));
    write_server(c, w);
    w.end_object().end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
