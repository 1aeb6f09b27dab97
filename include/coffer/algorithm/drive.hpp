// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_DRIVE_HPP
#define COFFER_ALGORITHM_DRIVE_HPP

#include <coffer/algorithm/action.hpp>
#include <coffer/clock.hpp>

#include <type_traits>
#include <utility>
#include <variant>

namespace coffer::inline COFFER_ABI::algorithm {

namespace detail {

/// Does one action on a store and a key provider, and answers what belongs to it.
template <class S, class K>
class performer {
public:
    performer(S& store, K& keys) noexcept : store_(store), keys_(keys) {}

    auto operator()(const load& a) { return store_.load(a.partition, a.keys); }
    auto operator()(const list& a) -> result<listing> {
        if constexpr (ListableStore<S>)
            return store_.list(a.partition);
        else
            return errc::unsupported;
    }
    auto operator()(const commit& a) requires Store<S> {
        return store_.commit(a.partition, a.expected, a.next, *a.writes);
    }
    auto operator()(const key_for& a) { return keys_.key_for(a.environment); }
    auto operator()(const wrap& a) { return keys_.wrap(a.kek_id, a.dek.view(), a.aad); }
    auto operator()(const unwrap& a) {
        return keys_.unwrap(a.kek_id, a.environment, a.wrapped, a.aad);
    }
    auto operator()(const recall& a) -> result<std::optional<mark>> {
        if constexpr (AnchoringKeyProvider<K>)
            return keys_.recall(a.realm, a.environment);
        else
            return std::optional<mark>{};
    }
    auto operator()(const remember& a) -> result<mark> {
        if constexpr (AnchoringKeyProvider<K>)
            return keys_.remember(a.realm, a.environment, a.seen);
        else
            return a.seen.newest;
    }
    auto operator()(const pause& a) -> result<void> {
        coffer::detail::sleep_for(a.time);
        return {};
    }

private:
    S& store_;
    K& keys_;
};

} // namespace detail

/// The synchronous driver: runs an algorithm to its end on the calling thread.
template <class A, ReadableStore S, KeyProvider K>
auto run(A& algorithm, S& store, K& keys) -> result<typename A::value_type> {
    detail::performer<S, K> perform(store, keys);
    using finished = result<typename A::value_type>;
    for (auto next = algorithm.start();;) {
        if (auto* end = std::get_if<finished>(&next)) return std::move(*end);
        auto step = [&]<class Action>(Action& action) -> typename A::action {
            if constexpr (std::is_same_v<Action, finished>)
                return std::move(action);
            else
                return algorithm.on(perform(action));
        };
        next = std::visit(step, next);
    }
}

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
