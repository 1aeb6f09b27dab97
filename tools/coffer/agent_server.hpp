// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_AGENT_SERVER_HPP
#define COFFER_COMMAND_AGENT_SERVER_HPP

#include "session.hpp"

#include <coffer/redactor.hpp>
#include <coffer/secret.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace command {

/// A token that lives for one event.
struct event_token {
    std::string id{};
    coffer::secret text{};
};

/// What `coffer agent` asks of the server. All of it throws problem.
class agent_server {
public:
    explicit agent_server(session& s);

    auto url() const -> const std::string& { return url_; }
    /// Asks whether the agent's token is one that the server knows, before there is an event. A server
    /// that is away is no trouble yet: events wait for it.
    void require_token();
    /// A token that reads the scope, and nothing else, for a time.
    auto mint(const coffer::scope& where, std::chrono::milliseconds life) -> event_token;
    /// Ends it. What fails here ends by its time.
    void revoke(const event_token& token) noexcept;
    /// Knows all values that the scope resolves to: what the event's token reads, since the agent's
    /// own need not.
    void know_values(const coffer::scope& where, const event_token& token, coffer::redactor& by);

private:
    session& s_;
    std::string url_{};
};

} // namespace command

#endif
