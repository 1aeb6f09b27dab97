// SPDX-License-Identifier: BSL-1.0
#include "terminal.hpp"

#include "problem.hpp"

#include <coffer/names.hpp>
#include <coffer/posix/file_descriptor.hpp>

#include <array>
#include <csignal>

#include <poll.h>
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

/// While it lives, signals that would end the process are held back, but for where wait() looks out
/// for them; they take effect when it goes.
class signals_held {
public:
    signals_held() {
        caught_signal = 0;
        sigset_t held;
        ::sigemptyset(&held);
        struct sigaction noted {};
        noted.sa_handler = note_signal;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            ::sigaddset(&held, numbers[i]);
            ::sigaction(numbers[i], &noted, &before_[i]);
        }
        ::sigprocmask(SIG_BLOCK, &held, &mask_);
    }
    signals_held(const signals_held&) = delete;
    auto operator=(const signals_held&) -> signals_held& = delete;
    ~signals_held() {
        for (std::size_t i = 0; i < numbers.size(); ++i)
            ::sigaction(numbers[i], &before_[i], nullptr);
        ::sigprocmask(SIG_SETMASK, &mask_, nullptr);
        if (caught_signal != 0) ::raise(caught_signal);
    }
    /// Waits for something to read; false if a signal came instead, at whatever moment.
    auto wait(const file_descriptor& tty) const -> bool {
        pollfd on{tty.get(), POLLIN, 0};
        while (::ppoll(&on, 1, nullptr, &mask_) < 0 && errno == EINTR && caught_signal == 0) {
        }
        return caught_signal == 0;
    }

private:
    static constexpr std::array numbers{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    std::array<struct sigaction, numbers.size()> before_{};
    sigset_t mask_{};
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
    /// Whether more was typed than the lines that were read, be it a line or the begin of one.
    auto has_more() const -> bool {
        termios raw{};
        if (::tcgetattr(tty_.get(), &raw) != 0) return false;
        raw.c_lflag &= ~static_cast<tcflag_t>(ICANON);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        if (::tcsetattr(tty_.get(), TCSANOW, &raw) != 0) return false;
        pollfd on{tty_.get(), POLLIN, 0};
        return ::poll(&on, 1, 50) > 0 && (on.revents & POLLIN) != 0; // a paste comes in pieces
    }

private:
    const file_descriptor& tty_;
    termios before_{};
    bool worked_ = false;
};

/// The longest line that a terminal gives: what is typed behind that is dropped, without a word.
constexpr std::size_t longest_line = 4095;

/// Whether what ended the last wait was to stop the process for a while; by now it goes on.
auto was_stopped() -> bool {
    return caught_signal == SIGTSTP;
}

/// A line without its end; nullopt at the end of input, and for a signal.
auto read_line(const file_descriptor& tty, const signals_held& signals)
    -> std::optional<coffer::wiped_bytes> {
    coffer::wiped_bytes line;
    for (std::byte c{};;) {
        if (!signals.wait(tty)) return std::nullopt;
        const auto n = ::read(tty.get(), &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return std::nullopt;
        if (c == std::byte{'\n'}) return line;
        line.push_back(c);
        if (line.size() > coffer::limits::value_bytes)
            throw problem(coffer::errc::too_large, "a value has at most 64 KiB");
    }
}

} // namespace

auto ask_line(std::string_view question) -> std::optional<std::string> {
    const auto tty = stderr_is_terminal() ? open_terminal() : file_descriptor();
    if (!tty) return std::nullopt;
    std::optional<coffer::wiped_bytes> line;
    do {
        show(tty, question);
        const signals_held signals;
        line = read_line(tty, signals);
    } while (!line && was_stopped());
    return line ? std::string(coffer::as_text(*line)) : std::string();
}

auto ask_yes_no(std::string_view question) -> std::optional<bool> {
    const auto answer = ask_line(std::string(question) + " [y/N] ");
    if (!answer) return std::nullopt;
    return *answer == "y" || *answer == "Y" || *answer == "yes";
}

auto ask_unseen(std::string_view prompt, std::string_view instead)
    -> std::optional<coffer::wiped_bytes> {
    const auto tty = open_terminal();
    if (!tty) return std::nullopt;
    std::optional<coffer::wiped_bytes> line;
    do {
        const signals_held signals; // goes last: a signal takes effect when the echo is back
        const echo_off silent(tty);
        if (!silent.worked()) return std::nullopt;
        show(tty, prompt);
        line = read_line(tty, signals);
        if (line && (line->size() >= longest_line || silent.has_more()))
            refuse("more was typed than one line holds. Nothing was written" +
                   std::string(instead));
    } while (!line && was_stopped());
    return line;
}

} // namespace command
