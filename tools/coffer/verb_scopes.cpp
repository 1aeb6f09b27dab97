// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "removal.hpp"
#include "resolved.hpp"
#include "scope_metadata.hpp"
#include "text.hpp"
#include "values_in.hpp"
#include "verbs.hpp"

#include <coffer/http/directory.hpp>
#include <coffer/http/tokens.hpp>
#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace command {

namespace json = boost::json;
using coffer::errc;

namespace {

auto name_json(const place& at, const scope_metadata& meta) -> json::object {
    auto out = place_json(at, {});
    out["name"] = meta.name;
    if (at.space.empty()) out["isProd"] = meta.is_prod;
    return out;
}

/// The id that goes with a name: the one that is given, the name itself if it can be one, or
/// random.
auto id_of(const session& s, const std::string& name, std::string_view prefix) -> std::string {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    const auto is_id = [&](const std::string& id) { // as the HTTP interface takes them, but for ..
        return !id.empty() && id.size() <= 64 && id[0] != '.' &&
               std::ranges::all_of(id, [&](char c) { return plain(c) || c == '.'; });
    };
    if (auto id = s.in.text("id")) {
        if (!is_id(*id)) refuse("--id takes up to 64 letters, digits, _ - and ., but no . first");
        return *std::move(id);
    }
    if (name.size() <= 64 && std::ranges::all_of(name, plain)) return name;
    return std::string(prefix) + random_hex(8);
}

/// What a scope's settings say. Damaged ones say nothing, and an environment's then that it is
/// PROD: writes ask.
auto meta_of(const coffer::result<std::string>& text, const place& at) -> scope_metadata {
    if (text) return scope_metadata::read(*text);
    return {{}, at.space.empty() && text.error() == errc::tampered};
}

/// A scope's id is free and its name means nobody else yet.
void require_new(session& s, const place& at) {
    auto known = s.vault()->describe(at.where());
    if (!known && known.error() == errc::tampered && !at.space.empty()) // the whole environment?
        need(s.vault()->resolver().at({.environment = at.environment}), at.where());
    if (!known && known.error() == errc::tampered)
        throw problem(errc::conflict,
                      place_name(at.where()) + " is there already, and its settings are damaged: "
                                               "renaming it replaces them. Nothing was written.",
                      at.where());
    if (known)
        throw problem(errc::conflict,
                      place_name(at.where()) + " is there already. Nothing was written.",
                      at.where());
    if (known.error().code != errc::unknown_scope) need(std::move(known), at.where());
}

void report(const session& s, const place& at, std::string_view what, const scope_metadata& meta) {
    const auto& id = at.space.empty() ? at.environment : at.space;
    const auto name =
        meta.name.empty() || meta.name == id ? std::string() : "  name " + printable(meta.name);
    tell_done([&] {
        if (s.json())
            put_json(name_json(at, meta));
        else
            put_line(place_name(at.where()) + "  " + std::string(what) + name);
    });
}

auto show_scopes(session& s, const std::vector<place>& scopes, std::string_view title) -> int {
    table rows;
    rows.row({std::string(title), "NAME", title == "ENVIRONMENT" ? "PROD" : ""});
    json::array all;
    for (const auto& at : scopes) {
        const auto text = s.vault()->describe(at.where());
        if (!text && text.error() == errc::unknown_scope) continue; // removed, and listed still
        const auto meta = meta_of(text, at);
        const auto trouble = text ? std::string() : std::string(to_string(text.error().code));
        rows.row({printable(at.space.empty() ? at.environment : at.space),
                  text ? printable(meta.name) : "!" + trouble, meta.is_prod ? "yes" : ""});
        auto one = name_json(at, meta);
        if (!text) one["error"] = trouble;
        all.push_back(std::move(one));
    }
    if (s.json()) {
        json::object out;
        add_freshness(out, s.seen());
        out[title == "ENVIRONMENT" ? "environments" : "spaces"] = std::move(all);
        put_json(out);
    } else if (!scopes.empty()) {
        put(rows.text());
    }
    return 0;
}

// Environments ------------------------------------------------------------------------------------

auto run_env_list(session& s) -> int {
    std::vector<place> all;
    auto ids = need(s.vault()->environments(), {.environment = coffer::system_environment});
    s.saw(ids.fresh);
    for (auto& id : ids)
        all.push_back({std::move(id), {}, false});
    return show_scopes(s, all, "ENVIRONMENT");
}

auto run_env_create(session& s) -> int {
    const auto& name = s.in.arguments.front();
    const place at{id_of(s, name, "env_"), {}, s.in.has("prod")};
    // One that is there and not listed was half made: making it again lists it.
    if (std::ranges::binary_search(
            need(s.vault()->environments(), {.environment = coffer::system_environment}),
            at.environment))
        require_new(s, at);
    if (!s.confirm_change({}, "Makes " + place_name(at.where()) + (at.is_prod ? " (PROD)." : ".")))
        return 0;
    auto made =
        s.vault()->create_environment(at.environment, scope_metadata::make(name, at.is_prod));
    if (!made && made.error() == errc::unknown_key)
        throw problem(errc::unknown_key,
                      std::string(s.is_remote() ? "the server's keys" : "these keys") +
                          " take no new environment in: make " + place_name(at.where()) +
                          " beside the keyring file (--keys file:PATH)" +
                          (s.is_remote() ? ", and restart the server" : ""));
    need(std::move(made), at.where());
    report(s, at, at.is_prod ? "made, PROD" : "made", {name, at.is_prod});
    return 0;
}

auto settings_of(session& s, const place& at) -> scope_metadata {
    auto text = s.vault()->describe(at.where());
    if (!text && text.error() != errc::tampered) need(std::move(text), at.where());
    return meta_of(text, at);
}

auto existing_environment(session& s) -> place {
    place at{s.environment_id(s.in.arguments.front()), {}, false};
    at.is_prod = settings_of(s, at).is_prod;
    return at;
}

/// The new name that is typed.
auto new_name(const session& s) -> const std::string& {
    const auto& name = s.in.arguments[1];
    need_name(name);
    return name;
}

/// The version of a scope's settings that is there.
auto settings_version(session& s, const place& at) -> std::uint64_t {
    for (const auto& e : need(s.vault()->entries(at.environment), at.where()))
        if (e.entry.name.empty() && e.space == at.space && e.actor.empty()) return e.entry.version;
    throw problem(errc::unknown_scope, "there is no " + place_name(at.where()), at.where());
}

auto are_damaged(session& s, const place& at) -> bool {
    const auto text = s.vault()->describe(at.where());
    return !text && text.error() == errc::tampered;
}

/// Of damaged settings nothing is left that a change could keep.
auto loss_of_settings(const place& at) -> std::string {
    return std::string(" Its settings are damaged and replaced as a whole: ") +
           (at.space.empty()
                ? "what programs need of it (requirements), whether its values may be shown, and "
                : "") +
           "whatever else they said is lost.";
}

/// Tells what `change` does, and asks in PROD, and wherever damaged settings are lost with it. Then
/// makes a scope's metadata what it makes of it; whatever else that says stays, also what others
/// write into it at this time. False: it was not to be done.
template <class Change>
auto change_metadata(session& s, const place& at, const std::string& effect, Change&& change)
    -> bool {
    const bool damaged = !s.is_remote() && are_damaged(s, at);
    if (!(damaged ? s.confirm(effect + loss_of_settings(at)) : s.confirm_change(at, effect)))
        return false;
    if (s.is_remote()) {
        const auto was = need(s.vault()->describe(at.where()), at.where());
        need(s.vault()->set_description(at.where(), change(was)), at.where());
        return true;
    }
    need(coffer::http::change_again([&]() -> coffer::result<void> {
             const auto version = settings_version(s, at);
             auto was = s.vault()->describe(at.where());
             if (!was && damaged && was.error() == errc::tampered)
                 was = scope_metadata::make(at.space.empty() ? at.environment : at.space,
                                            at.space.empty());
             if (!was) return was.error();
             return s.vault()->set_description(at.where(), change(*was), version);
         }),
         at.where());
    return true;
}

auto rename_scope(session& s, const place& at, const std::string& name) -> bool {
    return change_metadata(
        s, at, "Names " + place_name(at.where()) + " " + printable(name) + "; its id stays.",
        [&](const auto& was) { return scope_metadata::rename(was, name); });
}

auto run_env_rename(session& s) -> int {
    const auto at = existing_environment(s);
    const auto& name = new_name(s);
    if (!rename_scope(s, at, name)) return 0;
    report(s, at, "renamed", {name, at.is_prod});
    return 0;
}

auto run_env_mark(session& s) -> int {
    const bool prod = s.in.has("prod");
    if (prod == s.in.has("no-prod")) refuse("marked as what? Say --prod or --no-prod");
    place at{s.environment_id(s.in.arguments.front()), {}, false};
    const auto text = s.vault()->describe(at.where());
    if (!text && text.error() != errc::tampered) need(coffer::result(text), at.where());
    auto meta = meta_of(text, at);
    at.is_prod = meta.is_prod;
    const auto effect =
        "Marks " + place_name(at.where()) +
        (prod ? " as PROD: writes ask first." : " as not PROD: writes ask no more.");
    const bool changes = !text || meta.is_prod != prod;
    if (changes ? !change_metadata(s, at, effect,
                                   [&](const auto& was) { return scope_metadata::mark(was, prod); })
                : !s.confirm_change(at, effect))
        return 0;
    const std::string_view what = changes ? "marked: " : "unchanged: ";
    meta.is_prod = prod;
    report(s, at, std::string(what) + (prod ? "PROD" : "not PROD"), meta);
    return 0;
}

/// Removes an environment or a space with what tokens may do there: a server does so itself.
void remove_scope(session& s, const place& at) {
    if (s.is_remote())
        return need(at.space.empty() ? s.vault()->remove_environment(at.environment)
                                     : s.vault()->remove_space(at.where()),
                    at.where());
    std::size_t ended = 0;
    auto done = coffer::http::token_registry(s.vault()).remove_scope(
        coffer::scope(at.where()), "local", [&](const auto&) { ++ended; });
    if (ended != 0) s.notice("what " + count(ended, "token") + " could do there has ended");
    need_looked(need(std::move(done), at.where()), at.where(), ": see coffer token list");
}

auto run_env_remove(session& s) -> int {
    place at{s.environment_id(s.in.arguments.front()), {}, false};
    const auto text = s.vault()->describe(at.where());
    const bool only_listed = !text && text.error() == errc::unknown_scope; // half removed
    if (only_listed && !s.confirm_change({}, "Takes " + place_name(at.where()) +
                                                 " off the list: that is all that is left of it."))
        return 0;
    if (!only_listed) {
        at.is_prod = settings_of(s, at).is_prod;
        const auto spaces = need(s.vault()->spaces(at.environment), at.where()).size();
        const auto names = need(s.vault()->list(at.where()), at.where()).size();
        if (!s.confirm(
                "Removes " + place_name(at.where()) + (at.is_prod ? " (PROD)" : "") + " with " +
                count(spaces, "space") + ", " + count(names, "name") +
                " of its own and all that its spaces hold. It can't be undone but from a backup."))
            return 0;
    }
    remove_scope(s, at);
    report(s, at, "removed", {});
    return 0;
}

// Spaces ------------------------------------------------------------------------------------------

auto run_space_list(session& s) -> int {
    const auto environment = s.environment_here();
    std::vector<place> all;
    auto ids = need(s.vault()->spaces(environment.environment), environment.where());
    s.saw(ids.fresh);
    for (auto& id : ids)
        all.push_back({environment.environment, std::move(id), false});
    return show_scopes(s, all, "SPACE");
}

auto run_space_create(session& s) -> int {
    auto at = s.environment_here();
    const auto& name = s.in.arguments.front();
    at.space = id_of(s, name, "spa_");
    require_new(s, at);
    if (!s.confirm_change(at, "Makes " + place_name(at.where()) + ".")) return 0;
    auto made = s.vault()->create_space(at.where(), scope_metadata::make(name, false));
    // It is the environment that is not there for a space to be made in.
    const bool no_environment = !made && made.error() == errc::unknown_scope;
    need(std::move(made),
         no_environment ? coffer::context{.environment = at.environment} : at.where());
    report(s, at, "made", {name, false});
    return 0;
}

auto existing_space(session& s) -> place {
    auto at = s.environment_here();
    at.space = s.space_id(at.environment, s.in.arguments.front());
    return at;
}

auto run_space_rename(session& s) -> int {
    const auto at = existing_space(s);
    const auto& name = new_name(s);
    if (!rename_scope(s, at, name)) return 0;
    report(s, at, "renamed", {name, false});
    return 0;
}

auto run_space_remove(session& s) -> int {
    const auto at = existing_space(s);
    const auto names = need(s.vault()->list(at.where()), at.where()).size();
    if (!s.confirm("Removes " + place_name(at.where()) + " with " + count(names, "name") +
                   " of its own. It can't be undone but from a backup."))
        return 0;
    remove_scope(s, at);
    report(s, at, "removed", {});
    return 0;
}

const option_spec id_option{
    "--id", takes::value, "ID",
    "an id of yours (us_env_123); else the name, if it can be one, or a random id"};

} // namespace

