// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_MARK_HPP
#define COFFER_MARK_HPP

#include <coffer/result.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace coffer::inline COFFER_ABI {

/// What a vault remembers of the newest head it has verified, to know an older or forked one by
/// (docs/format.md, Reading, step 5). Not secret.
struct mark {
    std::uint64_t generation = 0;
    std::array<std::byte, 16> mac{}; ///< The first 16 bytes of the head's MAC.
    std::uint32_t dek = 0;           ///< The number of its active DEK.

    friend auto operator==(const mark&, const mark&) -> bool = default;
};

/// The heads before a head. Entry i: the first 8 bytes of the MAC of the generation 1 + i before
/// its own; zeros where there is none.
using ancestry = std::array<std::array<std::byte, 8>, 64>;

/// Whether a verified head may follow one that was seen before (docs/format.md, Reading, step 5).
enum class mark_verdict : unsigned char { same, newer, older, forked };
inline auto compare_mark(const mark& next, const ancestry& ancestors, const mark& seen) noexcept
    -> mark_verdict {
    if (next.generation < seen.generation) return mark_verdict::older;
    if (next.dek < seen.dek) return mark_verdict::forked;
    if (next.generation == seen.generation)
        return next.mac == seen.mac ? mark_verdict::same : mark_verdict::forked;
    const auto distance = next.generation - seen.generation;
    const bool told = distance <= ancestors.size();
    if (told && std::memcmp(ancestors[distance - 1].data(), seen.mac.data(), 8) != 0)
        return mark_verdict::forked;
    return mark_verdict::newer;
}

/// The mark of a head and what that head comes from: enough to tell whether it follows an older
/// one. Not secret.
struct lineage {
    mark newest{};
    ancestry ancestors{};

    /// The mark that stands once this one is remembered where `held` stood: the newer of the two.
    /// Error: rolled_back, of two histories; `held` stands on then.
    auto after(const std::optional<mark>& held) const noexcept -> result<mark> {
        if (!held) return newest;
        switch (compare_mark(newest, ancestors, *held)) {
        case mark_verdict::forked: return errc::rolled_back;
        case mark_verdict::older: return *held;
        default: return newest;
        }
    }
};

} // namespace coffer::inline COFFER_ABI

#endif
