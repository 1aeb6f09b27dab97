// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_SUPPORT_VECTOR_KEYS_HPP
#define COFFER_TESTS_SUPPORT_VECTOR_KEYS_HPP

#include <coffer/concepts/key_provider.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/kek_wrap.hpp>

#include <string>
#include <string_view>

namespace coffer_test {

/// One KEK that is written in a vector, for one environment. It wraps with the randomness of
/// `Aes256Gcm`, so that a generator may choose it.
template <class Aes256Gcm = coffer::cryptopp::aes_256_gcm>
struct vector_keys {
    std::string kek_id;
    std::string environment;
    coffer::bytes kek;
    Aes256Gcm cipher{};

    auto key_for(std::string_view of) -> coffer::result<std::string> {
        return of == environment ? coffer::result<std::string>(kek_id) : coffer::errc::unknown_key;
    }
    auto wrap(std::string_view, std::span<const std::byte, 32> dek, coffer::byte_view aad)
        -> coffer::result<coffer::bytes> {
        return coffer::format::wrap_dek(cipher, key(), dek, aad);
    }
    auto unwrap(std::string_view id, std::string_view of, coffer::byte_view wrapped,
                coffer::byte_view aad) -> coffer::result<coffer::key_bytes> {
        if (id != kek_id || of != environment) return coffer::errc::unknown_key;
        return coffer::format::unwrap_dek(cipher, key(), wrapped, aad);
    }

private:
    auto key() const -> std::span<const std::byte, 32> {
        return std::span<const std::byte, 32>(kek);
    }
};

static_assert(coffer::KeyProvider<vector_keys<>>);

} // namespace coffer_test

#endif
