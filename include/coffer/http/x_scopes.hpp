// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_SCOPES_HPP
#define COFFER_HTTP_X_SCOPES_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/metadata.hpp>
#include <coffer/http/nearest.hpp>
#include <coffer/http/token_notes.hpp>
#include <coffer/http/value_pattern.hpp>
#include <coffer/http/x_reveal.hpp>
#include <coffer/http/x_secrets.hpp>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/serialize.hpp>

/// /v1/x/environments, /v1/x/spaces and /v1/x/requirements.
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

// Environments ------------------------------------------------------------------------------------

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
    meta.set("createdAt", std::to_string(c.parts.now()));
    const auto id = chosen_id(c, "us_env_");
    c.allow(scope());
    need_made(c.vault().create_environment(id, meta.to_text()));
    c.record.where.environment = id;
    return environment_answer(c, id);
}

/// The environment that the query names, and nothing of its spaces. Throws 400, 404.
inline auto queried_environment(call& c) -> scope {
    const auto id = c.parameter("environmentId");
    if (id.empty()) throw bad_request("environmentId", "an environment must be named");
    return c.scope_of(id, {}, {});
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
    end_tokens_in(c, where);
    need(c.vault().remove_environment(where.environment));
    c.tell_removed(where);
    return success();
}

// Spaces ------------------------------------------------------------------------------------------

/// How those names of a space stand that the caller's grants cover, counted.
struct space_counts {
    std::uint64_t own = 0;
    std::uint64_t hidden = 0;
    std::uint64_t missing = 0;

    space_counts(const call& c, const environment_state& state, std::string_view space) {
        const context where{.environment = state.facts->own.id, .space = space};
        const auto covered = [&](std::string_view name) {
            return covers_name(c.who, right::list, where, name);
        };
        for (const auto& [name, e] : state.table.of(space, {})) {
            if (!is_live(e) || !covered(name)) continue;
            ++(e->state == format::entry_state::hidden ? hidden : own);
        }
        for (const auto& [name, programs] : state.required)
            if (covered(name) && state.table.standing_of(where, name).state() == row_state::missing)
                ++missing;
    }
};

inline auto fits(const place_facts& place, std::string_view wanted) -> bool {
    const auto lower = [](std::string_view text) {
        std::string out(text);
        for (auto& ch : out)
            if (ch >= 'A' && ch <= 'Z') ch = static_cast<char>(ch + 32);
        return out;
    };
    const auto part = lower(wanted);
    return lower(place.id).find(part) != std::string::npos ||
           lower(name_of(place)).find(part) != std::string::npos;
}

inline void write_space_row(json_writer& w, const call& c, const environment_state& state,
                            const listed_place& s) {
    const space_counts counts(c, state, s.place.id);
    const auto updated = s.meta.number("updatedAt");
    w.begin_object().member("id", s.place.id).member("name", name_of(s.place));
    w.member("own", counts.own).member("hidden", counts.hidden).member("missing", counts.missing);
    const context where{.environment = state.facts->own.id, .space = s.place.id};
    if (const auto last = c.parts.delivered.list_of(where); last.at != 0)
        w.member("deliveredAt", iso_time(last.at));
    w.member("updatedAt", iso_time(updated != 0 ? updated : s.place.at)).end_object();
}

/// Of the names and ids of the spaces that the caller may list the one that a search was probably
/// meant to find, where it found none; empty if there is none.
inline auto meant_space(const call& c, const environment_facts& of, std::string_view search)
    -> std::string {
    std::vector<std::string> texts;
    for (const auto& [id, place] : of.spaces) {
        if (!c.may(right::list, {.environment = of.own.id, .space = id})) continue;
        texts.push_back(name_of(place));
        texts.push_back(id);
    }
    return std::string(nearest_holding(search, {texts.begin(), texts.end()}));
}

inline auto list_spaces(call& c) -> response {
    const page::wanted wanted(c, 100);
    const auto search = c.parameter("search");
    const auto one = c.parameter("spaceId");
    const auto where = queried_environment(c);
    c.record.where = where;
    if (!knows_environment(c.who, where.environment)) throw no_such_thing();
    c.rows_are_decided();
    const environment_state state(c, where.environment);
    std::vector<listed_place> rows;
    for (const auto& [id, place] : state.facts->spaces)
        if ((one.empty() || one == id) && fits(place, search) &&
            c.may(right::list, {.environment = where.environment, .space = id}))
            rows.emplace_back(where.environment, place);
    std::ranges::sort(rows, std::less<>());
    const page shown(wanted, rows.size());
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (auto i = shown.first; i < shown.last; ++i)
        write_space_row(w, c, state, rows[i]);
    w.end_list();
    shown.show(w);
    w.member("generation", state.facts->generation);
    if (rows.empty() && one.empty())
        if (const auto meant = meant_space(c, *state.facts, search); !meant.empty())
            w.member("nearest", meant);
    c.made_from(state.facts);
    w.end_object();
    c.record.count = shown.last - shown.first;
    return out;
}

inline auto space_answer(std::string_view id, std::string_view name) -> response {
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().member("id", id).member("name", name);
    w.end_object().end_object();
    return out;
}

inline auto make_space(call& c) -> response {
    const auto name = sent_name(c, true);
    const auto id = chosen_id(c, "us_sp_");
    auto where = queried_environment(c);
    c.allow(where);
    where.space = id;
    metadata meta("{}");
    meta.set_text("name", name);
    const auto now = std::to_string(c.parts.now());
    meta.set("createdAt", now);
    meta.set("updatedAt", now);
    need_made(c.vault().create_space(where.view(), c.described(where, 1, meta.to_text())));
    c.record.where = where;
    return space_answer(id, name);
}

