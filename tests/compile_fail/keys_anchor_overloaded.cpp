// expect: error: (static assertion failed.*: |static_assert failed[^"]*")the key provider has recall or remember, and is no AnchoringKeyProvider
// SPDX-License-Identifier: BSL-1.0
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/policy.hpp>

struct my_keys {
    coffer::result<std::string> key_for(std::string_view environment);
    coffer::result<coffer::bytes> wrap(std::string_view kek_id, std::span<const std::byte, 32> dek,
                                       coffer::byte_view aad);
    coffer::result<coffer::key_bytes> unwrap(std::string_view kek_id, std::string_view environment,
                                             coffer::byte_view wrapped, coffer::byte_view aad);
    coffer::result<std::optional<coffer::mark>> recall(std::string_view realm,
                                                       std::string_view environment);
    coffer::result<std::optional<coffer::mark>> recall(std::string_view environment);
#ifdef COFFER_MISUSE
    coffer::result<void>
#else
    coffer::result<coffer::mark>
#endif
    remember(std::string_view realm, std::string_view environment, const coffer::lineage& seen);
    coffer::result<coffer::mark> remember(std::string_view environment);
};
using my_policy = coffer::policy<coffer::memory::store, coffer::cryptopp::aes_256_gcm, my_keys>;
using my_store = my_policy::store_type;
