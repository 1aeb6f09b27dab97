// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_VAULT_HPP
#define COFFER_COMMAND_VAULT_HPP

#include "settings.hpp"

#include <coffer/any_key_provider.hpp>
#include <coffer/any_store.hpp>
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace command {

/// The one vault of the command, compiled once (vault.cpp), over whatever store and keys it is
/// told.
using vault_policy =
    coffer::policy<coffer::any_store, coffer::cryptopp::aes_256_gcm, coffer::any_key_provider>;
using vault_type = coffer::vault<vault_policy>;

/// Keys, and what may be told of them.
struct opened_keys {
    coffer::any_key_provider provider;
    /// The state of a KEK: `active`; empty where the provider does not tell.
    std::function<std::string(std::string_view)> state_of{};
};

/// What is made where there is nothing yet: only by `coffer init`.
enum class missing_keys : unsigned char { refuse, make };

/// The folder of a file store; nullopt if the store is of another kind. Throws problem if no store
/// is named, or none that this build has.
auto store_folder(const settings& from) -> std::filesystem::path;
/// Opens the store. Its folder must be there.
auto open_store(const settings& from) -> coffer::any_store;
/// Opens the keys that `keys` names. Throws problem. `anchored`: with the anchor beside them.
auto open_keys(const settings& from, missing_keys if_missing, bool anchored = true) -> opened_keys;
auto options_of(const settings& from) -> coffer::options;

/// `is missing from the store` or `was altered in the store`: what became of the record behind the
/// newest version of a name.
auto damage_of(const vault_type& vault, coffer::context where, std::string_view name)
    -> std::string;

} // namespace command

extern template class coffer::vault<command::vault_policy>;
extern template class coffer::resolver<command::vault_policy>;
extern template class coffer::detail::engine<command::vault_policy>;

#endif
