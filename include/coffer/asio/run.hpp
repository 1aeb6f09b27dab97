// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_RUN_HPP
#define COFFER_ASIO_RUN_HPP

#include <coffer/algorithm/action.hpp>
#include <coffer/asio/concepts/async_anchoring_key_provider.hpp>
#include <coffer/asio/concepts/async_listable_store.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace coffer::inline COFFER_ABI::asio {

namespace detail {

/// One run of an algorithm, as boost::asio::async_compose wants it.
template <class A, class S, class K>
class run_op {
public:
    using value_type = typename A::value_type;
    using finished = result<value_type>;
    using action = typename A::action;

    run_op(std::unique_ptr<A> algorithm, S& store, K& keys)
        : algorithm_(std::move(algorithm)), store_(&store), keys_(&keys) {}

    /// The start, and the step after an answer that was there at once.
    template <class Self>
    void operator()(Self& self) {
        if (end_) return self.complete(*std::exchange(end_, std::nullopt));
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        go_on(self, algorithm_->start());
    }
    template <class Self, class T>
    void operator()(Self& self, result<T> answer) {
        within_initiation_ = false;
        // What a cancelled read fails with is of no interest; a write answers truthfully.
        if (!shielded_ && cancelled(self) && !answer) answer = errc::cancelled;
        unshield(self);
        go_on(self, algorithm_->on(std::move(answer)));
    }
    /// The end of a pause.
    template <class Self>
    void operator()(Self& self, boost::system::error_code stopped) {
        within_initiation_ = false;
        timer_.reset();
        go_on(self, algorithm_->on(stopped ? result<void>(errc::cancelled) : result<void>()));
    }

private:
    template <class Self>
    auto cancelled(Self& self) -> bool {
        was_cancelled_ = was_cancelled_ || self.get_cancellation_state().cancelled() !=
                                               boost::asio::cancellation_type::none;
        return was_cancelled_;
    }

    template <class Self>
    void go_on(Self& self, action next) {
        for (;;) {
            if (auto* end = std::get_if<finished>(&next)) return finish(self, std::move(*end));
            auto more = std::visit([&](auto& what) { return answer_at_once(self, what); }, next);
            if (!more) break;
            next = *std::move(more);
        }
        std::visit([&](auto& what) { ask(self, std::move(what)); }, next);
    }
    template <class Self>
    void finish(Self& self, finished&& end) {
        algorithm_.reset(); // what it holds goes before the handler is called
        if (!within_initiation_) return self.complete(std::move(end));
        end_.emplace(std::move(end));
        boost::asio::post(std::move(self));
    }

    /// The next action, if this one needs nobody: what can't be asked for, or a run that was
    /// cancelled. A commit that was made is remembered all the same.
    template <class Self, class Action>
    auto answer_at_once(Self& self, const Action& what) -> std::optional<action> {
        using namespace algorithm;
        if constexpr (std::is_same_v<Action, finished>)
            return std::nullopt;
        else {
            using answer = typename Action::answer;
            constexpr bool is_remember = std::is_same_v<Action, remember>;
            constexpr bool anchors = AsyncAnchoringKeyProvider<K>;
            if constexpr (!is_remember)
                if (cancelled(self)) return algorithm_->on(answer(errc::cancelled));
            if constexpr (std::is_same_v<Action, list> && !AsyncListableStore<S>)
                return algorithm_->on(answer(errc::unsupported));
            if constexpr (std::is_same_v<Action, recall> && !anchors)
                return algorithm_->on(answer(std::optional<mark>{}));
            if constexpr (is_remember && !anchors) return algorithm_->on(answer(what.seen.newest));
            (void)what;
            return std::nullopt;
        }
    }

