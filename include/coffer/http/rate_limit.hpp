// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_RATE_LIMIT_HPP
#define COFFER_HTTP_RATE_LIMIT_HPP

#include <coffer/clock.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#if __has_include(<arpa/inet.h>)
#include <arpa/inet.h>
#include <netinet/in.h>
#endif

namespace coffer::inline COFFER_ABI::http {

/// So many a minute, for each key; as many at once after a quiet minute.
struct rate {
    std::size_t per_minute = 0; ///< 0: no limit.
};

/// Refused tokens, by address: far above what a mistyped token or a suite of tests makes.
inline constexpr rate failed_authentications{600};
/// Sign-ins with a wrong token or code, by address.
inline constexpr rate refused_sign_ins{10};
/// Requests, by token: against a program that runs wild, not against a busy one. A hundred thousand
/// a second, and a minute's worth of them at once, are more than most machines answer.
inline constexpr rate requests_of_a_token{6'000'000};

/// A token bucket for each key: an id of a token, an address (`address_key`). Memory is bounded:
/// when all places are taken and none has filled up again, keys that are new share one bucket, so
/// that a flood of keys frees no other. Thread-safe. The clock must outlive it.
class rate_limiter {
public:
    explicit rate_limiter(rate allowed, const clock& time = machine_clock(),
                          std::size_t most_keys = 10'000)
        : allowed_(allowed), time_(&time), most_keys_(most_keys), shared_(fresh(time.boot())) {}

    /// Takes one: zero, or for how long this key must wait (for `Retry-After`; nothing is taken).
    auto take(std::string_view key) -> std::chrono::seconds {
        using std::chrono::seconds;
        if (allowed_.per_minute == 0) return seconds(0);
        const auto now = time_->boot();
        const std::lock_guard lock(mutex_);
        auto& b = bucket_of(key, now);
        b = {level(b, now), now};
        if (b.left < 1)
            return seconds(1 + static_cast<long>((1 - b.left) / per_millisecond() / 1000));
        b.left -= 1;
        return seconds(0);
    }

private:
    struct bucket {
        double left = 0;
        std::chrono::milliseconds at{};
    };
    struct text_hash : std::hash<std::string_view> {
        using is_transparent = void;
    };

    auto per_millisecond() const noexcept -> double {
        return static_cast<double>(allowed_.per_minute) / 60'000;
    }
    auto level(const bucket& b, std::chrono::milliseconds now) const noexcept -> double {
        const auto gained = static_cast<double>((now - b.at).count()) * per_millisecond();
        return std::min(static_cast<double>(allowed_.per_minute), b.left + gained);
    }
    auto bucket_of(std::string_view key, std::chrono::milliseconds now) -> bucket& {
        if (const auto at = buckets_.find(key); at != buckets_.end()) return at->second;
        if (buckets_.size() >= most_keys_ && now >= next_sweep_) {
            // Whatever is full again is as good as never seen. Not more than once a second, or a
            // flood of keys would buy a walk through all of them for each.
            next_sweep_ = now + std::chrono::seconds(1);
            std::erase_if(buckets_, [&](const auto& item) {
                return level(item.second, now) >= static_cast<double>(allowed_.per_minute);
            });
        }
        if (buckets_.size() >= most_keys_) return shared_;
        return buckets_.try_emplace(std::string(key), fresh(now)).first->second;
    }
    auto fresh(std::chrono::milliseconds now) const noexcept -> bucket {
        return {static_cast<double>(allowed_.per_minute), now};
    }

    rate allowed_;
    const clock* time_;
    std::size_t most_keys_;
    std::mutex mutex_;
    std::unordered_map<std::string, bucket, text_hash, std::equal_to<>> buckets_{};
    bucket shared_;
    std::chrono::milliseconds next_sweep_{0};
};

/// What one client can't change at will: an IPv4 address, the first 64 bits of an IPv6 address.
inline auto address_key(std::string_view peer) -> std::string {
#if __has_include(<arpa/inet.h>)
    ::in6_addr address{};
    if (::inet_pton(AF_INET6, std::string(peer).c_str(), &address) == 1) {
        std::fill(std::begin(address.s6_addr) + 8, std::end(address.s6_addr), std::uint8_t{0});
        std::array<char, INET6_ADDRSTRLEN> text{};
        ::inet_ntop(AF_INET6, &address, text.data(), text.size());
        return text.data();
    }
#endif
    return std::string(peer);
}

} // namespace coffer::inline COFFER_ABI::http

#endif
