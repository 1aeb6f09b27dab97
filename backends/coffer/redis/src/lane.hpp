// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_LANE_HPP
#define COFFER_REDIS_SRC_LANE_HPP

#include <coffer/redis/src/login.hpp>
#include <coffer/redis/src/outage.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace coffer::inline COFFER_ABI::redis::detail {

/// A connection that is made when it is needed, and made again when it broke; see outage.
class lane {
public:
    using connector = std::function<result<std::unique_ptr<socket>>(deadline)>;
    /// What a caller gets. `tried`: this is what the server came to now, not what it is known for.
    struct reached {
        result<std::shared_ptr<link>> over;
        bool tried = true;
    };

    /// `verify_every`: how often a connection is asked whether it still leads to a primary, since a
    /// primary that was made a replica may keep its clients; zero: never (a cluster says MOVED).
    lane(connector connect, std::chrono::milliseconds verify_every)
        : connect_(std::move(connect)), verify_every_(verify_every) {}

    auto get(deadline until, std::chrono::milliseconds connect_timeout) -> reached {
        const auto asked = steady::now();
        std::unique_lock lock(mutex_);
        if (is_usable()) {
            if (verify_every_.count() == 0 || asked - verified_ < verify_every_) return {held_};
            verified_ = asked;
            const auto same = held_;
            lock.unlock();
            // One that hangs leaves time to find the other.
            if (leads_to_primary(*same, share_of(until, 2))) return {same};
            same->give_up();
            lock.lock();
            if (held_ != same && is_usable()) return {held_};
        }
        std::unique_lock turn(connecting_, std::try_to_lock);
        if (const auto why = outage_.in_place_of_a_try(asked, !turn, connect_timeout))
            return {*why, false};
        if (!turn) {
            lock.unlock();
            turn.lock();
            lock.lock();
            if (is_usable()) return {held_};
            // Those that waited while somebody else tried in vain share that answer.
            if (const auto why = outage_.since(asked)) return {*why};
        }
        lock.unlock();
        const auto began = steady::now();
        auto made = connect_(std::min(until, began + connect_timeout));
        lock.lock();
        if (!made) {
            outage_.failed(made.error(), began);
            return {made.error()};
        }
        outage_.over();
        verified_ = steady::now();
        held_ = std::make_shared<link>(*std::move(made));
        return {held_};
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
    auto is_usable() const -> bool { return held_ != nullptr && !held_->is_broken(); }

    connector connect_;
    std::chrono::milliseconds verify_every_;
    std::mutex connecting_{}; ///< Held by the one that connects.
    std::mutex mutex_{};      ///< Of all below; never held while one waits for the server.
    std::shared_ptr<link> held_{};
    outage outage_{};
    deadline verified_{};
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