    // Each moves `self`, and this operation with it: nothing of it is touched after.
    template <class Self>
    void ask(Self& self, algorithm::load&& a) {
        auto& store = *store_;
        store.async_load(std::move(a.partition), std::move(a.keys), std::move(self));
    }
    template <class Self>
    void ask(Self& self, [[maybe_unused]] algorithm::list&& a) {
        if constexpr (AsyncListableStore<S>) {
            auto& store = *store_;
            store.async_list(std::move(a.partition), std::move(self));
        }
    }
    template <class Self>
    void ask(Self& self, algorithm::commit&& a) {
        static_assert(AsyncStore<S>, "this algorithm writes: it needs a store that can commit");
        shield(self);
        auto& store = *store_;
        store.async_commit(std::move(a.partition), a.expected, a.next, std::move(a.writes),
                           std::move(self));
    }
    template <class Self>
    void ask(Self& self, algorithm::key_for&& a) {
        auto& keys = *keys_;
        keys.async_key_for(std::move(a.environment), std::move(self));
    }
    template <class Self>
    void ask(Self& self, algorithm::wrap&& a) {
        auto& keys = *keys_;
        keys.async_wrap(std::move(a.kek_id), std::move(a.dek), std::move(a.aad), std::move(self));
    }
    template <class Self>
    void ask(Self& self, algorithm::unwrap&& a) {
        auto& keys = *keys_;
        keys.async_unwrap(std::move(a.kek_id), std::move(a.environment), std::move(a.wrapped),
                          std::move(a.aad), std::move(self));
    }
    template <class Self>
    void ask(Self& self, [[maybe_unused]] algorithm::recall&& a) {
        if constexpr (AsyncAnchoringKeyProvider<K>) {
            auto& keys = *keys_;
            keys.async_recall(std::move(a.realm), std::move(a.environment), std::move(self));
        }
    }
    template <class Self>
    void ask(Self& self, [[maybe_unused]] algorithm::remember&& a) {
        if constexpr (AsyncAnchoringKeyProvider<K>) {
            shield(self);
            auto& keys = *keys_;
            keys.async_remember(std::move(a.realm), std::move(a.environment), a.seen,
                                std::move(self));
        }
    }
    template <class Self>
    void ask(Self& self, algorithm::pause&& a) {
        timer_ = std::make_unique<boost::asio::steady_timer>(store_->get_executor(), a.time);
        auto& timer = *timer_;
        timer.async_wait(std::move(self));
    }
    template <class Self>
    void ask(Self&, finished&&) {} // go_on has seen to it

    /// A write on its way is not to be cancelled: its answer is worth more than an early end.
    template <class Self>
    void shield(Self& self) {
        (void)cancelled(self);
        shielded_ = true;
        self.reset_cancellation_state(boost::asio::enable_total_cancellation(),
                                      boost::asio::disable_cancellation());
    }
    template <class Self>
    void unshield(Self& self) {
        if (!shielded_) return;
        (void)cancelled(self);
        shielded_ = false;
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
    }

    std::unique_ptr<A> algorithm_;
    S* store_;
    K* keys_;
    std::unique_ptr<boost::asio::steady_timer> timer_{};
    std::optional<finished> end_{};
    bool within_initiation_ = true;
    bool shielded_ = false;
    bool was_cancelled_ = false;
};

} // namespace detail

/// The asynchronous driver: runs an algorithm (algorithm/refresh.hpp, algorithm/transact.hpp) to
/// its end on a store and a key provider that don't block.
///
/// Completion signature: `void(result<typename A::value_type>)`, never called inside this call.
/// Executor: the handler's, else the store's; the algorithm's own work (opening, sealing) is done
/// there too. The handler's allocator is used for what Asio allocates.
/// Cancellation: terminal, partial and total are one. What was not sent yet is not sent, and the
/// answer is `cancelled`; a commit that is under way is waited for and its answer wins: success, a
/// failure, or outcome_unknown. The anchor of a commit that was made is still written.
/// Lifetime: store and keys outlive the operation; the algorithm is this operation's, and what it
/// refers to (edits, clock) outlives it too. As with every operation of Asio, the store's context
/// stays until the completion has been destroyed, which is after the handler was called: join() a
/// thread_pool before it goes, and declare an io_context before the pool that completes on it.
template <class A, AsyncReadableStore S, AsyncKeyProvider K, class Token>
auto async_run(std::unique_ptr<A> algorithm, S& store, K& keys, Token&& token) {
    static_assert(detail::async_anchors_rightly<K>,
                  "the key provider has one of async_recall and async_remember, not both");
    return boost::asio::async_compose<Token, void(result<typename A::value_type>)>(
        detail::run_op<A, S, K>(std::move(algorithm), store, keys), token, store.get_executor());
}

} // namespace coffer::inline COFFER_ABI::asio

#endif
