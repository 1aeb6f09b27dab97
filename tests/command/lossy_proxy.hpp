// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_COMMAND_LOSSY_PROXY_HPP
#define COFFER_TESTS_COMMAND_LOSSY_PROXY_HPP

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace coffer_test {

/// Stands between the command and its server, one request a connection, and loses what it is told
/// to: the answer of a change that the server made, or the change itself. Reading passes.
class lossy_proxy {
public:
    enum class loses { nothing, answers, changes };

    explicit lossy_proxy(const std::string& server)
        : server_port_(
              static_cast<std::uint16_t>(std::atoi(server.substr(server.rfind(':') + 1).c_str()))),
          listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        auto here = loopback(0);
        ::socklen_t size = sizeof here;
        if (::bind(listening_, reinterpret_cast<::sockaddr*>(&here), size) != 0 ||
            ::listen(listening_, 16) != 0 ||
            ::getsockname(listening_, reinterpret_cast<::sockaddr*>(&here), &size) != 0)
            throw std::runtime_error("a socket to listen on");
        url = "http://127.0.0.1:" + std::to_string(ntohs(here.sin_port));
        worker_ = std::thread([this] { serve(); });
    }
    ~lossy_proxy() {
        ::shutdown(listening_, SHUT_RDWR);
        worker_.join();
        ::close(listening_);
    }
    lossy_proxy(const lossy_proxy&) = delete;
    auto operator=(const lossy_proxy&) -> lossy_proxy& = delete;

    /// From now on this is the answer to whatever is asked, in the server's place.
    void says(std::string answer) {
        const std::lock_guard lock(mutex_);
        own_answer_ = std::move(answer);
    }

    std::string url{};
    std::atomic<loses> what{loses::nothing};
    std::atomic<int> lost{0};    ///< Changes whose sender was left without an answer.
    std::atomic<int> changes{0}; ///< Changes that were handed on to the server.
    std::atomic<int> requests{0};

private:
    static auto loopback(std::uint16_t port) -> ::sockaddr_in {
        ::sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_port = htons(port);
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return at;
    }
    /// One message with its body by its length; empty if the other side closes first.
    static auto message(int from) -> std::string {
        std::string out;
        std::array<char, 4096> piece{};
        for (std::size_t whole = out.npos; out.size() < whole;) {
            const auto n = ::recv(from, piece.data(), piece.size(), 0);
            if (n <= 0) return {};
            out.append(piece.data(), static_cast<std::size_t>(n));
            const auto head = out.find("\r\n\r\n");
            if (whole != out.npos || head == out.npos) continue;
            const auto length = out.find("content-length: ");
            whole = head + 4 +
                    (length < head ? static_cast<std::size_t>(std::atoi(out.c_str() + length + 16))
                                   : 0);
        }
        return out;
    }
    static void send_all(int to, std::string_view text) {
        while (!text.empty()) {
            const auto n = ::send(to, text.data(), text.size(), MSG_NOSIGNAL);
            if (n <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    auto answer_of_server(std::string request) const -> std::string {
        const auto host = request.find("host: ") + 6;
        request.replace(host, request.find('\r', host) - host,
                        "127.0.0.1:" + std::to_string(server_port_));
        const int to = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto there = loopback(server_port_);
        std::string out;
        if (::connect(to, reinterpret_cast<const ::sockaddr*>(&there), sizeof there) == 0) {
            send_all(to, request);
            out = message(to);
        }
        ::close(to);
        if (const auto line = out.find("\r\n"); line != out.npos)
            out.insert(line + 2, "connection: close\r\n"); // what serve() does next
        return out;
    }
    void serve() {
        for (;;) {
            const int from = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
            if (from < 0) return;
            if (const auto request = message(from); !request.empty())
                send_all(from, answer_to(request));
            ::close(from);
        }
    }
    auto answer_to(const std::string& request) -> std::string {
        const auto own = [&] {
            const std::lock_guard lock(mutex_);
            return own_answer_;
        }();
        ++requests; // whoever waits for it may change the answer: that of the next
        if (!own.empty()) return own;
        const bool change =
            !request.starts_with("GET ") && request.find(" /v1/x/values") > request.find("\r\n");
        const auto loss = change ? what.load() : loses::nothing;
        std::string out;
        if (loss != loses::changes) {
            changes += change ? 1 : 0;
            out = answer_of_server(request);
        }
        if (loss == loses::nothing) return out;
        ++lost;
        return {};
    }

    std::uint16_t server_port_;
    int listening_;
    std::thread worker_{};
    std::mutex mutex_{};
    std::string own_answer_{};
};

} // namespace coffer_test

#endif
