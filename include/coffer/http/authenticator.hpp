// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_AUTHENTICATOR_HPP
#define COFFER_HTTP_AUTHENTICATOR_HPP

#include <coffer/http/access.hpp>
#include <coffer/http/message.hpp>
#include <coffer/result.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// Who stands behind a bearer token. The api asks it before it looks at anything else of a request.
/// Thread-safe; never throws.
class authenticator {
public:
    virtual ~authenticator() = default;
    /// The holder of a token (the text behind `Bearer `, never empty). `in` is for what a token may
    /// depend on beside itself: the path and Sec-Fetch-Site of a session, the peer. May wait.
    /// Errors: denied (unknown, expired, revoked, or not good for this request: all alike, the same
    /// work for each); others (unavailable, stale, tampered…): it can't be told, which is no 401.
    virtual auto authenticate(std::string_view bearer, const request& in) -> result<principal> = 0;
    /// The same if it can be told without waiting and the answer is yes, else nothing: the request
    /// then goes to a thread that may wait.
    virtual auto try_authenticate(std::string_view bearer, const request& in)
        -> std::optional<principal> = 0;
};

/// The text behind `Bearer `; empty if there is none, or if it is not clear which.
inline auto bearer_of(const request& in) noexcept -> std::string_view {
    std::string_view found;
    for (const auto& h : in.headers) {
        if (h.name != "authorization") continue;
        if (!found.empty()) return {};
        found = h.value;
    }
    constexpr std::string_view scheme = "bearer ";
    if (found.size() <= scheme.size()) return {};
    for (std::size_t i = 0; i < scheme.size(); ++i)
        if ((found[i] >= 'A' && found[i] <= 'Z' ? found[i] + 32 : found[i]) != scheme[i]) return {};
    found.remove_prefix(scheme.size());
    found.remove_prefix(std::min(found.size(), found.find_first_not_of(' ')));
    return found;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
