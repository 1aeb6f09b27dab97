// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ASIO_VAULT_HPP
#define COFFER_ASIO_VAULT_HPP

#include <coffer/asio/resolver.hpp>
#include <coffer/vault.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::asio {

namespace detail {

template <class P>
auto vault_of(const vault<P>& v) -> const vault<P>& {
    return v;
}
template <class P>
auto vault_of(const lifted_handle<vault<P>>& lifted) -> const vault<P>& {
    return lifted.handle;
}

inline constexpr auto as_it_is = []<class T>(T&& done) { return std::forward<T>(done); };

/// vault::apply step by step. A write that was refused before it began holds the reason in place of
/// the edit.
template <class P, class E>
class apply_op {
public:
    using edited = result<typename E::value_type>;

    apply_op(engine_ptr<P> io, std::string_view environment, result<E> edit)
        : io_(std::move(io)), environment_(environment), edit_(std::move(edit)) {}

    template <class Self>
    void operator()(Self& self) {
        if (!edit_ && !refused_) {
            refused_ = true;
            return boost::asio::post(std::move(self));
        }
        if (!edit_) return finish(self, edit_.error());
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        slot_ = io_->engine->borrow_slot(environment_);
        auto slot = slot_;
        auto io = io_;
        auto edit = *std::move(edit_);
        async_write<P>(std::move(io), std::move(slot), std::move(edit), false, std::move(self));
    }
    template <class Self>
    void operator()(Self& self, edited done) {
        if (done || done.error().code != errc::unknown_scope) return finish(self, std::move(done));
        auto io = io_; // why it is not known, a reader is told
        async_look<P>(std::move(io), {.environment = environment_}, as_it_is, std::move(self));
    }
    template <class Self>
    void operator()(Self& self, const result<view>& there) {
        finish(self, there ? failure(errc::unknown_scope) : there.error());
    }

private:
    template <class Self>
    void finish(Self& self, edited&& done) {
        if (slot_ != nullptr) io_->engine->give_back(slot_);
        slot_.reset();
        self.complete(std::move(done));
    }

    engine_ptr<P> io_;
    std::string environment_;
    result<E> edit_;
    slot_ptr<P> slot_{};
    bool refused_ = false;
};

template <class P, class E, class Token>
auto async_change(std::shared_ptr<async_engine<P>> io, std::string_view environment, result<E> edit,
                  Token&& token) {
    using op = apply_op<P, E>;
    auto executor = io->store.get_executor();
    return boost::asio::async_compose<Token, void(typename op::edited)>(
        op(std::move(io), environment, std::move(edit)), token, std::move(executor));
}

} // namespace detail

/// Applies an edit of one's own (algorithm/edit.hpp) to an environment that is there, in one commit
/// with whatever else is written at that time; what a vault offers has a function below. `vault` is a
/// vault or what lift made of one. The edit looks after its names (names.hpp); one that would set
/// what no reader takes is refused (invalid_argument).
///
/// Completion signature: `void(result<E::value_type>)`, never called inside this call. Errors:
/// those of vault's writes, and cancelled. Executor: the handler's, else the store's. Cancellation
/// (any type): a write that still waits for its commit is taken back and `cancelled`; a commit that
/// has begun is waited for, and its answer is the truth. What the handler throws: as of async_at.
/// Lifetime: the arguments are copied.
template <class V, algorithm::Edit E, class Token>
auto async_apply(const V& vault, std::string_view environment, E edit, Token&& token) {
    const auto valid = detail::vault_of(vault).plan().check_scope({.environment = environment});
    return detail::async_change(detail::work_on(vault), environment,
                                valid ? result<E>(std::move(edit)) : result<E>(valid.error()),
                                std::forward<Token>(token));
}

/// vault::put without blocking. `void(result<written>)`; else as async_apply. The value is copied,
/// into memory that is wiped.
template <class V, class Token>
auto async_put(const V& vault, context where, std::string_view name, value_ref value,
               const write_options& with, Token&& token) {
    return detail::async_change(detail::work_on(vault), where.environment,
                                detail::vault_of(vault).plan().put(where, name, value, with),
                                std::forward<Token>(token));
}
template <class V, class Token>
requires(!std::convertible_to<Token, const write_options&>) auto async_put(
    const V& vault, context where, std::string_view name, value_ref value, Token&& token) {
    return async_put(vault, where, name, value, write_options{}, std::forward<Token>(token));
}

