// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_ROUTER_HPP
#define COFFER_REDIS_SRC_ROUTER_HPP

#include <coffer/redis/src/lane.hpp>
#include <coffer/redis/src/slots.hpp>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <thread>

namespace coffer::inline COFFER_ABI::redis::detail {

/// Which connection of a node: large writes, and those that wait for replicas, hold up no reader.
enum class traffic : std::size_t { reads, writes };

/// Finds the server that a partition is on, and brings a command there.
class router {
public:
    explicit router(setting with) : with_(std::move(with)) {}

    struct errand {
        traffic over = traffic::reads;
        /// The command; `full`: with the whole script, for a server that forgot it.
        std::function<std::string(bool full)> wire{};
        /// Whether a reply that is no error is one to this command; if not, the connection goes.
        std::function<bool(const reply&)> fits{};
        std::size_t replies = 1;
        std::size_t most_bytes = small_reply;
        std::chrono::milliseconds patience{}; ///< Besides the response timeout.
        bool repeatable = false; ///< May be sent again after it may have been received.
    };

    /// Sends a command to where the partition is. An answer of the server to the first command is
    /// never one that says that it belongs elsewhere, or that the script is not known.
    auto run(std::string_view partition, const errand& what) -> answered {
        const auto until = steady::now() + with_.with.response_timeout + what.patience;
        journey trip{slot_of(partition)};
        for (;;) {
            auto done = step(trip, what, until);
            if (done) return *std::move(done);
        }
    }

    /// The servers that hold partitions: one, or the primaries of the cluster.
    auto primaries() -> result<std::vector<endpoint>> {
        if (!clustered()) return std::vector<endpoint>{{}};
        const auto until = steady::now() + with_.with.response_timeout;
        const auto known = know_slots(until);
        if (!known) return known.error();
        const auto all = (*known)->primaries();
        return std::vector<endpoint>(all.begin(), all.end());
    }
    /// Sends a command that belongs to no partition to one of primaries().
    auto run_on(const endpoint& node, const errand& what) -> answered {
        const auto until = steady::now() + with_.with.response_timeout + what.patience;
        const auto via = lane_to(node, what.over);
        auto over = via->get(until, with_.with.connect_timeout);
        if (!over) return {over.error(), false, false};
        auto got = (*over)->run(what.wire(true), what.replies, what.most_bytes, until);
        return got.replies ? checked(std::move(got), what, **over) : std::move(got);
    }
    /// A new connection to one of primaries(), for whoever wants one of its own.
    auto connect(const endpoint& node, deadline until) -> result<std::unique_ptr<socket>> {
        return clustered() ? log_in(with_, node, check::primary, until) : connect_to_primary(until);
    }
    /// Changes whenever another set of servers may hold the partitions than before.
    auto version() const noexcept -> std::uint64_t { return version_.load(); }
    /// Called after each such change; to be set while nothing else is under way.
    void on_change(std::function<void()> call) { on_change_ = std::move(call); }
    auto clustered() const noexcept -> bool { return with_.with.kind == deployment::cluster; }
    auto settings() const noexcept -> const setting& { return with_; }

private:
    static constexpr int most_redirections = 8;
    static constexpr std::chrono::milliseconds pause{50};

    struct journey {
        std::uint16_t slot;
        bool full = false;               ///< Send the whole script.
        std::optional<endpoint> asked{}; ///< Where an ASK sends us, for one try.
        int redirections = 0;
        int failures = 0;
    };

    /// One try. Nothing: try again.
    auto step(journey& trip, const errand& what, deadline until) -> std::optional<answered> {
        auto node = destination(trip, until);
        if (!node) return after_failure(trip, what, {node.error(), false, false}, until);
        const auto via = lane_to(*node, what.over);
        auto over = via->get(until, with_.with.connect_timeout);
        if (!over) return after_failure(trip, what, {over.error(), false, false}, until);
        const bool asking = trip.asked.has_value();
        auto wire = what.wire(trip.full || asking);
        if (asking) wire.insert(0, command{"ASKING"}.wire);
        auto got = (*over)->run(wire, what.replies + (asking ? 1 : 0), what.most_bytes, until);
        trip.asked.reset();
        if (!got.replies) return after_failure(trip, what, std::move(got), until);
        if (asking) got.replies->erase(got.replies->begin());
        got.asked = asking;
        if (!got.replies->front().is(reply_kind::error))
            return checked(std::move(got), what, **over);
        return after_error(trip, std::move(got), *node, via, *over, until);
    }

