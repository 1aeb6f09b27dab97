// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_TRANSACT_HPP
#define COFFER_ALGORITHM_TRANSACT_HPP

#include <coffer/algorithm/edit.hpp>
#include <coffer/algorithm/listed.hpp>
#include <coffer/algorithm/refresh.hpp>
#include <coffer/algorithm/rewrap.hpp>
#include <coffer/algorithm/sealing.hpp>
#include <coffer/clock.hpp>

#include <span>
#include <unordered_set>

namespace coffer::inline COFFER_ABI::algorithm {

/// What a transaction is asked to do beyond its edits.
struct transact_options {
    bool create = false; ///< Make the environment if it is not there.
    bool close = false;  ///< Remove the environment; there are no edits then.
    bool sweep = false;  ///< Look for objects that nothing lists any more.
    std::chrono::milliseconds grace{
        60'000};                      ///< How long an unlisted object stays for late readers.
    std::vector<std::string> erase{}; ///< Store keys that have been unlisted for longer.
    store_limits limits{};
    bool confirm_key = false; ///< Ask the key side for the active DEK before anything is written.
};

/// How a transaction ended well.
template <Cipher C>
struct transacted {
    tree::snapshot_ptr<C> snapshot{};    ///< The state now: what was committed, or what was found.
    bool committed = false;              ///< Something was written.
    std::vector<std::string> unlisted{}; ///< Keys that the new state no longer lists.
    bool confirmed_key = false;          ///< The key side was asked for the active DEK.
};

/// Applies edits to the newest verified state and commits the outcome in one conditional write
/// (docs/format.md, Writing). Edits that fail leave the others alone. On conflict it loads, applies
/// and seals again, at most 64 times, with growing random pauses; when an outcome is unknown it
/// sends the same bytes again until it is known, and gives up behind a fence.
///
/// It writes on a state that the anchor knows as the newest: a store that was put back to what is
/// held is `rolled_back`, and a key side that can't remember refuses, before anything is written.
///
/// Value: see transacted; each edit keeps its own answer.
/// Errors: unknown_scope (no such environment), conflict (64 lost races), outcome_unknown,
/// too_large, unavailable, unsupported, and what refresh, store and key side answer; but for
/// outcome_unknown nothing was written.
template <Cipher C>
class transact final : private tree::draft_source {
public:
    using value_type = transacted<C>;
    using action = std::variant<load, list, unwrap, recall, remember, key_for, wrap, commit, pause,
                                result<value_type>>;

    /// `known` is the newest snapshot held and `seen` its mark. The edits outlive the algorithm,
    /// the clock everything.
    transact(const C& cipher, subject of, tree::snapshot_ptr<C> known, std::optional<mark> seen,
             const clock& time, std::vector<queued_edit*> edits, transact_options options)
        : cipher_(cipher), of_(std::move(of)), known_(std::move(known)), seen_(seen), time_(&time),
          edits_(std::move(edits)), options_(std::move(options)) {}
    transact(transact&&) noexcept = default;
    auto operator=(transact&&) -> transact& = delete;
    ~transact() override = default;

    auto start() -> action {
        if (known_ == nullptr || known_->closed() || options_.confirm_key) return look(after::edit);
        base_ = known_;
        return edit(); // as if nobody else had written: anchor and commit's condition find out
    }

