// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_WRITES_HPP
#define COFFER_HTTP_X_WRITES_HPP

#include <coffer/detail/base64.hpp>
#include <coffer/http/call.hpp>
#include <coffer/http/quotas.hpp>
#include <coffer/http/x_secrets.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The changes of /v1/x/secret and /v1/x/batch.
namespace coffer::inline COFFER_ABI::http::x {

/// A value as it is sent: text, or `{"base64":"…"}` for any bytes. Throws 400.
inline auto sent_value(const boost::json::value* found) -> wiped_bytes {
    if (found != nullptr && found->is_string()) {
        const auto text = as_bytes(view_of(found->get_string()));
        return {text.begin(), text.end()};
    }
    const auto* coded = found != nullptr && found->is_object()
                            ? found->get_object().if_contains("base64")
                            : nullptr;
    if (coded == nullptr || !coded->is_string())
        throw bad_request("value", R"(this must be text, or {"base64":"…"})");
    auto value = coffer::detail::base64_value(view_of(coded->get_string()));
    if (!value) throw bad_request("value", "this is not base64");
    return *std::move(value);
}
inline void require_value(const wiped_bytes& value) {
    const auto valid = check_value(value);
    if (!valid)
        throw bad_request("value", valid.error() == errc::too_large
                                       ? "this must not be larger than 64 KiB"
                                       : "this must not be empty");
}

/// `ifVersion` of an object; null: it has none. Throws 400.
inline auto sent_version(const boost::json::value* found) -> std::optional<std::uint64_t> {
    if (found == nullptr) return std::nullopt;
    if (!found->is_int64() || found->get_int64() < 0)
        throw bad_request("ifVersion", "this must be a whole number");
    return static_cast<std::uint64_t>(found->get_int64());
}
/// `ifVersion` of the query, or of the body.
inline auto expected_version(call& c) -> std::optional<std::uint64_t> {
    if (const auto text = c.parameter("ifVersion"); !text.empty())
        return c.number("ifVersion", 0, 0);
    if (c.in.body.empty()) return std::nullopt;
    return sent_version(c.body().find("ifVersion"));
}

/// What an object says beside the value: note, rotateBy, expiresAt.
struct sent_facts {
    std::optional<std::string> note{};
    std::optional<std::string> rotate_by{};
    std::uint64_t expires = 0;

    explicit sent_facts(const boost::json::object& from) {
        note = text(from, "note");
        rotate_by = text(from, "rotateBy");
        if (rotate_by && !rotate_by->empty() && !time_of_iso(*rotate_by))
            throw bad_request("rotateBy", "this must be a day: 2026-01-31");
        if (rotate_by) rotate_by->resize(std::min<std::size_t>(rotate_by->size(), 10));
        const auto* end = from.if_contains("expiresAt");
        if (end == nullptr || end->is_null()) return;
        expires = time_in(*end);
        if (expires == 0 || expires > last_iso_time)
            throw bad_request("expiresAt", "this must be a time: 2026-01-31T00:00:00Z");
        if (is_in_seconds(expires))
            throw bad_request("expiresAt", "this is in seconds: say milliseconds since 1970, or "
                                           "2026-01-31T00:00:00Z");
    }
    /// The note that an entry gets which has one already; nothing: it stays.
    auto over(std::string_view was) const -> std::optional<std::string> {
        if (!note && !rotate_by) return std::nullopt;
        auto all = entry_note::read(was);
        if (note) all.text = *note;
        if (rotate_by) all.rotate_by = *rotate_by;
        return all.write();
    }

private:
    /// Milliseconds since 1970; 0 where it is no time after that.
    static auto time_in(const boost::json::value& from) -> std::uint64_t {
        if (from.is_string()) return time_of_iso(view_of(from.get_string())).value_or(0);
        return from.is_int64() && from.get_int64() > 0
                   ? static_cast<std::uint64_t>(from.get_int64())
                   : 0;
    }
    static auto text(const boost::json::object& from, std::string_view name)
        -> std::optional<std::string> {
        const auto* found = from.if_contains({name.data(), name.size()});
        if (found == nullptr || found->is_null()) return std::nullopt;
        if (!found->is_string()) throw bad_request(name, "this must be text");
        if (!check_note(view_of(found->get_string())))
            throw bad_request(name, "this must be at most 4 KiB of text without U+0000");
        return std::string(view_of(found->get_string()));
    }
};

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

/// `{"set":[{name,value,note?,rotateBy?,expiresAt?,ifVersion?}],"remove":[…],"hide":[…],
/// "unhide":[…],"undelete":[…]}`, checked. A row of all but the first is a name, or
/// {name,ifVersion?}.
struct batch {
    struct row {
        change what{};
        std::optional<sent_facts> facts{}; ///< Of a set.
    };
    std::vector<row> rows{}; ///< In that order.

