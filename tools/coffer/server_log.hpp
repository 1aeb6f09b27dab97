// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_SERVER_LOG_HPP
#define COFFER_COMMAND_SERVER_LOG_HPP

#include "line_writer.hpp"

#include <coffer/http/api.hpp>

#include <memory>
#include <string_view>

namespace command {

/// How much a server says.
enum class log_level : unsigned char { none, error, info, debug };

/// What COFFER_LOG says: `off`, `error`, `info` (the default), `debug`.
auto wanted_log_level() -> log_level;

/// The log of `coffer serve`: one JSON object a line on stderr, each written in one piece, by a thread
/// of its own: nobody waits for who reads it. What a slow reader missed is counted in a line, and all
/// the rest is written when this goes. It holds the patterns of routes, never a target, a name or a
/// value. Thread-safe.
class server_log {
public:
    explicit server_log(log_level most);

    void error(std::string_view message) const { say(log_level::error, message); }
    void info(std::string_view message) const { say(log_level::info, message); }
    /// The holder of a token was told that it may have missed events.
    void missed_events(std::string_view token_id) const;
    /// One request, with the code of what was refused. Faults of the server count as errors, probes as debug.
    void answered(const coffer::http::answered_request& r) const;

private:
    void say(log_level level, std::string_view message) const;

    log_level most_;
    std::unique_ptr<line_writer> lines_;
};

} // namespace command

#endif
