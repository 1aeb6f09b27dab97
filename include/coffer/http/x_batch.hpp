// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_BATCH_HPP
#define COFFER_HTTP_X_BATCH_HPP

#include <coffer/http/auditable_names.hpp>
#include <coffer/http/call.hpp>
#include <coffer/http/quotas.hpp>
#include <coffer/http/sent_change.hpp>
#include <coffer/http/x_writes.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// /v1/x/batch: many changes of one scope, together or not at all.
namespace coffer::inline COFFER_ABI::http::x {

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
    require_auditable(names);
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
