// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_EVENTS_HPP
#define COFFER_HTTP_EVENTS_HPP

#include <coffer/clock.hpp>
#include <coffer/http/access.hpp>
#include <coffer/http/message.hpp>
#include <coffer/http/sent_event.hpp>
#include <coffer/scope.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
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
    std::string json{}; ///< The event as listeners take it, on one line; not empty.
};

/// Whether a caller may hear in that scope of what happened to a name, if it is about one: who may
/// list it there.
inline auto may_hear(const principal& who, context where, std::string_view name) -> bool {
    return decide(who, right::list, where) == decision::allowed &&
           (name.empty() || covers_name(who, right::list, where, name));
}

/// No event is larger.
inline constexpr std::size_t largest_event = std::size_t{64} << 10;

/// Hands events out to those who listen now, and keeps the newest for those who come back. In
/// memory, bounded by number and by size: a restart forgets them. Who comes back is sent them piece
/// by piece, as fast as they are taken, and hears what is new when they have caught up. A gap_event
/// stands where some were forgotten before they were sent. Held by shared pointers alone.
/// Thread-safe.
class event_hub : public std::enable_shared_from_this<event_hub> {
public:
    struct options {
        std::size_t kept = 1000;
        std::size_t kept_bytes = std::size_t{8} << 20;
        /// A stream that is older than this ends at the next event, or silence; its client comes
        /// back with the last number that it was given, and is asked for its token again. So a
        /// token that was revoked is told nothing for longer.
        std::chrono::milliseconds stream_life{60'000};
        const clock* time = &machine_clock();
        /// Told who may have missed events, once a stream. Must not block, nor call the hub.
        std::function<void(const principal& who)> missed{};
    };

    event_hub() : event_hub(options()) {}
    explicit event_hub(options with)
        : with_(with), number_(static_cast<std::uint64_t>(with.time->wall().count()) * 1000) {}

    /// Sends an event to all who may hear it.
    void publish(happening what) {
        const std::lock_guard lock(mutex_);
        what.number = ++number_;
        const auto now = with_.time->boot();
        keep(std::move(what)); // first: who can't be told comes back for it
        for (auto l = listeners_.begin(); l != listeners_.end();)
            l = hears(**l, kept_.back(), now) ? l + 1 : listeners_.erase(l);
        forget_old();
    }

    /// A stream of server-sent events (HTML Living Standard, 9.2) for a caller: those of a scope
    /// (an environment with its spaces, a space; nothing: all) that it may hear. First those kept
    /// since the event of that number; 0: only what comes. A gap_event says that some since then
    /// may have been missed: they are forgotten, the number is none of this hub's, or is_heard()
    /// was false meanwhile, so that nobody looked for what happened elsewhere.
    /// It begins with the number that its client comes back with while it has heard nothing, and
    /// names newer ones while events pass that are not for it.
    auto follow(principal who, scope of, std::uint64_t after) -> std::shared_ptr<stream> {
        auto told = std::make_shared<listener>(listener{std::move(who), std::move(of)});
        told->told = after;
        told->behind = after != 0;
        return std::make_shared<following>(shared_from_this(), std::move(told));
    }

    /// Whether somebody listens, or did within two lives of a stream, and comes back.
    auto is_heard() -> bool {
        const std::lock_guard lock(mutex_);
        const auto now = with_.time->boot();
        if (!listeners_.empty()) heard_at_ = now;
        return heard_at_ && !was_silent(now);
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
        std::uint64_t told = 0; ///< While behind: up to here it was sent what is for it.
        bool behind = false;    ///< There may be more that is kept.
        bool missed = false;    ///< Something for it is forgotten, and it does not know yet.
        std::uint64_t id = 0;   ///< What its client comes back with.
        bool noted = false;     ///< options::missed was told.
    };

    class following final : public stream {
    public:
        following(std::shared_ptr<event_hub> hub, std::shared_ptr<listener> who)
            : hub_(std::move(hub)), who_(std::move(who)) {}
        ~following() override { hub_->remove(who_); }
        void start(sink send) override { hub_->add(who_, std::move(send)); }
        void drained() override { hub_->go_on(who_); }
        auto when_silent() const -> std::string_view override {
            return hub_->is_over(*who_) ? std::string_view() : stream::when_silent();
        }

    private:
        std::shared_ptr<event_hub> hub_;
        std::shared_ptr<listener> who_;
    };

