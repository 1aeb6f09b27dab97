// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_VALUES_HPP
#define COFFER_HTTP_X_VALUES_HPP

#include <coffer/detail/base64.hpp>
#include <coffer/http/auditable_names.hpp>
#include <coffer/http/call.hpp>
#include <coffer/http/x_rows.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

/// POST /v1/x/values: one context as a whole, for clients that resolve by themselves (http::source,
/// the command). `{"names":[…], "values":false, "unless":"…"}`, all of them optional.
/// An answer has a `tag` (see answer_tags); who has it and sends it as `unless` is given no rows
/// where they would be the same.
namespace coffer::inline COFFER_ABI::http::x {

/// A value as JSON can hold it: text, or base64 of bytes that are none.
inline void write_value(json_writer& w, std::string_view value) {
    if (format::is_utf8(value)) {
        w.member("value", value);
        return;
    }
    w.member("base64", std::string_view(coffer::detail::base64_text(as_bytes(value))));
}

/// How a name resolves, with its value if it has one that may be given, and until when that is
/// good: whoever is given a value may know it, whatever they may know of the layer it comes from.
inline void write_row(json_writer& w, const call& c, const explanation& told,
                      const result<secret>& value) {
    w.begin_object().member("name", told.name);
    write_layers(w, c, told);
    if (told.decided()) w.member("decides", static_cast<std::uint64_t>(told.decides));
    const auto outcome = told.outcome == errc{} && !value && value.error().code != errc::denied
                             ? value.error().code
                             : told.outcome;
    w.member("outcome", outcome == errc{} ? std::string_view("value") : to_string(outcome));
    if (value) {
        w.member("version", value->version());
        if (const auto end = told.layers[told.decides].expires; end != 0)
            w.member("expiresAt", iso_time(end));
        write_value(w, value->expose_secret());
    }
    w.end_object();
}

/// The member `names` of the body, each once, sorted; nothing if it is not there: all of them.
inline auto wanted_names(call& c) -> std::optional<std::vector<std::string>> {
    const auto* found = c.body().find("names");
    if (found == nullptr) return std::nullopt;
    if (!found->is_array()) throw bad_request("names", "this must be a list of texts");
    std::vector<std::string> out;
    for (const auto& one : found->get_array()) {
        if (!one.is_string()) throw bad_request("names", "this must be a list of texts");
        out.emplace_back(view_of(one.get_string()));
        if (!check_name(out.back())) throw bad_request("names", "this is no name");
    }
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    require_auditable(out);
    return out;
}

/// The member `values` of the body: true where it is not there.
inline auto wants_values(call& c) -> bool {
    const auto* asked = c.body().find("values");
    return asked == nullptr || !asked->is_bool() || asked->get_bool();
}
/// What a body asks for, in one text.
inline auto asked_text(bool values, const std::optional<std::vector<std::string>>& names)
    -> std::string {
    std::string out(values ? "values" : "states");
    if (!names) return out;
    for (const auto& name : *names)
        out.append(1, '\0').append(name); // which no name holds
    return out.append(1, '\0');           // no name at all is not every name
}

inline void write_freshness(json_writer& w, const view& seen) {
    const auto age = std::max<std::int64_t>(0, seen.age().count());
    w.member("stale", seen.stale()).member("ageMs", static_cast<std::uint64_t>(age));
}

/// What the names resolve to. A name that a grant's patterns leave out is left out here too.
inline void write_rows(call& c, json_writer& w, const scope& where, const view& seen,
                       const std::optional<std::vector<std::string>>& names, bool wants_values) {
    const bool values = wants_values && c.may(right::read, where.view());
    auto all = names ? std::vector<explanation>() : seen.list();
    if (names)
        for (const auto& name : *names)
            all.push_back(need(seen.explain(name)));
    for (const auto& told : all) {
        if (!c.covers(where, told.name)) continue;
        const bool given = values && told.outcome == errc{} &&
                           covers_name(c.who, right::read, where.view(), told.name);
        const auto value = given ? seen.get(told.name) : result<secret>(errc::denied);
        if (value) ++c.record.count;
        if (names && told.outcome == errc{}) c.record.names.push_back(told.name);
        if (value && names)
            c.parts.delivered.note_name(where.view(), told.name,
                                        {c.parts.now(), c.who.name, value->version()});
        write_row(w, c, told, value);
    }
    if (values && !names && covered_names(c.who, right::read, where.view()).are_all())
        c.parts.delivered.note_list(where.view(), c.who.name, c.parts.now());
}

/// What the audit log says of names that were asked for, beside those that write_rows() noted
/// since they resolve to a value: how many of them the caller's grants cover and, up to a kilobyte,
/// which. Others are not told: whoever may see nothing fills no disk.
inline void note_read(call& c, const scope& where, const std::vector<std::string>& names) {
    const auto resolved = c.record.names; // in order, as `names` are
    std::size_t covered = 0;
    std::size_t room = 1024;
    for (const auto& name : names) {
        if (!c.covers(where, name)) continue;
        ++covered;
        if (std::ranges::binary_search(resolved, name)) continue;
        if (!c.record.names.empty() && name.size() > room) {
            ++c.record.left_out;
            continue;
        }
        c.record.names.push_back(name);
        room -= std::min(room, name.size());
    }
    c.record.count = std::max(c.record.count, covered);
}

inline auto list_values(call& c) -> response {
    const bool values = wants_values(c);
    // The log tells giving values, which is what the route's own word says, from listing names.
    if (!values) c.record.action = "secrets.list"; // of a refusal too: what was tried
    const auto where = c.queried_scope();
    c.allow(where);
    const auto names = wanted_names(c);
    const auto known = c.text("unless");
    if (!c.may(right::read, where.view())) c.record.action = "secrets.list";
    const auto seen = need(c.vault().resolver().at(where.view()));
    const auto any = need(seen.explain("any")); // of any name: each tells the environment's facts
    response out;
    const auto tag =
        c.parts.tags.tag_of(c.who, where, asked_text(values, names), any.generation, seen.number());
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().member("generation", any.generation);
    w.member_if("tag", tag);
    write_freshness(w, seen);
    if (!tag.empty() && known == tag) {
        c.record.action = "secrets.list";
        w.member("unchanged", true);
    } else {
        w.member("kekId", any.kek_id).key("rows").begin_list();
        write_rows(c, w, where, seen, names, values);
        w.end_list();
    }
    w.end_object().end_object();
    if (names) note_read(c, where, *names);
    return out;
}

/// The rows that this adds to the table of routes.
inline auto values_routes() -> std::vector<route> {
    return {{"POST", "/v1/x/values", "secrets.read", right::list, scope_from::query, admits::token,
             list_values}};
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
