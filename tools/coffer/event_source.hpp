// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_EVENT_SOURCE_HPP
#define COFFER_COMMAND_EVENT_SOURCE_HPP

#include "session.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace command {

/// Where `coffer agent` hears of events: the server that it works with, or another one that sends
/// server-sent events (HTML Living Standard, 9.2), whose token is its own.
class event_source {
public:
    /// As `--events` and `--events-token-file` say. Throws problem.
    explicit event_source(session& s);

    /// For people: without the query, where a token may stand.
    auto name() const -> const std::string& { return name_; }
    /// Hands on events as they happen, until `take` says false. Comes back after an end, and asks
    /// for what it missed; where that is not to be had any more, says so. Throws problem for what does
    /// not pass by itself.
    void follow(const std::function<bool(std::string_view event)>& take);

private:
    auto words(const coffer::failure& why) const -> std::string;

    session& s_;
    std::string name_{};
    bool is_other_ = false; ///< It is not the server that the agent works with, maybe no Coffer.
    std::string target_{"/v1/x/events"};
    std::shared_ptr<coffer::http::caller> calls_{};
};

} // namespace command

#endif
