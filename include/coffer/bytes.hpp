// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_BYTES_HPP
#define COFFER_BYTES_HPP

#include <coffer/version.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// Bytes that are no secret: sealed objects, wrapped keys, AAD.
using bytes = std::vector<std::byte>;
using byte_view = std::span<const std::byte>;

/// The bytes of a text, not copied.
inline auto as_bytes(std::string_view text) noexcept -> byte_view {
    return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
/// The bytes as characters, not copied.
inline auto as_text(byte_view data) noexcept -> std::string_view {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

/// Overwrites memory with zeros in a way that the optimiser may not drop.
inline void wipe(void* data, std::size_t size) noexcept {
    if (size == 0) return;
    std::memset(data, 0, size);
#if defined(__GNUC__) || defined(__clang__)
    __asm__ __volatile__("" : : "r"(data) : "memory");
#else
    auto* p = static_cast<volatile unsigned char*>(data);
    while (size--)
        *p++ = 0;
#endif
}
inline void wipe(std::span<std::byte> data) noexcept {
    wipe(data.data(), data.size());
}

/// Equal, in time that depends on the lengths alone.
[[nodiscard]] inline auto equal_constant_time(byte_view a, byte_view b) noexcept -> bool {
    if (a.size() != b.size()) return false;
    volatile std::uint8_t difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference =
            static_cast<std::uint8_t>(difference | std::to_integer<std::uint8_t>(a[i] ^ b[i]));
    return difference == 0;
}

/// N secret bytes (a key) that are wiped on destruction and when moved from. Move-only: a copy of
/// a key is made on purpose or not at all. Not thread-safe.
template <std::size_t N>
class wiped_array {
public:
    wiped_array() noexcept : data_{} {}
    explicit wiped_array(std::span<const std::byte, N> from) noexcept {
        std::memcpy(data_.data(), from.data(), N);
    }
    wiped_array(wiped_array&& other) noexcept : data_(other.data_) { wipe(other.data_); }
    auto operator=(wiped_array&& other) noexcept -> wiped_array& {
        if (this != &other) {
            data_ = other.data_;
            wipe(other.data_);
        }
        return *this;
    }
    wiped_array(const wiped_array&) = delete;
    auto operator=(const wiped_array&) -> wiped_array& = delete;
    ~wiped_array() { wipe(data_); }

    auto view() const noexcept -> std::span<const std::byte, N> { return data_; }
    auto span() noexcept -> std::span<std::byte, N> { return data_; }

private:
    std::array<std::byte, N> data_;
};

/// 32 secret bytes: a DEK, a KEK held in software, a subkey.
using key_bytes = wiped_array<32>;

/// An allocator whose memory is wiped before it is given back: for buffers that grow.
template <class T>
struct wiping_allocator {
    using value_type = T;
    wiping_allocator() noexcept = default;
    template <class U>
    wiping_allocator(const wiping_allocator<U>&) noexcept {}
    auto allocate(std::size_t n) -> T* { return std::allocator<T>{}.allocate(n); }
    void deallocate(T* p, std::size_t n) noexcept {
        wipe(p, n * sizeof(T));
        std::allocator<T>{}.deallocate(p, n);
    }
    friend auto operator==(const wiping_allocator&, const wiping_allocator&) -> bool {
        return true;
    }
};

/// A growing buffer that may hold plaintext; each of its blocks is wiped when it lets go of it.
using wiped_bytes = std::vector<std::byte, wiping_allocator<std::byte>>;

/// Text that may hold plaintext. A short one lies in the object itself, where nobody wipes it: one
/// that begins with a value is begun by wiped_text_for().
using wiped_text = std::basic_string<char, std::char_traits<char>, wiping_allocator<char>>;

/// An empty text with room for `size` characters or more: in memory that is wiped, not in the
/// object.
inline auto wiped_text_for(std::size_t size) -> wiped_text {
    wiped_text text;
    text.reserve(size < 64 ? 64 : size);
    return text;
}

} // namespace coffer::inline COFFER_ABI

#endif
