// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_SEAL_COUNT_HPP
#define COFFER_ALGORITHM_SEAL_COUNT_HPP

#include <coffer/version.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>

namespace coffer::inline COFFER_ABI::algorithm {

/// How many objects a process sealed under each DEK of an environment that no head counts yet: those
/// of commits that were refused or lost spent nonces all the same (docs/format.md, Writing, step 2).
/// Thread-safe.
class seal_count {
public:
    auto of(std::uint32_t dek) const -> std::uint64_t {
        const std::lock_guard lock(mutex_);
        const auto at = sealed_.find(dek);
        return at == sealed_.end() ? 0 : at->second;
    }
    auto empty() const -> bool {
        const std::lock_guard lock(mutex_);
        return sealed_.empty();
    }
    void add(std::uint32_t dek, std::uint64_t objects) {
        const std::lock_guard lock(mutex_);
        sealed_[dek] += objects;
    }
    /// A head whose highest DEK this is was committed, and counts so many of them. Nothing will be
    /// sealed under the DEKs below it.
    void told(std::uint32_t dek, std::uint64_t objects) {
        const std::lock_guard lock(mutex_);
        sealed_.erase(sealed_.begin(), sealed_.lower_bound(dek));
        const auto at = sealed_.find(dek);
        if (at == sealed_.end()) return;
        at->second -= std::min(at->second, objects);
        if (at->second == 0) sealed_.erase(at);
    }

private:
    mutable std::mutex mutex_{};
    std::map<std::uint32_t, std::uint64_t> sealed_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
