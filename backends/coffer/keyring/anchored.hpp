// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_ANCHORED_HPP
#define COFFER_KEYRING_ANCHORED_HPP

#include <coffer/concepts/anchoring_key_provider.hpp>
#include <coffer/keyring/anchor_file.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::keyring {

/// A key provider without an anchor of its own, and an anchor file: for keys that come from the
/// environment, a passphrase or a credential. A handle: copies share both. As thread-safe as both.
template <KeyProvider K>
class anchored {
public:
    anchored(K keys, std::filesystem::path anchor)
        : keys_(std::move(keys)), anchor_(std::make_shared<anchor_file>(std::move(anchor))) {}

    auto key_for(std::string_view environment) -> result<std::string> {
        return keys_.key_for(environment);
    }
    auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, byte_view aad)
        -> result<bytes> {
        return keys_.wrap(kek_id, dek, aad);
    }
    auto unwrap(std::string_view kek_id, std::string_view environment, byte_view wrapped,
                byte_view aad) -> result<key_bytes> {
        return keys_.unwrap(kek_id, environment, wrapped, aad);
    }
    auto recall(std::string_view realm, std::string_view environment)
        -> result<std::optional<mark>> {
        return anchor_->recall(realm, environment);
    }
    auto remember(std::string_view realm, std::string_view environment, const lineage& seen)
        -> result<mark> {
        return anchor_->remember(realm, environment, seen);
    }

private:
    K keys_;
    std::shared_ptr<anchor_file> anchor_;
};

} // namespace coffer::inline COFFER_ABI::keyring

#endif
