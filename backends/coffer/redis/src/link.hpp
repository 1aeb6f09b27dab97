// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_LINK_HPP
#define COFFER_REDIS_SRC_LINK_HPP

#include <coffer/redis/reply.hpp>
#include <coffer/redis/src/socket.hpp>

#include <condition_variable>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::redis::detail {

/// What a command came to. `sent`: the server may have seen it, whatever `replies` says.
struct answered {
    result<std::vector<reply>> replies;
    bool sent = true;
    bool asked = false; ///< From a node that is yet to own the slot.
};

/// One connection shared by any number of threads: their commands go out in one stream, and the
/// answers come back in that order, so that those that wait at the same time share system calls.
/// There is no thread of its own: one of those that wait reads for all.
///
/// Once anything is wrong with it (a deadline passed, bytes that are no reply, a reply nobody asked
/// for, an exception in whoever reads or sends for all) it is broken for good and all that wait are
/// told, since later answers could be taken for those of other commands: the first of them why, as
/// it is his answer or his deadline; the others no more than `disconnected`.
class link {
public:
    explicit link(std::unique_ptr<socket> to) : socket_(std::move(to)) {}

    /// Sends a command, or several at once, and waits for as many replies, none of which may take
    /// more than `most_bytes`. What is large may take longer than `until` as long as it comes, or
    /// goes; with no time left nothing is sent. Throws where there is no memory; the command may
    /// have been sent then.
    auto run(std::string_view wire, std::size_t replies, std::size_t most_bytes, deadline until)
        -> answered {
        if (steady::now() >= until) return {errc::timed_out, false, false};
        call mine{replies, most_bytes, until};
        std::unique_lock lock(mutex_);
        if (!broken_ && waiting_.empty() && !reading_ && !writing_ && !socket_->quiet())
            break_with(gone());
        if (broken_) return {gone(), false, false};
        waiting_.push_back(&mine);
        try {
            send(wire, mine, lock);
            while (!mine.done) {
                if (reading_)
                    mine.changed.wait(lock);
                else
                    read_for(mine, lock);
            }
        } catch (...) { // no memory: the stream is lost, and nobody may meet this call any more
            if (!lock.owns_lock()) lock.lock();
            break_with(gone());
            throw;
        }
        if (mine.failed) return {*mine.failed, true, false};
        return {std::move(mine.got), true, false};
    }
    auto is_broken() const -> bool {
        const std::lock_guard lock(mutex_);
        return broken_;
    }
    /// No further command is sent, and those that wait fail.
    void give_up() {
        const std::lock_guard lock(mutex_);
        break_with(gone());
    }

private:
    struct call {
        std::size_t missing;
        std::size_t most_bytes;
        deadline until;
        std::vector<reply> got{};
        std::optional<failure> failed{};
        bool done = false;
        std::condition_variable changed{};
    };

    static auto gone() noexcept -> failure { return {errc::unavailable, cause::disconnected}; }

    void break_with(failure why) {
        broken_ = true;
        socket_->shut();
        outgoing_.clear();
        for (auto* one : waiting_) {
            one->failed = std::exchange(why, gone());
            finish(*one);
        }
        waiting_.clear();
    }
    static void finish(call& one) {
        one.done = true;
        one.changed.notify_one();
    }

    void put_off(steady::duration by) {
        for (auto* one : waiting_)
            one->until += by;
    }

    /// That of the first who waits; if nobody does, that of `mine`, which is not sent yet.
    auto first_deadline(const call& mine) const -> deadline {
        return waiting_.empty() ? mine.until : waiting_.front()->until;
    }
    /// A deadline that passed while one waited for the other side may have been put off meanwhile.
    void break_unless_put_off(failure why, const call& mine) {
        if (why.code != errc::timed_out || steady::now() >= first_deadline(mine)) break_with(why);
    }

    /// Whoever comes first sends for all that come meanwhile.
    void send(std::string_view wire, const call& mine, std::unique_lock<std::mutex>& lock) {
        if (writing_) {
            outgoing_.append(wire);
            return;
        }
        writing_ = true;
        std::string batch;
        while (!broken_) {
            if (wire.empty()) {
                if (outgoing_.empty()) break;
                batch = std::exchange(outgoing_, {});
                wire = batch;
            }
            const auto until = first_deadline(mine);
            lock.unlock();
            const auto sent = socket_->write_some(wire, until);
            lock.lock();
            if (!sent) {
                break_unless_put_off(sent.error(), mine);
            } else {
                wire.remove_prefix(*sent);
                put_off(time_for(*sent));
            }
        }
        writing_ = false;
    }

    /// Reads until `mine` is answered, then lets another do it.
    void read_for(call& mine, std::unique_lock<std::mutex>& lock) {
        reading_ = true;
        while (!mine.done) {
            if (take_replies() || mine.done) continue;
            const auto until = first_deadline(mine);
            const auto room = parser_.room(parser_.wanted());
            lock.unlock();
            const auto got = socket_->read_some(room, until);
            lock.lock();
            if (!got) {
                break_unless_put_off(got.error(), mine);
            } else {
                parser_.took(*got);
                put_off(time_for(*got));
            }
        }
        reading_ = false;
        if (!waiting_.empty()) waiting_.front()->changed.notify_one();
    }
    /// Hands out one reply; false if none is whole.
    auto take_replies() -> bool {
        if (waiting_.empty()) return false;
        auto& first = *waiting_.front();
        parser_.limit(first.most_bytes);
        auto got = parser_.next();
        const bool strange = !got || (*got && (*got)->is(reply_kind::push));
        if (strange) {
            const bool large = !got && got.error() == errc::too_large;
            break_with({errc::unavailable, large ? cause::reply_too_large : cause::not_redis});
            return true;
        }
        if (!*got) return false;
        first.got.push_back(**std::move(got));
        if (--first.missing == 0) {
            waiting_.pop_front();
            finish(first);
            if (waiting_.empty() && !parser_.idle())
                break_with({errc::unavailable, cause::not_redis});
        }
        return true;
    }

    mutable std::mutex mutex_{};
    std::unique_ptr<socket> socket_;
    reply_parser parser_{}; ///< Of the thread that reads.
    std::deque<call*> waiting_{};
    std::string outgoing_{};
    bool broken_ = false;
    bool reading_ = false;
    bool writing_ = false;
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
