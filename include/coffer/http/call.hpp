// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_CALL_HPP
#define COFFER_HTTP_CALL_HPP

#include <coffer/clock.hpp>
#include <coffer/http/answer_tags.hpp>
#include <coffer/http/audit_hook.hpp>
#include <coffer/http/deliveries.hpp>
#include <coffer/http/directory.hpp>
#include <coffer/http/error.hpp>
#include <coffer/http/hourly.hpp>
#include <coffer/http/kek_changes.hpp>
#include <coffer/http/kept_answers.hpp>
#include <coffer/http/list_watches.hpp>
#include <coffer/http/recent_descriptions.hpp>
#include <coffer/http/recent_writes.hpp>
#include <coffer/http/route.hpp>
#include <coffer/http/secret_change.hpp>
#include <coffer/http/target.hpp>
#include <coffer/http/unserved_environments.hpp>
#include <coffer/http/watches.hpp>
#include <coffer/policy.hpp>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// How the service reveals stored values.
enum class reveal_mode : unsigned char { off, reason };

/// What may be told of a KEK.
struct kek_facts {
    std::string id{};
    std::string state{};                     ///< `active` …
    std::uint64_t created = 0;               ///< In milliseconds since 1970 UTC; 0: not known.
    std::vector<std::string> environments{}; ///< It may speak for these; "*": for all others.
};

/// What there may be at most that writers make at will; 0: any number. What is there already can be
/// set, hidden and removed whatever these say, but for a value that is larger than the one it replaces.
struct quotas {
    std::size_t names = 5'000;  ///< Of one scope's own, removed ones included.
    std::size_t actors = 1'000; ///< With names of their own: in a space, in an environment itself.
    /// What the newest values of an environment take, its spaces included, sealed.
    std::size_t bytes = std::size_t{64} * 1024 * 1024;
};

/// What all routes work on.
struct api_parts {
    any_vault vault;
    directory places;
    reveal_mode reveal = reveal_mode::off;
    quotas most{};                       ///< What writers may make at will.
    std::shared_ptr<audit_hook> audit{}; ///< Null: there is none.
    /// How long the vault serves what it knows while the store is away, for people.
    std::chrono::milliseconds stale_for = options().serve_stale_for;
    /// Told of every change of a secret that was made through these parts, once it is
    /// acknowledged. Must not wait.
    std::function<void(const secret_change&)> changed{};

    /// Values that a token may reveal within an hour.
    hourly_limit reveals;
    recent_writes written{};
    /// Who wrote what describes a scope.
    std::shared_ptr<recent_descriptions> described = std::make_shared<recent_descriptions>();
    deliveries delivered{};
    kept_answers lists;
    answer_tags tags;
    /// The KEKs as they are now, for those who may know; null: they are not told.
    std::function<result<std::vector<kek_facts>>()> keks{};
    /// Where they are kept, in a word (`file`): whoever changes them does it there.
    std::string keys_kept{};
    /// What changes them, where an operator may do that from afar; none: nobody may.
    std::optional<kek_changes> change_keks{};
    /// Requests that wait for a change of a scope, and for one of a list.
    std::shared_ptr<watches> waiting;
    std::shared_ptr<list_watches> waiting_for_lists;
    /// For those who watch the service: who runs it calls its look(). Never null.
    std::shared_ptr<unserved_environments> unserved;
    /// The server is about to stop: what takes long ends early.
    std::atomic<bool> ending{false};

    /// `time` outlives them: the clock that everything is decided by, and the vault's own.
    api_parts(any_vault v, reveal_mode r, const clock& time = machine_clock())
        : vault(v), places(v, time), reveal(r), reveals(30, time),
          lists(v->ephemeral().value_or(nullptr)), tags(v),
          waiting(std::make_shared<watches>(v, watch_times(), described)),
          waiting_for_lists(std::make_shared<list_watches>(v)),
          unserved(std::make_shared<unserved_environments>(std::move(v), time)), time_(&time) {}
    ~api_parts() { waiting_for_lists->stop(); } // it looks at `places`
    api_parts(const api_parts&) = delete;
    auto operator=(const api_parts&) -> api_parts& = delete;

