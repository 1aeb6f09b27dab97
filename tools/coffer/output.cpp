// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"

#include "problem.hpp"

#include <boost/json/serializer.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cerrno>
#include <string>

#include <poll.h>
#include <unistd.h>

namespace command {

auto write_all(int to, std::string_view text) noexcept -> bool {
    while (!text.empty()) {
        const auto n = ::write(to, text.data(), text.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) {
            pollfd one{to, POLLOUT, 0};
            (void)::poll(&one, 1, -1);
            continue;
        }
        if (n <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
}

void put(std::string_view text) {
    if (write_all(STDOUT_FILENO, text)) return;
    const auto why = std::error_code(errno, std::generic_category());
    throw problem(coffer::errc::unavailable, "can't write to stdout (" + why.message() + ")");
}

void put_line(std::string_view text) {
    put(std::string(text) + "\n");
}

void put_json(const boost::json::value& value) {
    boost::json::serializer pieces;
    pieces.reset(&value);
    std::array<char, 4096> piece{};
    while (!pieces.done())
        put(pieces.read(piece.data(), piece.size()));
    put("\n");
    coffer::wipe(piece.data(), piece.size());
}

void tell(std::string_view text) {
    (void)write_all(STDERR_FILENO, "coffer: " + std::string(text) + "\n");
}

} // namespace command
