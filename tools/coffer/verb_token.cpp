// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "remote_tokens.hpp"
#include "resolved.hpp"
#include "session.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/http/tokens.hpp>
#include <coffer/keyring/wiping_resource.hpp>
#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <vector>

namespace command {

namespace http = coffer::http;
namespace json = boost::json;
using coffer::errc;
using http::grant;
using http::role;

namespace {

/// Who mints beside the store holds the keys themselves, so may give anything away; rows say so. A
/// server writes down whose token it was, and gives away no more than that has.
constexpr std::string_view minted_by = "local";

auto role_here(const session& s) -> role {
    const auto named = s.in.text("role");
    if (!named) refuse("which role? Say --role operator|env-admin|space-admin|service|auditor");
    for (const auto as : http::all_roles)
        if (*named == to_string(as)) return as;
    refuse("there is no such role: operator, env-admin, space-admin, service, auditor");
}

/// A limit that the token would not have is refused, never dropped: who typed it means it.
void refuse_lost_limits(const session& s, role as) {
    const bool with_env = s.in.has("env");
    const bool with_space = s.in.has("space");
    if (as == role::instance_operator && (with_env || with_space))
        refuse("an operator is one of the whole instance: leave --env and --space out, or make an "
               "env-admin, a space-admin or an auditor");
    if (as == role::environment_admin && with_space)
        refuse("an env-admin has the environment with all its spaces: leave --space out, or make "
               "a space-admin");
    if (as == role::auditor && with_space)
        refuse("an auditor has an environment with all its spaces, or everything: leave --space "
               "out");
    for (const char* const limit : {"space", "actor"}) // --space "$UNSET" is no wider token
        if (s.in.text(limit) == "")
            refuse("--" + std::string(limit) + " is empty: leave it out if there is to be none");
}

/// Where the grant holds. One that nobody limited on purpose is not made on everything.
void place_grant(session& s, grant& g) {
    refuse_lost_limits(s, g.as);
    if (g.as == role::instance_operator) return;
    if (g.as == role::auditor && !s.in.has("env")) return;
    if (!s.in.has("env")) // what holds in a folder was not said of this token
        refuse("which environment? Say --env ID (coffer env list shows them)");
    const bool with_space = g.as == role::space_admin || g.as == role::service;
    const auto at = with_space ? s.here() : s.environment_here();
    g.environment = at.environment;
    g.space = at.space;
    if (g.as == role::space_admin && g.space.empty())
        refuse("which space? Say --space ID (coffer space list shows them)");
}

auto grants_here(session& s) -> std::vector<grant> {
    if (s.in.has("full")) {
        for (const char* const other :
             {"role", "env", "space", "names", "actor", "write", "reveal"})
            if (s.in.has(other))
                refuse("--full is everything everywhere: leave --" + std::string(other) +
                       " out, or say --role instead of --full");
        return http::full_grants();
    }
    grant g;
    g.as = role_here(s);
    place_grant(s, g);
    g.write = s.in.has("write");
    g.reveal = s.in.has("reveal");
    g.actor = s.in.text("actor").value_or("");
    if (const auto names = s.in.text("names")) {
        g.names = split(*names, ',');
        if (g.names.empty() || g.names.size() > http::most_patterns)
            refuse("--names takes 1 to 64 patterns: 'SLACK_*,DB_URL'");
        for (const auto& pattern : g.names)
            if (!coffer::check_name(pattern))
                refuse("--names takes patterns of 1 to 1,024 characters");
    }
    if (!well_formed(g))
        refuse("--write, --actor and --names are a service's, --reveal is an admin's");
    return {std::move(g)};
}

auto expiry_here(const session& s, const std::vector<grant>& grants) -> std::uint64_t {
    const auto moment = parse_moment(s.in.text("expires").value_or("90d"));
    if (!moment) refuse("--expires takes a day like 2027-01-31 or a time like 90d or 12h");
    const auto at = *moment;
    const auto now = now_ms();
    const auto longest = static_cast<std::uint64_t>(http::longest_life(grants).count());
    if (at <= now || at - now > longest)
        refuse("a token of this role expires in " + std::to_string(longest / 86'400'000) +
               " days at most, and later than now");
    return at;
}

auto scope_text(const grant& g) -> std::string {
    if (g.environment.empty()) return "everything";
    return printable(to_string(
        coffer::context{.environment = g.environment, .space = g.space, .actor = g.actor}));
}

auto grant_text(const grant& g) -> std::string {
    auto out = std::string(to_string(g.as)) + " of " + scope_text(g);
    if (g.write) out += ", write";
    if (g.reveal) out += ", reveal";
    if (!g.names.empty()) out += ", names " + printable(join(g.names, ","));
    return out;
}
auto grants_text(const std::vector<grant>& all) -> std::string {
    if (all == http::full_grants()) return "full: everything";
    std::vector<std::string> parts;
    for (const auto& g : all)
        parts.push_back(grant_text(g));
    return join(parts, "; ");
}

auto json_of(const grant& g) -> json::object {
    json::object out;
    const auto set = [&](const char* member, const std::string& text) {
        if (!text.empty()) out[member] = text;
    };
    out["role"] = std::string(to_string(g.as));
    set("environmentId", g.environment);
    set("spaceId", g.space);
    out["write"] = g.write;
    out["reveal"] = g.reveal;
    set("actorId", g.actor);
    for (const auto& pattern : g.names)
        (out["names"].is_array() ? out["names"].get_array() : out["names"].emplace_array())
            .push_back(json::value(pattern));
    return out;
}
auto json_of(const http::token_row& row, const json::storage_ptr& storage = {}) -> json::object {
    json::object out(storage);
    out["id"] = row.id;
    out["name"] = row.name;
    auto& grants = out["grants"].emplace_array();
    for (const auto& g : row.grants)
        grants.push_back(json_of(g));
    if (row.created != 0) { // else the server did not tell
        out["createdAt"] = iso_time(row.created);
        out["createdBy"] = text_or_null(row.created_by);
    }
    if (row.readable)
        out["expiresAt"] = iso_time(row.expires);
    else
        out["unreadable"] = true;
    return out;
}

void show_minted(const session& s, const http::minted_token& made) {
    if (!s.json()) {
        put(made.text.expose_secret());
        put("\n");
        s.notice("token " + made.row.id + ", " + grants_text(made.row.grants) + ", until " +
                 iso_time(made.row.expires) +
                 "; it is shown this once, Coffer keeps only a hash of it");
        return;
    }
    coffer::keyring::wiping_resource memory;
    const json::storage_ptr storage(&memory);
    auto out = json_of(made.row, storage);
    const auto text = made.text.expose_secret();
    out["token"].emplace_string().assign(text.data(), text.size());
    put_json(json::value(std::move(out), storage));
}

void revoke(session& s, const std::string& id) {
    if (s.is_remote())
        server_tokens::revoke(s, id);
    else
        need(http::token_registry(s.vault()).revoke(id));
}

/// A token that nobody was told of must not live on.
void show_or_revoke(session& s, const http::minted_token& made) {
    try {
        show_minted(s, made);
    } catch (const problem& why) {
        try {
            revoke(s, made.row.id);
        } catch (const problem&) {
            throw problem(why.code, why.message + ": the token " + printable(made.row.id) +
                                        " was made and not told, and can't be revoked now; "
                                        "revoke it: coffer token revoke " +
                                        printable(made.row.id));
        }
        throw problem(why.code, why.message + ": the token was made, not told, and revoked");
    }
}

/// Beside the store. Throws problem.
auto mint_here(session& s, http::token_wish wish) -> http::minted_token {
    const auto& g = wish.grants.front();
    const coffer::scope where(
        coffer::context{.environment = g.environment, .space = g.space, .actor = g.actor});
    const auto vault = s.vault();
    const auto seen = need(http::granted_places::look(*vault, wish.grants), where.view());
    return need(http::token_registry(vault).mint(std::move(wish), seen), where.view());
}

auto run_token_create(session& s) -> int {
    outlive_readers(); // a token that was not told has to be revoked
    http::token_wish wish;
    wish.grants = grants_here(s);
    // Not said, a server knows how late it may be: not later than the token that asks.
    if (!s.is_remote() || s.in.text("expires")) wish.expires = expiry_here(s, wish.grants);
    wish.name =
        s.in.text("name").value_or(s.in.has("full") ? "full" : grant_text(wish.grants.front()));
    wish.created_by = minted_by;
    if (s.dry_run()) {
        (void)s.confirm("Makes a token: " + grants_text(wish.grants) + ".");
        return 0;
    }
    show_or_revoke(s, s.is_remote() ? server_tokens::mint(s, std::move(wish))
                                    : mint_here(s, std::move(wish)));
    return 0;
}

auto all_tokens(session& s) -> std::vector<http::token_row> {
    if (s.is_remote()) return server_tokens::list(s);
    std::vector<http::token_row> out;
    for (const auto& row : need(http::token_registry(s.vault()).list()))
        out.push_back(*row);
    return out;
}

auto run_token_list(session& s) -> int {
    const auto all = all_tokens(s);
    if (s.json()) {
        json::object out;
        auto& rows = out["tokens"].emplace_array();
        for (const auto& row : all)
            rows.push_back(json_of(row));
        put_json(out);
        return 0;
    }
    table rows;
    rows.row({"ID", "NAME", "CREATED", "EXPIRES", "MAY"});
    const auto now = now_ms();
    for (const auto& row : all) {
        if (!row.readable) {
            rows.row({row.id, "-", "-", "-", "can't be read: revoke it"});
            continue;
        }
        rows.row({row.id, printable(row.name), ago(row.created, now),
                  row.expires <= now ? "expired" : iso_time(row.expires).substr(0, 10),
                  grants_text(row.grants)});
    }
    if (!all.empty()) put(rows.text());
    return 0;
}

auto run_token_revoke(session& s) -> int {
    const auto& id = s.in.arguments.front();
    const auto all = all_tokens(s);
    const auto row = std::ranges::find(all, id, &http::token_row::id);
    // What was typed may be a whole token by mistake: it is not repeated.
    if (row == all.end())
        throw problem(errc::not_found, "there is no token of that id; see coffer token list");
    const auto& known = *row;
    const auto name = known.readable ? printable(known.name) : "it can't be read";
    if (!s.confirm("Revokes the token " + known.id + " (" + name +
                   "): programs that use it are refused at their next request."))
        return 0;
    revoke(s, id);
    tell_done([&] {
        if (s.json())
            put_json(json::object{{"id", known.id}, {"revoked", true}});
        else
            put_line(known.id + "  revoked");
    });
    return 0;
}

} // namespace

auto token_verbs() -> std::vector<verb> {
    return {
        {.name = "token create",
         .summary = "make a token for a program or a person, and print it once",
         .details =
             "Needs a role, or --full: everything everywhere, which is more than a program should\n"
             "hold. A service reads all values of --env (and --space); with --write it sets them\n"
             "too. Admins set values but see none without --reveal. An operator runs the instance\n"
             "and sees no values.\n"
             "\n"
             "Through a server nobody gives away what their own token lacks, and no token but an\n"
             "operator's makes one that outlives it.\n"
             "\n"
             "The token goes to stdout; one that can't be written there is revoked.\n"
             "(umask 077; coffer token create … >FILE.new) && mv FILE.new FILE",
         .options =
             {{"--role", takes::value, "R", "operator, env-admin, space-admin, service or auditor"},
              {"--full", takes::nothing, {}, "everything: operator, admin, service"},
              {"--write", takes::nothing, {}, "a service may set values too"},
              {"--reveal", takes::nothing, {}, "an admin may be shown stored values"},
              {"--names", takes::value, "G", "a service is limited to these: 'SLACK_*,DB_URL'"},
              {"--actor", takes::value, "ID", "a service reads for this actor alone"},
              {"--expires", takes::value, "T",
               "90d, 12h or a date. Without it 90 days; at most 365 for a service, 90 for others"},
              {"--name", takes::value, "N", "what people call it; author of its writes"}},
         .run = run_token_create,
         .scopes = scope_options::all},
        {.name = "token list",
         .summary = "the tokens: ids, names, what they may, until when",
         .run = run_token_list},
        {.name = "token revoke",
         .arguments = "ID",
         .least = 1,
         .most = 1,
         .summary = "refuse a token from now on",
         .run = run_token_revoke},
    };
}

} // namespace command
