// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_DENIED_PLACE_HPP
#define COFFER_COMMAND_DENIED_PLACE_HPP

#include "settings.hpp"

#include <string>

namespace command {

/// Which files and folders of the store, and which of the anchor, this process may not use as it has
/// to, as the rest of a sentence: `: /srv/store/dev.….json`. Of a store that is in no folder its
/// place. Empty where all can be used, or by now.
auto denied_place_words(const settings& from) -> std::string;

} // namespace command

#endif
