// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_ENGINE_HPP
#define COFFER_DETAIL_ENGINE_HPP

#include <coffer/algorithm/drive.hpp>
#include <coffer/algorithm/registry_edits.hpp>
#include <coffer/algorithm/transact.hpp>
#include <coffer/algorithm/verify.hpp>
#include <coffer/detail/slot.hpp>
#include <coffer/policy.hpp>
#include <coffer/tree/snapshot_view.hpp>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

namespace coffer::inline COFFER_ABI::detail {

/// Rises when an engine goes, so that threads let go of the views that they keep of it.
inline auto engines_gone() noexcept -> std::atomic<std::uint64_t>& {
    static std::atomic<std::uint64_t> count{0};
    return count;
}

/// What vault and resolver share: store, cipher, keys, and what is held of each environment.
template <class P>
class engine {
public:
    using S = typename P::store_type;
    using C = typename P::cipher_type;
    using K = typename P::key_provider_type;
    using I = typename P::inheritance_type;
    using ms = std::chrono::milliseconds;
    using slot_type = slot<C>;

    engine(S store, C cipher, K keys, I inheritance, options with)
        : store_(std::move(store)), cipher_(std::move(cipher)), keys_(std::move(keys)),
          inheritance_(std::move(inheritance)), options_(std::move(with)),
          time_(options_.time != nullptr ? options_.time : &machine_clock()) {}
    engine(const engine&) = delete;
    auto operator=(const engine&) -> engine& = delete;
    ~engine() { engines_gone().fetch_add(1, std::memory_order_release); }

    auto store() noexcept -> S& { return store_; }
    auto keys() noexcept -> K& { return keys_; }
    auto cipher() const noexcept -> const C& { return cipher_; }
    auto settings() const noexcept -> const options& { return options_; }
    auto time() const noexcept -> const clock& { return *time_; }

    /// What is held of an environment, kept as long as the engine lives.
    auto slot_of(std::string_view environment) -> slot_type& {
        auto s = borrow_slot(environment);
        s->keep();
        return *s;
    }
    /// The same for a caller, who may ask for any name: it is given back, and one that turned out
    /// to be of no environment goes, so that made-up names don't fill the memory.
    auto borrow_slot(std::string_view environment) -> std::shared_ptr<slot_type> {
        const std::lock_guard lock(mutex_);
        auto& held = slots_[std::string(environment)];
        if (held == nullptr)
            held = std::make_shared<slot_type>(
                algorithm::subject{options_.realm, std::string(environment),
                                   format::partition_name(cipher_, options_.realm, environment)});
        return held;
    }
    void give_back(const std::shared_ptr<slot_type>& s) {
        const std::lock_guard lock(mutex_);
        if (s.use_count() == 2 && s->disposable())
            slots_.erase(s->of().environment); // ours and the map's
    }
    /// Calls f(slot), borrowed and given back.
    template <class F>
    auto with_slot(std::string_view environment, F&& f) {
        const auto s = borrow_slot(environment);
        auto answer = f(*s);
        give_back(s);
        return answer;
    }

    // Reading -------------------------------------------------------------------------------------

