// expect: error: static(_assert failed| assertion failed).*note: (nested requirement '!requires[^']*short_new_tag[^']*' is not satisfied|because '!requires [^']*short_new_tag[^']*' evaluated to false)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/cipher.hpp>

#ifdef COFFER_MISUSE
using given_tag = std::span<std::byte>; // of any length
#else
using given_tag = std::span<std::byte, 16>;
#endif

struct keyed {
    keyed(keyed&&) noexcept;
    keyed& operator=(keyed&&) noexcept;
    coffer::result<void> seal(std::span<const std::byte, 12> nonce, coffer::byte_view aad,
                              coffer::byte_view plain, std::span<std::byte> out, given_tag tag);
    bool open(std::span<const std::byte, 12> nonce, coffer::byte_view aad, coffer::byte_view sealed,
              std::span<const std::byte, 16> tag, std::span<std::byte> out);
};
static_assert(coffer::KeyedCipher<keyed, 12>);
