// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_SECRETS_HPP
#define COFFER_HTTP_X_SECRETS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/x_rows.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// GET /v1/x/secrets and /v1/x/secret: names, states and histories. No value leaves here.
namespace coffer::inline COFFER_ABI::http::x {

/// The parameter `name`. Throws 400.
inline auto asked_name(const call& c) -> std::string {
    std::string name(c.parameter("name"));
    if (!check_name(name)) throw bad_request("name", "the name of a secret is needed");
    return name;
}

/// What rows are made of: an environment's entries at one moment.
struct environment_state {
    dated<directory::facts> facts{};
    std::vector<scoped_entry> entries{};
    entry_table table;
    required_names required{};

    environment_state(call& c, std::string_view environment)
        : facts(need(c.parts.places.look(environment))),
          entries(need(c.vault().entries(environment))), table(entries, c.parts.now()),
          required(required_in(metadata(facts->own.metadata))) {}
    environment_state(const environment_state&) = delete;
    auto operator=(const environment_state&) -> environment_state& = delete;

    /// The names of a scope, and those that a program needs of it, as far as the caller's grants
    /// cover them.
    auto names_of(const call& c, const scope& where) const -> std::vector<std::string> {
        std::vector<std::string> out;
        for (const auto name : table.names_of(where.view()))
            out.emplace_back(name);
        for (const auto& [name, programs] : required)
            if (!std::ranges::binary_search(out, name)) out.push_back(name);
        std::erase_if(out, [&](const auto& name) { return !c.covers(where, name); });
        std::ranges::sort(out);
        out.erase(std::unique(out.begin(), out.end()), out.end());
        return out;
    }
};

/// Says of a version that the caller's own token made it, where that is known.
inline void write_whose(json_writer& w, const call& c, const scope& where, std::string_view name,
                        std::uint64_t version) {
    if (c.parts.written.was_by(c.who.token_id, where, name, version)) w.member("yours", true);
}

inline auto list_states(call& c) -> response {
    const auto where = c.queried_scope();
    c.allow(where);
    const auto seen = need(c.vault().resolver().at(where.view()));
    const environment_state state(c, where.environment);
    const row_writer row(c, where, state.table, state.required, state.facts->spaces.size());
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().key("rows").begin_list();
    for (const auto& name : state.names_of(c, where)) {
        w.begin_object();
        row.write(w, name);
        const auto* own = state.table.standing_of(where.view(), name).own;
        if (own != nullptr) write_whose(w, c, where, name, own->version);
        w.end_object();
    }
    w.end_list();
    write_state(w, c, seen);
    write_rights(w, c.who, where.view());
    w.end_object().end_object();
    return out;
}

/// How a name is looked up, and which layer decides.
inline void write_look_up(json_writer& w, const call& c, const explanation& told) {
    write_layers(w, c, told);
    w.key("decides");
    if (told.decided())
        w.number(told.decides);
    else
        w.null();
    w.member("outcome",
             told.outcome == errc{} ? std::string_view("value") : to_string(told.outcome));
}

constexpr auto word_of(format::entry_state s) noexcept -> std::string_view {
    return s == format::entry_state::value    ? "value"
           : s == format::entry_state::hidden ? "hidden"
                                              : "deleted";
}

inline void write_versions(json_writer& w, const call& c, const scope& where, std::string_view name,
                           const std::vector<version_info>& versions) {
    w.key("versions").begin_list();
    for (const auto& v : versions) {
        w.begin_object().member("version", v.version).member("state", word_of(v.state));
        w.member("setAt", iso_time(v.at)).member_if("setBy", v.author);
        if (v.expires != 0) w.member("expiresAt", iso_time(v.expires));
        write_whose(w, c, where, name, v.version);
        w.end_object();
    }
    w.end_list();
}

/// How many actors an answer tells at most; the row counts all.
inline constexpr std::size_t most_told_actors = 1'000;

/// The actors that have an entry of their own in the same space, of an environment also in its
/// spaces, as far as the caller may see them.
inline void write_actors(json_writer& w, const call& c, const entry_table& table,
                         const scope& where, std::string_view name) {
    const bool in_all = where.space.empty() && where.actor.empty();
    std::size_t told = 0;
    for (const auto& [at, names] : table.all()) {
        if (!in_all && at.first != where.space) continue;
        const auto* e = entry_table::in(names, name);
        if (!is_live(e) || !is_seen_actor(c, where.environment, at)) continue;
        if (told == most_told_actors) break;
        if (++told == 1) w.key("actors").begin_list();
        w.begin_object().member("actorId", at.second).member_if("spaceId", at.first);
        w.member("state", word_of(e->state)).end_object();
    }
    if (told != 0) w.end_list();
}

/// What programs were last given of a name, and in which space: none where it was in the scope that
/// is asked for.
struct told_delivery {
    delivery last{};
    std::string_view space{};
};

/// The newest of what `last_of` tells of a scope: of a space itself; of an environment also of the
/// spaces that the caller may list and that are given its value, since theirs is what most programs
/// ask for.
template <class Last>
auto newest_delivery(const call& c, const environment_state& state, const scope& where,
                     std::string_view name, Last&& last_of) -> told_delivery {
    told_delivery out{last_of(where.view()), {}};
    if (!where.space.empty() || !where.actor.empty()) return out;
    for (const auto& [id, place] : state.facts->spaces) {
        const context in{.environment = where.environment, .space = id};
        auto last = last_of(in);
        if (last.at <= out.last.at || !c.may(right::list, in)) continue;
        const auto* own = entry_table::in(state.table.of(id, {}), name);
        // What was given before the space gave up a value of its own was that one.
        if (is_live(own) || (own != nullptr && own->at > last.at)) continue;
        out = {std::move(last), id};
    }
    return out;
}

/// What programs were last given of a name here: with the whole list, and when they asked for it.
/// Which tokens those were is for those who may see tokens.
inline void write_deliveries(json_writer& w, const call& c, const environment_state& state,
                             const scope& where, std::string_view name) {
    const auto write = [&](std::string_view key, const told_delivery& told) {
        if (told.last.at == 0) return;
        auto in = where;
        if (!told.space.empty()) in.space = told.space;
        w.key(key).begin_object().member("at", iso_time(told.last.at));
        w.member_if("spaceId", told.space);
        if (c.may(right::tokens, in.view())) w.member("by", told.last.by);
        w.member_if("version", told.last.version).end_object();
    };
    const auto& all = c.parts.delivered;
    w.key("delivered").begin_object();
    write("list",
          newest_delivery(c, state, where, name, [&](context in) { return all.list_of(in); }));
    write("name", newest_delivery(c, state, where, name,
                                  [&](context in) { return all.name_of(in, name); }));
    w.end_object();
}

inline auto explain_secret(call& c) -> response {
    const auto name = asked_name(c);
    const auto where = c.queried_scope();
    c.allow(where);
    c.allow_name(where, name);
    const auto seen = need(c.vault().resolver().at(where.view()));
    const auto told = need(seen.explain(name));
    const environment_state state(c, where.environment);
    auto versions = c.vault().history(where.view(), name);
    if (!versions && versions.error().code != errc::not_found) throw error_of(versions.error());
    if (!told.decided() && !versions && !state.required.contains(name)) throw no_such_thing();
    c.record.names = {name};
    const row_writer row(c, where, state.table, state.required, state.facts->spaces.size());
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object();
    row.write(w, name);
    write_look_up(w, c, told);
    write_versions(w, c, where, name, versions ? *versions : std::vector<version_info>());
    write_actors(w, c, state.table, where, name);
    write_deliveries(w, c, state, where, name);
    write_state(w, c, seen);
    w.member("kekId", told.kek_id);
    write_rights(w, c.who, where.view());
    w.end_object().end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
