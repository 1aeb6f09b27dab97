// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_SERVED_STORE_HPP
#define COFFER_COMMAND_SERVED_STORE_HPP

#include "opening.hpp"
#include "session.hpp"

#include <coffer/any_vault.hpp>
#include <coffer/http/audit_log.hpp>

#include <memory>

/// What `serve` opens, as its options and the settings say. All of it throws problem.
namespace command {

/// The keys with an anchor, so that a store put back from an old copy, revoked tokens and all, is
/// known as one.
auto anchored_keys(session& s) -> opened_keys;

/// The vault of that store. It looks whether the store has changed at most ten times a second.
auto served_vault(session& s, coffer::any_store store, coffer::any_key_provider keys)
    -> coffer::any_vault;

/// Makes the scopes that --seed-environment and --seed-space name, where they are not there.
void seed_all(const session& s, coffer::any_vault& vault);

/// The audit log that --audit names; null without.
auto opened_audit(session& s, const coffer::any_vault& vault)
    -> std::shared_ptr<coffer::http::audit_log>;

} // namespace command

#endif
