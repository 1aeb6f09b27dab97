// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_SECURE_MEMORY_HPP
#define COFFER_SECURE_MEMORY_HPP

#include <coffer/bytes.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#define COFFER_HAS_MMAN 1
#else
#define COFFER_HAS_MMAN 0
#endif

// The address sanitizer doesn't know this heap unless it is told of each block.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COFFER_TELLS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define COFFER_TELLS_SANITIZER 1
#endif
#if defined(COFFER_TELLS_SANITIZER)
#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>
#endif

namespace coffer::inline COFFER_ABI {

/// How much memory for plaintext and keys is held, and how much of it the system would not lock
/// (RLIMIT_MEMLOCK). Unlocked memory is still wiped and excluded from core dumps.
struct secure_memory_stats {
    std::size_t reserved_bytes = 0;
    std::size_t unlocked_bytes = 0;
};

namespace detail {

/// What the address sanitizer is told: nobody may touch bytes that are free or weren't asked for,
/// and what only this heap points to isn't lost. Nothing in other builds.
struct sanitizer {
#if defined(COFFER_TELLS_SANITIZER)
    static void mapped(const void* p, std::size_t n) noexcept {
        __lsan_register_root_region(p, n);
    }
    static void unmapping(void* p, std::size_t n) noexcept {
        __lsan_unregister_root_region(p, n);
        allow(p, n);
    }
    static void forbid(void* p, std::size_t n) noexcept {
        __asan_poison_memory_region(p, n);
    }
    static void allow(void* p, std::size_t n) noexcept {
        __asan_unpoison_memory_region(p, n);
    }
#else
    static void mapped(const void*, std::size_t) noexcept {}
    static void unmapping(void*, std::size_t) noexcept {}
    static void forbid(void*, std::size_t) noexcept {}
    static void allow(void*, std::size_t) noexcept {}
#endif
};

/// One heap per process for plaintext and keys: chunks from mmap, locked (mlock) and left out of
/// core dumps (MADV_DONTDUMP) as far as the limit allows, cut into blocks of a power of two, with a
/// small cache of free blocks per thread. Blocks are wiped when they come back. Chunks are kept.
class secure_heap {
public:
    static auto instance() -> secure_heap& {
        static secure_heap* heap =
            new secure_heap; // never destroyed: threads give blocks back late
        return *heap;
    }

    static auto allocate(std::size_t size) -> std::byte* {
        const auto c = class_of(size);
        if (c >= classes) return instance().allocate_large(size);
        if (is_over()) return given(instance().take_shared(c), size);
        auto& list = local().lists[c];
        if (list.head == nullptr) instance().refill(list, c);
        return given(list.take(), size);
    }

    static void deallocate(std::byte* data, std::size_t size) noexcept {
        const auto c = class_of(size);
        wipe(data, size);
        if (c >= classes) return instance().deallocate_large(data, size);
        if (is_over()) return instance().give_shared(data, c);
        auto& list = local().lists[c];
        list.give(data, smallest << c);
        if (list.count > cached_blocks) instance().drain(list, c, cached_blocks / 2);
    }

    auto stats() const noexcept -> secure_memory_stats {
        return {reserved_.load(std::memory_order_relaxed),
                unlocked_.load(std::memory_order_relaxed)};
    }

private:
    static constexpr std::size_t smallest = 64;
    static constexpr std::size_t classes = 12; // 64 B to 128 KiB
    static constexpr std::size_t chunk_bytes = std::size_t{256} << 10;
    static constexpr std::size_t cached_blocks = 32;

    struct free_block {
        free_block* next;
    };
    struct free_list {
        free_block* head = nullptr;
        std::size_t count = 0;

        auto take() noexcept -> free_block* {
            auto* block = head;
            head = block->next;
            --count;
            return block;
        }
        void give(std::byte* block, std::size_t size) noexcept {
            sanitizer::allow(block, size);
            head = ::new (static_cast<void*>(block)) free_block{head};
            ++count;
            sanitizer::forbid(block + sizeof(free_block), size - sizeof(free_block));
        }
    };
    static auto given(free_block* block, std::size_t size) noexcept -> std::byte* {
        block->next = nullptr;
        sanitizer::forbid(block, smallest);
        sanitizer::allow(block, size);
        return reinterpret_cast<std::byte*>(block);
    }
    struct thread_cache {
        std::array<free_list, classes> lists{};
        ~thread_cache() {
            is_over() = true;
            for (std::size_t c = 0; c < classes; ++c)
                instance().drain(lists[c], c, 0);
        }
    };
    /// This thread's cache is gone: what has static storage is destroyed after it.
    static auto is_over() noexcept -> bool& {
        thread_local bool over = false;
        return over;
    }

    static auto local() -> thread_cache& {
        thread_local thread_cache cache;
        return cache;
    }
    static constexpr auto class_of(std::size_t size) noexcept -> std::size_t {
        return size <= smallest ? 0
                                : static_cast<std::size_t>(std::bit_width((size - 1) / smallest));
    }

