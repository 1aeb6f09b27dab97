// SPDX-License-Identifier: BSL-1.0
#include "support/service_vault.hpp"

#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/erase_vault.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>

namespace coffer_test {

auto service_vault(coffer::any_store store, coffer::any_key_provider keys, coffer::options with)
    -> coffer::any_vault {
    using policy =
        coffer::policy<coffer::any_store, coffer::cryptopp::aes_256_gcm, coffer::any_key_provider,
                       coffer::environment_then_space_then_actor>;
    return coffer::erase(
        coffer::vault<policy>(std::move(store), {}, std::move(keys), std::move(with)));
}

auto service_vault(coffer::options with) -> coffer::any_vault {
    return service_vault(coffer::memory::store{}, coffer::keyring::memory_keyring{},
                         std::move(with));
}

} // namespace coffer_test
