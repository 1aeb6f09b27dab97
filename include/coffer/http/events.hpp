// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_EVENTS_HPP
#define COFFER_HTTP_EVENTS_HPP

#include <coffer/clock.hpp>
#include <coffer/http/access.hpp>
#include <coffer/http/message.hpp>
#include <coffer/scope.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// Something that happened: a change of a secret, or what a program sent. It holds no value of
/// Coffer's.
struct happening {
    std::uint64_t number = 0; ///< Given by the hub: rises, also over restarts.
    std::string topic{};
    scope where{};
    std::string name{}; ///< Of the secret, if it is about one.
    std::string json{}; ///< The event as listeners take it, on one line.
};

/// Whether a caller may hear of it: who may list the scope, and the name if there is one.
inline auto may_hear(const principal& who, const happening& what) -> bool {
    const auto where = what.where.view();
    return decide(who, right::list, where) == decision::allowed &&
           (what.name.empty() || covers_name(who, right::list, where, what.name));
}

/// Hands events out to those who listen now, and keeps the newest for those who come back. In
/// memory: a restart forgets them. Held by shared pointers alone. Thread-safe.
class event_hub : public std::enable_shared_from_this<event_hub> {
public:
    struct options {
        std::size_t kept = 1000;
        /// A stream that is older than this ends with the next event; its client comes back and is
        /// asked for its token again. So a token that was revoked is told nothing for longer.
        std::chrono::milliseconds stream_life{60'000};
        const clock* time = &machine_clock();
    };

    event_hub() : event_hub(options()) {}
    explicit event_hub(options with)
        : with_(with), number_(static_cast<std::uint64_t>(with.time->wall().count()) * 1000) {}

    /// Sends an event to all who may hear it.
    void publish(happening what) {
        const std::lock_guard lock(mutex_);
        what.number = ++number_;
        const auto now = with_.time->boot();
        std::erase_if(listeners_, [&](const std::shared_ptr<listener>& l) {
            if (l->sink == nullptr || now - l->since <= with_.stream_life) return !tell(*l, what);
            l->sink({});
            return true;
        });
        kept_.push_back(std::move(what));
        if (kept_.size() > with_.kept) kept_.pop_front();
    }

    /// A stream of server-sent events (HTML Living Standard, 9.2) for a caller: those of a scope
    /// (an environment with its spaces, a space; nothing: all) that it may hear. First those kept
    /// since the event of that number; 0: only what comes.
    auto follow(principal who, scope of, std::uint64_t after) -> std::shared_ptr<stream> {
        auto told = std::make_shared<listener>(listener{std::move(who), std::move(of)});
        return std::make_shared<following>(shared_from_this(), std::move(told), after);
    }

    auto listeners() const -> std::size_t {
        const std::lock_guard lock(mutex_);
        return listeners_.size();
    }

private:
    struct listener {
        principal who;
        scope of;
        stream::sink sink{};
        std::chrono::milliseconds since{};
    };

    class following final : public stream {
    public:
        following(std::shared_ptr<event_hub> hub, std::shared_ptr<listener> who,
                  std::uint64_t after)
            : hub_(std::move(hub)), who_(std::move(who)), after_(after) {}
        ~following() override { hub_->remove(who_); }
        void start(sink send) override { hub_->add(who_, std::move(send), after_); }

    private:
        std::shared_ptr<event_hub> hub_;
        std::shared_ptr<listener> who_;
        std::uint64_t after_;
    };

    static auto is_of(const scope& wanted, const scope& where) -> bool {
        return wanted.environment.empty() ||
               (wanted.environment == where.environment &&
                (wanted.space.empty() || wanted.space == where.space));
    }
    /// False: nobody listens there any more.
    static auto tell(const listener& to, const happening& what) -> bool {
        if (!is_of(to.of, what.where) || !may_hear(to.who, what)) return true;
        return to.sink("id: " + std::to_string(what.number) + "\ndata: " + what.json + "\n\n");
    }
    void add(const std::shared_ptr<listener>& who, stream::sink send, std::uint64_t after) {
        const std::lock_guard lock(mutex_);
        who->sink = std::move(send);
        who->since = with_.time->boot();
        if (!who->sink("retry: 1000\n\n")) return;
        for (const auto& what : kept_)
            if (after != 0 && what.number > after && !tell(*who, what)) return;
        listeners_.push_back(who);
    }
    void remove(const std::shared_ptr<listener>& who) {
        const std::lock_guard lock(mutex_);
        std::erase(listeners_, who);
    }

    options with_;
    mutable std::mutex mutex_;
    std::uint64_t number_;
    std::deque<happening> kept_{};
    std::vector<std::shared_ptr<listener>> listeners_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
