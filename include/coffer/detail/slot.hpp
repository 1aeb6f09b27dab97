// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_SLOT_HPP
#define COFFER_DETAIL_SLOT_HPP

#include <coffer/algorithm/edit.hpp>
#include <coffer/algorithm/refresh.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
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

/// What a process holds of one environment: the newest verified state, the mark, the refresh that is
/// under way, the queue of writes, and the objects that wait to be erased. Thread-safe.
template <Cipher C>
class slot {
public:
    using ms = std::chrono::milliseconds;

    explicit slot(algorithm::subject of) : of_(std::move(of)) {}

    auto of() const noexcept -> const algorithm::subject& { return of_; }
    void keep() noexcept { kept_.store(true, std::memory_order_relaxed); }
    /// Nothing was ever found here, and nobody wants it kept.
    auto disposable() const -> bool {
        const std::lock_guard lock(mutex_);
        return !kept_.load(std::memory_order_relaxed) && current_ == nullptr && !mark_;
    }
    /// Changes whenever another state was adopted: readers compare it without a lock.
    auto version() const noexcept -> std::uint64_t { return version_.load(std::memory_order_acquire); }
    /// When the held state was last known to be the newest; negative: never.
    auto checked() const noexcept -> ms { return ms(checked_.load(std::memory_order_acquire)); }

    auto held() const -> std::pair<tree::snapshot_ptr<C>, std::optional<mark>> {
        const std::lock_guard lock(mutex_);
        return {current_, mark_};
    }
    auto state(bool stale) const -> current_state<C> {
        const std::lock_guard lock(mutex_);
        return {current_, version_.load(std::memory_order_relaxed), {checked(), stale}};
    }

    /// Takes over a verified state that was the newest at `as_of`. An older one than held is let go;
    /// one that does not follow what is held is rolled_back, and moves nothing.
    auto adopt(tree::snapshot_ptr<C> next, ms as_of) -> result<void> {
        const std::lock_guard lock(mutex_);
        if (next == nullptr) return mark_ ? result<void>(errc::tampered) : result<void>();
        if (mark_) {
            switch (format::compare_mark(next->head, *mark_)) {
                case format::mark_verdict::forked: return errc::rolled_back;
                case format::mark_verdict::older: return {}; // another thread was quicker
                default: break;
            }
        }
        if (current_ != next) {
            mark_ = next->head.mark_of();
            current_ = std::move(next);
            version_.fetch_add(1, std::memory_order_release);
        }
        if (as_of > checked()) checked_.store(as_of.count(), std::memory_order_release);
        return {};
    }

    /// Runs `fly` (a refresh, which adopts what it finds) so that all who wait for one share it. The
    /// flight begins after this call did: what was committed before the call is seen.
    template <class F>
    auto share_flight(F&& fly) -> result<void> {
        std::unique_lock lock(mutex_);
        const auto mine = started_ + 1;
        while (landed_ < mine) {
            if (flying_) {
                landing_.wait(lock);
                continue;
            }
            flying_ = true;
            const auto flight = ++started_;
            outcome_ = without(lock, std::forward<F>(fly), [&] {
                flying_ = false;
                landed_ = flight;
                outcome_ = errc::unavailable; // stands for the others if this flight throws
                landing_.notify_all();
            });
        }
        return outcome_;
    }

    /// A write that waits for its commit.
    struct waiting_write {
        algorithm::queued_edit* edit = nullptr;
        bool create = false;
        bool ended = false;
        result<void> outcome{};
    };
    /// Queues a write. The first who waits commits for all that wait (`commit_all(edits, create)`),
    /// and the others get its outcome.
    template <class F>
    auto queue_write(waiting_write& mine, F&& commit_all) -> result<void> {
        std::unique_lock lock(mutex_);
        writes_.push_back(&mine);
        while (!mine.ended) {
            if (writing_) {
                written_.wait(lock);
                continue;
            }
            writing_ = true;
            auto batch = take_batch();
            std::vector<algorithm::queued_edit*> edits;
            for (const auto* w : batch) edits.push_back(w->edit);
            const bool create = batch.front()->create;
            const auto end_with = [&](const result<void>& outcome) {
                for (auto* w : batch) w->outcome = outcome;
            };
            end_with(without(
                lock, [&] { return commit_all(std::move(edits), create); },
                [&] {
                    writing_ = false;
                    end_with(errc::outcome_unknown); // stands for the others if this commit throws
                    for (auto* w : batch) w->ended = true;
                    written_.notify_all();
                }));
        }
        return mine.outcome;
    }

    /// Objects that a commit unlisted, and when: erased by a later commit, after the grace, or sooner
    /// when more than a few commits' worth wait. A reader that comes too late starts over.
    void unlisted(std::vector<std::string>&& keys, ms now) {
        const std::lock_guard lock(mutex_);
        for (auto& key : keys) garbage_.emplace_back(now, std::move(key));
    }
    auto take_garbage(ms now, ms grace) -> std::vector<std::string> {
        constexpr std::size_t most_waiting = 16;
        const std::lock_guard lock(mutex_);
        std::vector<std::string> out;
        while (!garbage_.empty() && (garbage_.size() > most_waiting || now - garbage_.front().first >= grace)) {
            out.push_back(std::move(garbage_.front().second));
            garbage_.pop_front();
        }
        return out;
    }
    /// True once per slot: the first writer looks for what earlier processes left.
    auto take_sweep() noexcept -> bool { return !swept_.exchange(true); }

private:
    /// Runs `work` without the lock, then `after` with it, also if `work` throws (for want of memory).
    template <class Work, class After>
    static auto without(std::unique_lock<std::mutex>& lock, Work&& work, After&& after) -> result<void> {
        struct again {
            std::unique_lock<std::mutex>& lock;
            After& after;
            ~again() {
                lock.lock();
                after();
            }
        };
        lock.unlock();
        const again relock{lock, after};
        return std::forward<Work>(work)();
    }
    auto take_batch() -> std::vector<waiting_write*> {
        constexpr std::size_t most = 256;
        std::vector<waiting_write*> batch;
        const bool create = writes_.front()->create;
        auto end = writes_.begin();
        while (end != writes_.end() && batch.size() < most && (*end)->create == create) batch.push_back(*end++);
        writes_.erase(writes_.begin(), end);
        return batch;
    }

    algorithm::subject of_;
    std::atomic<bool> kept_{false};
    mutable std::mutex mutex_;
    tree::snapshot_ptr<C> current_{};
    std::optional<mark> mark_{};
    std::atomic<std::uint64_t> version_{0};
    std::atomic<ms::rep> checked_{-1};

    std::condition_variable landing_;
    bool flying_ = false;
    std::uint64_t started_ = 0;
    std::uint64_t landed_ = 0;
    result<void> outcome_{};

    std::condition_variable written_;
    bool writing_ = false;
    std::vector<waiting_write*> writes_{};

    std::deque<std::pair<ms, std::string>> garbage_{};
    std::atomic<bool> swept_{false};
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
