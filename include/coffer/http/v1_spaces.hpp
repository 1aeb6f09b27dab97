// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_V1_SPACES_HPP
#define COFFER_HTTP_V1_SPACES_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/metadata.hpp>
#include <coffer/http/token_notes.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// /v1/spaces and /v1/spaces/{spaceId}: the wire contract's spaces.
namespace coffer::inline COFFER_ABI::http::v1 {

inline constexpr member_rule space_members[] = {{"name", member_kind::text},
                                                {"guestAuthentication", member_kind::logins},
                                                {"displayOrder", member_kind::number},
                                                {"metadata", member_kind::anything},
                                                {"namespace", member_kind::text},
                                                {"labels", member_kind::texts},
                                                {"translationsPath", member_kind::text},
                                                {"languageOverride", member_kind::text}};

inline void write_space(json_writer& w, const listed_place& s) {
    const auto updated = s.meta.number("updatedAt");
    w.begin_object().member("id", s.place.id).member("environmentId", s.environment);
    w.member("createdAt", iso_time(s.created));
    w.member("updatedAt", iso_time(updated != 0 ? updated : s.place.at));
    if (!s.meta.has({"name", member_kind::text})) w.member("name", s.place.id);
    if (!s.meta.has({"guestAuthentication", member_kind::logins}))
        w.key("guestAuthentication").raw("[]");
    s.meta.show(w, space_members);
    w.end_object();
}

/// A space and the environment that it is in.
struct found_space {
    dated<directory::facts> environment{};
    const place_facts* place = nullptr;
};

/// A space that is there; throws 404 if it was removed meanwhile.
inline auto space_in(dated<directory::facts> environment, std::string_view id) -> found_space {
    found_space out{std::move(environment)};
    const auto found = out.environment->spaces.find(id);
    if (found == out.environment->spaces.end()) throw no_such_thing();
    out.place = &found->second;
    return out;
}

/// The scope of a space by its id; `environmentId` in the query tells apart several of the same id.
/// Throws 404, 400. The caller's right is asked.
inline auto space_scope(call& c, std::string_view id) -> scope {
    auto where = c.space_scope(id);
    c.allow(where);
    return where;
}

inline auto space_answer(const found_space& s) -> response {
    response out;
    json_writer w(out.body);
    w.begin_object().key("data");
    write_space(w, listed_place(s.environment->own.id, *s.place));
    w.end_object();
    return out;
}

/// A space that was just written.
inline auto space_answer(call& c, const scope& where) -> response {
    return space_answer(space_in(need(c.parts.places.look(where.environment)), where.space));
}

/// The spaces of an environment that the caller may see.
inline void add_spaces(call& c, const environment_facts& e, std::vector<listed_place>& rows) {
    for (const auto& [id, place] : e.spaces)
        if (c.may(right::list, {.environment = e.own.id, .space = id}))
            rows.emplace_back(e.own.id, place);
}

inline auto list_spaces(call& c) -> response {
    const page::wanted wanted(c);
    const auto environment = c.parameter("environmentId");
    dated<std::vector<listed_place>> rows;
    c.rows_are_decided();
    if (environment.empty()) {
        const auto all = need(c.parts.places.all());
        for (const auto& e : all)
            if (e.found) add_spaces(c, **e.found, rows);
        rows.fresh = all.fresh;
        rows.time = all.time;
    } else {
        c.record.where.environment = environment;
        if (!knows_environment(c.who, environment)) throw no_such_thing(); // before any look
        const auto found = need(c.parts.places.look_back(environment));
        add_spaces(c, *found, rows);
        rows.fresh = found.fresh;
        rows.time = found.time;
        if (rows.empty()) c.allow(scope({.environment = environment}));
    }
    std::ranges::sort(rows, std::less<>());
    const page shown(wanted, rows.size());
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (auto i = shown.first; i < shown.last; ++i)
        write_space(w, rows[i]);
    w.end_list();
    shown.show(w);
    c.made_from(rows);
    w.end_object();
    c.record.count = shown.last - shown.first;
    return out;
}

inline auto create_space(call& c) -> response {
    metadata meta("{}");
    meta.take(c, space_members);
    const auto environment = c.text("environmentId");
    if (environment.empty()) throw bad_request("environmentId", "this is needed");
    auto where = c.scope_of(environment, {}, {});
    c.allow(where);
    where.space = need(make_id(c.parts.vault, "us_sp_"));
    if (meta.text("name").empty()) meta.set_text("name", "Space " + where.space.substr(6));
    create_described_space(c, where, std::move(meta));
    c.parts.places.made_alone(where);
    return space_answer(c, where);
}

inline auto get_space(call& c) -> response {
    const auto where = space_scope(c, c.path.front());
    const auto found = space_in(need(c.parts.places.look_back(where.environment)), where.space);
    c.made_from(found.environment);
    return space_answer(found);
}

inline auto update_space(call& c) -> response {
    metadata sent("{}");
    sent.take(c, space_members);
    const auto where = space_scope(c, c.path.front());
    need(c.parts.places.change(where.view(), [&](const place_facts& place) {
        const listed_place was(where.environment, place);
        metadata meta = was.meta;
        meta.take(c, space_members);
        if (meta.text("name").empty() && !was.meta.find("name").empty())
            meta.set("name", was.meta.find("name"));
        meta.set("createdAt", std::to_string(was.created));
        const auto updated = std::max(was.meta.number("updatedAt"), was.place.at);
        meta.set("updatedAt", std::to_string(std::max(c.parts.now(), updated + 1)));
        return c.described(where, place.version + 1, meta.to_text());
    }));
    return space_answer(c, where);
}

inline auto delete_space(call& c) -> response {
    const auto where = space_scope(c, c.path.front());
    need_removed(remove_scope(c, where));
    return success();
}

/// Several at once: all of them must be there, and the caller's to remove, before the first goes.
/// Each has a line of its own in the audit log, as if it had been removed by itself.
inline auto delete_spaces(call& c) -> response {
    const auto ids = c.query.texts("spaceIds");
    if (!ids || ids->empty()) throw bad_request("spaceIds", "spaces must be named");
    std::vector<scope> all;
    for (const auto& id : *ids)
        all.push_back(space_scope(c, id));
    c.record.where.space.clear();
    for (const auto& where : all) {
        if (where.environment != c.record.where.environment) c.record.where = {};
        auto gone = remove_scope(c, where);
        if (!gone && gone.error().code == errc::unknown_scope) continue; // somebody else's doing
        if (gone) {
            c.also.emplace_back().action = "space.remove";
            c.also.back().where = where;
        }
        need_removed(std::move(gone));
    }
    c.record.count = all.size();
    return success();
}

} // namespace coffer::inline COFFER_ABI::http::v1

#endif
