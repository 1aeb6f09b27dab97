// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CLOCK_HPP
#define COFFER_CLOCK_HPP

#include <coffer/detail/never_destroyed.hpp>
#include <coffer/version.hpp>

#include <chrono>
#include <ctime>

namespace coffer::inline COFFER_ABI {

/// Where time comes from: injected, so that tests need not wait. Implementations are thread-safe.
class clock {
public:
    virtual ~clock() = default;
    /// Since 1970-01-01 UTC: for expiry and for what people read.
    virtual auto wall() const noexcept -> std::chrono::milliseconds = 0;
    /// Never set back, and goes on while the machine sleeps: for ages.
    virtual auto boot() const noexcept -> std::chrono::milliseconds = 0;
};

namespace detail {
class system_clock final : public clock {
public:
    auto wall() const noexcept -> std::chrono::milliseconds override {
        return read(CLOCK_REALTIME);
    }
    auto boot() const noexcept -> std::chrono::milliseconds override {
#ifdef CLOCK_BOOTTIME
        return read(CLOCK_BOOTTIME); // CLOCK_MONOTONIC stands still in suspend on Linux
#else
        return read(CLOCK_MONOTONIC);
#endif
    }

private:
    static auto read(clockid_t id) noexcept -> std::chrono::milliseconds {
        std::timespec t{};
        ::clock_gettime(id, &t);
        return std::chrono::milliseconds(t.tv_sec * 1000 + t.tv_nsec / 1'000'000);
    }
};
} // namespace detail

namespace detail {
/// Blocks the calling thread. (Not <thread>, which costs every user of the core a tenth of a
/// second.)
inline void sleep_for(std::chrono::milliseconds time) noexcept {
    std::timespec left{};
    left.tv_sec = static_cast<std::time_t>(time.count() / 1000);
    left.tv_nsec = static_cast<long>(time.count() % 1000) * 1'000'000;
    while (::nanosleep(&left, &left) != 0) {
    }
}
} // namespace detail

/// The machine's own clocks. Good until the process has ended.
inline auto machine_clock() noexcept -> const clock& {
    static const detail::never_destroyed<detail::system_clock> instance;
    return *instance;
}

} // namespace coffer::inline COFFER_ABI

#endif
