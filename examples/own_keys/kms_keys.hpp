// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_EXAMPLES_KMS_KEYS_HPP
#define COFFER_EXAMPLES_KMS_KEYS_HPP

// Keys of one's own: DEKs are wrapped by a key service, and the KEKs never leave it.
#include <coffer/concepts/key_provider.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

//[service
/// What the key service's own library does: Encrypt and Decrypt of a KMS, with the AAD as its
/// encryption context, or a mechanism of PKCS#11 that authenticates AAD. Called from several
/// threads at once. Give it time limits of its own: while it hangs, whoever needs a DEK waits.
struct key_service {
    virtual ~key_service() = default;
    virtual auto encrypt(std::string_view key, std::span<const std::byte, 32> dek,
                         coffer::byte_view aad) -> coffer::result<coffer::bytes> = 0;
    /// `tampered` for what was not encrypted with this key and AAD, `key_disabled` for a key that
    /// the service has disabled, `denied`, `unavailable` or `timed_out` where it does not answer.
    virtual auto decrypt(std::string_view key, coffer::byte_view wrapped, coffer::byte_view aad)
        -> coffer::result<coffer::key_bytes> = 0;
};
//]

//[keys
class kms_keys {
public:
    enum class key_state : unsigned char { active, decrypt_only, disabled };

    /// A key of the service, and the environments that it may speak for.
    struct grant {
        std::string key;
        std::vector<std::string> environments;
        key_state state = key_state::active;

        auto lists(std::string_view environment) const -> bool {
            return std::ranges::find(environments, environment) != environments.end();
        }
    };

    /// The first active grant that lists an environment wraps for it.
    kms_keys(std::shared_ptr<key_service> service, std::vector<grant> grants)
        : service_(std::move(service)), grants_(std::move(grants)) {}

    auto key_for(std::string_view environment) -> coffer::result<std::string> {
        auto why = coffer::errc::unknown_key;
        for (const auto& g : grants_) {
            if (!g.lists(environment)) continue;
            if (g.state == key_state::active) return g.key;
            why = coffer::errc::key_disabled;
        }
        return why;
    }

    auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, coffer::byte_view aad)
        -> coffer::result<coffer::bytes> {
        const auto found = std::ranges::find(grants_, kek_id, &grant::key);
        if (found == grants_.end()) return coffer::errc::unknown_key;
        if (found->state != key_state::active) return coffer::errc::key_disabled;
        return service_->encrypt(found->key, dek, aad);
    }

    auto unwrap(std::string_view kek_id, std::string_view environment, coffer::byte_view wrapped,
                coffer::byte_view aad) -> coffer::result<coffer::key_bytes> {
        // The ids come from the datastore: the service is asked for no key that is not ours, nor
        // for one that may not speak for this environment.
        const auto found = std::ranges::find(grants_, kek_id, &grant::key);
        if (found == grants_.end() || !found->lists(environment)) return coffer::errc::unknown_key;
        if (found->state == key_state::disabled) return coffer::errc::key_disabled;
        return service_->decrypt(found->key, wrapped, aad);
    }

private:
    std::shared_ptr<key_service> service_;
    std::vector<grant> grants_;
};
static_assert(coffer::KeyProvider<kms_keys>);
//]

#endif
