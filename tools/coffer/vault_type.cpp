// SPDX-License-Identifier: BSL-1.0
#include "vault_type.hpp"

#include "opening.hpp"

#include <coffer/erase_vault.hpp>

template class coffer::vault<command::vault_policy>;
template class coffer::resolver<command::vault_policy>;
template class coffer::detail::engine<command::vault_policy>;

namespace command {

auto open_vault(coffer::any_store store, coffer::any_key_provider keys, coffer::options with)
    -> coffer::any_vault {
    return coffer::erase(vault_type(std::move(store), coffer::cryptopp::aes_256_gcm{},
                                    std::move(keys), std::move(with)));
}

} // namespace command
