// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_TESTS_EAVESDROPPER_HPP
#define COFFER_REDIS_TESTS_EAVESDROPPER_HPP

#include "clear_text.hpp"

#include <coffer/posix/file_descriptor.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

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

/// Hears all that a server is told (MONITOR), from its first command to its last, and looks through
/// it. Ends the test program if it hears nothing.
class eavesdropper {
public:
    /// `login`: what a server with a password has to be told first, a line or nothing.
    explicit eavesdropper(std::filesystem::path socket, std::string login = {})
        : socket_(std::move(socket)), login_(std::move(login)) {
        thread_ = std::thread([this] { work(); });
        wait();
    }
    eavesdropper(const eavesdropper&) = delete;
    auto operator=(const eavesdropper&) -> eavesdropper& = delete;
    /// Once it has heard what the server was told last, if it is still there.
    ~eavesdropper() {
        stopping_ = true;
        thread_.join();
    }

    /// Until it listens: to a server that was started again, too.
    void wait() const {
        const auto last = std::chrono::steady_clock::now() + std::chrono::seconds(90);
        while (!listening_) {
            if (std::chrono::steady_clock::now() > last) deaf("it does not listen");
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    /// From now on these bytes are looked for as well.
    void listen_for(std::string_view bytes) { looked_through_.look_for(bytes); }
    auto heard() const -> std::size_t { return heard_; }

private:
    static constexpr std::string_view last_words = "what-was-overheard-ends-here";

    [[noreturn]] static void deaf(const std::string& why) {
        std::fprintf(stderr, "a Redis can't be overheard: %s\n", why.c_str());
        std::abort();
    }
    static auto tell(int fd, const std::string& commands) -> bool {
        return ::send(fd, commands.data(), commands.size(), MSG_NOSIGNAL) > 0;
    }
    void work() {
        while (!stopping_) {
            listening_ = false;
            if (const auto fd = connect_to(socket_); fd && tell(fd.get(), login_ + "MONITOR\r\n"))
                listen(fd.get());
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }
    /// Says the last words, so that they are heard; false if the server does not take them.
    auto say_last_words() const -> bool {
        const auto fd = connect_to(socket_);
        if (!fd || !tell(fd.get(), login_ + "ECHO " + std::string(last_words) + "\r\n"))
            return false;
        std::string answer;
        while (answer.find(last_words) == answer.npos) {
            std::array<char, 256> part;
            const auto got = ::recv(fd.get(), part.data(), part.size(), 0);
            if (got <= 0) return false;
            answer.append(part.data(), static_cast<std::size_t>(got));
            if (answer.starts_with("-") || answer.find("\n-") != answer.npos) return false;
        }
        return true;
    }
    /// Until the server ends it, or the last words are heard.
    void listen(int fd) {
        const std::string granted = login_.empty() ? "+OK\r\n" : "+OK\r\n+OK\r\n";
        std::string begin;
        std::string end;
        for (bool said = false;;) {
            if (stopping_ && listening_ && !said && !(said = say_last_words())) return;
            ::pollfd one{fd, POLLIN, 0};
            if (::poll(&one, 1, 20) <= 0) continue;
            std::array<char, 65'536> part;
            const auto got = ::recv(fd, part.data(), part.size(), 0);
            if (got <= 0) return;
            const std::string_view told(part.data(), static_cast<std::size_t>(got));
            if (!listening_) {
                begin += told;
                const auto both = std::min(begin.size(), granted.size());
                if (begin.compare(0, both, granted, 0, both) != 0) deaf(begin);
                listening_ = both == granted.size();
            }
            heard_ += told.size();
            looked_through_.look_through(told);
            end += told;
            if (end.find(last_words) != end.npos) return;
            end.erase(0, end.size() - std::min(end.size(), last_words.size()));
        }
    }

    std::filesystem::path socket_;
    std::string login_; ///< A command, or nothing.
    std::atomic<bool> listening_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> heard_{0};
    clear_text looked_through_{};
    std::thread thread_{};
};

} // namespace redis_test

#endif