    static auto is_of(const scope& wanted, const scope& where) -> bool {
        return wanted.environment.empty() ||
               (wanted.environment == where.environment &&
                (wanted.space.empty() || wanted.space == where.space));
    }
    /// Not an event, but a gap among those that are kept: before it nobody looked.
    static auto is_gap(const happening& what) -> bool { return what.json.empty(); }
    static auto is_for(const listener& who, const happening& what) -> bool {
        return is_gap(what) ||
               (is_of(who.of, what.where) && may_hear(who.who, what.where.view(), what.name)) ||
               (is_inherited(who.of, what) && may_hear(who.who, who.of.view(), what.name));
    }
    /// An environment's secret that a space inherits, which hears of it as of its own.
    static auto is_inherited(const scope& space, const happening& what) -> bool {
        return !space.space.empty() && !what.name.empty() && what.where.space.empty() &&
               what.where.actor.empty() && what.where.environment == space.environment;
    }
    static auto id_line(std::uint64_t number) -> std::string {
        return "id: " + std::to_string(number) + "\n";
    }
    /// What is new; who is behind comes to it. False: nobody listens there any more. Who can't be
    /// told for want of memory is given up, so that no stream goes on with a gap.
    auto hears(listener& l, const happening& what, std::chrono::milliseconds now) const noexcept
        -> bool {
        try {
            if (!is_over(l, now)) return l.behind || tell(l, what);
        } catch (const std::exception&) {
        }
        l.sink({});
        return false;
    }
    /// Of what is not for it a listener is told the number now and then: else its client would come
    /// back with one that is long forgotten, and nobody could tell whether it missed something.
    /// False: nobody listens there any more.
    auto tell(listener& to, const happening& what) const -> bool {
        if (is_gap(what)) return tell_gap(to, what.number);
        const bool wanted = is_for(to, what);
        if (!wanted && what.number - to.id <= with_.kept / 16) return true;
        to.id = what.number;
        return to.sink(id_line(what.number) + (wanted ? "data: " + what.json + "\n\n" : "\n"));
    }
    /// Some may have been missed up to that number. False: as tell().
    auto tell_gap(listener& to, std::uint64_t until) const -> bool {
        const auto after = std::exchange(to.id, until);
        if (with_.missed && !std::exchange(to.noted, true)) with_.missed(to.who);
        return to.sink("event: " + std::string(gap_event) + "\n" + id_line(until) +
                       "data: {\"after\":" + std::to_string(after) + "}\n\n");
    }
    void keep(happening what) {
        const auto size = what.json.size();
        kept_.push_back(std::move(what));
        bytes_ += size;
    }
    void forget_old() {
        while (kept_.size() > with_.kept || bytes_ > with_.kept_bytes)
            forget_oldest();
    }
    void forget_oldest() {
        const auto& oldest = kept_.front();
        for (const auto& l : listeners_) {
            if (!l->behind || l->told >= oldest.number) continue;
            l->missed |= is_for(*l, oldest);
            l->told = oldest.number;
        }
        forgotten_ = oldest.number;
        bytes_ -= oldest.json.size();
        kept_.pop_front();
    }
    /// Nobody has listened for so long that nobody comes back.
    auto was_silent(std::chrono::milliseconds now) const -> bool {
        return listeners_.empty() && heard_at_ && now - *heard_at_ > 2 * with_.stream_life;
    }
    void add(const std::shared_ptr<listener>& who, stream::sink send) {
        const std::lock_guard lock(mutex_);
        who->sink = std::move(send);
        who->since = with_.time->boot();
        if (was_silent(who->since)) {
            keep({.number = ++number_});
            forget_old();
        }
        heard_at_ = who->since;
        if (who->told == 0) who->told = number_;
        who->id = who->told;
        if (!who->sink("retry: 1000\n" + id_line(who->id) + "\n")) return;
        who->missed = who->told < forgotten_ || who->told > number_;
        if (who->missed) who->told = who->told < forgotten_ ? forgotten_ : number_;
        if (catch_up(*who)) listeners_.push_back(who);
    }
    auto is_over(const listener& who, std::chrono::milliseconds now) const -> bool {
        return now - who.since > with_.stream_life;
    }
    auto is_over(const listener& who) const -> bool {
        const std::lock_guard lock(mutex_);
        return is_over(who, with_.time->boot());
    }
    void go_on(const std::shared_ptr<listener>& who) {
        const std::lock_guard lock(mutex_);
        if (who->behind && !catch_up(*who)) std::erase(listeners_, who);
    }
    /// Sends a piece of what is kept. False: nobody listens there any more.
    auto catch_up(listener& who) const -> bool {
        if (std::exchange(who.missed, false) && !tell_gap(who, who.told)) return false;
        std::size_t sent = 0;
        const auto next = std::upper_bound(
            kept_.begin(), kept_.end(), who.told,
            [](std::uint64_t number, const happening& h) { return number < h.number; });
        for (auto what = next; who.behind && what != kept_.end(); ++what) {
            if (sent >= largest_event) return true;
            const auto size = what->json.size();
            if (is_for(who, *what)) sent += size;
            if (!tell(who, *what)) return false;
            who.told = what->number;
        }
        who.behind = false;
        return true;
    }
    void remove(const std::shared_ptr<listener>& who) {
        const std::lock_guard lock(mutex_);
        std::erase(listeners_, who);
    }

    options with_;
    mutable std::mutex mutex_;
    std::uint64_t number_;
    std::uint64_t forgotten_ = number_; ///< Nothing is kept up to this number.
    std::deque<happening> kept_{};
    std::size_t bytes_ = 0; ///< Of the events that are kept.
    std::vector<std::shared_ptr<listener>> listeners_{};
    std::optional<std::chrono::milliseconds> heard_at_{}; ///< Last known, by the boot clock.
};

} // namespace coffer::inline COFFER_ABI::http

#endif
