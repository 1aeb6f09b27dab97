// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_INBOX_HPP
#define COFFER_HTTP_DETAIL_INBOX_HPP

#include <coffer/bytes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

namespace coffer::inline COFFER_ABI::http::detail {

/// What a connection has read and not used yet. Tokens and values pass through it, so every byte
/// is wiped as soon as it is used. Not thread-safe.
class inbox {
public:
    auto text() const noexcept -> std::string_view {
        return as_text(byte_view(memory_.data() + begin_, end_ - begin_));
    }
    auto empty() const noexcept -> bool { return begin_ == end_; }
    auto size() const noexcept -> std::size_t { return end_ - begin_; }

    /// Room for at least `wanted` bytes to read into; `take` says how many came.
    auto room(std::size_t wanted) -> std::span<std::byte> {
        if (memory_.size() - end_ < wanted) {
            if (memory_.size() - size() < wanted)
                grow(std::max(size() + wanted, 2 * size()));
            else
                move_to_front();
        }
        return std::span(memory_).subspan(end_);
    }
    void take(std::size_t count) noexcept { end_ += count; }

    /// Wipes the first `count` bytes.
    void drop(std::size_t count) noexcept {
        wipe(std::span(memory_).subspan(begin_, count));
        begin_ += count;
        if (empty()) begin_ = end_ = 0;
    }
    /// Lets go of memory that a large body needed.
    void shrink() {
        if (empty() && memory_.size() > small) wiped_bytes().swap(memory_);
    }

    static constexpr std::size_t small = std::size_t{4} << 10;

private:
    void grow(std::size_t to) {
        wiped_bytes larger(to);
        if (!empty()) std::memcpy(larger.data(), memory_.data() + begin_, size());
        memory_.swap(larger);
        end_ -= begin_;
        begin_ = 0;
    }
    void move_to_front() noexcept {
        const auto held = size();
        std::memmove(memory_.data(), memory_.data() + begin_, held);
        wipe(std::span(memory_).subspan(held, end_ - held));
        begin_ = 0;
        end_ = held;
    }

    wiped_bytes memory_{};
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
