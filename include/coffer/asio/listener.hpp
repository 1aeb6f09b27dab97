// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_LISTENER_HPP
#define COFFER_ASIO_LISTENER_HPP

#include <coffer/asio/detail/pending.hpp>
#include <coffer/listener/listener.hpp>
#include <coffer/result.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <utility>

namespace coffer::inline COFFER_ABI::asio {

/// listener::dispatch on an executor whose threads may block, best a thread_pool of its own: the
/// callbacks run there, one after the other, so that a look-up that waits stops no other thread.
/// Completes with `void(std::exception_ptr, result<dispatched>)` on the handler's own executor,
/// never within this call; the exception is the one that left an after_all callback. The listener
/// and the event are kept until then. A dispatch that has begun can't be cancelled. Events that are
/// dispatched at the same time run side by side, as far as the executor has threads.
///
///     boost::asio::thread_pool pool(4);
///     auto done = co_await coffer::asio::async_dispatch(pool, listener, event,
///                                                       boost::asio::use_awaitable);
template <class Token>
auto async_dispatch(boost::asio::any_io_executor where, listener to, event_value raw,
                    Token&& token) {
    return boost::asio::async_initiate<Token, void(std::exception_ptr, result<dispatched>)>(
        [](auto handler, boost::asio::any_io_executor on, listener runs, event_value what) {
            detail::pending<decltype(handler)> mine(std::move(handler), on);
            const auto memory = mine.allocator();
            boost::asio::post(on, boost::asio::bind_allocator(
                                      memory, [mine = std::move(mine), runs = std::move(runs),
                                               what = std::move(what)]() mutable {
                                          std::exception_ptr thrown;
                                          result<dispatched> done = dispatched{};
                                          try {
                                              done = runs.dispatch(what);
                                          } catch (...) {
                                              thrown = std::current_exception();
                                          }
                                          mine.complete(std::move(thrown), std::move(done));
                                      }));
        },
        token, std::move(where), std::move(to), std::move(raw));
}

template <class Token>
auto async_dispatch(boost::asio::thread_pool& pool, listener to, event_value raw, Token&& token) {
    return async_dispatch(boost::asio::any_io_executor(pool.get_executor()), std::move(to),
                          std::move(raw), std::forward<Token>(token));
}

} // namespace coffer::inline COFFER_ABI::asio

#endif
