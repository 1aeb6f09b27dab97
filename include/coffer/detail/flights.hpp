// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_FLIGHTS_HPP
#define COFFER_DETAIL_FLIGHTS_HPP

#include <coffer/result.hpp>

#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

namespace coffer::inline COFFER_ABI::detail {

class flights;

/// The right to run one flight, and the duty to say how it ended: whoever drops it without that
/// says `unavailable`, so that nobody waits for ever. Move-only.
class flight {
public:
    flight(flight&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), number_(other.number_), outcome_(other.outcome_) {
    }
    auto operator=(flight&&) -> flight& = delete;
    ~flight();
    void ends_with(const result<void>& outcome) { outcome_ = outcome; }

private:
    friend class flights;
    flight(flights& of, std::uint64_t number) noexcept : of_(&of), number_(number) {}

    flights* of_;
    std::uint64_t number_;
    result<void> outcome_{errc::unavailable};
};

/// Somebody who waits for a flight without keeping a thread.
class flight_waiter {
public:
    virtual ~flight_waiter() = default;
    /// Runs the flight: nobody else does. It may end on any thread. One that throws has dropped it.
    virtual void lead(flight&& mine) = 0;
    /// The flight that was waited for has ended. Called without a lock, on any thread, and it may
    /// be another waiter's: what is thrown goes no further, and the others are told all the same.
    virtual void landed(const result<void>& outcome) = 0;
};

/// Work that all who want it at the same time share: of those who wait one runs it, and a flight
/// begins after the call that waits for it did, so that whatever happened before the call is seen.
/// Threads and waiters without one share the same flights. Thread-safe.
class flights {
public:
    /// Waits on this thread; `fly` answers result<void>.
    template <class F>
    auto share(F&& fly) -> result<void> {
        std::unique_lock lock(mutex_);
        const auto mine = started_ + 1;
        while (landed_ < mine) {
            if (flying_) {
                landing_.wait(lock);
                continue;
            }
            auto next = take_off();
            lock.unlock();
            {
                auto flying = std::move(next);
                flying.ends_with(std::forward<F>(fly)());
            }
            lock.lock();
        }
        return outcome_;
    }
    /// Answers at once; the waiter is told, and may have to lead before this returns.
    void join(std::shared_ptr<flight_waiter> waiter) {
        std::unique_lock lock(mutex_);
        waiting_.push_back({started_ + 1, waiter});
        if (flying_) return;
        auto next = take_off();
        lock.unlock();
        hand_over(*waiter, std::move(next));
    }
    /// Whether somebody runs one now.
    auto is_flying() const -> bool {
        const std::lock_guard lock(mutex_);
        return flying_;
    }

private:
    friend class flight;
    struct passenger {
        std::uint64_t flight = 0;
        std::shared_ptr<flight_waiter> who{};
    };

    /// One that throws has dropped the flight, and whoever waits for it was told.
    static void hand_over(flight_waiter& leader, flight&& next) noexcept {
        try {
            leader.lead(std::move(next));
        } catch (...) {
        }
    }
    static void tell(flight_waiter& who, const result<void>& outcome) noexcept {
        try {
            who.landed(outcome);
        } catch (...) {
        }
    }
    auto take_off() -> flight {
        flying_ = true;
        return {*this, ++started_};
    }
    void land(std::uint64_t number, const result<void>& outcome) {
        std::list<passenger> there; // moved by links: nothing here can fail for want of memory
        std::unique_lock lock(mutex_);
        flying_ = false;
        landed_ = number;
        outcome_ = outcome;
        for (auto it = waiting_.begin(); it != waiting_.end();) {
            const auto at = it++;
            if (at->flight <= number) there.splice(there.end(), waiting_, at);
        }
        landing_.notify_all();
        if (!waiting_.empty()) {
            const auto leader = waiting_.front().who;
            auto next = take_off();
            lock.unlock();
            hand_over(*leader, std::move(next));
        } else {
            lock.unlock();
        }
        for (const auto& p : there)
            tell(*p.who, outcome);
    }

    mutable std::mutex mutex_;
    std::condition_variable landing_;
    bool flying_ = false;
    std::uint64_t started_ = 0;
    std::uint64_t landed_ = 0;
    result<void> outcome_{};
    std::list<passenger> waiting_{};
};

inline flight::~flight() {
    if (of_ != nullptr) of_->land(number_, outcome_);
}

} // namespace coffer::inline COFFER_ABI::detail

#endif
