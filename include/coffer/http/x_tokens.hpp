// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_TOKENS_HPP
#define COFFER_HTTP_X_TOKENS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/granted_places.hpp>
#include <coffer/http/sessions.hpp>
#include <coffer/http/token_notes.hpp>
#include <coffer/http/x_reveal.hpp>
#include <coffer/http/x_sessions.hpp>
#include <coffer/http/x_watch.hpp>
#include <coffer/http/x_whoami.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Tokens: /v1/x/tokens; who administers a scope: /v1/x/admins; and the rows of all that has to do with
/// them, sessions and whoami too.
namespace coffer::inline COFFER_ABI::http::x {

/// Throws 403 for a caller who may not mint or revoke anywhere.
inline void require_token_right(call& c) {
    if (!rights_anywhere(c.who).has(right::tokens)) throw forbidden(right::tokens);
    c.rows_are_decided();
}
/// Whether all that a token may do lies where the caller mints and revokes. One whose row can't be
/// read might be anybody's: it is an operator's to remove.
inline auto administers_all(const principal& who, const token_row& row) -> bool {
    if (!row.readable) return is_operator(who);
    return std::all_of(row.grants.begin(), row.grants.end(),
                       [&](const grant& g) { return administers(who, g); });
}
/// Whether a token has to do with a place; with none named, any has. One whose row can't be read
/// may have to do with any.
inline auto concerns(const token_row& row, std::string_view environment, std::string_view space)
    -> bool {
    return !row.readable || std::any_of(row.grants.begin(), row.grants.end(), [&](const grant& g) {
        return (environment.empty() || g.environment.empty() || g.environment == environment) &&
               (space.empty() || g.space.empty() || g.space == space);
    });
}

inline void write_token(json_writer& w, const token_row& row, const token_use& use) {
    w.begin_object().member("id", row.id).member("name", row.name).key("grants");
    write_grants(w, row.grants);
    if (row.readable) {
        w.member("createdAt", iso_time(row.created)).member_if("createdBy", row.created_by);
        w.member("expiresAt", iso_time(row.expires));
    } else {
        w.member("unreadable", true);
    }
    if (use.at != 0) w.member("lastUsedAt", iso_time(use.at)).member_if("lastUsedFrom", use.peer);
    w.end_object();
}

/// The tokens that have to do with a place and that a caller may revoke. Errors: those of reading.
inline auto tokens_of(sign_in_desk& desk, const principal& who, std::string_view environment,
                      std::string_view space) -> result<std::vector<token_registry::row_ptr>> {
    auto all = desk.tokens().list();
    if (all)
        std::erase_if(*all, [&](const auto& row) {
            return !administers_all(who, *row) || !concerns(*row, environment, space);
        });
    return all;
}
/// What their uses don't change.
inline auto revision_of_tokens(const sign_in_desk& desk,
                               const std::vector<token_registry::row_ptr>& rows) -> std::string {
    wiped_text text;
    json_writer w(text);
    w.begin_list();
    for (const auto& row : rows)
        write_token(w, *row, {});
    w.end_list();
    return revision_of(desk.tokens().vault(), text);
}

inline auto list_tokens(sign_in_desk& desk, call& c) -> response {
    require_token_right(c);
    const auto rows =
        need(tokens_of(desk, c.who, c.parameter("environmentId"), c.parameter("spaceId")));
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (const auto& row : rows)
        write_token(w, *row, desk.tokens().last_use(row->id));
    w.end_list().member("revision", revision_of_tokens(desk, rows)).end_object();
    return out;
}

inline auto watch_tokens(const std::shared_ptr<sign_in_desk>& desk, call& c) -> response {
    require_token_right(c);
    const scope of(
        context{.environment = c.parameter("environmentId"), .space = c.parameter("spaceId")});
    return watch_list(c, [desk, who = c.who, of]() -> std::optional<std::string> {
        const auto rows = tokens_of(*desk, who, of.environment, of.space);
        if (!rows) return std::nullopt;
        return revision_of_tokens(*desk, *rows);
    });
}

/// The names of those who administer a scope, each once: who has some right there and lacks another
/// asks them. Their tokens are people's, and none has expired.
inline auto list_admins(sign_in_desk& desk, call& c) -> response {
    const auto where = c.queried_scope();
    c.allow(where);
    std::set<std::string> names;
    for (const auto& row : need(desk.tokens().list()))
        if (row->readable && !desk.tokens().is_expired(*row) &&
            std::any_of(row->grants.begin(), row->grants.end(), [&](const grant& g) {
                return (g.as == role::environment_admin || g.as == role::space_admin) &&
                       well_formed(g) && covers_scope(g, where.view());
            }))
            names.insert(row->name);
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (const auto& name : names)
        w.text(name);
    w.end_list().end_object();
    c.record.count = names.size();
    return out;
}

/// Until when a token of these grants may live that a caller mints: an operator's as long as its
/// kind does, anybody else's no longer than their own, or a right that was lent would never end.
inline auto latest_expiry(const principal& who, const std::vector<grant>& grants, std::uint64_t now)
    -> std::uint64_t {
    const auto longest = now + static_cast<std::uint64_t>(longest_life(grants).count());
    const bool unbound = who.expires == 0 || is_operator(who);
    return unbound ? longest : std::min(longest, who.expires);
}

/// `expiresAt` of the body; without it, in 90 days, or as late as may be. A date's end that lies
/// less than a day behind the latest is the latest: who counts 90 days from today means that.
/// Throws 400.
inline auto wanted_expiry(call& c, const std::vector<grant>& grants, std::uint64_t now)
    -> std::uint64_t {
    constexpr std::uint64_t day = 86'400'000;
    const auto longest = now + static_cast<std::uint64_t>(longest_life(grants).count());
    const auto latest = latest_expiry(c.who, grants, now);
    if (c.body().find("expiresAt") == nullptr)
        return std::min(latest, now + static_cast<std::uint64_t>(longest_personal_life.count()));
    const auto at = time_in(c.body().object(), "expiresAt");
    if (at <= now) throw bad_request("expiresAt", "this must be a time to come");
    if (at >= longest + day)
        throw bad_request("expiresAt", "a service's token lives for a year at most, another's for "
                                       "90 days");
    if (at >= latest + day)
        throw bad_request("expiresAt", "no token outlives the one that makes it, which ends at " +
                                           iso_time(latest));
    return std::min(at, latest);
}

/// The body of a request to mint, without the expiry. Throws 400.
inline auto wished_token(call& c) -> token_wish {
    token_wish wish;
    wish.name = c.text("name");
    if (wish.name.empty() || !check_author(wish.name))
        throw bad_request("name", "a name of at most 256 bytes is needed");
    const boost::json::value none;
    const auto* grants = c.body().find("grants");
    grant_fault fault;
    auto read = read_grants(grants == nullptr ? none : *grants, &fault);
    if (!read) throw bad_request(fault.member, fault.words);
    wish.grants = *std::move(read);
    return wish;
}

/// Throws 403 for what the caller may not give, and 404 for a grant on what is not there: it would
/// give nothing, until somebody made something else of that id (see token_registry::mint for what is
/// removed while it is made). Who may give it may know that.
inline void require_grantable(call& c, const grant& g, std::size_t n) {
    if (const auto lacked = lacked_to_grant(c.who, g)) {
        auto refusal = forbidden(*lacked);
        refusal.message = "nobody can give what they lack";
        refusal.key = grant_key(n, {});
        throw refusal;
    }
    if (g.environment.empty()) return;
    if (!std::ranges::binary_search(need(c.vault().environments()), g.environment))
        throw worded(errc::not_found, "there is no such environment",
                     grant_key(n, "environmentId"));
    if (g.space.empty()) return;
    const auto there = c.vault().resolver().at({.environment = g.environment, .space = g.space});
    if (there) return;
    const auto key = grant_key(n, "spaceId");
    if (there.error().code == errc::unknown_scope)
        throw worded(errc::not_found, "the environment has no such space", key);
    throw error_of(there.error(), key);
}

inline auto mint_token(sign_in_desk& desk, call& c) -> response {
    auto wish = wished_token(c);
    c.record.names = {wish.name}; // of a refusal too: what was tried
    c.record.where = common_scope(wish.grants);
    require_token_right(c);
    const auto note = [&](const token_wish& w) {
        c.record.details = token_details(w.grants, w.expires);
    };
    note(wish);
    wish.expires = wanted_expiry(c, wish.grants, desk.tokens().now());
    note(wish);
    auto seen = granted_places::look(c.vault(), wish.grants);
    for (std::size_t n = 0; n < wish.grants.size(); ++n)
        require_grantable(c, wish.grants[n], n);
    require_confirmed(c);
    wish.created_by = c.who.token_id;
    auto minted = desk.tokens().mint(std::move(wish), need(std::move(seen), "grants"));
    if (!minted && minted.error().code == errc::unknown_scope)
        throw worded(errc::not_found, "what this is for was removed meanwhile", "grants");
    const auto made = need(std::move(minted), "name");
    note_token(c.record, made.row);
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().member("id", made.row.id);
    w.member("name", made.row.name).member("token", made.text.expose_secret());
    w.member("expiresAt", iso_time(made.row.expires)).end_object().end_object();
    return out;
}

inline auto revoke_token(sign_in_desk& desk, call& c) -> response {
    const auto id = c.parameter("id");
    if (id.empty()) throw bad_request("id", "the id of a token is needed");
    if (token_registry::is_id(id)) c.record.names = {std::string(id)};
    require_token_right(c);
    const auto row = desk.tokens().find(id);
    if (!row && !token_registry::is_unreadable(row.error())) throw error_of(row.error());
    if (row) note_token(c.record, **row);
    if (row ? !administers_all(c.who, **row) : !is_operator(c.who)) throw no_such_thing();
    need(desk.tokens().revoke(id));
    return success();
}

/// The rows that this adds to the table of routes; `sessions` is to be the api's authenticator.
inline auto token_routes(std::shared_ptr<session_registry> sessions,
                         std::shared_ptr<first_code> first) -> std::vector<route> {
    const auto desk = std::make_shared<sign_in_desk>(std::move(sessions), std::move(first));
    const auto with = [&](response (*run)(sign_in_desk&, call&)) {
        return [desk, run](call& c) { return run(*desk, c); };
    };
    constexpr auto nowhere = scope_from::nowhere;
    constexpr auto rows = scope_from::rows;
    const std::string_view tokens = "/v1/x/tokens";
    const std::string_view session = "/v1/x/session";
    const std::string_view code = "/v1/x/session/code";
    return {
        {"GET", "/v1/x/whoami", "", std::nullopt, nowhere, admits::token, whoami},
        {"POST", session, "session.begin", std::nullopt, nowhere, admits::anyone,
         with(begin_session)},
        {"DELETE", session, "session.end", std::nullopt, nowhere, admits::token, with(end_session)},
        {"GET", code, "", std::nullopt, nowhere, admits::anyone,
         [desk](call&) { return tell_first(*desk); }},
        {"POST", code, "session.first", std::nullopt, nowhere, admits::anyone, with(redeem_code)},
        {"POST", "/v1/x/session/confirm", "session.confirm", std::nullopt, nowhere, admits::token,
         with(confirm_session)},
        {"GET", "/v1/x/admins", "admins.list", right::list, scope_from::query, admits::token,
         with(list_admins)},
        {"GET", "/v1/x/tokens/watch", "", right::tokens, rows, admits::token,
         [desk](call& c) { return watch_tokens(desk, c); }},
        {"GET", tokens, "tokens.list", right::tokens, rows, admits::token, with(list_tokens)},
        {"POST", tokens, "token.mint", right::tokens, rows, admits::token, with(mint_token)},
        {"DELETE", tokens, "token.revoke", right::tokens, rows, admits::token, with(revoke_token)},
    };
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
