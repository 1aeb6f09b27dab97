// SPDX-License-Identifier: BSL-1.0
#include "remote_tokens.hpp"

#include "problem.hpp"
#include "remote_calls.hpp"

#include <coffer/http/access_json.hpp>
#include <coffer/http/query.hpp>
#include <coffer/http/times.hpp>

#include <algorithm>

namespace command::server_tokens {

namespace http = coffer::http;
using coffer::errc;

namespace {

constexpr const char* target = "/v1/x/tokens";

auto ask(session& s, http::outgoing out) -> http::json_answer {
    return need(s.calls()->call(std::move(out)));
}

} // namespace

namespace {

/// Nobody gives away what they lack: which right that was.
void refuse_to_give(const coffer::failure& why) {
    const auto lacked = http::missing_right_of(why);
    if (!lacked || lacked == http::right::tokens) return;
    throw problem(errc::denied,
                  "nobody gives away what they lack, and this token has not the right " +
                      std::string(to_string(*lacked)) + " there: an operator makes such a token" +
                      (lacked == http::right::read ? ", or an env-admin that has --reveal" : ""));
}

/// What a server does not answer to a token's making: it is made all the same if that can't be had.
void add_origin(session& s, http::token_row& made) {
    try {
        const auto all = list(s);
        const auto row = std::ranges::find(all, made.id, &http::token_row::id);
        if (row == all.end()) return;
        made.created = row->created;
        made.created_by = row->created_by;
    } catch (const problem&) {
    }
}

} // namespace

auto mint(session& s, http::token_wish wish) -> http::minted_token {
    http::outgoing out{.method = "POST", .target = target, .body = {}};
    http::json_writer w(out.body);
    w.begin_object().member("name", wish.name).key("grants");
    http::write_grants(w, wish.grants);
    if (wish.expires != 0) w.member("expiresAt", http::iso_time(wish.expires));
    w.end_object();
    auto done = s.calls()->call(std::move(out));
    if (!done) refuse_to_give(done.error());
    const auto in = need(std::move(done));
    http::minted_token made;
    made.row.id = http::text_in(in.object(), "id");
    made.row.name = http::text_in(in.object(), "name");
    made.row.grants = std::move(wish.grants);
    made.row.expires = http::time_in(in.object(), "expiresAt");
    made.text = coffer::secret(http::text_in(in.object(), "token"));
    if (s.json()) add_origin(s, made.row);
    return made;
}

auto list(session& s) -> std::vector<http::token_row> {
    const auto in = ask(s, {.method = "GET", .target = target, .body = {}});
    std::vector<http::token_row> out;
    for (const auto& one : in.list()) {
        if (!one.is_object()) continue;
        const auto& o = one.get_object();
        http::token_row row;
        row.id = http::text_in(o, "id");
        row.name = http::text_in(o, "name");
        row.readable = !http::flag_in(o, "unreadable");
        if (const auto* grants = o.if_contains("grants"); grants != nullptr && row.readable) {
            auto read = http::read_grants(*grants);
            row.readable = read.has_value(); // else a newer server's
            if (read) row.grants = *std::move(read);
        }
        row.created = http::time_in(o, "createdAt");
        row.created_by = http::text_in(o, "createdBy");
        row.expires = http::time_in(o, "expiresAt");
        out.push_back(std::move(row));
    }
    return out;
}

void revoke(session& s, std::string_view id) {
    (void)ask(s, {.method = "DELETE",
                  .target = std::string(target) + "?id=" + http::encoded(id),
                  .body = {}});
}

} // namespace command::server_tokens
