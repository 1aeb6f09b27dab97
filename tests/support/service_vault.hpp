// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_SERVICE_VAULT_HPP
#define COFFER_TESTS_SUPPORT_SERVICE_VAULT_HPP

// The vault of a service, its type erased and compiled once (service_vault.cpp): what tests it
// links coffer_test_service_vault.

#include <coffer/any_key_provider.hpp>
#include <coffer/any_store.hpp>
#include <coffer/any_vault.hpp>
#include <coffer/policy.hpp>

namespace coffer_test {

auto service_vault(coffer::any_store store, coffer::any_key_provider keys,
                   coffer::options with = {}) -> coffer::any_vault;
/// Over an empty store in memory.
auto service_vault(coffer::options with = {}) -> coffer::any_vault;

} // namespace coffer_test

#endif
