// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_RESOLVE_HPP
#define COFFER_REDIS_SRC_RESOLVE_HPP

#include <coffer/redis/cause.hpp>
#include <coffer/result.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <netdb.h>
#include <sys/socket.h>

namespace coffer::inline COFFER_ABI::redis::detail {

struct socket_address {
    ::sockaddr_storage where{};
    ::socklen_t size = 0;
};

inline auto look_up(const std::string& host, std::uint16_t port, int flags)
    -> std::vector<socket_address> {
    ::addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    ::addrinfo* found = nullptr;
    std::vector<socket_address> out;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) return out;
    const std::unique_ptr<::addrinfo, decltype(&::freeaddrinfo)> held(found, &::freeaddrinfo);
    for (const auto* one = found; one != nullptr; one = one->ai_next) {
        auto& address = out.emplace_back();
        std::memcpy(&address.where, one->ai_addr, one->ai_addrlen);
        address.size = one->ai_addrlen;
    }
    return out;
}

/// The addresses of a host. A name is looked up by a thread of its own, since getaddrinfo can't be
/// told to stop: past the deadline, or when `stop` says so, it is left to itself. No thread to be had:
/// `unavailable`.
inline auto resolve(const std::string& host, std::uint16_t port,
                    std::chrono::steady_clock::time_point until, const std::stop_token& stop)
    -> result<std::vector<socket_address>> {
    if (auto numeric = look_up(host, port, AI_NUMERICHOST | AI_NUMERICSERV); !numeric.empty())
        return numeric;
    struct shared_state {
        std::mutex mutex{};
        std::condition_variable_any changed{};
        bool done = false;
        std::vector<socket_address> found{};
    };
    const auto state = std::make_shared<shared_state>();
    try {
        std::thread([state, host, port] {
            std::vector<socket_address> found;
            try {
                found = look_up(host, port, AI_NUMERICSERV);
            } catch (const std::exception&) {
            } // no memory: it is not found
            const std::lock_guard lock(state->mutex);
            state->found = std::move(found);
            state->done = true;
            state->changed.notify_one();
        }).detach();
    } catch (const std::system_error& none) {
        return failure{errc::unavailable, none.code()};
    }
    std::unique_lock lock(state->mutex);
    if (!state->changed.wait_until(lock, stop, until, [&] { return state->done; }))
        return errc::timed_out;
    if (state->found.empty()) return failure{errc::unavailable, cause::unknown_host};
    return std::move(state->found);
}

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
