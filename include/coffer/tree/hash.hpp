// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_HASH_HPP
#define COFFER_TREE_HASH_HPP

#include <coffer/version.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string_view>

#if __has_include(<sys/random.h>)
#include <sys/random.h>
#endif

namespace coffer::inline COFFER_ABI::tree {

/// The process's seed: names come from outside, and must not be able to choose their collisions.
inline auto hash_seed() noexcept -> std::uint64_t {
    std::uint64_t seed = 0;
#if __has_include(<sys/random.h>)
    if (::getentropy(&seed, sizeof seed) == 0) return seed;
#endif
    // Where the kernel gives none: the address at which the process was loaded, and the time.
    static const char somewhere = 0;
    return reinterpret_cast<std::uintptr_t>(&somewhere) ^ (static_cast<std::uint64_t>(std::time(nullptr)) << 32);
}

/// A seeded hash of a short text by 64-to-128-bit multiply and fold (the method of wyhash, Wang Yi,
/// public domain). For tables in memory alone: it is never stored and proves nothing.
inline auto hash_text(std::string_view text, std::uint64_t seed) noexcept -> std::uint64_t {
    const auto fold = [](std::uint64_t a, std::uint64_t b) noexcept {
        __extension__ using wide = unsigned __int128;
        const wide product = static_cast<wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    };
    const auto word = [](const char* p, std::size_t n) noexcept {
        std::uint64_t v = 0;
        if (n != 0) std::memcpy(&v, p, n); // an empty text may have no address
        return v;
    };
    constexpr std::uint64_t k0 = 0xa0761d6478bd642fULL;
    constexpr std::uint64_t k1 = 0xe7037ed1a0b428dbULL;
    const char* p = text.data();
    std::size_t n = text.size();
    std::uint64_t h = seed ^ k0;
    for (; n > 16; n -= 16, p += 16) h = fold(word(p, 8) ^ k1, word(p + 8, 8) ^ h);
    const std::uint64_t a = n >= 8 ? word(p, 8) : word(p, n);
    const std::uint64_t b = n > 8 ? word(p + n - 8, 8) : 0;
    return fold(k1 ^ text.size(), fold(a ^ k1, b ^ h));
}

} // namespace coffer::inline COFFER_ABI::tree

#endif
