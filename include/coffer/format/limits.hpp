// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_LIMITS_HPP
#define COFFER_FORMAT_LIMITS_HPP

#include <coffer/version.hpp>

#include <cstddef>
#include <cstdint>

/// The limits of format 1 (docs/format.md, Conventions): what a reader accepts. What a writer puts
/// in is narrower: see coffer/names.hpp.
namespace coffer::inline COFFER_ABI::format::limits {

inline constexpr std::size_t realm = 64;
inline constexpr std::size_t id = 255;
inline constexpr std::size_t author = 255;
inline constexpr std::size_t name = 4096;
inline constexpr std::size_t note = 4096;
inline constexpr std::size_t value = std::size_t{1} << 20;
inline constexpr std::size_t head = 131072;
inline constexpr std::size_t deks = 16;
inline constexpr std::size_t wrapped_min = 16;
inline constexpr std::size_t wrapped_max = 4096;
inline constexpr std::size_t pages = 65536;
inline constexpr std::size_t page_body = 262144;
inline constexpr std::size_t page_split = 32768; ///< Writers split a page above this.
inline constexpr std::size_t versions_kept = 10; ///< Writers keep this many versions of a name.
inline constexpr std::size_t ancestors = 64;
inline constexpr std::uint64_t seals_rotate = std::uint64_t{1} << 31; ///< A writer takes a new DEK.
inline constexpr std::uint64_t seals_refuse = std::uint64_t{1} << 32; ///< A writer refuses to seal.

} // namespace coffer::inline COFFER_ABI::format::limits

#endif
