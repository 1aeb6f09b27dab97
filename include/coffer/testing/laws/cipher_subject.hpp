// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_LAWS_CIPHER_SUBJECT_HPP
#define COFFER_TESTING_LAWS_CIPHER_SUBJECT_HPP

#include <coffer/concepts/cipher.hpp>
#include <coffer/testing/checker.hpp>

#include <optional>
#include <string_view>
#include <type_traits>

namespace coffer::inline COFFER_ABI::testing::laws {

/// n bytes that differ from place to place and from seed to seed; no secret, no randomness.
inline auto pattern(std::size_t n, unsigned seed) -> bytes {
    bytes data(n);
    std::uint32_t x = 2'463'534'242U + seed * 7919U; // xorshift32 (Marsaglia 2003)
    for (auto& b : data) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        b = static_cast<std::byte>(x);
    }
    return data;
}

/// The bytes that hexadecimal text stands for; the text is a literal of this suite.
inline auto from_hex(std::string_view hex) -> bytes {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    bytes data;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        data.push_back(static_cast<std::byte>(digit(hex[i]) * 16 + digit(hex[i + 1])));
    return data;
}

using key_view = std::span<const std::byte, 32>;

/// One message sealed, with all that it takes to open it.
template <class C>
struct message {
    using cipher = std::remove_cvref_t<C>;
    static constexpr std::size_t nonce_size = cipher::nonce_size;

    bytes key{};
    bytes nonce{};
    bytes aad{};
    bytes plain{};
    bytes sealed{};
    std::array<std::byte, 16> tag{};

    auto nonce_view() const { return std::span<const std::byte, nonce_size>(nonce); }

    /// A message of the given lengths, not sealed yet.
    static auto of(std::size_t plain_size, std::size_t aad_size, unsigned seed = 1) -> message {
        return {pattern(32, seed), pattern(nonce_size, seed + 1), pattern(aad_size, seed + 2),
                pattern(plain_size, seed + 3)};
    }
    auto seal_with(typename cipher::keyed& keyed) -> bool {
        sealed.assign(plain.size(), std::byte{0xA5});
        return keyed.seal(nonce_view(), aad, plain, sealed, tag).has_value();
    }
    /// What open leaves in an output that was full of garbage; nullopt if it does not open.
    auto open_with(typename cipher::keyed& keyed, bytes* left = nullptr) const
        -> std::optional<bytes> {
        bytes out(sealed.size(), std::byte{0xA5});
        const bool opened = keyed.open(nonce_view(), aad, sealed, tag, out);
        if (left != nullptr) *left = out;
        return opened ? std::optional(out) : std::nullopt;
    }
};

} // namespace coffer::inline COFFER_ABI::testing::laws

#endif
