// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_AUTHENTICATOR_HPP
#define COFFER_HTTP_AUTHENTICATOR_HPP

#include <coffer/http/access.hpp>
#include <coffer/http/message.hpp>
#include <coffer/result.hpp>

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

} // namespace coffer::inline COFFER_ABI::http

#endif
