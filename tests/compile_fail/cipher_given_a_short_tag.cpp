// expect: error: (cannot convert|no viable conversion from|no matching member function)
// SPDX-License-Identifier: BSL-1.0
#include <coffer/cryptopp/aes_256_gcm.hpp>

bool authentic(coffer::cryptopp::aes_256_gcm::keyed& key, std::span<std::byte> plain) {
#ifdef COFFER_MISUSE
    const std::array<std::byte, 12> tag{};
#else
    const std::array<std::byte, 16> tag{};
#endif
    const std::array<std::byte, 12> nonce{};
    return key.open(nonce, {}, {}, tag, plain);
}