    /// Milliseconds since 1970.
    auto now() const noexcept -> std::uint64_t {
        return static_cast<std::uint64_t>(time_->wall().count());
    }
    /// By the clock that is never set back: for ages.
    auto boot() const noexcept -> std::chrono::milliseconds { return time_->boot(); }
    /// now() for what is made now: later than what was made before, so that the order in which
    /// things were made can be told.
    auto making_time() noexcept -> std::uint64_t {
        auto last = last_made_.load();
        while (true)
            if (const auto next = std::max(now(), last + 1);
                last_made_.compare_exchange_weak(last, next))
                return next;
    }
    /// Whether an expiry (0: never) has been reached.
    auto is_past(std::uint64_t expires) const noexcept -> bool {
        return expires != 0 && now() >= expires;
    }

    /// To be called before the server stops, so that nobody keeps it waiting.
    void end() {
        ending = true;
        waiting->end();
        waiting_for_lists->end();
    }

private:
    const clock* time_;
    std::atomic<std::uint64_t> last_made_{0};
};

/// One request on its way through a route.
class call {
public:
    call(api_parts& parts_of_api, const request& incoming, const route& matched)
        : parts(parts_of_api), in(incoming), of(matched), query(target(incoming.target).query) {}
    call(const call&) = delete;
    auto operator=(const call&) -> call& = delete;

    api_parts& parts;
    const request& in;
    const route& of;
    principal who{};
    query_parameters query;
    std::vector<std::string> path{}; ///< What the pattern's braces matched, in their order.
    audit_record record{};           ///< What the audit log will keep of it.
    /// What was done on the way that deserves a line of its own: its `action`, where, which names.
    std::vector<audit_record> also{};

    auto vault() const noexcept -> vault_operations& { return *parts.vault; }

    // Reading what was sent -----------------------------------------------------------------------

    /// The body, which must be one JSON object that can be read to its last member. Throws 400.
    auto body() -> const json_document& {
        const auto& all = sent();
        if (!all.is_whole()) throw bad_request({}, "the body holds what can't be read");
        return all;
    }
    /// A member of a body that may hold others which nobody here knows, and may be unable to read;
    /// null counts as absent. Throws 400.
    auto member(std::string_view name) -> const boost::json::value* {
        const auto& all = sent();
        if (!all.is_readable(name)) throw bad_request(name, "this can't be read");
        return all.find(name);
    }
    /// The text of that body, of which those members are good that were asked for.
    auto members() -> std::string_view { return sent().text(); }
    /// Such a member that must be text where it is there; empty and null count as absent.
    auto text(std::string_view name) -> std::string_view {
        const auto* found = member(name);
        if (found == nullptr) return {};
        if (!found->is_string()) throw bad_request(name, "this must be text");
        return view_of(found->get_string());
    }
    /// A parameter of the query; empty counts as absent. One that can't be decoded throws 400.
    auto parameter(std::string_view name) const -> std::string_view {
        const auto* found = query.find(name);
        if (found == nullptr) return {};
        if (!found->value) throw bad_request(name, "this can't be decoded");
        return *found->value;
    }
    /// A whole number of 64 bits in the query, `least` or more. Throws 400.
    auto number(std::string_view name, std::uint64_t otherwise, std::uint64_t least = 1) const
        -> std::uint64_t {
        const auto text = parameter(name);
        if (text.empty()) return otherwise;
        std::uint64_t out = 0;
        const auto* const end = text.data() + text.size();
        const auto [at, wrong] = std::from_chars(text.data(), end, out);
        if (wrong != std::errc() || at != end || out < least)
            throw bad_request(name,
                              "this must be a whole number, " + std::to_string(least) + " or more");
        return out;
    }

    // Scopes --------------------------------------------------------------------------------------

    /// The scope that three ids name. Without an environment the space's own is meant. Throws 400
    /// where neither is named or the space does not tell its environment; 404 where one of them is
    /// not there. `foreign_space_is_none`: a space of another environment counts as none.
    auto scope_of(std::string_view environment, std::string_view space, std::string_view actor,
                  bool foreign_space_is_none = false) -> scope {
        if (environment.empty() && space.empty())
            throw bad_request("environmentId", "an environment or a space must be named");
        scope out;
        out.environment =
            environment.empty() ? environment_of(space, actor) : std::string(environment);
        require_spoken_of({out.environment, space, actor}, foreign_space_is_none);
        if (!known(out.environment, {})) throw no_such_thing();
        if (!space.empty() && known(out.environment, space))
            out.space = space;
        else if (!space.empty() && !(foreign_space_is_none && is_space(space, actor)))
            throw no_such_thing();
        out.actor = actor;
        return out;
    }
    /// The scope of a space by its id. `environmentId` in the query is looked at where several
    /// environments have one of this id, else it means nothing. Throws 400, 404.
    auto space_scope(std::string_view id) -> scope {
        return scope_of(environment_of(id, {}, true), id, {});
    }
    /// The scope that the query names.
    auto queried_scope(bool foreign_space_is_none = false) -> scope {
        return scope_of(parameter("environmentId"), parameter("spaceId"), parameter("actorId"),
                        foreign_space_is_none);
    }

