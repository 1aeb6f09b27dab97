// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_TRANSACT_HPP
#define COFFER_ALGORITHM_TRANSACT_HPP

#include <coffer/algorithm/edit.hpp>
#include <coffer/algorithm/key_changes.hpp>
#include <coffer/algorithm/listed.hpp>
#include <coffer/algorithm/old_values.hpp>
#include <coffer/algorithm/refresh.hpp>
#include <coffer/algorithm/seal_count.hpp>
#include <coffer/algorithm/sealing.hpp>
#include <coffer/algorithm/settling.hpp>
#include <coffer/clock.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace coffer::inline COFFER_ABI::algorithm {

/// The highest generation and DEK number that are known of a state that was given up.
struct superseded {
    std::uint64_t generation = 0;
    std::uint32_t dek = 0;
};

/// What a transaction is asked to do beyond its edits.
struct transact_options {
    bool create = false; ///< Make the environment if it is not there.
    bool close = false;  ///< Remove the environment; there are no edits then.
    bool sweep = false;  ///< Look for objects that nothing lists any more.
    /// An older copy was put in place of what was newer than this: make it the newest. No edits
    /// then.
    std::optional<superseded> supersede{};
    std::chrono::milliseconds grace{
        60'000};                      ///< How long an unlisted object stays for late readers.
    std::vector<std::string> erase{}; ///< Store keys that have been unlisted for longer.
    store_limits limits{};
    bool confirm_key = false; ///< Ask the key side for the active DEK before anything is written.
    bool reading = false;     ///< The edits change nothing, and acknowledge nothing.
    /// What this process sealed in vain so far, and in this transaction.
    std::shared_ptr<seal_count> seals = std::make_shared<seal_count>();
};

/// How a transaction ended well.
template <Cipher C>
struct transacted {
    tree::snapshot_ptr<C> snapshot{}; ///< The state now: what was committed, or what was found.
    bool committed = false;           ///< Something was written.
    bool swept = false;               ///< It was looked for what nothing lists.
    std::vector<std::string>
        unlisted{};             ///< Keys that the new state does not list, for their grace.
    bool confirmed_key = false; ///< The key side was asked for the active DEK.
};

/// Applies edits to the newest verified state and commits the outcome in one conditional write
/// (docs/format.md, Writing). Edits that fail leave the others alone. On conflict it loads, applies
/// and seals again, at most 64 times, with growing random pauses; what became of a commit whose
/// outcome is unknown it finds out as settling says.
///
/// It writes on a state that the anchor knows as the newest: a store that was put back to what is
/// held is `rolled_back`, and a key side that can't remember refuses, before anything is written.
/// So does an edit that finds done what it wants: who repeats a write whose outcome was unknown is
/// told success once the anchor knows of it.
///
/// Value: see transacted; each edit keeps its own answer.
/// Errors, and but for outcome_unknown nothing was written: unknown_scope (no such environment, or a
/// removed one), conflict (64 lost races), outcome_unknown (nobody can tell whether it was written,
/// or the anchor can't remember it), too_large (for the store, or more pages or DEKs than the format
/// has), unavailable (a fence came first; no randomness; the store), unsupported (2^32 seals, the
/// last generation or number of a DEK; the cipher),
/// invalid_argument (a KEK id or a wrapped DEK that no head can hold), tampered, rolled_back,
/// unknown_key, key_disabled (refresh, and the key side of a DEK that is made or wrapped anew), and
/// what store, key side and anchor answer themselves, denied, timed_out and cancelled among it.
template <Cipher C>
class transact {
public:
    using value_type = transacted<C>;
    using action = std::variant<load, list, unwrap, recall, remember, key_for, wrap, commit, pause,
                                result<value_type>>;

    /// `known` is the newest snapshot held and `seen` its mark. The edits outlive the algorithm,
    /// the clock everything.
    transact(const C& cipher, subject of, tree::snapshot_ptr<C> known, std::optional<mark> seen,
             const clock& time, std::vector<queued_edit*> edits, transact_options options)
        : cipher_(cipher), of_(std::move(of)), known_(std::move(known)), seen_(seen), time_(&time),
          edits_(std::move(edits)), options_(std::move(options)), old_(cipher, of_),
          keys_(cipher, of_), sent_(cipher, time, options_.seals) {}

