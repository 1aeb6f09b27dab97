// expect: error: static(_assert failed| assertion failed).*note: (nested requirement '!requires[^']*short_tag[^']*' is not satisfied|because '!requires [^']*short_tag[^']*' evaluated to false)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/cipher.hpp>

#ifdef COFFER_MISUSE
using given_tag = coffer::byte_view; // of any length
#else
using given_tag = std::span<const std::byte, 16>;
#endif
using given_nonce = std::span<const std::byte, 12>;

struct keyed {
    keyed(keyed&&) noexcept;
    keyed& operator=(keyed&&) noexcept;
    coffer::result<void> seal(std::span<const std::byte, 12> nonce, coffer::byte_view aad,
                              coffer::byte_view plain, std::span<std::byte> out,
                              std::span<std::byte, 16> tag);
    bool open(given_nonce nonce, coffer::byte_view aad, coffer::byte_view sealed, given_tag tag,
              std::span<std::byte> out);
};
static_assert(coffer::KeyedCipher<keyed, 12>);
