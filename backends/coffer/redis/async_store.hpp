// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_ASYNC_STORE_HPP
#define COFFER_REDIS_ASYNC_STORE_HPP

#include <coffer/asio/concepts.hpp>
#include <coffer/asio/lift.hpp>
#include <coffer/redis/store.hpp>

#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <memory>
#include <thread>
#include <utility>

namespace coffer::inline COFFER_ABI::redis {

/// A store whose calls take a completion token of Boost.Asio: the same implementation, its calls
/// made by a few threads of its own. Those that are under way at the same time share one connection
/// and its system calls, so that as many commands are in flight as there are threads. Models
/// AsyncStore. A handle: copies are the same store and threads, which end with the last of them.
class async_store : public asio::lifted_store<store> {
public:
    explicit async_store(store of, std::size_t threads = 16)
        : async_store(std::move(of), make_pool(threads)) {}

private:
    using pool = std::shared_ptr<boost::asio::thread_pool>;

    async_store(store of, pool threads)
        : asio::lifted_store<store>(threads->get_executor(),
                                    std::make_shared<store>(std::move(of))),
          threads_(std::move(threads)) {}

    static auto make_pool(std::size_t threads) -> pool {
        return {new boost::asio::thread_pool(threads), [](boost::asio::thread_pool* last) {
                    // A handler may hold the last handle; the threads can't wait for themselves.
                    if (last->get_executor().running_in_this_thread())
                        std::thread([last] { delete last; }).detach();
                    else
                        delete last;
                }};
    }

    pool threads_;
};

static_assert(asio::AsyncStore<async_store> && asio::AsyncListableStore<async_store>);

} // namespace coffer::inline COFFER_ABI::redis

#endif
