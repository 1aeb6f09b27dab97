// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_MANUAL_CLOCK_HPP
#define COFFER_TESTING_MANUAL_CLOCK_HPP

#include <coffer/clock.hpp>

#include <atomic>
#include <chrono>

namespace coffer::inline COFFER_ABI::testing {

/// A clock that goes on only when a test says so: no test needs to wait for an expiry or an age.
///
///     coffer::testing::manual_clock time;
///     coffer::vault vault{store, cipher, keys, {.time = &time}};
///     time.advance(std::chrono::minutes(6));
///
/// It outlives everything that was given its address. All members may be called from several
/// threads. Never for production: its time stands still.
class manual_clock final : public clock {
public:
    using milliseconds = std::chrono::milliseconds;

    /// Both clocks start at round numbers that are not zero, since zero means never.
    explicit manual_clock(milliseconds wall = milliseconds(1'700'000'000'000),
                          milliseconds boot = milliseconds(1'000'000)) noexcept
        : wall_(wall.count()), boot_(boot.count()) {}

    auto wall() const noexcept -> milliseconds override { return milliseconds(wall_.load()); }
    auto boot() const noexcept -> milliseconds override { return milliseconds(boot_.load()); }

    /// Time passes.
    void advance(milliseconds by) noexcept {
        wall_ += by.count();
        boot_ += by.count();
    }
    /// Somebody sets the wall clock, maybe back; the boot clock does not care.
    void set_wall(milliseconds to) noexcept { wall_ = to.count(); }

private:
    std::atomic<milliseconds::rep> wall_;
    std::atomic<milliseconds::rep> boot_;
};

} // namespace coffer::inline COFFER_ABI::testing

#endif
