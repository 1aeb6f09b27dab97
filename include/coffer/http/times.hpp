// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_TIMES_HPP
#define COFFER_HTTP_TIMES_HPP

#include <coffer/clock.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// The last moment of the year 9999: texts have four digits for a year (ISO 8601).
inline constexpr std::uint64_t last_iso_time = 253'402'300'799'999;

/// Milliseconds since 1970 as `2024-05-06T07:08:09.123Z`. Whatever is later is told as
/// last_iso_time.
inline auto iso_time(std::uint64_t at) -> std::string {
    at = std::min(at, last_iso_time);
    const auto seconds = static_cast<std::time_t>(at / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const auto n = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S.", &parts);
    const auto fraction = std::to_string(1000 + at % 1000);
    return std::string(text.data(), n) + fraction.substr(1) + "Z";
}

/// The reverse, of `2024-05-06`, `2024-05-06T07:08:09Z` and `2024-05-06T07:08:09.123Z`. Nothing for
/// any other form, for a day that there is not, and before 1970.
inline auto time_of_iso(std::string_view text) -> std::optional<std::uint64_t> {
    const auto number = [&](std::size_t at, std::size_t size) -> int {
        int out = 0;
        for (const char c : text.substr(at, size))
            out = c < '0' || c > '9' || out < 0 ? -1 : out * 10 + (c - '0');
        return out;
    };
    const bool day_alone = text.size() == 10;
    if (!day_alone && text.size() != 20 && text.size() != 24) return std::nullopt;
    std::tm parts{};
    parts.tm_year = number(0, 4) - 1900;
    parts.tm_mon = number(5, 2) - 1;
    parts.tm_mday = number(8, 2);
    int fraction = 0;
    if (!day_alone) {
        parts.tm_hour = number(11, 2);
        parts.tm_min = number(14, 2);
        parts.tm_sec = number(17, 2);
        if (text.size() == 24) fraction = number(20, 3);
    }
    if (fraction < 0) return std::nullopt;
    const auto seconds = ::timegm(&parts); // which puts the 30th of February right: then it differs
    if (seconds < 0) return std::nullopt;
    const auto at = static_cast<std::uint64_t>(seconds) * 1000 + static_cast<unsigned>(fraction);
    auto again = iso_time(at);
    if (day_alone) again.resize(10);
    if (text.size() == 20) again = again.substr(0, 19) + "Z";
    if (again != text) return std::nullopt;
    return at;
}

/// Now by the machine's clock: for what is only noted. What is decided goes by api_parts::now.
inline auto wall_now() -> std::uint64_t {
    return static_cast<std::uint64_t>(machine_clock().wall().count());
}

} // namespace coffer::inline COFFER_ABI::http

#endif
