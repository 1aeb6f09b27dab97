// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_MISSING_KEY_HPP
#define COFFER_COMMAND_MISSING_KEY_HPP

#include "session.hpp"

#include <coffer/format/head.hpp>

#include <optional>
#include <string>
#include <vector>

namespace command {

/// The head of an environment as the store has it: without its keys, so nothing of it is verified.
/// Nullopt where there is none of that id and this realm.
auto stored_head(const settings& config, const std::string& environment)
    -> std::optional<coffer::format::head>;

/// The ids of the environments that have a head in the store which is not closed, of this realm:
/// without keys, so nothing of it is verified. None where the store can't list. Throws problem.
auto stored_environments(const settings& config) -> std::vector<std::string>;

/// Which KEKs an environment (none: Coffer's own) is under that the keys here lack, or that are
/// disabled or destroyed, or which alone speak for it and only open, and what is to be done about
/// it, as the rest of a sentence: `: it is under env-…, …`. Empty where none is or nothing is known,
/// and where the keys have not been opened.
auto missing_key_words(session& s, const std::string& environment) -> std::string;

/// That the anchor beside the keys is damaged, and what is to be done; empty where it is not, or none
/// is asked. Whatever is read of the store is `tampered` then, and that is nothing of the store's.
auto anchor_damage(session& s) -> std::string;

} // namespace command

#endif
