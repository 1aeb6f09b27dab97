// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_MEMORY_STORE_HPP
#define COFFER_MEMORY_STORE_HPP

#include <coffer/concepts/listable_store.hpp>
#include <coffer/store_rules.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::memory {

/// A store in this process's memory: for unit tests, and the one to copy for a store of your own.
/// Models Store and ListableStore. A handle: copies are the same store. Thread-safe.
/// Errors: invalid_argument, too_large. Nothing outlives the last handle.
class store {
public:
    explicit store(store_limits limits = {}) : state_(std::make_shared<state>()) {
        state_->limits = limits;
    }

    /// One consistent cut of the objects asked for. With no keys: the revision, nothing allocated.
    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
        const std::shared_lock lock(state_->mutex);
        const auto* found = find(partition);
        // Names that are there were checked when they were written; only others need a look.
        if (found == nullptr && !is_partition_name(partition)) return errc::invalid_argument;
        cut answer;
        if (found != nullptr) answer.at = found->at;
        answer.objects.reserve(keys.size());
        for (const auto& key : keys) {
            auto& object = answer.objects.emplace_back();
            if (found != nullptr)
                if (const auto it = found->objects.find(key); it != found->objects.end()) {
                    object = it->second;
                    continue;
                }
            if (!is_object_key(key)) return errc::invalid_argument;
        }
        return answer;
    }

    /// All or nothing, if the partition's revision is `expected`; never `unknown`.
    auto commit(std::string_view partition, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        if (auto checked = check_commit(state_->limits, partition, next, writes); !checked)
            return checked.error();
        std::map<std::string, bytes, std::less<>> staged; // allocated before anything is changed
        for (const auto& write : writes) {
            if (write.value)
                staged.insert_or_assign(write.key, *write.value);
            else
                staged.erase(write.key);
        }
        const std::unique_lock lock(state_->mutex);
        const auto* found = find(partition);
        if (expected != (found != nullptr ? found->at : revision{}))
            return commit_outcome::conflict;
        auto& target = state_->partitions.try_emplace(std::string(partition)).first->second;
        for (const auto& write : writes)
            target.objects.erase(write.key);
        target.objects.merge(staged); // moves nodes: can't fail half-way
        target.at = next;
        return commit_outcome::committed;
    }

    auto limits() const noexcept -> store_limits { return state_->limits; }

    /// All entries of the partition in one cut, sorted by key.
    auto list(std::string_view partition) -> result<listing> {
        if (!is_partition_name(partition)) return errc::invalid_argument;
        const std::shared_lock lock(state_->mutex);
        listing answer;
        if (const auto* found = find(partition)) {
            answer.at = found->at;
            answer.entries.assign(found->objects.begin(), found->objects.end());
        }
        return answer;
    }

    /// The names of all partitions, sorted.
    auto partitions() -> result<std::vector<std::string>> {
        const std::shared_lock lock(state_->mutex);
        std::vector<std::string> names;
        for (const auto& [name, unused] : state_->partitions)
            names.push_back(name);
        return names;
    }

private:
    struct partition_state {
        revision at{};
        std::map<std::string, bytes, std::less<>> objects{};
    };
    struct state {
        std::shared_mutex mutex{};
        std::map<std::string, partition_state, std::less<>> partitions{};
        store_limits limits{};
    };

    auto find(std::string_view partition) const -> const partition_state* {
        const auto it = state_->partitions.find(partition);
        return it == state_->partitions.end() ? nullptr : &it->second;
    }

    std::shared_ptr<state> state_;
};

static_assert(Store<store> && ListableStore<store>);

} // namespace coffer::inline COFFER_ABI::memory

#endif
