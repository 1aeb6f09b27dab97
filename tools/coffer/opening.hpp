// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_OPENING_HPP
#define COFFER_COMMAND_OPENING_HPP

#include "settings.hpp"

#include <coffer/any_key_provider.hpp>
#include <coffer/any_store.hpp>
#include <coffer/any_vault.hpp>
#include <coffer/keyring/kek_set.hpp>
#include <coffer/policy.hpp>
#include <coffer/secret.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace command {

class key_changes;

/// Keys, and what may be told of them.
struct opened_keys {
    coffer::any_key_provider provider;
    std::shared_ptr<key_changes> changes{}; ///< See key_changes.hpp.
};

/// What is made where there is nothing yet: only by `coffer init`.
enum class missing_keys : unsigned char { refuse, make };
/// What becomes of a store's folder that is not there.
enum class missing_folder : unsigned char {
    refuse,
    make,
    empty, ///< It is read as a store in which nothing is; what is written is lost.
};

/// The store that is named: `file:DIR`, its path absolute, or an address of Redis. Throws problem
/// if none is.
auto store_place(const settings& from) -> std::string;
/// The folder of a store in a folder; empty for any other.
auto folder_of_store(const std::string& place) -> std::filesystem::path;
/// Opens a store that a flag or an argument names. Throws problem, also for a store that this build
/// has not.
auto open_store_at(const std::string& place, missing_folder if_missing = missing_folder::refuse)
    -> coffer::any_store;
/// Opens the store that the settings name. Throws problem as open_store_at() does, and (denied) for
/// one of a folder's file that says where a password lies.
auto open_store(const settings& from, missing_folder if_missing = missing_folder::refuse)
    -> coffer::any_store;
/// Whether the place of a store says where a password lies. A folder's file must not say it: it is
/// somebody else's text, and must not choose what of ours is sent as a password.
auto names_password(std::string_view place) -> bool;
/// Opens a store in Redis by its address.
auto open_redis(const std::string& address) -> coffer::any_store;
/// Opens the keys that `keys` names. Throws problem. `anchored`: with anchor_of() them, if
/// there is one.
auto open_keys(const settings& from, missing_keys if_missing, bool anchored = true) -> opened_keys;
/// The variables that `keys` names (`env:NAME,OLDER…`), the active one first; none for other keys.
auto key_variables(const settings& from) -> std::vector<std::string>;
/// The file that holds the keys that `keys` names; empty for those that come from elsewhere.
auto key_file(const settings& from) -> std::filesystem::path;

/// The anchor of these keys: beside the file that holds them, else where `anchor` says; empty if
/// nothing does. Throws problem for one that is not to be used.
auto anchor_of(const settings& from) -> std::filesystem::path;
/// Whether `keys` names a keyring file and something is there.
auto has_key_file(const settings& from) -> bool;
/// Makes a keyring file of a sealed copy where `keys` names one and there is none. Answers how many
/// KEKs it has. Throws problem.
auto restore_keys(const settings& from, coffer::byte_view copy, const coffer::secret& passphrase)
    -> std::size_t;
/// Takes into the keyring file that `keys` names what a sealed copy of another one has and it lacks:
/// see kek_set::join. Throws problem.
auto join_keys(const settings& from, coffer::byte_view copy, const coffer::secret& passphrase)
    -> coffer::keyring::kek_join;
/// How a vault is opened by these settings.
auto options_of(const settings& from) -> coffer::options;
/// The vault of the command.
auto open_vault(coffer::any_store store, coffer::any_key_provider keys, coffer::options with)
    -> coffer::any_vault;

} // namespace command

#endif
