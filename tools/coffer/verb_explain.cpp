// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "scope_metadata.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace command {

namespace json = boost::json;
using coffer::explanation;
using coffer::layer_state;

namespace {

auto freshness_text(session& s, const explanation& e) -> std::string {
    const auto state = s.key_state(e.kek_id);
    return std::string(e.fresh.stale ? "stale" : "fresh") + ", generation " +
           std::to_string(e.generation) + ", key " + printable(e.kek_id) +
           (state.empty() ? "" : " (" + state + ")");
}

auto row_of(const explanation& e, std::size_t i) -> std::vector<std::string> {
    const auto& l = e.layers[i];
    const bool decides = i == e.decides;
    auto role = decides ? std::string(l.state == layer_state::value ? "wins" : to_string(l.state))
                        : std::string("shadows");
    role.resize(std::max(role.size(), std::string_view("shadows").size()), ' ');
    auto when = set_by(l);
    if (l.state == layer_state::damaged) when += ", its record is damaged: see coffer verify";
    if (l.expires != 0) when += ", expires " + iso_time(l.expires);
    if (const auto note = entry_note::read(l.note).shown(); !note.empty()) when += "  " + note;
    return {"  " + role, printable(to_string(l.where.view())),
            is_told(l) ? "v" + std::to_string(l.version) : "", when};
}

void show(session& s, const place& at, const explanation& e) {
    put_line(printable(e.name) + " in " + at.text());
    table rows;
    for (std::size_t i = 0; i < e.layers.size(); ++i)
        if (e.layers[i].state != layer_state::absent) rows.row(row_of(e, i));
    if (!e.decided()) put_line("  not set  in any scope");
    put(rows.text());
    put_line("  state    " + freshness_text(s, e));
}

auto json_of(session& s, const place& at, const explanation& e) -> json::object {
    auto out = place_json(at, e.name);
    for (auto& member : entry_json(e))
        out.insert_or_assign(member.key(), member.value());
    add_freshness(out, e.fresh);
    out["generation"] = e.generation;
    out["kekId"] = e.kek_id;
    out["keyState"] = s.key_state(e.kek_id);
    auto& layers = out["layers"].emplace_array();
    for (const auto& l : e.layers) {
        auto one = scope_json(l.where.view());
        const auto state = to_string(l.state);
        one["state"] = json::string_view(state.data(), state.size());
        if (is_told(l)) {
            one["version"] = l.version;
            one["setAt"] = iso_time(l.at);
            one["setBy"] = text_or_null(l.author);
        }
        layers.push_back(std::move(one));
    }
    return out;
}

auto run_explain(session& s) -> int {
    const auto at = s.here();
    const auto& name = s.in.arguments.front();
    const auto e = need(s.vault()->resolver().explain(at.where(), name), at.where(), name);
    s.saw(e.fresh);
    if (s.json())
        put_json(json_of(s, at, e));
    else
        show(s, at, e);
    return e.outcome == coffer::errc{} ? 0 : exit_code_of(e.outcome);
}

auto run_history(session& s) -> int {
    const auto at = s.here();
    const auto& name = s.in.arguments.front();
    auto versions = s.vault()->history(at.where(), name);
    if (!versions && versions.error().code == coffer::errc::not_found)
        throw problem(coffer::errc::not_found,
                      printable(name) + " was never set in " + at.text() +
                          " itself (coffer explain shows where it comes from)",
                      at.where(), name);
    table rows;
    rows.row({"VERSION", "STATE", "SET", "BY", "EXPIRES"});
    const auto kept = need(std::move(versions), at.where(), name);
    s.saw(kept.fresh);
    auto out = place_json(at, name);
    add_freshness(out, kept.fresh);
    auto& all = out["versions"].emplace_array();
    for (const auto& v : kept) {
        using coffer::format::entry_state;
        const char* const state = v.state == entry_state::value    ? "value"
                                  : v.state == entry_state::hidden ? "hidden"
                                                                   : "deleted";
        rows.row({"v" + std::to_string(v.version),
                  v.state == entry_state::deleted ? "removed" : state, ago(v.at, now_ms()),
                  printable(v.author), v.expires == 0 ? "" : iso_time(v.expires)});
        json::object one;
        one["version"] = v.version;
        one["state"] = state;
        one["setAt"] = iso_time(v.at);
        one["setBy"] = text_or_null(v.author);
        one["expiresAt"] = v.expires == 0 ? json::value(nullptr) : json::value(iso_time(v.expires));
        all.push_back(std::move(one));
    }
    if (s.json())
        put_json(out);
    else
        put(rows.text());
    return 0;
}

} // namespace

auto explain_verb() -> verb {
    return {
        .name = "explain",
        .arguments = "NAME",
        .least = 1,
        .most = 1,
        .offers = completes::names,
        .summary = "which value wins, what it shadows, who set it when; no value",
        .details = "Exit code 1 if the name can't be read here: no scope has it, or it is hidden "
                   "or expired; 7 if\nits record is damaged. Who reads it is in the service's "
                   "audit log (coffer audit tail); reads of a\nstore without a service are "
                   "recorded nowhere.",
        .run = run_explain,
        .scopes = scope_options::all,
    };
}

auto history_verb() -> verb {
    return {
        .name = "history",
        .arguments = "NAME",
        .least = 1,
        .most = 1,
        .offers = completes::names,
        .summary = "the versions of this scope's own value that are kept, newest first",
        .run = run_history,
        .scopes = scope_options::all,
    };
}

} // namespace command
