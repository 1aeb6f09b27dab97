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
///
/// Such a KEK is rotated where it comes from: open the new one `with_older` the one before it,
/// rewrap every environment (vault::rewrap), and leave the older one out from then on.
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

    /// A keyring of these KEKs and, behind them, those of `older`, of which the active ones are
    /// decrypt_only there. Each speaks for the environments that it was opened for, by the rules of
    /// one kek_set: "*" of the one stands for no environment that the other names. `conflict` if
    /// both have a KEK of one id, as the same key in two variables has; `too_large` beyond
    /// kek_set::most_keks.
    auto with_older(const fixed_keyring& older) const -> result<fixed_keyring> {
        kek_set all;
        if (auto first = insert_all(all, *keks_, kek_state::active); !first) return first.error();
        if (auto behind = insert_all(all, *older.keks_, kek_state::decrypt_only); !behind)
            return behind.error();
        return fixed_keyring(std::move(all));
    }

protected:
    explicit fixed_keyring(kek_set keks)
        : keks_(std::make_shared<const kek_set>(std::move(keks))) {}

private:
    /// `active`: what becomes of those that are.
    static auto insert_all(kek_set& into, const kek_set& from, kek_state active) -> result<void> {
        for (const auto& k : from.keks()) {
            kek copy{k.info, k.key.clone()};
            if (copy.info.state == kek_state::active) copy.info.state = active;
            copy.info.is_default = copy.info.is_default && active == kek_state::active;
            if (auto inserted = into.insert(std::move(copy)); !inserted) return inserted;
        }
        return {};
    }

    std::shared_ptr<const kek_set> keks_;
};

static_assert(KeyProvider<fixed_keyring>);

} // namespace coffer::inline COFFER_ABI::keyring

#endif
