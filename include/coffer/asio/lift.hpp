// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_LIFT_HPP
#define COFFER_ASIO_LIFT_HPP

#include <coffer/asio/concepts/async_store.hpp>
#include <coffer/asio/detail/pending.hpp>
#include <coffer/concepts/anchoring_key_provider.hpp>
#include <coffer/concepts/listable_store.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/thread_pool.hpp>

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::asio {

namespace detail {

/// What a call answers. One that throws, whatever it throws, did not get to its end.
template <class Result>
auto answer_of(auto& call) -> Result {
    try {
        return call();
    } catch (...) {
        if constexpr (std::same_as<Result, result<commit_outcome>>)
            return commit_outcome::unknown;
        else
            return errc::unavailable;
    }
}

/// Runs `call` on an executor whose threads may block, and hands its answer to the handler.
template <class Result, class Call, class Token>
auto offload(const boost::asio::any_io_executor& where, Call&& call, Token&& token) {
    return boost::asio::async_initiate<Token, void(Result)>(
        [where](auto handler, auto work) {
            using waiting = pending<decltype(handler)>;
            waiting mine(std::move(handler), where);
            const auto memory = mine.allocator();
            boost::asio::post(
                where, boost::asio::bind_allocator(
                           memory, [mine = std::move(mine), work = std::move(work)]() mutable {
                               mine.complete(answer_of<Result>(work));
                           }));
        },
        token, std::forward<Call>(call));
}

} // namespace detail

/// A Store as an AsyncStore: each call runs on an executor whose threads may block, best a
/// thread_pool of its own; the handler is called on its own executor. A call that has begun can't
/// be cancelled. A handle: copies are the same store, which is as thread-safe as a Store is.
template <ReadableStore S>
class lifted_store {
public:
    lifted_store(boost::asio::any_io_executor where, std::shared_ptr<S> store)
        : where_(std::move(where)), store_(std::move(store)) {}

    auto get_executor() const noexcept -> boost::asio::any_io_executor { return where_; }
    auto limits() const noexcept -> store_limits { return store_->limits(); }

    template <class Token>
    auto async_load(std::string partition, std::vector<std::string> keys, Token&& token) {
        return detail::offload<result<cut>>(
            where_,
            [store = store_, partition = std::move(partition), keys = std::move(keys)] {
                return store->load(partition, keys);
            },
            std::forward<Token>(token));
    }
    template <class Token>
    requires Store<S>
    auto async_commit(std::string partition, revision expected, revision next, shared_writes writes,
                      Token&& token) {
        return detail::offload<result<commit_outcome>>(
            where_,
            [store = store_, partition = std::move(partition), expected, next,
             writes = std::move(writes)] {
                return store->commit(partition, expected, next, *writes);
            },
            std::forward<Token>(token));
    }
    template <class Token>
    requires ListableStore<S>
    auto async_list(std::string partition, Token&& token) {
        return detail::offload<result<listing>>(
            where_,
            [store = store_, partition = std::move(partition)] { return store->list(partition); },
            std::forward<Token>(token));
    }
    template <class Token>
    requires ListableStore<S>
    auto async_partitions(Token&& token) {
        return detail::offload<result<std::vector<std::string>>>(
            where_, [store = store_] { return store->partitions(); }, std::forward<Token>(token));
    }

private:
    boost::asio::any_io_executor where_;
    std::shared_ptr<S> store_;
};

/// A KeyProvider as an AsyncKeyProvider, like lifted_store.
template <KeyProvider K>
class lifted_keys {
public:
    lifted_keys(boost::asio::any_io_executor where, std::shared_ptr<K> keys)
        : where_(std::move(where)), keys_(std::move(keys)) {}

    auto get_executor() const noexcept -> boost::asio::any_io_executor { return where_; }

    template <class Token>
    auto async_key_for(std::string environment, Token&& token) {
        return detail::offload<result<std::string>>(
            where_,
            [keys = keys_, environment = std::move(environment)] {
                return keys->key_for(environment);
            },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_wrap(std::string kek_id, key_bytes dek, bytes aad, Token&& token) {
        return detail::offload<result<bytes>>(
            where_,
            [keys = keys_, kek_id = std::move(kek_id), dek = std::move(dek), aad = std::move(aad)] {
                return keys->wrap(kek_id, dek.view(), aad);
            },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_unwrap(std::string kek_id, std::string environment, bytes wrapped, bytes aad,
                      Token&& token) {
        return detail::offload<result<key_bytes>>(
            where_,
            [keys = keys_, kek_id = std::move(kek_id), environment = std::move(environment),
             wrapped = std::move(wrapped),
             aad = std::move(aad)] { return keys->unwrap(kek_id, environment, wrapped, aad); },
            std::forward<Token>(token));
    }
    template <class Token>
    requires AnchoringKeyProvider<K>
    auto async_recall(std::string realm, std::string environment, Token&& token) {
        return detail::offload<result<std::optional<mark>>>(
            where_,
            [keys = keys_, realm = std::move(realm), environment = std::move(environment)] {
                return keys->recall(realm, environment);
            },
            std::forward<Token>(token));
    }
    template <class Token>
    requires AnchoringKeyProvider<K>
    auto async_remember(std::string realm, std::string environment, lineage seen, Token&& token) {
        return detail::offload<result<mark>>(
            where_,
            [keys = keys_, realm = std::move(realm), environment = std::move(environment), seen] {
                return keys->remember(realm, environment, seen);
            },
            std::forward<Token>(token));
    }

private:
    boost::asio::any_io_executor where_;
    std::shared_ptr<K> keys_;
};

/// Presents a synchronous store or key provider as an asynchronous one:
///
///     boost::asio::thread_pool pool(4);
///     auto store = coffer::asio::lift(pool, coffer::file::open("secrets").value());
///
/// The pool ends by join(), not by stop(), while anybody may still read or write: who shares a look
/// that was stopped before it began waits for good.
template <ReadableStore S>
auto lift(boost::asio::any_io_executor where, S store) -> lifted_store<S> {
    return {std::move(where), std::make_shared<S>(std::move(store))};
}
template <KeyProvider K>
auto lift(boost::asio::any_io_executor where, K keys) -> lifted_keys<K> {
    return {std::move(where), std::make_shared<K>(std::move(keys))};
}
template <class T>
requires(ReadableStore<T> || KeyProvider<T>) auto lift(boost::asio::thread_pool& pool, T what) {
    return lift(boost::asio::any_io_executor(pool.get_executor()), std::move(what));
}

} // namespace coffer::inline COFFER_ABI::asio

#endif
