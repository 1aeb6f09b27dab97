// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_SIPHASH_HPP
#define COFFER_DETAIL_SIPHASH_HPP

#include <coffer/version.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coffer::inline COFFER_ABI::detail {

/// SipHash-2-4 with 128 bits of output: a keyed hash for short messages (Aumasson and Bernstein,
/// "SipHash: a fast short-input PRF", 2012; the output as in their reference code). The text is
/// read as bytes; the result is two words of 64 bits.
class siphash {
public:
    using digest = std::array<std::uint64_t, 2>;

    static auto of(const std::array<std::uint64_t, 2>& key, std::string_view text) noexcept
        -> digest {
        siphash s(key);
        const auto whole = text.size() & ~std::size_t{7};
        for (std::size_t i = 0; i < whole; i += 8)
            s.compress(word(text.substr(i, 8)));
        s.compress(word(text.substr(whole)) | (static_cast<std::uint64_t>(text.size()) << 56));
        s.v2_ ^= 0xee;
        for (int i = 0; i < 4; ++i)
            s.round();
        const auto first = s.folded();
        s.v1_ ^= 0xdd;
        for (int i = 0; i < 4; ++i)
            s.round();
        return {first, s.folded()};
    }

private:
    explicit siphash(const std::array<std::uint64_t, 2>& key) noexcept
        : v0_(key[0] ^ 0x736f6d6570736575), v1_(key[1] ^ 0x646f72616e646f6d ^ 0xee),
          v2_(key[0] ^ 0x6c7967656e657261), v3_(key[1] ^ 0x7465646279746573) {}

    static auto word(std::string_view at_most_8) noexcept -> std::uint64_t {
        std::uint64_t w = 0;
        for (std::size_t i = 0; i < at_most_8.size(); ++i)
            w |= std::uint64_t{static_cast<unsigned char>(at_most_8[i])} << (8 * i);
        return w;
    }
    void compress(std::uint64_t word) noexcept {
        v3_ ^= word;
        round();
        round();
        v0_ ^= word;
    }
    void round() noexcept {
        v0_ += v1_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v3_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ += v3_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ += v1_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v2_ = std::rotl(v2_, 32);
    }
    auto folded() const noexcept -> std::uint64_t { return v0_ ^ v1_ ^ v2_ ^ v3_; }

    std::uint64_t v0_, v1_, v2_, v3_;
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
