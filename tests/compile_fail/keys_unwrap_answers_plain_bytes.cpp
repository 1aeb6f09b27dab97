// expect: error: static(_assert failed| assertion failed).*note: ('k.unwrap\(text, text, data, data\)' does not satisfy return-type-requirement|because type constraint 'std::same_as<[^']*, result<[^']*key_bytes> >' was not satisfied)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/key_provider.hpp>

#ifdef COFFER_MISUSE
using unwrapped = coffer::result<coffer::bytes>; // which nobody wipes
#else
using unwrapped = coffer::result<coffer::key_bytes>;
#endif

struct my_keys {
    coffer::result<std::string> key_for(std::string_view environment);
    coffer::result<coffer::bytes> wrap(std::string_view kek_id, std::span<const std::byte, 32> dek,
                                       coffer::byte_view aad);
    unwrapped unwrap(std::string_view kek_id, std::string_view environment,
                     coffer::byte_view wrapped, coffer::byte_view aad);
};
static_assert(coffer::KeyProvider<my_keys>);
