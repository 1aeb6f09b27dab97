// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_SENTINEL_HPP
#define COFFER_REDIS_TESTS_SENTINEL_HPP

#include "proxy.hpp"

namespace redis_test {

/// The arguments of a server that follows the one behind this port.
inline auto replica_of(std::uint16_t port) -> std::vector<std::string> {
    return {"--replicaof", "127.0.0.1 " + std::to_string(port), "--repl-diskless-sync-delay",
            "0",           "--repl-ping-replica-period",        "1"};
}
inline auto replica_of(const server& primary) -> std::vector<std::string> {
    return replica_of(primary.port());
}
inline auto is_linked(const server& replica) -> bool {
    return replica.cli({"INFO", "replication"}).find("master_link_status:up") != std::string::npos;
}

/// A Sentinel that watches over a primary by the name of `main`, and decides alone. It has no
/// MONITOR: what stores say to it goes through a proxy.
class sentinel {
public:
    explicit sentinel(const server& primary) {
        std::ofstream(folder_ / "sentinel.conf")
            << "sentinel monitor main 127.0.0.1 " << primary.port() << " 1\n"
            << "sentinel down-after-milliseconds main 2000\n"
            << "sentinel failover-timeout main 4000\n";
        pid_ = ::fork();
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::execlp("redis-server", "redis-server", (folder_ / "sentinel.conf").c_str(),
                     "--sentinel", "--port", std::to_string(port_).c_str(), "--bind", "127.0.0.1",
                     "--loglevel", "warning", "--logfile", (folder_ / "log").c_str(), nullptr);
            ::_exit(127);
        }
        if (!eventually([&] { return says("main").find("127.0.0.1") != std::string::npos; }))
            throw std::runtime_error("the Sentinel does not start");
    }
    sentinel(const sentinel&) = delete;
    auto operator=(const sentinel&) -> sentinel& = delete;
    ~sentinel() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    void freeze() const {
        ::kill(pid_, SIGSTOP);
        ::waitpid(pid_, nullptr, WUNTRACED); // it is only sent, till then
    }
    auto port() const -> std::uint16_t { return between_.port(); }
    /// It looks at replicas every ten seconds: until it knows one, it can't promote it.
    auto knows(const server& replica) const -> bool {
        const auto text = ask({"SENTINEL", "REPLICAS", "main"});
        return text.find(std::to_string(replica.port())) != std::string::npos &&
               text.find("s_down") == std::string::npos;
    }

private:
    auto says(const std::string& service) const -> std::string {
        try {
            return ask({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", service});
        } catch (const std::runtime_error&) {
            return {}; // it does not listen yet
        }
    }
    auto ask(std::vector<std::string> command) const -> std::string {
        const auto out = (folder_ / "cli").string();
        std::filesystem::remove(out);
        command.insert(command.begin(), {"redis-cli", "-p", std::to_string(port_)});
        run_program(command, out);
        std::ifstream in(out);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    coffer_test::temporary_folder folder_{};
    std::uint16_t port_ = free_port();
    proxy between_{port_};
    ::pid_t pid_ = 0;
};

} // namespace redis_test

#endif
