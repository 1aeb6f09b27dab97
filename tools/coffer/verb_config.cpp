// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "remote.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace command {

namespace {

/// Where the token for the server comes from; empty if there is none.
auto token_source(const settings& from) -> std::string {
    if (from.find("server") == nullptr) return {};
    try {
        return token_for(from).from;
    } catch (const problem&) { // none, or one that may not go there
        return {};
    }
}

auto run_config(session& s) -> int {
    table rows;
    boost::json::object out;
    rows.row({"SETTING", "VALUE", "FROM"});
    for (const auto name : settings::names()) {
        const auto* const found = s.config().find(name);
        const boost::json::string_view key(name.data(), name.size());
        if (found == nullptr) {
            rows.row({std::string(name), "–", ""});
            out[key] = nullptr;
            continue;
        }
        const auto shown = shown_address(absolute_place(*found));
        rows.row({std::string(name), printable(shown), found->from});
        out[key] = boost::json::object{{"value", shown}, {"from", found->from}};
    }
    if (const auto from = token_source(s.config()); !from.empty()) {
        rows.row({"token", "(not shown)", from});
        out["token"] = boost::json::object{{"from", from}};
    }
    if (s.json())
        put_json(out);
    else
        put(rows.text());
    return 0;
}

} // namespace

auto config_verb() -> verb {
    return {
        .name = "config",
        .summary = "every setting with its value and where it came from",
        .details =
            "flag > COFFER_* variable > ./coffer.json or the nearest above it (never above a .git) "
            ">\n"
            "config.json in the user's configuration folder > default. A folder's coffer.json is\n"
            "somebody else's text: it may name store, realm, env, space, actor, server, max_stale\n"
            "and profiles, never keys or tokens.",
        .run = run_config,
        .scopes = scope_options::all};
}

} // namespace command
