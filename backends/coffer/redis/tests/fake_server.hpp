// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_FAKE_SERVER_HPP
#define COFFER_REDIS_TESTS_FAKE_SERVER_HPP

#include <coffer/posix/file_descriptor.hpp>
#include <coffer/redis/reply.hpp>
#include <coffer/redis/src/socket.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace redis_test {

/// Listens on the loopback, greets like a Redis, and then answers what the test says, true or not.
class fake_server {
public:
    struct answer {
        std::string bytes{};
        bool close = false;    ///< And the connection with it.
        std::string late{};    ///< Sent some time after.
        std::size_t piece = 0; ///< If not 0: `bytes` go out so many at a time, 20 ms apart.
    };
    /// The answer to a command; `command[0]` is its name.
    using script = std::function<answer(const std::vector<std::string>& command)>;

    explicit fake_server(script says) : says_(std::move(says)) {
        fd_ = coffer::posix::file_descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        ::sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::socklen_t size = sizeof address;
        if (::bind(fd_.get(), reinterpret_cast<::sockaddr*>(&address), size) != 0 ||
            ::listen(fd_.get(), 64) != 0 ||
            ::getsockname(fd_.get(), reinterpret_cast<::sockaddr*>(&address), &size) != 0)
            throw std::runtime_error("the fake server can't listen");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { work(); });
    }
    fake_server(const fake_server&) = delete;
    auto operator=(const fake_server&) -> fake_server& = delete;
    ~fake_server() {
        stopping_ = true;
        thread_.join();
    }

    auto port() const -> std::uint16_t { return port_; }
    auto connections() const -> int { return connections_; }
    auto commands() const -> int { return commands_; }
    /// How many late answers were sent.
    auto late() const -> int { return late_; }
    /// All bytes that came in.
    auto heard() const -> std::string {
        const std::lock_guard lock(mutex_);
        return heard_;
    }
    /// What a Redis says to those who come in, so that a script need not.
    static auto greeting(const std::vector<std::string>& command) -> std::string {
        if (command[0] == "HELLO") return "%1\r\n+proto\r\n:3\r\n";
        if (command[0] == "CLIENT" || command[0] == "SELECT") return "+OK\r\n";
        if (command[0] == "INFO" && command.at(1) == "replication") return "$11\r\nrole:master\r\n";
        if (command[0] == "INFO") return "=31\r\ntxt:maxmemory_policy:noeviction\r\n";
        if (command[0] == "PING") return "+PONG\r\n";
        if (command[0] == "CLUSTER" && command.at(1) == "INFO")
            return "$16\r\ncluster_state:ok\r\n";
        return {};
    }

private:
    struct client {
        coffer::posix::file_descriptor fd;
        coffer::redis::reply_parser parser{};
    };

    void work() {
        std::vector<client> clients;
        while (!stopping_) {
            std::vector<::pollfd> all{{fd_.get(), POLLIN, 0}};
            for (const auto& c : clients)
                all.push_back({c.fd.get(), POLLIN, 0});
            if (::poll(all.data(), all.size(), 5) <= 0) continue;
            for (std::size_t i = all.size() - 1; i > 0; --i)
                if (all[i].revents != 0 && !serve(clients[i - 1]))
                    clients.erase(clients.begin() + static_cast<std::ptrdiff_t>(i) - 1);
            if (all[0].revents != 0) {
                clients.push_back({coffer::posix::file_descriptor(
                                       ::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
                                   {}});
                const int on = 1;
                ::setsockopt(clients.back().fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                ++connections_;
            }
        }
    }
    auto serve(client& c) -> bool {
        const auto room = c.parser.room(65'536);
        const auto got = ::recv(c.fd.get(), room.data(), room.size(), 0);
        if (got <= 0) return false;
        {
            const std::lock_guard lock(mutex_);
            heard_.append(room.data(), static_cast<std::size_t>(got));
        }
        c.parser.took(static_cast<std::size_t>(got));
        for (;;) {
            const auto one = c.parser.next();
            if (!one) return true; // no Redis command, so TLS: it is left waiting
            if (!*one) return true;
            std::vector<std::string> command;
            for (const auto& item : (*one)->items)
                command.push_back(item.text);
            ++commands_;
            const auto said = says_(command);
            const auto piece = said.piece == 0 ? said.bytes.size() : said.piece;
            for (std::size_t at = 0; at < said.bytes.size() && !stopping_; at += piece) {
                const auto part = std::string_view(said.bytes).substr(at, piece);
                if (at > 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
                if (::send(c.fd.get(), part.data(), part.size(), MSG_NOSIGNAL) < 0) return false;
            }
            if (!said.late.empty()) {
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
                ::send(c.fd.get(), said.late.data(), said.late.size(), MSG_NOSIGNAL);
                ++late_;
            }
            if (said.close) return false;
        }
    }

    script says_;
    coffer::posix::file_descriptor fd_{};
    std::uint16_t port_ = 0;
    std::atomic<int> connections_{0};
    std::atomic<int> commands_{0};
    std::atomic<int> late_{0};
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_{};
    std::string heard_{};
    std::thread thread_{};
};

/// A connection to it that has said nothing yet.
inline auto connected(const fake_server& to) -> std::unique_ptr<coffer::redis::detail::socket> {
    using coffer::redis::detail::socket, coffer::redis::detail::steady;
    return socket::connect({"127.0.0.1", to.port(), {}}, nullptr,
                           steady::now() + std::chrono::hours(24), {})
        .value();
}

} // namespace redis_test

#endif
