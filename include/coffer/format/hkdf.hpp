// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_HKDF_HPP
#define COFFER_FORMAT_HKDF_HPP

#include <coffer/concepts/cipher.hpp>

#include <algorithm>
#include <cstddef>
#include <span>

namespace coffer::inline COFFER_ABI::format {

/// HKDF with HMAC-SHA256 (RFC 5869): fills `out`. Answers false, with `out` wiped, if more than
/// 255 × 32 bytes are asked for. Intermediate keys are wiped.
template <Cipher C>
[[nodiscard]] auto hkdf_sha256(const C& cipher, byte_view ikm, byte_view salt, byte_view info,
                               std::span<std::byte> out) -> bool {
    constexpr std::size_t block = 32;
    if (out.size() > 255 * block) {
        wipe(out);
        return false;
    }
    constexpr std::array<std::byte, block> no_salt{};
    digest prk = cipher.hmac_sha256(salt.empty() ? byte_view(no_salt) : salt, ikm);
    wiped_bytes input;
    input.reserve(block + info.size() + 1);
    digest t{};
    std::size_t done = 0;
    for (unsigned i = 1; done < out.size(); ++i) {
        input.clear();
        if (i > 1) input.insert(input.end(), t.begin(), t.end());
        input.insert(input.end(), info.begin(), info.end());
        input.push_back(static_cast<std::byte>(i));
        t = cipher.hmac_sha256(prk, input);
        const auto n = std::min(block, out.size() - done);
        std::memcpy(out.data() + done, t.data(), n);
        done += n;
    }
    wipe(prk);
    wipe(t);
    return true;
}

} // namespace coffer::inline COFFER_ABI::format

#endif
