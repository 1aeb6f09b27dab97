// SPDX-License-Identifier: BSL-1.0
#include "text.hpp"

#include <coffer/clock.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <limits>

namespace command {

namespace {

/// How many of the first bytes are a character that a terminal does not show but obeys: a control
/// character, or one that turns the direction of what follows (Unicode's Bidi_Control), so that a
/// name looks like another.
auto unseen_at(std::string_view text) noexcept -> std::size_t {
    const auto at = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    if (at(0) < 0x20 || at(0) == 0x7F) return 1;
    if (at(0) == 0xC2 && at(1) < 0xA0) return std::min<std::size_t>(2, text.size()); // U+0080
    if (at(0) == 0xD8 && at(1) == 0x9C) return 2;                                    // U+061C
    if (at(0) != 0xE2) return 0;
    const bool marks = at(1) == 0x80 && (at(2) == 0x8E || at(2) == 0x8F);  // U+200E, U+200F
    const bool turns = at(1) == 0x80 && at(2) >= 0xAA && at(2) <= 0xAE;    // U+202A to U+202E
    const bool isolates = at(1) == 0x81 && at(2) >= 0xA6 && at(2) <= 0xA9; // U+2066 to U+2069
    return marks || turns || isolates ? 3 : 0;
}

} // namespace

auto printable(std::string_view text) -> std::string {
    std::string out;
    while (!text.empty()) {
        const auto unseen = unseen_at(text);
        for (std::size_t i = 0; i < unseen; ++i) {
            char hex[5];
            std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned char>(text[i]));
            out += hex;
        }
        if (unseen == 0) out += text[0];
        text.remove_prefix(std::max<std::size_t>(unseen, 1));
    }
    return out;
}

namespace {

/// Whether an address, up to its query, is `host:6379` and the like: not the begin of a password.
auto ends_in_port(std::string_view text) -> bool {
    text = text.substr(0, text.find_first_of("/,"));
    if (text.starts_with('[')) return true;
    const auto colon = text.find(':');
    if (colon == text.npos) return true;
    const auto port = text.substr(colon + 1);
    return colon != 0 && !port.empty() && port.find_first_not_of("0123456789") == port.npos;
}

/// How much of an address, behind its scheme, stands before its hosts, the `@` included. A password
/// may hold whatever ends another part of an address.
auto before_hosts(std::string_view text) -> std::size_t {
    const auto place = text.substr(0, text.find('?'));
    auto at = place.rfind('@');
    if (at == place.npos && !ends_in_port(place)) at = text.rfind('@');
    return at == text.npos ? 0 : at + 1;
}

} // namespace

auto shown_address(std::string_view address) -> std::string {
    for (const auto place : {"file:", "passphrase:", "credential:", "env:"})
        if (address.starts_with(place)) return std::string(address);
    const auto mark = address.find("://");
    const auto scheme = address.starts_with("redis+unix:")
                            ? address.substr(0, std::string_view("redis+unix:").size())
                            : address.substr(0, mark == address.npos ? 0 : mark + 3);
    auto rest = address.substr(scheme.size());
    const auto user = rest.substr(0, before_hosts(rest));
    rest.remove_prefix(user.size());
    // Redis knows its users by name; a server has none.
    const bool is_shown = scheme.starts_with("redis") && user.find(':') == user.npos;
    std::string out(scheme);
    out.append(user.empty() || is_shown ? user : "…@");
    for (auto at = rest.find("password="); at != rest.npos; at = rest.find("password=")) {
        const auto end = std::min(rest.find('&', at), rest.size());
        out.append(rest.substr(0, at)).append("password=…");
        rest.remove_prefix(end);
    }
    return out.append(rest);
}

