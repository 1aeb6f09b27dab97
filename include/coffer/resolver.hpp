// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_RESOLVER_HPP
#define COFFER_RESOLVER_HPP

#include <coffer/detail/engine.hpp>
#include <coffer/secrets.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace coffer::inline COFFER_ABI {

template <class P>
class vault;

/// Reads secrets by name for an environment and a space: the reading half of a policy. It can't
/// write, and needs a store that can be read alone.
///
///     coffer::resolver secrets{store, cipher, keys};
///     auto token = secrets.get({.environment = "prod", .space = "acme"}, "SLACK_TOKEN");
///
/// A handle: copies share what is held of each environment; all members may be called from several
/// threads. Models SecretSource, whose laws it keeps; see `options` for how current its answers
/// are. If the store can't be reached, the last verified state serves for serve_stale_for, marked
/// stale; then every call is unavailable.
///
/// Each thread keeps the sixteen views that it looked at last, with their state and its keys, also
/// after the last handle: until it looks there again, looks at others, or ends. So a thread that
/// rests keeps what others have written over since: of a scope of a hundred thousand names some four
/// megabytes.
template <class P>
class resolver {
public:
    using policy_type = P;
    using store_type = typename P::store_type;
    using cipher_type = typename P::cipher_type;
    using key_provider_type = typename P::key_provider_type;
    using inheritance_type = typename P::inheritance_type;

    resolver(store_type store, cipher_type cipher, key_provider_type keys, options with = {},
             inheritance_type inheritance = {})
        : engine_(std::make_shared<detail::engine<P>>(std::move(store), std::move(cipher),
                                                      std::move(keys), std::move(inheritance),
                                                      std::move(with))) {}

    /// One context as it is now; the only call that may wait. Errors: see SecretSource.
    auto at(context where) const -> result<view> { return engine_->at(where); }
    /// The same if it needs no look at the store (see options::recheck_after), else nothing: never
    /// waits, so that an event loop may ask first and leave what has to wait to other threads.
    auto try_at(context where) const -> std::optional<view> { return engine_->try_at(where); }
    /// Short for at(where) and get(name). Errors: those of both.
    auto get(context where, std::string_view name) const -> result<secret> {
        auto v = at(where);
        return v ? v->get(name) : v.error();
    }
    /// Short for at(where) and all().
    auto all(context where) const -> result<std::vector<named_secret>> {
        auto v = at(where);
        return v ? v->all() : v.error();
    }
    /// Short for at(where) and explain(name).
    auto explain(context where, std::string_view name) const -> result<explanation> {
        auto v = at(where);
        return v ? v->explain(name) : v.error();
    }
    /// Looks at the store now, whatever recheck_after says. Errors: those of at; never served
    /// stale.
    auto refresh(std::string_view environment) const -> result<void> {
        if (auto valid = check_context({.environment = environment}); !valid) return valid;
        return engine_->with_slot(environment, [&](auto& s) -> result<void> {
            auto looked = s.looks().share([&] { return engine_->refresh(s); });
            if (!looked) return looked;
            const auto held = s.state(false).snapshot;
            if (held != nullptr) return held->closed() ? result<void>(errc::unknown_scope) : looked;
            const auto why = engine_->found(s);
            return why ? looked : result<void>(why.error());
        });
    }

    /// What the drivers in asio/ work on.
    auto engine() const noexcept -> const std::shared_ptr<detail::engine<P>>& { return engine_; }

private:
    template <class>
    friend class vault;
    explicit resolver(std::shared_ptr<detail::engine<P>> shared) : engine_(std::move(shared)) {}

    std::shared_ptr<detail::engine<P>> engine_;
};

template <class S, class C, class K>
resolver(S, C, K) -> resolver<policy<S, C, K>>;
template <class S, class C, class K>
resolver(S, C, K, options) -> resolver<policy<S, C, K>>;
template <class S, class C, class K, class I>
resolver(S, C, K, options, I) -> resolver<policy<S, C, K, I>>;

} // namespace coffer::inline COFFER_ABI

#endif