    /// The newest state of an environment, or the last one while the store is away. Its snapshot is
    /// null where there is none.
    auto observe(slot_type& s) -> result<current_state<C>> {
        if (auto known = without_look(s)) return *std::move(known);
        return state_after(s, s.looks().share([&] { return refresh(s); }));
    }
    /// What a reader gets that need not look at the store: the last state, where the last look is
    /// recent enough; where it found the store away, the last state as well, stale, as long as
    /// somebody else looks. So a store that hangs keeps one reader waiting, not all, unless
    /// recheck_after is 0: then every read looks for itself.
    auto without_look(const slot_type& s) const -> std::optional<current_state<C>> {
        if (is_recent(s)) return s.state(false);
        if (!is_asked_in_vain(s)) return std::nullopt;
        auto instead = in_place_of(s, errc::unavailable);
        if (!instead) return std::nullopt;
        return *std::move(instead);
    }
    /// What a reader gets after a look at the store that ended so.
    auto state_after(const slot_type& s, const result<void>& looked) const
        -> result<current_state<C>> {
        if (looked) return s.state(false);
        return in_place_of(s, looked.error());
    }
    /// Whether the last look, and the key side's last word, are recent enough for a read not to
    /// look again.
    auto is_recent(const slot_type& s) const noexcept -> bool {
        const auto checked = s.checked();
        const auto now = time_->boot();
        return checked.count() >= 0 && options_.recheck_after.count() > 0 &&
               now - checked < options_.recheck_after && !keys_due(s, now);
    }
    /// Whether the last look found the store away, and another is under way.
    auto is_asked_in_vain(const slot_type& s) const -> bool {
        return s.is_away() && options_.recheck_after.count() > 0 && s.looks().is_flying();
    }
    /// The answer when a refresh failed: the last state while the store alone is away, else the
    /// error.
    auto in_place_of(const slot_type& s, const failure& why) const -> result<current_state<C>> {
        const auto checked = s.checked();
        if (!is_away(why.code) || checked.count() < 0 ||
            time_->boot() - checked > options_.serve_stale_for)
            return why;
        return s.state(true);
    }
    auto refresh(slot_type& s) -> result<void> {
        if (auto valid = check_realm(options_.realm); !valid) return valid;
        auto plan = plan_look(s);
        return looked(s, algorithm::run(plan.look, store_, keys_), plan.from);
    }
    using origin = typename slot_type::origin;
    /// A look that is yet to be run.
    struct planned_look {
        algorithm::refresh<C> look;
        origin from{};
    };
    auto plan_look(const slot_type& s) const -> planned_look {
        auto [known, seen, version] = s.held();
        const origin from{time_->boot(), version, keys_due(s)};
        return {{cipher_, s.of(), std::move(known), seen, from.confirmed}, from};
    }
    /// Takes over what a look found.
    auto looked(slot_type& s, result<tree::snapshot_ptr<C>>&& found, const origin& from) const
        -> result<void> {
        s.note_away(!found && is_away(found.error().code));
        auto taken =
            found ? s.adopt(*std::move(found), from) : result<void>(std::move(found).error());
        if (!taken && !is_away(taken.error().code) && taken.error() != errc::cancelled) s.refuse();
        return taken;
    }
    /// Whether the key side is to be asked again for keys that are held.
    auto keys_due(const slot_type& s) const noexcept -> bool { return keys_due(s, time_->boot()); }
    auto keys_due(const slot_type& s, ms now) const noexcept -> bool {
        const auto checked = s.keys_checked();
        return checked.count() < 0 || now - checked >= options_.recheck_keys_after;
    }

    /// The newest state of an environment that is there, or was: a removed one is closed. Errors
    /// also: unknown_scope (it was never made); tampered (the registry lists it, and its head is
    /// gone); foreign.
    auto found(slot_type& s) -> result<current_state<C>> {
        auto state = observe(s);
        if (!state || state->snapshot != nullptr) return state;
        const auto known = registry();
        if (!known) return known.error();
        if (!is_listed_in(*known, s.of().environment)) return errc::unknown_scope;
        // Somebody may have made it in between. A head is there before it is listed and stays for
        // good: who has seen the listing must see it now.
        state = observe(s);
        if (state && state->snapshot == nullptr) return errc::tampered;
        return state;
    }
    auto is_listed(std::string_view environment) -> result<bool> {
        auto known = registry();
        if (!known) return known.error();
        return is_listed_in(*known, environment);
    }
    /// The newest state of the registry; its snapshot is null in a store where nothing was made.
    /// Errors also: foreign.
    auto registry() -> result<current_state<C>> {
        auto state = observe(slot_of(system_environment));
        if (!state || state->snapshot != nullptr) return state;
        if (auto ours = check_ours(); !ours) return ours.error();
        return state;
    }
    /// A store without a registry is new, unless there are heads in it and all are of another
    /// realm. (What can't be listed or read is left to those who read it.)
    auto check_ours() -> result<void> {
        bool others = false;
        if constexpr (ListableStore<S>) {
            const auto partitions = store_.partitions();
            if (!partitions)
                return partitions.error() == errc::unsupported ? result<void>()
                                                               : partitions.error();
            const std::vector<std::string> head{"head"};
            for (const auto& partition : *partitions) {
                const auto ours = is_ours(store_.load(partition, head));
                if (ours.value_or(false)) return {};
                others = others || ours;
            }
        }
        return others ? result<void>(errc::foreign) : result<void>();
    }
    /// Whether the head that was loaded is of this realm; nothing where it can't be read.
    auto is_ours(const result<cut>& head) const -> std::optional<bool> {
        if (!head || head->objects.size() != 1 || !head->objects.front()) return std::nullopt;
        const auto known = format::decode_head(*head->objects.front());
        return known ? std::optional(known->realm == options_.realm) : std::nullopt;
    }
    static auto is_listed_in(const current_state<C>& registry, std::string_view environment)
        -> bool {
        if (registry.snapshot == nullptr) return false;
        const auto found = registry.snapshot->pages.find({{}, {}, listed_name(environment)});
        return found.entry != nullptr && found.newest->state() == format::entry_state::value;
    }
    static auto listed_name(std::string_view environment) -> std::string {
        return std::string("environment/").append(environment);
    }

