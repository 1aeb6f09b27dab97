// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_V1_SECRETS_HPP
#define COFFER_HTTP_V1_SECRETS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/metadata.hpp>
#include <coffer/http/quotas.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

/// GET and POST /v1/secrets, DELETE /v1/secrets/{secretId}: the wire contract's secrets.
namespace coffer::inline COFFER_ABI::http::v1 {

/// What the wire contract lets a name and a value have, in code points.
inline constexpr std::size_t wire_code_points = 1024;

/// One row. A secret without a value is one whose value the caller may not see, or that is no text.
/// `actor`: as the caller calls it, if the secret is one of an actor's; empty where nobody knows.
inline void write_secret(json_writer& w, std::string_view id, std::string_view name,
                         std::optional<std::string_view> value, const scope& where,
                         std::string_view actor) {
    w.begin_object().member("id", id).member("name", name);
    if (value) w.member("value", *value);
    w.member("environmentId", where.environment).member_if("spaceId", where.space);
    w.member_if("actorId", where.actor.empty() ? std::string_view() : actor);
    w.end_object();
}

/// An actor as the vault keeps it. The contract (6) lets ids be of any form: one that the vault
/// would not take (longer than 255 bytes, U+0000) is kept as its hash, and so is what looks like
/// one.
inline constexpr std::string_view hashed_actor = "sha256:";
inline auto kept_actor(const call& c, std::string_view actor) -> std::string {
    if (!actor.starts_with(hashed_actor) && check_context({.environment = "e", .actor = actor}))
        return std::string(actor);
    return std::string(hashed_actor).append(format::to_hex(c.vault().sha256(as_bytes(actor))));
}

inline void write_names(json_writer& w, std::string_view key,
                        const std::vector<std::string>& names) {
    if (names.empty()) return;
    w.key(key).begin_list();
    for (const auto& name : names)
        w.text(name);
    w.end_list();
}

/// What a view resolves to, a damaged value costing no more than its own row.
struct resolved_rows {
    std::vector<named_secret> rows{};
    std::vector<std::string> damaged{};
};
inline auto resolved(call& c, const scope& where, const view& seen) -> resolved_rows {
    resolved_rows out;
    auto all = seen.all();
    if (all) {
        out.rows = *std::move(all);
        return out;
    }
    if (all.error().code != errc::tampered && all.error().code != errc::unknown_key)
        throw error_of(all.error());
    auto entries = need(c.vault().entries(where.environment));
    const auto key = [](const scoped_entry& e) { return std::tie(e.entry.name, e.space, e.actor); };
    std::ranges::sort(entries, {}, key);
    for (const auto& told : seen.list()) {
        if (!told.decided() || told.layers[told.decides].state == layer_state::hidden ||
            told.outcome == errc::expired)
            continue;
        const auto& from = told.layers[told.decides].where;
        auto value = seen.get(told.name);
        const auto wanted = std::tie(told.name, from.space, from.actor);
        const auto entry = std::ranges::lower_bound(entries, wanted, {}, key);
        if (value && entry != entries.end() && key(*entry) == wanted)
            out.rows.push_back({told.name, from, *std::move(value), entry->entry.id});
        else
            out.damaged.push_back(told.name);
    }
    return out;
}

/// When the first of the values that a view knows expires; 0: none will.
inline auto next_expiry(const view& seen, std::uint64_t now) -> std::uint64_t {
    std::uint64_t out = 0;
    for (const auto& name : seen.list())
        for (const auto& l : name.layers)
            if (l.expires > now && (out == 0 || l.expires < out)) out = l.expires;
    return out;
}

/// A list, made from the values. A name whose value is no text (set as bytes, by the command) or is
/// damaged is told beside the rows: a wrong or missing value would be worse than none.
struct made_list {
    kept_answers::answer rows{};
    bool whole = true; ///< Nothing is damaged: it might be mended without a new state.
};
inline auto make_list(call& c, const scope& where, const view& seen) -> made_list {
    made_list made;
    auto& out = made.rows;
    auto found = resolved(c, where, seen);
    made.whole = found.damaged.empty();
    std::vector<std::string> no_text;
    out.body.reserve(64 + found.rows.size() * 192);
    wire_ids ids(where.environment);
    const auto covered = c.covered(where);
    const auto actor = c.parameter("actorId");
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (const auto& s : found.rows) {
        if (!covered.hold(s.name)) continue;
        const auto value = s.value.expose_secret();
        if (format::is_utf8(value)) {
            write_secret(w, ids.of(s.id), s.name, value, s.from, actor);
            ++out.count;
        } else {
            no_text.push_back(s.name);
        }
    }
    w.end_list();
    std::erase_if(found.damaged, [&](const auto& name) { return !covered.hold(name); });
    write_names(w, "unrepresentable", no_text);
    write_names(w, "damaged", found.damaged);
    w.end_object();
    return made;
}

/// The answer to a list: one that was kept, or a new one.
inline auto list_answer(call& c, const scope& where, const view& seen) -> response {
    const auto now = [&] { return static_cast<std::uint64_t>(seen.time().wall().count()); };
    auto& kept = c.parts.lists;
    const kept_answers::question asked{c.who.token_id,      c.in.target,   where.view(),
                                       c.who.grants.view(), seen.number(), now()};
    auto rows = kept.find(asked);
    if (!rows) {
        auto made = make_list(c, where, seen);
        if (made.whole && kept.has_room_for(made.rows) && kept.was_asked(asked)) {
            const auto expires = next_expiry(seen, asked.now);
            const auto then = now(); // a clock that was set back meanwhile had values expire later
            if (then >= asked.now && (expires == 0 || then < expires))
                kept.keep(asked, made.rows, expires);
        }
        rows = std::move(made.rows);
    }
    c.record.count = rows->count;
    if (c.covered(where).are_all())
        c.parts.delivered.note_list(where.view(), c.who.name, asked.now);
    response out;
    out.body = std::move(rows->body);
    return out;
}

inline auto list_secrets(call& c) -> response {
    const auto where = c.scope_of(c.parameter("environmentId"), c.parameter("spaceId"),
                                  kept_actor(c, c.parameter("actorId")), true);
    c.allow(where);
    const auto seen = need(c.vault().resolver().at(where.view()));
    auto out = list_answer(c, where, seen);
    // A space of another environment adds nothing (contract 7.2), which is said here.
    if (where.space.empty() && !c.parameter("spaceId").empty())
        out.headers.push_back({"x-coffer-space", "ignored"});
    return out;
}

/// A list of more names takes more than about a millisecond: too long for a thread on which others'
/// requests wait.
inline constexpr std::size_t most_names_now = 1'000;

/// The same, if everything that was named is there, no look at the store is due, and it is not long.
inline auto list_secrets_now(call& c) -> std::optional<response> {
    scope where;
    where.environment = c.parameter("environmentId");
    where.space = c.parameter("spaceId");
    where.actor = kept_actor(c, c.parameter("actorId"));
    if (where.environment.empty() || where.environment == system_environment) return std::nullopt;
    if (!c.is_allowed(where)) return std::nullopt; // nothing is looked at for them
    const auto seen = c.vault().try_at(where.view());
    if (!seen || seen->most_names() > most_names_now) return std::nullopt;
    c.made_from(*seen);
    return list_answer(c, where, *seen);
}

/// A name or value of a write: text of 1 to 1,024 code points.
inline auto wire_text(call& c, std::string_view member) -> std::string_view {
    const auto text = c.text(member);
    std::size_t code_points = 0;
    if (text.empty()) throw bad_request(member, "this must be text that is not empty");
    if (!format::is_utf8(text, &code_points) || code_points > wire_code_points)
        throw bad_request(member, "this must not have more than 1024 characters");
    return text;
}

inline auto write_secret_request(call& c) -> response {
    const auto name = wire_text(c, "name");
    const auto value = wire_text(c, "value");
    if (!check_name(name)) throw bad_request("name", "this must not hold U+0000");
    const auto environment = c.text("environmentId");
    const auto space = c.text("spaceId");
    const auto actor = c.text("actorId");
    c.record.names = {std::string(name)}; // of a refusal too: what was tried
    const auto where = c.scope_of(environment, space, kept_actor(c, actor));
    c.allow(where);
    c.allow_name(where, name);
    const wanted_entry wanted{name, value.size()};
    require_room(c, where, std::span(&wanted, 1));

    const auto what = c.word_for_set(where, name);
    const auto bytes = as_bytes(value);
    std::vector<named_value> one;
    one.push_back({std::string(name), wiped_bytes(bytes.begin(), bytes.end())});
    const auto done =
        need(c.vault().put_many(where.view(), std::move(one),
                                {.author = c.who.name, .even_if_equal = !c.sees(where, name)}))
            .front();
    c.record.version = done.version;
    c.record.count = 1;
    c.tell(what, done, where, name);

    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    write_secret(w, wire_id(where.environment, done.id), name, value, where, actor);
    w.end_list().end_object();
    return out;
}

/// What a removal took away. No value that its owner could not read, or not any more.
struct removed_secret {
    scope where{};
    std::string name{};
    result<secret> value = errc::denied;
    written gone{};
};
/// Removes a secret, if the caller may. Errors: conflict (somebody wrote meanwhile, so that it is
/// not known what would go), and those of erase. Throws as call::allow.
inline auto remove_secret(call& c, std::string_view id) -> result<removed_secret> {
    const auto [facts, place] = need(c.parts.places.find_secret(
        id, [&](std::string_view e) { return knows_environment(c.who, e); }));
    removed_secret out;
    out.where.environment = facts->own.id;
    out.where.space = place->space;
    out.where.actor = place->actor;
    out.name = place->name;
    c.record.names = {out.name};
    c.allow(out.where);
    if (!c.covers(out.where, out.name)) throw no_such_thing();
    const auto where = out.where.view();
    write_options only{.if_id = place->id, .author = c.who.name};
    if (covers_name(c.who, right::read, where, out.name)) {
        out.value = c.parts.is_past(place->expires)
                        ? result<secret>(errc::expired)
                        : c.vault().get_version(where, out.name, place->version);
        only.if_version = place->version;
    }
    const auto gone = c.vault().erase(where, out.name, only);
    if (!gone) return gone.error();
    out.gone = *gone;
    return out;
}

inline auto delete_secret(call& c) -> response {
    removed_secret removed;
    const auto done = change_again([&]() -> result<void> {
        auto once = remove_secret(c, c.path.front());
        if (!once) return once.error();
        removed = *std::move(once);
        return {};
    });
    if (!done) throw error_of(done.error());
    const auto& [where, name, value, gone] = removed;
    c.record.version = gone.version;
    c.record.count = 1;
    c.tell("deleted", gone, where, name);
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    const bool text = value && format::is_utf8(value->expose_secret());
    write_secret(w, c.path.front(), name,
                 text ? std::optional(value->expose_secret()) : std::nullopt, where,
                 where.actor.starts_with(hashed_actor) ? std::string_view() : where.actor);
    w.end_list().end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::v1

#endif
