// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_HOURLY_HPP
#define COFFER_HTTP_HOURLY_HPP

#include <coffer/clock.hpp>

#include <chrono>
#include <cstddef>
#include <deque>
#include <iterator>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// Lets each token do something so many times within any hour. Thread-safe.
class hourly_limit {
public:
    explicit hourly_limit(std::size_t most, const clock& time = machine_clock())
        : most_(most), time_(&time) {}

    /// Takes one: zero, or for how long this token must wait (for `Retry-After`).
    auto take(std::string_view token_id) -> std::chrono::seconds {
        const auto now = time_->boot();
        const std::lock_guard lock(mutex_);
        for (auto one = done_.begin(); one != done_.end();) {
            auto& times = one->second;
            while (!times.empty() && now - times.front() >= std::chrono::hours(1))
                times.pop_front();
            one = times.empty() ? done_.erase(one) : std::next(one);
        }
        auto& mine = done_[std::string(token_id)];
        if (mine.size() >= most_) {
            const auto left = mine.front() + std::chrono::hours(1) - now;
            return std::chrono::ceil<std::chrono::seconds>(left);
        }
        mine.push_back(now);
        return std::chrono::seconds(0);
    }

private:
    std::size_t most_;
    const clock* time_;
    std::mutex mutex_;
    std::map<std::string, std::deque<std::chrono::milliseconds>> done_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