    auto at(context where) -> result<view> {
        if (auto seen = recent(where)) return *std::move(seen);
        if (auto valid = check_context(where); !valid) return valid.error();
        const auto s = borrow_slot(where.environment);
        const auto state = found(*s);
        auto seen = state ? view_of(*s, *state, where) : result<view>(state.error());
        if (!seen) give_back(s);
        return seen;
    }
    /// at() where no look at the store is due; nothing where one is, or the context is not there.
    auto try_at(context where) -> std::optional<view> {
        if (auto seen = recent(where)) return seen;
        if (!check_context(where)) return std::nullopt;
        const auto s = borrow_slot(where.environment);
        const auto state = without_look(*s);
        if (!state || state->snapshot == nullptr) { // why, at() finds out
            give_back(s);
            return std::nullopt;
        }
        auto seen = view_of(*s, *state, where);
        if (!seen) return std::nullopt;
        return *std::move(seen);
    }
    /// `state` has a snapshot. Errors: unknown_scope (removed, or no such space).
    auto view_of(slot_type& s, const current_state<C>& state, context where) -> result<view> {
        if (const auto* hit = cached(where); hit != nullptr && hit->version == state.version)
            return view(hit->model, state.fresh);
        if (state.snapshot->closed()) return errc::unknown_scope;
        if (options_.known_spaces == spaces::registered && !where.space.empty() &&
            !state.snapshot->pages.has_space(where.space))
            return errc::unknown_scope;
        auto model = std::make_shared<const tree::snapshot_view<C>>(
            state.snapshot, state.version, where, inheritance_.lookup_order(where), *time_);
        if (auto* const views = cache(); views != nullptr)
            views->at(where) = {this, &s, state.version, scope(where), model};
        return view(std::move(model), state.fresh);
    }

    // Writing -------------------------------------------------------------------------------------

