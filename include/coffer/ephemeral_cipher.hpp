// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_EPHEMERAL_CIPHER_HPP
#define COFFER_EPHEMERAL_CIPHER_HPP

#include <coffer/bytes.hpp>
#include <coffer/result.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// An AEAD (RFC 5116) under a key that was drawn when this was made, that nobody is told and that
/// ends with it: for what a process puts aside in its memory and would have to keep open otherwise.
/// Nothing that it sealed is good for another process, or for a file. Each nonce is random, so one
/// key is good for 2^32 seals (NIST SP 800-38D, 8.3). Thread-safe.
class ephemeral_cipher {
public:
    virtual ~ephemeral_cipher() = default;

    /// nonce ‖ ciphertext ‖ tag. Errors: unavailable (no randomness), unsupported.
    virtual auto seal(byte_view aad, byte_view plain) const -> result<std::vector<std::byte>> = 0;
    /// How long the plaintext of something sealed is; 0 also for what is too short to be that.
    virtual auto plain_size(byte_view sealed) const noexcept -> std::size_t = 0;
    /// Opens into `plain`, which is plain_size(sealed) long and, where this answers false, zero.
    [[nodiscard]] virtual auto open(byte_view aad, byte_view sealed,
                                    std::span<std::byte> plain) const -> bool = 0;
};

} // namespace coffer::inline COFFER_ABI

#endif