    auto map(std::size_t size, bool& locked) -> std::byte* {
#if COFFER_HAS_MMAN
        void* p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) throw std::bad_alloc{};
#ifdef MADV_DONTDUMP
        ::madvise(p, size, MADV_DONTDUMP);
#endif
        locked = ::mlock(p, size) == 0;
#else
        void* p = ::operator new (size, std::align_val_t{smallest});
        locked = false;
#endif
        if (!locked) unlocked_.fetch_add(size, std::memory_order_relaxed);
        reserved_.fetch_add(size, std::memory_order_relaxed);
        sanitizer::mapped(p, size);
        return static_cast<std::byte*>(p);
    }

    void refill(free_list& list, std::size_t c) {
        const std::lock_guard lock(mutex_);
        auto& shared = shared_[c];
        if (shared.head == nullptr) {
            const std::size_t block = smallest << c;
            bool locked = false;
            auto* chunk = map(chunk_bytes, locked);
            for (std::size_t at = 0; at + block <= chunk_bytes; at += block)
                shared.give(chunk + at, block);
        }
        for (std::size_t i = 0; i < cached_blocks / 2 && shared.head != nullptr; ++i)
            list.give(reinterpret_cast<std::byte*>(shared.take()), smallest << c);
    }

    void drain(free_list& list, std::size_t c, std::size_t keep) noexcept {
        const std::lock_guard lock(mutex_);
        while (list.count > keep)
            shared_[c].give(reinterpret_cast<std::byte*>(list.take()), smallest << c);
    }

    auto take_shared(std::size_t c) -> free_block* {
        free_list some;
        refill(some, c);
        auto* block = some.take();
        drain(some, c, 0);
        return block;
    }
    void give_shared(std::byte* data, std::size_t c) noexcept {
        free_list one;
        one.give(data, smallest << c);
        drain(one, c, 0);
    }

    /// A large block stands behind a line of its own that says whether it is locked.
    auto allocate_large(std::size_t size) -> std::byte* {
        bool locked = false;
        auto* line = map(smallest + size, locked);
        *line = std::byte{locked};
        return line + smallest;
    }
    void deallocate_large(std::byte* data, std::size_t size) noexcept {
        auto* line = data - smallest;
        size += smallest;
        if (*line == std::byte{false}) unlocked_.fetch_sub(size, std::memory_order_relaxed);
        reserved_.fetch_sub(size, std::memory_order_relaxed);
        sanitizer::unmapping(line, size);
#if COFFER_HAS_MMAN
        ::munmap(line, size);
#else
        ::operator delete (line, std::align_val_t{smallest});
#endif
    }

    std::mutex mutex_;
    std::array<free_list, classes> shared_{};
    std::atomic<std::size_t> reserved_{0};
    std::atomic<std::size_t> unlocked_{0};
};

/// An owned block of the secure heap: wiped and given back on destruction. Move-only.
class secure_buffer {
public:
    secure_buffer() noexcept = default;
    explicit secure_buffer(std::size_t size) : data_(secure_heap::allocate(size)), size_(size) {}
    secure_buffer(secure_buffer&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    auto operator=(secure_buffer&& other) noexcept -> secure_buffer& {
        if (this != &other) {
            if (data_ != nullptr) secure_heap::deallocate(data_, size_);
            data_ = std::exchange(other.data_, nullptr);
            size_ = std::exchange(other.size_, 0);
        }
        return *this;
    }
    ~secure_buffer() {
        if (data_ != nullptr) secure_heap::deallocate(data_, size_);
    }

    auto view() const noexcept -> byte_view { return {data_, size_}; }
    auto span() noexcept -> std::span<std::byte> { return {data_, size_}; }
    auto size() const noexcept -> std::size_t { return size_; }

private:
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

} // namespace detail

namespace detail {

/// Puts objects that hold keys into the secure heap: for std::allocate_shared. Blocks are aligned to
/// a cache line.
template <class T>
class secure_allocator {
public:
    using value_type = T;

    secure_allocator() noexcept = default;
    template <class U>
    secure_allocator(const secure_allocator<U>&) noexcept {}
    auto allocate(std::size_t n) -> T* {
        static_assert(alignof(T) <= 64);
        return reinterpret_cast<T*>(secure_heap::allocate(n * sizeof(T)));
    }
    void deallocate(T* p, std::size_t n) noexcept {
        secure_heap::deallocate(reinterpret_cast<std::byte*>(p), n * sizeof(T));
    }
    friend auto operator==(const secure_allocator&, const secure_allocator&) -> bool = default;
};

} // namespace detail

/// What the process holds of secure memory now. Thread-safe.
inline auto secure_memory() -> secure_memory_stats {
    return detail::secure_heap::instance().stats();
}

} // namespace coffer::inline COFFER_ABI

#endif