    auto on(result<cut> answer) -> action {
        if (loading_) return on_old_records(std::move(answer));
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<listing> answer) -> action {
        if (sweeping_) return on_sweep(std::move(answer));
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<key_bytes> answer) -> action {
        if (rewrap_) return from_rewrap(rewrap_->on(std::move(answer)));
        if (pending_dek_) return on_old_key(std::move(answer));
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<std::optional<mark>> answer) -> action {
        return from_refresh(refresh_->on(std::move(answer)));
    }
    auto on(result<std::string> answer) -> action {
        if (!answer) return done(answer.error());
        kek_id_ = *std::move(answer);
        if (auto drawn = cipher_.random(new_dek_.span()); !drawn) return done(drawn.error());
        const auto aad = format::wrap_aad(binding(), kek_id_);
        return wrap{kek_id_, key_bytes(std::as_const(new_dek_).view()), aad};
    }
    auto on(result<bytes> answer) -> action {
        if (rewrap_) return from_rewrap(rewrap_->on(std::move(answer)));
        if (!answer) return done(answer.error());
        format::head_dek listed{next_dek_, C::id, {}, 0, kek_id_, *std::move(answer)};
        tree::dek_keys<C> probe(cipher_, new_dek_.view(), binding(), listed);
        listed.commitment = probe.commitment();
        new_keys_ = tree::make_dek_keys<C>(cipher_, new_dek_.view(), binding(), listed);
        new_listed_ = std::move(listed);
        new_dek_ = key_bytes{};
        return edit();
    }
    auto on(result<commit_outcome> answer) -> action {
        if (!answer) return unknown_sent_ ? look_again() : done(answer.error());
        if (*answer == commit_outcome::committed)
            return fencing_ ? done(errc::unavailable) : on_committed();
        if (*answer == commit_outcome::conflict && !unknown_sent_) return on_conflict();
        unknown_sent_ = true; // even a conflict may now be with our own first sending
        return look(after::settle);
    }
    auto on(result<mark> answer) -> action {
        if (std::exchange(starting_, false)) {
            if (!answer) return done(answer.error());
            if (*answer != base_->head.mark_of()) return on_conflict(); // others have gone on
            anchored_ = base_;
            return options_.close ? close() : write();
        }
        if (anchoring_) {
            // The commit stands, but no restart would remember it: not acknowledged, safe to
            // repeat.
            if (!answer) return done(errc::outcome_unknown);
            return done(finished());
        }
        return from_refresh(refresh_->on(std::move(answer)));
    }
    /// Of a pause.
    auto on(result<void> answer) -> action {
        if (!answer) return done(unknown_sent_ ? failure(errc::outcome_unknown) : answer.error());
        return look(pause_then_);
    }

private:
    enum class after : unsigned char { edit, settle };
    static constexpr unsigned most_attempts = 64;
    static constexpr unsigned most_sendings = 5;

    static auto done(result<value_type> with) -> action {
        return action(std::in_place_type<result<value_type>>, std::move(with));
    }
    auto binding() const -> format::dek_binding {
        return {of_.realm, of_.environment, next_dek_, C::id};
    }
    auto binding_of(const format::head_dek& listed) const -> format::dek_binding {
        return {of_.realm, of_.environment, listed.number, listed.cipher};
    }

    // Looking at the newest state -----------------------------------------------------------------

    auto look(after then) -> action {
        then_ = then;
        refresh_.emplace(cipher_, of_, known_, seen_, options_.confirm_key);
        return from_refresh(refresh_->start());
    }
    auto from_refresh(typename refresh<C>::action next) -> action {
        return std::visit(
            [&]<class A>(A& what) -> action {
                if constexpr (std::is_same_v<A, result<tree::snapshot_ptr<C>>>)
                    return on_state(std::move(what));
                else
                    return action(std::in_place_type<A>, std::move(what));
            },
            next);
    }
    auto on_state(result<tree::snapshot_ptr<C>> state) -> action {
        if (!state) return then_ == after::settle ? look_again() : done(state.error());
        if (then_ == after::settle) return settle(*std::move(state));
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
        if (!live() && !options_.create) return done(errc::unknown_scope);
        if (options_.close) return close();
        if (auto next = want_dek()) return *std::move(next);
        draft_.emplace(live() ? &base_->pages : nullptr, static_cast<tree::draft_source&>(*this),
                       static_cast<std::uint64_t>(time_->wall().count()));
        wanted_.clear();
        bool all_well = true;
        for (auto* e : edits_)
            all_well = e->apply(*draft_) && all_well;
        if (!wanted_.empty()) return load_old_records();
        if (auto next = change_keys()) return *std::move(next);
        const bool changed = !draft_->changes().empty() || draft_->keys().any();
        if ((!all_well || !changed) && !fresh_)
            return look(after::edit); // don't judge by an old state
        if (!changed) return done(finished());
        return write();
    }
    auto write() -> action {
        if (auto next = want_anchor()) return *std::move(next);
        if (options_.sweep && live() && !swept_) return sweep();
        return seal();
    }
    /// Before anything is sent: is this the newest state that anybody remembers, and could the one
    /// that follows be remembered?
    auto want_anchor() -> std::optional<action> {
        if (base_ == nullptr || anchored_ == base_) return std::nullopt;
        starting_ = true;
        return remember{of_.realm, of_.environment, base_->head.lineage_of()};
    }

