// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_PASSPHRASE_KEYRING_HPP
#define COFFER_KEYRING_PASSPHRASE_KEYRING_HPP

#include <coffer/keyring/fixed_keyring.hpp>
#include <coffer/keyring/kek_file.hpp>
#include <coffer/keyring/scrypt.hpp>
#include <coffer/keyring/store_folder.hpp>
#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_lock.hpp>

#include <boost/json/serialize.hpp>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::keyring {

/// How a passphrase file is made; an existing one says it itself.
struct passphrase_options {
    std::vector<std::string> environments{std::string(kek_set::any)};
    scrypt_cost cost{};
};

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
        if (auto stays = make_keys_durable(path); !stays) return stays.error(); // for the salt
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
            if (auto made = create(path, passphrase, std::move(options), *held); !made)
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
                       passphrase_options options, const posix::file_lock& held) -> result<void> {
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
        detail::write_scrypt(out, options.cost, salt);
        out["check"] = detail::key_check(key.view(), *id);
        const auto text = boost::json::serialize(out) + "\n";
        auto written = posix::replace_file(path, as_bytes(text), {.held = &held});
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
        const auto check = detail::text_of(top, "check");
        const auto* environments = top.if_contains("environments");
        if (top.size() != 9 || !id || !check || environments == nullptr ||
            !environments->is_array())
            return errc::tampered;
        parameters out{.id = std::string(*id), .check = std::string(*check)};
        for (const auto& e : environments->get_array()) {
            if (!e.is_string()) return errc::tampered;
            out.environments.emplace_back(e.get_string().data(), e.get_string().size());
        }
        if (auto read = detail::read_scrypt(top, out.cost, out.salt); !read) return read.error();
        return out;
    }
};

static_assert(KeyProvider<passphrase_keyring>);

} // namespace coffer::inline COFFER_ABI::keyring

#endif
