// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_KEY_CHANGES_HPP
#define COFFER_COMMAND_KEY_CHANGES_HPP

#include <coffer/keyring/kek_set.hpp>
#include <coffer/secret.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace command {

class session;
struct problem;

/// The KEKs behind a vault, for who may see and change them. Keys that come from outside (a
/// variable, a passphrase, a credential) are seen, and changes are `unsupported`.
class key_changes {
public:
    virtual ~key_changes() = default;
    /// In the order in which they were made; never a key.
    virtual auto keks() -> coffer::result<std::vector<coffer::keyring::kek_info>> = 0;
    /// See kek_set::rotate.
    virtual auto rotate() -> coffer::result<std::vector<coffer::keyring::kek_rotation>> = 0;
    virtual auto rotate(std::string_view environment)
        -> coffer::result<coffer::keyring::kek_rotation> = 0;
    virtual auto disable(std::string_view kek_id) -> coffer::result<void> = 0;
    /// See file_keyring::destroy.
    virtual auto destroy(std::span<const std::string> kek_ids) -> coffer::result<void> = 0;
    /// See file_keyring::sealed_copy.
    virtual auto sealed_copy(const coffer::secret& passphrase) -> coffer::result<std::string> = 0;
};

/// The one of --env, which may be Coffer's own, else all.
auto chosen_environments(session& s) -> std::vector<std::string>;
/// What failed, in words. Throws problem for keys that can't be changed here.
auto need_change(const coffer::failure& why) -> problem;

} // namespace command

#endif
