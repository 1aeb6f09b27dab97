// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_WORKERS_HPP
#define COFFER_HTTP_DETAIL_WORKERS_HPP

#include <coffer/version.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace coffer::inline COFFER_ABI::http::detail {

/// Threads for work that waits. One more is made whenever all are busy, up to a limit, so that
/// one that hangs does not stand in the way of others. Thread-safe.
class workers {
public:
    explicit workers(std::size_t most) : most_(most == 0 ? 1 : most) { add_thread(); }
    ~workers() { join(); }
    workers(const workers&) = delete;
    auto operator=(const workers&) -> workers& = delete;

    /// Runs `job()` on one of the threads; it must not throw. Where there is no memory for it, or
    /// no thread at all, this throws, and the job is gone.
    template <class Job>
    void submit(Job job) {
        const bool more = waiting_.fetch_add(1) + 1 > idle_.load();
        try {
            if (more) add_thread();
            boost::asio::post(context_, [this, job = std::move(job)]() mutable {
                idle_.fetch_sub(1); // first: a thread too many harms less than one too few
                waiting_.fetch_sub(1);
                if (!over_) job();
                idle_.fetch_add(1);
            });
        } catch (...) {
            waiting_.fetch_sub(1);
            throw;
        }
    }
    /// Jobs that no thread has begun.
    auto waiting() const noexcept -> std::size_t {
        const auto n = waiting_.load();
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }
    /// Drops the jobs that no thread has begun, and all that are submitted after it.
    void drop() noexcept { over_ = true; }
    /// Ends the threads when all jobs are done. Nothing may be submitted after it.
    void join() {
        guard_.reset();
        const std::lock_guard lock(mutex_);
        for (auto& t : threads_)
            t.join();
        threads_.clear();
    }

private:
    void add_thread() {
        const std::lock_guard lock(mutex_);
        if (threads_.size() >= most_) return;
        try {
            threads_.emplace_back([this] { context_.run(); });
            idle_.fetch_add(1);
        } catch (const std::system_error&) {
            if (threads_.empty()) throw; // else those that there are must do
        }
    }

    std::size_t most_;
    boost::asio::io_context context_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_{
        context_.get_executor()};
    std::atomic<std::ptrdiff_t> waiting_{0};
    std::atomic<std::ptrdiff_t> idle_{0};
    std::atomic<bool> over_{false};
    std::mutex mutex_;
    std::vector<std::thread> threads_;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
