// SPDX-License-Identifier: BSL-1.0
#include "anchor_damage.hpp"
#include "opening.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "store_copy.hpp"
#include "stored_heads.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>

#include <algorithm>

namespace command {

namespace json = boost::json;
using coffer::errc;

namespace {

/// The part of docs/operating.md that says what to do.
auto part_for(const verdict& v) -> std::string_view {
    return v.worst() == errc::rolled_back ? cure_of(v.worst()) : "docs/operating.md#damaged";
}

auto json_of(const coffer::verification& found) -> json::object {
    json::object out;
    out["checked"] = found.checked;
    auto& damaged = out["damaged"].emplace_array();
    for (const auto& d : found.damaged) {
        auto one = scope_json(d.where.view());
        one["name"] = d.name.empty() ? "(settings)" : d.name;
        one["version"] = d.version;
        one["error"] = std::string(to_string(d.why));
        damaged.push_back(std::move(one));
    }
    return out;
}

/// How an environment came to be looked at; by its head alone where the list can't be read.
enum class known_by : unsigned char { name, list, head, head_alone };

/// One environment's report: its line, and its damage. One that is listed may be gone: its remover
/// did not come to take it off the list.
void check(session& s, const std::string& id, known_by how, table& rows,
           std::vector<std::string>& damage, json::array& all, verdict& v) {
    const auto found = s.vault()->verify(id);
    if (how != known_by::name && !found && found.error() == errc::unknown_scope) return;
    json::object out;
    if (found) {
        out = json_of(*found);
        rows.row({printable(id), count(found->checked, "record") + " opened",
                  std::to_string(found->damaged.size()) + " damaged",
                  how == known_by::head ? "not listed: coffer env create " + printable(id) +
                                              " does that, if it is to be there"
                                        : ""});
        for (const auto& d : found->damaged) {
            damage.push_back("damaged: " + damage_text(d));
            v.add(d.why);
        }
    } else {
        const bool missing =
            found.error() == errc::unknown_scope && id == coffer::system_environment;
        const auto code = missing ? errc::tampered : found.error().code;
        const auto word = std::string(to_string(code));
        out["error"] = word;
        rows.row({printable(id), missing ? "is missing" : "can't be read", word});
        const auto said =
            missing ? "the list of environments and all tokens are missing: there is no " +
                          std::string(coffer::system_environment) + " in the store"
                    : words_for(found.error(), {.environment = id}, {});
        damage.push_back("damaged: " + said.substr(0, said.find('\n')));
        v.add(code);
    }
    out["environment"] = id;
    if (how == known_by::head) out["listed"] = false;
    all.push_back(std::move(out));
}

/// The environments that have a head which is not closed, and are on no list: their makers did not
/// come to put them there, or an older list was put back.
auto unlisted(session& s, const std::vector<std::string>& listed) -> std::vector<std::string> {
    auto out = stored_environments(s.config());
    std::erase_if(out,
                  [&](const auto& id) { return std::ranges::find(listed, id) != listed.end(); });
    return out;
}

/// What lies in the store and is of another realm: nobody sees it who has these settings.
auto other_realms(session& s) -> std::vector<std::string> {
    auto store = open_store(s.config());
    auto out = realms_of(store);
    std::erase(out, s.config().text("realm"));
    return out;
}

auto run_verify(session& s) -> int {
    const auto others = other_realms(s);
    const auto listed = s.vault()->environments();
    if (!listed && listed.error() == errc::foreign && !others.empty())
        throw problem(errc::foreign, "the store is " + foreign_words(s, others));
    if (!listed && listed.error() == errc::tampered)
        if (auto anchor = anchor_damage(s); !anchor.empty())
            throw problem(errc::tampered, std::move(anchor));
    // Where the list alone is damaged the environments may be whole.
    if (!listed && !is_damage(listed.error().code)) need(coffer::result(listed));
    const auto only = s.in.text("env");
    std::vector<std::string> environments;
    if (only)
        environments = {s.environment_id(*only)};
    else if (listed)
        environments = *listed;
    const auto more = only ? std::vector<std::string>() : unlisted(s, environments);
    table rows;
    std::vector<std::string> damage;
    json::array all;
    verdict v;
    // Coffer's own is there as soon as there is any environment.
    const bool any = !listed || !environments.empty() || !more.empty();
    if (any && !only)
        check(s, std::string(coffer::system_environment), known_by::name, rows, damage, all, v);
    for (const auto& id : environments)
        check(s, id, only ? known_by::name : known_by::list, rows, damage, all, v);
    for (const auto& id : more)
        check(s, id, listed ? known_by::head : known_by::head_alone, rows, damage, all, v);
    if (!others.empty() && !only) {
        damage.push_back("what lies there too is " + foreign_words(s, others));
        v.add(errc::foreign);
    }
    if (s.json()) {
        json::object out;
        out["ok"] = damage.empty();
        out["environments"] = std::move(all);
        if (!others.empty()) out["otherRealms"] = json::value_from(others);
        put_json(out);
        return v.exit_code();
    }
    put(rows.text());
    for (const auto& line : damage)
        put_line(line);
    if (!any)
        put_line("there is nothing in the store");
    else
        put_line(damage.empty() ? "all is whole" : "See " + std::string(part_for(v)));
    return v.exit_code();
}

} // namespace

auto verify_verb() -> verb {
    return {.name = "verify",
            .summary = "open every version of every value, and say what is damaged",
            .details = "All environments, also those that have a head and are on no list, or the "
                       "one of --env. Exit code\n"
                       "7 if anything was changed behind Coffer's back, 3 if the store, or a part "
                       "of it, is of another\n"
                       "realm than the settings name: it is told which.",
            .options = {{"--no-anchor",
                         takes::nothing,
                         {},
                         "of a backup, which is older than what was seen: the anchor is neither "
                         "asked nor written"}},
            .run = run_verify,
            .scopes = scope_options::environment,
            .local = true};
}

} // namespace command
