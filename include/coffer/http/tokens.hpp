// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_TOKENS_HPP
#define COFFER_HTTP_TOKENS_HPP

#include <coffer/any_vault.hpp>
#include <coffer/clock.hpp>
#include <coffer/http/authenticator.hpp>
#include <coffer/http/granted_places.hpp>
#include <coffer/http/rate_limit.hpp>
#include <coffer/http/token_row.hpp>
#include <coffer/http/token_text.hpp>
#include <coffer/names.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// A token that was just made: its text is to be had this once.
struct minted_token {
    token_row row{};
    secret text{};
};

/// A token that lost grants. `narrowed`: it is left with those of `row`; else it is gone, and `row`
/// is what it was.
struct ended_token {
    token_row row{};
    bool narrowed = false;
};

/// An environment or a space that was removed. `unlooked`: why the tokens that were made meanwhile
/// can't be looked at, so that one may keep a grant on what is gone: it gives nothing until that id is
/// used again, and it is listed until it is revoked. Nothing: no token has one.
struct removed_scope {
    std::optional<failure> unlooked{};
};

/// When and from where a token was last used, as far as this process knows.
struct token_use {
    std::uint64_t at = 0; ///< Milliseconds since 1970; 0: not since this process began.
    std::string peer{};
};

/// The tokens of a service, kept sealed in Coffer's own environment (see token_row). A token that
/// another process revoked is refused here after the vault's recheck_after at the latest; one that
/// this process revoked, at the next request. Before a token is refused, for whatever reason, the
/// store is looked at once more, so that one which another process has just made is known: a look
/// that begins after the request, shared by all who are refused meanwhile, as often as
/// looks_for_refused lets them, so that guessing is no load on the store; none while the store is
/// known to be away. Thread-safe.
class token_registry final : public authenticator {
public:
    using row_ptr = std::shared_ptr<const token_row>;

    /// The looks that refusals may cause, whoever is refused.
    static constexpr rate looks_for_refused{600};

    /// `time` outlives the registry.
    explicit token_registry(any_vault vault, const clock& time = machine_clock())
        : vault_(std::move(vault)), time_(&time), looks_(looks_for_refused, time) {}

    /// Makes a token. Who may is not asked here: see may_grant.
    /// Errors: invalid_argument (no name, no grants or too many, one that does not go together or
    /// has ids or patterns that are none, an expiry that is past or too far off), those of writing.
    /// After outcome_unknown there may be a row for a token that nobody has. Rows that expired a
    /// day ago and more go, once an hour.
    auto mint(token_wish wish) -> result<minted_token> {
        minted_token out;
        auto& row = out.row;
        row.name = std::move(wish.name);
        row.grants = std::move(wish.grants);
        row.created_by = std::move(wish.created_by);
        row.created = now();
        const auto shortest = static_cast<std::uint64_t>(longest_personal_life.count());
        row.expires = wish.expires == 0 ? row.created + shortest : wish.expires;
        if (auto valid = check(row); !valid) return valid.error();
        key_bytes key;
        if (auto made = vault_->random(key.span()); !made) return made.error();
        auto id = make_token_id(vault_);
        if (!id) return id.error();
        row.id = *std::move(id);
        row.hash = vault_->sha256(key.view());
        const auto kept = to_json(row);
        const auto read = read_token_row(row.id, kept);
        if (!read || read->grants != row.grants) return errc::invalid_argument;
        write_options how;
        how.if_version = 0;
        how.author = row.created_by;
        auto put = vault_->put_system(entry_prefix + row.id, kept, how);
        if (!put) return put.error();
        sweep();
        out.text = token_of(token_prefix, row.id, key.view());
        return out;
    }

    /// The same for what was looked at before it was decided that its grants may be given. Where
    /// any of that was removed meanwhile, even if it was made again since, unknown_scope: nobody
    /// gets such a token, and its row is removed. Errors also: those of reading it again. After an
    /// error there may be a row for a token that nobody has.
    auto mint(token_wish wish, const granted_places& seen) -> result<minted_token> {
        auto made = mint(std::move(wish));
        if (!made) return made;
        // Only now: what is removed from here on finds the row (see remove_scope).
        const auto now = granted_places::look_anew(*vault_, made->row.grants);
        if (now && *now == seen) return made;
        (void)revoke(made->row.id);
        return now ? failure(errc::unknown_scope) : now.error();
    }

