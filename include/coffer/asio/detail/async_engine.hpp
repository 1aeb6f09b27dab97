// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_DETAIL_ASYNC_ENGINE_HPP
#define COFFER_ASIO_DETAIL_ASYNC_ENGINE_HPP

#include <coffer/asio/block_on.hpp>
#include <coffer/asio/lift.hpp>
#include <coffer/asio/run.hpp>
#include <coffer/detail/engine.hpp>

#include <atomic>
#include <memory>
#include <utility>

namespace coffer::inline COFFER_ABI::asio::detail {

/// The asynchronous face of a store or key provider: its own, or it is lifted.
template <class T>
auto async_face(const boost::asio::any_io_executor& pool, std::shared_ptr<T> what) {
    if constexpr (ReadableStore<T>)
        return lifted_store<T>(pool, std::move(what));
    else
        return lifted_keys<T>(pool, std::move(what));
}
template <class A>
auto async_face(const boost::asio::any_io_executor&, std::shared_ptr<blocking_store<A>> what) -> A {
    return what->inner();
}
template <class A>
auto async_face(const boost::asio::any_io_executor&, std::shared_ptr<blocking_keys<A>> what) -> A {
    return what->inner();
}

/// An engine with the asynchronous faces of its store and keys.
template <class P>
struct async_engine {
    using engine_type = coffer::detail::engine<P>;
    using slot_type = typename engine_type::slot_type;
    using S = typename engine_type::S;
    using K = typename engine_type::K;
    using store_type = decltype(async_face(boost::asio::any_io_executor(), std::shared_ptr<S>()));
    using keys_type = decltype(async_face(boost::asio::any_io_executor(), std::shared_ptr<K>()));

    async_engine(const boost::asio::any_io_executor& pool, std::shared_ptr<engine_type> of)
        : engine(std::move(of)),
          store(async_face(pool, std::shared_ptr<S>(engine, &engine->store()))),
          keys(async_face(pool, std::shared_ptr<K>(engine, &engine->keys()))) {}

