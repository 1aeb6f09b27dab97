// SPDX-License-Identifier: BSL-1.0
// UNSAFE, FOR TESTS ONLY: its keys are written below and it "wraps" with a checksum, so that
// whoever reads the wrapped bytes can read the DEK.
#ifndef COFFER_TESTING_FAKE_KEY_PROVIDER_HPP
#define COFFER_TESTING_FAKE_KEY_PROVIDER_HPP

#include <coffer/concepts/anchoring_key_provider.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::testing {

/// A key provider without any cryptography, for tests of what uses one. It keeps all laws of
/// AnchoringKeyProvider but secrecy and durability: changed bytes and another AAD are `tampered`,
/// KEKs have states and environments, marks are remembered. It can be told to fail.
///
/// It starts with one KEK, `fake-kek`, that speaks for every environment. A handle: copies are the
/// same provider. Thread-safe.
class fake_key_provider {
public:
    enum class state : unsigned char { active, decrypt_only, disabled };

    fake_key_provider() : all_(std::make_shared<everything>()) { add_kek("fake-kek"); }

    /// Adds an active KEK, for these environments or, with none, for every one; or replaces it.
    void add_kek(std::string_view id, std::vector<std::string> environments = {}) {
        const std::lock_guard lock(all_->mutex);
        std::erase_if(all_->keks, [&](const kek& k) { return k.id == id; });
        all_->keks.push_back({std::string(id), std::move(environments), state::active});
    }
    void set_state(std::string_view kek_id, state to) {
        const std::lock_guard lock(all_->mutex);
        for (auto& k : all_->keks)
            if (k.id == kek_id) k.now = to;
    }
    /// From now on no KEK speaks for this environment.
    void forbid(std::string_view environment) {
        const std::lock_guard lock(all_->mutex);
        all_->forbidden.emplace(environment);
    }
    /// The next `times` calls, whichever they are, answer `why` and do nothing.
    void fail_next(errc why, std::size_t times = 1) {
        const std::lock_guard lock(all_->mutex);
        all_->failure = why;
        all_->failures = times;
    }
    /// How many calls were made, failed ones included.
    auto calls() const -> std::size_t {
        const std::lock_guard lock(all_->mutex);
        return all_->calls;
    }

    auto key_for(std::string_view environment) -> result<std::string> {
        const std::lock_guard lock(all_->mutex);
        if (auto up = all_->enter(); !up) return up.error();
        bool known = false;
        for (auto k = all_->keks.rbegin(); k != all_->keks.rend(); ++k) {
            if (!all_->speaks(*k, environment)) continue;
            known = true;
            if (k->now == state::active) return k->id;
        }
        return known ? errc::key_disabled : errc::unknown_key;
    }

    auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, byte_view aad)
        -> result<bytes> {
        const std::lock_guard lock(all_->mutex);
        if (auto up = all_->enter(); !up) return up.error();
        const auto* k = all_->find(kek_id);
        if (k == nullptr) return errc::unknown_key;
        if (k->now != state::active) return errc::key_disabled;
        bytes wrapped(wrapped_size);
        const std::uint64_t number = ++all_->wraps;
        std::memcpy(wrapped.data(), &number, 8);
        for (std::size_t i = 0; i < 32; ++i)
            wrapped[8 + i] = dek[i] ^ pad(number, i);
        const auto sum = checksum(k->id, aad, byte_view(wrapped).first(40));
        std::memcpy(wrapped.data() + 40, &sum, 8);
        return wrapped;
    }

    auto unwrap(std::string_view kek_id, std::string_view environment, byte_view wrapped,
                byte_view aad) -> result<key_bytes> {
        const std::lock_guard lock(all_->mutex);
        if (auto up = all_->enter(); !up) return up.error();
        const auto* k = all_->find(kek_id);
        if (k == nullptr || !all_->speaks(*k, environment)) return errc::unknown_key;
        if (k->now == state::disabled) return errc::key_disabled;
        if (wrapped.size() != wrapped_size) return errc::tampered;
        const auto sum = checksum(k->id, aad, wrapped.first(40));
        if (std::memcmp(wrapped.data() + 40, &sum, 8) != 0) return errc::tampered;
        std::uint64_t number = 0;
        std::memcpy(&number, wrapped.data(), 8);
        key_bytes dek;
        for (std::size_t i = 0; i < 32; ++i)
            dek.span()[i] = wrapped[8 + i] ^ pad(number, i);
        return dek;
    }

    auto recall(std::string_view realm, std::string_view environment)
        -> result<std::optional<mark>> {
        const std::lock_guard lock(all_->mutex);
        if (auto up = all_->enter(); !up) return up.error();
        const auto found = all_->marks.find({std::string(realm), std::string(environment)});
        if (found == all_->marks.end()) return std::optional<mark>{};
        return std::optional<mark>(found->second);
    }
    auto remember(std::string_view realm, std::string_view environment, const lineage& seen)
        -> result<mark> {
        const std::lock_guard lock(all_->mutex);
        if (auto up = all_->enter(); !up) return up.error();
        const auto at =
            all_->marks.try_emplace({std::string(realm), std::string(environment)}, seen.newest)
                .first;
        const auto stands = seen.after(at->second);
        if (stands) at->second = *stands;
        return stands;
    }

private:
    static constexpr std::size_t wrapped_size = 48;

    struct kek {
        std::string id;
        std::vector<std::string> environments;
        state now;
    };
    struct everything {
        std::mutex mutex;
        std::vector<kek> keks;
        std::set<std::string, std::less<>> forbidden;
        std::map<std::pair<std::string, std::string>, mark> marks;
        std::uint64_t wraps = 0;
        std::size_t calls = 0;
        std::size_t failures = 0;
        errc failure = errc::unavailable;

        auto enter() -> result<void> {
            ++calls;
            if (failures == 0) return {};
            --failures;
            return failure;
        }
        auto find(std::string_view id) const -> const kek* {
            const auto found =
                std::ranges::find(keks, id, [](const kek& k) -> std::string_view { return k.id; });
            return found == keks.end() ? nullptr : &*found;
        }
        auto speaks(const kek& k, std::string_view environment) const -> bool {
            const auto& e = k.environments;
            return !forbidden.contains(environment) &&
                   (e.empty() || std::find(e.begin(), e.end(), environment) != e.end());
        }
    };

    /// FNV-1a, 64 bits, over all parts with their lengths.
    static auto checksum(std::string_view id, byte_view aad, byte_view text) -> std::uint64_t {
        std::uint64_t sum = 14695981039346656037U;
        const auto mix = [&](std::uint64_t x) { sum = (sum ^ x) * 1099511628211U; };
        for (const auto part : {as_bytes(id), aad, text}) {
            mix(part.size());
            for (const auto b : part)
                mix(std::to_integer<std::uint64_t>(b));
        }
        return sum;
    }
    /// So that no stored bytes happen to be the DEK itself. No protection.
    static auto pad(std::uint64_t number, std::size_t i) -> std::byte {
        return static_cast<std::byte>((number + i + 1) * 0x9E3779B97F4A7C15U >> 56);
    }

    std::shared_ptr<everything> all_;
};

static_assert(AnchoringKeyProvider<fake_key_provider>);

} // namespace coffer::inline COFFER_ABI::testing

#endif