    auto want_dek() -> std::optional<action> {
        const auto highest = base_ == nullptr ? 0 : base_->head.active().number;
        const bool wanted = !live() || dek_wished_ ||
                            (base_->head.active().seals + seals_ >= format::limits::seals_rotate &&
                             base_->head.deks.size() < format::limits::deks);
        if (!wanted || (new_keys_ != nullptr && next_dek_ <= highest)) new_keys_.reset();
        if (!wanted || new_keys_ != nullptr) return std::nullopt;
        next_dek_ = highest + 1;
        return key_for{of_.environment};
    }

    /// Does what the edits want of the keys; nothing where it is done.
    auto change_keys() -> std::optional<action> {
        const auto& wish = draft_->keys();
        if (dek_wished_ && !wish.add) new_keys_.reset();
        dek_wished_ = wish.add;
        if (auto next = want_dek()) return next;
        for (const auto& [number, kek_id] : wish.rewrap) {
            const auto* listed = base_->head.find_dek(number);
            const auto done = rewrapped_.find(number);
            if (done != rewrapped_.end() && done->second.is_of(*listed, kek_id)) continue;
            rewrap_.emplace(cipher_, of_, *listed, kek_id);
            return from_rewrap(rewrap_->start());
        }
        return std::nullopt;
    }
    auto from_rewrap(typename rewrap<C>::action next) -> action {
        return std::visit(
            [&]<class A>(A& what) -> action {
                if constexpr (std::is_same_v<A, result<rewrapped_dek<C>>>) {
                    rewrap_.reset();
                    if (!what) return done(what.error());
                    const auto number = what->listed.number;
                    rewrapped_.insert_or_assign(number, *std::move(what));
                    return edit();
                } else {
                    return action(std::in_place_type<A>, std::move(what));
                }
            },
            next);
    }
    void apply_keys(format::head& next) const {
        const auto& wish = draft_->keys();
        for (auto& d : next.deks)
            if (wish.rewrap.contains(d.number)) {
                d.kek_id = rewrapped_.at(d.number).listed.kek_id;
                d.wrapped = rewrapped_.at(d.number).listed.wrapped;
            }
        std::erase_if(next.deks, [&](const format::head_dek& d) {
            return std::ranges::find(wish.drop, d.number) != wish.drop.end();
        });
    }
    /// The keys of a head that follows `base_`, as far as they are held.
    auto keys_of(const format::head& next) const -> std::shared_ptr<const tree::keyset<C>> {
        auto keys = std::make_shared<tree::keyset<C>>();
        for (const auto& d : next.deks) {
            const auto rewrapped = rewrapped_.find(d.number);
            if (new_keys_ != nullptr && new_keys_->is(d))
                keys->add(new_keys_);
            else if (rewrapped != rewrapped_.end() && rewrapped->second.keys->is(d))
                keys->add(rewrapped->second.keys);
            else if (auto held = live() ? base_->keys->shared(d) : nullptr)
                keys->add(std::move(held));
        }
        return keys;
    }

