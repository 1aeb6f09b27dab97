// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_STATE_HPP
#define COFFER_REDIS_SRC_STATE_HPP

#include <coffer/detail/never_destroyed.hpp>
#include <coffer/redis/src/revisions.hpp>
#include <coffer/redis/src/router.hpp>
#include <coffer/redis/src/sha1.hpp>
#include <coffer/redis/src/unconfirmed.hpp>
#include <coffer/redis/src/watch.hpp>
#include <coffer/redis/store.hpp>
#include <coffer/store_rules.hpp>

#include <algorithm>
#include <atomic>
#include <set>

namespace coffer::inline COFFER_ABI::redis::detail {

/// What the handles of a store share.
class store_state {
public:
    explicit store_state(setting with) : router_(std::move(with)) {
        if (options_().watch) watch_.emplace(router_, memory_, counted_);
    }

    /// The first connections, so that what is wrong is said at once. One node of a cluster that is
    /// dead keeps nobody from the others; it is looked at when it is connected to.
    auto look() -> result<void> {
        const auto nodes = router_.primaries();
        if (!nodes) return nodes.error();
        result<void> dead;
        bool one_lives = false;
        for (const auto& node : *nodes) {
            auto there = look_at(node);
            if (there)
                one_lives = true;
            else if (there.error().code == errc::unavailable ||
                     there.error().code == errc::timed_out)
                dead = there;
            else
                return there;
        }
        return one_lives ? result<void>() : dead;
    }

    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
        if (keys.empty() && watch_)
            if (const auto known = memory_.find(partition)) {
                counted_.from_memory.fetch_add(1, std::memory_order_relaxed);
                return cut{*known, {}};
            }
        if (!is_partition_name(partition) || !std::ranges::all_of(keys, is_object_key))
            return errc::invalid_argument;
        const auto since = watch_ ? memory_.before_asking(partition) : revision_memory::ticket{};
        auto what = plain(load_command(key_of(options_().prefix, partition), keys),
                          [asked = keys.size() + 1](const reply& r) {
                              return r.is(reply_kind::array) && r.items.size() == asked;
                          });
        what.repeatable = true;
        what.most_bytes =
            small_reply + (keys.size() + 1) * (options_().limits.object_bytes + sizeof(reply));
        auto said = run(partition, what);
        if (!said.replies) return said.replies.error();
        auto& answer = said.replies->front();
        if (answer.is(reply_kind::error)) return failure_of(answer.text);
        auto found = read_cut(std::move(answer), keys.size());
        if (found)
            if (auto sure = confirm(partition, found->at); !sure) return sure.error();
        if (found && watch_ && !said.asked) memory_.learn(partition, found->at, since);
        return found;
    }

    auto commit(std::string_view partition, const revision& expected, const revision& next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        const auto& limits = options_().limits;
        if (auto checked = check_commit(limits, partition, next, writes); !checked)
            return checked.error();
        if (auto sure = settle(partition, nullptr); !sure) return sure.error();
        // Where the script's text is nothing beside the objects, they are not sent twice for it.
        std::size_t size = 0;
        for (const auto& write : writes)
            size += write.value ? write.value->size() : 0;
        auto what = confirmed([&, large = size > (std::size_t{64} << 10)](bool forgotten) {
            const bool full = forgotten || large;
            return commit_command(full ? "EVAL" : "EVALSHA",
                                  full ? commit_script : commit_script_hash(),
                                  key_of(options_().prefix, partition), expected, next, writes);
        });
        const bool waits = options_().keep.replicas > 0;
        if (waits) unconfirmed_.begin(partition, next);
        const auto end = [&](unconfirmed::outcome came) noexcept {
            memory_.changed(partition);
            if (waits) unconfirmed_.end(partition, next, came);
        };
        try {
            const auto said = run(partition, what);
            const auto done = outcome_of(said);
            const bool in_doubt = done && *done == commit_outcome::unknown;
            end(!in_doubt                  ? unconfirmed::outcome::sure
                : said.replies.has_value() ? unconfirmed::outcome::too_few
                                           : unconfirmed::outcome::lost);
            return done;
        } catch (...) { // no memory: it may have been sent
            end(unconfirmed::outcome::lost);
            throw;
        }
    }