inline auto queried_space(call& c) -> scope {
    const auto id = c.parameter("spaceId");
    if (id.empty()) throw bad_request("spaceId", "a space must be named");
    auto where = c.scope_of(c.parameter("environmentId"), id, {});
    c.allow(where);
    return where;
}

inline auto change_space(call& c) -> response {
    const auto name = sent_name(c, true);
    const auto where = queried_space(c);
    need(c.parts.places.change(where.view(), [&](const place_facts& place) {
        const listed_place was(where.environment, place);
        metadata meta = was.meta;
        meta.set_text("name", name);
        meta.set("createdAt", std::to_string(was.created));
        meta.set("updatedAt", std::to_string(c.parts.now()));
        return c.described(where, place.version + 1, meta.to_text());
    }));
    return space_answer(where.space, name);
}

inline auto remove_space(call& c) -> response {
    const auto where = queried_space(c);
    end_tokens_in(c, where);
    need(c.vault().remove_space(where.view()));
    c.tell_removed(where);
    return success();
}

// What programs need ------------------------------------------------------------------------------

inline auto requirements_in(const metadata& environment) -> boost::json::object {
    const auto said = environment.find("requirements");
    const auto read = json_document::read(said.empty() ? "{}" : said);
    return read ? read->object() : boost::json::object();
}
inline auto required_name(const boost::json::value& one) -> std::string_view {
    const auto* name = one.is_object() ? one.get_object().if_contains("name") : nullptr;
    return name != nullptr && name->is_string() ? view_of(name->get_string()) : std::string_view();
}

/// What of them speaks of names that the caller's grants cover.
inline auto covered_requirements(const call& c, const scope& where, boost::json::object all)
    -> boost::json::object {
    for (auto& [program, needs] : all) {
        if (!needs.is_array()) continue;
        boost::json::array kept;
        for (const auto& one : needs.get_array())
            if (c.covers(where, required_name(one))) kept.push_back(one);
        needs = std::move(kept);
    }
    return all;
}

/// `generation` is left out where it is not known.
inline auto requirements_answer(const boost::json::object& all,
                                std::optional<std::uint64_t> generation) -> response {
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().key("requirements");
    w.raw(boost::json::serialize(all));
    if (generation) w.member("generation", *generation);
    w.end_object().end_object();
    return out;
}

inline auto get_requirements(call& c) -> response {
    const auto where = queried_environment(c);
    c.allow(where);
    const auto facts = need(c.parts.places.look(where.environment));
    const metadata environment(facts->own.metadata);
    return requirements_answer(covered_requirements(c, where, requirements_in(environment)),
                               facts->generation);
}

/// Whether this is `{program:[{"name":…,"pattern"?:…}]}`.
inline auto are_requirements(const boost::json::value* v) -> bool {
    if (v == nullptr || !v->is_object()) return false;
    const auto text = [](const boost::json::value* t) { return t != nullptr && t->is_string(); };
    return std::ranges::all_of(v->get_object(), [&](const auto& program) {
        return program.value().is_array() &&
               std::ranges::all_of(program.value().get_array(), [&](const auto& one) {
                   if (!one.is_object()) return false;
                   const auto* name = one.get_object().if_contains("name");
                   const auto* pattern = one.get_object().if_contains("pattern");
                   return text(name) && check_name(view_of(name->get_string())) &&
                          (pattern == nullptr || text(pattern));
               });
    });
}

/// Throws 400 for a pattern that is none: everybody who checks would meet it.
inline void require_patterns(const boost::json::object& requirements) {
    for (const auto& [program, needs] : requirements)
        for (const auto& one : needs.get_array()) {
            const auto* pattern = one.get_object().if_contains("pattern");
            if (pattern == nullptr) continue;
            if (const auto read = value_pattern::read(view_of(pattern->get_string())); !read)
                throw bad_request("requirements",
                                  "the pattern of " + std::string(required_name(one)) + " " +
                                      std::string(pattern_fault(read.error().code)));
        }
}

/// Replaces what programs need; for those alone whose grants cover every name of it, before and
/// after. With `was`, the document that this replaces: if it is another one by now, 409, and nothing
/// is changed.
inline auto set_requirements(call& c) -> response {
    if (!are_requirements(c.body().find("requirements")))
        throw bad_request("requirements", R"(this must be {"program":[{"name":…,"pattern":…}]})");
    const auto& next = c.body().find("requirements")->get_object();
    require_patterns(next);
    const auto* expected = c.body().find("was");
    if (expected != nullptr && !expected->is_object())
        throw bad_request("was", "this must be the requirements as they were");
    const auto where = queried_environment(c);
    c.allow(where);
    need(c.parts.places.change(where.view(), [&](const place_facts& place) {
        const listed_place was(where.environment, place);
        metadata meta = was.meta;
        const auto now = requirements_in(meta);
        if (covered_requirements(c, where, now) != now ||
            covered_requirements(c, where, next) != next)
            throw forbidden(*c.of.needs);
        if (expected != nullptr && now != expected->get_object()) throw error_of(errc::conflict);
        meta.set("createdAt", std::to_string(was.created));
        meta.set("requirements", raw_members(c.body().text()).find("requirements"));
        return c.described(where, place.version + 1, meta.to_text());
    }));
    return requirements_answer(next, std::nullopt);
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
