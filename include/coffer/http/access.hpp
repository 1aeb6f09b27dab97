// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_ACCESS_HPP
#define COFFER_HTTP_ACCESS_HPP

#include <coffer/scope.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What a caller may do in a scope.
enum class right : unsigned char {
    list,   ///< See names, states, versions, times, authors and notes.
    read,   ///< Be given resolved values.
    reveal, ///< Be shown one stored value, and every comparison of values.
    write,  ///< Set, hide, remove, undelete, roll back, import.
    spaces, ///< Make, rename and remove spaces.
    tokens, ///< Mint and revoke tokens.
    keys,   ///< Rotate, rewrap, restore, shred; make and remove environments.
    audit,  ///< Read and verify the audit log.
    policy, ///< Say whether an environment's values may be revealed.
};

/// What a grant makes of its holder.
enum class role : unsigned char {
    instance_operator,
    environment_admin,
    space_admin,
    service,
    auditor
};

/// One thing that a token may do, and where.
struct grant {
    role as = role::service;
    std::string environment{}; ///< Empty: every environment.
    std::string space{};       ///< Empty: the environment and all its spaces.
    bool write = false;        ///< A service may also set values.
    bool reveal = false;
    std::string actor{};              ///< A service reads for this actor alone; empty: any.
    std::vector<std::string> names{}; ///< Globs (`SLACK_*`) of the names it covers; empty: all.
};

/// Who is calling: a token that was checked.
struct principal {
    std::string token_id{};
    std::string name{}; ///< What people called the token; the author of its writes.
    std::vector<grant> grants{};
    std::uint64_t expires = 0;      ///< Milliseconds since 1970; 0: never.
    bool is_session = false;        ///< Made by a sign-in of the page: good for /v1/x alone.
    std::uint64_t confirmed_at = 0; ///< When its holder last entered the parent token.
};

/// The answer to "may they?". `unknown` and `forbidden` are kept apart on purpose: what a caller
/// has no right in at all must look as if it were not there.
enum class decision : unsigned char { allowed, unknown, forbidden };

/// Every decision of the service. `where` is the effective scope: a space of another environment
/// counts as none. A grant on a space never covers its environment's own view, or hiding a name
/// from the space would be a formality.
auto decide(const principal& who, right what, context where) -> decision;
/// Whether a grant that gives `what` at `where` covers the name too.
auto covers_name(const principal& who, right what, context where, std::string_view name) -> bool;

} // namespace coffer::inline COFFER_ABI::http

#endif
