// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ERRC_HPP
#define COFFER_ERRC_HPP

#include <coffer/detail/never_destroyed.hpp>
#include <coffer/version.hpp>

#include <iosfwd>
#include <string>
#include <string_view>
#include <system_error>

namespace coffer::inline COFFER_ABI {

/// Why an operation did not succeed. Each code asks for another reaction of the program; none of
/// them is ever answered with another scope's value in its place.
enum class errc : int {
    not_found = 1, ///< No such name in any scope of the look-up, or hidden there.
    expired,       ///< The entry that would win is past its expiry. Nothing falls through it.
    unknown_scope, ///< The environment or the space itself is not known (a typo, or removed).
    conflict,      ///< Somebody else wrote first, or an expectation did not hold; nothing written.
    denied,        ///< The caller may not do this.
    unavailable,  ///< The store or the key side can't be reached, and nothing fresh enough is held.
    timed_out,    ///< The deadline passed first; for a write see outcome_unknown.
    stale,        ///< An answer exists, but it is older than the caller allows.
    tampered,     ///< Stored bytes are missing, altered or not of the format. Never another value.
    rolled_back,  ///< The store shows an older state, or another history, than one seen before.
    unknown_key,  ///< The key side lacks the KEK, or does not let it speak for this environment.
    key_disabled, ///< The KEK is known but disabled or destroyed.
    invalid_argument, ///< A name, id, option or document that is not well formed. Nothing written.
    too_large,        ///< Over a documented limit. Nothing written.
    unsupported,      ///< A newer format, an absent cipher, or something this backend can't do.
    cancelled,        ///< Cancelled before anything was sent, or answered truthfully after.
    outcome_unknown, ///< A write may or may not have happened; sent again, it may undo a later one.
    foreign,         ///< The store holds another realm's environments, and none of this one's.
};

/// The code's name as it is written above: stable, for logs and for JSON.
constexpr auto to_string(errc code) noexcept -> std::string_view {
    switch (code) {
    case errc::not_found: return "not_found";
    case errc::expired: return "expired";
    case errc::unknown_scope: return "unknown_scope";
    case errc::conflict: return "conflict";
    case errc::denied: return "denied";
    case errc::unavailable: return "unavailable";
    case errc::timed_out: return "timed_out";
    case errc::stale: return "stale";
    case errc::tampered: return "tampered";
    case errc::rolled_back: return "rolled_back";
    case errc::unknown_key: return "unknown_key";
    case errc::key_disabled: return "key_disabled";
    case errc::invalid_argument: return "invalid_argument";
    case errc::too_large: return "too_large";
    case errc::unsupported: return "unsupported";
    case errc::cancelled: return "cancelled";
    case errc::outcome_unknown: return "outcome_unknown";
    case errc::foreign: return "foreign";
    }
    return "unknown";
}

/// Whether this is no answer of a store's, a key side's or a server's, but the lack of one.
constexpr auto is_away(errc code) noexcept -> bool {
    return code == errc::unavailable || code == errc::timed_out;
}

namespace detail {
class errc_category final : public std::error_category {
public:
    auto name() const noexcept -> const char* override { return "coffer"; }
    auto message(int value) const -> std::string override {
        return std::string(to_string(static_cast<errc>(value)));
    }
};
} // namespace detail

/// The std::error_category of errc. Thread-safe.
inline auto coffer_category() noexcept -> const std::error_category& {
    static const detail::never_destroyed<detail::errc_category> instance;
    return *instance;
}

/// Found by argument-dependent look-up: lets an errc become a std::error_code.
inline auto make_error_code(errc code) noexcept -> std::error_code {
    return {static_cast<int>(code), coffer_category()};
}

/// What went wrong: a code to act on and, where there is one, the system's own cause (an errno).
/// It holds no text, so it can't carry a value, a key or a token.
struct failure {
    errc code{};
    std::error_code cause{};

    failure() = default;
    failure(errc what) noexcept : code(what) {} // implicit: `return errc::not_found;`
    failure(errc what, std::error_code why) noexcept : code(what), cause(why) {}

    friend auto operator==(const failure&, const failure&) -> bool = default;
    friend auto operator==(const failure& f, errc c) noexcept -> bool { return f.code == c; }
};

/// `unavailable (Connection refused)`: the code's name and the system's words for the cause.
inline auto to_string(const failure& why) -> std::string {
    auto text = std::string(to_string(why.code));
    if (why.cause) text.append(" (").append(why.cause.message()).append(")");
    return text;
}

template <class Traits>
auto operator<<(std::basic_ostream<char, Traits>& out, errc code)
    -> std::basic_ostream<char, Traits>& {
    return out << to_string(code);
}
template <class Traits>
auto operator<<(std::basic_ostream<char, Traits>& out, const failure& why)
    -> std::basic_ostream<char, Traits>& {
    return out << to_string(why);
}

} // namespace coffer::inline COFFER_ABI

template <>
struct std::is_error_code_enum<coffer::errc> : std::true_type {};

#endif
