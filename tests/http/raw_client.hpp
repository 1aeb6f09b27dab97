// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_HTTP_RAW_CLIENT_HPP
#define COFFER_TESTS_HTTP_RAW_CLIENT_HPP

#include "test_server.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>
#include <cstdint>
#include <cstdlib>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace coffer_test {

/// One answer as it came over the wire.
struct raw_reply {
    unsigned status = 0; ///< 0: the connection ended without one.
    std::string head{};
    std::string body{};

    /// By its name in lower case, however the server writes it.
    auto header(std::string_view name) const -> std::string {
        const auto wanted = "\r\n" + std::string(name) + ": ";
        const auto at =
            std::search(head.begin(), head.end(), wanted.begin(), wanted.end(), [](char a, char b) {
                return std::tolower(static_cast<unsigned char>(a)) == b;
            });
        if (at == head.end()) return {};
        const auto from = static_cast<std::size_t>(at - head.begin()) + wanted.size();
        return head.substr(from, head.find("\r\n", from) - from);
    }
};

/// A socket that sends exactly the bytes that a test gives it. Reading gives up, with an
/// exception, after a time that only a broken server needs.
class raw_client {
public:
    explicit raw_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        ::sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const ::timeval patience{90, 0};
        const int one = 1;
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        if (::connect(socket_, reinterpret_cast<::sockaddr*>(&to), sizeof to) != 0)
            throw std::runtime_error("no connection");
    }
    explicit raw_client(const test_server& to) : raw_client(to.port()) {}
    raw_client(raw_client&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), arrived_(std::move(other.arrived_)) {}
    ~raw_client() {
        if (socket_ >= 0) ::close(socket_);
    }

    auto native() const -> int { return socket_; }

    /// False: the server had closed.
    auto send(std::string_view bytes) -> bool {
        while (!bytes.empty()) {
            const auto n = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        return true;
    }
    void send_in_pieces(std::string_view bytes, std::size_t size) {
        for (; !bytes.empty(); bytes.remove_prefix(std::min(size, bytes.size())))
            send(bytes.substr(0, size));
    }
    void end_sending() { ::shutdown(socket_, SHUT_WR); }

    /// The next answer, with its body by its length or chunks; interim ones too.
    auto receive(bool to_head = false) -> raw_reply {
        raw_reply out;
        const auto head = take_until("\r\n\r\n");
        if (head.empty()) return out;
        out.head = "\r\n" + head;
        out.status = static_cast<unsigned>(std::atoi(head.c_str() + sizeof "HTTP/1.1"));
        if (to_head || out.status < 200 || out.status == 204) return out;
        if (out.header("transfer-encoding") == "chunked")
            for (auto chunk = receive_chunk(); !chunk.empty(); chunk = receive_chunk())
                out.body += chunk;
        else
            out.body = take(std::stoul("0" + out.header("content-length")));
        return out;
    }
    auto ask(std::string_view bytes) -> raw_reply {
        send(bytes);
        return receive();
    }
    /// One chunk of an answer; empty: the last, or the connection ended.
    auto receive_chunk() -> std::string {
        const auto size = std::stoul("0" + take_until("\r\n"), nullptr, 16);
        auto chunk = take(size + 2);
        chunk.resize(chunk.size() < 2 ? 0 : chunk.size() - 2);
        return chunk;
    }
    /// Reads so much and forgets it. False: less came.
    auto skip(std::size_t count) -> bool { return take(count).size() == count; }
    /// All that still comes, until the server closes.
    auto rest() -> std::string {
        while (more()) {
        }
        return std::exchange(arrived_, {});
    }

private:
    auto more() -> bool {
        char buffer[65536];
        const auto n = ::recv(socket_, buffer, sizeof buffer, 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            throw std::runtime_error("the server says nothing and does not close");
        if (n <= 0) return false;
        arrived_.append(buffer, static_cast<std::size_t>(n));
        return true;
    }
    auto take(std::size_t count) -> std::string {
        while (arrived_.size() < count && more()) {
        }
        auto out = arrived_.substr(0, count);
        arrived_.erase(0, out.size());
        return out;
    }
    auto take_until(const std::string& mark) -> std::string {
        std::size_t at = 0;
        while ((at = arrived_.find(mark)) == std::string::npos)
            if (!more()) return {};
        return take(at + mark.size());
    }

    int socket_;
    std::string arrived_{};
};

/// A request with the Host that the server expects.
inline auto text_of(const test_server& to, const std::string& method, const std::string& target,
                    const std::string& headers = "", const std::string& body = "") -> std::string {
    std::string out = method + " " + target + " HTTP/1.1\r\nHost: " + to.host() + "\r\n" + headers;
    if (!body.empty()) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return out + "\r\n" + body;
}
inline auto get(const test_server& to, const std::string& target = "/") -> std::string {
    return text_of(to, "GET", target);
}

} // namespace coffer_test

#endif
