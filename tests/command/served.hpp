// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_COMMAND_SERVED_HPP
#define COFFER_TESTS_COMMAND_SERVED_HPP

#include "sandbox.hpp"
#include "support/catch.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace coffer_test {

/// A filled store and its `coffer serve` on a free port, ended by its process id.
class served {
public:
    served() {
        here.fill();
        token = here.ok({"token", "create", "--full", "--name", "tests"});
        token.pop_back();
        start();
    }
    served(const served&) = delete;
    auto operator=(const served&) -> served& = delete;
    ~served() { stop(); }

    void start() {
        const auto script =
            "'" + coffer_program() + "' serve --listen 127.0.0.1:0 >out 2>err </dev/null & echo $!";
        pid_ = std::atoi(here.run_program({"sh", "-c", script}).out.c_str());
        REQUIRE(pid_ > 0);
        for (int i = 0; url.empty() && i < 600; ++i) {
            const auto said = sandbox::read(here.work() / "out");
            const auto at = said.find("http://");
            if (at != said.npos && said.ends_with('\n'))
                url = said.substr(at, said.find('\n', at) - at);
            else
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        REQUIRE_FALSE(url.empty());
    }
    void stop() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        for (int i = 0; ::kill(pid_, 0) == 0 && i < 600; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        if (::kill(pid_, 0) == 0) ::kill(pid_, SIGKILL);
        pid_ = 0;
    }
    sandbox here{};
    std::string token{};
    std::string url{};

private:
    pid_t pid_ = 0;
};

/// A home of its own that works through the server.
class client : public sandbox {
public:
    explicit client(const served& at, bool with_token = true) {
        variables["COFFER_SERVER"] = at.url;
        if (with_token) variables["COFFER_TOKEN"] = at.token;
    }
};

} // namespace coffer_test

#endif
