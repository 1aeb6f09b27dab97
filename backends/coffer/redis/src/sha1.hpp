// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_SHA1_HPP
#define COFFER_REDIS_SRC_SHA1_HPP

#include <coffer/version.hpp>

#include <openssl/evp.h>

#include <array>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::redis::detail {

/// What EVALSHA calls a script by: no protection, only a name.
inline auto sha1_hex(std::string_view text) -> std::string {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
    std::string out;
    for (unsigned i = 0; i < size; ++i) {
        constexpr std::string_view digits = "0123456789abcdef";
        out.push_back(digits[digest[i] >> 4U]);
        out.push_back(digits[digest[i] & 15U]);
    }
    return out;
}

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