    /// Removes a token: it is refused from the next request on. Errors: not_found, those of
    /// writing.
    auto revoke(std::string_view id) -> result<void> {
        if (!is_id(id)) return errc::not_found;
        auto done = vault_->erase_system(entry_prefix + std::string(id), {});
        if (!done && done.error().code == errc::unknown_scope) return errc::not_found;
        return done ? result<void>() : result<void>(done.error());
    }

    /// Removes an environment or a space with what tokens may do there (see end_in, also for `told`),
    /// which would be good again where one of the same id is made later. A token that is made
    /// meanwhile loses it too, or is none (see mint), but where they can't be looked at once it was
    /// removed (removed_scope::unlooked), or the process ends at that moment. Errors: those of
    /// ending them, before which nothing is removed; those of removing.
    template <class Told>
    auto remove_scope(const scope& where, std::string_view by, Told&& told)
        -> result<removed_scope> {
        if (auto ended = end_in(where, by, told); !ended) return ended.error();
        auto gone = where.space.empty() ? vault_->remove_environment(where.environment)
                                        : vault_->remove_space(where.view());
        if (!gone) return gone.error();
        removed_scope out;
        if (auto ended = end_in(where, by, told); !ended) out.unlooked = ended.error();
        return out;
    }

    /// Takes from every token what it may do in a scope: an environment with all its spaces, or a
    /// space. One that has no other grants is removed. Of rows that can't be read, which let nobody
    /// in, none is touched. `told(ended_token)` is called for each as soon as it was changed, so
    /// that those are known after an error too. Errors: those of reading and writing.
    template <class Told>
    auto end_in(const scope& where, std::string_view by, Told&& told) -> result<void> {
        const auto asked = vault_->refresh(system_environment); // for what other processes made
        if (!asked && asked.error() != errc::unknown_scope) return asked;
        auto state = at_now();
        if (!state) return state.error();
        if (!*state) return {};
        for (const auto& e : (*state)->list()) {
            if (!e.name.starts_with(entry_prefix)) continue;
            const auto id = std::string_view(e.name).substr(entry_prefix.size());
            auto ended = end_one_in(where, id, by);
            for (int tries = 1; !ended && ended.error() == errc::conflict && tries < 16; ++tries)
                ended = end_one_in(where, id, by);
            if (!ended) return ended.error();
            if (*ended) told(**std::move(ended));
        }
        return {};
    }

    /// A token by its id, expired or not. Errors: not_found, those of reading.
    auto find(std::string_view id) -> result<row_ptr> {
        if (!is_id(id)) return errc::not_found;
        auto state = at_now();
        if (!state) return state.error();
        if (!*state) return errc::not_found;
        return row_in(**state, id);
    }
    /// The same if it can be told without waiting, else nothing.
    auto try_find(std::string_view id) -> row_ptr {
        if (!is_id(id)) return nullptr;
        const auto state = vault_->try_at({.environment = system_environment});
        if (!state) return nullptr;
        auto row = row_in(*state, id);
        return row ? *std::move(row) : nullptr;
    }

    /// Every token, expired ones too, in the order in which they were made. Those whose rows can't
    /// be read come first, not `readable`: they hide no other, and can be revoked. Errors: those of
    /// reading.
    auto list() -> result<std::vector<row_ptr>> {
        std::vector<row_ptr> out;
        auto state = at_now();
        if (!state) return state.error();
        if (!*state) return out;
        for (const auto& e : (*state)->list()) {
            if (!e.name.starts_with(entry_prefix)) continue;
            const auto id = std::string_view(e.name).substr(entry_prefix.size());
            auto row = row_in(**state, id);
            if (!row && !is_unreadable(row.error())) return row.error();
            out.push_back(row ? *std::move(row) : unreadable_row(id));
        }
        std::stable_sort(out.begin(), out.end(), [](const row_ptr& a, const row_ptr& b) {
            return a->created < b->created;
        });
        return out;
    }

