// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_ASYNC_STORE_HPP
#define COFFER_REDIS_ASYNC_STORE_HPP

#include <coffer/asio/concepts/async_listable_store.hpp>
#include <coffer/asio/lift.hpp>
#include <coffer/redis/store.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstddef>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::redis {

namespace detail {

/// Threads that run handlers until they are told to end, which one of them may do too: a handler
/// may hold the last handle of a store. (A boost::asio::thread_pool would wait for itself then.)
class handler_threads {
public:
    /// Throws std::system_error if there are not so many to be had, boost::system::system_error if
    /// there is no descriptor: needed by the first timer, and asked for now, while that can be told.
    explicit handler_threads(std::size_t count) : handler_threads() {
        const boost::asio::steady_timer makes_the_reactor(*loop_);
        threads_.reserve(count);
        for (std::size_t i = 0; i < count; ++i)
            threads_.emplace_back([loop = loop_] { loop->run(); });
    }
    ~handler_threads() {
        loop_->stop();
        for (auto& t : threads_)
            t.get_id() == std::this_thread::get_id() ? t.detach() : t.join();
    }
    handler_threads(const handler_threads&) = delete;
    auto operator=(const handler_threads&) -> handler_threads& = delete;

    auto executor() const noexcept { return loop_->get_executor(); }

private:
    handler_threads() = default;

    /// Of the threads as well: one that ends itself leaves it last.
    std::shared_ptr<boost::asio::io_context> loop_ = std::make_shared<boost::asio::io_context>();
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> stays_{
        loop_->get_executor()};
    std::vector<std::thread> threads_{};
};

} // namespace detail

/// A store whose calls take a completion token of Boost.Asio: the same implementation, its calls
/// made by a few threads of its own. Those that are under way at the same time share one connection
/// and its system calls, so that as many commands are in flight as there are threads. Models
/// AsyncStore. A handle: copies are the same store and threads, which end with the last of them,
/// also where a handler holds it. A handler without an executor of its own runs on them, and must
/// not throw: as on any thread, that ends the process. Throws std::system_error where there are not
/// so many threads, boost::system::system_error where there are not enough descriptors.
class async_store : public asio::lifted_store<store> {
public:
    explicit async_store(store of, std::size_t threads = 16)
        : async_store(std::move(of), std::make_shared<detail::handler_threads>(threads)) {}

private:
    async_store(store of, std::shared_ptr<detail::handler_threads> threads)
        : asio::lifted_store<store>(threads->executor(), std::make_shared<store>(std::move(of))),
          threads_(std::move(threads)) {}

    std::shared_ptr<detail::handler_threads> threads_;
};

static_assert(asio::AsyncStore<async_store> && asio::AsyncListableStore<async_store>);

} // namespace coffer::inline COFFER_ABI::redis

#endif
