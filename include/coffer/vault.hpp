// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_VAULT_HPP
#define COFFER_VAULT_HPP

#include <coffer/dated.hpp>
#include <coffer/detail/environments.hpp>
#include <coffer/detail/write_planner.hpp>
#include <coffer/entries.hpp>
#include <coffer/key_life.hpp>
#include <coffer/resolver.hpp>
#include <coffer/writes.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// Keeps secrets for environments and spaces: the writing half of a policy, and the way to its
/// resolver.
///
///     coffer::vault vault{coffer::file::open("secrets").value(), coffer::cryptopp::aes_256_gcm{},
///                         coffer::keyring::open_or_create("keys/keyring.json").value()};
///     vault.ensure_space({.environment = "prod", .space = "acme"}).value();
///     vault.put({.environment = "prod"}, "SLACK_TOKEN", "xoxb-everyone").value();
///
/// Every write is one atomic, durable commit (as durable as the store promises), made on top of the
/// newest verified state; what several threads write at once goes into one commit. When a call
/// answers success, the write is committed and, where the key provider keeps an anchor, remembered.
///
/// Errors of every write: invalid_argument, too_large (see names.hpp), unknown_scope, conflict,
/// unavailable, timed_out, tampered, rolled_back, unknown_key, key_disabled, unsupported, denied,
/// foreign; with all of them nothing was written. outcome_unknown: it may have been. Calling again
/// may replace what somebody else wrote meanwhile: look at history() first, or say if_version, and
/// it is conflict if the first was made.
///
/// What reads the state as a whole (environments, spaces, list, entries, history, status) answers
/// as a resolver does: the newest state, or, while the store is away, the last one for
/// serve_stale_for; which of them, the answer says (see dated).
///
/// A handle: copies are the same vault; all members may be called from several threads. A child of
/// fork() must not use a vault of its parent's if that had more than one thread (POSIX: locks stay as
/// they were); it opens its own.
template <class P>
class vault {
    static_assert(Store<typename P::store_type>, "a vault needs a store that can commit");

public:
    using policy_type = P;
    using store_type = typename P::store_type;
    using cipher_type = typename P::cipher_type;
    using key_provider_type = typename P::key_provider_type;
    using inheritance_type = typename P::inheritance_type;

    vault(store_type store, cipher_type cipher, key_provider_type keys, options with = {},
          inheritance_type inheritance = {})
        : reader_(std::move(store), std::move(cipher), std::move(keys), std::move(with),
                  std::move(inheritance)) {}

    /// The reading half. What this vault commits, it sees at once.
    auto resolver() const -> coffer::resolver<P> { return reader_; }

    // Environments and spaces. Their ids are the caller's choice; metadata is a JSON object
    // (RFC 8259) of the caller's, kept sealed like a value. The vault does not look into it; the
    // service and the command keep a name and flags there, and take what is none for an empty one.
    //
    // Making or removing an environment takes two commits: of the environment, then of the list of
    // all. A process that is killed between them leaves one that works and is not listed, or one
    // that is listed and unknown_scope: calling again, or making it anew, finishes it. An error of
    // the second commit is outcome_unknown.
    // -----------------

