// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CRYPTOPP_CIPHERS_HPP
#define COFFER_CRYPTOPP_CIPHERS_HPP

#include <coffer/cryptopp/keyed_aead.hpp>

#include <cryptopp/aes.h>
#include <cryptopp/chachapoly.h>
#include <cryptopp/cpu.h>
#include <cryptopp/gcm.h>

#include <cstdint>

// The three in one place, since each names the other two as what it also opens.
namespace coffer::inline COFFER_ABI::cryptopp {

struct xchacha20_poly1305;
struct chacha20_poly1305;

namespace detail {
/// AES and carry-less multiplication in the processor: without them AES-GCM reads tables at places
/// that depend on the key, which others on the machine can time.
inline auto has_aes_instructions() -> bool {
#if CRYPTOPP_BOOL_X86 || CRYPTOPP_BOOL_X32 || CRYPTOPP_BOOL_X64
    return CryptoPP::HasAESNI() && CryptoPP::HasCLMUL();
#elif CRYPTOPP_BOOL_ARM32 || CRYPTOPP_BOOL_ARMV8
    return CryptoPP::HasAES() && CryptoPP::HasPMULL();
#else
    return false;
#endif
}
} // namespace detail

/// Asked for by name, AES-GCM also runs where the processor has no instructions for it.
struct allow_table_driven_t {
    explicit allow_table_driven_t() = default;
};
inline constexpr allow_table_driven_t allow_table_driven{};

/// AES-256-GCM (NIST SP 800-38D) with 12-byte nonces: the default. key() is `unsupported` on a
/// processor without AES and carry-less multiplication, unless made with allow_table_driven.
struct aes_256_gcm : primitives {
    static constexpr std::uint8_t id = 1;
    static constexpr std::size_t nonce_size = 12;
    using keyed = keyed_aead<CryptoPP::GCM<CryptoPP::AES>, nonce_size>;
    using also_opens = cipher_list<xchacha20_poly1305, chacha20_poly1305>;

    aes_256_gcm() = default;
    explicit aes_256_gcm(allow_table_driven_t) noexcept : tables_allowed_(true) {}

    auto key(std::span<const std::byte, 32> key) const -> result<keyed> {
        if (!tables_allowed_ && !detail::has_aes_instructions()) return errc::unsupported;
        return keyed(key);
    }

private:
    bool tables_allowed_ = false;
};

/// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03) with 24-byte nonces.
struct xchacha20_poly1305 : primitives {
    static constexpr std::uint8_t id = 2;
    static constexpr std::size_t nonce_size = 24;
    using keyed = keyed_aead<CryptoPP::XChaCha20Poly1305, nonce_size>;
    using also_opens = cipher_list<aes_256_gcm, chacha20_poly1305>;

    auto key(std::span<const std::byte, 32> key) const -> result<keyed> { return keyed(key); }
};

/// ChaCha20-Poly1305 (RFC 8439) with 12-byte nonces.
struct chacha20_poly1305 : primitives {
    static constexpr std::uint8_t id = 3;
    static constexpr std::size_t nonce_size = 12;
    using keyed = keyed_aead<CryptoPP::ChaCha20Poly1305, nonce_size>;
    using also_opens = cipher_list<aes_256_gcm, xchacha20_poly1305>;

    auto key(std::span<const std::byte, 32> key) const -> result<keyed> { return keyed(key); }
};

static_assert(Cipher<aes_256_gcm> && Cipher<xchacha20_poly1305> && Cipher<chacha20_poly1305>);

} // namespace coffer::inline COFFER_ABI::cryptopp

#endif