    /// A reply to another question than ours may belong to somebody else: that connection is of no
    /// use any more.
    static auto checked(answered&& got, const errand& what, link& over) -> answered {
        const auto& first = got.replies->front();
        if (first.is(reply_kind::error) || what.fits(first)) return std::move(got);
        over.give_up();
        return {failure{errc::tampered, cause::unexpected_reply}, true, got.asked};
    }
    /// The server did not do it and said why.
    auto after_error(journey& trip, answered&& got, const endpoint& node,
                     const std::shared_ptr<lane>& via, const std::shared_ptr<link>& over,
                     deadline until) -> std::optional<answered> {
        const std::string_view error = got.replies->front().text;
        const auto word = error.substr(0, error.find(' '));
        if (word == "NOSCRIPT" && !trip.full) {
            trip.full = true;
            return std::nullopt;
        }
        const bool elsewhere = word == "MOVED" || word == "ASK";
        if (clustered() && elsewhere && ++trip.redirections <= most_redirections) {
            const auto there = slot_map::redirection(error, node);
            if (!there || there->first != trip.slot) return got;
            if (word == "ASK")
                trip.asked = there->second;
            else
                learn(there->first, there->second);
            return std::nullopt;
        }
        if (clustered() && (word == "TRYAGAIN" || word == "CLUSTERDOWN") &&
            steady::now() + pause < until) {
            forget_slots();
            std::this_thread::sleep_for(pause);
            return std::nullopt;
        }
        if (word == "READONLY") { // it was a primary once
            via->drop(over);
            if (trip.failures++ == 0) {
                forget_slots();
                return std::nullopt;
            }
        }
        return got;
    }
    /// Nobody answered. A node of a cluster may have another in its place soon.
    auto after_failure(journey& trip, const errand& what, answered&& got, deadline until)
        -> std::optional<answered> {
        ++trip.failures;
        trip.asked.reset();
        if (got.sent && !what.repeatable) return std::move(got);
        const auto code = got.replies.error().code;
        if (code != errc::unavailable) return std::move(got);
        forget_slots();
        if (trip.failures == 1 && got.sent) return std::nullopt; // the connection was stale
        if (trip.failures == 1 && got.replies.error().cause == cause::disconnected)
            return std::nullopt;
        // A read is better answered by what its caller remembers than by a long wait.
        const bool patient = clustered() && (!what.repeatable || trip.failures < 3);
        if (!patient || steady::now() + pause >= until) return std::move(got);
        std::this_thread::sleep_for(pause);
        return std::nullopt;
    }

    auto destination(const journey& trip, deadline until) -> result<endpoint> {
        if (trip.asked) return *trip.asked;
        if (!clustered()) return endpoint{};
        const auto known = know_slots(until);
        if (!known) return known.error();
        if (auto owner = (*known)->owner(trip.slot)) return *std::move(owner);
        forget_slots();
        return failure{errc::unavailable, cause::cluster_down};
    }

    // Cluster -------------------------------------------------------------------------------------

