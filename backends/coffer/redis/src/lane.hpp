// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_LANE_HPP
#define COFFER_REDIS_SRC_LANE_HPP

#include <coffer/redis/src/login.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace coffer::inline COFFER_ABI::redis::detail {

/// A connection that is made when it is needed, and made again when it broke.
class lane {
public:
    using connector = std::function<result<std::unique_ptr<socket>>(deadline)>;

    /// `verify_every`: how often a connection is asked whether it still leads to a primary, since a
    /// primary that was made a replica may keep its clients; zero: never (a cluster says MOVED).
    lane(connector connect, std::chrono::milliseconds verify_every)
        : connect_(std::move(connect)), verify_every_(verify_every) {}

    auto get(deadline until, std::chrono::milliseconds connect_timeout)
        -> result<std::shared_ptr<link>> {
        const auto asked = steady::now();
        std::unique_lock lock(mutex_);
        if (held_ != nullptr && !held_->is_broken()) {
            if (verify_every_.count() == 0 || asked - verified_ < verify_every_) return held_;
            verified_ = asked;
            const auto same = held_;
            lock.unlock();
            // One that hangs leaves time to find the other.
            if (leads_to_primary(*same, share_of(until, 2))) return same;
            same->give_up();
            lock.lock();
            if (held_ != same && held_ != nullptr && !held_->is_broken()) return held_;
        }
        // Those that waited while somebody else tried in vain share that answer.
        if (failed_ && failed_at_ >= asked) return *failed_;
        auto made = connect_(std::min(until, steady::now() + connect_timeout));
        if (!made) {
            failed_ = made.error();
            failed_at_ = steady::now();
            return made.error();
        }
        failed_.reset();
        verified_ = steady::now();
        held_ = std::make_shared<link>(*std::move(made));
        return held_;
    }
    /// Lets go of a connection that turned out to be no good.
    void drop(const std::shared_ptr<link>& one) {
        one->give_up();
        const std::lock_guard lock(mutex_);
        if (held_ == one) held_.reset();
    }

private:
    static auto leads_to_primary(link& over, deadline until) -> bool {
        const auto said = over.run(command{"INFO", "replication"}.wire, 1, small_reply, until);
        return said.replies && check_primary(said.replies->front());
    }

    connector connect_;
    std::chrono::milliseconds verify_every_;
    std::mutex mutex_{};
    std::shared_ptr<link> held_{};
    std::optional<failure> failed_{};
    deadline failed_at_{};
    deadline verified_{};
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