    /// Queues an edit and waits for the commit that it is part of.
    template <algorithm::Edit E>
    auto apply(std::string_view environment, E edit, bool create = false)
        -> result<typename E::value_type> {
        algorithm::answered_edit<E> mine(std::move(edit));
        waiting_write waiting{&mine, create, nullptr, false, {}};
        const auto ended = with_slot(environment, [&](slot_type& s) {
            return s.writes().write(waiting, [&](auto&& edits, bool make) {
                return transact(s, std::move(edits), {.create = make});
            });
        });
        if (!ended) return ended.error();
        return mine.take();
    }
    /// Opens what the store holds now, all of it; what is held here stays as it is.
    auto verify(std::string_view environment) -> result<verification> {
        if (auto valid = check_realm(options_.realm); !valid) return valid.error();
        return with_slot(environment, [&](slot_type& s) {
            algorithm::verify<C> look(cipher_, s.of(), s.held().seen);
            return algorithm::run(look, store_, keys_);
        });
    }
    /// Runs an edit that changes nothing on the newest state. It waits for no commit, and leaves
    /// what is to be erased or swept to one.
    template <algorithm::Edit E>
    auto read(std::string_view environment, E edit) -> result<typename E::value_type> {
        if (auto valid = check_realm(options_.realm); !valid) return valid.error();
        algorithm::answered_edit<E> mine(std::move(edit));
        const auto ended = with_slot(environment, [&](slot_type& s) {
            auto [known, seen, version] = s.held();
            before_write before{.from = {time_->boot(), version}};
            algorithm::transact<C> look(cipher_, s.of(), std::move(known), seen, *time_, {&mine},
                                        {.limits = store_.limits(),
                                         .confirm_key = keys_due(s),
                                         .reading = true,
                                         .seals = s.seals()});
            return settle(s, algorithm::run(look, store_, keys_), std::move(before));
        });
        if (!ended) return ended.error();
        return mine.take();
    }
    auto transact(slot_type& s, std::vector<algorithm::queued_edit*>&& edits,
                  algorithm::transact_options with) -> result<void> {
        if (auto valid = check_realm(options_.realm); !valid) return valid;
        auto plan = plan_write(s, std::move(edits), std::move(with));
        auto done = algorithm::run(plan.change, store_, keys_);
        return settle(s, std::move(done), std::move(plan.before));
    }
    /// Commits what is there as what follows all that was given up for it.
    auto supersede(std::string_view environment, const algorithm::superseded& what)
        -> result<void> {
        return with_slot(environment,
                         [&](slot_type& s) { return transact(s, {}, {.supersede = what}); });
    }
    /// What settle() wants to know of a transaction's beginning.
    struct before_write {
        typename slot_type::garbage erased{}; ///< What it was given to erase.
        bool sweep = false;                   ///< It was to look for what nothing lists.
        origin from{};
    };
    /// A transaction that is yet to be run.
    struct planned_write {
        algorithm::transact<C> change;
        before_write before{};
    };
    auto plan_write(slot_type& s, std::vector<algorithm::queued_edit*>&& edits,
                    algorithm::transact_options with) -> planned_write {
        with.sweep = ListableStore<S> && !with.create && s.take_sweep();
        with.grace = options_.erase_after;
        with.limits = store_.limits();
        with.confirm_key = keys_due(s);
        with.seals = s.seals();
        auto [known, seen, version] = s.held();
        before_write before{s.take_garbage(time_->boot(), options_.erase_after),
                            with.sweep,
                            {time_->boot(), version}};
        for (const auto& [since, key] : before.erased)
            with.erase.push_back(key);
        return {
            {cipher_, s.of(), std::move(known), seen, *time_, std::move(edits), std::move(with)},
            std::move(before)};
    }
    /// Takes over what a transaction left.
    auto settle(slot_type& s, result<algorithm::transacted<C>>&& done, before_write&& before)
        -> result<void> {
        const bool committed = done && done->committed;
        if (!committed) s.give_garbage_back(std::move(before.erased));
        if (before.sweep && !(committed && done->swept)) s.give_sweep_back();
        if (!done) return done.error();
        s.unlisted(std::move(done->unlisted), time_->boot());
        before.from.confirmed = done->confirmed_key;
        auto taken = s.adopt(std::move(done->snapshot), before.from);
        if (!taken && committed) return failure(errc::outcome_unknown, taken.error().cause);
        return taken;
    }

private:
    struct cached_view {
        const void* engine = nullptr;
        slot_type* from = nullptr;
        std::uint64_t version = 0;
        scope where{};
        std::shared_ptr<const view_model> model{};
    };
    /// Each thread keeps a few views of its own: copies of one count on a counter of that thread,
    /// so that readers on several threads do not wait for each other's cache lines.
    struct view_cache {
        std::array<cached_view, 16> entries{};
        std::uint64_t gone = 0;
        auto at(context where) -> cached_view& {
            const auto seed = tree::hash_text(where.environment, tree::hash_text(where.actor, 0));
            return entries[tree::hash_text(where.space, seed) % entries.size()];
        }
    };
    struct cache_of_thread {
        view_cache views{};
        ~cache_of_thread() { is_over() = true; }
    };
    /// This thread's cache is gone: what has static storage is destroyed after it.
    static auto is_over() noexcept -> bool& {
        thread_local bool over = false;
        return over;
    }
    /// Null where the thread has ended so far that it has none.
    static auto cache() -> view_cache* {
        if (is_over()) return nullptr;
        thread_local cache_of_thread mine;
        auto& views = mine.views;
        if (const auto gone = engines_gone().load(std::memory_order_acquire); views.gone != gone) {
            views = {};
            views.gone = gone;
        }
        return &views;
    }
    /// The view that this thread had last, where no look at the store is due.
    auto recent(context where) const -> std::optional<view> {
        const auto* hit = cached(where);
        if (hit == nullptr) return std::nullopt;
        // Before the version, which changes first: a state is never told as newer than it is.
        const auto checked = hit->from->checked();
        if (hit->version != hit->from->version() || !is_recent(*hit->from)) return std::nullopt;
        return view(hit->model, {checked, false});
    }
    /// The view that this thread had last there, of whatever version.
    auto cached(context where) const -> const cached_view* {
        auto* const views = cache();
        if (views == nullptr) return nullptr;
        const auto& hit = views->at(where);
        return hit.engine == this && hit.where.view() == where ? &hit : nullptr;
    }

    S store_;
    C cipher_;
    K keys_;
    [[no_unique_address]] I inheritance_;
    options options_;
    const clock* time_;
    std::mutex mutex_;
    std::unordered_map<std::string, std::shared_ptr<slot_type>> slots_;
};

} // namespace coffer::inline COFFER_ABI::detail

#endif
