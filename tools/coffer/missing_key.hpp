// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_MISSING_KEY_HPP
#define COFFER_COMMAND_MISSING_KEY_HPP

#include "session.hpp"

#include <string>

namespace command {

/// Which KEKs an environment (none: Coffer's own) is under that the keys here lack, or that are
/// disabled or destroyed, or which alone speak for it and only open, and what is to be done about
/// it, as the rest of a sentence: `: it is under env-…, …`. Empty where none is or nothing is known,
/// and where the keys have not been opened.
auto missing_key_words(session& s, const std::string& environment) -> std::string;

} // namespace command

#endif
