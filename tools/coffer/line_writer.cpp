// SPDX-License-Identifier: BSL-1.0
#include "line_writer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <exception>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace command {

line_writer::line_writer(int fd, std::function<std::string(std::uint64_t)> about_dropped,
                         std::chrono::milliseconds patience)
    : fd_(fd), about_dropped_(std::move(about_dropped)), patience_(patience),
      thread_([this] { write_all(); }) {}

line_writer::~line_writer() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void line_writer::put(std::string line) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.size() == most_waiting) {
            ++dropped_;
            return;
        }
        first = waiting_.empty();
        waiting_.push_back(std::move(line));
    }
    if (first) changed_.notify_one(); // else it is on its way to look
}

void line_writer::write_all() {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        auto lines = std::exchange(waiting_, {});
        const auto dropped = std::exchange(dropped_, 0);
        lock.unlock();
        if (dropped != 0) tell_of(dropped, lines);
        // Whole lines together, as many as are written in one piece: a call for each would cost a
        // busy server more than the lines.
        std::array<char, PIPE_BUF> together;
        std::size_t size = 0;
        for (const auto& line : lines) {
            const bool is_long = line.size() > together.size();
            if (is_long || size + line.size() > together.size()) {
                if (!write_piece({together.data(), std::exchange(size, 0)})) return;
                if (is_long && !write_piece(line)) return;
            }
            if (!is_long) size += line.copy(together.data() + size, line.size());
        }
        if (!write_piece({together.data(), size})) return;
    }
}

/// They came after these lines. Where that can't be done, for want of memory, they are told of with
/// the next.
void line_writer::tell_of(std::uint64_t dropped, std::vector<std::string>& lines) {
    try {
        lines.push_back(about_dropped_(dropped));
    } catch (const std::exception&) {
        const std::lock_guard lock(mutex_);
        dropped_ += dropped;
    }
}

/// False if nobody takes it any more. A log that can't be written is no reason to serve nobody.
auto line_writer::write_piece(std::string_view lines) -> bool {
    while (!lines.empty()) {
        if (!takes_more()) return false;
        // So much does not wait, once poll() says that there is room; and it is written in one
        // piece.
        const auto n = ::write(fd_, lines.data(), std::min<std::size_t>(lines.size(), PIPE_BUF));
        if (n >= 0)
            lines.remove_prefix(static_cast<std::size_t>(n));
        else if (errno != EINTR && errno != EAGAIN)
            break; // these are lost
    }
    return true;
}

/// Waits until there is room; at the end no longer than the patience lasts.
auto line_writer::takes_more() -> bool {
    for (;;) {
        const bool ending = is_ending();
        pollfd room{fd_, POLLOUT, 0};
        const auto wait = ending ? patience_ : std::chrono::milliseconds(200);
        if (::poll(&room, 1, static_cast<int>(wait.count())) > 0) return true;
        if (ending) return false;
    }
}

auto line_writer::is_ending() -> bool {
    const std::lock_guard lock(mutex_);
    return ending_;
}

} // namespace command