    std::shared_ptr<engine_type> engine;
    store_type store;
    keys_type keys;
};
template <class P>
using engine_ptr = std::shared_ptr<async_engine<P>>;
template <class P>
using slot_ptr = std::shared_ptr<typename async_engine<P>::slot_type>;

/// Runs a refresh on its own, whoever waits for it, and lands it.
template <class P>
void fly(const engine_ptr<P>& io, const slot_ptr<P>& slot, coffer::detail::flight&& mine) {
    auto& engine = *io->engine;
    if (auto valid = check_realm(engine.settings().realm); !valid) return mine.ends_with(valid);
    auto plan = engine.plan_look(*slot);
    auto look = std::make_unique<algorithm::refresh<typename P::cipher_type>>(std::move(plan.look));
    async_run(std::move(look), io->store, io->keys,
              [io, slot, from = plan.from, mine = std::move(mine)](auto found) mutable {
                  mine.ends_with(io->engine->looked(*slot, std::move(found), from));
              });
}

/// Commits a batch on its own, whoever waits for it.
template <class P>
void commit(const engine_ptr<P>& io, const slot_ptr<P>& slot, coffer::detail::write_batch&& batch) {
    auto& engine = *io->engine;
    if (auto valid = check_realm(engine.settings().realm); !valid) return batch.ends_with(valid);
    auto plan = engine.plan_write(*slot, batch.edits(), {.create = batch.create()});
    auto change =
        std::make_unique<algorithm::transact<typename P::cipher_type>>(std::move(plan.change));
    async_run(
        std::move(change), io->store, io->keys,
        [io, slot, before = std::move(plan.before), batch = std::move(batch)](auto done) mutable {
            batch.ends_with(io->engine->settle(*slot, std::move(done), std::move(before)));
        });
}

/// A handler that waits for a shared flight. Cancelling it takes it off; the flight goes on.
template <class P, class Handler>
class flight_wait final : public coffer::detail::flight_waiter,
                          public std::enable_shared_from_this<flight_wait<P, Handler>> {
public:
    flight_wait(Handler handler, engine_ptr<P> io, slot_ptr<P> slot)
        : io_(std::move(io)), slot_(std::move(slot)),
          handler_(std::move(handler), io_->store.get_executor()) {}

    void start() {
        if (auto signal = handler_.cancellation_slot(); signal.is_connected())
            signal.assign([weak = this->weak_from_this()](boost::asio::cancellation_type) {
                if (const auto self = weak.lock()) self->landed(errc::cancelled);
            });
        slot_->looks().join(this->shared_from_this());
    }
    void lead(coffer::detail::flight&& mine) override { fly<P>(io_, slot_, std::move(mine)); }
    void landed(const result<void>& outcome) override {
        if (!told_.exchange(true)) handler_.complete(outcome);
    }

private:
    engine_ptr<P> io_;
    slot_ptr<P> slot_;
    pending<Handler> handler_;
    std::atomic<bool> told_{false};
};

/// Waits for a refresh of an environment that begins after this call. `void(result<void>)`.
template <class P, class Token>
auto async_flight(engine_ptr<P> io, slot_ptr<P> slot, Token&& token) {
    return boost::asio::async_initiate<Token, void(result<void>)>(
        [](auto handler, engine_ptr<P> engine, slot_ptr<P> held) {
            using waiter = flight_wait<P, decltype(handler)>;
            std::make_shared<waiter>(std::move(handler), std::move(engine), std::move(held))
                ->start();
        },
        token, std::move(io), std::move(slot));
}

/// A handler that waits for the commit of its edit. Cancelling it takes it out of the queue; a
/// commit that has begun with it is waited for.
template <class P, class E, class Handler>
class write_wait final : public coffer::detail::write_waiter,
                         public std::enable_shared_from_this<write_wait<P, E, Handler>> {
public:
    using answer = result<typename E::value_type>;

    write_wait(Handler handler, engine_ptr<P> io, slot_ptr<P> slot, E edit)
        : io_(std::move(io)), slot_(std::move(slot)), edit_(std::move(edit)),
          handler_(std::move(handler), io_->store.get_executor()) {}

    void start(bool create) {
        entry_.edit = &edit_;
        entry_.create = create;
        if (auto signal = handler_.cancellation_slot(); signal.is_connected())
            signal.assign([weak = this->weak_from_this()](boost::asio::cancellation_type) {
                const auto self = weak.lock();
                if (self && self->slot_->writes().withdraw(self->entry_))
                    self->handler_.complete(answer(errc::cancelled));
            });
        entry_.waiter = this->shared_from_this(); // until it was told
        slot_->writes().join(entry_);
    }
    void lead(coffer::detail::write_batch&& batch) override {
        commit<P>(io_, slot_, std::move(batch));
    }
    void written(const result<void>& outcome) override {
        handler_.complete(outcome ? edit_.take() : answer(outcome.error()));
    }

private:
    engine_ptr<P> io_;
    slot_ptr<P> slot_;
    algorithm::answered_edit<E> edit_;
    coffer::detail::waiting_write entry_{};
    pending<Handler> handler_;
};

/// Queues an edit and waits for its commit. `void(result<E::value_type>)`.
template <class P, class E, class Token>
auto async_write(engine_ptr<P> io, slot_ptr<P> slot, E edit, bool create, Token&& token) {
    return boost::asio::async_initiate<Token, void(result<typename E::value_type>)>(
        [create](auto handler, engine_ptr<P> engine, slot_ptr<P> held, E change) {
            using waiter = write_wait<P, E, decltype(handler)>;
            std::make_shared<waiter>(std::move(handler), std::move(engine), std::move(held),
                                     std::move(change))
                ->start(create);
        },
        token, std::move(io), std::move(slot), std::move(edit));
}

} // namespace coffer::inline COFFER_ABI::asio::detail

#endif
