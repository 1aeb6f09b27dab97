// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_MEMORY_KEYRING_HPP
#define COFFER_KEYRING_MEMORY_KEYRING_HPP

#include <coffer/concepts/anchoring_key_provider.hpp>
#include <coffer/keyring/kek_set.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::keyring {

/// KEKs and an anchor that live and die with the process: for tests, and for programs that bring
/// their keys themselves.
///
/// It enrols every environment that is asked for with its default KEK, and makes that one when it
/// is first needed. A handle: copies are the same keyring. Thread-safe. Lost with the process, and
/// so is what was sealed under it.
class memory_keyring {
public:
    memory_keyring() : ring_(std::make_shared<ring>()) {}

    auto key_for(std::string_view environment) -> result<std::string> {
        const std::lock_guard lock(ring_->mutex);
        if (ring_->keks.keks().empty()) {
            auto made = ring_->keks.add({.is_default = true});
            if (!made) return made;
        }
        return ring_->keks.enrol(environment);
    }
    auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, byte_view aad)
        -> result<bytes> {
        const std::lock_guard lock(ring_->mutex);
        return ring_->keks.wrap(kek_id, dek, aad);
    }
    auto unwrap(std::string_view kek_id, std::string_view environment, byte_view wrapped,
                byte_view aad) -> result<key_bytes> {
        const std::lock_guard lock(ring_->mutex);
        return ring_->keks.unwrap(kek_id, environment, wrapped, aad);
    }

    auto recall(std::string_view realm, std::string_view environment)
        -> result<std::optional<mark>> {
        const std::lock_guard lock(ring_->mutex);
        const auto found = ring_->marks.find({std::string(realm), std::string(environment)});
        if (found == ring_->marks.end()) return std::optional<mark>{};
        return std::optional<mark>(found->second);
    }
    auto remember(std::string_view realm, std::string_view environment, const lineage& seen)
        -> result<mark> {
        const std::lock_guard lock(ring_->mutex);
        const auto at =
            ring_->marks.try_emplace({std::string(realm), std::string(environment)}, seen.newest)
                .first;
        const auto stands = seen.after(at->second);
        if (stands) at->second = *stands;
        return stands;
    }

    /// What there is, in the order in which it was added; never a key.
    auto keks() const -> std::vector<kek_info> {
        const std::lock_guard lock(ring_->mutex);
        return ring_->keks.list();
    }
    /// See kek_set::add and kek_set::set_state.
    auto add(new_kek from) -> result<std::string> {
        const std::lock_guard lock(ring_->mutex);
        return ring_->keks.add(std::move(from));
    }
    auto set_state(std::string_view kek_id, kek_state state) -> result<void> {
        const std::lock_guard lock(ring_->mutex);
        return ring_->keks.set_state(kek_id, state);
    }

    /// See kek_set::rotate.
    auto rotate() -> result<std::vector<kek_rotation>> {
        const std::lock_guard lock(ring_->mutex);
        return ring_->keks.rotate();
    }
    auto rotate(std::string_view environment) -> result<kek_rotation> {
        const std::lock_guard lock(ring_->mutex);
        return ring_->keks.rotate(environment);
    }

private:
    struct ring {
        std::mutex mutex;
        kek_set keks;
        std::map<std::pair<std::string, std::string>, mark> marks;
    };
    std::shared_ptr<ring> ring_;
};

static_assert(AnchoringKeyProvider<memory_keyring>);

} // namespace coffer::inline COFFER_ABI::keyring

#endif