    void learn(std::uint16_t slot, const endpoint& owner) {
        {
            const std::lock_guard lock(mutex_);
            if (map_ != nullptr) {
                auto better = std::make_shared<slot_map>(*map_);
                better->moved(slot, owner);
                map_ = std::move(better);
            }
            if (seen_.contains(owner)) return;
            map_.reset(); // a new node: who else is there?
        }
        changed();
    }
    void forget_slots() {
        {
            const std::lock_guard lock(mutex_);
            map_.reset();
        }
        changed();
    }
    void changed() {
        ++version_;
        if (on_change_) on_change_();
    }
    /// Asks the nodes that are known, and those of the beginning, until one tells.
    auto know_slots(deadline until) -> result<std::shared_ptr<const slot_map>> {
        std::vector<endpoint> candidates;
        {
            const std::lock_guard lock(mutex_);
            if (map_ != nullptr) return map_;
            candidates.assign(seen_.begin(), seen_.end());
            candidates.insert(candidates.end(), with_.with.endpoints.begin(),
                              with_.with.endpoints.end());
        }
        failure last{errc::unavailable, cause::cluster_down};
        for (const auto& node : candidates) {
            auto found = ask_slots(node, until);
            if (!found) {
                if (last.code != errc::denied) last = found.error();
                continue;
            }
            const std::lock_guard lock(mutex_);
            map_ = std::make_shared<const slot_map>(*std::move(found));
            seen_ = map_->primaries();
            return map_;
        }
        return last;
    }
    auto ask_slots(const endpoint& node, deadline until) -> result<slot_map> {
        // Any node can tell, so the one that is asked need not be a primary.
        auto over = talk_to(node, until);
        if (!over) return over.error();
        const auto said =
            (*over)->run(command{"CLUSTER", "SLOTS"}.wire, 1, std::size_t{32} << 20, until);
        if (!said.replies) return said.replies.error();
        const auto& first = said.replies->front();
        if (first.is(reply_kind::error)) return failure_of(first.text);
        auto map = slot_map::read(first, node);
        if (!map) return failure{errc::tampered, cause::unexpected_reply};
        return *std::move(map);
    }
    auto talk_to(const endpoint& node, deadline until) -> result<std::shared_ptr<link>> {
        auto made = log_in(with_, node, check::none,
                           std::min(until, steady::now() + with_.with.connect_timeout));
        if (!made) return made.error();
        return std::make_shared<link>(*std::move(made));
    }

    // Connections ---------------------------------------------------------------------------------

    auto lane_to(const endpoint& node, traffic over) -> std::shared_ptr<lane> {
        const std::lock_guard lock(mutex_);
        if (lanes_.size() > 1000 && !lanes_.contains(node))
            lanes_.clear(); // somebody invents nodes
        auto& held = lanes_[node][static_cast<std::size_t>(over)];
        if (held == nullptr)
            held = std::make_shared<lane>(
                [this, node](deadline until) { return connect(node, until); },
                std::chrono::milliseconds(clustered() ? 0 : 1000));
        return held;
    }
    /// The first endpoint that is a primary, or the one that Sentinels name.
    auto connect_to_primary(deadline until) -> result<std::unique_ptr<socket>> {
        result<std::unique_ptr<socket>> last = failure{errc::unavailable, cause::unknown_host};
        for (const auto& candidate : with_.with.endpoints) {
            auto primary = with_.with.kind == deployment::sentinel ? ask_sentinel(candidate, until)
                                                                   : result<endpoint>(candidate);
            if (!primary) {
                last = primary.error();
                continue;
            }
            last = log_in(with_, *primary, check::primary, until);
            if (last) return last;
        }
        return last;
    }
    /// Sentinels are asked without user and password.
    auto ask_sentinel(const endpoint& sentinel, deadline until) -> result<endpoint> {
        auto bare = with_;
        bare.password.reset();
        bare.with.database = 0;
        auto made = log_in(bare, sentinel, check::none, until);
        if (!made) return made.error();
        link over(*std::move(made));
        const auto said =
            over.run(command{"SENTINEL", "GET-MASTER-ADDR-BY-NAME", with_.with.service}.wire, 1,
                     small_reply, until);
        if (!said.replies) return said.replies.error();
        const auto& address = said.replies->front();
        if (address.is(reply_kind::error)) return failure_of(address.text);
        if (!address.is(reply_kind::array) || address.items.size() != 2)
            return failure{errc::unavailable, cause::unknown_host};
        const auto there = slot_map::redirection(
            "MASTER 0 " + address.items[0].text + ":" + address.items[1].text, sentinel);
        if (!there) return failure{errc::tampered, cause::unexpected_reply};
        return there->second;
    }

    setting with_;
    std::atomic<std::uint64_t> version_{0};
    std::function<void()> on_change_{};
    std::mutex mutex_{};
    std::shared_ptr<const slot_map> map_{};
    std::set<endpoint> seen_{};
    std::map<endpoint, std::array<std::shared_ptr<lane>, 2>> lanes_{};
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
