// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_BLOCK_ON_HPP
#define COFFER_ASIO_BLOCK_ON_HPP

#include <coffer/asio/concepts/async_anchoring_key_provider.hpp>
#include <coffer/asio/concepts/async_listable_store.hpp>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace coffer::inline COFFER_ABI::asio {

namespace detail {

/// An answer that a thread waits for; without one if the context goes away.
template <class Result>
class awaited {
public:
    /// The handler: whoever drops it without calling it says that there will be no answer.
    class handler {
    public:
        explicit handler(std::shared_ptr<awaited> to) noexcept : to_(std::move(to)) {}
        handler(handler&&) noexcept = default;
        auto operator=(handler&&) noexcept -> handler& = default;
        ~handler() {
            if (to_ != nullptr) to_->end(std::nullopt);
        }
        void operator()(Result answer) { std::exchange(to_, nullptr)->end(std::move(answer)); }

    private:
        std::shared_ptr<awaited> to_;
    };

    auto wait() -> std::optional<Result> {
        std::unique_lock lock(mutex_);
        ended_.wait(lock, [this] { return done_; });
        return std::move(answer_);
    }

private:
    void end(std::optional<Result> answer) {
        const std::lock_guard lock(mutex_);
        answer_ = std::move(answer);
        done_ = true;
        ended_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable ended_;
    bool done_ = false;
    std::optional<Result> answer_{};
};

/// Waits for the answer; `dropped` if the context went away without one.
template <class Result, class Initiate>
auto wait_for(Initiate&& initiate, Result dropped) -> Result {
    auto answer = std::make_shared<awaited<Result>>();
    std::forward<Initiate>(initiate)(typename awaited<Result>::handler(answer));
    auto got = answer->wait();
    return got ? *std::move(got) : std::move(dropped);
}

} // namespace detail

/// A context with a thread of its own that runs it: where an AsyncStore can live that only block_on
/// uses. Stops, and waits for its thread, on destruction; calls that wait then get `unavailable`.
/// What runs on it must not throw. Throws std::system_error where there is no thread to be had,
/// boost::system::system_error where there is no descriptor.
class io_thread {
public:
    io_thread() : work_(context_.get_executor()), thread_([this] { context_.run(); }) {}
    io_thread(const io_thread&) = delete;
    auto operator=(const io_thread&) -> io_thread& = delete;
    ~io_thread() {
        context_.stop();
        thread_.join();
    }
    auto get_executor() noexcept -> boost::asio::io_context::executor_type {
        return context_.get_executor();
    }

private:
    boost::asio::io_context context_{1};
    /// Makes the context's reactor, which the first timer would: its want of a descriptor can be
    /// told here, and not on the thread.
    boost::asio::steady_timer reactor_{context_};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    std::thread thread_;
};

/// An AsyncStore as a Store: each call waits on the calling thread. **Never call it from a thread
/// that runs the store's context**: the answer could then never come. If the context goes away
/// under a call, a load is `unavailable` and a commit `unknown`. A handle, thread-safe.
template <AsyncReadableStore A>
class blocking_store {
public:
    explicit blocking_store(A inner) : inner_(std::move(inner)) {}

    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
        return detail::wait_for<result<cut>>(
            [&](auto token) {
                return inner_.async_load(std::string(partition), {keys.begin(), keys.end()},
                                         std::move(token));
            },
            errc::unavailable);
    }
    auto commit(std::string_view partition, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome>
    requires AsyncStore<A> {
        auto shared =
            std::make_shared<const std::vector<object_write>>(writes.begin(), writes.end());
        return detail::wait_for<result<commit_outcome>>(
            [&](auto token) {
                return inner_.async_commit(std::string(partition), expected, next,
                                           std::move(shared), std::move(token));
            },
            commit_outcome::unknown);
    }
    auto list(std::string_view partition) -> result<listing>
    requires AsyncListableStore<A> {
        return detail::wait_for<result<listing>>(
            [&](auto token) { return inner_.async_list(std::string(partition), std::move(token)); },
            errc::unavailable);
    }
    auto partitions() -> result<std::vector<std::string>>
    requires AsyncListableStore<A> {
        return detail::wait_for<result<std::vector<std::string>>>(
            [&](auto token) { return inner_.async_partitions(std::move(token)); },
            errc::unavailable);
    }
    auto limits() const noexcept -> store_limits { return inner_.limits(); }
    /// The store itself: what async_at and its like use when a vault's store is a blocking_store.
    auto inner() const noexcept -> const A& { return inner_; }

private:
    mutable A inner_;
};

/// An AsyncKeyProvider as a KeyProvider, like blocking_store.
template <AsyncKeyProvider A>
class blocking_keys {
public:
    explicit blocking_keys(A inner) : inner_(std::move(inner)) {}

    auto key_for(std::string_view environment) -> result<std::string> {
        return detail::wait_for<result<std::string>>(
            [&](auto token) {
                return inner_.async_key_for(std::string(environment), std::move(token));
            },
            errc::unavailable);
    }
    auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, byte_view aad)
        -> result<bytes> {
        return detail::wait_for<result<bytes>>(
            [&](auto token) {
                return inner_.async_wrap(std::string(kek_id), key_bytes(dek),
                                         bytes(aad.begin(), aad.end()), std::move(token));
            },
            errc::unavailable);
    }
    auto unwrap(std::string_view kek_id, std::string_view environment, byte_view wrapped,
                byte_view aad) -> result<key_bytes> {
        return detail::wait_for<result<key_bytes>>(
            [&](auto token) {
                return inner_.async_unwrap(std::string(kek_id), std::string(environment),
                                           bytes(wrapped.begin(), wrapped.end()),
                                           bytes(aad.begin(), aad.end()), std::move(token));
            },
            errc::unavailable);
    }
    auto recall(std::string_view realm, std::string_view environment) -> result<std::optional<mark>>
    requires AsyncAnchoringKeyProvider<A> {
        return detail::wait_for<result<std::optional<mark>>>(
            [&](auto token) {
                return inner_.async_recall(std::string(realm), std::string(environment),
                                           std::move(token));
            },
            errc::unavailable);
    }
    auto remember(std::string_view realm, std::string_view environment, const lineage& seen)
        -> result<mark>
    requires AsyncAnchoringKeyProvider<A> {
        return detail::wait_for<result<mark>>(
            [&](auto token) {
                return inner_.async_remember(std::string(realm), std::string(environment), seen,
                                             std::move(token));
            },
            errc::unavailable);
    }
    auto inner() const noexcept -> const A& { return inner_; }

private:
    A inner_;
};

/// Presents an asynchronous store or key provider as a synchronous one, whose context other threads
/// run (an io_thread, or the program's own). A vault made with it has both faces: its own calls
/// wait, async_at, async_put and their like use the asynchronous store itself.
template <AsyncReadableStore A>
auto block_on(A store) -> blocking_store<A> {
    return blocking_store<A>(std::move(store));
}
template <AsyncKeyProvider A>
auto block_on(A keys) -> blocking_keys<A> {
    return blocking_keys<A>(std::move(keys));
}

} // namespace coffer::inline COFFER_ABI::asio

#endif
