// expect: error: static(_assert failed| assertion failed).*note: (nested requirement '!requires[^']*other_to_seal[^']*' is not satisfied|because '!requires [^']*other_to_seal[^']*' evaluated to false)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/cipher.hpp>

#ifdef COFFER_MISUSE
using given_nonce = coffer::byte_view; // of any length
#else
using given_nonce = std::span<const std::byte, 12>;
#endif

struct keyed {
    keyed(keyed&&) noexcept;
    keyed& operator=(keyed&&) noexcept;
    coffer::result<void> seal(given_nonce nonce, coffer::byte_view aad, coffer::byte_view plain,
                              std::span<std::byte> out, std::span<std::byte, 16> tag);
    bool open(std::span<const std::byte, 12> nonce, coffer::byte_view aad, coffer::byte_view sealed,
              std::span<const std::byte, 16> tag, std::span<std::byte> out);
};
static_assert(coffer::KeyedCipher<keyed, 12>);
