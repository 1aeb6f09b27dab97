// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_SOURCE_HPP
#define COFFER_ASIO_SOURCE_HPP

#include <coffer/asio/lift.hpp>
#include <coffer/asio/resolver.hpp>
#include <coffer/concepts/secret_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/thread_pool.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::asio {

/// A source that is no vault and no resolver: coffer::secrets, an http::source, a fake.
template <class S>
concept BlockingSource = SecretSource<S> && !Handle<S>;

/// Such a source, and the executor on which it is asked: see lift.
template <BlockingSource S>
struct lifted_source {
    boost::asio::any_io_executor where{};
    S source;
};

/// Chooses where async_at and async_get ask a source, best a thread_pool of its own. So a service
/// of coroutines holds a coffer::secrets like any other, embedded, served or faked:
///
///     boost::asio::thread_pool pool(4);
///     auto secrets = coffer::asio::lift(pool, coffer::secrets(vault.resolver()));
///     auto token = co_await coffer::asio::async_get(secrets, here, "SLACK_TOKEN",
///                                                   boost::asio::use_awaitable);
///
/// A pool ends by join(), not by stop(), while others may still ask the source: who waits for a look
/// that was stopped waits for good.
template <BlockingSource S>
auto lift(boost::asio::any_io_executor where, S source) -> lifted_source<S> {
    return {std::move(where), std::move(source)};
}
template <BlockingSource S>
auto lift(boost::asio::thread_pool& pool, S source) -> lifted_source<S> {
    return {pool.get_executor(), std::move(source)};
}

namespace detail {

/// Calls read(view) for a context of a source: with the view that needs no wait, where the source
/// has one, else after asking on its executor.
template <class Answer, BlockingSource S, class Read, class Token>
auto ask_source(const lifted_source<S>& of, context where, Read read, Token&& token) {
    return boost::asio::async_initiate<Token, void(result<Answer>)>(
        [](auto handler, lifted_source<S> from, scope at, Read use) {
            pending<decltype(handler)> mine(std::move(handler), from.where);
            if constexpr (requires { from.source.try_at(at.view()); })
                if (auto now = from.source.try_at(at.view()))
                    return mine.complete(result<Answer>(use(result<view>(*std::move(now)))));
            const auto memory = mine.allocator();
            const auto on = from.where;
            boost::asio::post(on, boost::asio::bind_allocator(
                                      memory, [mine = std::move(mine), from = std::move(from),
                                               at = std::move(at), use = std::move(use)]() mutable {
                                          auto ask = [&] { return use(from.source.at(at.view())); };
                                          mine.complete(answer_of<result<Answer>>(ask));
                                      }));
        },
        token, of, scope(where), std::move(read));
}

} // namespace detail

/// source.at(where), asked on its executor; `void(result<view>)`, on the handler's own executor,
/// never within this call. A view that needs no look is given without one. Errors: those of the
/// source; unavailable also where it throws. A call that has begun can't be cancelled. The source and
/// the context are copied before this returns.
template <BlockingSource S, class Token>
auto async_at(const lifted_source<S>& source, context where, Token&& token) {
    return detail::ask_source<view>(
        source, where, [](result<view>&& seen) { return std::move(seen); },
        std::forward<Token>(token));
}

/// Short for async_at and get(name). `void(result<secret>)`.
template <BlockingSource S, class Token>
auto async_get(const lifted_source<S>& source, context where, std::string_view name,
               Token&& token) {
    return detail::ask_source<secret>(
        source, where,
        [name = std::string(name)](result<view>&& seen) {
            return seen ? seen->get(name) : result<secret>(seen.error());
        },
        std::forward<Token>(token));
}

} // namespace coffer::inline COFFER_ABI::asio

#endif
