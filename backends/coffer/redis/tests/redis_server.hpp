// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_REDIS_SERVER_HPP
#define COFFER_REDIS_TESTS_REDIS_SERVER_HPP

#include "eavesdropper.hpp"

#include <coffer/redis/store.hpp>

#include <support/free_port.hpp>
#include <support/temporary_folder.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace redis_test {

using coffer_test::free_port;

/// Options of an address: no command fails because the machine stood still for some seconds.
inline const std::string patient = "timeout_ms=120000&connect_timeout_ms=120000";

/// Waits until `ready()`; false after a minute and a half, which only what never comes takes.
template <class F>
auto eventually(F ready) -> bool {
    const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(90);
    for (;;) {
        if (ready()) return true;
        if (std::chrono::steady_clock::now() > last) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

/// A store over servers that are there, however slow they are at first.
inline auto opened(const coffer::redis::options& with) -> coffer::redis::store {
    auto made = coffer::redis::open(with);
    if (!eventually([&] { return made || (made = coffer::redis::open(with)); }))
        throw std::runtime_error("no store over servers that are there");
    return *std::move(made);
}

/// In a child: output goes into a file.
inline void write_to(const std::string& file) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0 || ::dup2(fd, 1) < 0 || ::dup2(fd, 2) < 0) ::_exit(126);
}

/// Runs a program to its end, its output in a file; throws unless it ends with 0.
inline void run_program(const std::vector<std::string>& arguments, const std::string& log) {
    std::vector<char*> argv;
    for (const auto& a : arguments)
        argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    const auto pid = ::fork();
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::unsetenv("REDISCLI_AUTH"); // whose warning would stand in the answer
        write_to(log);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error(arguments.front() + " failed");
}

/// What a server speaks on its port.
enum class speaks : unsigned char { plain, tls };

/// A redis-server of the test's own, on the loopback, its data in a temporary folder; killed by its
/// id at the end, or when the test dies.
class server {
public:
    /// `heard`: all that it is told is looked through, see eavesdropper; who logs in with the
    /// password that all need, or as the first user if that is `ear`. Only benchmarks do without.
    explicit server(std::vector<std::string> arguments = {}, speaks what = speaks::plain,
                    bool heard = true)
        : folder_(coffer_test::temporary_folder::in_memory()), port_(free_port()),
          arguments_(std::move(arguments)), speaks_(what), heard_(heard) {
        start();
    }
    server(const server&) = delete;
    auto operator=(const server&) -> server& = delete;
    ~server() {
        thaw();
        ears_.reset(); // while it still tells
        kill();
    }

    void start() {
        std::vector<std::string> all{"redis-server",
                                     "--dir",
                                     folder_.path().string(),
                                     "--save",
                                     "",
                                     "--bind",
                                     "127.0.0.1",
                                     "--unixsocket",
                                     path().string(),
                                     "--port",
                                     speaks_ == speaks::plain ? std::to_string(port_) : "0",
                                     "--loglevel",
                                     "warning",
                                     "--logfile",
                                     "log"};
        if (speaks_ == speaks::tls) all.insert(all.end(), {"--tls-port", std::to_string(port_)});
        all.insert(all.end(), arguments_.begin(), arguments_.end());
        std::vector<char*> argv;
        for (auto& a : all)
            argv.push_back(a.data());
        argv.push_back(nullptr);
        std::filesystem::remove(path());
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::setenv("LC_ALL", "C", 1);
            ::execvp(argv[0], argv.data());
            ::_exit(127);
        }
        if (!eventually([&] { return bool(connect_to(path())); })) // the port is open before
            throw std::runtime_error("redis-server does not start");
        if (ears_)
            ears_->wait();
        else if (heard_)
            ears_ = std::make_unique<eavesdropper>(path(), login());
    }
    /// kill -9, as a crash would.
    void kill() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    /// Neither dead nor alive: the system takes bytes for it.
    void freeze() const {
        ::kill(pid_, SIGSTOP);
        ::waitpid(pid_, nullptr, WUNTRACED); // it is only sent, till then
    }
    void thaw() const {
        if (pid_ > 0) ::kill(pid_, SIGCONT);
    }

    auto runs() const -> bool { return pid_ > 0; }
    auto port() const -> std::uint16_t { return port_; }
    auto path() const -> std::filesystem::path { return folder_ / "socket"; }
    auto folder() const -> const coffer_test::temporary_folder& { return folder_; }
    /// Of a command over it; more options follow with `&`.
    auto address() const -> std::string {
        return "redis://127.0.0.1:" + std::to_string(port_) + "?" + patient;
    }

    auto ears() const -> eavesdropper& { return *ears_; }

    /// What redis-cli prints for a command.
    auto cli(std::vector<std::string> command) const -> std::string {
        const auto out = (folder_ / "cli").string();
        std::filesystem::remove(out);
        command.insert(command.begin(), {"redis-cli", "-s", path().string()});
        run_program(command, out);
        std::ifstream in(out);
        return {std::istreambuf_iterator<char>(in), {}};
    }

private:
    /// What the ear says first.
    auto login() const -> std::string {
        const auto after = [&](std::string_view option) {
            const auto at = std::ranges::find(arguments_, option);
            return at == arguments_.end() ? std::string() : *std::next(at);
        };
        if (const auto password = after("--requirepass"); !password.empty())
            return "AUTH " + password + "\r\n";
        return after("--user") == "ear" ? "AUTH ear any\r\n" : "";
    }

    coffer_test::temporary_folder folder_;
    std::uint16_t port_;
    std::vector<std::string> arguments_;
    speaks speaks_;
    bool heard_;
    ::pid_t pid_ = 0;
    std::unique_ptr<eavesdropper> ears_{};
};

/// Options for a server, with a fresh prefix so that the store is empty.
inline auto options_for(const server& at) -> coffer::redis::options {
    static int made = 0;
    coffer::redis::options out;
    out.endpoints = {{"127.0.0.1", at.port(), {}}};
    out.prefix = "test" + std::to_string(++made) + ":";
    return out;
}

/// Makes stores over one server for the law suites, and opens the last one again.
struct maker {
    coffer::redis::options with;
    int made = 0;

    auto operator()() -> coffer::redis::store {
        with.prefix = "laws" + std::to_string(++made) + ":";
        return coffer::redis::open(with).value();
    }
    auto reopen(coffer::redis::store&& store) const -> coffer::redis::store {
        { const auto closed = std::move(store); }
        return coffer::redis::open(with).value();
    }
};

} // namespace redis_test

#endif
