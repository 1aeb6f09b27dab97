// SPDX-License-Identifier: BSL-1.0
#include "glob.hpp"
#include "only_values.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "requirements.hpp"
#include "resolved.hpp"
#include "scope_metadata.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>

namespace command {

namespace json = boost::json;
using coffer::explanation;
using coffer::layer_state;

namespace {

/// What is known of one scope: every name that any of its layers has, sorted.
struct scope_list {
    place at{};
    coffer::view view;
    std::vector<explanation> names{};
};

auto list_of(session& s, place at) -> scope_list {
    auto view = need(s.vault()->resolver().at(at.where()), at.where());
    s.saw(view.fresh());
    auto names = view.list();
    return {std::move(at), std::move(view), std::move(names)};
}

/// The environment itself and each of its spaces.
auto all_scopes(session& s, const place& environment) -> std::vector<scope_list> {
    std::vector<scope_list> out{list_of(s, environment)};
    for (auto& space : need(s.vault()->spaces(environment.environment), environment.where()))
        out.push_back(list_of(s, {environment.environment, std::move(space), environment.is_prod,
                                  environment.actor}));
    return out;
}

auto names_of(const std::vector<scope_list>& scopes) -> std::set<std::string> {
    std::set<std::string> out;
    for (const auto& scope : scopes)
        for (const auto& e : scope.names)
            out.insert(e.name);
    return out;
}

/// Leaves of a scope the names of `all` that can't be read in it.
void keep_missing(scope_list& scope, const std::set<std::string>& all) {
    scope.names.clear();
    for (const auto& name : all) {
        auto e = need(scope.view.explain(name), scope.at.where(), name);
        if (e.outcome != coffer::errc{}) scope.names.push_back(std::move(e));
    }
}

/// Of a note, when it is time to rotate, and when the value ends.
auto remarks_of(const coffer::layer& l) -> std::string {
    auto out = entry_note::read(l.note).shown();
    if (l.expires != 0) out += (out.empty() ? "ends " : "; ends ") + iso_time(l.expires);
    return out;
}

auto cells_of(const explanation& e) -> std::vector<std::string> {
    const auto* const won = winner(e);
    if (won == nullptr) return {printable(e.name), "absent", "–", "–", "", "", ""};
    const std::string state(state_of(e));
    const auto from = won->state == layer_state::hidden ? "–" : short_name(won->where);
    if (!is_told(*won)) return {printable(e.name), state, from, "–", "", "", ""};
    return {printable(e.name),
            state,
            from,
            "v" + std::to_string(won->version),
            ago(won->at, now_ms()),
            printable(won->author),
            remarks_of(*won)};
}

auto json_of(const scope_list& scope) -> json::object {
    auto out = place_json(scope.at, {});
    add_freshness(out, scope.view.fresh());
    auto& secrets = out["secrets"].emplace_array();
    for (const auto& e : scope.names)
        secrets.push_back(entry_json(e));
    return out;
}

/// What programs need and a scope does not have: `1 missing (STRIPE_KEY, required by billing)`;
/// empty where that is nothing, or not this token's to know.
auto missing_text(session& s, const scope_list& scope) -> std::string {
    constexpr std::size_t most = 3;
    std::vector<std::string> shown;
    std::size_t missing = 0;
    try {
        for (const auto& [name, needed] : kept_requirements(s, scope.at.environment)) {
            const auto e = scope.view.explain(name);
            if (!e || e->decided()) continue;
            if (++missing <= most) shown.push_back(printable(name) + ", " + needed.text());
        }
    } catch (const problem&) { // the list is good without it
        return {};
    }
    if (missing == 0) return {};
    return std::to_string(missing) + " missing (" + join(shown, "; ") +
           (missing > most ? "; coffer check shows all)" : ")");
}

auto summary_of(const scope_list& scope, const std::string& missing) -> std::string {
    std::map<std::string_view, std::size_t> states;
    for (const auto& e : scope.names)
        ++states[state_of(e)];
    std::vector<std::string> parts;
    for (const auto& [state, n] : states)
        parts.push_back(std::to_string(n) + " " + std::string(state));
    if (!missing.empty()) parts.push_back(missing);
    return count(scope.names.size(), "name") + " in " + scope.at.text() +
           (parts.empty() ? "" : ": " + join(parts, ", "));
}

void show_one(session& s, const scope_list& scope, const std::string& missing) {
    if (s.json()) {
        put_json(json_of(scope));
        return;
    }
    table rows;
    rows.row({"NAME", "STATE", "FROM", "VERSION", "SET", "BY", "NOTE"});
    for (const auto& e : scope.names)
        rows.row(cells_of(e));
    if (!scope.names.empty()) put(rows.text());
    s.hint(summary_of(scope, missing));
}

void show_all(const std::vector<scope_list>& scopes) {
    table rows;
    rows.row({"SCOPE", "NAME", "STATE", "FROM", "VERSION", "SET", "BY", "NOTE"});
    for (const auto& scope : scopes)
        for (const auto& e : scope.names) {
            auto cells = cells_of(e);
            cells.insert(cells.begin(), scope.at.text());
            rows.row(std::move(cells));
        }
    put(rows.text());
}

auto matrix_cell(const scope_list& scope, const std::string& name) -> std::string {
    const auto at = std::ranges::lower_bound(scope.names, name, {}, &explanation::name);
    if (at == scope.names.end() || at->name != name) return "–";
    const auto state = state_of(*at);
    const bool numbered = state == "set" || state == "own" || state == "overridden";
    return std::string(state) + (numbered ? " v" + std::to_string(winner(*at)->version) : "");
}

void show_matrix(const std::vector<scope_list>& scopes) {
    table rows;
    std::vector<std::string> top{""};
    for (const auto& scope : scopes)
        top.push_back((scope.at.space.empty() ? "environment " : "space ") +
                      short_name(coffer::scope(scope.at.where())));
    rows.row(std::move(top));
    for (const auto& name : names_of(scopes)) {
        std::vector<std::string> cells{printable(name)};
        for (const auto& scope : scopes)
            cells.push_back(matrix_cell(scope, name));
        rows.row(std::move(cells));
    }
    put(rows.text());
}

/// Leaves of a scope what has to be rotated, or ends, until then: what is past it as well.
void keep_due(scope_list& scope, std::uint64_t until) {
    std::erase_if(scope.names, [&](const explanation& e) {
        const auto* const won = winner(e);
        if (won == nullptr) return true;
        const auto rotate = parse_date(entry_note::read(won->note).rotate_by);
        return !(rotate && *rotate <= until) && !(won->expires != 0 && won->expires <= until);
    });
}

auto due_until(const session& s) -> std::optional<std::uint64_t> {
    const auto typed = s.in.text("due");
    if (!typed) return std::nullopt;
    const auto until = parse_moment(*typed);
    if (!until) refuse("--due takes a day like 2026-01-31 or a time like 30d");
    return until;
}

void keep_own(scope_list& scope) {
    std::erase_if(scope.names, [](const explanation& e) { return !e.decided() || e.decides > 0; });
}

void keep_only(session& s, const std::vector<scope_list*>& scopes) {
    if (!s.in.has("only")) return;
    const auto only = only_list(s);
    std::vector<explanation> all;
    for (auto* const scope : scopes) {
        std::ranges::copy(scope->names, std::back_inserter(all));
        std::erase_if(scope->names, [&](const explanation& e) { return !only.matches(e.name); });
    }
    for (const auto& line : only.idle(all))
        s.notice(line);
}

auto run_list(session& s) -> int {
    const bool matrix = s.in.has("matrix");
    const auto due = due_until(s);
    (void)only_list(s); // refused before anybody is asked
    if (!matrix && !s.in.has("all-spaces")) {
        auto scope = list_of(s, s.here());
        const bool is_whole = !s.in.has("missing") && !s.in.has("own") && !due && !s.in.has("only");
        const auto missing = is_whole && s.hints() ? missing_text(s, scope) : std::string();
        if (s.in.has("missing"))
            keep_missing(
                scope, names_of(all_scopes(s, {scope.at.environment, {}, false, scope.at.actor})));
        if (s.in.has("own")) keep_own(scope);
        if (due) keep_due(scope, *due);
        keep_only(s, {&scope});
        show_one(s, scope, missing);
        return 0;
    }
    refuse_unheeded(s.in, scope_options::environment_and_actor, "a list of all spaces");
    auto environment = s.environment_here();
    environment.actor = s.actor_here();
    auto scopes = all_scopes(s, environment);
    const auto names = names_of(scopes);
    for (auto& scope : scopes) {
        if (s.in.has("missing")) keep_missing(scope, names);
        if (s.in.has("own")) keep_own(scope);
        if (due) keep_due(scope, *due);
    }
    std::vector<scope_list*> every;
    for (auto& scope : scopes)
        every.push_back(&scope);
    keep_only(s, every);
    if (s.json()) {
        json::object out;
        out["environment"] = scopes.front().at.environment;
        auto& all = out["scopes"].emplace_array();
        for (const auto& scope : scopes)
            all.push_back(json_of(scope));
        put_json(out);
    } else if (matrix) {
        show_matrix(scopes);
    } else {
        show_all(scopes);
    }
    return 0;
}

} // namespace

auto list_verb() -> verb {
    return {
        .name = "list",
        .summary = "names, states, versions, ages; no values",
        .details = "States: set (of an environment), own, overridden, inherited, hidden, expired, "
                   "damaged.",
        .options = {{"--only", takes::value, "G", "names that match: 'SLACK_*,DB_URL'"},
                    {"--all-spaces", takes::nothing, {}, "the environment and each of its spaces"},
                    {"--own", takes::nothing, {}, "only what this scope says itself"},
                    {"--missing",
                     takes::nothing,
                     {},
                     "names of this environment that can't be read here, and why"},
                    {"--due", takes::value, "WHEN",
                     "only what is to be rotated, or ends, until then: 30d or 2026-01-31"},
                    {"--matrix", takes::nothing, {}, "one column for each space"}},
        .run = run_list,
        .scopes = scope_options::all,
    };
}

} // namespace command
