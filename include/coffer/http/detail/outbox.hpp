// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_OUTBOX_HPP
#define COFFER_HTTP_DETAIL_OUTBOX_HPP

#include <coffer/version.hpp>

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <utility>

namespace coffer::inline COFFER_ABI::http::detail {

/// What waits to be sent on an event stream: filled by any thread, emptied by the connection's.
class outbox {
public:
    /// `wake` is called, under the lock, when there is something to send or the limit was
    /// overstepped; it must only tell the connection's thread to look.
    outbox(std::size_t limit, std::function<void()> wake) : limit_(limit), wake_(std::move(wake)) {}

    /// False: nobody sends this any more. A text of any size is taken while nothing waits: else one
    /// that is larger than the limit would end every stream, and again each time it is sent anew.
    /// Where there is no memory for it the client is given up: no stream goes on with a gap.
    auto push(std::string text) -> bool {
        const std::lock_guard lock(mutex_);
        if (gone_ || ended_) return false;
        if (text.empty()) {
            ended_ = true;
            wake();
            return false;
        }
        const bool first = waiting_.empty();
        if (!first && waiting_.size() + text.size() > limit_)
            gone_ = true;
        else
            add(text);
        if (gone_ || first) wake();
        return !gone_;
    }
    /// All that waits; `gone` says whether the client was given up.
    auto take(bool& gone) -> std::string {
        const std::lock_guard lock(mutex_);
        gone = gone_;
        return std::exchange(waiting_, {});
    }
    /// Whether the client was given up. It may be that nobody was woken for it.
    auto gone() -> bool {
        const std::lock_guard lock(mutex_);
        return gone_;
    }
    /// Nothing more is sent behind what waits.
    auto ended() -> bool {
        const std::lock_guard lock(mutex_);
        return ended_ && waiting_.empty();
    }
    /// The connection ended: `wake` is never called again.
    void close() {
        const std::lock_guard lock(mutex_);
        gone_ = true;
    }

private:
    void add(const std::string& text) noexcept {
        try {
            waiting_ += text;
        } catch (...) {
            gone_ = true;
        }
    }
    void wake() noexcept {
        try {
            wake_();
        } catch (...) {
            gone_ = true;
        }
    }

    const std::size_t limit_;
    std::function<void()> wake_;
    std::mutex mutex_;
    std::string waiting_{};
    bool gone_ = false;
    bool ended_ = false;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
