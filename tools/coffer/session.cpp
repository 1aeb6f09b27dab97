// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include "anchor_damage.hpp"
#include "denied_place.hpp"
#include "key_changes.hpp"
#include "missing_key.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "remote.hpp"
#include "scope_metadata.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <coffer/http/nearest.hpp>
#include <coffer/names.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdlib>

namespace command {

using coffer::errc;

auto place::text() const -> std::string {
    return printable(to_string(where()));
}

auto session::config() -> const settings& {
    if (!settings_) settings_.emplace(in);
    return *settings_;
}

auto session::keys() -> opened_keys& {
    if (keys_) return *keys_;
    const bool without = in.has("no-anchor");
    if (without && in.text("anchor")) refuse("--anchor and --no-anchor: one of them is meant");
    keys_.emplace(open_keys(config(), missing_keys::refuse, !without));
    return *keys_;
}

auto session::key_state(std::string_view kek_id) -> std::string {
    if (is_remote()) return {};
    if (const auto all = keys().changes->keks())
        for (const auto& k : *all)
            if (k.id == kek_id) return std::string(to_string(k.state));
    return {};
}

auto session::vault() -> coffer::any_vault& {
    if (vault_) return *vault_;
    if (is_remote()) return vault_.emplace(open_remote_vault(*this));
    auto store = open_store(config());
    detail("store " + printable(shown_address(absolute_place(*config().find("store")))) +
           ", keys " + printable(absolute_place(*config().find("keys"))));
    return vault_.emplace(open_vault(std::move(store), keys().provider, options_of(config())));
}

auto session::is_remote() -> bool {
    const auto* const server = config().find("server");
    const auto* const store = config().find("store");
    if (server != nullptr && store != nullptr && server->who == store->who)
        refuse("both a server (from " + server->from + ") and a store (from " + store->from +
               ") are named: say one of them");
    return server != nullptr && (store == nullptr || server->who < store->who);
}

void session::require_store() {
    if (!is_remote()) return;
    const auto& server = *config().find("server");
    throw problem(errc::unsupported, "coffer " + std::string(in.what->name) +
                                         " works beside the store, not through a server (" +
                                         printable(shown_address(server.value)) + ", from " +
                                         server.from + "): name the store with --store");
}

auto session::calls() -> const std::shared_ptr<coffer::http::caller>& {
    if (calls_ == nullptr) calls_ = open_calls(*this);
    return calls_;
}

namespace {

/// The id that is meant: an id as it is, else the one scope of that name.
template <class Metadata>
auto pick(const std::vector<std::string>& ids, std::string_view meant, coffer::context where,
          Metadata&& metadata) -> std::string {
    if (std::ranges::find(ids, meant) != ids.end()) return std::string(meant);
    std::vector<std::string> same;
    for (const auto& id : ids)
        if (const auto text = metadata(id); text && scope_metadata::read(*text).name == meant)
            same.push_back(id);
    if (same.size() == 1) return same.front();
    if (same.size() > 1)
        throw problem(errc::invalid_argument,
                      printable(meant) + " is the name of several: say one of the ids " +
                          printable(join(same, ", ")),
                      where);
    throw problem(errc::unknown_scope, "there is no " + place_name(where), where);
}

} // namespace

auto session::environment_id(std::string_view meant) -> std::string {
    const auto listed = vault()->environments();
    // The list alone is damaged: what is whole is used by its id.
    if (!listed && is_damage(listed.error().code) && vault()->list({.environment = meant}))
        return std::string(meant);
    return pick(need(coffer::result(listed), {.environment = coffer::system_environment}), meant,
                {.environment = meant},
                [&](const std::string& id) { return vault()->describe({.environment = id}); });
}

auto session::space_id(std::string_view environment, std::string_view meant) -> std::string {
    return pick(need(vault()->spaces(environment), {.environment = environment}), meant,
                {.environment = environment, .space = meant}, [&](const std::string& id) {
                    return vault()->describe({.environment = environment, .space = id});
                });
}

auto session::environment_here() -> place {
    const auto meant = config().text("env");
    if (meant.empty() && !is_remote()) (void)store_place(config()); // what is missing first
    if (meant.empty()) refuse("which environment? Say --env ID (coffer env list shows them)");
    place at{environment_id(meant), {}, false};
    const auto metadata = vault()->describe(at.where());
    if (metadata)
        at.is_prod = scope_metadata::read(*metadata).is_prod;
    else if (metadata.error().code == errc::tampered)
        at.is_prod = true; // its other names still read
    else
        need(coffer::result<void>(metadata.error()), at.where());
    return at;
}

auto session::actor_here() -> std::string {
    if (const auto* const said = config().find("actor")) {
        if (!coffer::check_context({.environment = "x", .actor = said->value}) ||
            said->value.empty())
            refuse("that is no id for an actor (from " + said->from + ")");
        return said->value;
    }
    return is_remote() ? token_actor(*this) : std::string();
}

auto session::space_here(const place& at, const std::string& meant) -> std::string {
    try {
        return space_id(at.environment, meant);
    } catch (const problem& why) {
        // A token for an actor alone is told of no spaces: theirs is said by its id.
        if (at.actor.empty() || !is_remote() || why.code != errc::unknown_scope) throw;
        return meant;
    }
}

auto session::here() -> place {
    auto at = environment_here();
    at.actor = actor_here();
    if (const auto meant = config().text("space"); !meant.empty()) at.space = space_here(at, meant);
    return at;
}

namespace {

/// What a failure says of the server that is asked; empty where none is, or it says nothing of it.
auto words_of_asked_server(session& s, const coffer::failure& why) -> std::string {
    const bool asks = s.is_remote() && !s.in.has("offline");
    return asks ? words_of_server(why, server_text(s.config())) : std::string();
}

/// Whether something is not there because this token does not see the environment, though it sees
/// spaces in it.
auto is_unseen(session& s, const problem& why) -> bool {
    const bool said = why.code == errc::unknown_scope || why.code == errc::not_found;
    if (!said || !why.where.space.empty() || !s.is_remote()) return false;
    const auto& environment = why.where.environment;
    const auto listed = s.vault()->environments();
    if (!listed || std::ranges::find(*listed, environment) == listed->end()) return false;
    const auto seen = s.vault()->resolver().at({.environment = environment});
    return !seen && seen.error() == errc::unknown_scope;
}

} // namespace

auto session::words(const coffer::failure& why, coffer::context where) -> std::string {
    auto said = words_of_asked_server(*this, why);
    return said.empty() ? words_for(why, where, {}) : said;
}

void session::say_more(problem& why) {
    if (why.because)
        if (auto said = words_of_asked_server(*this, *why.because); !said.empty())
            why.message = std::move(said);
    const auto& environment = why.where.environment;
    if (why.code == errc::tampered)
        if (auto anchor = anchor_damage(*this); !anchor.empty()) why.message = std::move(anchor);
    if (why.code == errc::unknown_key || why.code == errc::key_disabled)
        why.message += missing_key_words(*this, environment);
    if (why.code == errc::denied && why.because && !is_remote() &&
        config().find("store") != nullptr)
        why.message += denied_place_words(config());
    if (!vault_) return;
    if (why.code == errc::not_found && !why.name.empty())
        if (const auto meant = meant_name(why.where.view(), why.name); !meant.empty())
            why.message += (why.message.ends_with('.') ? " Did" : "; did") +
                           (" you mean " + printable(meant) + "?");
    if (!is_unseen(*this, why)) return;
    const auto spaces = vault()->spaces(environment);
    why.code = errc::unknown_scope;
    why.message = "this token sees spaces of " + printable(environment) +
                  ", not the environment itself: say --space" +
                  (spaces && !spaces->empty() ? " (" + printable(join(*spaces, ", ")) + ")" : "");
}

auto session::meant_name(coffer::context where, std::string_view typed) -> std::string {
    const auto seen = vault()->resolver().at(where);
    if (!seen) return {};
    const auto listed = seen->list();
    std::vector<std::string_view> known;
    for (const auto& e : listed) {
        if (e.name == typed) return {};
        known.push_back(e.name);
    }
    return std::string(coffer::http::nearest(typed, known));
}

void session::notice(std::string_view text) const {
    if (!in.has("quiet")) tell(text);
}

void session::saw(const coffer::freshness& of) {
    const bool known = seen_ && seen_->stale;
    seen_ = seen_ ? older(*seen_, of) : of;
    if (!of.stale || known) return;
    const auto at = now_ms() - age_ms(of);
    notice("stale: the store or its keys are away; this is what it held at " + iso_time(at) + " (" +
           ago(at, now_ms()) + ")");
}

void session::hint(std::string_view text) const {
    if (hints()) notice(text);
}

auto session::hints() const -> bool {
    return stderr_is_terminal() && !json() && !in.has("quiet");
}

void session::detail(std::string_view text) const {
    const char* const log = std::getenv("COFFER_LOG");
    if (in.has("verbose") || (log != nullptr && std::string_view(log) == "debug")) notice(text);
}

namespace {

/// --dry-run: the plan is all that there is to say.
void tell_plan(const session& s, std::string_view effect) {
    if (s.json()) {
        boost::json::object out;
        out["dryRun"] = true;
        out["effect"] = boost::json::string_view(effect.data(), effect.size());
        put_json(out);
    } else {
        put_line(std::string(effect) + " (--dry-run: nothing was done)");
    }
}

/// `ask` asks, and answers whether to go on; nullopt: there is nobody to ask.
template <class Ask>
auto confirmed(const session& s, std::string_view effect, Ask&& ask) -> bool {
    if (s.dry_run()) {
        tell_plan(s, effect);
        return false;
    }
    if (s.in.has("yes")) {
        s.hint(effect);
        return true;
    }
    const std::optional<bool> answer = s.in.has("no-input") ? std::nullopt : ask();
    if (!answer)
        refuse(std::string(effect) + " This asks first, and there is nobody to ask: say --yes");
    if (!*answer) throw problem(errc::cancelled, "nothing was done");
    return true;
}

} // namespace

auto session::confirm(std::string_view effect) const -> bool {
    return confirmed(*this, effect, [&] { return ask_yes_no(std::string(effect) + " Go on?"); });
}

auto session::confirm_typed(std::string_view effect, std::string_view word) const -> bool {
    return confirmed(*this, effect, [&]() -> std::optional<bool> {
        const auto typed =
            ask_line(std::string(effect) + " Type " + printable(word) + " to go on: ");
        if (!typed) return std::nullopt;
        return *typed == word;
    });
}

auto session::confirm_change(const place& at, std::string_view effect) const -> bool {
    if (at.is_prod) return confirm(effect);
    if (!dry_run()) return true;
    tell_plan(*this, effect);
    return false;
}

} // namespace command
