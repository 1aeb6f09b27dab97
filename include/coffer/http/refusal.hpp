// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_REFUSAL_HPP
#define COFFER_HTTP_REFUSAL_HPP

#include <coffer/detail/never_destroyed.hpp>
#include <coffer/errc.hpp>
#include <coffer/http/access.hpp>

#include <optional>
#include <string>
#include <system_error>

namespace coffer::inline COFFER_ABI::http {

/// What stands behind a client's errc::denied, and what a server that answers all the same says of an
/// errc::unavailable or timed_out: the failure's `cause` compares equal to one of these.
enum class refusal : int {
    certificate =
        1,         ///< The server's does not hold: nothing was sent. The cause's message says why.
    plain_http,    ///< `http` to a name that leads off this machine: nothing was sent.
    unknown_token, ///< The server does not know the token, or does not any more (401).
    missing_right, ///< The token has not the right to do this there (403): see missing_right_of().
    unaudited,     ///< The server can't write its audit log: it gives nothing and changes nothing.
    too_many,      ///< There were too many requests of the token or the address (429).
    in_trouble,    ///< The server answers that its store or its keys are away, or that it failed.
    no_coffer,     ///< What answers there is no Coffer, or an older one (unsupported).
};

namespace detail {

/// Values below are a refusal's; from here on they name the right that was missing.
inline constexpr int first_right = 100;

class refusal_errors final : public std::error_category {
public:
    auto name() const noexcept -> const char* override { return "coffer_refusal"; }
    auto message(int value) const -> std::string override {
        if (value >= first_right)
            return "the right " + std::string(to_string(static_cast<right>(value - first_right))) +
                   " is missing";
        switch (static_cast<refusal>(value)) {
        case refusal::certificate: return "the certificate does not hold";
        case refusal::plain_http: return "plain HTTP leads off this machine";
        case refusal::unknown_token: return "the token is not known";
        case refusal::missing_right: return "a right is missing";
        case refusal::unaudited: return "the server can't write its audit log";
        case refusal::too_many: return "there were too many requests";
        case refusal::in_trouble: return "the server answers that it can't do it now";
        case refusal::no_coffer: return "what answers there is no Coffer";
        }
        return "refused";
    }
    auto default_error_condition(int value) const noexcept -> std::error_condition override {
        return {value >= first_right ? static_cast<int>(refusal::missing_right) : value, *this};
    }
};

} // namespace detail

/// The std::error_category of refusal, and of a right that is missing. Thread-safe.
inline auto refusal_category() noexcept -> const std::error_category& {
    static const coffer::detail::never_destroyed<detail::refusal_errors> instance;
    return *instance;
}
/// Found by argument-dependent look-up: lets a cause be compared with a refusal.
inline auto make_error_condition(refusal why) noexcept -> std::error_condition {
    return {static_cast<int>(why), refusal_category()};
}

/// denied, or another error, for that reason.
inline auto refused(refusal why, errc code = errc::denied) noexcept -> failure {
    return {code, {static_cast<int>(why), refusal_category()}};
}
/// denied, for want of that right.
inline auto refused(right missing) noexcept -> failure {
    return {errc::denied, {detail::first_right + static_cast<int>(missing), refusal_category()}};
}
/// The right that was missing; nullopt where the failure has another reason, or does not say which.
inline auto missing_right_of(const failure& why) noexcept -> std::optional<right> {
    if (why.cause.category() != refusal_category() || why.cause.value() < detail::first_right)
        return std::nullopt;
    return static_cast<right>(why.cause.value() - detail::first_right);
}

} // namespace coffer::inline COFFER_ABI::http

template <>
struct std::is_error_condition_enum<coffer::http::refusal> : std::true_type {};

#endif
