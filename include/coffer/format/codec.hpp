// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FORMAT_CODEC_HPP
#define COFFER_FORMAT_CODEC_HPP

#include <coffer/bytes.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::format {

/// Whether a text is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most
/// U+10FFFF); counts its code points into `*code_points` if that is given.
[[nodiscard]] constexpr auto is_utf8(std::string_view text,
                                     std::size_t* code_points = nullptr) noexcept -> bool {
    constexpr std::size_t block = 16; // of ASCII alone, nearly always: one instruction's worth
    const auto plain_block = [text](std::size_t from) {
        unsigned any = 0;
        for (std::size_t k = 0; k < block; ++k)
            any |= static_cast<unsigned char>(text[from + k]);
        return any < 0x80;
    };
    std::size_t count = 0;
    for (std::size_t i = 0; i < text.size(); ++count) {
        while (text.size() - i >= block && plain_block(i)) {
            i += block;
            count += block;
        }
        if (i == text.size()) break;
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            ++i;
            continue;
        }
        const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
        if (lead < 0xC2 || lead > 0xF4 || text.size() - i <= more) return false;
        const auto second = static_cast<unsigned char>(text[i + 1]);
        // The second byte's range excludes overlong forms, surrogates and beyond U+10FFFF.
        const unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        const unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (second < low || second > high) return false;
        for (std::size_t k = 2; k <= more; ++k)
            if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
        i += more + 1;
    }
    if (code_points != nullptr) *code_points = count;
    return true;
}

/// Appends big-endian integers and length-prefixed texts to a byte container.
template <class Container>
class writer {
public:
    explicit writer(Container& out) noexcept : out_(out) {}

    auto u8(std::uint8_t v) -> writer& { return integer<1>(v); }
    auto u16(std::size_t v) -> writer& { return integer<2>(v); }
    auto u32(std::uint64_t v) -> writer& { return integer<4>(v); }
    auto u64(std::uint64_t v) -> writer& { return integer<8>(v); }
    auto raw(byte_view data) -> writer& {
        out_.insert(out_.end(), data.begin(), data.end());
        return *this;
    }
    auto b16(byte_view data) -> writer& { return u16(data.size()).raw(data); }
    auto b16(std::string_view text) -> writer& { return b16(as_bytes(text)); }

private:
    template <std::size_t N>
    auto integer(std::uint64_t v) -> writer& {
        std::array<std::byte, N> big{};
        for (std::size_t i = 0; i < N; ++i)
            big[i] = static_cast<std::byte>(v >> (8 * (N - 1 - i)));
        return raw(big);
    }
    Container& out_;
};

/// Reads what `writer` wrote. Every length is checked before use; once anything does not fit,
/// `ok()` is false for good and all further reads answer nothing. Views point into the input.
class reader {
public:
    explicit reader(byte_view data) noexcept : data_(data) {}

    auto u8() noexcept -> std::uint8_t { return static_cast<std::uint8_t>(integer(1)); }
    auto u16() noexcept -> std::uint16_t { return static_cast<std::uint16_t>(integer(2)); }
    auto u32() noexcept -> std::uint32_t { return static_cast<std::uint32_t>(integer(4)); }
    auto u64() noexcept -> std::uint64_t { return integer(8); }
    auto raw(std::size_t n) noexcept -> byte_view {
        if (!ok_ || data_.size() - at_ < n) {
            ok_ = false;
            return {};
        }
        const auto out = data_.subspan(at_, n);
        at_ += n;
        return out;
    }
    template <std::size_t N>
    auto array() noexcept -> std::array<std::byte, N> {
        std::array<std::byte, N> out{};
        if (const auto in = raw(N); ok_) std::memcpy(out.data(), in.data(), N);
        return out;
    }
    auto b16(std::size_t at_least, std::size_t at_most) noexcept -> byte_view {
        const std::size_t n = u16();
        if (n < at_least || n > at_most) ok_ = false;
        return raw(ok_ ? n : 0);
    }
    /// A b16 that must be well-formed UTF-8.
    auto text(std::size_t at_least, std::size_t at_most) noexcept -> std::string_view {
        const auto out = as_text(b16(at_least, at_most));
        if (ok_ && !is_utf8(out)) ok_ = false;
        return ok_ ? out : std::string_view{};
    }
    auto ok() const noexcept -> bool { return ok_; }
    auto position() const noexcept -> std::size_t { return at_; }
    /// All was well and nothing is left.
    auto finished() const noexcept -> bool { return ok_ && at_ == data_.size(); }

private:
    auto integer(std::size_t n) noexcept -> std::uint64_t {
        std::uint64_t v = 0;
        for (const auto b : raw(n))
            v = (v << 8) | std::to_integer<std::uint64_t>(b);
        return v;
    }
    byte_view data_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

/// Writes bytes that are public (object names, revisions) as lower-case hex: a table would do no
/// harm, and none is used. `out` has room for two digits a byte.
constexpr void to_hex(byte_view data, char* out) noexcept {
    constexpr auto digit = [](unsigned n) {
        return static_cast<char>(n < 10 ? '0' + n : 'a' + (n - 10));
    };
    for (const auto b : data) {
        *out++ = digit(std::to_integer<unsigned>(b) >> 4);
        *out++ = digit(std::to_integer<unsigned>(b) & 15U);
    }
}
inline auto to_hex(byte_view data) -> std::string {
    std::string out(data.size() * 2, '0');
    to_hex(data, out.data());
    return out;
}
/// Reads lower-case hex of public bytes, two digits for each of `out`; false if it is not that.
[[nodiscard]] inline auto from_hex(std::string_view hex, std::span<std::byte> out) noexcept
    -> bool {
    const auto digit = [](char c) -> int {
        return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    if (hex.size() != 2 * out.size()) return false;
    for (std::size_t i = 0; i < out.size(); ++i) {
        const int high = digit(hex[2 * i]);
        const int low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        out[i] = static_cast<std::byte>(high * 16 + low);
    }
    return true;
}

} // namespace coffer::inline COFFER_ABI::format

#endif
