// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_SEALED_COPY_HPP
#define COFFER_KEYRING_SEALED_COPY_HPP

#include <coffer/keyring/kek_file.hpp>
#include <coffer/keyring/scrypt.hpp>
#include <coffer/secret.hpp>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::keyring {

/// A copy of a keyring to lock away: its text (kek_file.hpp), sealed under a passphrase.
///
///     {"coffer_keyring_copy":1,"kdf":"scrypt","n":131072,"r":8,"p":1,"salt":"<32 hex>",
///      "check":"<32 hex>","nonce":"<24 hex>","sealed":"<base64 of ciphertext ‖ tag>"}
///
/// The key is scrypt's; the seal AES-256-GCM with "coffer/1 keyring copy" as associated data. The
/// check (see kek_file.hpp) ties the file to one key and tells a wrong passphrase from damage.
/// Whoever has such a file can try passphrases, as fast as the cost allows.
inline constexpr std::size_t sealed_copy_limit = base64_size(kek_file_limit + 16) + 1024;

namespace detail {
inline constexpr std::string_view copy_label = "coffer/1 keyring copy";
}

/// Seals a keyring under a passphrase; different each time. `invalid_argument` for an empty
/// passphrase or a cost that is none, else the errors of check_cost() and the cipher's.
inline auto seal_keks(const kek_set& keks, const secret& passphrase, scrypt_cost cost = {})
    -> result<std::string> {
    if (passphrase.empty()) return errc::invalid_argument;
    if (auto fine = check_cost(cost); !fine) return fine.error();
    const cryptopp::aes_256_gcm cipher;
    std::array<std::byte, 16> salt{};
    std::array<std::byte, 12> nonce{};
    if (auto filled = cipher.random(salt); !filled) return filled.error();
    if (auto filled = cipher.random(nonce); !filled) return filled.error();
    const auto key = derive_scrypt(as_bytes(passphrase.expose_secret()), salt, cost);
    auto keyed = cipher.key(key.view());
    if (!keyed) return keyed.error();
    const auto plain = serialize_keks(keks);
    bytes sealed(plain.size() + 16);
    const std::span<std::byte> out(sealed);
    if (auto done = keyed->seal(nonce, as_bytes(detail::copy_label), plain, out.first(plain.size()),
                                out.last<16>());
        !done)
        return done.error();
    boost::json::object file;
    file["coffer_keyring_copy"] = 1;
    detail::write_scrypt(file, cost, salt);
    file["check"] = detail::key_check(key.view(), detail::copy_label);
    file["nonce"] = format::to_hex(nonce);
    std::string text(base64_size(sealed.size()), ' ');
    base64_encode(sealed, text);
    file["sealed"] = text;
    return boost::json::serialize(file) + "\n";
}

/// Opens what seal_keks() sealed. `denied` for another passphrase; `tampered` for all that is not
/// exactly such a copy; `unsupported` if it is of a newer format; `too_large` beyond the limits or
/// the caps of the cost, before any work.
inline auto open_sealed_keks(byte_view text, const secret& passphrase) -> result<kek_set> {
    if (text.size() > sealed_copy_limit) return errc::too_large;
    wiping_resource memory;
    const auto parsed = parse_wiping(text, memory);
    if (!parsed || !parsed->is_object()) return errc::tampered;
    const auto& file = parsed->get_object();
    const auto* format = file.if_contains("coffer_keyring_copy");
    if (format == nullptr || !format->is_int64()) return errc::tampered;
    if (format->get_int64() != 1) return errc::unsupported;
    const auto check = detail::text_of(file, "check");
    const auto nonce_text = detail::text_of(file, "nonce");
    const auto sealed_text = detail::text_of(file, "sealed");
    if (file.size() != 9 || !check || !nonce_text || !sealed_text) return errc::tampered;
    scrypt_cost cost;
    bytes salt;
    if (auto read = detail::read_scrypt(file, cost, salt); !read) return read.error();
    const auto nonce = from_hex(*nonce_text);
    const auto padding = static_cast<std::size_t>(std::ranges::count(*sealed_text, '='));
    if (!nonce || nonce->size() != 12 || sealed_text->size() % 4 != 0 || padding > 2 ||
        sealed_text->size() / 4 * 3 < 16 + padding)
        return errc::tampered;
    bytes sealed(sealed_text->size() / 4 * 3 - padding);
    if (!base64_decode(*sealed_text, sealed)) return errc::tampered;

    const auto key = derive_scrypt(as_bytes(passphrase.expose_secret()), salt, cost);
    if (!equal_constant_time(as_bytes(detail::key_check(key.view(), detail::copy_label)),
                             as_bytes(*check)))
        return errc::denied;
    auto keyed = cryptopp::aes_256_gcm{}.key(key.view());
    if (!keyed) return keyed.error();
    const byte_view in(sealed);
    wiped_bytes plain(sealed.size() - 16);
    if (!keyed->open(std::span<const std::byte, 12>(*nonce), as_bytes(detail::copy_label),
                     in.first(plain.size()), in.last<16>(), plain))
        return errc::tampered;
    return parse_keks(plain);
}

} // namespace coffer::inline COFFER_ABI::keyring

#endif
