// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_RESOLVER_HPP
#define COFFER_ASIO_RESOLVER_HPP

#include <coffer/asio/detail/async_engine.hpp>
#include <coffer/resolver.hpp>

#include <boost/asio/system_executor.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::asio {

/// A resolver or a vault.
template <class H>
concept Handle = requires {
    typename H::policy_type;
};

/// A resolver or a vault, and the executor on which the calls of a store and of keys that block
/// run: see lift. Without it they run on boost::asio::system_executor.
template <Handle H>
struct lifted_handle {
    using policy_type = typename H::policy_type;
    boost::asio::any_io_executor where{};
    H handle;
};

/// Chooses where async_at, async_put and their like do blocking work:
///
///     boost::asio::thread_pool pool(4);
///     auto secrets = coffer::asio::lift(pool, vault.resolver());
///     coffer::asio::async_get(secrets, {.environment = "prod"}, "SLACK_TOKEN", handler);
template <Handle H>
auto lift(boost::asio::any_io_executor where, H handle) -> lifted_handle<H> {
    return {std::move(where), std::move(handle)};
}
template <Handle H>
auto lift(boost::asio::thread_pool& pool, H handle) -> lifted_handle<H> {
    return {pool.get_executor(), std::move(handle)};
}

namespace detail {

template <Handle H>
auto engine_of(const H& handle) {
    if constexpr (requires { handle.resolver(); })
        return handle.resolver().engine();
    else
        return handle.engine();
}
template <Handle H>
auto work_on(const H& handle) {
    return std::make_shared<async_engine<typename H::policy_type>>(boost::asio::system_executor(),
                                                                   engine_of(handle));
}
template <Handle H>
auto work_on(const lifted_handle<H>& lifted) {
    return std::make_shared<async_engine<typename H::policy_type>>(lifted.where,
                                                                   engine_of(lifted.handle));
}

/// Looks at the registry, to say why an environment is not known (see engine::found). False: no
/// look is needed, and `self` was left alone.
template <class P, class Self>
auto ask_registry(engine_ptr<P> io, Self& self) -> bool {
    auto& engine = *io->engine;
    engine.slot_of(system_environment); // one to keep
    auto registry = engine.borrow_slot(system_environment);
    if (engine.without_look(*registry)) return false;
    async_flight<P>(std::move(io), std::move(registry), std::move(self));
    return true;
}
/// What it says of the environment; `none`: there is no registry.
enum class registered : unsigned char { none, no, yes };
template <class P>
auto registry_says(const engine_ptr<P>& io, const std::string& environment,
                   const result<void>& looked) -> result<registered> {
    auto& engine = *io->engine;
    const auto state = engine.state_after(engine.slot_of(system_environment), looked);
    if (!state) return state.error();
    if (state->snapshot == nullptr) return registered::none;
    return engine.is_listed_in(*state, environment) ? registered::yes : registered::no;
}

/// engine::at step by step; Finish makes the answer of a result<view>.
template <class P, class Finish>
class at_op {
public:
    using answer = decltype(std::declval<Finish&>()(std::declval<result<view>>()));

    at_op(engine_ptr<P> io, context where, Finish finish)
        : io_(std::move(io)), where_(where), finish_(std::move(finish)) {}

    template <class Self>
    void operator()(Self& self, result<void> looked = {}) {
        switch (std::exchange(next_, step::done)) {
        case step::start: return start(self);
        case step::known: return view_of_known(self);
        case step::look: return on_look(self, looked);
        case step::registry: return on_registry(self, looked);
        case step::look_again: return on_look(self, looked, true);
        case step::done: return finish(self, *std::move(found_));
        }
    }
    /// engine::check_ours: the partitions, and then the head of each.
    template <class Self>
    void operator()(Self& self, result<std::vector<std::string>> partitions) {
        if (!partitions)
            return finish(self, partitions.error() == errc::unsupported ? errc::unknown_scope
                                                                        : partitions.error());
        partitions_ = *std::move(partitions);
        ask_head(self);
    }
    template <class Self>
    void operator()(Self& self, const result<cut>& head) {
        const auto ours = io_->engine->is_ours(head);
        if (ours.value_or(false)) return finish(self, errc::unknown_scope);
        others_ = others_ || ours;
        ask_head(self);
    }

private:
    using state_type = coffer::detail::current_state<typename P::cipher_type>;
    enum class step : unsigned char { start, known, look, registry, look_again, done };

