// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_NAMES_HPP
#define COFFER_NAMES_HPP

#include <coffer/bytes.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/format/limits.hpp>
#include <coffer/result.hpp>
#include <coffer/scope.hpp>

#include <string_view>

namespace coffer::inline COFFER_ABI {

/// What may be written. Readers accept what the format allows (format/limits.hpp), which is more.
namespace limits {
inline constexpr std::size_t name_code_points = 1024;
inline constexpr std::size_t value_bytes = std::size_t{64} << 10;
inline constexpr std::size_t metadata_bytes = std::size_t{256} << 10;
} // namespace limits

/// The environment that holds Coffer's own entries (the registry); nobody else's.
inline constexpr std::string_view system_environment = "coffer.system";

namespace detail {
inline auto check_text(std::string_view text, std::size_t most_bytes) noexcept -> result<void> {
    if (text.size() > most_bytes) return errc::too_large;
    if (!format::is_utf8(text) || text.find('\0') != std::string_view::npos)
        return errc::invalid_argument;
    return {};
}
} // namespace detail

/// A secret's name: 1 to 1,024 code points of well-formed UTF-8 without NUL.
/// Errors: invalid_argument, too_large.
inline auto check_name(std::string_view name) noexcept -> result<void> {
    std::size_t code_points = 0;
    if (name.empty()) return errc::invalid_argument;
    if (auto text = detail::check_text(name, format::limits::name); !text) return text;
    (void)format::is_utf8(name, &code_points);
    if (code_points > limits::name_code_points) return errc::too_large;
    return {};
}

/// A realm: 0 to 64 bytes. Errors: invalid_argument, too_large.
inline auto check_realm(std::string_view realm) noexcept -> result<void> {
    return detail::check_text(realm, format::limits::realm);
}

/// A value: 1 byte to 64 KiB, any bytes. Errors: invalid_argument, too_large.
inline auto check_value(byte_view value) noexcept -> result<void> {
    if (value.empty()) return errc::invalid_argument;
    if (value.size() > limits::value_bytes) return errc::too_large;
    return {};
}

/// What an environment or a space says of itself: 1 byte to 256 KiB, more than any value, since a
/// client's largest body is stored in it beside what a service adds. That it is a JSON object is
/// the caller's to see to: the core reads no JSON. Errors: invalid_argument, too_large.
inline auto check_metadata(std::string_view metadata) noexcept -> result<void> {
    if (metadata.empty()) return errc::invalid_argument;
    if (metadata.size() > limits::metadata_bytes) return errc::too_large;
    return {};
}

/// A note or an author. Errors: invalid_argument, too_large.
inline auto check_note(std::string_view note) noexcept -> result<void> {
    return detail::check_text(note, format::limits::note);
}
inline auto check_author(std::string_view author) noexcept -> result<void> {
    return detail::check_text(author, format::limits::author);
}

/// Ids: 1 to 255 bytes (space and actor may be absent) of well-formed UTF-8 without NUL.
/// Errors: invalid_argument, too_large.
inline auto check_context(context where) noexcept -> result<void> {
    if (where.environment.empty()) return errc::invalid_argument;
    for (const auto id : {where.environment, where.space, where.actor})
        if (auto text = detail::check_text(id, format::limits::id); !text) return text;
    return {};
}

} // namespace coffer::inline COFFER_ABI

#endif
