// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_SPACES_HPP
#define COFFER_HTTP_X_SPACES_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/metadata.hpp>
#include <coffer/http/nearest.hpp>
#include <coffer/http/token_notes.hpp>
#include <coffer/http/x_names.hpp>
#include <coffer/http/x_secrets.hpp>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// /v1/x/spaces.
namespace coffer::inline COFFER_ABI::http::x {

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
    create_described_space(c, where, std::move(meta));
    c.parts.places.made_another(id);
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
    need_removed(remove_scope(c, where));
    return success();
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
