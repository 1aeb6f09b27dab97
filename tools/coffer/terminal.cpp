// SPDX-License-Identifier: BSL-1.0
#include "terminal.hpp"

#include "problem.hpp"

#include <coffer/names.hpp>
#include <coffer/posix/file_descriptor.hpp>

#include <array>
#include <csignal>

#include <termios.h>

namespace command {

auto stdin_is_terminal() noexcept -> bool {
    return ::isatty(STDIN_FILENO) == 1;
}
auto stdout_is_terminal() noexcept -> bool {
    return ::isatty(STDOUT_FILENO) == 1;
}
auto stderr_is_terminal() noexcept -> bool {
    return ::isatty(STDERR_FILENO) == 1;
}

namespace {

using coffer::posix::file_descriptor;

auto open_terminal() -> file_descriptor {
    return file_descriptor(::open("/dev/tty", O_RDWR | O_CLOEXEC));
}

void show(const file_descriptor& tty, std::string_view text) {
    (void)coffer::posix::write_all(
        tty, coffer::as_bytes(text)); // a terminal that went away ends the read
}

volatile std::sig_atomic_t caught_signal = 0;
extern "C" void note_signal(int number) {
    caught_signal = number;
}

/// While it lives, signals that would end the process are noted, and interrupt a read.
class signals_noted {
public:
    signals_noted() {
        caught_signal = 0;
        struct sigaction noted {};
        noted.sa_handler = note_signal; // without SA_RESTART
        for (std::size_t i = 0; i < numbers.size(); ++i)
            ::sigaction(numbers[i], &noted, &before_[i]);
    }
    signals_noted(const signals_noted&) = delete;
    auto operator=(const signals_noted&) -> signals_noted& = delete;
    ~signals_noted() {
        for (std::size_t i = 0; i < numbers.size(); ++i)
            ::sigaction(numbers[i], &before_[i], nullptr);
        if (caught_signal != 0) ::raise(caught_signal);
    }

private:
    static constexpr std::array numbers{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    std::array<struct sigaction, numbers.size()> before_{};
};

/// While it lives, what is typed is not shown.
class echo_off {
public:
    explicit echo_off(const file_descriptor& tty) : tty_(tty) {
        worked_ = ::tcgetattr(tty_.get(), &before_) == 0;
        auto silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silent.c_lflag |= ECHONL;
        worked_ = worked_ && ::tcsetattr(tty_.get(), TCSAFLUSH, &silent) == 0;
    }
    echo_off(const echo_off&) = delete;
    auto operator=(const echo_off&) -> echo_off& = delete;
    ~echo_off() {
        if (worked_) ::tcsetattr(tty_.get(), TCSAFLUSH, &before_);
    }
    auto worked() const noexcept -> bool { return worked_; }

private:
    const file_descriptor& tty_;
    termios before_{};
    bool worked_ = false;
};

/// A line without its end; nullopt at the end of input.
auto read_line(const file_descriptor& tty) -> std::optional<coffer::wiped_bytes> {
    coffer::wiped_bytes line;
    for (std::byte c{};;) {
        const auto n = ::read(tty.get(), &c, 1);
        if (n < 0 && errno == EINTR && caught_signal == 0) continue;
        if (n <= 0) return std::nullopt;
        if (c == std::byte{'\n'}) return line;
        line.push_back(c);
        if (line.size() > coffer::limits::value_bytes)
            throw problem(coffer::errc::too_large, "a value has at most 64 KiB");
    }
}

} // namespace

auto ask_yes_no(std::string_view question) -> std::optional<bool> {
    const auto tty = stderr_is_terminal() ? open_terminal() : file_descriptor();
    if (!tty) return std::nullopt;
    show(tty, question);
    show(tty, " [y/N] ");
    std::optional<coffer::wiped_bytes> line;
    {
        const signals_noted interruptible;
        line = read_line(tty);
    }
    if (!line) return false;
    const auto answer = coffer::as_text(*line);
    return answer == "y" || answer == "Y" || answer == "yes";
}

auto ask_unseen(std::string_view prompt) -> std::optional<coffer::wiped_bytes> {
    const auto tty = open_terminal();
    if (!tty) return std::nullopt;
    const signals_noted interruptible; // goes last: a signal takes effect when the echo is back
    const echo_off silent(tty);
    if (!silent.worked()) return std::nullopt;
    show(tty, prompt);
    return read_line(tty);
}

} // namespace command
