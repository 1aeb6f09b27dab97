// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CRYPTOPP_PRIMITIVES_HPP
#define COFFER_CRYPTOPP_PRIMITIVES_HPP

#include <coffer/concepts/cipher.hpp>

#include <cryptopp/hmac.h>
#include <cryptopp/sha.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <span>

#include <unistd.h>
#if __has_include(<sys/random.h>)
#include <sys/random.h>
#endif

namespace coffer::inline COFFER_ABI::cryptopp {

namespace detail {
inline auto raw(const std::byte* p) noexcept -> const CryptoPP::byte* {
    return reinterpret_cast<const CryptoPP::byte*>(p);
}
inline auto raw(std::byte* p) noexcept -> CryptoPP::byte* {
    return reinterpret_cast<CryptoPP::byte*>(p);
}
} // namespace detail

/// What every cipher of this backend has beside its AEAD. Stateless; thread-safe.
struct primitives {
    /// SHA-256 (FIPS 180-4).
    auto sha256(byte_view data) const -> digest {
        digest out;
        CryptoPP::SHA256().CalculateDigest(detail::raw(out.data()), detail::raw(data.data()),
                                           data.size());
        return out;
    }
    /// HMAC-SHA256 (RFC 2104) with a key of any length.
    auto hmac_sha256(byte_view key, byte_view data) const -> digest {
        digest out;
        CryptoPP::HMAC<CryptoPP::SHA256> mac(detail::raw(key.data()), key.size());
        mac.CalculateDigest(detail::raw(out.data()), detail::raw(data.data()), data.size());
        return out;
    }
    /// Fills `out` from the kernel, at each call: a generator that lives in the process, such as
    /// AutoSeededRandomPool, gives two forked children the same bytes. `unavailable` if the kernel
    /// has no generator; never weak bytes.
    auto random(std::span<std::byte> out) const -> result<void> {
        constexpr std::size_t most = 256; // of one getentropy
        while (!out.empty()) {
            const auto part = out.first(std::min(most, out.size()));
            if (::getentropy(part.data(), part.size()) != 0)
                return failure{errc::unavailable, {errno, std::generic_category()}};
            out = out.subspan(part.size());
        }
        return {};
    }
};

} // namespace coffer::inline COFFER_ABI::cryptopp

#endif
