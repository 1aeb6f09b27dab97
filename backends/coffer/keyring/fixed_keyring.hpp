// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_FIXED_KEYRING_HPP
#define COFFER_KEYRING_FIXED_KEYRING_HPP

#include <coffer/concepts/key_provider.hpp>
#include <coffer/keyring/kek_set.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::keyring {

/// KEKs that were read once and do not change: what the providers for an environment variable, a
/// passphrase and a credential have in common. It enrols nothing: an environment that no KEK names,
/// and no "*" stands for, is `unknown_key`. A handle: copies are the same keyring. Thread-safe.
class fixed_keyring {
public:
    auto key_for(std::string_view environment) -> result<std::string> {
        return keks_->key_for(environment);
    }
    auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, byte_view aad)
        -> result<bytes> {
        return keks_->wrap(kek_id, dek, aad);
    }
    auto unwrap(std::string_view kek_id, std::string_view environment, byte_view wrapped,
                byte_view aad) -> result<key_bytes> {
        return keks_->unwrap(kek_id, environment, wrapped, aad);
    }
    /// What there is; never a key.
    auto keks() const -> std::vector<kek_info> { return keks_->list(); }

protected:
    explicit fixed_keyring(kek_set keks)
        : keks_(std::make_shared<const kek_set>(std::move(keks))) {}

private:
    std::shared_ptr<const kek_set> keks_;
};

} // namespace coffer::inline COFFER_ABI::keyring

#endif
