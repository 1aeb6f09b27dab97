// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_ENV_KEYRING_HPP
#define COFFER_KEYRING_ENV_KEYRING_HPP

#include <coffer/keyring/codec.hpp>
#include <coffer/keyring/fixed_keyring.hpp>

#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::keyring {

/// How the KEK of an environment variable is used.
struct env_options {
    /// Empty: `env-<16 hex>`, made from the key, so that the same key has the same id everywhere.
    std::string kek_id{};
    std::vector<std::string> environments{std::string(kek_set::any)};
};

/// One KEK out of an environment variable: the base64 of exactly 32 bytes (`openssl rand -base64
/// 32`). For containers. It has no anchor of its own: see anchored.hpp.
///
/// An older KEK stays readable from a variable of its own, until all is rewrapped:
///
///     env_keyring::open("COFFER_KEK").value()
///         .with_older(env_keyring::open("COFFER_KEK_OLD").value()).value()
class env_keyring : public fixed_keyring {
public:
    /// Reads the variable, overwrites it where it stands (so that /proc/self/environ, a crash
    /// report or a child process don't show it) and takes it out of the environment, well formed or
    /// not.
    ///
    /// `not_found` if it is not set, `invalid_argument` if it is not exactly such base64. Once per
    /// variable, at start-up: environment variables are not thread-safe.
    static auto open(const std::string& variable, env_options options = {}) -> result<env_keyring> {
        char* const text = std::getenv(variable.c_str());
        if (text == nullptr) return errc::not_found;
        const auto size = std::strlen(text);
        key_bytes key;
        const bool decoded = base64_decode({text, size}, key.span());
        wipe(text, size);
        ::unsetenv(variable.c_str());
        if (!decoded) return errc::invalid_argument;
        if (options.kek_id.empty()) {
            const auto mac =
                cryptopp::aes_256_gcm{}.hmac_sha256(key.view(), as_bytes("coffer/1 kek id"));
            options.kek_id = "env-" + format::to_hex(byte_view(mac).first(8));
        }
        kek one;
        one.info = {.id = std::move(options.kek_id),
                    .environments = std::move(options.environments),
                    .variable = variable};
        one.key = secret(byte_view(key.view()));
        kek_set keks;
        if (auto inserted = keks.insert(std::move(one)); !inserted) return inserted.error();
        return env_keyring(std::move(keks));
    }

private:
    using fixed_keyring::fixed_keyring;
};

static_assert(KeyProvider<env_keyring>);

} // namespace coffer::inline COFFER_ABI::keyring

#endif
