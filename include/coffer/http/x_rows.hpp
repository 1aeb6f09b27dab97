// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_ROWS_HPP
#define COFFER_HTTP_X_ROWS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/metadata.hpp>
#include <coffer/inheritance.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What a scope says of each name: the rows of /v1/x, made from an environment's entries. They hold
/// no value.
namespace coffer::inline COFFER_ABI::http::x {

/// What people wrote beside a value: plain text, or `{"note":…,"rotate_by":"2026-01-31"}`.
struct entry_note {
    std::string text{};
    std::string rotate_by{};

    static auto read(std::string_view note) -> entry_note {
        const metadata members(note);
        if (members.find("note").empty() && members.find("rotate_by").empty())
            return {std::string(note), {}};
        return {members.text("note"), members.text("rotate_by")};
    }
    auto write() const -> std::string {
        if (text.empty() && rotate_by.empty()) return {};
        metadata members("{}");
        members.set_text("note", text);
        if (!rotate_by.empty()) members.set_text("rotate_by", rotate_by);
        return members.to_text();
    }
};

/// Which programs need a name: `requirements` of an environment's metadata,
/// `{program:[{"name":…,"pattern":…}]}`.
using required_names = std::map<std::string, std::vector<std::string>, std::less<>>;
inline auto required_in(const metadata& environment) -> required_names {
    required_names out;
    const metadata programs(environment.find("requirements"));
    for (const auto& [program, list] : programs.members()) {
        const auto wrapped = json_document::read("{\"all\":" + list + "}");
        const auto* all = wrapped ? wrapped->find("all") : nullptr;
        if (all == nullptr || !all->is_array()) continue;
        for (const auto& one : all->get_array())
            if (one.is_object())
                if (const auto* name = one.get_object().if_contains("name");
                    name != nullptr && name->is_string())
                    out[std::string(view_of(name->get_string()))].push_back(program);
    }
    return out;
}

enum class row_state : unsigned char {
    value,      ///< Of the environment itself.
    inherited,  ///< Of a space: the environment's.
    overridden, ///< Its own, in place of the environment's.
    own,        ///< Its own, and the environment has none.
    hidden,
    removed, ///< Of the environment itself: it had one.
    missing, ///< A program needs it, and nothing answers.
    damaged,
    expired,
};
constexpr auto to_string(row_state s) noexcept -> std::string_view {
    switch (s) {
    case row_state::value: return "value";
    case row_state::inherited: return "inherited";
    case row_state::overridden: return "overridden";
    case row_state::own: return "own";
    case row_state::hidden: return "hidden";
    case row_state::removed: return "removed";
    case row_state::missing: return "missing";
    case row_state::damaged: return "damaged";
    case row_state::expired: return "expired";
    }
    return "missing";
}

inline auto is_live(const own_entry* e) noexcept -> bool {
    return e != nullptr && e->state != format::entry_state::deleted;
}

/// What one scope shows of a name: its own entry, and what it would inherit.
struct standing {
    const own_entry* own = nullptr;
    const own_entry* parent = nullptr; ///< Live, or null.
    bool is_top = false;               ///< The scope inherits from nothing.
    std::uint64_t now = 0;             ///< Milliseconds since 1970.

    /// The entry that decides; null where none does.
    auto decides() const noexcept -> const own_entry* { return is_live(own) ? own : parent; }
    auto state() const -> row_state {
        const auto* e = decides();
        if (e == nullptr) return is_top && own != nullptr ? row_state::removed : row_state::missing;
        if (e->state == format::entry_state::hidden) return row_state::hidden;
        if (e->damaged) return row_state::damaged;
        if (e->expires != 0 && now >= e->expires) return row_state::expired;
        if (e != own) return row_state::inherited;
        if (is_top) return row_state::value;
        return parent != nullptr ? row_state::overridden : row_state::own;
    }
    /// The parent's value is newer than the one that is here in its place.
    auto is_older() const noexcept -> bool {
        return is_live(own) && parent != nullptr && own->state == format::entry_state::value &&
               parent->state == format::entry_state::value && parent->at > own->at;
    }
};

/// An environment's entries, found by scope and name. It keeps views of what it was made from.
class entry_table {
public:
    /// As they are at a time: milliseconds since 1970.
    entry_table(const std::vector<scoped_entry>& all, std::uint64_t now) : now_(now) {
        for (const auto& e : all)
            if (!e.entry.name.empty()) scopes_[{e.space, e.actor}][e.entry.name] = &e.entry;
    }
    using names = std::map<std::string_view, const own_entry*>;
    using scope_key = std::pair<std::string_view, std::string_view>;

