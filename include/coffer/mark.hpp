// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_MARK_HPP
#define COFFER_MARK_HPP

#include <coffer/version.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace coffer::inline COFFER_ABI {

/// What a vault remembers of the newest head it has verified, to know an older or forked one by
/// (docs/format.md, Reading, step 5). Not secret.
struct mark {
    std::uint64_t generation = 0;
    std::array<std::byte, 16> mac{}; ///< The first 16 bytes of the head's MAC.
    std::uint32_t dek = 0;           ///< The number of its active DEK.

    friend auto operator==(const mark&, const mark&) -> bool = default;
};

} // namespace coffer::inline COFFER_ABI

#endif