    auto start() -> action {
        if (known_ == nullptr || known_->closed() || options_.confirm_key) return look(after::edit);
        base_ = known_;
        return edit(); // as if nobody else had written: anchor and commit's condition find out
    }

    auto on(result<cut> answer) -> action {
        if (old_.loading()) return from_old(old_.on(std::move(answer)));
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<listing> answer) -> action {
        if (sweeping_) return on_sweep(std::move(answer));
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<key_bytes> answer) -> action {
        if (keys_.rewrapping()) return from_keys(keys_.on(std::move(answer)));
        if (old_.unwrapping()) return from_old(old_.on(std::move(answer)));
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<std::optional<mark>> answer) -> action {
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<std::string> answer) -> action { return from_keys(keys_.on(std::move(answer))); }
    auto on(result<bytes> answer) -> action { return from_keys(keys_.on(std::move(answer))); }
    auto on(const result<commit_outcome>& answer) -> action {
        return from_settling(sent_.on(answer));
    }
    auto on(result<mark> answer) -> action {
        if (std::exchange(starting_, false)) {
            if (!answer) return done(answer.error());
            if (*answer != base_->head.mark_of()) return on_conflict(); // others have gone on
            anchored_ = base_;
            if (as_it_was_) return done(finished());
            if (options_.supersede) return supersede();
            return options_.close ? close() : write();
        }
        if (anchoring_) {
            // The commit stands, but no restart would remember it: not acknowledged.
            if (!answer) return done(failure(errc::outcome_unknown, answer.error().cause));
            return done(finished());
        }
        return from_refresh(refresh_->on(std::move(answer)));
    }
    /// Of a pause.
    auto on(result<void> answer) -> action {
        if (!answer)
            return done(sent_.in_doubt() ? failure(errc::outcome_unknown) : answer.error());
        return look(pause_then_);
    }

private:
    enum class after : unsigned char { edit, settle };
    static constexpr unsigned most_attempts = 64;

    static auto done(result<value_type> with) -> action {
        return action(std::in_place_type<result<value_type>>, std::move(with));
    }
    // Looking at the newest state -----------------------------------------------------------------

    auto look(after then) -> action {
        then_ = then;
        refresh_.emplace(cipher_, of_, known_, seen_, options_.confirm_key);
        return from_refresh(refresh_->start());
    }
    auto from_refresh(typename refresh<C>::action next) -> action {
        return hand_on<action>(std::move(next), [&](result<tree::snapshot_ptr<C>>&& state) {
            return on_state(std::move(state));
        });
    }
    auto on_state(result<tree::snapshot_ptr<C>> state) -> action {
        if (then_ == after::settle) return from_settling(sent_.on(std::move(state)));
        if (!state) return done(state.error());
        adopt(*std::move(state));
        fresh_ = true;
        return edit();
    }
    void adopt(tree::snapshot_ptr<C> state) {
        base_ = std::move(state);
        if (base_ == nullptr) return;
        known_ = base_;
        seen_ = base_->head.mark_of();
    }
    auto wait_then(after then) -> action {
        pause_then_ = then;
        std::array<std::byte, 2> random{};
        (void)cipher_.random(
            random); // jitter alone: without randomness the pause is just the longest
        const auto most = std::min<std::uint64_t>(std::uint64_t{2} << std::min(attempts_, 7U), 200);
        const auto spread = (std::to_integer<std::uint64_t>(random[0]) << 8) |
                            std::to_integer<std::uint64_t>(random[1]);
        return pause{std::chrono::milliseconds(1 + (most * spread >> 16))};
    }

    // Editing -------------------------------------------------------------------------------------

    auto live() const noexcept -> bool { return base_ != nullptr && !base_->closed(); }

