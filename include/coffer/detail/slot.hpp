// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_SLOT_HPP
#define COFFER_DETAIL_SLOT_HPP

#include <coffer/algorithm/listed.hpp>
#include <coffer/algorithm/refresh.hpp>
#include <coffer/algorithm/seal_count.hpp>
#include <coffer/detail/flights.hpp>
#include <coffer/detail/write_queue.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::detail {

/// A state that a reader may use, and how current it is.
template <Cipher C>
struct current_state {
    tree::snapshot_ptr<C> snapshot{};
    std::uint64_t version = 0; ///< Of the slot: rises with each state adopted.
    freshness fresh{};
};

/// What a process holds of one environment: the newest verified state, the mark, the refresh that
/// is under way, the queue of writes, the objects that wait to be erased, and what was sealed in
/// vain. Thread-safe.
template <Cipher C>
class slot {
public:
    using ms = std::chrono::milliseconds;

    explicit slot(algorithm::subject of) : of_(std::move(of)) {}

    auto of() const noexcept -> const algorithm::subject& { return of_; }
    void keep() noexcept { kept_.store(true, std::memory_order_relaxed); }
    /// Nothing was ever found here, nothing was sealed in vain, and nobody wants it kept.
    auto disposable() const -> bool {
        const std::lock_guard lock(mutex_);
        return !kept_.load(std::memory_order_relaxed) && current_ == nullptr && !mark_ &&
               seals_->empty();
    }
    /// Changes whenever another state was adopted: readers compare it without a lock.
    auto version() const noexcept -> std::uint64_t {
        return version_.load(std::memory_order_acquire);
    }
    /// When the held state was last known to be the newest; negative: never, or not since a look
    /// was refused.
    auto checked() const noexcept -> ms { return ms(checked_.load(std::memory_order_acquire)); }
    /// A look found that the held state must not be served, whatever later looks find.
    void refuse() noexcept { checked_.store(-1, std::memory_order_release); }

    /// Whether the last look found the store away.
    auto is_away() const noexcept -> bool { return away_.load(std::memory_order_acquire); }
    void note_away(bool is) noexcept { away_.store(is, std::memory_order_release); }

    /// When the key side last gave the active DEK; negative: not since it was first held.
    auto keys_checked() const noexcept -> ms {
        return ms(keys_checked_.load(std::memory_order_acquire));
    }

    /// What an algorithm begins with.
    struct beginning {
        tree::snapshot_ptr<C> known{};
        std::optional<mark> seen{};
        std::uint64_t version = 0; ///< Of the slot.
    };
    auto held() const -> beginning {
        const std::lock_guard lock(mutex_);
        return {current_, mark_, version_.load(std::memory_order_relaxed)};
    }
    auto state(bool stale) const -> current_state<C> {
        const std::lock_guard lock(mutex_);
        return {current_, version_.load(std::memory_order_relaxed), {checked(), stale}};
    }

    /// Where an algorithm began, and whether it asked the key side for the keys that were held.
    struct origin {
        ms as_of{};
        std::uint64_t version = 0;
        bool confirmed = false;
    };
    /// Takes over a verified state, found by an algorithm that began so, and that the keys were
    /// confirmed. An older one than held is
    /// let go; one that does not follow what is held is rolled_back, and moves nothing. The same
    /// one may come with keys that somebody else has found refused meanwhile: it is let go too,
    /// unless it is known to have the keys that there are.
    auto adopt(tree::snapshot_ptr<C> next, const origin& from) -> result<void> {
        const std::lock_guard lock(mutex_);
        if (from.confirmed) keys_checked_.store(from.as_of.count(), std::memory_order_release);
        if (next == nullptr) { // somebody may have made it since
            const bool lost = mark_ && from.version == version();
            return lost ? result<void>(errc::tampered) : result<void>();
        }
        bool is_held = current_ == next;
        if (mark_) {
            switch (format::compare_mark(next->head, *mark_)) {
            case format::mark_verdict::forked: return errc::rolled_back;
            case format::mark_verdict::older: return {}; // another thread was quicker
            case format::mark_verdict::same:
                is_held = is_held || (!from.confirmed && from.version != version());
                break;
            case format::mark_verdict::newer: break;
            }
        }
        if (!is_held) {
            mark_ = next->head.mark_of();
            current_ = std::move(next);
            version_.fetch_add(1, std::memory_order_release);
        }
        if (from.as_of > checked()) checked_.store(from.as_of.count(), std::memory_order_release);
        return {};
    }

    /// The refreshes of this environment: each adopts what it finds before it lands.
    auto looks() noexcept -> flights& { return looks_; }
    auto looks() const noexcept -> const flights& { return looks_; }
    /// The writes that wait for a commit.
    auto writes() noexcept -> write_queue& { return writes_; }

    /// Store keys of objects, and since when nothing lists them.
    using garbage = std::deque<std::pair<ms, std::string>>;
    /// Objects that a commit unlisted: erased by a later commit, after the grace; sooner only the
    /// oldest of more than most_unlisted. A reader that comes too late starts over.
    void unlisted(std::vector<std::string>&& keys, ms now) {
        const std::lock_guard lock(mutex_);
        for (auto& key : keys)
            garbage_.emplace_back(now, std::move(key));
    }
    auto take_garbage(ms now, ms grace) -> garbage {
        const std::lock_guard lock(mutex_);
        garbage out;
        while (!garbage_.empty() && (garbage_.size() > algorithm::most_unlisted ||
                                     now - garbage_.front().first >= grace)) {
            out.push_back(std::move(garbage_.front()));
            garbage_.pop_front();
        }
        return out;
    }
    /// They were not erased: a later commit may, each as soon as it could have been now.
    void give_garbage_back(garbage&& kept) {
        const std::lock_guard lock(mutex_);
        garbage_.insert(garbage_.begin(), std::move_iterator(kept.begin()),
                        std::move_iterator(kept.end()));
    }
    /// True once per slot: the first writer looks for what earlier processes left.
    auto take_sweep() noexcept -> bool { return !swept_.exchange(true); }
    /// It did not come to that: the next one does.
    void give_sweep_back() noexcept { swept_.store(false); }

    /// Held by whoever removes the environment, so that of several only one is told that it did.
    auto removing() noexcept -> std::mutex& { return removing_; }

    /// What was sealed here for commits that were not made.
    auto seals() const noexcept -> const std::shared_ptr<algorithm::seal_count>& { return seals_; }

private:
    algorithm::subject of_;
    std::atomic<bool> kept_{false};
    mutable std::mutex mutex_;
    tree::snapshot_ptr<C> current_{};
    std::optional<mark> mark_{};
    std::atomic<std::uint64_t> version_{0};
    std::atomic<ms::rep> checked_{-1};
    std::atomic<bool> away_{false};
    std::atomic<ms::rep> keys_checked_{-1};

    flights looks_;
    write_queue writes_;
    std::mutex removing_;

    garbage garbage_{};
    std::atomic<bool> swept_{false};
    std::shared_ptr<algorithm::seal_count> seals_ = std::make_shared<algorithm::seal_count>();
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