    /// Whether it says that a row is there that nobody can read: damaged, or of a later version.
    static auto is_unreadable(const failure& why) noexcept -> bool {
        return why.code == errc::tampered || why.code == errc::unsupported;
    }
    /// Whether a text has the form of an id: a whole token has not.
    static auto is_id(std::string_view id) noexcept -> bool { return detail::is_token_id(id); }
    auto is_expired(const token_row& row) const noexcept -> bool { return now() >= row.expires; }
    auto last_use(std::string_view id) -> token_use {
        const std::lock_guard lock(mutex_);
        const auto found = uses_.find(id);
        return found == uses_.end() ? token_use() : found->second;
    }
    auto time() const noexcept -> const clock& { return *time_; }
    auto now() const noexcept -> std::uint64_t {
        return static_cast<std::uint64_t>(time_->wall().count());
    }
    auto vault() const noexcept -> const any_vault& { return vault_; }

    auto authenticate(std::string_view bearer, const request& in) -> result<principal> override {
        const auto text = parse_token(token_prefix, bearer);
        if (!text) return errc::denied;
        const auto at = now();
        auto known = holder_in(at_now(), *text, at);
        if (known && !known->who && !known->stale) {
            look_again();
            known = holder_in(at_now(), *text, at);
        }
        if (!known) return known.error();
        if (!known->who) return errc::denied;
        note_use(known->who->token_id, in.peer, at);
        return *std::move(known->who);
    }
    auto try_authenticate(std::string_view bearer, const request& in)
        -> std::optional<principal> override {
        const auto text = parse_token(token_prefix, bearer);
        if (!text) return std::nullopt;
        const auto at = now();
        auto who = holder(*text, try_find(text->id), at);
        if (who) note_use(who->token_id, in.peer, at);
        return who;
    }

    /// Who a row's token stands for. `row` is not null; its grants are shared.
    static auto principal_of(const row_ptr& row) -> principal {
        principal who;
        who.token_id = row->id;
        who.name = row->name;
        who.grants = grant_list(std::shared_ptr<const std::vector<grant>>(row, &row->grants));
        who.expires = row->expires;
        return who;
    }
    void note_use(std::string_view id, std::string_view peer, std::uint64_t at) {
        const std::lock_guard lock(mutex_);
        auto found = uses_.find(id);
        if (found == uses_.end()) found = uses_.emplace(std::string(id), token_use()).first;
        found->second.at = at;
        if (found->second.peer != peer) found->second.peer = peer;
    }

private:
    inline static const std::string entry_prefix = "token/";

    struct cached_row {
        std::uint64_t number = 0; ///< Of the state that it was read in.
        row_ptr row{};
    };

    auto check(const token_row& row) const -> result<void> {
        if (row.name.empty() || row.grants.empty() || row.grants.size() > most_grants)
            return errc::invalid_argument;
        if (auto valid = check_author(row.name); !valid) return valid;
        for (const auto& g : row.grants)
            if (!well_formed(g)) return errc::invalid_argument;
        const auto longest = static_cast<std::uint64_t>(longest_life(row.grants).count());
        if (row.expires <= row.created || row.expires - row.created > longest)
            return errc::invalid_argument;
        return {};
    }

    /// Coffer's own environment now; none if there is none yet, and so no token.
    auto at_now() -> result<std::optional<view>> {
        auto state = vault_->resolver().at({.environment = system_environment});
        if (state) return std::optional<view>(*std::move(state));
        if (state.error().code == errc::unknown_scope) return std::optional<view>();
        return state.error();
    }

    static auto unreadable_row(std::string_view id) -> row_ptr {
        token_row out;
        out.id = id;
        out.readable = false;
        return std::make_shared<const token_row>(std::move(out));
    }

    /// The row of an id in a state, parsed at most once a state. Errors: not_found, tampered,
    /// those of opening.
    auto row_in(const view& state, std::string_view id) -> result<row_ptr> {
        const auto number = state.number();
        {
            const std::lock_guard lock(mutex_);
            const auto found = rows_.find(id);
            if (found != rows_.end() && found->second.number == number) return found->second.row;
        }
        const auto value = state.get(entry_prefix + std::string(id));
        if (!value) return value.error();
        auto row = read_token_row(id, value->expose_secret());
        if (!row) return row.error();
        auto kept = std::make_shared<const token_row>(*std::move(row));
        const std::lock_guard lock(mutex_);
        std::erase_if(rows_, [&](const auto& r) { return r.second.number < number; });
        rows_[std::string(id)] = {number, kept};
        return row_ptr(std::move(kept));
    }

