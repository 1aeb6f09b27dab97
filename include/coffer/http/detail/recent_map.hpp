// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_RECENT_MAP_HPP
#define COFFER_HTTP_DETAIL_RECENT_MAP_HPP

#include <coffer/version.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

namespace coffer::inline COFFER_ABI::http::detail {

/// What was noted last of each key, of so many keys: those that were noted longest ago are
/// forgotten. Thread-safe.
template <class Key, class Value>
class recent_map {
public:
    explicit recent_map(std::size_t most) : most_(most) {}

    void note(Key of, Value value) {
        const std::lock_guard lock(mutex_);
        last_.insert_or_assign(of, std::pair(++count_, std::move(value)));
        order_.emplace_back(count_, std::move(of));
        while (order_.size() > most_) {
            const auto found = last_.find(order_.front().second);
            if (found != last_.end() && found->second.first == order_.front().first)
                last_.erase(found);
            order_.pop_front();
        }
    }
    auto find(const Key& of) const -> std::optional<Value> {
        const std::lock_guard lock(mutex_);
        const auto found = last_.find(of);
        return found == last_.end() ? std::nullopt : std::optional(found->second.second);
    }

private:
    std::size_t most_;
    mutable std::mutex mutex_;
    std::map<Key, std::pair<std::uint64_t, Value>> last_{};
    std::deque<std::pair<std::uint64_t, Key>> order_{};
    std::uint64_t count_ = 0;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
