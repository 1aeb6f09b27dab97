// expect: error: static(_assert failed| assertion failed).*note: ('k.wrap\(text, dek, data\)' does not satisfy return-type-requirement|because type constraint 'std::same_as<[^']*string[^']*, result<[^']*bytes> >' was not satisfied)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/key_provider.hpp>

#ifdef COFFER_MISUSE
using wrapped = coffer::result<std::string>;
#else
using wrapped = coffer::result<coffer::bytes>;
#endif

struct my_keys {
    coffer::result<std::string> key_for(std::string_view environment);
    wrapped wrap(std::string_view kek_id, std::span<const std::byte, 32> dek,
                 coffer::byte_view aad);
    coffer::result<coffer::key_bytes> unwrap(std::string_view kek_id, std::string_view environment,
                                             coffer::byte_view wrapped, coffer::byte_view aad);
};
static_assert(coffer::KeyProvider<my_keys>);
