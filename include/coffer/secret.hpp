// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_SECRET_HPP
#define COFFER_SECRET_HPP

#include <coffer/bytes.hpp>
#include <coffer/secure_memory.hpp>

#include <cassert>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace coffer::inline COFFER_ABI {

/// How current an answer is.
struct freshness {
    /// When the state behind the answer was last known to be the newest, on the clock that the
    /// resolver uses (boot time: it goes on in suspend).
    std::chrono::milliseconds as_of{0};
    /// The store could not be asked as often as recheck_after wants; as_of says since when.
    bool stale = false;
};

/// A plaintext value that was handed out: move-only, wiped when it goes, in memory that is locked
/// and left out of core dumps as far as the system's limit allows (see secure_memory()).
///
/// It can't be copied, printed, formatted or hashed by accident; clone() and what begins with
/// expose_ are the calls to look for in a review. Comparison takes the same time wherever two values
/// differ. Not thread-safe: a secret belongs to one thread at a time.
class secret {
public:
    secret() noexcept = default;
    /// A copy of some bytes, for tests and for values that a program made itself.
    explicit secret(byte_view value) : buffer_(value.size() + 1), size_(value.size()) {
        if (!value.empty()) std::memcpy(buffer_.span().data(), value.data(), value.size());
        buffer_.span()[size_] = std::byte{0};
    }
    explicit secret(std::string_view value) : secret(as_bytes(value)) {}
    /// The same of a version in a store.
    secret(byte_view value, std::uint64_t version, freshness fresh) : secret(value) {
        version_ = version;
        fresh_ = fresh;
    }
    /// Takes over a buffer of which the value is `size` bytes from `offset`, with a zero behind them.
    secret(detail::secure_buffer&& buffer, std::size_t offset, std::size_t size,
           std::uint64_t version, freshness fresh) noexcept
        : buffer_(std::move(buffer)), offset_(offset), size_(size), version_(version),
          fresh_(fresh) {
        assert(buffer_.size() > offset + size && buffer_.view()[offset + size] == std::byte{0});
    }

    secret(secret&& other) noexcept
        : buffer_(std::move(other.buffer_)), offset_(std::exchange(other.offset_, 0)),
          size_(std::exchange(other.size_, 0)), version_(other.version_), fresh_(other.fresh_) {}
    auto operator=(secret&& other) noexcept -> secret& {
        buffer_ = std::move(other.buffer_);
        offset_ = std::exchange(other.offset_, 0);
        size_ = std::exchange(other.size_, 0);
        version_ = other.version_;
        fresh_ = other.fresh_;
        return *this;
    }
    secret(const secret&) = delete;
    auto operator=(const secret&) -> secret& = delete;
    ~secret() = default;

    /// Reveals the value. The view is valid while this secret lives unmoved; don't keep it.
    /// Not callable on a temporary, whose bytes would be wiped before they are read.
    auto expose_secret() const& noexcept -> std::string_view {
        return as_text(buffer_.view().subspan(offset_, size_));
    }
    auto expose_secret() const&& -> std::string_view = delete;
    /// The same for C: with a zero behind the last byte. (A value may have zeros within it: it ends
    /// for C at the first.)
    auto expose_c_str() const& noexcept -> const char* {
        return buffer_.size() == 0 ? "" : expose_secret().data();
    }
    auto expose_c_str() const&& -> const char* = delete;

    /// A second secret with the same value: said aloud, since each copy is one more to protect.
    auto clone() const -> secret {
        secret copy(as_bytes(expose_secret()));
        copy.version_ = version_;
        copy.fresh_ = fresh_;
        return copy;
    }

    auto size() const noexcept -> std::size_t { return size_; }
    auto empty() const noexcept -> bool { return size_ == 0; }
    /// The number of the version that this is; 0 if it did not come from a store.
    auto version() const noexcept -> std::uint64_t { return version_; }
    /// How current the answer was when it was given.
    auto fresh() const noexcept -> freshness { return fresh_; }

    friend auto operator==(const secret& a, const secret& b) noexcept -> bool {
        return equal_constant_time(as_bytes(a.expose_secret()), as_bytes(b.expose_secret()));
    }
    /// With what somebody sent, say: in the same time wherever they differ.
    friend auto operator==(const secret& a, std::string_view b) noexcept -> bool {
        return equal_constant_time(as_bytes(a.expose_secret()), as_bytes(b));
    }
    template <class Char, class Traits>
    friend auto operator<<(std::basic_ostream<Char, Traits>&, const secret&)
        -> std::basic_ostream<Char, Traits>& = delete; // a secret is not printable: expose_secret()

private:
    detail::secure_buffer buffer_{};
    std::size_t offset_ = 0;
    std::size_t size_ = 0;
    std::uint64_t version_ = 0;
    freshness fresh_{};
};

static_assert(!std::is_copy_constructible_v<secret> && !std::is_copy_assignable_v<secret>);

/// A value on its way into the vault, not copied: text, bytes or a secret. Valid during the call.
/// A null pointer (getenv of what is not set) is the empty value, which no vault takes.
class value_ref {
public:
    value_ref(byte_view value) noexcept : value_(value) {}
    value_ref(std::string_view value) noexcept : value_(coffer::as_bytes(value)) {}
    value_ref(const char* value) noexcept
        : value_(
              coffer::as_bytes(value != nullptr ? std::string_view(value) : std::string_view())) {}
    value_ref(std::span<const unsigned char> value) noexcept : value_(std::as_bytes(value)) {}
    value_ref(std::nullptr_t) = delete;
    /// Any contiguous bytes: bytes, wiped_bytes, an array.
    template <class R>
    requires(std::is_convertible_v<const R&, byte_view> && !std::is_same_v<R, byte_view>)
        value_ref(const R& value)
    noexcept : value_(value) {}
    value_ref(const secret& value) noexcept : value_(coffer::as_bytes(value.expose_secret())) {}
    template <class A>
    value_ref(const std::basic_string<char, std::char_traits<char>, A>& value) noexcept
        : value_(coffer::as_bytes(std::string_view(value))) {}

    auto view() const noexcept -> byte_view { return value_; }
    /// The value in memory of its own, which is wiped.
    auto wiped_copy() const -> wiped_bytes { return {value_.begin(), value_.end()}; }

private:
    byte_view value_;
};

} // namespace coffer::inline COFFER_ABI

#endif
