// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_VERIFY_HPP
#define COFFER_ALGORITHM_VERIFY_HPP

#include <coffer/algorithm/old_values.hpp>
#include <coffer/algorithm/refresh.hpp>
#include <coffer/entries.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace coffer::inline COFFER_ABI::algorithm {

/// Reads everything of an environment from the store, whatever is held of it, and opens every
/// version of every value.
///
/// Of the values most_values are in memory at a time, sealed, and one of them opened; of the tree
/// its pages are, and for a moment the whole partition where it changes so often that it has to be
/// listed. Where another writer has taken away what is yet to be opened, it goes on in the
/// newest state, so that each version is of a state that stood meanwhile.
///
/// Value: how many versions were looked at, and those that can't be had, in the tree's order.
/// Errors: those of refresh; unknown_scope (no such environment, or a removed one); unavailable also
/// where 64 states in a row had gone on before what they list could be loaded; what the key side
/// answers for a DEK, unless it says that the records under it can't be had.
template <Cipher C>
class verify {
public:
    using value_type = verification;
    using action = std::variant<load, list, unwrap, recall, remember, result<value_type>>;

    /// How many sealed values are held at a time.
    static constexpr std::size_t most_values = 64;

    /// `seen` is the mark of what is held.
    verify(const C& cipher, subject of, std::optional<mark> seen)
        : cipher_(cipher), of_(std::move(of)), seen_(seen), old_(cipher, of_) {}

    auto start() -> action { return look(); }

    auto on(result<cut> answer) -> action {
        if (old_.loading()) return from_old(old_.on(std::move(answer)));
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<listing> answer) -> action {
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<key_bytes> answer) -> action {
        if (old_.unwrapping()) return from_old(old_.on(std::move(answer)));
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<std::optional<mark>> answer) -> action {
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<mark> answer) -> action { return from_refresh(refresh_->on(std::move(answer))); }

private:
    static constexpr unsigned most_attempts = 64;
    struct placed_version {
        const format::entry* entry = nullptr;
        const format::entry_version* version = nullptr;
    };

    static auto done(result<value_type> with) -> action {
        return action(std::in_place_type<result<value_type>>, std::move(with));
    }

    auto look() -> action {
        refresh_.emplace(cipher_, of_, base_, seen_, false, extent::pages);
        return from_refresh(refresh_->start());
    }
    auto from_refresh(typename refresh<C>::action next) -> action {
        return hand_on<action>(std::move(next), [&](result<tree::snapshot_ptr<C>>&& state) {
            return on_state(std::move(state));
        });
    }
    auto on_state(result<tree::snapshot_ptr<C>> state) -> action {
        refresh_.reset(); // with the pages as they were loaded
        if (!state) return done(state.error());
        base_ = *std::move(state);
        if (base_ == nullptr || base_->closed()) return done(errc::unknown_scope);
        seen_ = base_->head.mark_of();
        return open_next();
    }

    /// The values that come next, as many as are held at a time.
    void choose_part() {
        part_.clear();
        base_->pages.each_from(at_, [&](const format::entry& e, const tree::leaf&) {
            for (const auto& v : e.versions) {
                if (v.state != format::entry_state::value) continue;
                if (below_ && e.key == at_ && v.number >= *below_) continue;
                if (part_.size() == most_values) return false;
                part_.push_back({&e, &v});
            }
            return true;
        });
    }
    auto open_next() -> action {
        choose_part();
        if (part_.empty()) return done(std::move(found_));
        old_.begin(base_);
        for (const auto& [e, v] : part_)
            (void)old_.value_of(e->key, *v); // asks for what is not there yet
        return old_.wants() ? from_old(old_.start(true)) : on_part();
    }
    auto from_old(typename old_values<C>::action next) -> action {
        using loaded = typename old_values<C>::loaded;
        return hand_on<action>(std::move(next), [&](const result<loaded>& values) {
            if (!values) return done(values.error());
            if (*values == loaded::all) return on_part();
            old_.forget();
            return ++attempts_ < most_attempts ? look() : done(errc::unavailable);
        });
    }
    auto on_part() -> action {
        for (const auto& [e, v] : part_) {
            const auto value = old_.value_of(e->key, *v);
            if (!value && !tree::is_damage(value.error().code)) return done(value.error());
            ++found_.checked;
            if (!value)
                found_.damaged.push_back({scope({of_.environment, e->key.space, e->key.actor}),
                                          e->key.name, v->number, value.error().code});
        }
        at_ = part_.back().entry->key;
        below_ = part_.back().version->number;
        attempts_ = 0;
        old_.forget();
        return open_next();
    }

    C cipher_;
    subject of_;
    std::optional<mark> seen_;
    std::optional<refresh<C>> refresh_{};
    tree::snapshot_ptr<C> base_{};
    old_values<C> old_;
    std::vector<placed_version> part_{};   ///< Of `base_`.
    format::entry_key at_{};               ///< The entry that was opened last,
    std::optional<std::uint64_t> below_{}; ///< and its version; none: nothing was.
    unsigned attempts_ = 0;
    verification found_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
