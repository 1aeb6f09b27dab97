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
    return reinterpret_cast<std::uintptr_t>(&somewhere) ^
           (static_cast<std::uint64_t>(std::time(nullptr)) << 32);
}

/// A seeded hash of a short text by 64-to-128-bit multiply and fold (the method of wyhash, Wang Yi,
/// public domain). For tables in memory alone: it is never stored and proves nothing.
inline auto hash_text(std::string_view text, std::uint64_t seed) noexcept -> std::uint64_t {
    const auto fold = [](std::uint64_t a, std::uint64_t b) noexcept {
        __extension__ using wide = unsigned __int128;
        const wide product = static_cast<wide>(a) * b;
        return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
    };
    const auto load = [](const char* p, auto as) noexcept -> std::uint64_t {
        std::memcpy(&as, p, sizeof as);
        return as;
    };
    constexpr std::uint64_t k0 = 0xa0761d6478bd642fULL;
    constexpr std::uint64_t k1 = 0xe7037ed1a0b428dbULL;
    const char* p = text.data();
    const std::size_t n = text.size();
    const char* end = p + n;
    std::uint64_t h = seed ^ k0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    // Fixed sizes, overlapping where the length is none of them: a copy of variable length is a
    // call.
    if (n >= 16) {
        for (; end - p > 16; p += 16)
            h = fold(load(p, std::uint64_t{}) ^ k1, load(p + 8, std::uint64_t{}) ^ h);
        a = load(end - 16, std::uint64_t{});
        b = load(end - 8, std::uint64_t{});
    } else if (n >= 8) {
        a = load(p, std::uint64_t{});
        b = load(end - 8, std::uint64_t{});
    } else if (n >= 4) {
        a = load(p, std::uint32_t{});
        b = load(end - 4, std::uint32_t{});
    } else if (n > 0) {
        a = load(p, std::uint8_t{}) << 16 | load(p + n / 2, std::uint8_t{}) << 8 |
            load(end - 1, std::uint8_t{});
    }
    return fold(k1 ^ n, fold(a ^ k1, b ^ h));
}

} // namespace coffer::inline COFFER_ABI::tree

#endif
