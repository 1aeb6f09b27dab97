// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_VAULT_TYPE_HPP
#define COFFER_COMMAND_VAULT_TYPE_HPP

#include <coffer/any_key_provider.hpp>
#include <coffer/any_store.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/vault.hpp>

namespace command {

/// The one vault of the command, over whatever store and keys it is told, compiled in
/// vault_type.cpp; but for git_document.cpp all else holds it as a coffer::any_vault.
using vault_policy =
    coffer::policy<coffer::any_store, coffer::cryptopp::aes_256_gcm, coffer::any_key_provider,
                   coffer::environment_then_space_then_actor>;
using vault_type = coffer::vault<vault_policy>;

} // namespace command

extern template class coffer::vault<command::vault_policy>;
extern template class coffer::resolver<command::vault_policy>;
extern template class coffer::detail::engine<command::vault_policy>;

#endif
