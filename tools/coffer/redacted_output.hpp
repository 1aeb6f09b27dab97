// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_REDACTED_OUTPUT_HPP
#define COFFER_COMMAND_REDACTED_OUTPUT_HPP

#include "child.hpp"
#include "redacted_stream.hpp"

#include <array>
#include <optional>

#include <poll.h>
#include <unistd.h>

namespace command {

/// What a child prints, on its way to this process's own stdout and stderr. Of a child that has these
/// itself nothing comes through here. The child outlives it.
class redacted_output {
public:
    redacted_output(child& of, const coffer::redactor& with)
        : of_(of), out_(with, STDOUT_FILENO), err_(with, STDERR_FILENO) {}

    void know(const coffer::view& view, const place& at) {
        out_.know(view, at);
        err_.know(view, at);
    }
    /// Whether there may be more of it.
    auto is_open() const -> bool { return of_.out() >= 0 || of_.err() >= 0; }
    /// Waits until the child prints something, or a child ends, but not longer than that (-1: for
    /// ever), and passes on what there is. What nobody takes any more is closed to the child.
    void pass(const signal_forwarding& signals, int milliseconds) {
        std::array<pollfd, 3> on{
            {{signals.wake(), POLLIN, 0}, {of_.out(), POLLIN, 0}, {of_.err(), POLLIN, 0}}};
        if (::poll(on.data(), on.size(), milliseconds) <= 0) return;
        if (on[0].revents != 0) signals.drain();
        if (on[1].revents != 0 && !out_.move(of_.out())) of_.close_out();
        if (on[2].revents != 0 && !err_.move(of_.err())) of_.close_err();
    }
    /// Asks the child to end, and takes what it prints meanwhile: a full pipe would keep it from
    /// ending. After ten seconds makes it end.
    void stop(const signal_forwarding& signals) {
        of_.stop([&] { pass(signals, 100); });
    }
    /// Passes on what lies in the pipes and what was held back.
    void finish() {
        for (int i = 0; i < most_left && is_ready(of_.out()); ++i)
            if (!out_.move(of_.out())) of_.close_out();
        for (int i = 0; i < most_left && is_ready(of_.err()); ++i)
            if (!err_.move(of_.err())) of_.close_err();
        out_.finish();
        err_.finish();
    }
    /// Why some of it was not taken; nullopt: all was.
    auto lost() const -> std::optional<problem> {
        auto of_out = out_.lost();
        return of_out ? of_out : err_.lost();
    }

private:
    /// Pieces of a pipe's content: who was left behind may go on printing for ever.
    static constexpr int most_left = 64;
    static auto is_ready(int fd) -> bool {
        pollfd one{fd, POLLIN, 0};
        return ::poll(&one, 1, 0) > 0;
    }

    child& of_;
    redacted_stream out_;
    redacted_stream err_;
};

} // namespace command

#endif
