// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_KEY_CHANGES_HPP
#define COFFER_ALGORITHM_KEY_CHANGES_HPP

#include <coffer/algorithm/new_dek.hpp>
#include <coffer/algorithm/rewrap.hpp>
#include <coffer/tree/draft.hpp>
#include <coffer/tree/snapshot.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace coffer::inline COFFER_ABI::algorithm {

/// What a transaction does to the DEKs that the head lists: a new one where one is needed, and what
/// the edits wish. What was rewrapped once is kept for the transaction's further attempts, as long
/// as it fits the state that they start from.
template <Cipher C>
class key_changes {
public:
    /// result<void>: the step is done, or what failed. One at a time; ask again after it.
    using action = std::variant<key_for, wrap, unwrap, result<void>>;

    key_changes(const C& cipher, subject of) : cipher_(cipher), of_(std::move(of)) {}

    /// Another state has been committed: whoever did may have found no DEK under the KEK that the
    /// new one is wrapped under, and have disabled it.
    void on_conflict() noexcept { made_.reset(); }

    /// The first step to a new DEK on top of `base`; nothing if none is needed, or it is there. It
    /// is needed where nothing is or all was removed, by wish, and after so many seals.
    auto want_dek(const tree::snapshot_ptr<C>& base, std::uint64_t seals) -> std::optional<action> {
        const auto highest = base == nullptr ? 0 : base->head.active().number;
        const bool wanted = base == nullptr || base->closed() || wished_ ||
                            (base->head.active().seals + seals >= format::limits::seals_rotate &&
                             base->head.deks.size() < format::limits::deks);
        if (!wanted || (made_ && made_->listed.number <= highest)) made_.reset();
        if (!wanted || made_) return std::nullopt;
        if (highest == std::numeric_limits<std::uint32_t>::max())
            return result<void>(errc::unsupported);
        return want_dek_of(highest + 1);
    }
    /// The first step to a new DEK of that number; nothing if it is there.
    auto want_dek_of(std::uint32_t number) -> std::optional<action> {
        if (made_ && made_->listed.number == number) return std::nullopt;
        making_.emplace(cipher_, of_, number);
        return from(making_->start());
    }
    /// The first step to what the edits wish; nothing where all of it is done.
    auto want(const tree::dek_changes& wish, const tree::snapshot_ptr<C>& base, std::uint64_t seals)
        -> std::optional<action> {
        if (wished_ && !wish.add) made_.reset();
        wished_ = wish.add;
        if (auto next = want_dek(base, seals)) return next;
        for (const auto& [number, kek_id] : wish.rewrap) {
            const auto* listed = base->head.find_dek(number);
            const auto done = rewrapped_.find(number);
            if (done != rewrapped_.end() && done->second.is_of(*listed, kek_id)) continue;
            rewrap_.emplace(cipher_, of_, *listed, kek_id);
            return from(rewrap_->start());
        }
        return std::nullopt;
    }

    /// A DEK is being rewrapped: what is unwrapped is for this.
    auto rewrapping() const noexcept -> bool { return rewrap_.has_value(); }
    auto on(result<std::string> answer) -> action { return from(making_->on(std::move(answer))); }
    auto on(result<key_bytes> answer) -> action { return from(rewrap_->on(std::move(answer))); }
    auto on(result<bytes> answer) -> action {
        return rewrap_ ? from(rewrap_->on(std::move(answer)))
                       : from(making_->on(std::move(answer)));
    }

    /// A new DEK is there.
    auto has_made() const noexcept -> bool { return made_.has_value(); }
    /// Lists the new DEK; alone, where the environment is made.
    void add_made(format::head& next, bool alone) const {
        if (!made_) return;
        if (alone) next.deks.clear();
        next.deks.push_back(made_->listed);
    }
    /// Lists the DEKs of a head as the edits wish.
    void apply(const tree::dek_changes& wish, format::head& next) const {
        for (auto& d : next.deks)
            if (wish.rewrap.contains(d.number)) {
                d.kek_id = rewrapped_.at(d.number).listed.kek_id;
                d.wrapped = rewrapped_.at(d.number).listed.wrapped;
            }
        std::erase_if(next.deks, [&](const format::head_dek& d) {
            return std::find(wish.drop.begin(), wish.drop.end(), d.number) != wish.drop.end();
        });
    }
    /// The keys of a head, as far as they were made here or are held of the state below it.
    auto keys_of(const format::head& next, const tree::keyset<C>* held) const
        -> std::shared_ptr<const tree::keyset<C>> {
        auto keys = std::make_shared<tree::keyset<C>>();
        for (const auto& d : next.deks) {
            const auto rewrapped = rewrapped_.find(d.number);
            if (made_ && made_->keys->is(d))
                keys->add(made_->keys);
            else if (rewrapped != rewrapped_.end() && rewrapped->second.keys->is(d))
                keys->add(rewrapped->second.keys);
            else if (auto same = held != nullptr ? held->shared(d) : nullptr)
                keys->add(std::move(same));
        }
        return keys;
    }

private:
    template <class Inner>
    auto from(Inner next) -> action {
        return hand_on<action>(std::move(next), [&](auto&& made) { return take(std::move(made)); });
    }
    auto take(result<made_dek<C>> made) -> action {
        making_.reset();
        if (!made) return result<void>(made.error());
        made_ = *std::move(made);
        return result<void>();
    }
    auto take(result<rewrapped_dek<C>> done) -> action {
        rewrap_.reset();
        if (!done) return result<void>(done.error());
        const auto number = done->listed.number;
        rewrapped_.insert_or_assign(number, *std::move(done));
        return result<void>();
    }

    C cipher_;
    subject of_;
    bool wished_ = false; ///< A new DEK, by an edit.
    std::optional<new_dek<C>> making_{};
    std::optional<made_dek<C>> made_{};
    std::optional<rewrap<C>> rewrap_{};
    std::map<std::uint32_t, rewrapped_dek<C>> rewrapped_{}; ///< Of the state below.
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
