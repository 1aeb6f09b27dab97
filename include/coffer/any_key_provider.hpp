// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ANY_KEY_PROVIDER_HPP
#define COFFER_ANY_KEY_PROVIDER_HPP

#include <coffer/concepts/anchoring_key_provider.hpp>

#include <memory>
#include <utility>

namespace coffer::inline COFFER_ABI {

/// Any key provider, its type erased: for programs that choose it at run time. A handle: copies are
/// the same provider. One without an anchor recalls nothing and remembers nothing.
class any_key_provider {
public:
    template <class K>
    requires(!std::same_as<K, any_key_provider> && KeyProvider<K>) any_key_provider(K keys)
        : held_(std::make_shared<model<K>>(std::move(keys))) {}

    auto key_for(std::string_view environment) -> result<std::string> {
        return held_->key_for(environment);
    }
    auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, byte_view aad)
        -> result<bytes> {
        return held_->wrap(kek_id, dek, aad);
    }
    auto unwrap(std::string_view kek_id, std::string_view environment, byte_view wrapped,
                byte_view aad) -> result<key_bytes> {
        return held_->unwrap(kek_id, environment, wrapped, aad);
    }
    auto recall(std::string_view realm, std::string_view environment)
        -> result<std::optional<mark>> {
        return held_->recall(realm, environment);
    }
    auto remember(std::string_view realm, std::string_view environment, const lineage& seen)
        -> result<mark> {
        return held_->remember(realm, environment, seen);
    }

private:
    struct base {
        virtual ~base() = default;
        virtual auto key_for(std::string_view) -> result<std::string> = 0;
        virtual auto wrap(std::string_view, std::span<const std::byte, 32>, byte_view)
            -> result<bytes> = 0;
        virtual auto unwrap(std::string_view, std::string_view, byte_view, byte_view)
            -> result<key_bytes> = 0;
        virtual auto recall(std::string_view, std::string_view) -> result<std::optional<mark>> = 0;
        virtual auto remember(std::string_view, std::string_view, const lineage&)
            -> result<mark> = 0;
    };
    template <class K>
    struct model final : base {
        explicit model(K k) : keys(std::move(k)) {}
        auto key_for(std::string_view environment) -> result<std::string> override {
            return keys.key_for(environment);
        }
        auto wrap(std::string_view id, std::span<const std::byte, 32> dek, byte_view aad)
            -> result<bytes> override {
            return keys.wrap(id, dek, aad);
        }
        auto unwrap(std::string_view id, std::string_view environment, byte_view wrapped,
                    byte_view aad) -> result<key_bytes> override {
            return keys.unwrap(id, environment, wrapped, aad);
        }
        static_assert(detail::anchors_rightly<K>,
                      "the key provider has recall or remember, and is no AnchoringKeyProvider");
        auto recall([[maybe_unused]] std::string_view realm,
                    [[maybe_unused]] std::string_view environment)
            -> result<std::optional<mark>> override {
            if constexpr (AnchoringKeyProvider<K>)
                return keys.recall(realm, environment);
            else
                return std::optional<mark>{};
        }
        auto remember([[maybe_unused]] std::string_view realm,
                      [[maybe_unused]] std::string_view environment, const lineage& seen)
            -> result<mark> override {
            if constexpr (AnchoringKeyProvider<K>)
                return keys.remember(realm, environment, seen);
            else
                return seen.newest;
        }
        K keys;
    };
    std::shared_ptr<base> held_;
};

static_assert(AnchoringKeyProvider<any_key_provider>);

} // namespace coffer::inline COFFER_ABI

#endif
