// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_TEXT_HPP
#define COFFER_COMMAND_TEXT_HPP

#include <coffer/scope.hpp>
#include <coffer/secret.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace command {

/// A text for people: control characters as \xHH, so that a name can't steer a terminal.
auto printable(std::string_view text) -> std::string;
/// The address of a store or a server as it may be shown: what stands before its host in the place of
/// a password, and what a member `password` says, is `…`. A place that is no address stays as it is.
auto shown_address(std::string_view address) -> std::string;
/// How many columns a text takes, roughly: its code points.
auto width(std::string_view text) noexcept -> std::size_t;
/// `environment prod` or `space acme in prod`.
auto place_name(coffer::context where) -> std::string;
/// `1 space`, `2 spaces`.
auto count(std::size_t n, std::string_view thing) -> std::string;
/// `1 name or space`, `2 names and spaces`: of an environment with so many entries, of which one is
/// its own.
auto names_and_spaces(std::size_t entries) -> std::string;
auto join(const std::vector<std::string>& parts, std::string_view between) -> std::string;
/// `a,b,c` cut apart; empty parts are left out.
auto split(std::string_view text, char at) -> std::vector<std::string>;

/// Milliseconds since 1970, now.
auto now_ms() noexcept -> std::uint64_t;
/// How long ago the state behind an answer was known to be the newest, in milliseconds.
auto age_ms(const coffer::freshness& of) noexcept -> std::uint64_t;
/// `3 s ago`, `today`, `2 days ago`, `12 Nov`: how people read when something was set.
auto ago(std::uint64_t at, std::uint64_t now) -> std::string;
/// `2025-11-12T09:30:00Z`.
auto iso_time(std::uint64_t at) -> std::string;
/// `90d`, `12h`, `30m`, `15s`, `0`: milliseconds; nullopt if it is none.
auto parse_duration(std::string_view text) -> std::optional<std::uint64_t>;
/// `2026-01-31`: midnight UTC in milliseconds since 1970; nullopt if there is no such day.
auto parse_date(std::string_view text) -> std::optional<std::uint64_t>;
/// A day, or a time from now, in milliseconds since 1970; nullopt if it is neither.
auto parse_moment(std::string_view text) -> std::optional<std::uint64_t>;
/// A number in decimal, all of the text.
auto parse_number(std::string_view text) -> std::optional<std::uint64_t>;

/// Rows whose columns stand below each other. The last column is not padded.
class table {
public:
    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    auto text() const -> std::string;

private:
    std::vector<std::vector<std::string>> rows_;
};

} // namespace command

#endif