    // draft_source: old values are loaded when an edit first asks for them.
    auto value_of(const format::entry_key& key, const format::entry_version& v)
        -> result<tree::opened_body> override {
        const auto newest = base_->pages.find(key);
        if (newest.newest != nullptr && newest.newest->is(v)) return base_->open(*newest.newest);
        const auto at = old_records_.find(v.record);
        if (at == old_records_.end()) {
            if (lost_.contains(v.record)) return errc::tampered;
            wanted_.push_back(v.record);
            return errc::unavailable;
        }
        const auto parts = format::parse_object(at->second);
        if (!parts) return parts.error();
        const auto* keys = base_->keys->find(parts->dek);
        if (keys == nullptr) keys = old_keys_.find(parts->dek);
        if (keys == nullptr) return old_key_problem_;
        return keys->open(format::object_kind::record,
                          format::record_aad(parts->prefix, key, v.number), parts->rest);
    }
    auto dek_of(const format::entry_key& key, const format::entry_version& v)
        -> result<std::uint32_t> override {
        const auto newest = base_->pages.find(key);
        if (newest.newest != nullptr && newest.newest->is(v) && newest.newest->dek() != 0)
            return newest.newest->dek();
        const auto at = old_records_.find(v.record);
        if (at == old_records_.end()) {
            if (lost_.contains(v.record)) return errc::tampered;
            wanted_.push_back(v.record);
            return errc::unavailable;
        }
        const auto parts = format::parse_object(at->second);
        return parts ? result<std::uint32_t>(parts->dek) : parts.error();
    }
    auto deks() const -> std::span<const format::head_dek> override {
        return live() ? std::span<const format::head_dek>(base_->head.deks)
                      : std::span<const format::head_dek>();
    }
    auto new_id() -> result<format::secret_id> override {
        format::secret_id id{};
        if (auto drawn = cipher_.random(id); !drawn) return drawn.error();
        return id;
    }
    auto load_old_records() -> action {
        loading_ = true;
        std::vector<std::string> keys;
        for (std::size_t i = 0; i < std::min(most_per_load, wanted_.size()); ++i)
            keys.push_back(format::store_key(wanted_[i]));
        return load{of_.partition, std::move(keys)};
    }
    auto on_old_records(result<cut> answer) -> action {
        loading_ = false;
        if (!answer) return done(answer.error());
        const auto n = std::min(most_per_load, wanted_.size());
        if (answer->objects.size() != n) return done(errc::tampered);
        bool missing = false;
        for (std::size_t i = 0; i < n; ++i) {
            auto& object = answer->objects[i];
            if (object && cipher_.sha256(*object) == wanted_[i])
                old_records_.emplace(wanted_[i], std::move(*object));
            else
                missing = lost_.emplace(wanted_[i], fresh_).second || missing;
        }
        if (missing &&
            !fresh_) { // another writer may have trimmed it: look at the newest state first
            lost_.clear();
            return look(after::edit);
        }
        wanted_.erase(wanted_.begin(), wanted_.begin() + static_cast<std::ptrdiff_t>(n));
        return wanted_.empty() ? want_old_keys() : load_old_records();
    }
    /// An old version may be under a DEK that no newest value needs.
    auto want_old_keys() -> action {
        for (const auto& [name, object] : old_records_) {
            const auto parts = format::parse_object(object);
            if (!parts || base_->keys->find(parts->dek) || old_keys_.find(parts->dek)) continue;
            const auto* listed = base_->head.find_dek(parts->dek);
            if (listed == nullptr || old_key_problem_ != errc::tampered) continue;
            pending_dek_ = *listed;
            return unwrap{listed->kek_id, of_.environment, listed->wrapped,
                          format::wrap_aad(binding_of(*listed), listed->kek_id)};
        }
        return edit();
    }
    auto on_old_key(result<key_bytes> answer) -> action {
        const auto listed = *std::exchange(pending_dek_, std::nullopt);
        if (!answer) {
            old_key_problem_ = answer.error().code;
            return edit();
        }
        auto keys = tree::make_dek_keys<C>(cipher_, answer->view(), binding_of(listed), listed);
        if (!equal_constant_time(keys->commitment(), listed.commitment))
            return done(errc::tampered);
        old_keys_.add(std::move(keys));
        return want_old_keys();
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
        if (!answer || answer->at != base_->at) return seal(); // another time: it is only tidying
        erasable found;
        for (auto& [key, value] : answer->entries)
            if (key != "head") found.add(std::move(key));
        found.keep(*base_);
        auto unlisted = found.take();
        const auto age = time_->wall().count() - static_cast<std::int64_t>(base_->head.written_at);
        if (age >= options_.grace.count() || unlisted.size() > most_unlisted)
            std::move(unlisted.begin(), unlisted.end(), std::back_inserter(options_.erase));
        return seal();
    }

    // Sealing and committing ----------------------------------------------------------------------

    auto next_head() const -> format::head {
        format::head next;
        if (base_ != nullptr) {
            next = base_->head;
            next.generation += 1;
            next.ancestors = format::next_ancestors(base_->head);
        } else {
            next.realm = of_.realm;
            next.environment = of_.environment;
        }
        next.written_at = static_cast<std::uint64_t>(time_->wall().count());
        if (new_keys_ != nullptr) {
            if (!live()) next.deks.clear();
            next.deks.push_back(new_listed_);
        }
        if (live() && draft_) apply_keys(next);
        return next;
    }

    auto seal() -> action {
        auto next = next_head();
        const auto before = next.deks.back().seals;
        if (before + seals_ >= format::limits::seals_refuse) return done(errc::unsupported);
        const auto keys =
            new_keys_ == nullptr && !draft_->keys().any() ? base_->keys : keys_of(next);
        const auto* active = keys->find(next.active().number);
        if (draft_->changes().empty()) return send_head(*active, std::move(next), keys);
        auto sealed =
            sealer<C>(cipher_, *active, seals_)
                .seal(live() ? base_.get() : nullptr, *draft_, std::move(next), keys, before);
        if (!sealed) return done(sealed.error());
        mine_ = std::move(sealed->snapshot);
        my_records_ = std::move(sealed->records);
        return send(std::move(sealed->writes));
    }