    auto list(std::string_view partition) -> result<listing> {
        if (!is_partition_name(partition)) return errc::invalid_argument;
        auto what = plain(command{"HGETALL", key_of(options_().prefix, partition)}, is_array);
        what.repeatable = true;
        what.most_bytes = options_().list_bytes;
        auto said = run(partition, what);
        if (!said.replies) return said.replies.error();
        auto& answer = said.replies->front();
        if (answer.is(reply_kind::error)) return failure_of(answer.text);
        auto found = read_listing(std::move(answer));
        if (found)
            if (auto sure = confirm(partition, found->at); !sure) return sure.error();
        return found;
    }

    auto partitions() -> result<std::vector<std::string>> {
        const auto nodes = router_.primaries();
        if (!nodes) return nodes.error();
        std::set<std::string> names;
        for (const auto& node : *nodes)
            if (auto got = scan(node, names); !got) return got.error();
        return std::vector<std::string>(names.begin(), names.end());
    }

    auto limits() const noexcept -> store_limits { return options_().limits; }
    auto counted() const noexcept -> counters { return counted_.all(); }
    auto watching() const noexcept -> bool { return memory_.vouched(); }

private:
    auto options_() const noexcept -> const options& { return router_.settings().with; }

    auto look_at(const endpoint& node) -> result<void> {
        const auto said = router_.run_on(node, plain(command{"PING"}, is_text));
        if (!said.replies) return said.replies.error();
        if (said.replies->front().is(reply_kind::error))
            return failure_of(said.replies->front().text);
        return may_wait(node);
    }
    auto run(std::string_view partition, const router::errand& what) -> answered {
        counted_.round_trips.fetch_add(1, std::memory_order_relaxed);
        return router_.run(partition, what);
    }
    static auto is_text(const reply& r) -> bool { return r.is(reply_kind::text); }
    static auto is_number(const reply& r) -> bool { return r.is(reply_kind::number); }
    static auto is_array(const reply& r) -> bool { return r.is(reply_kind::array); }
    static auto plain(command one, std::function<bool(const reply&)> fits) -> router::errand {
        router::errand out;
        out.fits = std::move(fits);
        out.wire = [wire = std::move(one.wire)](bool) { return wire; };
        return out;
    }
    static auto commit_script_hash() -> std::string_view {
        static const coffer::detail::never_destroyed<std::string> hash(sha1_hex(commit_script));
        return *hash;
    }

    /// A script that writes, with the WAIT that the chosen durability asks for.
    template <class Build>
    auto confirmed(Build build) const -> router::errand {
        router::errand out;
        out.over = traffic::writes;
        out.fits = is_number;
        const auto& keep = options_().keep;
        std::string wait;
        if (keep.replicas > 0) {
            wait = command{"WAIT", std::to_string(keep.replicas),
                           std::to_string(keep.patience.count())}
                       .wire;
            out.replies = 2;
            out.patience = keep.patience;
        }
        out.wire = [build = std::move(build), wait](bool full) { return build(full).wire + wait; };
        return out;
    }
    auto is_confirmed(const std::vector<reply>& said) const -> bool {
        if (options_().keep.replicas == 0) return true;
        return said.size() == 2 && said[1].is(reply_kind::number) &&
               said[1].number >= static_cast<std::int64_t>(options_().keep.replicas);
    }

