// SPDX-License-Identifier: BSL-1.0
#include "child.hpp"

#include "problem.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" char** environ;

namespace command {

using coffer::posix::file_descriptor;

namespace {

/// The running child, for the signal handler; 0: none.
std::atomic<pid_t> current_child{0};
static_assert(std::atomic<pid_t>::is_always_lock_free);
/// The last signal that asks this process to end; 0: none.
std::atomic<int> end_asked{0};
static_assert(std::atomic<int>::is_always_lock_free);
/// Written to by the handler when a child ends.
std::array<int, 2> wake_pipe{-1, -1};

constexpr std::array forwarded{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
/// What was done with each before signals were forwarded.
std::array<struct sigaction, forwarded.size()> before_forwarding{};

/// nohup, or a shell that put this process into the background, wants it so: for the child, too.
auto is_ignored(const struct sigaction& how) noexcept -> bool {
    return (how.sa_flags & SA_SIGINFO) == 0 && how.sa_handler == SIG_IGN;
}

extern "C" void on_signal(int number, siginfo_t* info, void*) {
    const int before = errno;
    int none = 0;
    if (number == SIGHUP)
        end_asked.compare_exchange_strong(none, number);
    else if (number != SIGCHLD && number != SIGUSR1 && number != SIGUSR2)
        end_asked.store(number);
    if (number == SIGCHLD) {
        const char byte = 0;
        (void)!::write(wake_pipe[1], &byte, 1);
    } else if (info->si_code <= 0) {
        // Sent by a process; the terminal's reach the child by themselves.
        const auto pid = current_child.load();
        if (pid > 0) ::kill(pid, number);
    }
    errno = before;
}

auto arguments_of(const std::vector<std::string>& command) -> std::vector<char*> {
    std::vector<char*> out;
    for (const auto& word : command)
        out.push_back(const_cast<char*>(word.c_str()));
    out.push_back(nullptr);
    return out;
}

struct pipe_ends {
    file_descriptor read{};
    file_descriptor write{};
};
auto make_pipe() -> pipe_ends {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0)
        throw problem(coffer::errc::unavailable,
                      "can't make a pipe (" + std::generic_category().message(errno) + ")");
    return {file_descriptor(ends[0]), file_descriptor(ends[1])};
}

/// In the child, after fork: only calls that are safe there.
[[noreturn]] void execute(char* const* arguments, char* const* variables, int out, int err,
                          int status) {
    for (const int number : forwarded) {
        struct sigaction now {};
        ::sigaction(number, nullptr, &now);
        if (!is_ignored(now)) ::signal(number, SIG_DFL);
    }
    ::signal(SIGCHLD, SIG_DFL);
    ::signal(SIGPIPE, SIG_DFL); // ignored here, and an ignored signal outlives exec
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (out >= 0) ::dup2(out, STDOUT_FILENO);
    if (err >= 0) ::dup2(err, STDERR_FILENO);
    ::execvpe(arguments[0], arguments, variables);
    const int why = errno;
    (void)!::write(status, &why, sizeof why);
    ::_exit(exec_code(why));
}

} // namespace

auto exec_code(int why) noexcept -> int {
    return why == ENOENT ? 127 : 126;
}

child_environment::child_environment(bool clean) {
    static constexpr std::array<std::string_view, 10> kept{
        "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TZ", "TMPDIR", "PWD"};
    for (auto** at = environ; at != nullptr && *at != nullptr; ++at) {
        const std::string_view entry(*at);
        const auto name = entry.substr(0, entry.find('='));
        if (clean && !name.starts_with("LC_") && std::ranges::find(kept, name) == kept.end())
            continue;
        if (name == "COFFER_TOKEN" || name == "COFFER_TOKEN_FILE") continue;
        const auto bytes = coffer::as_bytes(entry);
        entries_.emplace_back(bytes.begin(), bytes.end());
        entries_.back().push_back(std::byte{0});
    }
}

void child_environment::unset(std::string_view name) {
    std::erase_if(entries_, [&](const coffer::wiped_bytes& e) {
        const auto text = coffer::as_text(e);
        return text.starts_with(name) && text[name.size()] == '=';
    });
}

void child_environment::set(std::string_view name, std::string_view value) {
    unset(name);
    auto& entry = entries_.emplace_back();
    entry.reserve(name.size() + value.size() + 2);
    const auto add = [&](std::string_view text) {
        const auto bytes = coffer::as_bytes(text);
        entry.insert(entry.end(), bytes.begin(), bytes.end());
    };
    add(name);
    add("=");
    add(value);
    entry.push_back(std::byte{0});
}

auto child_environment::pointers() -> std::vector<char*> {
    std::vector<char*> out;
    for (auto& e : entries_)
        out.push_back(reinterpret_cast<char*>(e.data()));
    out.push_back(nullptr);
    return out;
}

auto become(const std::vector<std::string>& command, child_environment& with) -> int {
    const auto arguments = arguments_of(command);
    const auto variables = with.pointers();
    ::execvpe(arguments[0], arguments.data(), variables.data());
    return errno;
}

child::child(const std::vector<std::string>& command, child_environment& with, bool piped) {
    const auto arguments = arguments_of(command);
    const auto variables = with.pointers();
    auto status = make_pipe();
    auto out = piped ? make_pipe() : pipe_ends();
    auto err = piped ? make_pipe() : pipe_ends();
    // No signal between fork and knowing the child: it would be neither forwarded nor obeyed.
    sigset_t all;
    sigset_t before;
    ::sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    pid_ = ::fork();
    if (pid_ == 0)
        execute(arguments.data(), variables.data(), out.write.get(), err.write.get(),
                status.write.get());
    const int why = errno;
    if (pid_ > 0) current_child.store(pid_);
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    if (pid_ < 0)
        throw problem(coffer::errc::unavailable,
                      "can't start a process (" + std::generic_category().message(why) + ")");
    status.write = {};
    while (::read(status.read.get(), &not_started_, sizeof not_started_) < 0 && errno == EINTR) {
    }
    if (not_started_ != 0) {
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
        current_child.store(0);
        code_ = exec_code(not_started_);
        return;
    }
    for (auto* end : {&out.read, &err.read})
        if (*end) ::fcntl(end->get(), F_SETFL, O_NONBLOCK);
    out_ = std::move(out.read);
    err_ = std::move(err.read);
}

child::~child() {
    if (!ended()) stop([] { ::poll(nullptr, 0, 100); });
}

void child::send(int signal) const {
    if (!code_) ::kill(pid_, signal);
}

auto child::ended() -> std::optional<int> {
    if (code_) return code_;
    int status = 0;
    const auto got = ::waitpid(pid_, &status, WNOHANG);
    if (got != pid_) return std::nullopt;
    current_child.store(0);
    code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return code_;
}

void child::stop(const std::function<void()>& wait) {
    send(SIGTERM);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!ended() && std::chrono::steady_clock::now() < until)
        wait();
    if (ended()) return;
    send(SIGKILL);
    while (!ended())
        ::poll(nullptr, 0, 10);
}