    /// A head over the same tree: nothing but its DEKs changes.
    auto send_head(const tree::dek_keys<C>& active, format::head&& next,
                   std::shared_ptr<const tree::keyset<C>> keys) -> action {
        next.deks.back().seals += seals_;
        auto data = sign_head(active, next);
        const auto id = format::revision_of(cipher_.sha256(data));
        mine_ = std::make_shared<const tree::snapshot<C>>(
            tree::snapshot<C>{std::move(next), id, id, std::move(keys), base_->pages});
        my_records_.clear();
        std::vector<object_write> writes;
        writes.push_back({"head", std::move(data)});
        return send(std::move(writes));
    }
    auto send(std::vector<object_write>&& writes) -> action {
        std::size_t total = 0;
        for (const auto& w : writes) {
            if (w.value->size() > options_.limits.object_bytes) return done(errc::too_large);
            total += w.value->size();
        }
        if (total > options_.limits.commit_bytes) return done(errc::too_large);
        add_erasures(writes);
        writes_ = std::make_shared<const std::vector<object_write>>(std::move(writes));
        sendings_ = 1;
        unknown_sent_ = false;
        return commit{of_.partition, expected(), mine_->at, writes_};
    }
    auto expected() const -> revision { return base_ == nullptr ? revision{} : base_->at; }

    /// What is erased must really be unlisted: a merge or a restore may have brought it back. What
    /// the last state lists stays too, for readers that are at it.
    void add_erasures(std::vector<object_write>& writes) const {
        erasable gone;
        for (const auto& key : options_.erase)
            gone.add(key);
        gone.keep(*mine_);
        if (live()) gone.keep(*base_);
        for (auto& key : gone.take())
            writes.push_back({std::move(key), std::nullopt});
    }

    auto close() -> action {
        if (!fresh_) return look(after::edit);
        if (auto next = want_anchor()) return *std::move(next);
        if (!swept_)
            return sweep(); // nothing is left but the head: what waits for its grace goes too
        auto next = next_head();
        next.root = {};
        const auto* active = base_->keys->find(next.active().number);
        std::unordered_set<std::string> gone(options_.erase.begin(), options_.erase.end());
        each_listed(*base_,
                    [&](const format::object_name& name) { gone.insert(format::store_key(name)); });
        std::vector<object_write> writes;
        for (const auto& key : gone)
            writes.push_back({key, std::nullopt});
        auto data = sign_head(*active, next);
        const auto id = format::revision_of(cipher_.sha256(data));
        writes.push_back({"head", std::move(data)});
        mine_ = std::make_shared<const tree::snapshot<C>>(
            tree::snapshot<C>{std::move(next), id, id, base_->keys, {}});
        writes_ = std::make_shared<const std::vector<object_write>>(std::move(writes));
        sendings_ = 1;
        return commit{of_.partition, expected(), mine_->at, writes_};
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
        fresh_ = false;
        return attempts_ == 1 ? look(after::edit) : wait_then(after::edit);
    }

    auto on_committed() -> action {
        anchoring_ = true;
        committed_ = mine_;
        return remember{of_.realm, of_.environment, mine_->head.lineage_of()};
    }

    auto finished() -> value_type {
        value_type out;
        out.committed = committed_ != nullptr;
        out.confirmed_key = options_.confirm_key;
        out.snapshot = out.committed ? committed_ : base_;
        if (out.committed && live() && !mine_->closed())
            each_unlisted(*base_, *mine_, [&](const format::object_name& name) {
                out.unlisted.push_back(format::store_key(name));
            });
        return out;
    }

    // When the outcome is unknown -----------------------------------------------------------------

    /// The store can't be asked now: again after a pause, and at last the truth is that nobody
    /// knows.
    auto look_again() -> action {
        if (++blind_looks_ >= most_sendings) return done(errc::outcome_unknown);
        ++attempts_;
        return wait_then(after::settle);
    }