/// vault::erase without blocking. `void(result<written>)`; else as async_apply.
template <class V, class Token>
auto async_erase(const V& vault, context where, std::string_view name, const write_options& with,
                 Token&& token) {
    return detail::async_change(detail::work_on(vault), where.environment,
                                detail::vault_of(vault).plan().erase(where, name, with),
                                std::forward<Token>(token));
}
template <class V, class Token>
requires(!std::convertible_to<Token, const write_options&>) auto async_erase(const V& vault,
                                                                             context where,
                                                                             std::string_view name,
                                                                             Token&& token) {
    return async_erase(vault, where, name, write_options{}, std::forward<Token>(token));
}

/// vault::hide without blocking. `void(result<written>)`; else as async_apply.
template <class V, class Token>
auto async_hide(const V& vault, context where, std::string_view name, const write_options& with,
                Token&& token) {
    return detail::async_change(detail::work_on(vault), where.environment,
                                detail::vault_of(vault).plan().hide(where, name, with),
                                std::forward<Token>(token));
}
template <class V, class Token>
requires(!std::convertible_to<Token, const write_options&>) auto async_hide(const V& vault,
                                                                            context where,
                                                                            std::string_view name,
                                                                            Token&& token) {
    return async_hide(vault, where, name, write_options{}, std::forward<Token>(token));
}

/// vault::show without blocking. `void(result<written>)`; else as async_apply.
template <class V, class Token>
auto async_show(const V& vault, context where, std::string_view name, const write_options& with,
                Token&& token) {
    return detail::async_change(detail::work_on(vault), where.environment,
                                detail::vault_of(vault).plan().show(where, name, with),
                                std::forward<Token>(token));
}
template <class V, class Token>
requires(!std::convertible_to<Token, const write_options&>) auto async_show(const V& vault,
                                                                            context where,
                                                                            std::string_view name,
                                                                            Token&& token) {
    return async_show(vault, where, name, write_options{}, std::forward<Token>(token));
}

/// vault::undelete without blocking. `void(result<written>)`; else as async_apply.
template <class V, class Token>
auto async_undelete(const V& vault, context where, std::string_view name, const write_options& with,
                    Token&& token) {
    return detail::async_change(detail::work_on(vault), where.environment,
                                detail::vault_of(vault).plan().undelete(where, name, with),
                                std::forward<Token>(token));
}
template <class V, class Token>
requires(!std::convertible_to<Token, const write_options&>) auto async_undelete(
    const V& vault, context where, std::string_view name, Token&& token) {
    return async_undelete(vault, where, name, write_options{}, std::forward<Token>(token));
}

/// vault::rollback without blocking. `void(result<written>)`; else as async_apply.
template <class V, class Token>
auto async_rollback(const V& vault, context where, std::string_view name, std::uint64_t to,
                    const write_options& with, Token&& token) {
    return detail::async_change(detail::work_on(vault), where.environment,
                                detail::vault_of(vault).plan().rollback(where, name, to, with),
                                std::forward<Token>(token));
}
template <class V, class Token>
requires(!std::convertible_to<Token, const write_options&>) auto async_rollback(
    const V& vault, context where, std::string_view name, std::uint64_t to, Token&& token) {
    return async_rollback(vault, where, name, to, write_options{}, std::forward<Token>(token));
}

/// vault::change_many without blocking. `void(result<std::vector<written>>)`; else as async_apply.
template <class V, class Token>
auto async_change_many(const V& vault, context where, std::vector<change> changes, Token&& token) {
    return detail::async_change(detail::work_on(vault), where.environment,
                                detail::vault_of(vault).plan().many(where, std::move(changes)),
                                std::forward<Token>(token));
}

} // namespace coffer::inline COFFER_ABI::asio

#endif
