// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_SECRET_CHANGE_HPP
#define COFFER_HTTP_SECRET_CHANGE_HPP

#include <coffer/scope.hpp>

#include <cstdint>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// A change of a secret, to be told: never a value. Without a name: a space or an environment was
/// removed, and all of its secrets with it. Valid during the call that it is handed to.
struct secret_change {
    std::string_view what{}; ///< `created`, `updated` or `deleted`.
    const scope& where;
    std::string_view name{};
    std::string_view id{};     ///< Of the secret, on the wire.
    std::uint64_t version = 0; ///< The newest now; 0: it is not there any more.
};

} // namespace coffer::inline COFFER_ABI::http

#endif
