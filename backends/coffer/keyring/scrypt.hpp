// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_SCRYPT_HPP
#define COFFER_KEYRING_SCRYPT_HPP

#include <coffer/bytes.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/keyring/codec.hpp>
#include <coffer/keyring/kek_file.hpp>
#include <coffer/result.hpp>

#include <boost/json/object.hpp>
#include <cryptopp/scrypt.h>

#include <bit>
#include <cstdint>
#include <utility>

namespace coffer::inline COFFER_ABI::keyring {

/// The cost of scrypt (RFC 7914): 128·n·r bytes of memory, p times the work. The default takes
/// 128 MiB and a few tenths of a second.
struct scrypt_cost {
    std::uint64_t n = 1U << 17; ///< A power of two, at most 2^20.
    std::uint64_t r = 8;        ///< At most 16.
    std::uint64_t p = 1;        ///< At most 4.
};

/// `too_large` beyond the caps (and 1 GiB of memory), so that a file can't make its reader work for
/// hours; `invalid_argument` if it is no cost at all.
inline auto check_cost(const scrypt_cost& cost) noexcept -> result<void> {
    if (cost.n > (1U << 20) || cost.r > 16 || cost.p > 4) return errc::too_large;
    if (cost.n < 2 || !std::has_single_bit(cost.n) || cost.r == 0 || cost.p == 0)
        return errc::invalid_argument;
    if (128 * cost.n * cost.r > (std::uint64_t{1} << 30)) return errc::too_large;
    return {};
}

/// 32 bytes by scrypt. The cost must have passed check_cost(). May throw std::bad_alloc.
inline auto derive_scrypt(byte_view passphrase, byte_view salt, const scrypt_cost& cost)
    -> key_bytes {
    const auto raw = [](byte_view b) { return reinterpret_cast<const CryptoPP::byte*>(b.data()); };
    key_bytes out;
    CryptoPP::Scrypt{}.DeriveKey(reinterpret_cast<CryptoPP::byte*>(out.span().data()), 32,
                                 raw(passphrase), passphrase.size(), raw(salt), salt.size(), cost.n,
                                 cost.r, cost.p);
    return out;
}

namespace detail {

/// Says in a file how its key is derived.
inline void write_scrypt(boost::json::object& to, const scrypt_cost& cost, byte_view salt) {
    to["kdf"] = "scrypt";
    to["n"] = static_cast<std::int64_t>(cost.n);
    to["r"] = static_cast<std::int64_t>(cost.r);
    to["p"] = static_cast<std::int64_t>(cost.p);
    to["salt"] = format::to_hex(salt);
}

/// Reads what write_scrypt() wrote. `tampered`, or `too_large` beyond the caps.
inline auto read_scrypt(const boost::json::object& from, scrypt_cost& cost, bytes& salt)
    -> result<void> {
    const auto number = [&](const char* name, std::uint64_t& into) {
        const auto* found = from.if_contains(name);
        if (found == nullptr || !found->is_number()) return false;
        // A number beyond 63 bits or a fraction is no cost; a huge one is over every cap.
        into = found->is_int64() && found->get_int64() >= 0
                   ? static_cast<std::uint64_t>(found->get_int64())
               : found->is_uint64() ? found->get_uint64()
                                    : 0;
        return true;
    };
    const auto salt_text = text_of(from, "salt");
    if (text_of(from, "kdf") != "scrypt" || !salt_text || !number("n", cost.n) ||
        !number("r", cost.r) || !number("p", cost.p))
        return errc::tampered;
    auto salt_bytes = from_hex(*salt_text);
    if (!salt_bytes || salt_bytes->size() != 16) return errc::tampered;
    salt = *std::move(salt_bytes);
    auto fine = check_cost(cost);
    if (!fine && fine.error() == errc::invalid_argument) return errc::tampered;
    return fine;
}

} // namespace detail

} // namespace coffer::inline COFFER_ABI::keyring

#endif
