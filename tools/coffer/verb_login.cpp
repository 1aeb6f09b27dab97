// SPDX-License-Identifier: BSL-1.0
#include "kept_copy.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "remote.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "values_in.hpp"
#include "verbs.hpp"

#include <coffer/posix/atomic_file.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace command {

namespace fs = std::filesystem;
namespace json = boost::json;
using coffer::errc;

namespace {

auto text_of(const json::object& o, std::string_view member) -> std::string {
    const auto* found = o.if_contains({member.data(), member.size()});
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

auto is_set(const json::object& o, std::string_view member) -> bool {
    const auto* found = o.if_contains({member.data(), member.size()});
    return found != nullptr && found->is_bool() && found->get_bool();
}

/// `service of prod/acme, names SLACK_*`.
auto grant_text(const json::object& g) -> std::string {
    coffer::scope where;
    where.environment = text_of(g, "environmentId");
    where.space = text_of(g, "spaceId");
    where.actor = text_of(g, "actorId");
    auto out = text_of(g, "role") + " of " +
               (where.environment.empty() ? "everything" : to_string(where.view()));
    if (is_set(g, "write")) out += ", write";
    if (is_set(g, "reveal")) out += ", reveal";
    std::vector<std::string> names;
    if (const auto* list = g.if_contains("names"); list != nullptr && list->is_array())
        for (const auto& one : list->get_array())
            if (one.is_string()) names.emplace_back(one.get_string());
    if (!names.empty()) out += ", names " + join(names, ",");
    return printable(out);
}

void show(const session& s, const std::string& server, json::object me) {
    if (s.json()) {
        me["serverUrl"] = server;
        put_json(me);
        return;
    }
    table rows;
    rows.row({"server", server});
    rows.row({"name", printable(text_of(me, "name")) + " (token " +
                          printable(text_of(me, "tokenId")) + ")"});
    if (const auto* grants = me.if_contains("grants"); grants != nullptr && grants->is_array())
        for (const auto& g : grants->get_array())
            if (g.is_object()) rows.row({"may", grant_text(g.get_object())});
    const auto expires = text_of(me, "expiresAt");
    rows.row({"expires", expires.empty() ? "never" : printable(expires)});
    put(rows.text());
}

auto who_am_i(session& s, coffer::http::caller& through) -> json::object {
    return json::parse(ask_server(s, through, {.target = "/v1/x/whoami"})).as_object();
}

auto typed_token(const session& s, const std::string& server) -> coffer::secret {
    coffer::wiped_bytes typed;
    if (!stdin_is_terminal()) {
        typed = read_stdin(4097);
        if (!typed.empty() && typed.back() == std::byte{'\n'}) typed.pop_back();
    } else {
        if (s.in.has("no-input")) refuse("with --no-input the token comes from stdin");
        auto line = ask_unseen("Token for " + server + " (not shown): ");
        if (!line) throw problem(errc::cancelled, "nothing was kept");
        typed = *std::move(line);
    }
    if (typed.empty()) refuse("there was no token on stdin");
    return coffer::secret(coffer::byte_view(typed));
}

auto run_login(session& s) -> int {
    const auto server = server_text(s.config());
    const auto& named = *s.config().find("server");
    // A folder's file is somebody else's text, and may name somebody else's server.
    if (named.who == said_by::folder_file &&
        !s.confirm("Sends the token to " + server + ", which " + named.from + " names."))
        return 0;
    const auto token = typed_token(s, server);
    auto me = who_am_i(s, *open_calls(s, token));
    if (s.dry_run()) {
        (void)s.confirm("Keeps a token for " + server + ".");
        return 0;
    }
    const auto file = kept_token_file(server);
    std::error_code wrong;
    fs::create_directories(file.parent_path(), wrong);
    fs::permissions(file.parent_path(), fs::perms::owner_all, wrong);
    auto line = coffer::wiped_bytes();
    for (const char c : token.expose_secret())
        line.push_back(static_cast<std::byte>(c));
    line.push_back(std::byte{'\n'});
    const auto done = coffer::posix::replace_file(file, line);
    if (!done)
        throw problem(errc::unavailable,
                      "can't write " + printable(file.string()) + cause_words(done.error().cause));
    show(s, server, std::move(me));
    s.notice("the token is kept in " + printable(file.string()) + ", mode 0600, for this server");
    return 0;
}

auto run_logout(session& s) -> int {
    const auto server = server_text(s.config());
    if (!s.confirm_change({}, "Forgets the token that is kept for " + server +
                                  ", and all that run --keep kept of it."))
        return 0;
    forget_copies(server); // first: they hold values
    std::error_code wrong;
    const bool gone = fs::remove(kept_token_file(server), wrong);
    if (wrong)
        throw problem(errc::unavailable,
                      "can't remove the token of " + server + cause_words(wrong));
    if (s.json()) {
        put_json(json::object{{"serverUrl", server}, {"forgotten", gone}});
    } else {
        put_line(server + (gone ? "  forgotten (coffer token revoke ends the token itself)"
                                : "  no token was kept"));
    }
    return 0;
}

auto run_whoami(session& s) -> int {
    show(s, server_text(s.config()), who_am_i(s, *s.calls()));
    return 0;
}

} // namespace

auto login_verbs() -> std::vector<verb> {
    return {
        {.name = "login",
         .summary = "try a token at the server and keep it for that server",
         .details =
             "The token comes from stdin or an unseen prompt. It is kept in a file of its "
             "own, mode\n0600, beside the user's config.json, and sent to that server alone. "
             "COFFER_TOKEN and\n--token-file come before it.",
         .run = run_login},
        {.name = "logout",
         .summary = "forget the token kept for the server, and all that run --keep kept of it",
         .run = run_logout},
        {.name = "whoami",
         .summary = "what the token may do, where, and until when",
         .run = run_whoami},
    };
}

} // namespace command
