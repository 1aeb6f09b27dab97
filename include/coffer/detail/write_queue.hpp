// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_WRITE_QUEUE_HPP
#define COFFER_DETAIL_WRITE_QUEUE_HPP

#include <coffer/algorithm/edit.hpp>
#include <coffer/result.hpp>

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::detail {

class write_queue;
class write_batch;

/// Somebody who waits for a commit without keeping a thread.
class write_waiter {
public:
    virtual ~write_waiter() = default;
    /// Commits these writes, not always the waiter's own among them: nobody else does. One that
    /// throws has dropped them.
    virtual void lead(write_batch&& batch) = 0;
    /// The commit that the write was part of has ended. Called without a lock, on any thread, and it
    /// may be another waiter's: what is thrown goes no further, and the others are told all the
    /// same.
    virtual void written(const result<void>& outcome) = 0;
};

/// A write that waits for its commit.
struct waiting_write {
    algorithm::queued_edit* edit = nullptr;
    bool create = false;
    std::shared_ptr<write_waiter> waiter{}; ///< Null: a thread waits.
    bool ended = false;
    result<void> outcome{};
    bool by_itself = false; ///< It was part of a commit that was too large.
};

/// Writes that go into one commit, and the duty to say how it ended: whoever drops them without
/// that says outcome_unknown, so that nobody waits for ever. Move-only.
class write_batch {
public:
    write_batch(write_batch&& other) noexcept
        : of_(std::exchange(other.of_, nullptr)), writes_(std::move(other.writes_)),
          outcome_(other.outcome_) {}
    auto operator=(write_batch&&) -> write_batch& = delete;
    ~write_batch();
    /// All of them make the environment if it is not there, or none does.
    auto create() const noexcept -> bool { return writes_.front()->create; }
    auto edits() const -> std::vector<algorithm::queued_edit*> {
        std::vector<algorithm::queued_edit*> out;
        for (const auto* w : writes_)
            out.push_back(w->edit);
        return out;
    }
    void ends_with(const result<void>& outcome) { outcome_ = outcome; }

private:
    friend class write_queue;
    write_batch(write_queue& of, std::list<waiting_write*>&& writes) noexcept
        : of_(&of), writes_(std::move(writes)) {}

    write_queue* of_;
    std::list<waiting_write*> writes_;
    result<void> outcome_{errc::outcome_unknown};
};

/// The writes of one environment: the first who waits commits for all that wait, and the others get
/// its outcome. Threads and waiters without one share the same commits. Thread-safe.
///
/// Writes that are too large together are each tried by itself: nobody is told of another's size.
/// They move from the queue to a batch by links: once a write is queued, nothing here can fail for
/// want of memory.
class write_queue {
public:
    /// Waits on this thread. `commit_all(edits, create)` answers result<void>. What it throws
    /// leaves this call too, after the write is out of the queue and of every commit; those whom it
    /// would have committed for are told outcome_unknown.
    template <class F>
    auto write(waiting_write& mine, F&& commit_all) -> result<void> {
        std::unique_lock lock(mutex_);
        queue_.push_back(&mine);
        bool gave_way = false;
        while (!mine.ended) {
            if (writing_) {
                ended_.wait(lock);
                continue;
            }
            if (crowded_ && !gave_way) { // whom the last commit served is about to be here again
                gave_way = true;
                lock.unlock();
                std::this_thread::yield();
                lock.lock();
                continue;
            }
            auto next = take_batch();
            lock.unlock();
            try {
                auto batch = std::move(next);
                batch.ends_with(commit_all(batch.edits(), batch.create()));
            } catch (...) {
                lock.lock();
                // Led others alone: `mine` waits still, or somebody else commits it by now.
                if (std::erase(queue_, &mine) == 0) ended_.wait(lock, [&] { return mine.ended; });
                throw;
            }
            lock.lock();
        }
        return mine.outcome;
    }
    /// Answers at once; mine.waiter, which owns `mine`, is told, and may have to lead before this
    /// returns.
    void join(waiting_write& mine) {
        const auto waiter = mine.waiter;
        std::unique_lock lock(mutex_);
        try {
            queue_.push_back(&mine);
        } catch (...) { // no memory: nobody will tell it anything
            mine.waiter.reset();
            throw;
        }
        if (writing_) return;
        auto next = take_batch();
        lock.unlock();
        hand_over(*waiter, std::move(next));
    }
    /// Takes a write back that no commit has begun with; false: its outcome will be told.
    auto withdraw(waiting_write& mine) -> bool {
        std::shared_ptr<write_waiter> last; // let go of without the lock
        const std::lock_guard lock(mutex_);
        if (std::erase(queue_, &mine) == 0) return false;
        last = std::move(mine.waiter);
        return true;
    }

private:
    friend class write_batch;

    auto take_batch() noexcept -> write_batch {
        std::size_t room = 255; // beside the first
        const bool create = queue_.front()->create;
        const auto is_alone = [](const waiting_write* w) {
            return w->by_itself || (w->edit != nullptr && w->edit->is_alone());
        };
        const auto second = std::next(queue_.begin());
        const auto end = is_alone(queue_.front())
                             ? second
                             : std::find_if(second, queue_.end(), [&](const waiting_write* w) {
                                   return w->create != create || is_alone(w) || room-- == 0;
                               });
        std::list<waiting_write*> batch;
        batch.splice(batch.end(), queue_, queue_.begin(), end);
        crowded_ = batch.size() > 1;
        writing_ = true;
        return {*this, std::move(batch)};
    }
    /// One that throws has dropped the batch, and whoever waits for it was told.
    static void hand_over(write_waiter& leader, write_batch&& batch) noexcept {
        try {
            leader.lead(std::move(batch));
        } catch (...) {
        }
    }
    static void tell(write_waiter& who, const result<void>& outcome) noexcept {
        try {
            who.written(outcome);
        } catch (...) {
        }
    }
    void end(std::list<waiting_write*>&& batch, const result<void>& outcome) {
        std::unique_lock lock(mutex_);
        writing_ = false;
        const bool one_by_one = !outcome && outcome.error() == errc::too_large && batch.size() > 1;
        for (auto* w : batch) {
            w->by_itself = one_by_one;
            w->outcome = outcome;
            w->ended = !one_by_one;
        }
        if (one_by_one) queue_.splice(queue_.begin(), batch);
        // A thread's write is gone as soon as the lock is: only the others are touched after it.
        batch.remove_if([](const waiting_write* w) { return w->waiter == nullptr; });
        ended_.notify_all();
        const auto leads = std::find_if(queue_.begin(), queue_.end(), [](const waiting_write* w) {
            return w->waiter != nullptr;
        });
        if (leads != queue_.end()) {
            const auto leader = (*leads)->waiter;
            auto next = take_batch();
            lock.unlock();
            hand_over(*leader, std::move(next));
        } else {
            lock.unlock();
        }
        for (auto* w : batch) {
            const auto waiter = std::move(w->waiter);
            tell(*waiter, outcome);
        }
    }

    std::mutex mutex_;
    std::condition_variable ended_;
    bool writing_ = false;
    bool crowded_ = false; ///< The last commit was made for several.
    std::list<waiting_write*> queue_{};
};

inline write_batch::~write_batch() {
    if (of_ != nullptr) of_->end(std::move(writes_), outcome_);
}

} // namespace coffer::inline COFFER_ABI::detail

#endif
