// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_WRITES_HPP
#define COFFER_WRITES_HPP

#include <coffer/bytes.hpp>
#include <coffer/format/secret_id.hpp>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI {

/// A moment as `expires` has it: `with.expires = expiry_at(std::chrono::system_clock::now() + 24h)`.
/// One before 1970 is past as any other.
inline auto expiry_at(std::chrono::system_clock::time_point when) noexcept -> std::uint64_t {
    const auto since = std::chrono::floor<std::chrono::milliseconds>(when.time_since_epoch());
    return static_cast<std::uint64_t>(std::max<std::int64_t>(1, since.count())); // 0 is never
}

/// Whether an expiry is a time since 2001 in seconds, which as milliseconds lies in 1970 to 1973.
constexpr auto is_in_seconds(std::uint64_t expires) noexcept -> bool {
    return expires >= 1'000'000'000 && expires < 100'000'000'000;
}

/// What a write may say beside the value.
struct write_options {
    /// The version that the writer expects to replace; 0: that this scope has no value of its own.
    /// Else conflict, and nothing is written.
    std::optional<std::uint64_t> if_version{};
    /// The secret that the writer means (written::id, own_entry::id), whatever its version: else
    /// not_found, since it was removed, whether or not another has its name now.
    std::optional<format::secret_id> if_id{};
    /// The note that the writer saw and that `note` was made from (empty: none, or nothing is set
    /// here): else conflict, and nothing is written. A note may change without its version.
    std::optional<std::string> if_note{};
    /// When the value stops being served: milliseconds since 1970-01-01 UTC, see expiry_at(). 0:
    /// never; to what brings a value back (show, undelete, rollback), as it was. What is a time of
    /// today in seconds is invalid_argument.
    std::uint64_t expires = 0;
    /// Replaces the entry's note; nullopt leaves it.
    std::optional<std::string> note{};
    /// Instead of the vault's own author.
    std::optional<std::string> author{};
    /// A put makes a new version even where the author's own last write was the same value: for
    /// those who may not know the value, whom `changed` would tell that they guessed it.
    bool even_if_equal = false;
};

/// What a write did.
struct written {
    std::uint64_t version = 0; ///< Of the name in this scope, now.
    bool changed = true;       ///< False: the same value by the same author was there already.
    format::secret_id id{};    ///< Of the secret: another one when it is set again after a removal.
};

/// A name and its value on the way in.
struct named_value {
    std::string name{};
    wiped_bytes value{};

    named_value() = default;
    named_value(std::string of, wiped_bytes with) noexcept
        : name(std::move(of)), value(std::move(with)) {}
    /// A copy of a text: the caller wipes its own.
    template <std::convertible_to<std::string_view> Text>
    named_value(std::string of, const Text& text) : name(std::move(of)) {
        const auto from = as_bytes(std::string_view(text));
        value.assign(from.begin(), from.end());
    }
};

/// What is done to a name: the vault's functions of these names.
enum class change_kind : unsigned char { put, erase, hide, show, undelete };

/// One of several changes that are made together, with what is expected of this name alone.
struct change {
    change_kind kind = change_kind::put;
    std::string name{};
    wiped_bytes value{}; ///< Of a put; else nothing.
    write_options with{};
};

} // namespace coffer::inline COFFER_ABI

#endif
