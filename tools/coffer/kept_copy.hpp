// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_KEPT_COPY_HPP
#define COFFER_COMMAND_KEPT_COPY_HPP

#include "session.hpp"

#include <coffer/view.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// What `run --keep` was given through a server, kept for `run --offline`: one file for each scope
/// and each set of patterns of --only, mode 0600, sealed under a key made of the token, so that it is
/// worth nothing without the token, and bound to the server, the scope and the set, so that one
/// can't stand in for another. A token that was replaced or forgotten opens none of the old ones.
namespace command {

struct kept_copy {
    place at{};
    std::vector<coffer::named_secret> secrets{};
    std::vector<std::string> expired{}; ///< Names whose values have expired since.
    std::uint64_t taken_at = 0;         ///< Milliseconds since 1970.
};

/// Keeps these values, those that --only says of what `from` shows, or all, and nothing else of it.
/// Throws problem.
void keep_copy(session& s, const place& at, const coffer::view& from,
               std::span<const coffer::named_secret> values);
/// What was kept for the server and the scope that the settings name, of all or of what --only says
/// now, the newer one of those that can be used; asks nobody. What has expired since is left out.
/// Of one that can't be used where the other can, it is said why, unless it is only old. Throws problem where there is
/// none: not_found, stale (older than --max-stale, or from the future), unknown_key (another token,
/// or the file was altered), denied (others may read it), tampered (what it holds is none).
auto open_copy(session& s) -> kept_copy;
/// Removes all that was kept of a server.
void forget_copies(const std::string& server);

} // namespace command

#endif
