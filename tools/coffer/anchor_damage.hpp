// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_ANCHOR_DAMAGE_HPP
#define COFFER_COMMAND_ANCHOR_DAMAGE_HPP

#include "session.hpp"

#include <string>

namespace command {

/// That the anchor beside the keys is damaged, and what is to be done; empty where it is not, or none
/// is asked. Whatever is read of the store is `tampered` then, and that is nothing of the store's.
auto anchor_damage(session& s) -> std::string;

} // namespace command

#endif
