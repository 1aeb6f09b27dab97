// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_VERBS_HPP
#define COFFER_COMMAND_VERBS_HPP

#include "verb.hpp"

#include <vector>

/// Every verb is defined in the unit of its family (verb_*.cpp) and listed in verbs.cpp.
namespace command {

auto init_verb() -> verb;
auto scope_verbs() -> std::vector<verb>; ///< env … and space …
auto set_verb() -> verb;
auto get_verb() -> verb;
auto list_verb() -> verb;
auto explain_verb() -> verb;
auto history_verb() -> verb;
auto unset_verb() -> verb;
auto hide_verb() -> verb;
auto unhide_verb() -> verb;
auto undelete_verb() -> verb;
auto rollback_verb() -> verb;
auto import_verb() -> verb;
auto export_verb() -> verb;
auto run_verb() -> verb;
auto diff_verb() -> verb;
auto check_verb() -> verb;
auto doctor_verb() -> verb;
auto login_verbs() -> std::vector<verb>; ///< login, logout, whoami
auto token_verbs() -> std::vector<verb>; ///< token …
auto agent_verb() -> verb;
auto audit_verbs() -> std::vector<verb>;        ///< audit …
auto key_verbs() -> std::vector<verb>;          ///< keys …
auto key_rotation_verbs() -> std::vector<verb>; ///< keys rotate-kek, rewrap, rotate-dek
auto shred_verb() -> verb;                      ///< keys shred
auto copy_keys_verb() -> verb;                  ///< keys copy
auto verify_verb() -> verb;
auto serve_verb() -> verb;
auto backup_verbs() -> std::vector<verb>; ///< backup, restore
auto copy_verb() -> verb;
auto git_verbs() -> std::vector<verb>;
auto git_resolve_verb() -> verb; ///< git resolve, which is one of them
auto config_verb() -> verb;
auto completion_verbs() -> std::vector<verb>;
auto version_verb() -> verb;
auto help_verb() -> verb;

/// `coffer 0.1.0 (format 1)`.
auto version_text() -> std::string;

} // namespace command

#endif
