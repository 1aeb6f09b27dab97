// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_WRITES_HPP
#define COFFER_HTTP_X_WRITES_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/quotas.hpp>
#include <coffer/http/sent_change.hpp>
#include <coffer/http/x_secrets.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The changes of /v1/x/secret.
namespace coffer::inline COFFER_ABI::http::x {

/// The scope's own entry of a name as it is now.
inline auto entry_now(call& c, const scope& where, std::string_view name)
    -> std::optional<own_entry> {
    const auto all = c.vault().list(where.view());
    if (!all) return std::nullopt;
    for (const auto& e : *all)
        if (e.name == name) return e;
    return std::nullopt;
}

/// The note that goes on with what is set now: none where nothing is there.
inline auto note_of(const own_entry* was) -> std::string_view {
    return is_live(was) ? std::string_view(was->note) : std::string_view();
}

/// Somebody else was first: what is there now is told along.
[[noreturn]] inline void refuse_conflict(call& c, const scope& where, std::string_view name) {
    auto why = error_of(errc::conflict);
    const auto e = entry_now(c, where, name);
    wiped_text data;
    json_writer w(data);
    w.begin_object().member("name", name);
    w.member("version", is_live(e ? &*e : nullptr) ? e->version : 0);
    if (e) w.member("setAt", iso_time(e->at)).member_if("setBy", e->author);
    if (e) write_whose(w, c, where, name, e->version);
    w.end_object();
    why.data = std::string(data);
    throw why;
}

inline void write_written(json_writer& w, const scope& where, std::string_view name,
                          const written& done) {
    w.begin_object().member("name", name).member("version", done.version);
    w.member("changed", done.changed).member("id", wire_id(where.environment, done.id));
    w.end_object();
}

/// The answer to one change, noted and told: `created`, `updated` or `deleted`.
inline auto changed(call& c, const scope& where, std::string_view name, result<written> done,
                    std::string_view what) -> response {
    if (!done && done.error().code == errc::conflict) refuse_conflict(c, where, name);
    if (!done) throw error_of(done.error());
    c.record.version = done->version;
    c.record.count = done->changed ? 1 : 0;
    c.tell(what, *done, where, name);
    response out;
    json_writer w(out.body);
    w.begin_object().key("data");
    write_written(w, where, name, *done);
    w.end_object();
    return out;
}

/// What is told of a change that sets nothing.
inline auto word_of(change_kind kind) -> std::string_view {
    if (kind == change_kind::erase) return "deleted";
    return kind == change_kind::undelete ? "created" : "updated";
}

/// Scope and name of a change, its right asked.
struct change_of {
    std::string name{};
    scope where{};
    write_options with{};

    explicit change_of(call& c)
        : name(asked_name(c)), with{.if_version = expected_version(c), .author = c.who.name} {
        c.record.names = {name}; // of a refusal too: what was tried
        where = c.queried_scope();
        c.allow(where);
        c.allow_name(where, name);
    }
    /// To be asked before what may make an entry; `bytes` are those of its value.
    void need_room(call& c, std::size_t bytes = 0) const {
        const wanted_entry one{name, bytes};
        require_room(c, where, std::span(&one, 1));
    }
};

/// How often a change begins anew because a note was changed meanwhile.
inline constexpr int most_looks = 64;

/// Makes a change that says a part of a note: the rest stays as it is when the change is made, also
/// where somebody else changes it at the same moment, through this process or another.
template <class Make>
auto over_note(call& c, change_of& it, const sent_facts& facts, Make&& make) -> decltype(make()) {
    for (int looks = 1;; ++looks) {
        const auto was = entry_now(c, it.where, it.name);
        const auto note = note_of(was ? &*was : nullptr);
        // A conflict that is none of the note's is the caller's.
        if (looks > 1 && note == *it.with.if_note) return errc::conflict;
        it.with.note = facts.over(note);
        if (it.with.note) it.with.if_note = note;
        auto done = make();
        if (done || done.error().code != errc::conflict || !it.with.note || looks == most_looks)
            return done;
    }
}

inline auto set_secret(call& c) -> response {
    std::vector<named_value> one;
    one.push_back({asked_name(c), sent_value(c.body().find("value"))});
    require_value(one.front().value);
    const sent_facts facts(c.body().object());
    change_of change(c);
    change.need_room(c, one.front().value.size());
    change.with.expires = facts.expires;
    change.with.even_if_equal = !c.sees(change.where, change.name);
    const auto what = c.word_for_set(change.where, change.name);
    auto done = over_note(c, change, facts, [&] {
        return c.vault().put_many(change.where.view(), one, change.with);
    });
    return changed(c, change.where, change.name,
                   done ? result<written>(done->front()) : result<written>(done.error()), what);
}
inline auto remove_secret(call& c) -> response {
    const change_of it(c);
    return changed(c, it.where, it.name, c.vault().erase(it.where.view(), it.name, it.with),
                   word_of(change_kind::erase));
}
inline auto hide_secret(call& c) -> response {
    const change_of it(c);
    it.need_room(c);
    return changed(c, it.where, it.name, c.vault().hide(it.where.view(), it.name, it.with),
                   word_of(change_kind::hide));
}
inline auto unhide_secret(call& c) -> response {
    const change_of it(c);
    return changed(c, it.where, it.name, c.vault().show(it.where.view(), it.name, it.with),
                   word_of(change_kind::show));
}
inline auto undelete_secret(call& c) -> response {
    const change_of it(c);
    return changed(c, it.where, it.name, c.vault().undelete(it.where.view(), it.name, it.with),
                   word_of(change_kind::undelete));
}
inline auto rollback_secret(call& c) -> response {
    const auto* to = c.body().find("to");
    if (to == nullptr || !to->is_int64() || to->get_int64() < 1)
        throw bad_request("to", "the number of a version is needed");
    const sent_facts facts(c.body().object());
    change_of it(c);
    it.with.expires = facts.expires;
    const auto what = c.word_for_set(it.where, it.name);
    auto done = over_note(c, it, facts, [&] {
        return c.vault().rollback(it.where.view(), it.name,
                                  static_cast<std::uint64_t>(to->get_int64()), it.with);
    });
    return changed(c, it.where, it.name, std::move(done), what);
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
