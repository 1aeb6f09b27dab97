// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ANY_STORE_HPP
#define COFFER_ANY_STORE_HPP

#include <coffer/concepts/listable_store.hpp>
#include <coffer/concepts/watchable_store.hpp>

#include <memory>
#include <utility>

namespace coffer::inline COFFER_ABI {

/// Any store, its type erased: for programs that choose it at run time, and so that a service built
/// on a vault is compiled once. A handle: copies are the same store; it is as thread-safe as what
/// it holds. Listing a store that can't is `unsupported`; one that does not watch is never watching.
class any_store {
public:
    template <class S>
    requires(!std::same_as<S, any_store> && Store<S>) any_store(S store)
        : held_(std::make_shared<model<S>>(std::move(store))) {
        static_assert(detail::lists_rightly<S>,
                      "the store has list or partitions, and is no ListableStore");
        static_assert(detail::watches_rightly<S>,
                      "the store has watching, and is no WatchableStore");
    }

    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
        return held_->load(partition, keys);
    }
    auto commit(std::string_view partition, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        return held_->commit(partition, expected, next, writes);
    }
    auto list(std::string_view partition) -> result<listing> { return held_->list(partition); }
    auto partitions() -> result<std::vector<std::string>> { return held_->partitions(); }
    auto limits() const noexcept -> store_limits { return held_->limits(); }
    auto watching() const noexcept -> bool { return held_->watching(); }

private:
    struct base {
        virtual ~base() = default;
        virtual auto load(std::string_view, std::span<const std::string>) -> result<cut> = 0;
        virtual auto commit(std::string_view, revision, revision, std::span<const object_write>)
            -> result<commit_outcome> = 0;
        virtual auto list(std::string_view) -> result<listing> = 0;
        virtual auto partitions() -> result<std::vector<std::string>> = 0;
        virtual auto limits() noexcept -> store_limits = 0;
        virtual auto watching() const noexcept -> bool = 0;
    };
    template <class S>
    struct model final : base {
        explicit model(S s) : store(std::move(s)) {}
        auto load(std::string_view p, std::span<const std::string> keys) -> result<cut> override {
            return store.load(p, keys);
        }
        auto commit(std::string_view p, revision expected, revision next,
                    std::span<const object_write> writes) -> result<commit_outcome> override {
            return store.commit(p, expected, next, writes);
        }
        auto list([[maybe_unused]] std::string_view p) -> result<listing> override {
            if constexpr (ListableStore<S>)
                return store.list(p);
            else
                return errc::unsupported;
        }
        auto partitions() -> result<std::vector<std::string>> override {
            if constexpr (ListableStore<S>)
                return store.partitions();
            else
                return errc::unsupported;
        }
        auto limits() noexcept -> store_limits override { return store.limits(); }
        auto watching() const noexcept -> bool override {
            if constexpr (WatchableStore<S>)
                return store.watching();
            else
                return false;
        }
        S store;
    };
    std::shared_ptr<base> held_;
};

static_assert(Store<any_store> && ListableStore<any_store> && WatchableStore<any_store>);

} // namespace coffer::inline COFFER_ABI

#endif