    auto of(std::string_view space, std::string_view actor) const -> const names& {
        static const names none;
        const auto found = scopes_.find({space, actor});
        return found == scopes_.end() ? none : found->second;
    }
    auto all() const noexcept -> const std::map<scope_key, names>& { return scopes_; }
    static auto in(const names& where, std::string_view name) -> const own_entry* {
        const auto found = where.find(name);
        return found == where.end() ? nullptr : found->second;
    }
    /// How a name stands in a scope.
    auto standing_of(context where, std::string_view name) const -> standing {
        standing out;
        out.now = now_;
        const auto layers = environment_then_space_then_actor().lookup_order(where);
        out.is_top = layers.size() == 1;
        out.own = in(of(where.space, where.actor), name);
        for (std::size_t i = 1; i < layers.size() && out.parent == nullptr; ++i)
            if (const auto* e = in(of(layers[i].space, layers[i].actor), name); is_live(e))
                out.parent = e;
        return out;
    }
    /// Every name that any scope of the look-up has, removed ones of the scope's own included.
    auto names_of(context where) const -> std::vector<std::string_view> {
        std::vector<std::string_view> out;
        for (const auto& layer : environment_then_space_then_actor().lookup_order(where))
            for (const auto& [name, e] : of(layer.space, layer.actor)) {
                const bool own = layer == where;
                if (is_live(e) || (own && where.space.empty() && where.actor.empty()))
                    out.push_back(name);
            }
        std::ranges::sort(out);
        out.erase(std::unique(out.begin(), out.end()), out.end());
        return out;
    }

private:
    std::uint64_t now_;
    std::map<scope_key, names> scopes_{};
};

/// Whether a scope is an actor's, and the caller may know that there is one.
inline auto is_seen_actor(const call& c, std::string_view environment,
                          const entry_table::scope_key& at) -> bool {
    return !at.second.empty() &&
           c.may(right::list, {.environment = environment, .space = at.first, .actor = at.second});
}

/// How the spaces of an environment use a name of it.
struct name_use {
    std::uint64_t over = 0;
    std::uint64_t hidden = 0;
    std::uint64_t older = 0;
    std::uint64_t personal = 0;
};
inline auto uses_of(const call& c, std::string_view environment, const entry_table& table,
                    std::string_view name, const own_entry* parent) -> name_use {
    name_use out;
    for (const auto& [where, names] : table.all()) {
        const auto* e = entry_table::in(names, name);
        if (!is_live(e) || (where.first.empty() && where.second.empty())) continue;
        if (!where.second.empty()) {
            if (is_seen_actor(c, environment, where)) ++out.personal;
        } else if (e->state == format::entry_state::hidden) {
            ++out.hidden;
        } else {
            ++out.over;
            if (is_live(parent) && parent->at > e->at) ++out.older;
        }
    }
    return out;
}

/// When, by whom and with which note an entry was set.
inline void write_entry(json_writer& w, std::string_view environment, const own_entry& e) {
    const auto note = entry_note::read(e.note);
    w.member("version", e.version).member("setAt", iso_time(e.at)).member_if("setBy", e.author);
    w.member_if("note", note.text).member_if("rotateBy", note.rotate_by);
    if (e.expires != 0) w.member("expiresAt", iso_time(e.expires));
    w.member("id", wire_id(environment, e.id));
}

/// One layer of a look-up. Of one that the caller has no right in it learns the state alone: a
/// space inherits its environment's values, not who set them, when and with which note.
inline void write_layer(json_writer& w, const call& c, const layer& l) {
    w.begin_object().member("environmentId", l.where.environment);
    w.member_if("spaceId", l.where.space).member_if("actorId", l.where.actor);
    w.member("state", to_string(l.state));
    if (l.state != layer_state::absent && c.may(right::list, l.where.view())) {
        const auto note = entry_note::read(l.note);
        w.member("version", l.version).member("setAt", iso_time(l.at));
        w.member_if("setBy", l.author).member_if("note", note.text);
        w.member_if("rotateBy", note.rotate_by);
        if (l.expires != 0) w.member("expiresAt", iso_time(l.expires));
    }
    w.end_object();
}
inline void write_layers(json_writer& w, const call& c, const explanation& told) {
    w.key("layers").begin_list();
    for (const auto& l : told.layers)
        write_layer(w, c, l);
    w.end_list();
}

inline void write_texts(json_writer& w, std::string_view key,
                        const std::vector<std::string>& texts) {
    w.key(key).begin_list();
    for (const auto& text : texts)
        w.text(text);
    w.end_list();
}

/// Writes the members of a row; of an environment's entry a caller that has no right there learns
/// the state alone.
class row_writer {
public:
    row_writer(const call& c, const scope& where, const entry_table& table,
               const required_names& required, std::size_t spaces)
        : c_(c), where_(where), table_(table), required_(required), spaces_(spaces),
          sees_environment_(c.may(right::list, {.environment = where.environment})) {}

