// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "requirements.hpp"
#include "resolved.hpp"
#include "text.hpp"
#include "values_in.hpp"
#include "verbs.hpp"

#include <coffer/http/value_pattern.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace command {

namespace http = coffer::http;
namespace json = boost::json;
using coffer::errc;

namespace {

struct pattern {
    std::string text{};
    http::value_pattern compiled;
};

auto pattern_of(const std::string& name, std::string text) -> pattern {
    auto read = http::value_pattern::read(text);
    if (!read)
        refuse("the pattern of " + printable(name) + " " +
               std::string(http::pattern_fault(read.error().code)));
    return {std::move(text), *std::move(read)};
}

/// A name that programs need, its patterns ready to be matched.
struct needed_name {
    requirement said{};
    std::vector<pattern> patterns{};
};
using needed_names = std::map<std::string, needed_name>;

auto compiled(requirements all) -> needed_names {
    needed_names out;
    for (auto& [name, said] : all) {
        auto& one = out[name];
        for (auto& like : said.patterns)
            one.patterns.push_back(pattern_of(name, std::move(like)));
        one.said = std::move(said);
    }
    return out;
}

/// What the file says, or, where none is named, what is kept with the environment.
auto wanted(session& s, const place& at) -> requirements {
    if (!s.in.arguments.empty())
        return read_requirements(
            coffer::as_text(read_file(s.in.arguments.front(), std::size_t{1} << 20)));
    auto kept = kept_requirements(s, at.environment);
    if (kept.empty())
        refuse("nothing is kept of what programs need in " +
               place_name({.environment = at.environment}) +
               ": name a file, REQ.json, or say it on the page");
    return kept;
}

/// Something that a program would not find, or would not like.
struct trouble {
    std::string what{}; ///< missing, hidden, expired, damaged, invalid
    std::string name{};
    place at{};
    std::string like{};        ///< The pattern that does not match.
    std::size_t in_spaces = 0; ///< Of an environment: spaces that have the same trouble from it.
};

/// What is wrong with one scope, and of each name the scope that its value is from.
class scope_check {
public:
    scope_check(session& s, place at, const needed_names& all)
        : at_(std::move(at)), view_(need(s.vault()->resolver().at(at_.where()), at_.where())) {
        s.saw(view_.fresh());
        if (std::ranges::any_of(all, [](auto& one) { return !one.second.patterns.empty(); }))
            read_values();
        for (const auto& [name, needed] : all)
            check(name, needed);
    }
    auto troubles() && -> std::vector<trouble> { return std::move(found_); }

private:
    /// All at once: through a server that is one call.
    void read_values() {
        if (auto all = view_.all())
            for (auto& one : *all)
                values_.emplace(std::move(one.name), std::move(one.value));
    }
    void check(const std::string& name, const needed_name& needed) {
        const auto e = need(view_.explain(name), at_.where(), name);
        if (e.outcome != errc{}) {
            const auto state = state_of(e);
            found_.push_back({state == "absent" ? "missing" : std::string(state), name, at_});
            return;
        }
        for (const auto& like : needed.patterns)
            if (!value_matches(name, like))
                found_.push_back({"invalid", name, scope_of(*winner(e)), like.text});
    }
    auto value_matches(const std::string& name, const pattern& like) -> bool {
        auto at = values_.find(name);
        if (at == values_.end())
            at = values_.emplace(name, need(view_.get(name), at_.where(), name)).first;
        return like.compiled.matches(at->second.expose_secret());
    }
    auto scope_of(const coffer::layer& l) const -> place {
        return {l.where.environment, l.where.space, at_.is_prod, l.where.actor};
    }