    /// Removes what nobody can use any more, and forgets when those were used that are gone. If that
    /// fails, the next time will do.
    void sweep() {
        constexpr std::uint64_t day = 86'400'000;
        {
            const std::lock_guard lock(mutex_);
            const auto at = time_->boot();
            if (next_sweep_ > at) return;
            next_sweep_ = at + std::chrono::hours(1);
        }
        const auto state = at_now();
        if (!state || !*state) return;
        std::set<std::string, std::less<>> here;
        for (const auto& e : (*state)->list()) {
            if (!e.name.starts_with(entry_prefix)) continue;
            const auto id = std::string_view(e.name).substr(entry_prefix.size());
            here.emplace(id);
            const auto row = row_in(**state, id);
            if (row && now() >= (*row)->expires + day) (void)vault_->erase_system(e.name, {});
        }
        const std::lock_guard lock(mutex_);
        std::erase_if(uses_, [&](const auto& use) { return !here.contains(use.first); });
    }

    /// See end_in. Errors also: conflict (somebody else changed the row meanwhile).
    auto end_one_in(const scope& where, std::string_view id, std::string_view by)
        -> result<std::optional<ended_token>> {
        const auto state = at_now();
        if (!state) return state.error();
        const auto name = entry_prefix + std::string(id);
        const auto row = *state ? row_in(**state, id) : result<row_ptr>(errc::not_found);
        const auto told = *state ? (*state)->explain(name) : result<explanation>(errc::not_found);
        if (!row || !told || !told->decided()) {
            const auto why = !row ? row.error().code : errc::not_found;
            return is_away(why) ? result<std::optional<ended_token>>(why)
                                : std::optional<ended_token>();
        }
        ended_token out{**row, false};
        std::erase_if(out.row.grants, [&](const grant& g) {
            return g.environment == where.environment &&
                   (where.space.empty() || g.space == where.space);
        });
        if (out.row.grants.size() == (*row)->grants.size()) return std::optional<ended_token>();
        out.narrowed = !out.row.grants.empty();
        write_options how;
        how.if_version = told->layers[told->decides].version;
        how.author = std::string(by);
        const auto done = out.narrowed ? vault_->put_system(name, to_json(out.row), how)
                                       : vault_->erase_system(name, how);
        if (!done && done.error().code == errc::not_found) return std::optional<ended_token>();
        if (!done) return done.error();
        if (!out.narrowed) out.row = **row;
        return std::optional<ended_token>(std::move(out));
    }

    /// Whose text it is. An id that is not there costs as much as one that is.
    auto holder(const token_text& text, const row_ptr& row, std::uint64_t at) const
        -> std::optional<principal> {
        static const token_row nobody;
        const auto& of = row != nullptr ? *row : nobody;
        const auto hash = vault_->sha256(text.secret.view());
        const bool same = equal_constant_time(hash, of.hash);
        if (!same || row == nullptr || at >= of.expires) return std::nullopt;
        auto who = principal_of(row);
        who.confirmed_at = time_->boot();
        return who;
    }

    struct token_holder {
        std::optional<principal> who{};
        bool stale = false; ///< So the store is away.
    };
    /// Whose text it is, going by a state. Errors: why there is no state, those of reading the row.
    auto holder_in(const result<std::optional<view>>& state, const token_text& text,
                   std::uint64_t at) -> result<token_holder> {
        if (!state) return state.error();
        const auto row = *state ? row_in(**state, text.id) : result<row_ptr>(errc::not_found);
        if (!row && row.error().code != errc::not_found) return row.error();
        return token_holder{holder(text, row ? *row : nullptr, at), *state && (*state)->stale()};
    }
    /// Looks at the store, unless another's look has begun since this was called: that one is
    /// waited for. Nothing where looks_for_refused are used up.
    void look_again() {
        const auto begun = looks_begun_.load();
        const std::lock_guard turn(looking_);
        if (looks_begun_ != begun || looks_.take({}) != std::chrono::seconds(0)) return;
        ++looks_begun_;
        (void)vault_->refresh(system_environment); // refused all the same if that fails
    }

    any_vault vault_;
    const clock* time_;
    std::mutex looking_;
    std::atomic<std::uint64_t> looks_begun_ = 0;
    rate_limiter looks_;
    std::mutex mutex_;
    std::map<std::string, cached_row, std::less<>> rows_{};
    std::map<std::string, token_use, std::less<>> uses_{};
    std::chrono::milliseconds next_sweep_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
