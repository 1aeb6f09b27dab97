// expect: error: static(_assert failed| assertion failed).*note: (nested requirement '[^']*id[^']*' is not satisfied|because '[^']*id[^']*'[^']* evaluated to false)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/concepts/cipher.hpp>

struct my_cipher {
#ifdef COFFER_MISUSE
    static constexpr int id = 300; // no head can hold it
#else
    static constexpr int id = 1;
#endif
    static constexpr std::size_t nonce_size = 12;
    class keyed {
    public:
        keyed(keyed&&) noexcept;
        keyed& operator=(keyed&&) noexcept;
        coffer::result<void> seal(std::span<const std::byte, 12> nonce, coffer::byte_view aad,
                                  coffer::byte_view plain, std::span<std::byte> out,
                                  std::span<std::byte, 16> tag);
        bool open(std::span<const std::byte, 12> nonce, coffer::byte_view aad,
                  coffer::byte_view sealed, std::span<const std::byte, 16> tag,
                  std::span<std::byte> out);
    };
    coffer::result<keyed> key(std::span<const std::byte, 32> key) const;
    coffer::digest sha256(coffer::byte_view data) const;
    coffer::digest hmac_sha256(coffer::byte_view key, coffer::byte_view data) const;
    coffer::result<void> random(std::span<std::byte> out) const;
};
static_assert(coffer::Cipher<my_cipher>);
