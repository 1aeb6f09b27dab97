// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_OUTAGE_HPP
#define COFFER_REDIS_SRC_OUTAGE_HPP

#include <coffer/redis/src/socket.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace coffer::inline COFFER_ABI::redis::detail {

/// The last try to reach something, if it was in vain. One that took long was of something that
/// hangs: it is left alone for as long again, at most a second, and then one caller tries. All
/// others are told at once what the last try came to, so that what hangs keeps one of them waiting,
/// whatever it is that they want of it. Not thread-safe.
class outage {
public:
    /// A try that began then has failed.
    void failed(const failure& why, deadline began) {
        ended_ = steady::now();
        alone_for_ = std::min<steady::duration>(ended_ - began, std::chrono::seconds(1));
        why_ = why;
    }
    void over() { why_.reset(); }

    /// What whoever asks at that time is told in place of a try. `others_try`: somebody is at it,
    /// which takes no longer than `a_try`; who comes later than that waits for what it comes to.
    auto in_place_of_a_try(deadline asked, bool others_try, std::chrono::milliseconds a_try) const
        -> std::optional<failure> {
        const bool hangs = why_ && alone_for_ >= std::chrono::milliseconds(100);
        if (!hangs) return std::nullopt;
        const auto later = asked - (ended_ + alone_for_);
        const auto most = others_try ? steady::duration(a_try) : steady::duration(0);
        return later < most ? why_ : std::nullopt;
    }
    /// What a try came to that ended after that time.
    auto since(deadline asked) const -> std::optional<failure> {
        return why_ && ended_ >= asked ? why_ : std::nullopt;
    }

private:
    std::optional<failure> why_{}; ///< None: the last try was not in vain.
    deadline ended_{};
    steady::duration alone_for_{}; ///< From then on.
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
