// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_V1_ENVIRONMENTS_HPP
#define COFFER_HTTP_V1_ENVIRONMENTS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/metadata.hpp>
#include <coffer/http/token_notes.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// /v1/environments and /v1/environments/{environmentId}: the wire contract's environments.
namespace coffer::inline COFFER_ABI::http::v1 {

/// The account that every environment belongs to: the instance has one.
inline constexpr std::string_view account_id = "us_acc_COFFER";

inline constexpr member_rule environment_required[] = {{"name", member_kind::text},
                                                       {"isProd", member_kind::boolean}};
inline constexpr member_rule environment_members[] = {{"name", member_kind::text},
                                                      {"isProd", member_kind::boolean},
                                                      {"guestAuthentication", member_kind::logins},
                                                      {"metadata", member_kind::object},
                                                      {"translationsPath", member_kind::text},
                                                      {"namespaces", member_kind::texts},
                                                      {"languageOverride", member_kind::text}};

/// The members of an environment, with a default for each that the contract requires. One of which
/// nothing is known counts as production: nobody takes less care with it than it needs.
inline void write_environment(json_writer& w, const place_facts& place) {
    const metadata meta(place.metadata);
    w.begin_object().member("id", place.id).member("accountId", account_id);
    if (!meta.has({"name", member_kind::text})) w.member("name", place.id);
    if (!meta.has({"isProd", member_kind::boolean})) w.member("isProd", !place.told);
    if (!meta.has({"guestAuthentication", member_kind::logins}))
        w.key("guestAuthentication").raw("[]");
    w.key("features").raw("{}");
    if (!meta.has({"metadata", member_kind::object})) w.key("metadata").raw("{}");
    meta.show(w, environment_members);
    w.end_object();
}

inline auto environment_answer(const place_facts& place, bool wrapped) -> response {
    response out;
    json_writer w(out.body);
    if (wrapped) w.begin_object().key("data");
    write_environment(w, place);
    if (wrapped) w.end_object();
    return out;
}

inline auto list_environments(call& c) -> response {
    const page::wanted wanted(c);
    c.rows_are_decided();
    std::vector<listed_place> rows;
    const auto all = need(c.parts.places.all());
    for (const auto& e : all) {
        if (!c.may(right::list, {.environment = e.id})) continue;
        place_facts unreadable;
        unreadable.id = e.id; // listed all the same: the others' pages must not fail with it
        unreadable.told = false;
        rows.emplace_back(e.id, e.found ? (*e.found)->own : unreadable);
    }
    std::ranges::sort(rows, std::less<>());
    const page shown(wanted, rows.size());
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (auto i = shown.first; i < shown.last; ++i)
        write_environment(w, rows[i].place);
    w.end_list();
    shown.show(w);
    c.made_from(all);
    w.end_object();
    c.record.count = shown.last - shown.first;
    return out;
}

/// A name that a body must not give as an empty text.
inline void refuse_empty_name(call& c) {
    const auto* name = c.member("name");
    if (name != nullptr && name->is_string() && name->get_string().empty())
        throw bad_request("name", "this must not be empty");
}

inline auto create_environment(call& c) -> response {
    metadata meta("{}");
    meta.take(c, environment_members);
    refuse_empty_name(c);
    for (const auto& rule : environment_required)
        if (!meta.has(rule)) throw bad_request(rule.name, "this is needed");
    c.allow(scope());
    meta.set("createdAt", std::to_string(c.parts.making_time()));
    const auto id = need(make_id(c.parts.vault, "us_env_"));
    need_made(c.vault().create_environment(id, meta.to_text()));
    c.record.where.environment = id;
    return environment_answer(need(c.parts.places.look(id))->own, true);
}

/// The environment of the path, with what the caller may do there asked.
inline auto environment_of_path(call& c) -> scope {
    auto where = c.scope_of(c.path.front(), {}, {});
    c.allow(where);
    return where;
}

inline auto get_environment(call& c) -> response {
    const auto found = need(c.parts.places.look_back(environment_of_path(c).environment));
    c.made_from(found);
    return environment_answer(found->own, true);
}

inline auto update_environment(call& c) -> response {
    metadata sent("{}");
    sent.take(c, environment_members);
    refuse_empty_name(c);
    c.record.details = change_details(sent); // of a refusal too: what was tried
    const auto where = environment_of_path(c);
    need(c.parts.places.change(where.view(), [&](const place_facts& place) {
        const listed_place was(where.environment, place);
        metadata meta = was.meta;
        meta.take(c, environment_members);
        meta.set("createdAt", std::to_string(was.created));
        c.record.details = change_details(meta, &was.meta);
        return c.described(where, place.version + 1, meta.to_text());
    }));
    return environment_answer(need(c.parts.places.look(where.environment))->own, false);
}

inline auto delete_environment(call& c) -> response {
    const auto where = environment_of_path(c);
    need_removed(remove_scope(c, where));
    return success();
}

} // namespace coffer::inline COFFER_ABI::http::v1

#endif
