// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_WATCH_HPP
#define COFFER_REDIS_SRC_WATCH_HPP

#include <coffer/redis/src/revisions.hpp>
#include <coffer/redis/src/router.hpp>
#include <coffer/redis/store.hpp>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <limits>
#include <map>
#include <stop_token>
#include <thread>

namespace coffer::inline COFFER_ABI::redis::detail {

/// counters, while they are counted.
struct tally {
    std::atomic<std::uint64_t> round_trips{0};
    std::atomic<std::uint64_t> from_memory{0};
    std::atomic<std::uint64_t> invalidations{0};
    std::atomic<std::uint64_t> watch_losses{0};

    auto all() const noexcept -> counters {
        return {round_trips.load(), from_memory.load(), invalidations.load(), watch_losses.load()};
    }
};

/// Listens to one server for changes of the store's keys: its own connection and thread. RESP3
/// client-side caching in broadcasting mode ("Client-side caching reference" of Redis): the server
/// remembers nothing of what was read, and tells of every change below the prefix.
class listener {
public:
    listener(router& over, endpoint node, revision_memory& memory, tally& counted,
             std::function<void()> changed)
        : router_(over), node_(std::move(node)), memory_(memory), counted_(counted),
          changed_(std::move(changed)),
          thread_([this](const std::stop_token& stop) { work(stop); }) {}

    /// Until when (boot time) every change would have been heard; zero while it does not listen.
    auto heard_until() const noexcept -> std::chrono::nanoseconds {
        return std::chrono::nanoseconds(heard_until_.load());
    }

private:
    auto with() const noexcept -> const options& { return router_.settings().with; }

    void work(const std::stop_token& stop) {
        for (;;) {
            try {
                listen(stop);
            } catch (const std::exception&) {
            } // no memory: it begins anew
            const bool listened = heard_until_.exchange(0) != 0;
            memory_.forget();
            changed_();
            if (stop.stop_requested()) return;
            if (listened) counted_.watch_losses.fetch_add(1);
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, stop, std::chrono::milliseconds(100), [] { return false; });
        }
    }
    /// Listens until the connection is lost or silent, or it is to stop.
    void listen(const std::stop_token& stop) {
        const auto made = router_.connect(node_, steady::now() + with().connect_timeout, stop);
        if (!made) return;
        auto& over = **made;
        reply_parser parser;
        parser.limit(small_reply);
        auto asked_at = boot_time();
        std::size_t missing = 0; // of the answers to what was asked last
        bool tracking = false;
        const auto ask = [&](command what) {
            asked_at = boot_time();
            missing = 1;
            if (router_.clustered()) { // where one that is cut off stays a primary to itself
                what.wire += command{"CLUSTER", "INFO"}.wire;
                missing = 2;
            }
            return over.write_all(what.wire, steady::now() + with().heartbeat).has_value();
        };
        if (!ask({"CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", with().prefix + "{"})) return;
        for (;;) {
            const auto got = parser.next();
            if (!got) return;
            if (!*got) {
                const auto due =
                    asked_at + (missing != 0 ? 2 : 1) * std::chrono::nanoseconds(with().heartbeat);
                result<std::size_t> read = errc::timed_out; // also where pushes come all the time
                if (const auto now = boot_time(); now < due)
                    read =
                        over.read_some(parser.room(parser.wanted()), steady::now() + (due - now));
                if (read) {
                    parser.took(*read);
                    continue;
                }
                if (read.error().code != errc::timed_out || missing != 0) return;
                if (!ask({"INFO", "replication"})) return;
                continue;
            }
            if ((*got)->is(reply_kind::push)) {
                if (!understand(**got)) return;
                continue;
            }
            if (missing == 0) return; // nobody asked
            if (!is_good(**got, tracking, missing)) return;
            if (--missing != 0) continue;
            if (!tracking) {
                router_.renew_reads(node_); // what another server says is not vouched for here
                memory_.forget();           // what changed before was not heard
            }
            tracking = true;
            // What changed before the server saw our question was told before its answer.
            heard_until_.store((asked_at + 2 * std::chrono::nanoseconds(with().heartbeat)).count());
            changed_();
        }
    }
    /// Whether an answer to what was asked is one to go on with; `missing`: with this one.
    auto is_good(const reply& said, bool tracking, std::size_t missing) const -> bool {
        if (router_.clustered() && missing == 1) return check_cluster(said).has_value();
        return tracking ? check_primary(said).has_value() : !said.is(reply_kind::error);
    }
    /// `invalidate` with the keys that changed, or with null for all of them.
    auto understand(const reply& push) -> bool {
        if (push.items.size() != 2 || push.items[0].text != "invalidate") return false;
        const auto& keys = push.items[1];
        if (!keys.is(reply_kind::null) && !keys.is(reply_kind::array)) return false;
        if (keys.is(reply_kind::null)) memory_.forget();
        for (const auto& key : keys.items)
            memory_.changed(partition_of(with().prefix, key.text));
        counted_.invalidations.fetch_add(1); // whoever sees it finds the old ones gone
        return true;
    }

