// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_FAULTY_STORE_HPP
#define COFFER_TESTING_FAULTY_STORE_HPP

#include <coffer/concepts/listable_store.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace coffer::inline COFFER_ABI::testing {

/// What becomes of a call that is made to fail. A load, a list or partitions can only be
/// unavailable.
enum class fault : unsigned char {
    unavailable,         ///< A failure: nothing was written and nothing will be.
    conflict,            ///< A conflict, though nobody else wrote; nothing was written.
    unknown_not_written, ///< `unknown`; it was not written.
    unknown_written,     ///< `unknown`; it was written.
    applied_late,        ///< `unknown`; it lands during the next call: behind what a load reads (so
                         ///< that the old head is seen and proves nothing), in front of a commit.
};

/// Which calls are counted.
enum class call : unsigned char { any, load, commit };

/// A store whose n-th call fails as it is told: to walk every failure point of what uses it. Loads
/// and lists count as loads. Without a fault it behaves as the store within. A handle: copies share
/// store, faults and counters. Thread-safe; calls run one at a time.
template <class S>
class faulty_store {
public:
    explicit faulty_store(S inner) : state_(std::make_shared<state>(std::move(inner))) {}

    /// The n-th call of that kind from now fails; 1 is the next. Replaces what was set before.
    void fail(std::size_t n, fault what, call which = call::any) {
        const std::lock_guard lock(state_->mutex);
        state_->countdown = n;
        state_->what = what;
        state_->which = which;
    }
    /// How often it was called so far, failures included.
    auto loads() const -> std::size_t { return read(state_->loads); }
    auto commits() const -> std::size_t { return read(state_->commits); }
    /// The fault that was set has not struck yet.
    auto armed() const -> bool { return read(state_->countdown) != 0; }

    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
        return reading([&](S& s) { return s.load(partition, keys); });
    }
    auto commit(std::string_view partition, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        const std::lock_guard lock(state_->mutex);
        state_->land();
        ++state_->commits;
        if (!state_->strikes(call::commit))
            return state_->inner.commit(partition, expected, next, writes);
        switch (state_->what) {
        case fault::unavailable: return errc::unavailable;
        case fault::conflict: return commit_outcome::conflict;
        case fault::unknown_not_written: return commit_outcome::unknown;
        case fault::unknown_written: {
            const auto done = state_->inner.commit(partition, expected, next, writes);
            return done ? result<commit_outcome>(commit_outcome::unknown) : done;
        }
        case fault::applied_late: break;
        }
        state_->late =
            pending{std::string(partition), expected, next, {writes.begin(), writes.end()}};
        return commit_outcome::unknown;
    }
    auto limits() const noexcept -> store_limits { return state_->inner.limits(); }

    auto list(std::string_view partition) -> result<listing>
    requires ListableStore<S> {
        return reading([&](S& s) { return s.list(partition); });
    }
    auto partitions() -> result<std::vector<std::string>>
    requires ListableStore<S> {
        return reading([](S& s) { return s.partitions(); });
    }

private:
    struct pending {
        std::string partition;
        revision expected;
        revision next;
        std::vector<object_write> writes;
    };
    struct state {
        explicit state(S s) : inner(std::move(s)) {}

        auto strikes(call kind) -> bool {
            if (countdown == 0 || (which != call::any && which != kind)) return false;
            return --countdown == 0;
        }
        void land() {
            if (const auto p = std::exchange(late, std::nullopt))
                (void)inner.commit(p->partition, p->expected, p->next, p->writes);
        }

        std::mutex mutex{};
        S inner;
        std::size_t countdown = 0;
        fault what{};
        call which{};
        std::optional<pending> late{};
        std::size_t loads = 0;
        std::size_t commits = 0;
    };

    template <class F>
    auto reading(F&& f) -> decltype(f(std::declval<S&>())) {
        const std::lock_guard lock(state_->mutex);
        ++state_->loads;
        if (state_->strikes(call::load)) {
            state_->land();
            return errc::unavailable;
        }
        auto answer = f(state_->inner);
        state_->land();
        return answer;
    }
    auto read(const std::size_t& counter) const -> std::size_t {
        const std::lock_guard lock(state_->mutex);
        return counter;
    }

    std::shared_ptr<state> state_;
};

} // namespace coffer::inline COFFER_ABI::testing

#endif