    auto edit() -> action {
        if (options_.supersede) return supersede();
        if (!live() && !options_.create) return done(errc::unknown_scope);
        if (options_.close) return close();
        if (!live())
            if (auto next = keys_.want_dek(base_, lost_seals())) return from_keys(*std::move(next));
        old_.begin(live() ? base_ : nullptr);
        draft_.emplace(live() ? &base_->pages : nullptr, old_,
                       static_cast<std::uint64_t>(time_->wall().count()));
        std::size_t well = 0;
        for (auto* e : edits_)
            if (e->apply(*draft_)) ++well;
        if (old_.wants()) return from_old(old_.start(fresh_));
        const bool changed = !draft_->changes().empty() || draft_->keys().any();
        if (changed) // what only reads needs no new DEK
            if (auto next = keys_.want(draft_->keys(), base_, lost_seals()))
                return from_keys(*std::move(next));
        if ((well != edits_.size() || !changed) && !fresh_)
            return look(after::edit); // don't judge by an old state
        as_it_was_ = !changed;
        if (changed) return write();
        if (well != 0 && !options_.reading)
            if (auto next = want_anchor()) return *std::move(next);
        return done(finished());
    }
    auto write() -> action {
        if (is_last()) return done(errc::unsupported);
        if (auto next = want_anchor()) return *std::move(next);
        if (options_.sweep && live() && !swept_) return sweep();
        return seal();
    }
    /// No generation comes after this one.
    auto is_last() const noexcept -> bool {
        return base_ != nullptr &&
               base_->head.generation == std::numeric_limits<std::uint64_t>::max();
    }
    /// Before anything is sent: is this the newest state that anybody remembers, and could the one
    /// that follows be remembered?
    auto want_anchor() -> std::optional<action> {
        if (base_ == nullptr || anchored_ == base_) return std::nullopt;
        starting_ = true;
        return remember{of_.realm, of_.environment, base_->head.lineage_of()};
    }

    auto from_keys(typename key_changes<C>::action next) -> action {
        return hand_on<action>(std::move(next), [&](const result<void>& made) {
            return made ? edit() : done(made.error());
        });
    }
    auto from_old(typename old_values<C>::action next) -> action {
        using loaded = typename old_values<C>::loaded;
        return hand_on<action>(std::move(next), [&](const result<loaded>& values) {
            if (!values) return done(values.error());
            if (*values == loaded::all) return edit();
            return fresh_ ? on_conflict() : look(after::edit);
        });
    }

    // Sweeping ------------------------------------------------------------------------------------

    auto sweep() -> action {
        swept_ = true;
        sweeping_ = true;
        return list{of_.partition};
    }
    /// What the newest head does not list has been unlisted at least since it was written.
    auto on_sweep(result<listing> answer) -> action {
        sweeping_ = false;
        if (options_.close) return on_all_objects(std::move(answer));
        tidied_ = answer ? answer->at == base_->at : answer.error().code == errc::unsupported;
        if (!answer || !tidied_) return seal(); // another time: it is only tidying
        erasable found;
        for (auto& [key, value] : answer->entries)
            if (key != "head") found.add(std::move(key));
        found.keep(*base_);
        auto unlisted = found.take();
        const auto age = time_->wall().count() - static_cast<std::int64_t>(base_->head.written_at);
        auto& due = age >= options_.grace.count() || unlisted.size() > most_unlisted
                        ? options_.erase
                        : too_young_;
        std::move(unlisted.begin(), unlisted.end(), std::back_inserter(due));
        return seal();
    }

    // Sealing and committing ----------------------------------------------------------------------

    auto next_head() const -> format::head {
        format::head next;
        const auto now = static_cast<std::uint64_t>(time_->wall().count());
        if (base_ != nullptr) {
            next = head_after(base_->head, now);
        } else {
            next.realm = of_.realm;
            next.environment = of_.environment;
            next.written_at = now;
        }
        keys_.add_made(next, !live());
        if (live() && draft_) keys_.apply(draft_->keys(), next);
        return next;
    }

