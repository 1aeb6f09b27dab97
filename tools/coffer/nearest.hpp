// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_NEAREST_HPP
#define COFFER_COMMAND_NEAREST_HPP

#include <string_view>
#include <vector>

namespace command {

/// Of the words that there are the one that was probably meant: the one with the fewest letters
/// changed, left out or put in (Levenshtein), two at most and less than were typed; case does not
/// count. Empty if there is none.
auto nearest(std::string_view typed, const std::vector<std::string_view>& known)
    -> std::string_view;

} // namespace command

#endif