    auto settle(tree::snapshot_ptr<C> now) -> action {
        if (is_mine(now)) {
            known_ = now;
            seen_ = now->head.mark_of();
            if (now->head.mac == mine_->head.mac) return on_committed();
            anchoring_ = true; // mine, and others on top of it: the newest is what to remember
            committed_ = now;
            return remember{of_.realm, of_.environment, now->head.lineage_of()};
        }
        const bool unmoved =
            base_ == nullptr ? now == nullptr : now != nullptr && now->head.mac == base_->head.mac;
        if (unmoved) return send_again();
        if (now != nullptr &&
            now->head.generation > mine_->head.generation + format::limits::ancestors)
            return done(errc::outcome_unknown);
        // Another head stands where ours would: ours can't be committed any more.
        if (fencing_) return done(errc::unavailable);
        adopt(std::move(now));
        unknown_sent_ = false;
        return on_conflict();
    }
    auto is_mine(const tree::snapshot_ptr<C>& now) const -> bool {
        if (now == nullptr || now->head.generation < mine_->head.generation) return false;
        const auto distance = now->head.generation - mine_->head.generation;
        if (distance == 0) return now->head.mac == mine_->head.mac;
        if (distance <= format::limits::ancestors)
            return now->head.ancestors[distance - 1] == format::ancestor_of(mine_->head.mac);
        bool found = false;
        for (const auto& record : my_records_)
            now->pages.each_from({}, [&](const format::entry& e, const tree::leaf&) {
                for (const auto& v : e.versions)
                    found = found || v.record == record;
                return !found;
            });
        return found;
    }
    /// The old head proves nothing, the commit may still be on its way: the same bytes again, and
    /// at last a head without a change on the same condition, which one of the two can win alone.
    auto send_again() -> action {
        if (fencing_ && sendings_ >= most_sendings) return done(errc::outcome_unknown);
        if (++sendings_ <= most_sendings) {
            if (!fencing_) return commit{of_.partition, expected(), mine_->at, writes_};
            return commit{of_.partition, expected(), fence_at_, fence_};
        }
        if (!live()) return done(errc::outcome_unknown);
        fencing_ = true;
        sendings_ = 1;
        auto next = next_head();
        next.deks = base_->head.deks;
        next.deks.back().seals += seals_;
        next.root = base_->head.root;
        auto data = sign_head(*base_->keys->find(next.active().number), next);
        fence_at_ = format::revision_of(cipher_.sha256(data));
        fence_ = std::make_shared<const std::vector<object_write>>(
            std::vector<object_write>{{"head", std::move(data)}});
        return commit{of_.partition, expected(), fence_at_, fence_};
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
    bool starting_ = false; ///< The anchor is asked whether `base_` is the newest.
    bool loading_ = false;  ///< Old records are on their way.
    bool sweeping_ = false;
    bool swept_ = false;
    bool anchoring_ = false; ///< Committed; the anchor is being written.
    bool fresh_ = false;     ///< `base_` was the newest state in this run.
    unsigned attempts_ = 0;
    unsigned blind_looks_ = 0;

    tree::snapshot_ptr<C> base_{};
    tree::snapshot_ptr<C> anchored_{}; ///< The `base_` that the anchor knows as the newest.
    std::optional<tree::draft> draft_{};
    std::vector<format::object_name> wanted_{};
    tree::object_cache old_records_{};
    tree::by_object_name<bool> lost_{};
    tree::keyset<C> old_keys_{};
    errc old_key_problem_ = errc::tampered;
    std::optional<format::head_dek> pending_dek_{};

    std::uint32_t next_dek_ = 1;
    std::string kek_id_{};
    key_bytes new_dek_{};
    format::head_dek new_listed_{};
    std::shared_ptr<const tree::dek_keys<C>> new_keys_{};
    bool dek_wished_ = false; ///< By an edit.
    std::optional<rewrap<C>> rewrap_{};
    std::map<std::uint32_t, rewrapped_dek<C>> rewrapped_{}; ///< Of `base_`.

    std::uint64_t seals_ = 0; ///< Since the last success, lost attempts included.
    tree::snapshot_ptr<C> mine_{};
    std::vector<format::object_name> my_records_{};
    std::shared_ptr<const std::vector<object_write>> writes_{};
    tree::snapshot_ptr<C> committed_{};
    bool unknown_sent_ = false; ///< A sending of `writes_` may still land.
    unsigned sendings_ = 0;
    bool fencing_ = false;
    std::shared_ptr<const std::vector<object_write>> fence_{};
    revision fence_at_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
