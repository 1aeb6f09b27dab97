// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_EAVESDROPPER_HPP
#define COFFER_REDIS_TESTS_EAVESDROPPER_HPP

#include <coffer/posix/file_descriptor.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace redis_test {

/// A connection to the Unix socket of a server; none while it takes none.
inline auto connect_to(const std::filesystem::path& socket) -> coffer::posix::file_descriptor {
    coffer::posix::file_descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.native().copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(fd.get(), reinterpret_cast<::sockaddr*>(&address), sizeof address) != 0)
        return {};
    return fd;
}

/// Hears all that a server is told (MONITOR), from its first command to its last, and ends the test
/// program if there is something in clear that has to be sealed. A server that asks for a password
/// tells nothing.
class eavesdropper {
public:
    /// What vaults and the command keep in tests over a Redis: names, spaces and values.
    static constexpr std::array<std::string_view, 9> sealed{"NAME_",       "CANARY_", "LARGE_",
                                                            "SLACK_TOKEN", "DB_URL",  "canary",
                                                            "globex",      "value ",  "middle "};

    explicit eavesdropper(std::filesystem::path socket) : socket_(std::move(socket)) {
        thread_ = std::thread([this] { work(); });
        while (!listening_) // not one command is missed
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    eavesdropper(const eavesdropper&) = delete;
    auto operator=(const eavesdropper&) -> eavesdropper& = delete;
    ~eavesdropper() {
        stopping_ = true;
        thread_.join();
    }

    /// From now on these bytes are looked for as well, as they are, and as hex digits.
    void listen_for(std::string_view bytes) {
        const std::lock_guard lock(mutex_);
        const auto digit = [](unsigned n) { return "0123456789abcdef"[n & 15U]; };
        std::string repr;
        std::string hex;
        for (const char c : bytes) {
            const auto byte = static_cast<unsigned char>(c);
            const std::string two{digit(byte >> 4U), digit(byte)};
            hex += two;
            // As MONITOR writes them.
            constexpr std::string_view marks = "\n\r\t\a\b\"\\";
            constexpr std::string_view letters = "nrtab\"\\";
            if (const auto at = marks.find(c); at != marks.npos)
                repr += {'\\', letters[at]};
            else if (byte < 0x20 || byte > 0x7e)
                repr += "\\x" + two;
            else
                repr += c;
        }
        more_.push_back(std::move(repr));
        more_.push_back(std::move(hex));
    }
    auto heard() const -> std::size_t { return heard_; }

private:
    void work() {
        do {
            const auto fd = connect_to(socket_);
            const std::string_view command = "MONITOR\r\n";
            if (fd && ::send(fd.get(), command.data(), command.size(), MSG_NOSIGNAL) > 0)
                listen(fd.get());
            listening_ = true;
            if (!stopping_) std::this_thread::sleep_for(std::chrono::milliseconds(5));
        } while (!stopping_);
    }
    /// Until the server ends it, or nothing more comes after the test has ended.
    void listen(int fd) {
        std::string held;
        for (;;) {
            ::pollfd one{fd, POLLIN, 0};
            if (::poll(&one, 1, 20) <= 0) {
                if (stopping_) return;
                continue;
            }
            std::array<char, 65'536> part;
            const auto got = ::recv(fd, part.data(), part.size(), 0);
            if (got <= 0) return;
            listening_ = true;
            heard_ += static_cast<std::size_t>(got);
            held.append(part.data(), static_cast<std::size_t>(got));
            scan(held);
            held.erase(0, held.size() - std::min<std::size_t>(held.size(), 256));
        }
    }
    void scan(std::string_view told) {
        const std::lock_guard lock(mutex_);
        const auto check = [&](std::string_view text) {
            if (told.find(text) == told.npos) return;
            std::fprintf(stderr, "a Redis was told in clear: %.*s\n", static_cast<int>(text.size()),
                         text.data());
            std::abort();
        };
        std::ranges::for_each(sealed, check);
        std::ranges::for_each(more_, check);
    }

    std::filesystem::path socket_;
    std::atomic<bool> listening_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> heard_{0};
    std::mutex mutex_{};
    std::vector<std::string> more_{};
    std::thread thread_{};
};

} // namespace redis_test

#endif
