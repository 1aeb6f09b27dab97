// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_STAGED_STORE_HPP
#define COFFER_TESTS_SUPPORT_STAGED_STORE_HPP

#include <coffer/clock.hpp>
#include <coffer/concepts/key_provider.hpp>
#include <coffer/concepts/listable_store.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer_test {

/// What a store holds, or claims to hold, of one partition: plain data to be altered.
struct image {
    coffer::revision at{};
    std::map<std::string, coffer::bytes> objects{};

    friend auto operator==(const image&, const image&) -> bool = default;
};

/// A store in the hands of whoever tests: it shows any image, goes away, records what it was asked
/// to write, and calls back in the middle of a load. A handle; thread-safe but for the hooks, which
/// are set before others use it.
class staged_store {
public:
    using load_hook = std::function<void(std::string_view partition, std::span<const std::string>)>;
    using commit_hook = std::function<void(std::string_view partition)>;

    auto load(std::string_view partition, std::span<const std::string> keys)
        -> coffer::result<coffer::cut> {
        if (state_->before_load) state_->before_load(partition, keys);
        const std::lock_guard lock(state_->mutex);
        ++state_->loads;
        if (state_->away) return *state_->away;
        coffer::cut answer;
        const auto found = state_->partitions.find(partition);
        if (found != state_->partitions.end()) answer.at = found->second.at;
        for (const auto& key : keys) {
            auto& object = answer.objects.emplace_back();
            if (found == state_->partitions.end()) continue;
            const auto at = found->second.objects.find(key);
            if (at != found->second.objects.end()) object = at->second;
        }
        return answer;
    }
    auto commit(std::string_view partition, coffer::revision expected, coffer::revision next,
                std::span<const coffer::object_write> writes)
        -> coffer::result<coffer::commit_outcome> {
        if (state_->before_commit) state_->before_commit(partition);
        const std::lock_guard lock(state_->mutex);
        ++state_->commits;
        if (state_->away) return *state_->away;
        state_->sent.assign(writes.begin(), writes.end());
        auto& target = state_->partitions[std::string(partition)];
        if (target.at != expected) return coffer::commit_outcome::conflict;
        for (const auto& write : writes) {
            if (write.value)
                target.objects.insert_or_assign(write.key, *write.value);
            else
                target.objects.erase(write.key);
        }
        target.at = next;
        return coffer::commit_outcome::committed;
    }
    auto list(std::string_view partition) -> coffer::result<coffer::listing> {
        const std::lock_guard lock(state_->mutex);
        ++state_->loads;
        if (state_->away) return *state_->away;
        coffer::listing answer;
        if (const auto at = state_->partitions.find(partition); at != state_->partitions.end()) {
            answer.at = at->second.at;
            answer.entries.assign(at->second.objects.begin(), at->second.objects.end());
        }
        return answer;
    }
    auto partitions() -> coffer::result<std::vector<std::string>> {
        const std::lock_guard lock(state_->mutex);
        if (state_->away) return *state_->away;
        std::vector<std::string> names;
        for (const auto& [name, held] : state_->partitions)
            names.push_back(name);
        return names;
    }
    auto limits() const noexcept -> coffer::store_limits { return {}; }

    /// What there is; an empty image if there is no such partition.
    auto shown(std::string_view partition) const -> image {
        const std::lock_guard lock(state_->mutex);
        const auto at = state_->partitions.find(partition);
        return at == state_->partitions.end() ? image{} : at->second;
    }
    /// From now on the partition is this; an image of nothing: it is not there.
    void show(std::string_view partition, image now) {
        const std::lock_guard lock(state_->mutex);
        if (now == image{})
            state_->partitions.erase(std::string(partition));
        else
            state_->partitions.insert_or_assign(std::string(partition), std::move(now));
    }
    /// Every call fails so from now on; nullopt: the store is back.
    void go_away(std::optional<coffer::errc> why) {
        const std::lock_guard lock(state_->mutex);
        state_->away = why;
    }
    auto loads() const -> std::size_t {
        const std::lock_guard lock(state_->mutex);
        return state_->loads;
    }
    auto commits() const -> std::size_t {
        const std::lock_guard lock(state_->mutex);
        return state_->commits;
    }
    /// What the last commit was to write, whether it was let or not.
    auto sent() const -> std::vector<coffer::object_write> {
        const std::lock_guard lock(state_->mutex);
        return state_->sent;
    }
    /// Called before a load looks, with the keys that it is asked for.
    void before_load(load_hook call) { state_->before_load = std::move(call); }
    /// Called before a commit compares.
    void before_commit(commit_hook call) { state_->before_commit = std::move(call); }

private:
    struct everything {
        std::mutex mutex{};
        std::map<std::string, image, std::less<>> partitions{};
        std::optional<coffer::errc> away{};
        std::size_t loads = 0;
        std::size_t commits = 0;
        std::vector<coffer::object_write> sent{};
        load_hook before_load{};
        commit_hook before_commit{};
    };
    std::shared_ptr<everything> state_ = std::make_shared<everything>();
};

static_assert(coffer::Store<staged_store> && coffer::ListableStore<staged_store>);

/// Keys without an anchor: what opens with them remembers nothing of before.
template <coffer::KeyProvider K>
class forgetful_keys {
public:
    explicit forgetful_keys(K keys) : keys_(std::move(keys)) {}
    auto key_for(std::string_view environment) { return keys_.key_for(environment); }
    auto wrap(std::string_view id, std::span<const std::byte, 32> dek, coffer::byte_view aad) {
        return keys_.wrap(id, dek, aad);
    }
    auto unwrap(std::string_view id, std::string_view environment, coffer::byte_view wrapped,
                coffer::byte_view aad) {
        return keys_.unwrap(id, environment, wrapped, aad);
    }

private:
    K keys_;
};

/// A clock that is set by hand.
class manual_clock final : public coffer::clock {
public:
    auto wall() const noexcept -> std::chrono::milliseconds override { return epoch + boot(); }
    auto boot() const noexcept -> std::chrono::milliseconds override {
        return std::chrono::milliseconds(now_.load());
    }
    void advance(std::chrono::milliseconds by) { now_ += by.count(); }

private:
    static constexpr std::chrono::milliseconds epoch{1'700'000'000'000};
    std::atomic<std::chrono::milliseconds::rep> now_{1'000};
};

} // namespace coffer_test

#endif