    void write(json_writer& w, std::string_view name) const {
        const auto s = table_.standing_of(where_.view(), name);
        const auto* e = s.decides() != nullptr ? s.decides() : s.own;
        w.member("name", name).member("state", to_string(s.state()));
        w.member("own", is_live(s.own));
        if (e != nullptr && (e == s.own || sees_environment_))
            write_entry(w, where_.environment, *e);
        if (s.is_top)
            write_uses(w, name, s.own);
        else
            write_parent(w, name, s);
        const auto needed = required_.find(name);
        write_texts(w, "requiredBy",
                    needed == required_.end() ? std::vector<std::string>() : needed->second);
    }

private:
    void write_uses(json_writer& w, std::string_view name, const own_entry* own) const {
        const auto use = uses_of(c_, where_.environment, table_, name, own);
        const auto apart = use.over + use.hidden;
        w.key("usedBy").begin_object();
        w.member("inherit", spaces_ - std::min<std::uint64_t>(spaces_, apart));
        w.member("over", use.over).member("hidden", use.hidden).member("older", use.older);
        w.member("personal", use.personal).end_object();
    }
    void write_parent(json_writer& w, std::string_view name, const standing& s) const {
        if (is_live(s.own) && s.parent != nullptr) {
            w.key("parent").begin_object();
            w.member("state", s.parent->state == format::entry_state::hidden ? "hidden" : "value");
            if (sees_environment_)
                w.member("version", s.parent->version)
                    .member("setAt", iso_time(s.parent->at))
                    .member_if("setBy", s.parent->author);
            w.end_object();
        }
        w.member("older", s.is_older());
        std::uint64_t personal = 0;
        for (const auto& [where, names] : table_.all())
            if (where.first == where_.space && is_seen_actor(c_, where_.environment, where) &&
                is_live(entry_table::in(names, name)))
                ++personal;
        w.member("personal", personal);
    }

    const call& c_;
    const scope& where_;
    const entry_table& table_;
    const required_names& required_;
    std::size_t spaces_;
    bool sees_environment_;
};

/// How current an answer is, and the generation of its environment.
inline void write_state(json_writer& w, const call& c, const view& seen) {
    const auto age = static_cast<std::uint64_t>(std::max<std::int64_t>(0, seen.age().count()));
    const auto any = seen.explain("any"); // of any name: each tells the environment's generation
    w.member("generation", any ? any->generation : 0);
    w.member("asOf", iso_time(c.parts.now() - std::min(age, c.parts.now())));
    w.member("stale", seen.stale()).member("ageMs", age);
}

inline void write_rights(json_writer& w, const principal& who, context where) {
    w.key("rights").begin_list();
    for (const auto r : all_rights)
        if (decide(who, r, where) == decision::allowed) w.text(to_string(r));
    w.end_list();
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
