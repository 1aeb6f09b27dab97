// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_CIPHER_LAWS_HPP
#define COFFER_TESTING_CIPHER_LAWS_HPP

#include <coffer/testing/laws/cipher_aead.hpp>
#include <coffer/testing/laws/cipher_primitives.hpp>

#include <array>

namespace coffer::inline COFFER_ABI::testing {

/// The laws of Cipher (concepts/cipher.hpp) as checks; `make()` gives the cipher. With Catch2 or
/// GoogleTest: run_cipher_laws(make) of catch2.hpp or gtest.hpp. C7 forks.
template <class Make>
inline constexpr std::array<law<Make>, 8> cipher_laws{{
    {"C1 open(seal(x)) is x for every length of text and AAD", laws::cipher_c1<Make>},
    {"C2 one bit changed in text, tag, nonce, AAD or key does not open", laws::cipher_c2<Make>},
    {"C3 open leaves zeros where it answers false", laws::cipher_c3<Make>},
    {"C4 seal is deterministic in key, nonce, AAD and text", laws::cipher_c4<Make>},
    {"C5 a keyed cipher seals and opens any number of times in any order", laws::cipher_c5<Make>},
    {"C6 sha256 and hmac_sha256 give the published vectors", laws::cipher_c6<Make>},
    {"C7 random bytes never repeat, forked children included", laws::cipher_c7<Make>},
    {"C8 the published answers of the algorithm that id names", laws::cipher_c8<Make>},
}};

} // namespace coffer::inline COFFER_ABI::testing

#endif
