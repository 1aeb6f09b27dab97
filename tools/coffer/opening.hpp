// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_OPENING_HPP
#define COFFER_COMMAND_OPENING_HPP

#include "settings.hpp"

#include <coffer/any_key_provider.hpp>
#include <coffer/any_store.hpp>
#include <coffer/any_vault.hpp>
#include <coffer/policy.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace command {

/// Keys, and what may be told of them.
struct opened_keys {
    coffer::any_key_provider provider;
    /// The state of a KEK: `active`; empty where the provider does not tell.
    std::function<std::string(std::string_view)> state_of{};
};

/// What is made where there is nothing yet: only by `coffer init`.
enum class missing_keys : unsigned char { refuse, make };

/// The folder of the store. Throws problem if no store is named, or none that this build has.
auto store_folder(const settings& from) -> std::filesystem::path;
/// Opens the store. Its folder must be there.
auto open_store(const settings& from) -> coffer::any_store;
/// Opens the keys that `keys` names. Throws problem. `anchored`: with the anchor beside them.
auto open_keys(const settings& from, missing_keys if_missing, bool anchored = true) -> opened_keys;
/// How a vault is opened by these settings.
auto options_of(const settings& from) -> coffer::options;
/// The vault of the command.
auto open_vault(coffer::any_store store, coffer::any_key_provider keys, coffer::options with)
    -> coffer::any_vault;

} // namespace command

#endif
