// expect: error: (template constraint failure for|constraints not satisfied for class template 'policy').*note: (the required expression 'k.unwrap\(text, text, data, data\)' is invalid|because 'my_keys' does not satisfy 'KeyProvider')
// SPDX-License-Identifier: BSL-1.0
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/policy.hpp>

struct my_keys {
    coffer::result<std::string> key_for(std::string_view environment);
    coffer::result<coffer::bytes> wrap(std::string_view kek_id, std::span<const std::byte, 32> dek,
                                       coffer::byte_view aad);
#ifndef COFFER_MISUSE
    coffer::result<coffer::key_bytes> unwrap(std::string_view kek_id, std::string_view environment,
                                             coffer::byte_view wrapped, coffer::byte_view aad);
#endif
};
using my_policy = coffer::policy<coffer::memory::store, coffer::cryptopp::aes_256_gcm, my_keys>;
