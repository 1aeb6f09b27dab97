// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_REVISIONS_HPP
#define COFFER_REDIS_SRC_REVISIONS_HPP

#include <coffer/concepts/store.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include <time.h>

namespace coffer::inline COFFER_ABI::redis::detail {

/// The time since the machine was started, also while it slept: a watch that slept is no watch.
inline auto boot_time() noexcept -> std::chrono::nanoseconds {
    ::timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// The revisions that are known to be the newest, as long as somebody who would hear of a change
/// vouches for it.
class revision_memory {
public:
    /// What was known of a partition before the server was asked, so that an answer which a change
    /// has overtaken is not kept.
    struct ticket {
        std::uint64_t era = 0;
        std::uint64_t change = 0;
    };

    /// Whether somebody vouches for it now.
    auto vouched() const noexcept -> bool {
        return boot_time().count() < vouched_until_.load(std::memory_order_acquire);
    }
    auto find(std::string_view partition) const -> std::optional<revision> {
        if (!vouched()) return std::nullopt;
        const std::shared_lock lock(mutex_);
        const auto found = known_.find(partition);
        if (found == known_.end() || !found->second.valid) return std::nullopt;
        return found->second.at;
    }
    auto before_asking(std::string_view partition) -> ticket {
        const std::unique_lock lock(mutex_);
        if (known_.size() >= most && !known_.contains(partition)) { // names that readers made up
            known_.clear();
            ++era_;
        }
        return {era_, known_.try_emplace(std::string(partition)).first->second.changes};
    }
    void learn(std::string_view partition, const revision& at, ticket since) {
        const std::unique_lock lock(mutex_);
        const auto found = known_.find(partition);
        if (found == known_.end() || since.era != era_ || since.change != found->second.changes)
            return;
        found->second.at = at;
        found->second.valid = true;
    }
    void changed(std::string_view partition) {
        const std::unique_lock lock(mutex_);
        const auto found = known_.find(partition);
        if (found == known_.end()) return;
        ++found->second.changes;
        found->second.valid = false;
    }
    /// Anything may have changed.
    void forget() {
        const std::unique_lock lock(mutex_);
        ++era_;
        known_.clear();
    }
    /// Until when a change would have been told; zero: nobody listens.
    void vouch_until(std::chrono::nanoseconds boot) noexcept {
        vouched_until_.store(boot.count(), std::memory_order_release);
    }

private:
    static constexpr std::size_t most = 10'000;
    struct entry {
        revision at{};
        std::uint64_t changes = 0;
        bool valid = false;
    };
    mutable std::shared_mutex mutex_{};
    std::map<std::string, entry, std::less<>> known_{};
    std::uint64_t era_ = 0;
    std::atomic<std::int64_t> vouched_until_{0};
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