    /// Makes an environment if it is not there. Errors also: foreign (the store holds another
    /// realm's environments and none of this one's: nothing is begun there).
    auto ensure_environment(std::string_view id, std::string metadata = "{}") -> result<void> {
        return make_environment(id, std::move(metadata), false);
    }
    /// Makes an environment; conflict if it is there. Of several callers one makes it.
    auto create_environment(std::string_view id, std::string metadata = "{}") -> result<void> {
        return make_environment(id, std::move(metadata), true);
    }
    /// Makes the environment, then the space of a context, if they are not there: after an error of
    /// the second step the environment is there. This and the next two take a space and no actor:
    /// else invalid_argument. (An empty id would be the environment itself, and what is set there is
    /// every space's: who has it from elsewhere finds out here.)
    auto ensure_space(context where, std::string metadata = "{}") -> result<void> {
        if (auto valid = plan().check_scope(where); !valid) return valid;
        if (where.space.empty() || !where.actor.empty()) return errc::invalid_argument;
        if (auto valid = check_metadata(metadata); !valid) return valid;
        if (auto made = ensure_environment(where.environment); !made) return made;
        return make_space(where, std::move(metadata), false);
    }
    /// Makes a space of an environment that is there; conflict if the space is there.
    auto create_space(context where, std::string metadata = "{}") -> result<void> {
        return make_space(where, std::move(metadata), true);
    }
    /// Removes a space with all its values. They are gone for good once their objects are erased.
    auto remove_space(context where) -> result<void> {
        if (auto valid = plan().check_scope(where); !valid) return valid;
        if (where.space.empty() || !where.actor.empty()) return errc::invalid_argument;
        return ignore(apply(where, algorithm::edits::remove_space{std::string(where.space)}));
    }
    /// Removes an environment with everything in it; its head stays, closed, so that an old copy of
    /// it is known as one. An environment of the same id can be made again.
    auto remove_environment(std::string_view id) -> result<void> {
        if (auto valid = plan().check_scope({.environment = id}); !valid) return valid;
        return detail::environments<P>(engine()).remove(id);
    }
    /// The ids of all registered environments, sorted. Errors also: foreign.
    auto environments() -> result<dated<std::vector<std::string>>> {
        return detail::environments<P>(engine()).names();
    }
    /// The ids of all spaces of an environment, sorted.
    auto spaces(std::string_view environment) -> result<dated<std::vector<std::string>>> {
        auto state = observe({.environment = environment});
        if (!state) return state.error();
        dated<std::vector<std::string>> out{{}, state->fresh, &engine().time()};
        state->snapshot->pages.each_from({}, [&](const format::entry& e, const tree::leaf&) {
            if (!e.key.space.empty() && e.key.actor.empty() && e.key.name.empty())
                out.push_back(e.key.space);
            return true;
        });
        std::sort(out.begin(), out.end());
        return out;
    }
    /// The metadata of an environment or a space. Errors also: unknown_scope.
    auto describe(context where) -> result<std::string> {
        if (auto valid = check_context(where); !valid) return valid.error();
        auto value = read(where, algorithm::edits::read_version{key_of(where, {})});
        if (!value)
            return value.error().code == errc::not_found ? failure(errc::unknown_scope)
                                                         : value.error();
        return std::string(as_text(*value));
    }
    /// Replaces the metadata of an environment or a space. `if_version`: the version of it that is
    /// expected to be replaced (own_entry::version of the scope's own row in entries); if it is
    /// another one, conflict, and nothing is written. Who changes a part of the metadata says it and
    /// begins again on conflict, since others may have changed another part.
    auto set_description(context where, std::string metadata,
                         std::optional<std::uint64_t> if_version = std::nullopt) -> result<void> {
        if (auto valid = plan().check_scope(where); !valid) return valid;
        if (auto valid = check_metadata(metadata); !valid) return valid;
        return ignore(
            apply(where, algorithm::edits::describe_scope{key_of(where, {}), std::move(metadata),
                                                          plan().author(), if_version}));
    }

    // Secrets. Where, name, value.
    // --------------------------------------------------------------------

    /// Sets a value in one scope: for everybody in an environment, or in place of it in a space.
    auto put(context where, std::string_view name, value_ref value, const write_options& with = {})
        -> result<written> {
        return perform(where, plan().put(where, name, value, with));
    }
    /// Sets several values of one scope, all or none, in one commit. What `with` says, it says of
    /// each.
    auto put_many(context where, std::vector<named_value> values, const write_options& with = {})
        -> result<std::vector<written>> {
        std::vector<change> all;
        all.reserve(values.size());
        for (auto& v : values)
            all.push_back({change_kind::put, std::move(v.name), std::move(v.value), with});
        return change_many(where, std::move(all));
    }
    /// Changes several names of one scope in this order, all or none, in one commit. Answers what
    /// was done to each. Errors also: not_found (a name to erase, show or undelete has nothing to
    /// that end), conflict (one is not at the version that its change expects).
    auto change_many(context where, std::vector<change> changes) -> result<std::vector<written>> {
        return perform(where, plan().many(where, std::move(changes)));
    }
    /// Removes the scope's own value or hiding: the name is inherited again. Errors also:
    /// not_found.
    auto erase(context where, std::string_view name, const write_options& with = {})
        -> result<written> {
        return perform(where, plan().erase(where, name, with));
    }
    /// The name is not found in this scope from now on, whatever it would inherit.
    auto hide(context where, std::string_view name, const write_options& with = {})
        -> result<written> {
        return perform(where, plan().hide(where, name, with));
    }
    /// Undoes hide: an own value from before is there again, with its expiry unless the options
    /// give one, or the name is inherited again. Errors also: not_found (it is not hidden).
    auto show(context where, std::string_view name, const write_options& with = {})
        -> result<written> {
        return perform(where, plan().show(where, name, with));
    }
    /// Undoes erase: the value is there again, with its expiry and the note unless the options give
    /// others. Errors also: not_found (no value was removed, or its versions are gone).
    auto undelete(context where, std::string_view name, const write_options& with = {})
        -> result<written> {
        return perform(where, plan().undelete(where, name, with));
    }
    /// Makes an older version's value the newest, as a new version, which expires as that version
    /// did unless the options say when: what had expired stays expired. Errors also: not_found.
    auto rollback(context where, std::string_view name, std::uint64_t to,
                  const write_options& with = {}) -> result<written> {
        return perform(where, plan().rollback(where, name, to, with));
    }

