// SPDX-License-Identifier: BSL-1.0
#include "server_log.hpp"

#include "problem.hpp"

#include "text.hpp"

#include <coffer/http/json.hpp>
#include <coffer/http/metadata.hpp>

#include <cstdlib>

#include <unistd.h>

namespace command {

namespace {

auto word_of(log_level level) -> std::string_view {
    switch (level) {
    case log_level::none:
    case log_level::error: return "error";
    case log_level::info: return "info";
    case log_level::debug: return "debug";
    }
    return "error";
}

/// Pieces of one line.
class line {
public:
    explicit line(log_level level) : json_(text_) {
        json_.begin_object();
        json_.member("time", coffer::http::iso_time(now_ms())).member("level", word_of(level));
    }
    auto json() -> coffer::http::json_writer& { return json_; }
    auto ended() -> std::string {
        json_.end_object();
        text_.push_back('\n');
        return {text_.data(), text_.size()};
    }

private:
    coffer::http::wiped_text text_{};
    coffer::http::json_writer json_;
};

auto message_line(log_level level, std::string_view message) -> std::string {
    line out(level);
    out.json().member("message", message);
    return out.ended();
}

} // namespace

auto wanted_log_level() -> log_level {
    const char* const variable = std::getenv("COFFER_LOG");
    const std::string_view said = variable == nullptr ? "" : variable;
    if (said == "off") return log_level::none;
    if (said == "error") return log_level::error;
    if (said == "debug") return log_level::debug;
    if (!said.empty() && said != "info") refuse("COFFER_LOG is off, error, info or debug");
    return log_level::info;
}

server_log::server_log(log_level most)
    : most_(most), lines_(std::make_unique<line_writer>(STDERR_FILENO, [](std::uint64_t dropped) {
          return message_line(log_level::error, "dropped " + std::to_string(dropped) +
                                                    " lines that stderr was too slow for");
      })) {}

void server_log::say(log_level level, std::string_view message) const {
    if (level <= most_) lines_->put(message_line(level, message));
}

void server_log::missed_events(std::string_view token_id) const {
    if (log_level::info > most_) return;
    line out(log_level::info);
    out.json().member("message", "a listener may have missed events: they are not kept any more");
    out.json().member_if("token", token_id);
    lines_->put(out.ended());
}

void server_log::answered(const coffer::http::answered_request& r) const {
    const bool probe = r.pattern == "/livez" || r.pattern == "/readyz" || r.pattern == "/metrics";
    const auto level = r.status >= 500 ? log_level::error
                       : probe         ? log_level::debug
                                       : log_level::info;
    if (level > most_) return;
    line out(level);
    auto& json = out.json();
    json.member("method", r.method).member_if("route", r.pattern);
    json.member("status", static_cast<std::uint64_t>(r.status)).member_if("code", r.code);
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(r.took).count();
    json.key("ms").raw(std::to_string(us / 1000) + "." +
                       std::to_string(1000 + us % 1000).substr(1));
    json.member_if("token", r.token_id).member("peer", r.peer).member_if("id", r.id);
    lines_->put(out.ended());
}

} // namespace command