    auto seal() -> action {
        auto next = next_head();
        if (!draft_->changes().empty() &&
            next.deks.back().seals + seals_of(next) >= format::limits::seals_refuse)
            return done(errc::unsupported);
        const bool same_keys = !keys_.has_made() && !draft_->keys().any();
        const auto keys =
            same_keys ? base_->keys : keys_.keys_of(next, live() ? base_->keys.get() : nullptr);
        const auto* active = keys->find(next.active().number);
        if (draft_->changes().empty()) return send(sealed_head(*active, std::move(next), keys));
        auto sealed = sealer<C>(cipher_, *active, *options_.seals)
                          .seal(live() ? base_.get() : nullptr, *draft_, std::move(next), keys);
        if (!sealed) return done(sealed.error());
        return send(*std::move(sealed));
    }

    /// A head over the same tree: nothing but its DEKs changes.
    auto sealed_head(const tree::dek_keys<C>& active, format::head&& next,
                     std::shared_ptr<const tree::keyset<C>> keys) -> sealed_state<C> {
        next.deks.back().seals += seals_of(next);
        return head_over(active, std::move(next), std::move(keys), base_->pages);
    }
    /// Signs a head and makes it a state to be committed.
    auto head_over(const tree::dek_keys<C>& active, format::head&& next,
                   std::shared_ptr<const tree::keyset<C>> keys, tree::page_set pages)
        -> sealed_state<C> {
        sealed_state<C> out;
        auto data = sign_head(active, next);
        const auto id = format::revision_of(cipher_.sha256(data));
        out.snapshot = std::make_shared<const tree::snapshot<C>>(
            tree::snapshot<C>{std::move(next), id, id, std::move(keys), std::move(pages)});
        out.writes.push_back({"head", std::move(data)});
        return out;
    }
    auto send(sealed_state<C>&& state) -> action {
        std::size_t total = 0;
        for (const auto& w : state.writes) {
            if (w.value->size() > options_.limits.object_bytes) return done(errc::too_large);
            total += w.value->size();
        }
        if (total > options_.limits.commit_bytes) return done(errc::too_large);
        add_erasures(state);
        return sent_.send(of_.partition, base_, std::move(state));
    }

    /// What is erased must really be unlisted: a merge or a restore may have brought it back. What
    /// the last state lists stays too, for readers that are at it.
    void add_erasures(sealed_state<C>& state) const {
        if (options_.erase.empty()) return;
        erasable gone;
        for (const auto& key : options_.erase)
            gone.add(key);
        if (live())
            gone.keep(*state.snapshot, *base_);
        else
            gone.keep(*state.snapshot);
        for (auto& key : gone.take())
            state.writes.push_back({std::move(key), std::nullopt});
    }

