// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_ROUTER_HPP
#define COFFER_REDIS_SRC_ROUTER_HPP

#include <coffer/redis/src/lane.hpp>
#include <coffer/redis/src/primary.hpp>
#include <coffer/redis/src/topology.hpp>

#include <array>
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

    /// The servers that hold partitions: one, or the primaries of the cluster. `anew`: what was
    /// known is not good enough. `stop` ends the wait for an answer.
    auto primaries(bool anew = false, const std::stop_token& stop = {})
        -> result<std::vector<endpoint>> {
        if (!clustered()) return std::vector<endpoint>{{}};
        const auto until = steady::now() + with_.with.response_timeout;
        const auto known = anew ? topology_.ask(until, stop) : topology_.know(until, stop);
        if (!known) return known.error();
        const auto all = (*known)->primaries();
        return std::vector<endpoint>(all.begin(), all.end());
    }
    /// Sends a command that belongs to no partition to one of primaries().
    auto run_on(const endpoint& node, const errand& what) -> answered {
        const auto until = steady::now() + with_.with.response_timeout + what.patience;
        const auto via = lane_to(node, what.over);
        for (bool again = false;; again = true) {
            auto [over, tried] = via->get(until, with_.with.connect_timeout);
            auto got = over ? (*over)->run(what.wire(true), what.replies, what.most_bytes, until)
                            : answered{over.error(), false, false};
            if (got.replies) return checked(std::move(got), what, **over);
            if (tried) topology_.forget();
            // A connection that was idle may have been closed by the other side.
            const bool was_stale = over && got.replies.error().code == errc::unavailable &&
                                   (!got.sent || what.repeatable);
            if (again || !was_stale) return got;
        }
    }
    /// A new connection to one of primaries(), for whoever wants one of its own; `stop` is its, see
    /// socket::connect.
    auto connect(const endpoint& node, deadline until, const std::stop_token& stop = {})
        -> result<std::unique_ptr<socket>> {
        return clustered() ? log_in(with_, node, check::primary, until, stop)
                           : primary_.connect(until, stop);
    }
    /// Reads of a server are over a new connection from now on, which is found anew: the one before
    /// may lead to a server that was left. Those that are under way end on that.
    void renew_reads(const endpoint& node) {
        std::shared_ptr<lane> old; // goes after the lock
        const std::lock_guard lock(mutex_);
        if (const auto found = lanes_.find(node); found != lanes_.end())
            old = std::exchange(found->second[static_cast<std::size_t>(traffic::reads)], nullptr);
    }
    /// As topology has them.
    auto version() const noexcept -> std::uint64_t { return topology_.version(); }
    void on_change(std::function<void()> call) { topology_.on_change(std::move(call)); }
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
        auto [over, tried] = via->get(until, with_.with.connect_timeout);
        if (!over) return after_failure(trip, what, {over.error(), false, false}, until, tried);
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
                topology_.learn(there->first, there->second);
            return std::nullopt;
        }
        if (clustered() && (word == "TRYAGAIN" || word == "CLUSTERDOWN") &&
            steady::now() + pause < until) {
            topology_.forget();
            std::this_thread::sleep_for(pause);
            return std::nullopt;
        }
        if (word == "READONLY") { // it was a primary once
            via->drop(over);
            if (trip.failures++ == 0) {
                topology_.forget();
                return std::nullopt;
            }
        }
        return got;
    }
    /// Nobody answered. A node of a cluster may have another in its place soon.
    auto after_failure(journey& trip, const errand& what, answered&& got, deadline until,
                       bool tried = true) -> std::optional<answered> {
        const auto& why = got.replies.error();
        // It would be so at the next try, and the node is as good as any.
        if (why.cause == cause::reply_too_large) return std::move(got);
        ++trip.failures;
        trip.asked.reset();
        if (tried) topology_.forget(); // also if it was silent: another may be in its place
        if (got.sent && !what.repeatable) return std::move(got);
        if (why.code != errc::unavailable) return std::move(got);
        if (trip.failures == 1 && got.sent) return std::nullopt; // the connection was stale
        if (trip.failures == 1 && why.cause == cause::disconnected) return std::nullopt;
        // A read is better answered by what its caller remembers than by a long wait.
        const bool patient = clustered() && (!what.repeatable || trip.failures < 3);
        if (!patient || steady::now() + pause >= until) return std::move(got);
        std::this_thread::sleep_for(pause);
        return std::nullopt;
    }

    auto destination(const journey& trip, deadline until) -> result<endpoint> {
        if (trip.asked) return *trip.asked;
        if (!clustered()) return endpoint{};
        const auto known = topology_.know(until);
        if (!known) return known.error();
        if (auto owner = (*known)->owner(trip.slot)) return *std::move(owner);
        topology_.forget();
        return failure{errc::unavailable, cause::cluster_down};
    }

    auto lane_to(const endpoint& node, traffic over) -> std::shared_ptr<lane> {
        const std::lock_guard lock(mutex_);
        if (lanes_.size() > 1000 && !lanes_.contains(node))
            lanes_.clear(); // somebody invents nodes
        auto& held = lanes_[node][static_cast<std::size_t>(over)];
        if (held == nullptr)
            held = std::make_shared<lane>(
                [this, node, over](deadline until) {
                    auto made = connect(node, until);
                    // What was written there must not be looked for elsewhere.
                    if (made && over == traffic::writes && !clustered()) renew_reads(node);
                    return made;
                },
                std::chrono::milliseconds(clustered() ? 0 : 1000));
        return held;
    }

    setting with_;
    topology topology_{with_};
    primary_finder primary_{with_};
    std::mutex mutex_{};
    std::map<endpoint, std::array<std::shared_ptr<lane>, 2>> lanes_{};
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