    /// The versions of a name in one scope that are kept, newest first. Errors also: not_found.
    auto history(context where, std::string_view name) -> result<dated<std::vector<version_info>>> {
        if (auto valid = check_name(name); !valid) return valid.error();
        auto state = observe(where);
        if (!state) return state.error();
        const auto* e = state->snapshot->pages.find(key_of(where, name)).entry;
        if (e == nullptr) return errc::not_found;
        dated<std::vector<version_info>> out{{}, state->fresh, &engine().time()};
        for (const auto& v : e->versions)
            out.push_back({v.number, v.state, v.at, v.expires, v.author});
        return out;
    }
    /// Whether the sealed record of a name's newest version is in the store at all; whether it
    /// opens is verify()'s to say. Errors also: not_found.
    auto is_stored(context where, std::string_view name) -> result<bool> {
        auto state = observe(where);
        if (!state) return state.error();
        const auto* e = state->snapshot->pages.find(key_of(where, name)).entry;
        if (e == nullptr) return errc::not_found;
        const std::vector<std::string> key{format::store_key(e->newest().record)};
        const auto there =
            engine().store().load(engine().borrow_slot(where.environment)->of().partition, key);
        if (!there) return there.error();
        return there->objects.size() == 1 && there->objects.front().has_value();
    }
    /// The value of one version of a name in one scope, expired or not. Errors also: not_found.
    auto get_version(context where, std::string_view name, std::uint64_t version)
        -> result<secret> {
        if (auto valid = plan().check_scope(where); !valid) return valid.error();
        if (auto valid = check_name(name); !valid) return valid.error();
        if (version == 0) return errc::not_found; // versions are counted from 1
        auto value = read(where, plan().read_version(where, name, version));
        if (!value) return value.error();
        return secret(*value, version, {engine().time().boot(), false});
    }
    /// The entries of exactly this scope, removed ones included, sorted by name.
    auto list(context where) -> result<dated<std::vector<own_entry>>> {
        auto state = observe(where);
        if (!state) return state.error();
        dated<std::vector<own_entry>> out{{}, state->fresh, &engine().time()};
        state->snapshot->pages.each_from(
            key_of(where, {}), [&](const format::entry& e, const tree::leaf& l) {
                if (e.key.space != where.space || e.key.actor != where.actor) return false;
                if (!e.key.name.empty()) out.push_back(own(e, l));
                return true;
            });
        std::sort(out.begin(), out.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        return out;
    }
    /// The entries of all scopes of an environment at one generation, removed ones and the scopes
    /// themselves included; sorted by scope, and those of one scope as format/entry.hpp orders
    /// them.
    auto entries(std::string_view environment) -> result<dated<std::vector<scoped_entry>>> {
        auto state = observe({.environment = environment});
        if (!state) return state.error();
        dated<std::vector<scoped_entry>> out{{}, state->fresh, &engine().time()};
        out.reserve(state->snapshot->pages.entry_count());
        state->snapshot->pages.each_from({}, [&](const format::entry& e, const tree::leaf& l) {
            out.push_back({e.key.space, e.key.actor, own(e, l)});
            return true;
        });
        return out;
    }

    // What is kept beside the registry, in the environment coffer.system, sealed as all else: the
    // tokens and policies of a service. Read with resolver().at({.environment =
    // system_environment}).
    // -----------------------------------------------------------------------------------------

    /// Sets an entry of Coffer's own environment. Names that begin with `environment/` are the
    /// registry's: invalid_argument.
    auto put_system(std::string_view name, value_ref value, const write_options& with = {})
        -> result<written> {
        if (auto valid = check_system(name, with); !valid) return valid.error();
        if (auto valid = check_value(value.view()); !valid) return valid.error();
        if (auto ours = engine().registry(); !ours) return ours.error();
        return engine().apply(
            system_environment,
            algorithm::edits::put_beside{algorithm::edits::put{
                {{}, {}, std::string(name)}, value.wiped_copy(), with, plan().author(with), true}},
            true);
    }
    /// Removes an entry of Coffer's own environment, and all that is kept of it: older versions
    /// too. Its name is as new. Errors also: not_found.
    auto erase_system(std::string_view name, const write_options& with = {}) -> result<written> {
        if (auto valid = check_system(name, with); !valid) return valid.error();
        if (auto ours = engine().registry(); !ours) return ours.error();
        auto done = engine().apply(system_environment,
                                   algorithm::edits::drop{{{}, {}, std::string(name)}, with});
        if (!done && done.error() == errc::unknown_scope) return errc::not_found;
        return done;
    }

    // The state as a whole.
    // ---------------------------------------------------------------------------

    /// What its head says and how much it holds; opens no value. Errors: those of reading.
    auto status(std::string_view environment) -> result<dated<environment_status>> {
        auto state = observe({.environment = environment});
        if (!state) return state.error();
        const auto& s = *state->snapshot;
        return dated<environment_status>{{s.head.generation, s.head.written_at,
                                          s.pages.entry_count(), s.pages.damaged(),
                                          s.pages.sealed(), s.head.deks},
                                         state->fresh,
                                         &engine().time()};
    }
    /// Reads everything of an environment from the store, whatever is held of it, and opens every
    /// version of every value, holding a few of them at a time. Errors: those of reading (never
    /// served stale); what is damaged is in the report.
    auto verify(std::string_view environment) -> result<verification> {
        const context where{.environment = environment};
        if (auto valid = check_context(where); !valid) return valid.error();
        return told(where, engine().verify(environment));
    }

    // The life of its keys. Values, versions and ids stay as they are; Coffer's own environment has
    // keys as well. Readers read on throughout.
    // ---------------------------------------------------------------------------

    /// Wraps every DEK of an environment that is not under the KEK that is active for it anew,
    /// under that one, in one commit that changes nothing else. The older KEK can be disabled then;
    /// who had both it and the store has the DEKs, and rotate_dek is what ends that. Errors also:
    /// unknown_key, key_disabled (of the older KEK, too).
    auto rewrap(std::string_view environment) -> result<rewrapped> {
        const context where{.environment = environment};
        if (auto state = observe(where); !state) return state.error(); // enrols nothing unknown
        auto kek_id = engine().keys().key_for(environment);
        if (!kek_id) return kek_id.error();
        auto count = apply(where, algorithm::edits::rewrap_all{*kek_id});
        if (!count) return count.error();
        return rewrapped{*std::move(kek_id), *count};
    }
    /// Makes a new DEK of an environment and seals every version of every value under it, in
    /// commits of 1,000 records and more, or of 8 MiB; then the older DEKs are gone. Interrupted
    /// anywhere (by an error, by `progress`, by the end of the process), nothing is lost, and
    /// calling it again goes on: it makes a new DEK only where no rotation is unfinished. What is
    /// written meanwhile is under the new DEK. Records that can't be opened stay, and so do the
    /// older DEKs then. Errors also: conflict (two rotations at a time: again), too_large (16
    /// DEKs).
    auto rotate_dek(std::string_view environment, const on_rotation& progress = {})
        -> result<dek_rotation> {
        const context where{.environment = environment};
        const auto from = status(environment);
        if (!from) return from.error();
        return detail::rotating([&](auto edit) { return apply(where, std::move(edit)); }, *from,
                                progress)
            .run();
    }

    /// After an older copy of an environment was put in place of a newer state on purpose: commits
    /// what is there once more, as the state that follows every one up to that generation and that
    /// number of a DEK, under a new DEK (docs/format.md, Writing 11). From then on the state that
    /// was given up, and what others went on from it, is rolled_back wherever it comes back. The
    /// newer generation and number are the anchor's, the live head's or the copy's, whichever is the
    /// highest; this vault's key side must not be the one that remembers them. Of a removed
    /// environment, too, and of Coffer's own. Errors also: too_large (16 DEKs: rotate first);
    /// unsupported (no generation or number is left).
    auto supersede(std::string_view environment, std::uint64_t generation, std::uint32_t dek)
        -> result<void> {
        if (auto valid = check_context({.environment = environment}); !valid) return valid;
        return engine().supersede(environment, {generation, dek});
    }

    // What the drivers in asio/ work on: the engine, and what makes edits of what is asked for.
    // -----------------------

    auto engine() const noexcept -> detail::engine<P>& { return *reader_.engine(); }
    auto plan() const noexcept -> detail::write_planner {
        return detail::write_planner(engine().settings());
    }

private:
    static auto key_of(context where, std::string_view name) -> format::entry_key {
        return detail::write_planner::key_of(where, name);
    }
    static auto own(const format::entry& e, const tree::leaf& l) -> own_entry {
        const auto& v = e.newest();
        return {e.key.name, e.id,      v.state,  l.damaged(), v.number,
                v.at,       v.expires, v.author, e.note};
    }
    auto check_system(std::string_view name, const write_options& with) const -> result<void> {
        if (name.starts_with(engine().listed_name({}))) return errc::invalid_argument;
        if (auto valid = check_name(name); !valid) return valid;
        return plan().check_options(with);
    }
    template <class T>
    static auto ignore(const result<T>& done) -> result<void> {
        return done ? result<void>() : result<void>(done.error());
    }
    template <class E>
    auto perform(context where, result<E>&& edit) -> result<typename E::value_type> {
        if (!edit) return edit.error();
        return apply(where, *std::move(edit));
    }
    template <class E>
    auto apply(context where, E&& edit) -> result<typename std::remove_cvref_t<E>::value_type> {
        return told(where, engine().apply(where.environment, std::forward<E>(edit)));
    }
    auto read(context where, algorithm::edits::read_version&& edit) -> result<wiped_bytes> {
        return told(where, engine().read(where.environment, std::move(edit)));
    }
    template <class T>
    auto told(context where, result<T>&& done) -> result<T> {
        if (!done && done.error().code == errc::unknown_scope) return unknown(where);
        return std::move(done);
    }
    /// Why a write found no such scope: a registered environment without a head is tampered.
    auto unknown(context where) -> failure {
        const auto there = engine().at({.environment = where.environment});
        return there ? failure(errc::unknown_scope) : there.error();
    }
    /// The newest state of a context's environment; its space must be there.
    auto observe(context where) -> result<detail::current_state<cipher_type>> {
        if (auto valid = check_context(where); !valid) return valid.error();
        return engine().with_slot(where.environment, [&](auto& s) {
            auto state = engine().found(s);
            if (!state) return state;
            const auto usable = engine().view_of(s, *state, where);
            return usable ? state : usable.error();
        });
    }

    auto make_environment(std::string_view id, std::string&& metadata, bool must_be_new)
        -> result<void> {
        if (auto valid = plan().check_scope({.environment = id}); !valid) return valid;
        if (auto valid = check_metadata(metadata); !valid) return valid;
        return detail::environments<P>(engine()).make(id, std::move(metadata), plan().author(),
                                                      must_be_new);
    }
    auto make_space(context where, std::string&& metadata, bool must_be_new) -> result<void> {
        if (auto valid = plan().check_scope(where); !valid) return valid;
        if (!where.actor.empty()) return errc::invalid_argument;
        if (where.space.empty())
            return must_be_new ? result<void>(errc::invalid_argument) : result<void>();
        if (auto valid = check_metadata(metadata); !valid) return valid;
        return ignore(apply(where, algorithm::edits::make_scope{{std::string(where.space), {}, {}},
                                                                std::move(metadata),
                                                                plan().author(),
                                                                must_be_new}));
    }

    coffer::resolver<P> reader_;
};

template <class S, class C, class K>
vault(S, C, K) -> vault<policy<S, C, K>>;
template <class S, class C, class K>
vault(S, C, K, options) -> vault<policy<S, C, K>>;
template <class S, class C, class K, class I>
vault(S, C, K, options, I) -> vault<policy<S, C, K, I>>;

} // namespace coffer::inline COFFER_ABI

#endif
