// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_POOLED_CIPHER_HPP
#define COFFER_DETAIL_POOLED_CIPHER_HPP

#include <coffer/ephemeral_cipher.hpp>
#include <coffer/tree/keyed_pool.hpp>

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::detail {

/// The ephemeral cipher of C: keyed ciphers from a pool, so that threads don't wait for each other.
template <Cipher C>
class pooled_cipher final : public ephemeral_cipher {
public:
    /// Errors: unavailable (no randomness).
    static auto make(const C& cipher) -> result<std::shared_ptr<const ephemeral_cipher>> {
        key_bytes key;
        if (auto drawn = cipher.random(key.span()); !drawn) return drawn.error();
        return std::shared_ptr<const ephemeral_cipher>(
            std::make_shared<const pooled_cipher>(cipher, std::move(key)));
    }
    pooled_cipher(const C& cipher, key_bytes&& key)
        : cipher_(cipher), pool_(cipher, C::id, std::move(key)) {}

    auto seal(byte_view aad, byte_view plain) const -> result<std::vector<std::byte>> override {
        std::vector<std::byte> out(C::nonce_size + plain.size() + tag_size);
        const std::span<std::byte> all(out);
        const auto nonce = all.template first<C::nonce_size>();
        if (auto drawn = cipher_.random(nonce); !drawn) return drawn.error();
        auto keyed = pool_.borrow();
        if (!keyed) return keyed.error();
        auto sealed = keyed->seal(nonce, aad, plain, all.subspan(C::nonce_size, plain.size()),
                                  all.template last<tag_size>());
        return sealed ? result<std::vector<std::byte>>(std::move(out)) : sealed.error();
    }
    auto plain_size(byte_view sealed) const noexcept -> std::size_t override {
        return sealed.size() < C::nonce_size + tag_size ? 0
                                                        : sealed.size() - C::nonce_size - tag_size;
    }
    auto open(byte_view aad, byte_view sealed, std::span<std::byte> plain) const -> bool override {
        auto keyed = pool_.borrow();
        const bool sound = sealed.size() == C::nonce_size + plain.size() + tag_size;
        if (!sound || !keyed) return wipe(plain), false;
        return keyed->open(sealed.first(C::nonce_size), aad,
                           sealed.subspan(C::nonce_size, plain.size()),
                           sealed.template last<tag_size>(), plain);
    }

private:
    static constexpr std::size_t tag_size = 16;

    C cipher_;
    tree::keyed_pool<C> pool_;
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
