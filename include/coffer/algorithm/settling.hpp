// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_SETTLING_HPP
#define COFFER_ALGORITHM_SETTLING_HPP

#include <coffer/algorithm/delivery.hpp>
#include <coffer/algorithm/seal_count.hpp>
#include <coffer/clock.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace coffer::inline COFFER_ABI::algorithm {

/// Finds out what became of a commit (docs/format.md, Writing, step 3). What the store says is the
/// answer, unless a sending may still land: then the newest state is. Mine, or on top of mine: it
/// was committed. Another in its place: it can't be any more. Still the one below, which proves
/// nothing: the same bytes again, and at last a fence.
///
/// It has no part in what is committed or in what is done afterwards: it asks for looks at the
/// newest state and for sendings, and its last step is the truth. What a head of it counts is taken
/// off the seals that no head counts.
template <Cipher C>
class settling {
public:
    /// The newest state is to be told, at once or after a pause.
    struct look {
        bool later = false;
    };
    /// It is part of this state, the newest that is known.
    struct landed {
        tree::snapshot_ptr<C> newest{};
    };
    /// It will never land, and may be done again on this state; null: on whatever a look finds.
    struct lost {
        tree::snapshot_ptr<C> newest{};
    };
    /// A failure is the end: unavailable (a fence or, while one was on its way, another's head stands
    /// where the commit would), outcome_unknown (nobody can tell), or what the store answered to a
    /// commit that never was in doubt.
    using step = std::variant<commit, look, landed, lost, failure>;

    /// The clock outlives it.
    settling(const C& cipher, const clock& time, std::shared_ptr<seal_count> seals)
        : cipher_(cipher), time_(&time), seals_(std::move(seals)) {}

    /// Sends a state that is to follow `base`, which is null where nothing is yet.
    auto send(std::string partition, tree::snapshot_ptr<C> base, sealed_state<C>&& state)
        -> commit {
        base_ = std::move(base);
        in_doubt_ = false;
        return sent_.send(std::move(partition), base_ == nullptr ? revision{} : base_->at,
                          std::move(state));
    }
    /// A sending may still land.
    auto in_doubt() const noexcept -> bool { return in_doubt_; }
    /// What was sent: what the environment is, or will be, if it landed.
    auto state() const noexcept -> const tree::snapshot_ptr<C>& { return sent_.state(); }

    /// Of a sending.
    auto on(const result<commit_outcome>& answer) -> step {
        if (!answer) return in_doubt_ ? look_again() : answer.error();
        if (*answer == commit_outcome::committed) {
            if (sent_.fencing()) return on_fenced();
            return on_landed(state());
        }
        if (*answer == commit_outcome::conflict && !in_doubt_) return lost{};
        in_doubt_ = true; // even a conflict may now be with our own first sending
        return look{};
    }
    /// Of a look.
    auto on(result<tree::snapshot_ptr<C>> newest) -> step {
        if (!newest) return look_again();
        const auto& now = *newest;
        const auto& mine = state()->head;
        if (sent_.is_under(now))
            return on_landed(now->head.mac == mine.mac ? state() : *std::move(newest));
        if (is_below(now)) return send_again();
        if (now != nullptr && now->head.generation > mine.generation + format::limits::ancestors)
            return failure(errc::outcome_unknown);
        // Another head stands where ours would: ours can't be committed any more.
        if (sent_.fencing()) return failure(errc::unavailable);
        in_doubt_ = false;
        return lost{*std::move(newest)};
    }

private:
    static constexpr unsigned most_blind_looks = 5;

    /// Whether nothing has come after the state that was built on.
    auto is_below(const tree::snapshot_ptr<C>& now) const -> bool {
        if (base_ == nullptr || now == nullptr) return base_ == now;
        return now->head.mac == base_->head.mac;
    }
    /// The store can't be asked now: again after a pause, and at last the truth is that nobody
    /// knows.
    auto look_again() -> step {
        if (++blind_looks_ >= most_blind_looks) return failure(errc::outcome_unknown);
        return look{true};
    }
    auto on_landed(tree::snapshot_ptr<C> newest) -> step {
        tell_seals(state()->head);
        return landed{std::move(newest)};
    }
    auto on_fenced() -> step {
        tell_seals(fence_);
        return failure(errc::unavailable);
    }
    /// The old head proves nothing: the commit may still be on its way.
    auto send_again() -> step {
        if (auto next = sent_.again()) return *std::move(next);
        if (sent_.fencing() || base_ == nullptr || base_->closed())
            return failure(errc::outcome_unknown);
        fence_ = head_after(base_->head, static_cast<std::uint64_t>(time_->wall().count()));
        fence_.deks.back().seals += seals_->of(fence_.active().number);
        auto data = sign_head(*base_->keys->find(fence_.active().number), fence_);
        const auto at = format::revision_of(cipher_.sha256(data));
        return sent_.fence(at, std::move(data));
    }
    /// A head of ours is there, with what it counts more than the one before.
    void tell_seals(const format::head& h) {
        const auto* before = base_ == nullptr ? nullptr : base_->head.find_dek(h.active().number);
        seals_->told(h.active().number, h.active().seals - (before == nullptr ? 0 : before->seals));
    }

    C cipher_;
    const clock* time_;
    std::shared_ptr<seal_count> seals_;
    tree::snapshot_ptr<C> base_{};
    delivery<C> sent_{};
    format::head fence_{};
    bool in_doubt_ = false;
    unsigned blind_looks_ = 0;
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
