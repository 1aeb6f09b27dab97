// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_SHARED_KEYS_HPP
#define COFFER_COMMAND_SHARED_KEYS_HPP

#include "settings.hpp"
#include "verb.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace command {

/// The realms of other stores that these keys open, as far as the anchor beside them has seen
/// them, sorted; with an environment, those in which one of that id was seen. What is done to a KEK
/// is done to all of them. An anchor that can't be read has none.
auto other_realms_of_keys(const settings& from, std::string_view environment = {})
    -> std::vector<std::string>;

/// Realms, for people.
auto realm_words(const std::vector<std::string>& realms) -> std::string;
/// Throws problem (conflict) if there are such realms: to be asked unless --even-if-shared is said.
void refuse_shared(const std::vector<std::string>& realms, const std::string& what_not);
/// That option.
auto shared_option() -> option_spec;

} // namespace command

#endif
