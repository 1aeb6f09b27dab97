// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <map>
#include <optional>
#include <set>

namespace command {

namespace json = boost::json;
using coffer::explanation;
using coffer::layer_state;

namespace {

/// One of the two scopes.
struct side {
    place at{};
    std::map<std::string, explanation> names{};
    /// Absent if the values may not be read.
    std::optional<std::map<std::string, coffer::secret>> values{};
};

/// `prod` or `prod/acme`, by ids or names.
auto place_of(session& s, const std::string& text) -> place {
    const auto slash = text.find('/');
    place at{s.environment_id(text.substr(0, slash)), {}, false};
    if (slash != text.npos) at.space = s.space_id(at.environment, text.substr(slash + 1));
    return at;
}

auto side_of(session& s, const std::string& text) -> side {
    side out{place_of(s, text)};
    const auto view = need(s.vault()->resolver().at(out.at.where()), out.at.where());
    s.saw(view.fresh());
    for (auto& e : view.list())
        out.names.emplace(e.name, e);
    auto all = view.all();
    if (!all) {
        s.notice("values of " + out.at.text() + " are not compared (" +
                 std::string(to_string(all.error().code)) + ")");
        return out;
    }
    auto& values = out.values.emplace();
    for (auto& one : *all)
        values.emplace(std::move(one.name), std::move(one.value));
    return out;
}

/// Whether two scopes see the same under a name; nullopt if that can't be told, as of what is
/// damaged. A value is the same where it is the same version of the same scope, or where both were
/// read and are equal; no value is the same where there is none for the same reason.
auto same(const side& a, const side& b, const std::string& name) -> std::optional<bool> {
    const auto layer_of = [&](const side& x) -> const coffer::layer* {
        const auto found = x.names.find(name);
        return found == x.names.end() ? nullptr : winner(found->second);
    };
    const auto* const in_a = layer_of(a);
    const auto* const in_b = layer_of(b);
    const auto state_a = in_a == nullptr ? layer_state::absent : in_a->state;
    const auto state_b = in_b == nullptr ? layer_state::absent : in_b->state;
    if (state_a == layer_state::damaged || state_b == layer_state::damaged) return std::nullopt;
    if (state_a != layer_state::value || state_b != layer_state::value) return state_a == state_b;
    if (in_a->where == in_b->where && in_a->version == in_b->version) return true;
    if (!a.values || !b.values) return std::nullopt;
    const auto of_a = a.values->find(name);
    const auto of_b = b.values->find(name);
    if (of_a == a.values->end() || of_b == b.values->end()) return std::nullopt;
    return of_a->second == of_b->second;
}

auto cell_of(const side& x, const std::string& name) -> std::string {
    const auto found = x.names.find(name);
    const auto* const won = found == x.names.end() ? nullptr : winner(found->second);
    if (won == nullptr) return "–";
    return std::string(state_of(found->second)) +
           (is_told(*won) ? " v" + std::to_string(won->version) : "");
}

auto json_of(const side& x, const std::string& name) -> json::value {
    const auto found = x.names.find(name);
    return found == x.names.end() ? json::value(nullptr) : json::value(entry_json(found->second));
}

auto word_of(std::optional<bool> is_same) -> std::string_view {
    return !is_same ? "unknown" : *is_same ? "same" : "differs";
}

auto run_diff(session& s) -> int {
    const auto a = side_of(s, s.in.arguments[0]);
    const auto b = side_of(s, s.in.arguments[1]);
    std::set<std::string> names;
    for (const auto* x : {&a, &b})
        for (const auto& [name, told] : x->names)
            names.insert(name);
    table rows;
    rows.row({"NAME", a.at.text(), b.at.text(), "VALUE"});
    json::object out;
    out["a"] = place_json(a.at, {});
    out["b"] = place_json(b.at, {});
    json::array told;
    std::size_t others = 0;
    for (const auto& name : names) {
        const auto is_same = same(a, b, name);
        if (is_same != true) ++others;
        if (is_same == true && !s.in.has("all")) continue;
        const auto word = word_of(is_same);
        rows.row({printable(name), cell_of(a, name), cell_of(b, name), std::string(word)});
        told.push_back(json::object{{"name", name},
                                    {"a", json_of(a, name)},
                                    {"b", json_of(b, name)},
                                    {"value", json::string_view(word.data(), word.size())}});
    }
    const bool any = !told.empty();
    add_freshness(out, s.seen());
    out["same"] = others == 0;
    out["names"] = std::move(told);
    if (s.json())
        put_json(out);
    else if (any)
        put(rows.text());
    s.hint(std::to_string(names.size() - others) + " of " + count(names.size(), "name") +
           (names.size() == 1 ? " is" : " are") + " the same");
    return others == 0 ? 0 : 1;
}

} // namespace

auto diff_verb() -> verb {
    return {.name = "diff",
            .arguments = "A B",
            .least = 2,
            .most = 2,
            .summary = "what two scopes see differently: names, states, versions; no value",
            .details =
                "A scope is ENV or ENV/SPACE: coffer diff prod prod/acme. Values are compared "
                "where both may be\nread: same, differs, or unknown. Exit code 1 if anything "
                "differs or is unknown.",
            .options = {{"--all", takes::nothing, {}, "also what is the same"}},
            .run = run_diff};
}

} // namespace command
