// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_SESSIONS_HPP
#define COFFER_HTTP_X_SESSIONS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/first_code.hpp>
#include <coffer/http/rate_limit.hpp>
#include <coffer/http/sessions.hpp>
#include <coffer/http/token_notes.hpp>
#include <coffer/http/x_reveal.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// Sessions of the page, and the first start: /v1/x/session….
namespace coffer::inline COFFER_ABI::http::x {

/// What these routes share.
struct sign_in_desk {
    std::shared_ptr<session_registry> sessions{};
    std::shared_ptr<first_code> first{};
    rate_limiter refused; ///< By address.

    sign_in_desk(std::shared_ptr<session_registry> all, std::shared_ptr<first_code> code)
        : sessions(std::move(all)), first(std::move(code)),
          refused(refused_sign_ins, sessions->tokens().time()) {}

    auto tokens() const noexcept -> token_registry& { return sessions->tokens(); }
};

/// Refuses a token or a code that is wrong: ten a minute of an address with the reason, more with
/// 429. Who knows theirs is never limited, or whoever guesses at the same address, which behind a
/// proxy is everybody's, would lock them out. Nothing is lost by that: a token has 256 bits to
/// guess, and the code has five tries.
[[noreturn]] inline void refuse_sign_in(sign_in_desk& desk, const call& c, api_error why) {
    const auto wait = desk.refused.take(address_key(c.in.peer));
    if (wait.count() != 0) throw too_many("too many wrong tries from this address", wait);
    throw why;
}

inline void write_session(json_writer& w, const session_limits& limits, const opened_session& s) {
    w.begin_object().member("token", s.text.expose_secret());
    w.member("expiresAt", iso_time(s.expires));
    w.member("idleSeconds", static_cast<std::uint64_t>(limits.idle.count() / 1000)).end_object();
}

/// A session for the holder of the token that the request bears. Its row lets anyone in, so that a
/// token that is refused counts here.
inline auto begin_session(sign_in_desk& desk, call& c) -> response {
    auto who = desk.tokens().authenticate(bearer_of(c.in), c.in);
    if (!who && who.error().code == errc::denied)
        refuse_sign_in(desk, c, {401, "a known token is needed", {}, "denied", {}});
    c.who = need(std::move(who));
    const auto begun = need(desk.sessions->open(c.who));
    response out;
    json_writer w(out.body);
    w.begin_object().key("data");
    write_session(w, desk.sessions->limits(), begun);
    w.end_object();
    return out;
}

inline auto end_session(sign_in_desk& desk, call& c) -> response {
    desk.sessions->close(bearer_of(c.in));
    return success();
}

inline auto confirm_session(sign_in_desk& desk, call& c) -> response {
    const auto token = c.text("token");
    if (!c.who.is_session) throw bad_request({}, "only a session can be confirmed");
    const auto at = desk.sessions->confirm(bearer_of(c.in), token, c.in);
    // No 401, which would say that the session itself has ended.
    if (!at && at.error().code == errc::denied)
        refuse_sign_in(desk, c,
                       bad_request("token", "this is not the token that you signed in with"));
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object();
    w.member("confirmedUntil", iso_time(confirmed_until(c, need(result(at)))));
    w.end_object().end_object();
    return out;
}

// The first start ---------------------------------------------------------------------------------

inline auto tell_first(sign_in_desk& desk) -> response {
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object();
    w.member("open", need(desk.first->is_open())).end_object().end_object();
    return out;
}

/// Whether there will be a line in the audit log of what is about to be done, if there is a log.
inline auto may_be_noted(call& c) -> bool {
    c.record.action = c.of.action;
    c.record.peer = c.in.peer;
    return c.parts.audit == nullptr || c.parts.audit->prepare(c.record);
}

/// The first admin: a token for everything, and a session of it.
inline auto redeem_code(sign_in_desk& desk, call& c) -> response {
    token_wish wish;
    wish.name = c.text("name");
    wish.grants = full_grants();
    wish.created_by = "first-start";
    const auto code = c.text("code");
    if (wish.name.empty() || !check_author(wish.name))
        throw bad_request("name", "a name of at most 256 bytes is needed");
    c.record.names = {wish.name};
    // Its row lets anyone in, who could fill the disk: the log is asked for those alone who have
    // the code. It works once, so a token that nobody is given must not use it up.
    bool noted = true;
    auto made = desk.first->redeem(code, std::move(wish), [&] { return noted = may_be_noted(c); });
    if (!noted) throw unaudited();
    if (!made && made.error().code == errc::denied)
        refuse_sign_in(desk, c, {403, "this code is wrong or too old", "code", "denied", {}});
    const auto minted = need(std::move(made));
    note_token(c.record, minted.row);
    c.who = token_registry::principal_of(std::make_shared<const token_row>(minted.row));
    const auto begun = need(desk.sessions->open(c.who));
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().member("token", minted.text.expose_secret());
    w.key("session");
    write_session(w, desk.sessions->limits(), begun);
    w.end_object().end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
