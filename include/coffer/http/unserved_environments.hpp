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
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// How many environments can't be served though Coffer's own can: they are rolled back or damaged,
/// their key is unknown or disabled, or their part of the store is away. Probes ask for the number
/// alone: nobody without a token makes the store or the keys busy, and no probe waits for them. Who
/// runs the service calls `look` about once a second, as `coffer serve` does; without that it is 0.
class unserved_environments {
public:
    /// `time` outlives it.
    explicit unserved_environments(any_vault vault, const clock& time = machine_clock())
        : vault_(std::move(vault)), time_(&time) {}

    /// As last seen. Damage within an environment that opens is not. Thread-safe; never waits.
    auto count() const noexcept -> std::size_t { return count_; }

    /// Looks at one environment after another for about a twentieth of a second, and goes on there
    /// the next time; at all of them every ten seconds at most. Not while the store is away as a
    /// whole, which readiness tells by itself. May wait for store and keys; not to be called twice
    /// at a time. Environments stay loaded, as any that was asked for does.
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

private:
    static constexpr std::chrono::milliseconds pause = std::chrono::seconds(10);
    static constexpr std::chrono::milliseconds at_a_time{50};

    /// False where the store went away meanwhile.
    auto look_at(const std::string& id) -> bool {
        const auto seen = vault_->status(id);
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
    std::set<std::string> unserved_{};
    std::string last_{};                               ///< Looked at in this round; empty: none.
    std::optional<std::chrono::milliseconds> ended_{}; ///< When the last round ended.
    std::atomic<std::size_t> count_{0};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