auto scope_verbs() -> std::vector<verb> {
    return {
        {.name = "env list", .summary = "the environments: ids, names", .run = run_env_list},
        {.name = "env create",
         .arguments = "NAME",
         .least = 1,
         .most = 1,
         .summary = "make an environment",
         .details = "Ids are visible in the datastore; names are sealed.",
         .options = {id_option,
                     {"--prod", takes::nothing, {}, "mark it as PROD: writes ask first"}},
         .run = run_env_create},
        {.name = "env rename",
         .arguments = "ENV NAME",
         .least = 2,
         .most = 2,
         .offers = completes::environments,
         .summary = "give an environment another name; its id stays",
         .run = run_env_rename},
        {.name = "env mark",
         .arguments = "ENV",
         .least = 1,
         .most = 1,
         .offers = completes::environments,
         .summary = "mark an environment as PROD, or no longer",
         .details = "In PROD writes ask first, and values can be revealed on the page only where "
                    "its policy allows it.",
         .options = {{"--prod", takes::nothing, {}, "as PROD"},
                     {"--no-prod", takes::nothing, {}, "as not PROD; asks first"}},
         .run = run_env_mark},
        {.name = "env remove",
         .arguments = "ENV",
         .least = 1,
         .most = 1,
         .offers = completes::environments,
         .summary = "remove an environment with everything in it",
         .details = "Asks first.",
         .run = run_env_remove},
        {.name = "space list",
         .summary = "the spaces of --env: ids, names",
         .run = run_space_list,
         .scopes = scope_options::environment},
        {.name = "space create",
         .arguments = "NAME",
         .least = 1,
         .most = 1,
         .summary = "make a space in --env",
         .options = {id_option},
         .run = run_space_create,
         .scopes = scope_options::environment},
        {.name = "space rename",
         .arguments = "SPACE NAME",
         .least = 2,
         .most = 2,
         .offers = completes::spaces,
         .summary = "give a space another name; its id stays",
         .run = run_space_rename,
         .scopes = scope_options::environment},
        {.name = "space remove",
         .arguments = "SPACE",
         .least = 1,
         .most = 1,
         .offers = completes::spaces,
         .summary = "remove a space with everything in it",
         .details = "Asks first.",
         .run = run_space_remove,
         .scopes = scope_options::environment},
    };
}

} // namespace command
