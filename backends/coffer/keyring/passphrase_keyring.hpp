// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_PASSPHRASE_KEYRING_HPP
#define COFFER_KEYRING_PASSPHRASE_KEYRING_HPP

#include <coffer/keyring/fixed_keyring.hpp>
#include <coffer/keyring/kek_file.hpp>
#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_lock.hpp>

#include <boost/json/serialize.hpp>
#include <cryptopp/scrypt.h>

#include <bit>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::keyring {

/// The cost of scrypt (RFC 7914): 128·n·r bytes of memory, p times the work. The default takes
/// 128 MiB and a few tenths of a second.
struct scrypt_cost {
    std::uint64_t n = 1U << 17; ///< A power of two, at most 2^20.
    std::uint64_t r = 8;        ///< At most 16.
    std::uint64_t p = 1;        ///< At most 4.
};

/// How a passphrase file is made; an existing one says it itself.
struct passphrase_options {
    std::vector<std::string> environments{std::string(kek_set::any)};
    scrypt_cost cost{};
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

/// A KEK out of a passphrase. A small file on the key side, 0600, keeps the salt, the cost and a
/// check value; neither the passphrase nor the key is stored anywhere. It has no anchor of its own:
/// see anchored.hpp.
///
///     {"coffer_passphrase":1,"id":"kek-…","environments":["*"],"kdf":"scrypt","n":131072,"r":8,"p":1,
///      "salt":"<32 hex>","check":"<32 hex>"}
class passphrase_keyring : public fixed_keyring {
public:
    /// Derives the KEK of a passphrase file. `denied` for a wrong passphrase (never a wrong key)
    /// and for a file that others may touch, that is a link or belongs to somebody else;
    /// `too_large` if it asks for more than the caps, before any work; `tampered` if it is damaged;
    /// `unsupported` if it is of a newer format; `not_found`, `unavailable`.
    static auto open(const std::filesystem::path& path, const secret& passphrase)
        -> result<passphrase_keyring> {
        auto file = posix::open_regular(path);
        if (!file) return file.error();
        if (auto mine = posix::require_private(*file); !mine) return mine.error();
        auto text = posix::read_all(*file, std::size_t{1} << 20);
        if (!text) return text.error();
        auto from = parse(*text);
        if (!from) return from.error();
        auto key = derive_scrypt(as_bytes(passphrase.expose_secret()), from->salt, from->cost);
        if (!equal_constant_time(as_bytes(detail::key_check(key.view(), from->id)),
                                 as_bytes(from->check)))
            return errc::denied;
        kek_set keks;
        kek k;
        k.info.id = from->id;
        k.info.environments = std::move(from->environments);
        k.key = secret(byte_view(key.view()));
        if (auto inserted = keks.insert(std::move(k)); !inserted) return errc::tampered;
        return passphrase_keyring(std::move(keks));
    }

    /// Opens, or makes the file with a fresh salt: a folder that is missing 0700, the file 0600.
    /// Never overwrites anything. An empty passphrase for a new file is `invalid_argument`.
    static auto open_or_create(const std::filesystem::path& path, const secret& passphrase,
                               passphrase_options options = {}) -> result<passphrase_keyring> {
        if (passphrase.empty()) return errc::invalid_argument;
        if (auto fine = check_cost(options.cost); !fine) return fine.error();
        if (auto made = posix::make_private_folder(path.parent_path()); !made) return made.error();
        auto lock_path = path;
        auto held = posix::file_lock::acquire(lock_path += ".lock", std::chrono::seconds(10));
        if (!held) return held.error();
        auto there = posix::stamp(path);
        if (!there) return there.error();
        if (!*there)
            if (auto made = create(path, passphrase, std::move(options)); !made)
                return made.error();
        return open(path, passphrase);
    }

private:
    using fixed_keyring::fixed_keyring;

    struct parameters {
        std::string id{};
        std::vector<std::string> environments{};
        scrypt_cost cost{};
        bytes salt{};
        std::string check{};
    };

    static auto create(const std::filesystem::path& path, const secret& passphrase,
                       passphrase_options options) -> result<void> {
        kek_set naming; // of a set, for its rules on ids and environments
        auto id = naming.add({.environments = options.environments});
        if (!id) return id.error();
        std::array<std::byte, 16> salt{};
        if (auto filled = cryptopp::aes_256_gcm{}.random(salt); !filled) return filled.error();
        const auto key = derive_scrypt(as_bytes(passphrase.expose_secret()), salt, options.cost);
        boost::json::object out;
        out["coffer_passphrase"] = 1;
        out["id"] = *id;
        auto& environments = out["environments"].emplace_array();
        for (const auto& e : options.environments)
            environments.emplace_back(e);
        out["kdf"] = "scrypt";
        out["n"] = static_cast<std::int64_t>(options.cost.n);
        out["r"] = static_cast<std::int64_t>(options.cost.r);
        out["p"] = static_cast<std::int64_t>(options.cost.p);
        out["salt"] = format::to_hex(salt);
        out["check"] = detail::key_check(key.view(), *id);
        const auto text = boost::json::serialize(out) + "\n";
        auto written = posix::replace_file(path, as_bytes(text));
        if (!written) return written.error();
        if (!written->durable) return failure{errc::outcome_unknown, written->cause};
        return {};
    }

    static auto parse(byte_view text) -> result<parameters> {
        wiping_resource memory;
        const auto parsed = parse_wiping(text, memory);
        if (!parsed || !parsed->is_object()) return errc::tampered;
        const auto& top = parsed->get_object();
        const auto* format = top.if_contains("coffer_passphrase");
        if (format == nullptr || !format->is_int64()) return errc::tampered;
        if (format->get_int64() != 1) return errc::unsupported;
        const auto id = detail::text_of(top, "id");
        const auto kdf = detail::text_of(top, "kdf");
        const auto salt = detail::text_of(top, "salt");
        const auto check = detail::text_of(top, "check");
        const auto* environments = top.if_contains("environments");
        if (top.size() != 9 || !id || kdf != "scrypt" || !salt || !check ||
            environments == nullptr || !environments->is_array())
            return errc::tampered;
        parameters out{.id = std::string(*id), .check = std::string(*check)};
        for (const auto& e : environments->get_array()) {
            if (!e.is_string()) return errc::tampered;
            out.environments.emplace_back(e.get_string().data(), e.get_string().size());
        }
        auto salt_bytes = from_hex(*salt);
        if (!salt_bytes || salt_bytes->size() != 16) return errc::tampered;
        out.salt = std::move(*salt_bytes);
        if (auto read = read_cost(top, out.cost); !read) return read.error();
        return out;
    }

    static auto read_cost(const boost::json::object& from, scrypt_cost& out) -> result<void> {
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
        if (!number("n", out.n) || !number("r", out.r) || !number("p", out.p))
            return errc::tampered;
        auto fine = check_cost(out);
        if (!fine && fine.error() == errc::invalid_argument) return errc::tampered;
        return fine;
    }
};

static_assert(KeyProvider<passphrase_keyring>);

} // namespace coffer::inline COFFER_ABI::keyring

#endif
