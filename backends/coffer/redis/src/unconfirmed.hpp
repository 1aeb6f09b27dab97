// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_UNCONFIRMED_HPP
#define COFFER_REDIS_SRC_UNCONFIRMED_HPP

#include <coffer/concepts/store.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::redis::detail {

/// What this process wrote and replicas may not have. It must not be taken for something that they
/// have: not when it is read over another connection while its WAIT goes on, not after too few have
/// answered, and not if it lands after everybody gave up on it. Thread-safe.
class unconfirmed {
public:
    /// What became of a commit.
    enum class outcome : unsigned char {
        sure,    ///< Confirmed, or certainly not written.
        too_few, ///< Written, and not confirmed by enough.
        lost,    ///< Nobody knows; it may yet land.
    };
    /// What is in doubt, so that a confirmation is not taken for one of what came after it.
    using ticket = std::uint64_t;

    /// To be called before the commit is sent.
    void begin(std::string_view partition, const revision& next) {
        const std::lock_guard lock(mutex_);
        of_[std::string(partition)].under_way.push_back(next);
    }
    /// Takes no memory, so that it can be said of a commit that ran out of it.
    void end(std::string_view partition, const revision& next, outcome came) noexcept {
        {
            const std::lock_guard lock(mutex_);
            const auto found = of_.find(partition);
            auto& all = found->second;
            const auto one = std::ranges::find(all.under_way, next);
            if (came != outcome::sure) all.doubt = ++doubts_;
            if (came == outcome::lost)
                all.late.splice(all.late.end(), all.under_way, one);
            else
                all.under_way.erase(one);
            if (all.late.size() > most_late) all.late.pop_front();
            drop_if_sure(found);
        }
        changed_.notify_all();
    }

    /// Waits as long as the commit of a revision that was read is under way; false if it still is.
    auto wait(std::string_view partition, const revision& at,
              std::chrono::steady_clock::time_point until) -> bool {
        std::unique_lock lock(mutex_);
        return changed_.wait_until(lock, until, [&] {
            const auto found = of_.find(partition);
            return found == of_.end() || !contains(found->second.under_way, at);
        });
    }
    /// Whether replicas have to be asked before anything is told of the partition, `at` being the
    /// revision that was read, if one was.
    auto in_doubt(std::string_view partition, const revision* at) const -> std::optional<ticket> {
        const std::lock_guard lock(mutex_);
        const auto found = of_.find(partition);
        if (found == of_.end()) return std::nullopt;
        const auto& all = found->second;
        const bool asked = all.doubt != 0 || (at != nullptr && contains(all.late, *at));
        return asked ? std::optional(doubts_) : std::nullopt;
    }
    /// Replicas have what the partition held when `before` was given, and `at` if that was read.
    void settle(std::string_view partition, const revision* at, ticket before) {
        const std::lock_guard lock(mutex_);
        const auto found = of_.find(partition);
        if (found == of_.end()) return;
        auto& all = found->second;
        if (all.doubt <= before) all.doubt = 0;
        if (at != nullptr) std::erase(all.late, *at);
        drop_if_sure(found);
    }

private:
    static constexpr std::size_t most_late = 64; ///< In each partition.
    struct state {
        std::list<revision> under_way{};
        std::list<revision> late{}; ///< Whose answers were lost, and which nobody has read since.
        ticket doubt = 0;           ///< The last one; none: 0.
    };
    using states = std::map<std::string, state, std::less<>>;

    static auto contains(const std::list<revision>& all, const revision& one) -> bool {
        return std::ranges::find(all, one) != all.end();
    }
    void drop_if_sure(states::iterator one) {
        const auto& all = one->second;
        if (all.under_way.empty() && all.late.empty() && all.doubt == 0) of_.erase(one);
    }

    mutable std::mutex mutex_{};
    std::condition_variable changed_{};
    states of_{};
    ticket doubts_ = 0;
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
