// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_TOPOLOGY_HPP
#define COFFER_REDIS_SRC_TOPOLOGY_HPP

#include <coffer/redis/src/login.hpp>
#include <coffer/redis/src/outage.hpp>
#include <coffer/redis/src/slots.hpp>
#include <coffer/redis/src/turns.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::redis::detail {

/// What is known of a cluster: which node has which slot. Thread-safe.
class topology {
public:
    using map = std::shared_ptr<const slot_map>;

    explicit topology(const setting& with) : with_(with) {}

    /// What is known; if nothing is, what a node says. `stop` ends the wait for it.
    auto know(deadline until, const std::stop_token& stop = {}) -> result<map> {
        {
            const std::lock_guard lock(mutex_);
            if (map_ != nullptr) return map_;
        }
        return ask(until, stop);
    }
    /// What a node says now: of those that were known, and those of the beginning, the first that
    /// answers. Of those that want to know at the same time one asks for all; see outage.
    auto ask(deadline until, const std::stop_token& stop = {}) -> result<map> {
        const auto wanted = steady::now();
        std::unique_lock lock(mutex_);
        const auto answered = [&] { return last_ != nullptr && last_asked_ >= wanted; };
        if (const auto why =
                outage_.in_place_of_a_try(wanted, asking_, with_.with.response_timeout))
            return *why;
        if (!asked_.wait_until(lock, until, [&] { return !asking_ || answered(); }))
            return errc::timed_out;
        if (answered()) return last_;
        const auto asked_at = steady::now();
        const asker alone(*this, lock);
        std::set<endpoint> candidates(with_.with.endpoints.begin(), with_.with.endpoints.end());
        candidates.insert(seen_.begin(), seen_.end());
        lock.unlock();
        auto found = turns_.first<slot_map>(
            {candidates.begin(), candidates.end()}, until, {errc::unavailable, cause::cluster_down},
            [&](const endpoint& node, deadline mine) { return ask(node, mine, stop); });
        if (!found) {
            lock.lock();
            outage_.failed(found.error(), asked_at);
            return found.error();
        }
        auto made = std::make_shared<const slot_map>(*std::move(found));
        auto now = made->primaries();
        lock.lock();
        outage_.over();
        const bool others = !seen_.empty() && now != seen_;
        map_ = last_ = made;
        last_asked_ = asked_at;
        seen_ = std::move(now);
        lock.unlock();
        if (others) changed();
        return made;
    }
    /// A node said that another one has the slot.
    void learn(std::uint16_t slot, const endpoint& owner) {
        {
            const std::lock_guard lock(mutex_);
            if (map_ != nullptr) {
                auto better = std::make_shared<slot_map>(*map_);
                better->moved(slot, owner);
                map_ = std::move(better);
            }
            if (seen_.contains(owner)) return;
            map_.reset(); // a new node: who else is there?
        }
        changed();
    }
    /// Something is wrong: the next who wants to know asks.
    void forget() {
        {
            const std::lock_guard lock(mutex_);
            map_.reset();
        }
        changed();
    }

    /// Changes whenever another set of servers may hold the partitions than before.
    auto version() const noexcept -> std::uint64_t { return version_.load(); }
    /// Called after each such change; to be set while nothing else is under way.
    void on_change(std::function<void()> call) { on_change_ = std::move(call); }

private:
    /// While it lives, nobody else asks.
    class asker {
    public:
        asker(topology& of, std::unique_lock<std::mutex>& lock) : of_(of), lock_(lock) {
            of_.asking_ = true;
        }
        asker(const asker&) = delete;
        auto operator=(const asker&) -> asker& = delete;
        ~asker() {
            if (!lock_.owns_lock()) lock_.lock();
            of_.asking_ = false;
            of_.asked_.notify_all();
        }

    private:
        topology& of_;
        std::unique_lock<std::mutex>& lock_;
    };

    /// Any node can tell, so the one that is asked need not be a primary.
    auto ask(const endpoint& node, deadline until, const std::stop_token& stop) const
        -> result<slot_map> {
        auto made = log_in(with_, node, check::none,
                           std::min(until, steady::now() + with_.with.connect_timeout), stop);
        if (!made) return made.error();
        link over(*std::move(made));
        const auto said =
            over.run(command{"CLUSTER", "SLOTS"}.wire, 1, std::size_t{32} << 20, until);
        if (!said.replies) return said.replies.error();
        const auto& first = said.replies->front();
        if (first.is(reply_kind::error)) return failure_of(first.text);
        auto read = slot_map::read(first, node);
        if (!read) return failure{errc::tampered, cause::unexpected_reply};
        // It is of no cluster yet, or not any more; what the others know is better than nothing.
        if (read->primaries().empty()) return failure{errc::unavailable, cause::cluster_down};
        return *std::move(read);
    }
    void changed() {
        ++version_;
        if (on_change_) on_change_();
    }

    const setting& with_;
    turns turns_{};
    std::atomic<std::uint64_t> version_{0};
    std::function<void()> on_change_{};
    std::mutex mutex_{};
    std::condition_variable asked_{};
    bool asking_ = false;
    map map_{};
    outage outage_{};
    map last_{}; ///< The last answer, and when it was asked for.
    deadline last_asked_{};
    std::set<endpoint> seen_{}; ///< The primaries of the last answer.
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
