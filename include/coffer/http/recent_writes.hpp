// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_RECENT_WRITES_HPP
#define COFFER_HTTP_RECENT_WRITES_HPP

#include <coffer/scope.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// Which token made a version, for as long as somebody may ask whether a change whose answer was
/// lost is theirs. Authors don't tell: two tokens may have one name. Of each name the last change
/// of this process is known, of so many names. Thread-safe.
class recent_writes {
public:
    explicit recent_writes(std::size_t most = 4096) : most_(most) {}

    void note(const scope& where, std::string_view name, std::uint64_t version,
              std::string_view token_id) {
        auto of = key_of(where, name);
        const std::lock_guard lock(mutex_);
        auto& last = last_[of];
        last = {version, std::string(token_id), ++count_};
        order_.emplace_back(count_, std::move(of));
        while (order_.size() > most_) {
            const auto found = last_.find(order_.front().second);
            if (found != last_.end() && found->second.at == order_.front().first)
                last_.erase(found);
            order_.pop_front();
        }
    }
    /// False as well where it is not known any more, or where another process made it.
    auto was_by(std::string_view token_id, const scope& where, std::string_view name,
                std::uint64_t version) const -> bool {
        const std::lock_guard lock(mutex_);
        const auto found = last_.find(key_of(where, name));
        return found != last_.end() && found->second.version == version &&
               found->second.token_id == token_id;
    }

private:
    struct made {
        std::uint64_t version = 0;
        std::string token_id{};
        std::uint64_t at = 0;
    };
    using key = std::tuple<std::string, std::string, std::string, std::string>;
    static auto key_of(const scope& where, std::string_view name) -> key {
        return {where.environment, where.space, where.actor, std::string(name)};
    }

    std::size_t most_;
    mutable std::mutex mutex_;
    std::map<key, made> last_{};
    std::deque<std::pair<std::uint64_t, key>> order_{};
    std::uint64_t count_ = 0;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