    place at_;
    coffer::view view_;
    std::map<std::string, coffer::secret> values_{};
    std::vector<trouble> found_{};
};

/// Each trouble once, where it can be mended: what spaces have from their environment is one of the
/// environment's, with their number.
auto gather(session& s, const place& environment, const needed_names& all,
            const std::vector<std::string>& spaces) -> std::vector<trouble> {
    const auto its_own = scope_check(s, environment, all).troubles();
    if (spaces.empty()) return its_own;
    std::map<std::pair<std::string, std::string>, trouble> shared; // by name and pattern
    std::vector<trouble> out;
    for (const auto& space : spaces)
        for (const auto& t :
             scope_check(s, {environment.environment, space, false, environment.actor}, all)
                 .troubles()) {
            const bool is_environments =
                t.at.space.empty() ||
                (t.what == "missing" && std::ranges::any_of(its_own, [&](const trouble& of) {
                     return of.name == t.name && of.what == "missing";
                 }));
            if (!is_environments) {
                out.push_back(t);
                continue;
            }
            auto& one = shared.try_emplace({t.name, t.like}, t).first->second;
            one.at = environment;
            ++one.in_spaces;
        }
    for (auto& [key, one] : shared)
        out.push_back(one);
    std::ranges::sort(out, {}, [](const trouble& t) { return std::pair(t.name, t.at.space); });
    return out;
}

auto remark_of(const trouble& t, const needed_name& needed, std::size_t spaces) -> std::string {
    auto text = t.what == "invalid" ? "does not match " + printable(t.like) : needed.said.text();
    if (t.in_spaces > 0)
        text += "; " + std::string(t.what == "invalid" ? "seen" : t.what) + " in " +
                std::to_string(t.in_spaces) + " of " + count(spaces, "space");
    return text;
}

auto json_of(const trouble& t, const needed_name& needed) -> json::object {
    auto out = place_json(t.at, t.name);
    out["problem"] = t.what;
    auto& programs = out["requiredBy"].emplace_array();
    for (const auto& program : needed.said.programs)
        programs.emplace_back(program);
    if (!t.like.empty()) out["pattern"] = t.like;
    if (t.in_spaces > 0) out["inSpaces"] = t.in_spaces;
    return out;
}

auto run_check(session& s) -> int {
    const bool every_space = s.in.has("all-spaces");
    if (every_space) refuse_unheeded(s.in, scope_options::environment_and_actor, "--all-spaces");
    auto at = every_space ? s.environment_here() : s.here();
    if (every_space) at.actor = s.actor_here();
    const auto all = compiled(wanted(s, at));
    std::vector<std::string> spaces;
    if (every_space) spaces = need(s.vault()->spaces(at.environment), at.where());
    const auto found = gather(s, at, all, spaces);
    if (s.json()) {
        auto out = place_json(at, {});
        add_freshness(out, s.seen());
        out["names"] = all.size();
        auto& problems = out["problems"].emplace_array();
        for (const auto& t : found)
            problems.push_back(json_of(t, all.at(t.name)));
        put_json(out);
    } else {
        table rows;
        for (const auto& t : found)
            rows.row({t.what, printable(t.name), t.at.text(),
                      remark_of(t, all.at(t.name), spaces.size())});
        put(rows.text());
    }
    if (found.empty()) s.hint(count(all.size(), "name") + " required, all there");
    return found.empty() ? 0 : 1;
}

} // namespace

auto check_verb() -> verb {
    return {
        .name = "check",
        .arguments = "[REQ.json]",
        .most = 1,
        .offers = completes::files,
        .summary = "whether all that programs need is there: everything missing or invalid",
        .details =
            "The file says which names a program needs and, if it likes, what their values look "
            "like:\n{\"billing\":[{\"name\":\"STRIPE_KEY\"},{\"name\":\"DB_URL\","
            "\"pattern\":\"^postgres://\"}]}. Patterns are\nPOSIX extended regular "
            "expressions of bytes, without back-references, of at most 1,024\nbytes, and of 1,000 "
            "characters where what is repeated is written out. Without a file it is what is\nkept "
            "with the environment, as the page and PUT /v1/x/requirements set it. No value is "
            "shown. Exit\ncode 1 if something is missing or invalid.",
        .options = {{"--all-spaces",
                     takes::nothing,
                     {},
                     "in each space of --env; what they have from the environment is told once"}},
        .run = run_check,
        .scopes = scope_options::all};
}

} // namespace command
