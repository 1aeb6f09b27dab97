// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_ENVIRONMENTS_HPP
#define COFFER_HTTP_X_ENVIRONMENTS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/metadata.hpp>
#include <coffer/http/token_notes.hpp>
#include <coffer/http/x_names.hpp>
#include <coffer/http/x_reveal.hpp>
#include <coffer/http/x_secrets.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// /v1/x/environments.
namespace coffer::inline COFFER_ABI::http::x {

inline void write_environment_row(json_writer& w, const environment_facts& e) {
    const listed_place place(e.own.id, e.own);
    w.member("id", e.own.id).member("name", name_of(e.own));
    w.member("isProd", place.meta.flag("isProd"));
    w.member("reveal", may_be_revealed(place.meta) ? "allowed" : "never");
    w.member("createdAt", iso_time(place.created));
}

/// What an environment that can't be looked at is told as, so that the others can be worked with.
inline auto trouble_word(errc why) noexcept -> std::string_view {
    switch (why) {
    case errc::key_disabled: return "key_disabled";
    case errc::unknown_key: return "unknown_key";
    case errc::unavailable:
    case errc::timed_out: return "unavailable";
    default: return "damaged";
    }
}

/// How many spaces a caller may list, and how many names of the environment itself: that number only
/// for who may list those, since to others a 0 would say that there are none.
inline void write_environment_counts(json_writer& w, const principal& who,
                                     const environment_facts& e) {
    const auto visible = std::ranges::count_if(e.spaces, [&](const auto& s) {
        const context where{.environment = e.own.id, .space = s.first};
        return decide(who, right::list, where) == decision::allowed;
    });
    w.member("spaces", static_cast<std::uint64_t>(visible));
    if (decide(who, right::list, {.environment = e.own.id}) != decision::allowed) return;
    const auto names = std::ranges::count_if(e.secrets, [&](const auto& s) {
        return s.second.space.empty() && s.second.actor.empty() &&
               covers_name(who, right::list, {.environment = e.own.id}, s.second.name);
    });
    w.member("names", static_cast<std::uint64_t>(names));
}

/// The environments of which a caller may know, as a JSON list.
inline auto environment_rows(const principal& who, const std::vector<directory::looked>& all)
    -> wiped_text {
    wiped_text out;
    json_writer w(out);
    w.begin_list();
    for (const auto& [id, e, last] : all) {
        if (!knows_environment(who, id)) continue;
        w.begin_object();
        if (e && (**e).own.told) {
            write_environment_row(w, **e);
            write_environment_counts(w, who, **e);
        } else {
            const auto why = e ? errc::unavailable : e.error().code;
            w.member("id", id).member("name", id).member("state", trouble_word(why));
            if (last != nullptr) write_environment_counts(w, who, *last);
        }
        write_rights(w, who, {.environment = id});
        w.end_object();
    }
    w.end_list();
    return out;
}

inline auto list_environments(call& c) -> response {
    c.rows_are_decided();
    const auto all = need(c.parts.places.all());
    const auto rows = environment_rows(c.who, all);
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").raw(rows);
    w.member("revision", revision_of(c.parts.vault, rows)).end_object();
    c.made_from(all);
    for (const auto& one : all)
        if (knows_environment(c.who, one.id)) ++c.record.count;
    return out;
}

inline auto environment_answer(call& c, std::string_view id) -> response {
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object();
    write_environment_row(w, *need(c.parts.places.look(id)));
    w.end_object().end_object();
    return out;
}

inline auto make_environment(call& c) -> response {
    metadata meta("{}");
    meta.set_text("name", sent_name(c, true));
    const auto* prod = c.body().find("isProd");
    if (prod != nullptr && !prod->is_bool())
        throw bad_request("isProd", "this must be true or false");
    meta.set("isProd", prod != nullptr && prod->get_bool() ? "true" : "false");
    meta.set("createdAt", std::to_string(c.parts.making_time()));
    const auto id = chosen_id(c, "us_env_");
    c.allow(scope());
    need_made(c.vault().create_environment(id, meta.to_text()));
    c.record.where.environment = id;
    return environment_answer(c, id);
}

/// Name and flag are for those who make environments, what may be revealed for those who say so.
inline auto change_environment(call& c) -> response {
    const auto name = sent_name(c, false);
    const auto* prod = c.body().find("isProd");
    const auto reveal = c.text("reveal");
    if (prod != nullptr && !prod->is_bool())
        throw bad_request("isProd", "this must be true or false");
    if (!reveal.empty() && reveal != "never" && reveal != "allowed")
        throw bad_request("reveal", "this must be never or allowed");
    const auto change = [&](metadata& of) {
        if (!name.empty()) of.set_text("name", name);
        if (prod != nullptr) of.set("isProd", prod->get_bool() ? "true" : "false");
        if (!reveal.empty()) of.set_text("reveal", reveal);
    };
    metadata wanted("{}");
    change(wanted);
    c.record.details = change_details(wanted); // of a refusal too: what was tried
    const auto where = queried_environment(c);
    if (!reveal.empty()) c.allow(right::policy, where);
    if (reveal.empty() || prod != nullptr || !name.empty()) c.allow(where);
    need(c.parts.places.change(where.view(), [&](const place_facts& place) {
        const listed_place was(where.environment, place);
        metadata meta = was.meta;
        meta.set("createdAt", std::to_string(was.created));
        change(meta);
        c.record.details = change_details(meta, &was.meta);
        return c.described(where, place.version + 1, meta.to_text());
    }));
    return environment_answer(c, where.environment);
}

inline auto remove_environment(call& c) -> response {
    const auto where = queried_environment(c);
    c.allow(where);
    need_removed(remove_scope(c, where));
    return success();
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
