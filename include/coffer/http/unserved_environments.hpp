// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_UNSERVED_ENVIRONMENTS_HPP
#define COFFER_HTTP_UNSERVED_ENVIRONMENTS_HPP

#include <coffer/any_vault.hpp>
#include <coffer/clock.hpp>
#include <coffer/errc.hpp>
#include <coffer/names.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// How many environments can't be served though Coffer's own can: they are rolled back or damaged,
/// their key is unknown or disabled, or their part of the store is away. Whoever asks looks, at each
/// environment about every ten seconds and for a twentieth of a second at a time, so that nobody
/// who may ask makes the store busy, and no probe waits for many. Thread-safe.
class unserved_environments {
public:
    /// `time` outlives it.
    explicit unserved_environments(any_vault vault, const clock& time = machine_clock())
        : vault_(std::move(vault)), time_(&time) {}

    /// As last seen where somebody else looks, and while the store is away as a whole, which
    /// readiness tells by itself. Damage within an environment that opens is not seen here.
    auto count() -> std::size_t {
        if (const std::unique_lock one(looking_, std::try_to_lock); one) look();
        return count_;
    }

private:
    static constexpr std::chrono::milliseconds pause = std::chrono::seconds(10);
    static constexpr std::chrono::milliseconds at_a_time{50};

    void look() {
        const auto began = time_->boot();
        if (ended_ && began - *ended_ < pause) return;
        const auto all = vault_->environments();
        if (!all || all->stale()) return;
        std::erase_if(unserved_,
                      [&](const auto& id) { return !std::ranges::binary_search(*all, id); });
        auto next = std::ranges::upper_bound(*all, last_);
        while (next != all->end() && time_->boot() - began <= at_a_time) {
            if (!look_at(*next)) break;
            last_ = *next++;
        }
        if (next == all->end()) {
            last_.clear();
            ended_ = time_->boot();
        }
        count_ = unserved_.size();
    }
    /// False where the store went away meanwhile.
    auto look_at(const std::string& id) -> bool {
        const auto seen = vault_->resolver().at({.environment = id});
        if (!seen && is_away(seen.error().code) && !vault_->refresh(system_environment))
            return false;
        if (seen || seen.error().code == errc::unknown_scope) // removed meanwhile
            unserved_.erase(id);
        else
            unserved_.insert(id);
        return true;
    }

    any_vault vault_;
    const clock* time_;
    std::mutex looking_{};
    std::set<std::string> unserved_{};
    std::string last_{};                               ///< Looked at in this round; empty: none.
    std::optional<std::chrono::milliseconds> ended_{}; ///< When the last round ended.
    std::atomic<std::size_t> count_{0};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
