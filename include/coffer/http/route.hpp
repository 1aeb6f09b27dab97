// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_ROUTE_HPP
#define COFFER_HTTP_ROUTE_HPP

#include <coffer/http/access.hpp>
#include <coffer/http/message.hpp>

#include <functional>
#include <optional>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

class call;

/// Who may call a route at all; what they may do there is a right's to say.
enum class admits : unsigned char {
    anyone, ///< No token is asked for.
    token,  ///< Any token that is known.
};

/// Where the scope that is decided on comes from.
enum class scope_from : unsigned char {
    nowhere,    ///< There is none: the route has no right either.
    instance,   ///< The instance as a whole: only grants on every environment count.
    query,      ///< environmentId, spaceId, actorId; each of them must be there.
    wire_query, ///< The same, but a space of another environment counts as none (contract §7.2).
    body,       ///< Members of those names.
    path,       ///< The id in the path.
    rows,       ///< Each row of the answer is decided on by itself.
};

/// One row of the table of all that the service answers.
struct route {
    std::string_view method;
    std::string_view pattern; ///< `/v1/secrets/{secretId}`.
    std::string_view action;  ///< Its word in the audit log; empty: it is not audited.
    std::optional<right> needs{};
    scope_from where = scope_from::nowhere;
    admits who = admits::token;
    /// Answers. Throws api_error. If the row needs a right, it must have asked for it
    /// (call::allow) before it answers; the api answers 500 in place of one that forgot.
    std::function<response(call&)> run{};
    /// Answers without waiting, or not at all; null: the route always waits.
    std::function<std::optional<response>(call&)> run_now{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
