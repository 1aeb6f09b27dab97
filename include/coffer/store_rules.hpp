// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_STORE_RULES_HPP
#define COFFER_STORE_RULES_HPP

#include <coffer/concepts/store.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI {

/// The names that law S14 lets through: 1 to 128 characters of [A-Za-z0-9_.-], no dot in front.
constexpr auto is_partition_name(std::string_view name) noexcept -> bool {
    if (name.empty() || name.size() > 128 || name.front() == '.') return false;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    });
}

/// The keys that law S14 lets through: 1 to 64 characters of [a-z0-9].
constexpr auto is_object_key(std::string_view key) noexcept -> bool {
    if (key.empty() || key.size() > 64) return false;
    return std::all_of(key.begin(), key.end(),
                       [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

/// What every store checks before it writes anything (laws S13 to S15): invalid_argument for a
/// name, a key or a next revision of zeros, too_large for an object or a sum over the limits.
inline auto check_commit(const store_limits& limits, std::string_view partition,
                         const revision& next, std::span<const object_write> writes) noexcept
    -> result<void> {
    if (!is_partition_name(partition) || next == revision{}) return errc::invalid_argument;
    std::size_t sum = 0;
    for (const auto& write : writes) {
        if (!is_object_key(write.key)) return errc::invalid_argument;
        const auto size = write.value ? write.value->size() : 0;
        if (size > limits.object_bytes || size > limits.commit_bytes - sum) return errc::too_large;
        sum += size;
    }
    return {};
}

} // namespace coffer::inline COFFER_ABI

#endif