    auto outcome_of(const answered& said) const -> result<commit_outcome> {
        if (!said.replies) {
            if (!said.sent) return said.replies.error();
            return commit_outcome::unknown;
        }
        const auto& answer = said.replies->front();
        if (answer.is(reply_kind::error)) return refused(answer.text);
        if (!answer.is(reply_kind::number) || answer.number < 0 || answer.number > 1)
            return commit_outcome::unknown;
        if (answer.number == 0) return commit_outcome::conflict;
        return is_confirmed(*said.replies) ? commit_outcome::committed : commit_outcome::unknown;
    }
    /// What an error reply to a commit means: nothing was written, but where a script was stopped
    /// after its first write.
    static auto refused(std::string_view error) -> result<commit_outcome> {
        const auto why = failure_of(error);
        if (why.cause == cause::server_error) return commit_outcome::unknown;
        return why;
    }

    /// What was read may be told only if enough replicas have it, as far as it is our own.
    auto confirm(std::string_view partition, const revision& at) -> result<void> {
        const auto& with = options_();
        if (with.keep.replicas == 0) return {};
        if (!unconfirmed_.wait(partition, at,
                               steady::now() + with.response_timeout + with.keep.patience))
            return failure{errc::unavailable, cause::not_enough_replicas};
        return settle(partition, &at);
    }
    /// Nothing is told of a partition that is in doubt until replicas have all of it.
    auto settle(std::string_view partition, const revision* at) -> result<void> {
        const auto doubt = unconfirmed_.in_doubt(partition, at);
        if (!doubt) return {};
        const auto said =
            run(partition, confirmed([&](bool) {
                    return command{"EVAL", touch_script, "1", key_of(options_().prefix, partition)};
                }));
        if (!said.replies) return said.replies.error();
        for (const auto& answer : *said.replies)
            if (answer.is(reply_kind::error)) return failure_of(answer.text);
        if (!is_confirmed(*said.replies))
            return failure{errc::unavailable, cause::not_enough_replicas};
        unconfirmed_.settle(partition, at, *doubt);
        return {};
    }

    /// Whether WAIT is allowed is found out at once: a commit can't say why it is not confirmed.
    auto may_wait(const endpoint& node) -> result<void> {
        if (options_().keep.replicas == 0) return {};
        const auto said = router_.run_on(node, plain(command{"WAIT", "0", "1"}, is_number));
        if (!said.replies) return said.replies.error();
        if (said.replies->front().is(reply_kind::error))
            return failure_of(said.replies->front().text);
        return {};
    }

    auto scan(const endpoint& node, std::set<std::string>& into) -> result<void> {
        const auto& prefix = options_().prefix;
        std::string cursor = "0";
        // SCAN promises to end; whoever plays the server may not.
        for (int portions = 0; portions < 1'000'000; ++portions) {
            auto what =
                plain(command{"SCAN", cursor, "MATCH", prefix + "{*}", "COUNT", "1000"}, is_array);
            what.most_bytes = std::size_t{16} << 20;
            what.repeatable = true;
            const auto said = router_.run_on(node, what);
            if (!said.replies) return said.replies.error();
            const auto& answer = said.replies->front();
            if (answer.is(reply_kind::error)) return failure_of(answer.text);
            if (!answer.is(reply_kind::array) || answer.items.size() != 2 ||
                !answer.items[0].is(reply_kind::text) || !answer.items[1].is(reply_kind::array) ||
                answer.items[0].text.size() > 20)
                return failure{errc::tampered, cause::unexpected_reply};
            for (const auto& key : answer.items[1].items)
                if (const auto name = partition_of(prefix, key.text); is_partition_name(name))
                    into.insert(std::string(name));
            if (into.size() > 1'000'000) return failure{errc::tampered, cause::unexpected_reply};
            cursor = answer.items[0].text;
            if (cursor == "0") return {};
        }
        return failure{errc::tampered, cause::unexpected_reply};
    }

    router router_;
    revision_memory memory_{};
    tally counted_{};
    unconfirmed unconfirmed_{};
    std::optional<watch> watch_{}; ///< Last: its threads use the others.
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
