// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DATED_HPP
#define COFFER_DATED_HPP

#include <coffer/clock.hpp>
#include <coffer/secret.hpp>

#include <algorithm>
#include <chrono>

namespace coffer::inline COFFER_ABI {

/// What was read, and how current it is: a T, and beside it what a view says of itself.
///
///     const auto names = vault.list({.environment = "prod"}).value();
///     if (names.stale()) … // the store is away: as of names.age() ago
///
/// The clock is the vault's, and outlives it.
template <class T>
struct dated : T {
    freshness fresh{};
    const clock* time = &machine_clock();

    /// How long ago the state was last known to be the newest.
    auto age() const noexcept -> std::chrono::milliseconds { return time->boot() - fresh.as_of; }
    /// The store could not be asked, and an older state stands in.
    auto stale() const noexcept -> bool { return fresh.stale; }
};

/// How current an answer is that was made of two.
inline auto older(const freshness& a, const freshness& b) noexcept -> freshness {
    return {std::min(a.as_of, b.as_of), a.stale || b.stale};
}

} // namespace coffer::inline COFFER_ABI

#endif
