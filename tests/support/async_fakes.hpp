// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_ASYNC_FAKES_HPP
#define COFFER_TESTS_SUPPORT_ASYNC_FAKES_HPP

#include <coffer/any_key_provider.hpp>
#include <coffer/any_store.hpp>
#include <coffer/asio/concepts/async_anchoring_key_provider.hpp>
#include <coffer/asio/concepts/async_listable_store.hpp>
#include <coffer/asio/detail/pending.hpp>

#include <boost/asio/async_result.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace coffer_test {

/// Calls that wait until a test lets them go on, with what cancellation does to them meanwhile.
/// Thread-safe; copies share it.
class gate {
public:
    struct call {
        std::function<void()> go_on{};
        std::function<void()> give_up{};
    };
    /// From now on calls wait.
    void shut() {
        with([](state& s) { s.open = false; });
    }
    /// Those that wait go on, and others do not wait any more.
    void open() {
        std::deque<std::shared_ptr<call>> all;
        with([&](state& s) { s.open = true, all.swap(s.waiting); });
        for (const auto& c : all)
            c->go_on();
    }
    /// The first that waits goes on; false: none does.
    auto let_one() -> bool {
        std::shared_ptr<call> first;
        with([&](state& s) {
            if (s.waiting.empty()) return;
            first = s.waiting.front();
            s.waiting.pop_front();
        });
        if (first != nullptr) first->go_on();
        return first != nullptr;
    }
    auto waiting() const -> std::size_t {
        std::size_t n = 0;
        with([&](state& s) { n = s.waiting.size(); });
        return n;
    }
    /// False: the gate is open, `c` did not wait.
    auto wait(const std::shared_ptr<call>& c) -> bool {
        bool waits = false;
        with([&](state& s) {
            waits = !s.open;
            if (waits) s.waiting.push_back(c);
        });
        return waits;
    }
    /// Takes a call out; false: it went on already.
    auto withdraw(const std::shared_ptr<call>& c) -> bool {
        bool there = false;
        with([&](state& s) { there = std::erase(s.waiting, c) != 0; });
        return there;
    }

private:
    struct state {
        std::mutex mutex{};
        bool open = true;
        std::deque<std::shared_ptr<call>> waiting{};
    };
    template <class F>
    void with(F&& f) const {
        const std::lock_guard lock(state_->mutex);
        f(*state_);
    }
    std::shared_ptr<state> state_ = std::make_shared<state>();
};

/// Does `work` later on `where`, behind a gate; a call that still waits there can be cancelled.
template <class Result, class Work, class Token>
auto do_later(const boost::asio::any_io_executor& where, gate at, Work&& work, Token&& token) {
    return boost::asio::async_initiate<Token, void(Result)>(
        [where, at](auto handler, auto what) mutable {
            using waiting = coffer::asio::detail::pending<decltype(handler)>;
            auto mine = std::make_shared<waiting>(std::move(handler), where);
            auto c = std::make_shared<gate::call>();
            auto shared_work = std::make_shared<decltype(what)>(std::move(what));
            c->go_on = [where, mine, shared_work] {
                boost::asio::post(where, [mine, shared_work] { mine->complete((*shared_work)()); });
            };
            if (auto slot = mine->cancellation_slot(); slot.is_connected())
                slot.assign(
                    [at, weak = std::weak_ptr(c), mine](boost::asio::cancellation_type) mutable {
                        const auto held = weak.lock();
                        if (held && at.withdraw(held))
                            mine->complete(Result(coffer::errc::cancelled));
                    });
            if (!at.wait(c)) c->go_on();
        },
        token, std::forward<Work>(work));
}

/// A native AsyncStore for tests: it holds what a synchronous one holds, answers on its executor
/// and, while its gates are shut, only when a test wants it to.
struct async_fake_store {
    boost::asio::any_io_executor executor;
    coffer::any_store held;
    gate loads{};
    gate commits{};

    auto get_executor() const noexcept -> boost::asio::any_io_executor { return executor; }
    auto limits() const noexcept -> coffer::store_limits { return held.limits(); }

    template <class Token>
    auto async_load(std::string partition, std::vector<std::string> keys, Token&& token) {
        return do_later<coffer::result<coffer::cut>>(
            executor, loads,
            [s = held, partition = std::move(partition), keys = std::move(keys)]() mutable {
                return s.load(partition, keys);
            },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_commit(std::string partition, coffer::revision expected, coffer::revision next,
                      coffer::asio::shared_writes writes, Token&& token) {
        return do_later<coffer::result<coffer::commit_outcome>>(
            executor, commits,
            [s = held, partition = std::move(partition), expected, next,
             writes = std::move(writes)]() mutable {
                return s.commit(partition, expected, next, *writes);
            },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_list(std::string partition, Token&& token) {
        return do_later<coffer::result<coffer::listing>>(
            executor, loads,
            [s = held, partition = std::move(partition)]() mutable { return s.list(partition); },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_partitions(Token&& token) {
        return do_later<coffer::result<std::vector<std::string>>>(
            executor, loads, [s = held]() mutable { return s.partitions(); },
            std::forward<Token>(token));
    }
};

static_assert(coffer::asio::AsyncStore<async_fake_store> &&
              coffer::asio::AsyncListableStore<async_fake_store>);

/// A native AsyncKeyProvider for tests, like async_fake_store.
struct async_fake_keys {
    boost::asio::any_io_executor executor;
    coffer::any_key_provider held;
    gate calls{};

    auto get_executor() const noexcept -> boost::asio::any_io_executor { return executor; }

    template <class Token>
    auto async_key_for(std::string environment, Token&& token) {
        return do_later<coffer::result<std::string>>(
            executor, calls, [k = held, environment]() mutable { return k.key_for(environment); },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_wrap(std::string kek_id, coffer::key_bytes dek, coffer::bytes aad, Token&& token) {
        return do_later<coffer::result<coffer::bytes>>(
            executor, calls,
            [k = held, kek_id, dek = std::move(dek), aad]() mutable {
                return k.wrap(kek_id, dek.view(), aad);
            },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_unwrap(std::string kek_id, std::string environment, coffer::bytes wrapped,
                      coffer::bytes aad, Token&& token) {
        return do_later<coffer::result<coffer::key_bytes>>(
            executor, calls,
            [k = held, kek_id, environment, wrapped, aad]() mutable {
                return k.unwrap(kek_id, environment, wrapped, aad);
            },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_recall(std::string realm, std::string environment, Token&& token) {
        return do_later<coffer::result<std::optional<coffer::mark>>>(
            executor, calls,
            [k = held, realm, environment]() mutable { return k.recall(realm, environment); },
            std::forward<Token>(token));
    }
    template <class Token>
    auto async_remember(std::string realm, std::string environment, coffer::lineage seen,
                        Token&& token) {
        return do_later<coffer::result<coffer::mark>>(
            executor, calls,
            [k = held, realm, environment, seen]() mutable {
                return k.remember(realm, environment, seen);
            },
            std::forward<Token>(token));
    }
};

static_assert(coffer::asio::AsyncAnchoringKeyProvider<async_fake_keys>);

} // namespace coffer_test

#endif
