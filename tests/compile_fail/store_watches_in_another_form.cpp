// expect: error: (static assertion failed.*: |static_assert failed[^"]*")the store has watching, and is no WatchableStore
// SPDX-License-Identifier: BSL-1.0
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/policy.hpp>

struct my_store {
    coffer::result<coffer::cut> load(std::string_view partition, std::span<const std::string> keys);
    coffer::store_limits limits() const noexcept;
#ifdef COFFER_MISUSE
    bool watching();
#else
    bool watching() const noexcept;
#endif
};
using my_policy =
    coffer::policy<my_store, coffer::cryptopp::aes_256_gcm, coffer::keyring::memory_keyring>;
using my_cipher = my_policy::cipher_type;
