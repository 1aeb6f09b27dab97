// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_REDACTED_STREAM_HPP
#define COFFER_COMMAND_REDACTED_STREAM_HPP

#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"

#include <coffer/redactor.hpp>

#include <array>
#include <cerrno>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace command {

/// Output of a process on its way through: what is known to be a value is cut out.
class redacted_stream {
public:
    redacted_stream(coffer::redactor with, int to) : redact_(std::move(with)), to_(to) {}

    void know(const coffer::view& view, const place& at) {
        need(redact_.add_all(view), at.where());
    }
    /// Moves what is there; false at the end of the stream, and where nobody takes it any more.
    auto move(int from) -> bool {
        std::array<char, 16384> piece{};
        const auto n = ::read(from, piece.data(), piece.size());
        const int why = errno;
        const bool taken =
            n <= 0 || pass_on(redact_.feed({piece.data(), static_cast<std::size_t>(n)}));
        coffer::wipe(piece.data(), piece.size());
        if (n > 0) return taken;
        return n < 0 && (why == EAGAIN || why == EINTR);
    }
    void finish() { (void)pass_on(redact_.flush()); }
    /// Why some of it was not taken; nullopt: all was.
    auto lost() const -> std::optional<problem> {
        return lost_ ? std::optional(lost_output(to_, lost_)) : std::nullopt;
    }

private:
    auto pass_on(std::string_view text) -> bool {
        if (write_all(to_, text)) return true;
        lost_ = {errno, std::generic_category()};
        return false;
    }

    coffer::redactor redact_;
    int to_;
    std::error_code lost_{};
};

} // namespace command

#endif
