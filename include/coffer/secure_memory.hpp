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
#include <unistd.h>
#define COFFER_HAS_MMAN 1
#else
#define COFFER_HAS_MMAN 0
#endif

#if defined(__ELF__)
#define COFFER_TELLS_SANITIZER 1
// There if the program is run with the address sanitizer, whichever parts were compiled with it:
// all units tell it alike, or those that don't would undo what the others said.
extern "C" {
[[gnu::weak]] void __asan_poison_memory_region(const volatile void*, std::size_t);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void*, std::size_t);
[[gnu::weak]] void __lsan_register_root_region(const void*, std::size_t);
[[gnu::weak]] void __lsan_unregister_root_region(const void*, std::size_t);
}
#else
#define COFFER_TELLS_SANITIZER 0
#endif

namespace coffer::inline COFFER_ABI {

/// How much memory for plaintext and keys is held, and how much of it the system would not lock
/// (RLIMIT_MEMLOCK), in a forked child all of it: locks aren't inherited. Unlocked memory is still
/// wiped and excluded from core dumps.
struct secure_memory_stats {
    std::size_t reserved_bytes = 0;
    std::size_t unlocked_bytes = 0;
};

namespace detail {

/// What the address and leak sanitizers are told where they are: nobody may touch bytes that are
/// free or weren't asked for, and what only this heap points to isn't lost.
struct sanitizer {
#if COFFER_TELLS_SANITIZER
    /// Behind each block, so that what reads beyond it is seen. The same for the whole run.
    static auto border() noexcept -> std::size_t {
        return &__asan_poison_memory_region != nullptr ? 8 : 0;
    }
    static void mapped(const void* p, std::size_t n) noexcept {
        if (&__lsan_register_root_region != nullptr) __lsan_register_root_region(p, n);
    }
    static void unmapping(void* p, std::size_t n) noexcept {
        if (&__lsan_unregister_root_region != nullptr) __lsan_unregister_root_region(p, n);
        allow(p, n);
    }
    static void forbid(void* p, std::size_t n) noexcept {
        if (&__asan_poison_memory_region != nullptr) __asan_poison_memory_region(p, n);
    }
    static void allow(void* p, std::size_t n) noexcept {
        if (&__asan_unpoison_memory_region != nullptr) __asan_unpoison_memory_region(p, n);
    }
#else
    static auto border() noexcept -> std::size_t {
        return 0;
    }
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
        if (size > most_bytes) throw std::bad_alloc{};
        const auto c = class_of(size + sanitizer::border());
        if (c >= classes) return instance().allocate_large(size);
        if (is_over()) return given(instance().take_shared(c), size);
        auto& list = local().lists[c];
        if (list.head == nullptr) instance().refill(list, c);
        return given(list.take(), size);
    }

    static void deallocate(std::byte* data, std::size_t size) noexcept {
        const auto c = class_of(size + sanitizer::border());
        wipe(data, size);
        if (c >= classes) return instance().deallocate_large(data, size);
        if (is_over()) return instance().give_shared(data, c);
        auto& list = local().lists[c];
        list.give(data, smallest << c);
        if (list.count > cached_blocks) instance().drain(list, c, cached_blocks / 2);
    }

    auto stats() const noexcept -> secure_memory_stats {
        const auto reserved = reserved_.load(std::memory_order_relaxed);
#if COFFER_HAS_MMAN
        if (::getpid() != owner_) return {reserved, reserved};
#endif
        return {reserved, unlocked_.load(std::memory_order_relaxed)};
    }

private:
    static constexpr std::size_t most_bytes = PTRDIFF_MAX;
    static constexpr std::size_t smallest = 64;
    static constexpr std::size_t classes = 12; // 64 B to 128 KiB
    static constexpr std::size_t chunk_bytes = std::size_t{256} << 10;
    static constexpr std::size_t least_locked = std::size_t{4} << 10;
    static constexpr std::size_t cached_blocks = 32;

    struct free_block {
        free_block* next;
    };
    struct free_list {
        free_block* head = nullptr;
        std::size_t count = 0;

        auto take() noexcept -> free_block* {
            auto* block = head;
            sanitizer::allow(block, sizeof(free_block));
            head = block->next;
            --count;
            return block;
        }
        void give(std::byte* block, std::size_t size) noexcept {
            sanitizer::allow(block, size);
            head = ::new (static_cast<void*>(block)) free_block{head};
            ++count;
            sanitizer::forbid(block, size);
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

    /// `unlocked`: how many of the bytes, the last ones, the system would not lock.
    auto map(std::size_t size, std::size_t& unlocked) -> std::byte* {
#if COFFER_HAS_MMAN
        void* p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (p == MAP_FAILED) throw std::bad_alloc{};
#ifdef MADV_DONTDUMP
        ::madvise(p, size, MADV_DONTDUMP);
#endif
        // All or nothing: where the limit has room for a part alone, the front is locked.
        auto part = size;
        while (part >= least_locked && ::mlock(p, part) != 0)
            part /= 2;
        unlocked = part >= least_locked ? size - part : size;
#else
        void* p = ::operator new (size, std::align_val_t{smallest});
        unlocked = size;
#endif
        unlocked_.fetch_add(unlocked, std::memory_order_relaxed);
        reserved_.fetch_add(size, std::memory_order_relaxed);
        sanitizer::mapped(p, size);
        return static_cast<std::byte*>(p);
    }

    void refill(free_list& list, std::size_t c) {
        const std::lock_guard lock(mutex_);
        auto& shared = shared_[c];
        if (shared.head == nullptr) {
            const std::size_t block = smallest << c;
            std::size_t unlocked = 0;
            auto* chunk = map(chunk_bytes, unlocked);
            for (auto at = chunk_bytes; at >= block; at -= block) // what is locked is given first
                shared.give(chunk + at - block, block);
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

    /// A large block stands behind a line of its own that says how much of it isn't locked.
    auto allocate_large(std::size_t size) -> std::byte* {
        std::size_t unlocked = 0;
        auto* line = map(smallest + size, unlocked);
        ::new (static_cast<void*>(line)) std::size_t(unlocked);
        return line + smallest;
    }
    void deallocate_large(std::byte* data, std::size_t size) noexcept {
        auto* line = data - smallest;
        size += smallest;
        unlocked_.fetch_sub(*reinterpret_cast<const std::size_t*>(line), std::memory_order_relaxed);
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
#if COFFER_HAS_MMAN
    const ::pid_t owner_ = ::getpid();
#endif
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
        if (n > PTRDIFF_MAX / sizeof(T)) throw std::bad_array_new_length{};
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