auto width(std::string_view text) noexcept -> std::size_t {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

auto place_name(coffer::context where) -> std::string {
    if (where.space.empty()) return "environment " + printable(where.environment);
    return "space " + printable(where.space) + " in " + printable(where.environment);
}

auto count(std::size_t n, std::string_view thing) -> std::string {
    return std::to_string(n) + " " + std::string(thing) + (n == 1 ? "" : "s");
}

auto names_and_spaces(std::size_t entries) -> std::string {
    const auto others = entries == 0 ? 0 : entries - 1;
    return others == 1 ? "1 name or space" : std::to_string(others) + " names and spaces";
}

auto join(const std::vector<std::string>& parts, std::string_view between) -> std::string {
    std::string out;
    for (const auto& part : parts)
        out.append(out.empty() ? "" : between).append(part);
    return out;
}

auto split(std::string_view text, char at) -> std::vector<std::string> {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto end = std::min(text.find(at), text.size());
        if (end > 0) out.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

auto now_ms() noexcept -> std::uint64_t {
    using namespace std::chrono;
    return static_cast<std::uint64_t>(
        duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

namespace {

auto local(std::uint64_t at) -> std::tm {
    const auto seconds = static_cast<std::time_t>(at / 1000);
    std::tm out{};
    ::localtime_r(&seconds, &out);
    return out;
}

auto day_and_month(std::uint64_t at, bool with_year) -> std::string {
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto t = local(at);
    auto text = std::to_string(t.tm_mday) + " " + months[t.tm_mon];
    if (with_year) text += " " + std::to_string(t.tm_year + 1900);
    return text;
}

} // namespace

auto age_ms(const coffer::freshness& of) noexcept -> std::uint64_t {
    const auto age = coffer::machine_clock().boot() - of.as_of;
    return static_cast<std::uint64_t>(std::max(age, std::chrono::milliseconds(0)).count());
}

auto ago(std::uint64_t at, std::uint64_t now) -> std::string {
    if (at > now + 1000) return day_and_month(at, true); // a clock that was ahead, or an expiry
    const auto seconds = now > at ? (now - at) / 1000 : 0;
    if (seconds < 60) return std::to_string(seconds) + " s ago";
    if (seconds < 3600) return std::to_string(seconds / 60) + " min ago";
    const auto then = local(at);
    const auto today = local(now);
    if (then.tm_yday == today.tm_yday && then.tm_year == today.tm_year) return "today";
    const auto days = std::max<std::uint64_t>(seconds / 86400, 1);
    if (days < 14) return count(days, "day") + " ago";
    return day_and_month(at, then.tm_year != today.tm_year);
}

auto iso_time(std::uint64_t at) -> std::string {
    const auto seconds = static_cast<std::time_t>(at / 1000);
    std::tm t{};
    ::gmtime_r(&seconds, &t);
    char text[32];
    const auto n = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &t);
    return std::string(text, n);
}

auto parse_moment(std::string_view text) -> std::optional<std::uint64_t> {
    if (const auto day = parse_date(text)) return day;
    const auto time = parse_duration(text);
    return time ? std::optional(now_ms() + *time) : std::nullopt;
}

auto parse_number(std::string_view text) -> std::optional<std::uint64_t> {
    std::uint64_t out = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (wrong != std::errc{} || end != text.data() + text.size() || text.empty())
        return std::nullopt;
    return out;
}

auto parse_duration(std::string_view text) -> std::optional<std::uint64_t> {
    if (text == "0") return 0;
    if (text.size() < 2) return std::nullopt;
    std::uint64_t unit = 0;
    switch (text.back()) {
    case 's': unit = 1000; break;
    case 'm': unit = 60'000; break;
    case 'h': unit = 3'600'000; break;
    case 'd': unit = 86'400'000; break;
    default: return std::nullopt;
    }
    const auto n = parse_number(text.substr(0, text.size() - 1));
    if (!n || *n > 366'000) return std::nullopt; // a thousand years: no sum below overflows
    return *n * unit;
}

auto parse_date(std::string_view text) -> std::optional<std::uint64_t> {
    using namespace std::chrono;
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const auto y = parse_number(text.substr(0, 4));
    const auto m = parse_number(text.substr(5, 2));
    const auto d = parse_number(text.substr(8, 2));
    if (!y || !m || !d || *y < 1970) return std::nullopt;
    const year_month_day date{year(static_cast<int>(*y)), month(static_cast<unsigned>(*m)),
                              day(static_cast<unsigned>(*d))};
    if (!date.ok()) return std::nullopt;
    return static_cast<std::uint64_t>(
        duration_cast<milliseconds>(sys_days(date).time_since_epoch()).count());
}

auto table::text() const -> std::string {
    std::vector<std::size_t> widths;
    for (const auto& cells : rows_)
        for (std::size_t i = 0; i < cells.size(); ++i) {
            if (i == widths.size()) widths.push_back(0);
            widths[i] = std::max(widths[i], width(cells[i]));
        }
    std::string out;
    for (const auto& cells : rows_) {
        std::string line;
        for (std::size_t i = 0; i < cells.size(); ++i)
            line.append(cells[i]).append(widths[i] - width(cells[i]) + 2, ' ');
        line.erase(line.find_last_not_of(' ') + 1);
        out.append(line).append("\n");
    }
    return out;
}

} // namespace command