    // Rights --------------------------------------------------------------------------------------

    /// Asks for the route's right in a scope. Throws 404 where the caller has none at all, 403
    /// where it lacks this one.
    void allow(const scope& where) { allow(*of.needs, where); }
    void allow(right what, const scope& where) {
        const auto answer = decided(what, where);
        // That there is an instance is no secret.
        if (answer == decision::unknown && !where.environment.empty()) throw no_such_thing();
        if (answer != decision::allowed) throw forbidden(what);
    }
    /// The same for the route's right, where another look answers those who lack it.
    auto is_allowed(const scope& where) -> bool {
        return decided(*of.needs, where) == decision::allowed;
    }
    /// Asks whether the right covers a name too. Throws 403.
    void allow_name(const scope& where, std::string_view name) {
        if (!covers(where, name)) throw forbidden(*of.needs);
    }
    auto covers(const scope& where, std::string_view name) const -> bool {
        return covered(where).hold(name);
    }
    /// The same, for who asks of many names.
    auto covered(const scope& where) const -> covered_names {
        return {who, *of.needs, where.view()};
    }
    /// Whether the caller may know the value of a name, one way or another. To others no answer
    /// may tell whether it equals theirs.
    auto sees(const scope& where, std::string_view name) const -> bool {
        return covers_name(who, right::read, where.view(), name) ||
               covers_name(who, right::reveal, where.view(), name);
    }
    auto may(right what, context where) const -> bool {
        return decide(who, what, where) == decision::allowed;
    }
    /// How to tell of a value that is about to be set: `created` where the scope itself has nothing
    /// of this name, as far as is known now, else `updated`.
    auto word_for_set(const scope& where, std::string_view name) -> std::string_view {
        const std::string_view one[] = {name};
        return words_for_set(where, one).front();
    }
    /// The same for several, all of one look.
    auto words_for_set(const scope& where, std::span<const std::string_view> names)
        -> std::vector<std::string_view> {
        std::vector<std::string_view> words(names.size(), "created");
        if (!parts.changed) return words; // nobody is told
        const auto seen = vault().resolver().at(where.view());
        for (std::size_t i = 0; seen && i < names.size(); ++i)
            if (has_own(*seen, where, names[i])) words[i] = "updated";
        return words;
    }
    /// Whether the scope itself has something of a name, in a view of it: a hidden one too, a
    /// removed one not.
    static auto has_own(const view& seen, const scope& where, std::string_view name) -> bool {
        const auto told = seen.explain(name);
        return told && std::ranges::any_of(told->layers, [&](const layer& l) {
                   return l.where.view() == where.view() && l.state != layer_state::absent;
               });
    }
    /// Tells who listens that a secret was changed: `created`, `updated` or `deleted`; and keeps in
    /// mind who did it.
    void tell(std::string_view what, const written& done, const scope& where,
              std::string_view name) {
        if (done.changed) parts.written.note(where, name, done.version, who.token_id);
        if (parts.changed && done.changed)
            parts.changed({what, where, name, wire_id(where.environment, done.id), done.version});
    }
    /// The text that is about to be that version of what describes a scope; who writes it is kept in
    /// mind.
    auto described(const scope& where, std::uint64_t version, std::string text) -> std::string {
        parts.described->note(where, version, vault().sha256(as_bytes(text)), who.name);
        return text;
    }
    /// Tells who listens that a space or an environment was removed, and forgets what was given there.
    void tell_removed(const scope& where) {
        parts.delivered.forget(where.view());
        if (parts.changed) parts.changed({"deleted", where});
    }
    /// For routes whose rows are decided on one by one.
    void rows_are_decided() noexcept { allowed_ = true; }
    auto was_decided() const noexcept -> bool { return allowed_; }

