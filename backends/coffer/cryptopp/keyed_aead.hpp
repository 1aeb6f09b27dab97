// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CRYPTOPP_KEYED_AEAD_HPP
#define COFFER_CRYPTOPP_KEYED_AEAD_HPP

#include <coffer/cryptopp/primitives.hpp>

#include <cryptopp/misc.h>

#include <memory>
#include <utility>

namespace coffer::inline COFFER_ABI::cryptopp {

/// A keyed cipher (see KeyedCipher) over a Crypto++ AEAD: `Aead::Encryption`, `Aead::Decryption`.
///
/// Each direction is keyed at its first use and kept, since keying costs several opens. Crypto++
/// accepts short tags and leaves unverified plaintext behind: here a tag has 16 bytes by type, and
/// `out` is wiped if it does not verify. Keys are wiped on destruction. A moved-from object may
/// only be destroyed or assigned to. For one thread at a time.
template <class Aead, std::size_t NonceSize>
class keyed_aead {
public:
    explicit keyed_aead(std::span<const std::byte, 32> key) : key_(key) {}

    /// Seals `plain` into `out`, which has its length, and makes the tag.
    auto seal(std::span<const std::byte, NonceSize> nonce, byte_view aad, byte_view plain,
              std::span<std::byte> out, std::span<std::byte, 16> tag) -> result<void> {
        if (out.size() != plain.size()) return errc::invalid_argument;
        if (!encryption_) encryption_ = make<typename Aead::Encryption>(nonce);
        encryption_->EncryptAndAuthenticate(detail::raw(out.data()), detail::raw(tag.data()),
                                            tag.size(), detail::raw(nonce.data()), int{NonceSize},
                                            detail::raw(aad.data()), aad.size(),
                                            detail::raw(plain.data()), plain.size());
        return {};
    }

    /// Opens `sealed` into `out`, which has its length: all or nothing.
    [[nodiscard]] auto open(std::span<const std::byte, NonceSize> nonce, byte_view aad,
                            byte_view sealed, std::span<const std::byte, 16> tag,
                            std::span<std::byte> out) -> bool {
        const bool verified = out.size() == sealed.size() && opens(nonce, aad, sealed, tag, out);
        if (!verified) wipe(out);
        return verified;
    }

private:
    /// DecryptAndVerify in its steps, but for the one that holds lengths against limits far from
    /// ours, and with the expected tag on the stack: Crypto++ takes a heap block for it.
    auto opens(std::span<const std::byte, NonceSize> nonce, byte_view aad, byte_view sealed,
               std::span<const std::byte, 16> tag, std::span<std::byte> out) -> bool {
        if (!decryption_) decryption_ = make<typename Aead::Decryption>(nonce);
        auto& aead = *decryption_;
        aead.Resynchronize(detail::raw(nonce.data()), int{NonceSize});
        aead.Update(detail::raw(aad.data()), aad.size());
        aead.ProcessData(detail::raw(out.data()), detail::raw(sealed.data()), sealed.size());
        wiped_array<16> expected; // it would forge what does not verify
        aead.TruncatedFinal(detail::raw(expected.span().data()), expected.span().size());
        return CryptoPP::VerifyBufsEqual(detail::raw(std::as_const(expected).view().data()),
                                         detail::raw(tag.data()), tag.size());
    }
    template <class Direction>
    auto make(std::span<const std::byte, NonceSize> nonce) const -> std::unique_ptr<Direction> {
        auto direction = std::make_unique<Direction>();
        direction->SetKeyWithIV(detail::raw(key_.view().data()), key_.view().size(),
                                detail::raw(nonce.data()), nonce.size());
        return direction;
    }

    key_bytes key_;
    std::unique_ptr<typename Aead::Encryption> encryption_{};
    std::unique_ptr<typename Aead::Decryption> decryption_{};
};

} // namespace coffer::inline COFFER_ABI::cryptopp

#endif
