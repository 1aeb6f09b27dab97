// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"

#include "problem.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serializer.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cerrno>
#include <csignal>
#include <string>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace command {

auto write_all(int to, std::string_view text) noexcept -> bool {
    while (!text.empty()) {
        const auto n = ::write(to, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            pollfd one{to, POLLOUT, 0};
            (void)::poll(&one, 1, -1);
            continue;
        }
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

auto lost_output(int to, std::error_code why) -> problem {
    return {coffer::errc::unavailable, std::string("can't write to ") +
                                           (to == STDOUT_FILENO ? "stdout" : "stderr") +
                                           cause_words(why)};
}

void outlive_readers() noexcept {
    std::signal(SIGPIPE, SIG_IGN);
}

void put(std::string_view text) {
    if (!write_all(STDOUT_FILENO, text))
        throw lost_output(STDOUT_FILENO, {errno, std::generic_category()});
}

void put_line(std::string_view text) {
    put(std::string(text) + "\n");
}

void put_json(const boost::json::value& value) {
    boost::json::serializer pieces;
    pieces.reset(&value);
    std::array<char, 4096> piece{};
    while (!pieces.done())
        put(pieces.read(piece.data(), piece.size()));
    put("\n");
    coffer::wipe(piece.data(), piece.size());
}

void tell_done(const std::function<void()>& report) {
    try {
        report();
    } catch (problem& why) {
        why.message = "it is done; " + why.message;
        throw;
    }
}

void tell(std::string_view text) {
    (void)write_all(STDERR_FILENO, "coffer: " + std::string(text) + "\n");
}

void tell_problem(const problem& why, bool json) {
    const auto word = to_string(why.code);
    if (!json) {
        const bool usage =
            why.code == coffer::errc::invalid_argument || why.code == coffer::errc::cancelled;
        return tell((usage ? "" : std::string(word) + ": ") + why.message);
    }
    boost::json::object error;
    error["code"] = boost::json::string_view(word.data(), word.size());
    error["message"] = why.message;
    if (!why.name.empty()) error["name"] = why.name;
    if (!why.where.environment.empty()) error["environment"] = why.where.environment;
    if (!why.where.space.empty()) error["space"] = why.where.space;
    if (!why.where.actor.empty()) error["actor"] = why.where.actor;
    boost::json::object out;
    out["error"] = std::move(error);
    try {
        put_json(out);
    } catch (const problem&) { // stdout is gone: the exit code has to do
    }
}

} // namespace command