    template <class Self>
    void start(Self& self) {
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        auto& engine = *io_->engine;
        const auto valid = check_context(where_.view());
        if (valid) slot_ = engine.borrow_slot(where_.environment);
        if (valid) known_ = engine.without_look(*slot_);
        if (valid && !known_) return look(self, step::look);
        if (valid)
            next_ = step::known;
        else
            found_ = result<view>(valid.error());
        boost::asio::post(std::move(self)); // never within this call
    }
    template <class Self>
    void view_of_known(Self& self) {
        on_state(self, *known_, false);
    }
    template <class Self>
    void look(Self& self, step then) {
        next_ = then;
        auto io = io_;
        auto slot = slot_;
        async_flight<P>(std::move(io), std::move(slot), std::move(self));
    }
    template <class Self>
    void on_look(Self& self, const result<void>& looked, bool listed = false) {
        const auto& engine = *io_->engine;
        const auto state = engine.state_after(*slot_, looked);
        if (!state) return finish(self, state.error());
        on_state(self, *state, listed);
    }
    template <class Self>
    void on_state(Self& self, const state_type& state, bool listed) {
        auto& engine = *io_->engine;
        if (state.snapshot != nullptr)
            return finish(self, engine.view_of(*slot_, state, where_.view()));
        if (listed) return finish(self, errc::tampered);
        if (where_.environment == system_environment) return finish(self, errc::unknown_scope);
        next_ = step::registry;
        const auto io = io_;
        if (!ask_registry<P>(io, self)) on_registry(self, {});
    }
    /// Listed after its head was made: who has seen the listing must see the head now.
    template <class Self>
    void on_registry(Self& self, const result<void>& looked) {
        const auto listed = registry_says<P>(io_, where_.environment, looked);
        if (!listed) return finish(self, listed.error());
        if (*listed == registered::yes) return look(self, step::look_again);
        if constexpr (requires(Self s) { io_->store.async_partitions(std::move(s)); })
            if (*listed == registered::none) {
                const auto io = io_;
                return io->store.async_partitions(std::move(self));
            }
        finish(self, errc::unknown_scope);
    }
    template <class Self>
    void ask_head(Self& self) {
        if (self.cancelled() != boost::asio::cancellation_type::none)
            return finish(self, errc::cancelled);
        if (partitions_.empty()) return finish(self, others_ ? errc::foreign : errc::unknown_scope);
        auto partition = std::move(partitions_.back());
        partitions_.pop_back();
        const auto io = io_;
        io->store.async_load(std::move(partition), {"head"}, std::move(self));
    }
    template <class Self>
    void finish(Self& self, result<view> found) {
        if (!found && slot_ != nullptr) io_->engine->give_back(slot_);
        slot_.reset();
        auto end = finish_(std::move(found));
        self.complete(std::move(end));
    }

    engine_ptr<P> io_;
    scope where_;
    Finish finish_;
    slot_ptr<P> slot_{};
    std::optional<state_type> known_{};
    std::optional<result<view>> found_{};
    std::vector<std::string> partitions_{}; ///< Whose heads are yet to be looked at.
    bool others_ = false;                   ///< One was of another realm.
    step next_ = step::start;
};

template <class P, class Finish, class Token>
auto async_look(std::shared_ptr<async_engine<P>> io, context where, Finish finish, Token&& token) {
    using op = at_op<P, Finish>;
    auto executor = io->store.get_executor();
    return boost::asio::async_compose<Token, void(typename op::answer)>(
        op(std::move(io), where, std::move(finish)), token, std::move(executor));
}

} // namespace detail

/// resolver::at without blocking: the view of a context as it is now. `source` is a resolver or a
/// vault, or what lift made of one. Who asks for the same environment at the same time, with a
/// thread or without, shares one look at the store.
///
/// Completion signature: `void(result<view>)`, never called inside this call. Errors: those of
/// SecretSource, and cancelled. Executor: the handler's, else the store's. Cancellation (any type):
/// this call ends as `cancelled`; a look that others share goes on.
/// What the handler throws leaves its executor's run(), as everywhere in Asio. An executor that
/// calls at once what is posted to it has no run(): there it goes no further, since whoever shares
/// the look is told on that thread too.
/// Lifetime: the context and what it points to are copied before this returns, and before anything
/// that a lazy token (use_awaitable, deferred) does later.
template <Handle H, class Token>
auto async_at(const H& source, context where, Token&& token) {
    return detail::async_look(
        detail::work_on(source), where, [](result<view>&& v) { return std::move(v); },
        std::forward<Token>(token));
}

/// Short for async_at and get(name). `void(result<secret>)`.
template <Handle H, class Token>
auto async_get(const H& source, context where, std::string_view name, Token&& token) {
    return detail::async_look(
        detail::work_on(source), where,
        [name = std::string(name)](result<view>&& v) -> result<secret> {
            return v ? v->get(name) : v.error();
        },
        std::forward<Token>(token));
}

} // namespace coffer::inline COFFER_ABI::asio

#endif
