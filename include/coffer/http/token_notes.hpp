// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_TOKEN_NOTES_HPP
#define COFFER_HTTP_TOKEN_NOTES_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/detail/audit_line.hpp>
#include <coffer/http/tokens.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

/// What the audit log says of tokens, and what becomes of those whose scope is removed.
namespace coffer::inline COFFER_ABI::http {

/// The smallest scope that all of the grants lie in; the whole instance, if they have none in
/// common. Whoever reads the audit log there learns of the token.
inline auto common_scope(const std::vector<grant>& grants) -> scope {
    const auto same = [&](std::string grant::*part) {
        return std::all_of(grants.begin(), grants.end(),
                           [&](const grant& g) { return g.*part == grants.front().*part; });
    };
    scope out;
    if (grants.empty() || !same(&grant::environment)) return out;
    out.environment = grants.front().environment;
    if (!same(&grant::space)) return out;
    out.space = grants.front().space;
    if (same(&grant::actor)) out.actor = grants.front().actor;
    return out;
}

/// What a token may do and until when, for the audit log. Of a grant's patterns the first 512
/// bytes; where that leaves some out, `patterns` tells how many there are in all.
inline auto token_details(std::vector<grant> grants, std::uint64_t expires) -> std::string {
    std::uint64_t patterns = 0;
    bool all = true;
    for (auto& g : grants) {
        patterns += g.names.size();
        std::size_t kept = 0;
        std::size_t room = 512;
        for (auto& name : g.names) {
            if (kept != 0 && name.size() > room) break;
            name = detail::audit_text(name, room);
            room -= name.size();
            ++kept;
        }
        all &= kept == g.names.size();
        g.names.resize(kept);
    }
    wiped_text out;
    json_writer w(out);
    w.begin_object().key("grants");
    write_grants(w, grants);
    if (!all) w.member("patterns", patterns);
    if (expires != 0) w.member("expiresAt", iso_time(expires));
    w.end_object();
    return std::string(out);
}

/// What the audit log says of a token: its name and id, what it may do, until when, and where all
/// of that lies.
inline void note_token(audit_record& to, const token_row& row) {
    to.names = {row.name};
    if (!row.id.empty()) to.names.push_back(row.id);
    to.where = common_scope(row.grants);
    to.details = token_details(row.grants, row.expires);
}

/// Notes what tokens lose in a scope that is removed: each has a line of its own in the audit log,
/// `token.revoke`, or `token.narrow` for one that is left with other grants. `c` outlives it.
inline auto noted_ends(call& c, const scope& where) {
    return [&c, where](const ended_token& ended) {
        auto& noted = c.also.emplace_back();
        note_token(noted, ended.row);
        noted.action = ended.narrowed ? "token.narrow" : "token.revoke";
        noted.where = where;
    };
}

/// Removes an environment or a space with what tokens may do there: see
/// token_registry::remove_scope, also for errors. Each of those is noted, those that ended before an
/// error too; that it was removed is told to who listens.
inline auto remove_scope(call& c, const scope& where) -> result<removed_scope> {
    auto gone =
        token_registry(c.parts.vault).remove_scope(where, c.who.token_id, noted_ends(c, where));
    if (gone) c.tell_removed(where);
    return gone;
}

/// Throws the answer to a removal that failed, and to one of which it is not known what tokens may
/// do there.
inline void need_removed(result<removed_scope>&& gone) {
    const auto done = need(std::move(gone));
    if (done.unlooked) throw error_of({errc::outcome_unknown, done.unlooked->cause});
}

} // namespace coffer::inline COFFER_ABI::http

#endif