signal_forwarding::signal_forwarding() {
    if (::pipe2(wake_pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0)
        throw problem(coffer::errc::unavailable, "can't make a pipe");
    end_asked.store(0);
    struct sigaction how {};
    how.sa_sigaction = on_signal;
    how.sa_flags = SA_SIGINFO | SA_RESTART;
    ::sigaction(SIGCHLD, &how, nullptr);
    for (std::size_t i = 0; i < forwarded.size(); ++i) {
        ::sigaction(forwarded[i], nullptr, &before_forwarding[i]);
        if (!is_ignored(before_forwarding[i])) ::sigaction(forwarded[i], &how, nullptr);
    }
}

signal_forwarding::~signal_forwarding() {
    ::signal(SIGCHLD, SIG_DFL);
    for (std::size_t i = 0; i < forwarded.size(); ++i)
        ::sigaction(forwarded[i], &before_forwarding[i], nullptr);
    for (auto& fd : wake_pipe) {
        ::close(fd);
        fd = -1;
    }
}

auto signal_forwarding::wake() const -> int {
    return wake_pipe[0];
}

void signal_forwarding::drain() const {
    std::array<char, 64> bytes{};
    while (::read(wake_pipe[0], bytes.data(), bytes.size()) > 0) {
    }
}

auto signal_forwarding::asked_to_end() const -> std::optional<int> {
    const int number = end_asked.load();
    return number == 0 ? std::nullopt : std::optional(number);
}

void signal_forwarding::forget_hangup() const {
    int hangup = SIGHUP;
    end_asked.compare_exchange_strong(hangup, 0);
}

} // namespace command