    /// What is there, once more, as the state that follows all that was given up for it: none of
    /// them is taken for a newer one.
    auto supersede() -> action {
        if (!fresh_) return look(after::edit);
        if (base_ == nullptr) return done(errc::unknown_scope);
        if (live() && base_->head.deks.size() >= format::limits::deks) return done(errc::too_large);
        const auto generation =
            std::max(options_.supersede->generation, base_->head.generation) >> 32;
        const auto dek = std::max(options_.supersede->dek, base_->head.active().number) >> 16;
        if (generation == 0xFFFF'FFFF || dek == 0xFFFF) return done(errc::unsupported);
        if (auto next = keys_.want_dek_of((dek + 1) << 16)) return from_keys(*std::move(next));
        if (auto next = want_anchor()) return *std::move(next);
        auto next = next_head();
        next.generation = (generation + 1) << 32;
        next.ancestors = {};
        const auto keys = keys_.keys_of(next, base_->keys.get());
        return send(sealed_head(*keys->find(next.active().number), std::move(next), keys));
    }

    auto close() -> action {
        if (!fresh_) return look(after::edit);
        if (is_last()) return done(errc::unsupported);
        if (auto next = want_anchor()) return *std::move(next);
        if (!swept_)
            return sweep(); // nothing is left but the head: what waits for its grace goes too
        auto next = next_head();
        next.root = {};
        const auto* active = base_->keys->find(next.active().number);
        std::unordered_set<std::string> gone(options_.erase.begin(), options_.erase.end());
        each_listed(*base_,
                    [&](const format::object_name& name) { gone.insert(format::store_key(name)); });
        auto state = head_over(*active, std::move(next), base_->keys, {});
        for (const auto& key : gone)
            state.writes.push_back({key, std::nullopt});
        return sent_.send(of_.partition, base_, std::move(state));
    }

    auto on_all_objects(result<listing> answer) -> action {
        if (!answer && answer.error().code != errc::unsupported) return done(answer.error());
        if (answer && answer->at != base_->at) return on_conflict();
        if (answer)
            for (auto& [key, value] : answer->entries)
                if (key != "head") options_.erase.push_back(std::move(key));
        return close();
    }

    auto on_conflict() -> action {
        if (options_.close) swept_ = false; // others have written: there may be more to erase
        if (++attempts_ >= most_attempts) return done(errc::conflict);
        keys_.on_conflict();
        fresh_ = false;
        return attempts_ == 1 ? look(after::edit) : wait_then(after::edit);
    }

    auto on_landed(tree::snapshot_ptr<C> newest) -> action {
        anchoring_ = true; // mine, or others on top of it: the newest is what to remember
        committed_ = std::move(newest);
        return remember{of_.realm, of_.environment, committed_->head.lineage_of()};
    }
    auto from_settling(typename settling<C>::step next) -> action {
        using sent = settling<C>;
        return std::visit(
            [&]<class A>(A& what) -> action {
                if constexpr (std::is_same_v<A, commit>)
                    return std::move(what);
                else if constexpr (std::is_same_v<A, typename sent::look>)
                    return what.later ? look_later() : look(after::settle);
                else if constexpr (std::is_same_v<A, typename sent::landed>)
                    return on_landed(std::move(what.newest));
                else if constexpr (std::is_same_v<A, typename sent::lost>)
                    return on_lost(std::move(what.newest));
                else
                    return done(what);
            },
            next);
    }
    auto look_later() -> action {
        ++attempts_;
        return wait_then(after::settle);
    }
    auto on_lost(tree::snapshot_ptr<C> newest) -> action {
        if (newest != nullptr) adopt(std::move(newest));
        return on_conflict();
    }

    auto finished() -> value_type {
        value_type out;
        out.committed = committed_ != nullptr;
        out.confirmed_key = options_.confirm_key;
        out.swept = tidied_;
        out.snapshot = out.committed ? committed_ : base_;
        if (!out.committed || !live() || sent_.state()->closed()) return out;
        out.unlisted = std::move(too_young_);
        each_unlisted(*base_, *sent_.state(), [&](const format::object_name& name) {
            out.unlisted.push_back(format::store_key(name));
        });
        return out;
    }

    // Counting seals ------------------------------------------------------------------------------

    /// What was sealed under a head's highest DEK and no head counts.
    auto seals_of(const format::head& h) const -> std::uint64_t {
        return options_.seals->of(h.active().number);
    }
    auto lost_seals() const -> std::uint64_t {
        return base_ == nullptr ? 0 : seals_of(base_->head);
    }

    C cipher_;
    subject of_;
    tree::snapshot_ptr<C> known_;
    std::optional<mark> seen_;
    const clock* time_;
    std::vector<queued_edit*> edits_;
    transact_options options_;

    std::optional<refresh<C>> refresh_{};
    after then_ = after::edit;
    after pause_then_ = after::edit;
    bool starting_ = false;  ///< The anchor is asked whether `base_` is the newest.
    bool as_it_was_ = false; ///< The edits change nothing of `base_`.
    bool sweeping_ = false;
    bool swept_ = false;
    bool tidied_ = false;                  ///< What is in the store was held against `base_`.
    std::vector<std::string> too_young_{}; ///< What the sweep found before its time.
    bool anchoring_ = false;               ///< Committed; the anchor is being written.
    bool fresh_ = false;                   ///< `base_` was the newest state in this run.
    unsigned attempts_ = 0;

    tree::snapshot_ptr<C> base_{};
    tree::snapshot_ptr<C> anchored_{}; ///< The `base_` that the anchor knows as the newest.
    std::optional<tree::draft> draft_{};
    old_values<C> old_;
    key_changes<C> keys_;

    settling<C> sent_;
    tree::snapshot_ptr<C> committed_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
