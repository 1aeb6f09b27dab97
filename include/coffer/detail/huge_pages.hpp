// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_HUGE_PAGES_HPP
#define COFFER_DETAIL_HUGE_PAGES_HPP

#include <coffer/version.hpp>

#include <cstddef>
#include <memory>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace coffer::inline COFFER_ABI::detail {

/// An allocator for large arrays that are read at random. A block of a huge page or more begins at
/// one, and the system is asked for huge pages (madvise(2), MADV_HUGEPAGE; a system that has none
/// gives ordinary ones): else most reads would wait for the page table as well as for the memory.
template <class T>
struct huge_page_allocator {
    using value_type = T;
    static constexpr std::size_t page = std::size_t{2} << 20;

    huge_page_allocator() noexcept = default;
    template <class U>
    huge_page_allocator(const huge_page_allocator<U>&) noexcept {}

    /// Throws std::bad_alloc, std::bad_array_new_length.
    auto allocate(std::size_t n) -> T* {
        if (!is_large(n)) return std::allocator<T>{}.allocate(n);
        if (n > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
        void* const at = ::operator new(n * sizeof(T), std::align_val_t(page));
#if defined(MADV_HUGEPAGE)
        (void)::madvise(at, n * sizeof(T), MADV_HUGEPAGE); // a wish
#endif
        return static_cast<T*>(at);
    }
    void deallocate(T* p, std::size_t n) noexcept {
        if (!is_large(n)) return std::allocator<T>{}.deallocate(p, n);
        ::operator delete(p, std::align_val_t(page));
    }
    friend auto operator==(const huge_page_allocator&, const huge_page_allocator&) -> bool {
        return true;
    }

private:
    static constexpr auto is_large(std::size_t n) noexcept -> bool {
        return n >= page / sizeof(T);
    }
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
