// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_DENIED_MEMORY_HPP
#define COFFER_TESTS_SUPPORT_DENIED_MEMORY_HPP

// Allocations that fail when a test says so. It replaces those functions of the whole program: to
// be included by one of its files.

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace coffer_test {

inline thread_local int denied = 0;       ///< So many allocations of this thread fail,
inline std::atomic<int> denied_there = 0; ///< and so many of all threads of which is_there.
inline thread_local bool is_there = false;

inline auto is_denied() noexcept -> bool {
    return (denied > 0 && denied-- > 0) ||
           (is_there && denied_there > 0 && denied_there.fetch_sub(1) > 0);
}

} // namespace coffer_test

// Not inline: else the compiler sees free() of what operator new has made, and says so.
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (coffer_test::is_denied()) throw std::bad_alloc();
    if (auto* out = std::malloc(size)) return out;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return coffer_test::is_denied() ? nullptr : std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
/// Where Asio has its memory from.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    void* out = nullptr;
    if (alignment < sizeof(void*)) alignment = sizeof(void*);
    return coffer_test::is_denied() || ::posix_memalign(&out, alignment, size) != 0 ? nullptr : out;
}

#endif
