// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_POLYNOMIAL_HASH_HPP
#define COFFER_DETAIL_POLYNOMIAL_HASH_HPP

#include <coffer/version.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coffer::inline COFFER_ABI::detail {

/// A text as a number: its bytes are the coefficients of a polynomial, taken at a secret base
/// modulo the prime 2^61 - 1 (Karp and Rabin, "Efficient randomized pattern-matching algorithms",
/// 1987). Two texts of n bytes have the same number for at most n bases. The hash of a part of a
/// text comes from the hashes of two of its prefixes: between(hash[i], hash[j], power(j - i)).
class polynomial_hash {
public:
    static constexpr std::uint64_t prime = (std::uint64_t{1} << 61) - 1;

    /// `random`: 64 random bits that nobody who chooses texts knows.
    explicit polynomial_hash(std::uint64_t random) noexcept : base_(256 + random % (prime - 256)) {}

    auto extend(std::uint64_t hash, char next) const noexcept -> std::uint64_t {
        return add(multiply(hash, base_), static_cast<unsigned char>(next));
    }
    auto of(std::string_view text) const noexcept -> std::uint64_t {
        std::uint64_t hash = 0;
        for (const char c : text)
            hash = extend(hash, c);
        return hash;
    }
    auto power(std::size_t n) const noexcept -> std::uint64_t {
        std::uint64_t p = 1;
        for (auto square = base_; n != 0; n >>= 1, square = multiply(square, square))
            if ((n & 1) != 0) p = multiply(p, square);
        return p;
    }
    static auto between(std::uint64_t from, std::uint64_t to, std::uint64_t power) noexcept
        -> std::uint64_t {
        return add(to, prime - multiply(from, power));
    }

private:
    static auto add(std::uint64_t a, std::uint64_t b) noexcept -> std::uint64_t {
        const auto sum = a + b; // at most 2^62
        return sum >= prime ? sum - prime : sum;
    }
    static auto multiply(std::uint64_t a, std::uint64_t b) noexcept -> std::uint64_t {
        __extension__ using wide = unsigned __int128;
        const auto product = static_cast<wide>(a) * b;
        return add(static_cast<std::uint64_t>(product & prime),
                   static_cast<std::uint64_t>(product >> 61));
    }

    std::uint64_t base_;
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
