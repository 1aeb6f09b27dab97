// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_MATRIX_HPP
#define COFFER_HTTP_X_MATRIX_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/x_names.hpp>
#include <coffer/http/x_secrets.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// GET /v1/x/matrix: how all spaces of an environment differ from it.
namespace coffer::inline COFFER_ABI::http::x {

/// Where a space differs from its environment.
struct matrix_cell {
    std::size_t space = 0;
    std::size_t name = 0;
    standing how{};
};

/// All spaces and names of an environment that a caller may see, and where they differ.
struct matrix {
    std::vector<listed_place> spaces{};
    std::vector<std::string> names{};
    std::vector<standing> above{}; ///< How the environment itself has them, name by name.
    std::vector<matrix_cell> cells{};
    std::uint64_t over = 0; ///< Values of a space's own in place of the environment's.
    std::uint64_t hidden = 0;

    matrix(const call& c, const environment_state& state) {
        const auto& environment = state.facts->own.id;
        for (const auto& [id, place] : state.facts->spaces)
            if (c.may(right::list, {.environment = environment, .space = id}))
                spaces.emplace_back(environment, place);
        std::ranges::sort(spaces, std::less<>());
        add_names(c, state);
        for (const auto& name : names)
            above.push_back(state.table.standing_of({.environment = environment}, name));
        for (std::size_t s = 0; s < spaces.size(); ++s)
            add_cells(state, s);
    }

    /// Leaves out the spaces that have no cell, and the names that have none; not those that a
    /// program needs and the environment lacks.
    void keep_what_differs(const environment_state& state) {
        std::vector<bool> space_used(spaces.size());
        std::vector<bool> name_used;
        for (std::size_t n = 0; n < names.size(); ++n)
            name_used.push_back(is_missing(state, n));
        for (const auto& cell : cells)
            space_used[cell.space] = name_used[cell.name] = true;
        const auto new_space = keep(spaces, space_used);
        keep(above, name_used);
        const auto new_name = keep(names, name_used);
        for (auto& cell : cells) {
            cell.space = new_space[cell.space];
            cell.name = new_name[cell.name];
        }
    }
    /// Whether a program needs a name that the environment itself has no value of.
    auto is_missing(const environment_state& state, std::size_t n) const -> bool {
        return above[n].decides() == nullptr && state.required.contains(names[n]);
    }

private:
    void add_names(const call& c, const environment_state& state) {
        const scope environment({.environment = state.facts->own.id});
        for (const auto& [where, in_scope] : state.table.all())
            if (where.second.empty())
                for (const auto& [name, e] : in_scope)
                    if (is_live(e)) names.emplace_back(name);
        for (const auto& [name, programs] : state.required)
            names.push_back(name);
        std::erase_if(names, [&](const auto& name) { return !c.covers(environment, name); });
        std::ranges::sort(names);
        names.erase(std::unique(names.begin(), names.end()), names.end());
    }
    void add_cells(const environment_state& state, std::size_t s) {
        const context where{.environment = state.facts->own.id, .space = spaces[s].place.id};
        const auto& own = state.table.of(where.space, {});
        for (std::size_t n = 0; n < names.size(); ++n) {
            // What a space lacks as its environment does is no difference.
            if (!is_live(entry_table::in(own, names[n]))) continue;
            const auto how = state.table.standing_of(where, names[n]);
            if (how.state() == row_state::hidden)
                ++hidden;
            else if (how.parent != nullptr)
                ++over;
            cells.push_back({s, n, how});
        }
    }
    template <class T>
    static auto keep(std::vector<T>& all, const std::vector<bool>& used)
        -> std::vector<std::size_t> {
        std::vector<std::size_t> place(all.size());
        std::vector<T> kept;
        for (std::size_t i = 0; i < all.size(); ++i) {
            place[i] = kept.size();
            if (used[i]) kept.push_back(std::move(all[i]));
        }
        all = std::move(kept);
        return place;
    }
};

inline void write_matrix(json_writer& w, const call& c, const environment_state& state,
                         const matrix& m) {
    const auto& environment = state.facts->own.id;
    const bool writes_all = c.may(right::write, {.environment = environment});
    w.key("spaces").begin_list();
    for (const auto& s : m.spaces) {
        w.begin_object().member("id", s.place.id).member("name", name_of(s.place));
        if (!writes_all && c.may(right::write, {.environment = environment, .space = s.place.id}))
            w.member("write", true);
        w.end_object();
    }
    w.end_list();
    write_texts(w, "names", m.names);
    w.key("cells").begin_list();
    for (const auto& cell : m.cells) {
        const auto* e = cell.how.decides();
        w.begin_list().number(cell.space).number(cell.name).text(to_string(cell.how.state()));
        w.number(e == nullptr ? 0 : e->version).number(cell.how.is_older() ? 1 : 0).end_list();
    }
    w.end_list().key("parent").begin_list();
    for (std::size_t n = 0; n < m.names.size(); ++n) {
        const auto* e = m.above[n].decides();
        if (e == nullptr && !m.is_missing(state, n)) {
            w.null();
            continue;
        }
        w.begin_object();
        w.member("state", to_string(e == nullptr ? row_state::missing : m.above[n].state()));
        if (e != nullptr) w.member("version", e->version);
        w.end_object();
    }
    w.end_list();
}

inline auto show_matrix(call& c) -> response {
    const auto where = queried_environment(c);
    c.allow(where);
    const auto seen = need(c.vault().resolver().at(where.view()));
    const environment_state state(c, where.environment);
    matrix m(c, state);
    const auto spaces = m.spaces.size();
    const auto names = m.names.size();
    if (c.parameter("all") != "1") m.keep_what_differs(state);
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object();
    write_matrix(w, c, state, m);
    w.key("totals").begin_object().member("spaces", spaces).member("names", names);
    w.member("over", m.over).member("hidden", m.hidden).end_object();
    write_state(w, c, seen);
    write_rights(w, c.who, where.view());
    w.end_object().end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