    // How current the answer is -------------------------------------------------------------------

    /// The answer is made from this: if the store is away, it says so, and how old it is.
    /// `seen`: a view, or dated.
    template <class Seen>
    void made_from(const Seen& seen) {
        if (seen.stale()) stale_ = std::max(stale_.value_or(seen.age()), seen.age());
    }
    /// Nothing: it is the newest state.
    auto staleness() const noexcept -> const std::optional<std::chrono::milliseconds>& {
        return stale_;
    }

private:
    auto decided(right what, const scope& where) -> decision {
        record.where = where;
        const auto answer = decide(who, what, where.view());
        if (answer == decision::allowed) allowed_ = true;
        return answer;
    }
    auto sent() -> const json_document& {
        if (!body_) body_ = json_document::read(in.body);
        if (!body_) body_ = json_document::read_mended(in.body);
        if (!body_) throw bad_request({}, "the body must be one well-formed JSON object");
        return *body_;
    }
    /// Whether any grant of the caller's does.
    auto speaks_of(context where) const -> bool {
        return decide(who, right::list, where) != decision::unknown;
    }
    /// Those that have such a space, as far as a grant speaks of it there. Others are not looked at:
    /// whether it is there must make no difference.
    auto environments_of(std::string_view space, std::string_view actor) {
        return parts.places.environments_of(space, [&](std::string_view environment) {
            return speaks_of({environment, space, actor});
        });
    }
    /// Throws 404 for what no grant of the caller's speaks of, before anything is looked at:
    /// whether it is there or not, the work is the same.
    void require_spoken_of(context where, bool foreign_space_is_none) {
        bool spoken_of =
            where.environment != system_environment && knows_environment(who, where.environment);
        if (spoken_of && !where.space.empty())
            spoken_of = speaks_of(where) ||
                        (foreign_space_is_none && speaks_of({where.environment, {}, where.actor}));
        if (spoken_of) return;
        if (check_context(where)) record.where = scope(where);
        throw no_such_thing();
    }
    auto environment_of(std::string_view space, std::string_view actor, bool query_chooses = false)
        -> std::string {
        auto found = need(environments_of(space, actor));
        if (found.size() > 1 && query_chooses && !parameter("environmentId").empty())
            return std::string(parameter("environmentId"));
        if (found.size() > 1)
            throw bad_request("environmentId",
                              "several environments have a space of this id: name the environment");
        return std::move(found.front());
    }
    auto known(std::string_view environment, std::string_view space) -> bool {
        const context where{environment, space, {}};
        if (!check_context(where)) return false;
        const auto seen = vault().resolver().at(where);
        if (seen) made_from(*seen);
        if (seen || seen.error().code == errc::unknown_scope) return seen.has_value();
        // While the store is away the registry may still tell that there is no such environment.
        const auto all = vault().environments();
        if (!all || std::ranges::binary_search(*all, environment)) throw error_of(seen.error());
        return false;
    }
    /// Whether any environment has such a space that the caller may know of.
    auto is_space(std::string_view id, std::string_view actor) -> bool {
        const auto found = environments_of(id, actor);
        if (!found && found.error().code != errc::unknown_scope) throw error_of(found.error());
        return found.has_value();
    }

    std::optional<json_document> body_{};
    std::optional<std::chrono::milliseconds> stale_{};
    bool allowed_ = false;
};

/// Adds to a record of a call who asks for what, and how it ended.
inline void complete(const call& c, audit_record& r, unsigned status) {
    r.principal_id = c.who.token_id;
    r.principal_name = c.who.name;
    r.session = c.who.is_session;
    if (r.action.empty()) r.action = c.of.action;
    r.status = status;
    r.peer = c.in.peer;
}
/// Makes it durable that a change is begun, for one that must have a line also if this process ends
/// in its midst. Throws 503: then it is not to be made.
inline void note_begun(call& c) {
    if (c.parts.audit == nullptr) return;
    auto begun = c.record;
    complete(c, begun, 0);
    begun.takes = audit_record::room::none; // that is for how it ended
    if (!c.parts.audit->append(begun)) throw unaudited();
}

/// The answer to a change that there is nothing more to tell of.
inline auto success() -> response {
    response out;
    out.body = R"({"data":{"success":true}})";
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
