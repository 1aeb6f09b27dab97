// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_NEVER_DESTROYED_HPP
#define COFFER_DETAIL_NEVER_DESTROYED_HPP

#include <coffer/version.hpp>

#include <cstddef>
#include <new>
#include <utility>

namespace coffer::inline COFFER_ABI::detail {

/// An object with static storage that is good until the process has ended: who reads a secret while
/// other statics are destroyed, or on a thread that outlives main, still finds it.
template <class T>
class never_destroyed {
public:
    template <class... A>
    explicit never_destroyed(A&&... args) {
        ::new (static_cast<void*>(place_)) T(std::forward<A>(args)...);
    }
    never_destroyed(const never_destroyed&) = delete;
    auto operator=(const never_destroyed&) -> never_destroyed& = delete;

    auto operator*() const noexcept -> const T& {
        return *std::launder(reinterpret_cast<const T*>(place_));
    }

private:
    alignas(T) std::byte place_[sizeof(T)];
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
