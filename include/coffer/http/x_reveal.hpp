// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_REVEAL_HPP
#define COFFER_HTTP_X_REVEAL_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/x_secrets.hpp>
#include <coffer/http/x_values.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// The two routes of /v1/x/secret that give a value: /value for programs (right `read`), /reveal
/// for people (right `reveal`, and more).
namespace coffer::inline COFFER_ABI::http::x {

/// `version` of the body; 0 if it names none.
inline auto asked_version(call& c) -> std::uint64_t {
    if (c.in.body.empty()) return 0;
    const auto* found = c.body().find("version");
    if (found == nullptr) return 0;
    if (!found->is_int64() || found->get_int64() < 1)
        throw bad_request("version", "this must be the number of a version");
    return static_cast<std::uint64_t>(found->get_int64());
}

/// One version of the scope's own, for a program: none that has expired, which is told as the
/// newest would be, and none of a name that was removed or hidden, which is not there but for who
/// may set it or be shown it. Throws 404, 410.
inline auto own_version(call& c, const scope& where, std::string_view name, std::uint64_t version)
    -> secret {
    const auto kept = need(c.vault().history(where.view(), name));
    const bool sets = covers_name(c.who, right::write, where.view(), name) ||
                      covers_name(c.who, right::reveal, where.view(), name);
    if (kept.front().state != format::entry_state::value && !sets) throw no_such_thing();
    for (const auto& v : kept)
        if (v.version == version && c.parts.is_past(v.expires)) throw error_of(errc::expired);
    return need(c.vault().get_version(where.view(), name, version));
}

/// The resolved value, or one version of the scope's own.
inline auto give_value(call& c) -> response {
    const auto name = asked_name(c);
    const auto version = asked_version(c);
    c.record.names = {name}; // of a refusal too: what was tried
    c.record.version = version;
    const auto where = c.queried_scope();
    c.allow(where);
    c.allow_name(where, name);
    const auto seen = need(c.vault().resolver().at(where.view()));
    const auto told = need(seen.explain(name));
    const auto value = version == 0 ? need(seen.get(name)) : own_version(c, where, name, version);
    const auto& from = version == 0 ? told.layers[told.decides].where : where;
    c.record.version = value.version();
    c.record.count = 1;
    c.parts.delivered.note_name(where.view(), name, {c.parts.now(), c.who.name, value.version()});
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().member("name", name);
    write_value(w, value.expose_secret());
    w.member("version", value.version()).key("from").begin_object();
    w.member("environmentId", from.environment).member_if("spaceId", from.space);
    w.member_if("actorId", from.actor).end_object();
    write_freshness(w, seen);
    w.end_object().end_object();
    return out;
}

/// How long after its holder entered the parent token a session may reveal and mint.
inline constexpr std::chrono::milliseconds confirmed_for = std::chrono::minutes(5);
/// When that ends for one who entered it then, as the wall clock says now: milliseconds since 1970.
inline auto confirmed_until(const call& c, std::chrono::milliseconds at) -> std::uint64_t {
    const auto left = at + confirmed_for - c.parts.boot();
    return c.parts.now() + static_cast<std::uint64_t>(left.count());
}
/// Throws 403 with the code `confirm` where that is longer ago.
inline void require_confirmed(const call& c) {
    const bool recent =
        c.who.confirmed_at.count() != 0 && c.parts.boot() - c.who.confirmed_at < confirmed_for;
    if (c.who.is_session && !recent)
        throw api_error{403, "enter your token again first", {}, "confirm", {}};
}

/// One stored value of the scope's own, for a person to see: never an inherited one.
inline auto reveal_value(call& c) -> response {
    const auto name = asked_name(c);
    const auto version = asked_version(c);
    const auto reason = c.text("reason");
    if (!check_note(reason)) throw bad_request("reason", "this must be at most 4 KiB of text");
    c.record.names = {name}; // of a refusal too: what was tried
    c.record.version = version;
    c.record.reason = reason;
    const auto where = c.queried_scope();
    c.allow(where);
    c.allow_name(where, name);
    if (c.parts.reveal == reveal_mode::off)
        throw worded(errc::unsupported,
                     "this server reveals no values to people (coffer serve --reveal)");
    const auto facts = need(c.parts.places.look(where.environment));
    if (!may_be_revealed(metadata(facts->own.metadata)))
        throw api_error{403, "values of this environment are never revealed", {}, "denied", {}};
    if (reason.empty()) throw bad_request("reason", "say why you need to see it");
    require_confirmed(c);
    const auto newest = need(c.vault().history(where.view(), name)).front().version;
    const auto number = version == 0 ? newest : version;
    if (const auto wait = c.parts.reveals.take(c.who.token_id); wait.count() != 0)
        throw api_error{429, "this token has revealed 30 values within an hour", {}, "denied", {},
                        wait};
    const auto value = need(c.vault().get_version(where.view(), name, number));
    c.record.version = number;
    c.record.count = 1;
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().member("name", name).member("version", number);
    write_value(w, value.expose_secret());
    w.end_object().end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
