// SPDX-License-Identifier: BSL-1.0
#include "agent_server.hpp"

#include "problem.hpp"
#include "remote.hpp"
#include "text.hpp"

#include <coffer/http/caller.hpp>
#include <coffer/http/query.hpp>
#include <coffer/http/times.hpp>

namespace command {

namespace http = coffer::http;
using coffer::errc;

agent_server::agent_server(session& s) : s_(s), url_(server_text(s.config())) {
    (void)s.calls(); // that there is a token at all, and it is one
}

void agent_server::require_token() {
    auto in = s_.calls()->call({.method = "GET", .target = "/v1/x/whoami", .body = {}});
    if (!in && !coffer::is_away(in.error().code)) need(std::move(in));
}

auto agent_server::mint(const coffer::scope& where, std::chrono::milliseconds life) -> event_token {
    http::outgoing out{.method = "POST", .target = "/v1/x/tokens", .body = {}};
    http::json_writer w(out.body);
    w.begin_object().member("name", "one event of coffer agent").key("grants").begin_list();
    w.begin_object().member("role", "service").member("environmentId", where.environment);
    w.member_if("spaceId", where.space).member_if("actorId", where.actor);
    w.end_object().end_list();
    const auto end = now_ms() + static_cast<std::uint64_t>(life.count());
    w.member("expiresAt", http::iso_time(end)).end_object();
    auto in = s_.calls()->call(std::move(out));
    if (!in && in.error().cause == http::refusal::missing_right)
        throw problem(errc::denied,
                      "the token of this agent may not make one that reads " +
                          printable(to_string(where.view())) +
                          ": an operator's may, and an env-admin's that has --reveal (coffer "
                          "token create --role env-admin --reveal -e " +
                          printable(where.environment) + ")",
                      where.view());
    const auto answer = need(std::move(in), where.view());
    return {std::string(http::text_in(answer.object(), "id")),
            coffer::secret(http::text_in(answer.object(), "token"))};
}

void agent_server::revoke(const event_token& token) noexcept {
    try {
        (void)s_.calls()->call({.method = "DELETE",
                                .target = "/v1/x/tokens?id=" + http::encoded(token.id),
                                .body = {}});
    } catch (const std::exception&) { // it ends by its time
    }
}

void agent_server::know_values(const coffer::scope& where, const event_token& token,
                               coffer::redactor& by) {
    const auto vault = open_remote_vault(s_, token.text);
    const auto view = need(vault->resolver().at(where.view()), where.view());
    need(by.add_all(view), where.view());
}

} // namespace command
