// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_COMMAND_SERVED_HPP
#define COFFER_TESTS_COMMAND_SERVED_HPP

#include "sandbox.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace coffer_test {

/// The `coffer serve` of a home, on a free port unless one is said, ended by its process id.
class serving {
public:
    /// `arguments`: of serve, as a shell takes them.
    explicit serving(const sandbox& at, const std::string& arguments = {},
                     const std::string& listen = "127.0.0.1:0")
        : here_(at) {
        const auto script = "rm -f out; '" + coffer_program() + "' serve --listen " + listen + " " +
                            arguments + " >out 2>err </dev/null & echo $!";
        pid_ = std::atoi(here_.run_program({"sh", "-c", script}).out.c_str());
        REQUIRE(pid_ > 0);
        for (int i = 0; url.empty() && i < 1800; ++i) {
            const auto said = sandbox::read(here_.work() / "out");
            const auto where = said.find("http");
            if (where != said.npos && said.ends_with('\n'))
                url = said.substr(where, said.find('\n', where) - where);
            else
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        INFO(sandbox::read(here_.work() / "err"));
        REQUIRE_FALSE(url.empty());
    }
    serving(const serving&) = delete;
    auto operator=(const serving&) -> serving& = delete;
    ~serving() { stop(); }

    void stop() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        for (int i = 0; lives(pid_) && i < 6000; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        kill();
    }
    /// As a crash would.
    void kill() {
        if (pid_ > 0) ::kill(pid_, SIGKILL);
        pid_ = 0;
    }
    std::string url{};

private:
    const sandbox& here_;
    pid_t pid_ = 0;
};

/// A filled store and its server, with a token that may do everything.
class served {
public:
    served() {
        here.fill();
        token = here.ok({"token", "create", "--full", "--name", "tests"});
        token.pop_back();
        server_.emplace(here);
        url = server_->url;
    }
    void stop() { server_->stop(); }

    sandbox here{};
    std::string token{};
    std::string url{};

private:
    std::optional<serving> server_{};
};

/// A home of its own that works through the server.
class client : public sandbox {
public:
    explicit client(const served& at, bool with_token = true)
        : client(at.url, with_token ? at.token : std::string()) {}
    client(const std::string& url, const std::string& token) {
        variables["COFFER_SERVER"] = url;
        if (!token.empty()) variables["COFFER_TOKEN"] = token;
    }
};

} // namespace coffer_test

#endif
