// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_KEKS_HPP
#define COFFER_HTTP_X_KEKS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/kek_changes.hpp>
#include <coffer/http/times.hpp>
#include <coffer/http/token_notes.hpp>
#include <coffer/http/x_names.hpp>
#include <coffer/http/x_reveal.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

/// Changes of KEKs: POST /v1/x/keys/rotate-kek, disable and shred. For operators who have entered
/// their token within the last five minutes, and where whoever runs the service lets it
/// (api_parts::change_keks); elsewhere 501.
namespace coffer::inline COFFER_ABI::http::x {

/// What changes KEKs, once the caller may. Throws 403, 501.
inline auto allowed_kek_changes(call& c) -> const kek_changes& {
    c.allow(scope());
    if (!c.parts.change_keks)
        throw worded(errc::unsupported, "this server changes no keys (coffer serve --manage-keys)");
    require_confirmed(c);
    return *c.parts.change_keks;
}

/// What a change came to; throws api_error for a refusal.
template <class T>
auto need_kek(kek_outcome<T>&& got, std::string_view key = {}) -> T {
    if (auto* const refused = std::get_if<kek_refusal>(&got)) {
        auto why = error_of(refused->code);
        if (!refused->why.empty() && why.status != 404) why.message = std::move(refused->why);
        if (refused->code == errc::invalid_argument) why.key = key;
        throw why;
    }
    return std::get<T>(std::move(got));
}

/// KEKs in the place of all active ones, or one for an environment alone. The DEKs are rewrapped by
/// a request of its own (rewrap_keys), so that the new keyring can be backed up before.
inline auto rotate_keks(call& c) -> response {
    const auto& change = allowed_kek_changes(c);
    const auto where = c.parameter("environmentId").empty() ? scope() : queried_environment(c);
    c.record.where = where;
    note_begun(c);
    const auto done = need_kek(change.rotate(where.environment));
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (const auto& one : done) {
        w.begin_object().member("from", one.from).member("to", one.to).end_object();
        c.record.names.push_back(one.to);
    }
    w.end_list().end_object();
    return out;
}

/// The KEK `kekId` of the body unwraps nothing any more.
inline auto disable_kek(call& c) -> response {
    const std::string id(c.text("kekId"));
    if (id.empty() || id.size() > 255) throw bad_request("kekId", "the id of a KEK is needed");
    c.record.names = {id}; // of a refusal too: what was tried
    const auto& change = allowed_kek_changes(c);
    note_begun(c);
    need_kek(change.disable(id));
    return success();
}

inline void write_receipt(json_writer& w, const shred_receipt& r) {
    w.begin_object().member("environmentId", r.environment);
    w.member("shreddedAt", iso_time(r.at)).member("closed", r.unread == errc{});
    if (r.unread != errc{}) w.member("error", to_string(r.unread));
    w.key("destroyed").begin_list();
    for (const auto& k : r.destroyed)
        w.begin_object()
            .member("kekId", k.id)
            .member("createdAt", iso_time(k.created))
            .member("now", k.now)
            .end_object();
    w.end_list().key("shared").begin_list();
    for (const auto& id : r.shared)
        w.text(id);
    w.end_list().member("receipt", r.text).end_object();
}

/// The end of an environment and of the KEKs that speak for it alone. `name` of the body is its
/// name, as a person typed it. One that is on no list any more is it while it has keys: what was
/// interrupted is gone on with.
inline auto shred_environment(call& c) -> response {
    const std::string id(c.parameter("environmentId"));
    if (id.empty()) throw bad_request("environmentId", "an environment must be named");
    const std::string name(c.text("name"));
    const bool is_id = id != system_environment && check_context({.environment = id}).has_value();
    const scope where(context{.environment = is_id ? std::string_view(id) : std::string_view()});
    const auto& change = allowed_kek_changes(c);
    if (!is_id) throw no_such_thing();
    c.record.where = where;
    note_begun(c);
    const auto done =
        need_kek(change.shred(id, name, c.who.token_id, noted_ends(c, where)), "name");
    for (const auto& k : done.destroyed)
        if (k.now) c.record.names.push_back(k.id);
    c.tell_removed(where);
    response out;
    json_writer w(out.body);
    w.begin_object().key("data");
    write_receipt(w, done);
    w.end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
