// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_CHILD_HPP
#define COFFER_COMMAND_CHILD_HPP

#include <coffer/bytes.hpp>
#include <coffer/posix/file_descriptor.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace command {

/// The environment of a process to be started; wiped when it goes.
class child_environment {
public:
    /// This process's variables, but for Coffer's own token and where it lies; or, `clean`, of them
    /// those that a program can hardly do without.
    explicit child_environment(bool clean);
    void unset(std::string_view name);
    /// Sets a variable, literally. The value holds no NUL.
    void set(std::string_view name, std::string_view value);
    /// As execve() takes it; valid until the next set().
    auto pointers() -> std::vector<char*>;

private:
    std::vector<coffer::wiped_bytes> entries_;
};

/// The exit code of a command that could not be started, by errno: 127, there is none; else 126.
auto exec_code(int why) noexcept -> int;

/// Becomes that command. Answers only if it could not: errno.
auto become(const std::vector<std::string>& command, child_environment& with) -> int;

/// A command that runs below this process.
class child {
public:
    /// Starts it. `piped`: its stdout and stderr come through here. Throws problem if the system
    /// can't start any process; a command that can't be executed shows as one that ended with 126
    /// or 127.
    child(const std::vector<std::string>& command, child_environment& with, bool piped);
    child(const child&) = delete;
    auto operator=(const child&) -> child& = delete;
    ~child();

    auto out() const -> int { return out_.get(); }
    auto err() const -> int { return err_.get(); }
    /// Nobody reads it any more: a command that writes on meets a broken pipe.
    void close_out() { out_ = {}; }
    void close_err() { err_ = {}; }
    void send(int signal) const;
    /// Its exit code (128 + signal) once it has ended; nullopt while it runs.
    auto ended() -> std::optional<int>;
    /// Why it could not be started: errno; 0: it was.
    auto not_started() const noexcept -> int { return not_started_; }
    /// Asks it to end, and after ten seconds makes it. Until then `wait` is called again and again,
    /// and comes back soon.
    void stop(const std::function<void()>& wait);

private:
    pid_t pid_ = -1;
    std::optional<int> code_{};
    int not_started_ = 0;
    coffer::posix::file_descriptor out_{};
    coffer::posix::file_descriptor err_{};
};

/// While it lives, signals that somebody sends to this process are sent on to the child, and the
/// end of a child wakes poll() on wake(). Those of the terminal reach the child by themselves;
/// those that this process was started to ignore (nohup) stay ignored, by the child too.
class signal_forwarding {
public:
    signal_forwarding();
    signal_forwarding(const signal_forwarding&) = delete;
    auto operator=(const signal_forwarding&) -> signal_forwarding& = delete;
    ~signal_forwarding();
    auto wake() const -> int;
    void drain() const;
    /// The last signal that asked this process itself to end, from the terminal or from somebody
    /// else; nullopt: none did. SIGHUP only if no other did: to many programs it means something
    /// else.
    auto asked_to_end() const -> std::optional<int>;
    /// A SIGHUP that came until now was for the child alone, and asks for no end.
    void forget_hangup() const;
};

} // namespace command

#endif