    explicit batch(call& c) {
        if (!c.parameter("ifVersion").empty() || c.body().find("ifVersion") != nullptr)
            throw bad_request("ifVersion", "in a batch each row has its own");
        add_all(c, "set", change_kind::put);
        add_all(c, "remove", change_kind::erase);
        add_all(c, "hide", change_kind::hide);
        add_all(c, "unhide", change_kind::show);
        add_all(c, "undelete", change_kind::undelete);
        if (rows.empty()) throw bad_request({}, "there is nothing to do");
        auto all = names();
        std::ranges::sort(all);
        if (std::ranges::adjacent_find(all) != all.end())
            throw bad_request("name", "a name is given twice");
    }
    auto names() const -> std::vector<std::string> {
        std::vector<std::string> out;
        for (const auto& one : rows)
            out.push_back(one.what.name);
        return out;
    }

private:
    void add_all(call& c, std::string_view name, change_kind kind) {
        const auto* found = c.body().find(name);
        if (found == nullptr) return;
        if (!found->is_array()) throw bad_request(name, "this must be a list");
        std::size_t at = 0;
        for (const auto& one : found->get_array()) {
            try {
                add(one, kind);
            } catch (api_error& why) { // which row it is of: `set[1].value`
                why.key = std::string(name) + "[" + std::to_string(at) + "]" +
                          (why.key.empty() ? "" : "." + why.key);
                throw;
            }
            ++at;
        }
    }
    void add(const boost::json::value& sent, change_kind kind) {
        if (kind != change_kind::put && sent.is_string())
            rows.push_back({{.kind = kind, .name = name_of(&sent)}});
        else if (sent.is_object())
            add(sent.get_object(), kind);
        else
            throw bad_request({}, kind == change_kind::put ? "this must be an object"
                                                           : "this must be a name, or an object");
    }
    void add(const boost::json::object& sent, change_kind kind) {
        row out{{.kind = kind, .name = name_of(sent.if_contains("name"))}};
        out.what.with.if_version = sent_version(sent.if_contains("ifVersion"));
        if (kind == change_kind::put) {
            out.what.value = sent_value(sent.if_contains("value"));
            require_value(out.what.value);
            out.facts.emplace(sent);
        }
        rows.push_back(std::move(out));
    }
    static auto name_of(const boost::json::value* v) -> std::string {
        if (v == nullptr || !v->is_string() || !check_name(view_of(v->get_string())))
            throw bad_request("name", "a name is 1 to 1024 characters without U+0000");
        return std::string(view_of(v->get_string()));
    }
};

/// The changes of a batch as the vault makes them, by this caller.
inline auto changes_of(call& c, const scope& where, const batch& all) -> std::vector<change> {
    std::map<std::string_view, const own_entry*> there;
    const auto listed = c.vault().list(where.view());
    if (listed)
        for (const auto& e : *listed)
            there.emplace(e.name, &e);
    std::vector<change> out;
    out.reserve(all.rows.size());
    for (const auto& [what, facts] : all.rows) {
        auto& with = out.emplace_back(what).with;
        with.author = c.who.name;
        if (!facts) continue;
        const auto was = there.find(what.name);
        const auto note = note_of(was == there.end() ? nullptr : was->second);
        with.even_if_equal = !c.sees(where, what.name);
        with.expires = facts->expires;
        with.note = facts->over(note);
        if (with.note) with.if_note = note;
    }
    return out;
}
/// Makes them. As with one change, what a row does not say of a note stays as it is then.
inline auto make_changes(call& c, const scope& where, const batch& all)
    -> result<std::vector<written>> {
    std::vector<std::optional<std::string>> seen;
    for (int looks = 1;; ++looks) {
        auto changes = changes_of(c, where, all);
        std::vector<std::optional<std::string>> notes;
        for (const auto& one : changes)
            notes.push_back(one.with.if_note);
        if (looks > 1 && notes == seen) return errc::conflict; // none of a note's
        seen = std::move(notes);
        auto done = c.vault().change_many(where.view(), std::move(changes));
        if (done || done.error().code != errc::conflict || looks == most_looks) return done;
    }
}
/// Which of them somebody else was first with.
[[noreturn]] inline void
refuse_batch(call& c, const scope& where,
             const std::vector<std::pair<std::string, std::optional<std::uint64_t>>>& expected) {
    const auto listed = c.vault().list(where.view());
    for (const auto& [name, version] : expected) {
        if (!listed || !version) continue;
        const auto at = std::ranges::find(*listed, name, &own_entry::name);
        const auto* const e = at == listed->end() ? nullptr : &*at;
        if (*version != (is_live(e) ? e->version : 0)) refuse_conflict(c, where, name);
    }
    throw error_of(errc::conflict); // it is as it was expected again by now
}

/// Why there is nothing for a change to do to what a scope has of a name; empty where there is.
inline auto why_absent(change_kind kind, const own_entry* has) -> std::string_view {
    const auto is = [&](format::entry_state state) {
        return has != nullptr && has->state == state;
    };
    switch (kind) {
    case change_kind::put:
    case change_kind::hide: return {};
    case change_kind::erase: return is_live(has) ? "" : "this name is not set here";
    case change_kind::show:
        return is(format::entry_state::hidden) ? "" : "this name is not hidden here";
    case change_kind::undelete: break;
    }
    return is(format::entry_state::deleted) ? "" : "this name was not removed here";
}
/// Which of them that is. Whoever may write a name may know it.
[[noreturn]] inline void refuse_absent(call& c, const scope& where, const batch& all) {
    const auto listed = c.vault().list(where.view());
    for (const auto& [what, facts] : all.rows) {
        if (!listed) break;
        const auto at = std::ranges::find(*listed, what.name, &own_entry::name);
        const auto words = why_absent(what.kind, at == listed->end() ? nullptr : &*at);
        if (words.empty()) continue;
        auto why = worded(errc::not_found, words);
        wiped_text data;
        json_writer(data).begin_object().member("name", what.name).end_object();
        why.data = std::string(data);
        throw why;
    }
    throw no_such_thing(); // it is there by now
}

inline auto change_batch(call& c) -> response {
    batch all(c);
    const auto names = all.names();
    c.record.names = names; // of a refusal too: what was tried
    const auto where = c.queried_scope();
    c.allow(where);
    for (const auto& name : names)
        c.allow_name(where, name);
    std::vector<std::string_view> set;
    std::vector<wanted_entry> made; // maybe
    std::vector<std::pair<std::string, std::optional<std::uint64_t>>> expected;
    for (const auto& [what, facts] : all.rows) {
        if (what.kind == change_kind::put) set.push_back(what.name);
        if (what.kind == change_kind::put || what.kind == change_kind::hide)
            made.push_back({what.name, what.value.size()});
        expected.emplace_back(what.name, what.with.if_version);
    }
    require_room(c, where, made);
    auto words = c.words_for_set(where, set);
    for (auto i = set.size(); i < all.rows.size(); ++i)
        words.push_back(word_of(all.rows[i].what.kind));
    const auto done = make_changes(c, where, all);
    if (!done && done.error().code == errc::conflict) refuse_batch(c, where, expected);
    if (!done && done.error().code == errc::not_found) refuse_absent(c, where, all);
    if (!done) throw error_of(done.error());
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (std::size_t i = 0; i < done->size(); ++i) {
        write_written(w, where, names[i], (*done)[i]);
        c.tell(words[i], (*done)[i], where, names[i]);
        if ((*done)[i].changed) ++c.record.count;
    }
    w.end_list().end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