    router& router_;
    endpoint node_;
    revision_memory& memory_;
    tally& counted_;
    std::function<void()> changed_;
    std::atomic<std::int64_t> heard_until_{0};
    std::mutex mutex_{};
    std::condition_variable_any wake_{};
    std::jthread thread_; ///< Last: it uses the others.
};

/// Listens to all servers that hold partitions, and vouches for the memory of revisions as long as
/// all of them are heard.
class watch {
public:
    watch(router& over, revision_memory& memory, tally& counted)
        : router_(over), memory_(memory), counted_(counted) {
        router_.on_change([this] {
            const std::lock_guard lock(mutex_);
            memory_.vouch_until({});
            memory_.forget(); // another may have what was learnt of this one
        });
        thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    }
    ~watch() {
        thread_.request_stop();
        thread_.join();
        router_.on_change({});
        listeners last;
        const std::unique_lock lock(mutex_);
        last.swap(listeners_);
    } // the lock goes before the listeners, whose threads may be calling vouch()
    watch(const watch&) = delete;
    auto operator=(const watch&) -> watch& = delete;

private:
    using listeners = std::map<endpoint, std::unique_ptr<listener>>;

    void work(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            try {
                listen_to_all(stop);
            } catch (const std::exception&) {
            } // no thread, no memory: nothing has changed, and it is tried again
            vouch();
            std::unique_lock lock(mutex_);
            wake_.wait_for(lock, stop, router_.settings().with.heartbeat / 4, [] { return false; });
        }
    }
    /// Keeps one listener for each server. What throws comes first. Nobody else changes listeners_.
    void listen_to_all(const std::stop_token& stop) {
        const auto version = router_.version();
        // One that is not heard may have another in its place, of which nobody tells us.
        const bool anew = std::ranges::any_of(listeners_, [now = boot_time()](const auto& one) {
            return one.second->heard_until() < now;
        });
        const auto nodes = router_.primaries(anew, stop);
        if (!nodes) return;
        // Both go after the lock, since their threads may be calling vouch().
        listeners fresh;
        listeners gone;
        for (const auto& node : *nodes)
            if (!listeners_.contains(node))
                fresh[node] = std::make_unique<listener>(router_, node, memory_, counted_,
                                                         [this] { vouch(); });
        const std::lock_guard lock(mutex_);
        for (auto next = listeners_.begin(); next != listeners_.end();) {
            const auto one = next++;
            if (std::ranges::find(*nodes, one->first) == nodes->end())
                gone.insert(listeners_.extract(one));
        }
        listeners_.merge(fresh);
        complete_for_ = version;
    }
    void vouch() {
        const std::lock_guard lock(mutex_);
        auto until = std::chrono::nanoseconds::max();
        for (const auto& [node, one] : listeners_)
            until = std::min(until, one->heard_until());
        if (listeners_.empty() || complete_for_ != router_.version()) until = {};
        memory_.vouch_until(until);
    }

    router& router_;
    revision_memory& memory_;
    tally& counted_;
    std::mutex mutex_{};
    std::condition_variable_any wake_{};
    listeners listeners_{};
    std::uint64_t complete_for_ = std::numeric_limits<std::uint64_t>::max();
    std::jthread thread_{};
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
