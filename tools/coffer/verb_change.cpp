// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <vector>

namespace command {

using coffer::layer_state;
using coffer::version_info;
using coffer::format::entry_state;

namespace {

auto write_options_of(const session& s) -> coffer::write_options {
    coffer::write_options with;
    with.if_version = s.in.number("if-version");
    return with;
}

/// What a scope sees when it says nothing itself: `prod v5`; empty for nothing.
auto below(const coffer::explanation& e) -> const coffer::layer* {
    for (std::size_t i = 1; i < e.layers.size(); ++i)
        if (e.layers[i].state != layer_state::absent) return &e.layers[i];
    return nullptr;
}

auto explained(session& s, const place& at, const std::string& name) -> coffer::explanation {
    return need(s.vault()->resolver().explain(at.where(), name), at.where(), name);
}

void report(session& s, const place& at, const std::string& name, const coffer::written& done,
            const std::string& text) {
    tell_done([&] {
        if (!s.json()) return put_line(printable(name) + "  " + at.text() + "  " + text);
        auto out = place_json(at, name);
        const auto state = state_word(explained(s, at, name));
        out["state"] = boost::json::string_view(state.data(), state.size());
        out["version"] = done.version;
        out["changed"] = done.changed;
        put_json(out);
    });
}

auto run_unset(session& s) -> int {
    const auto at = s.here();
    const auto& name = s.in.arguments.front();
    const auto e = explained(s, at, name);
    if (e.layers.front().state == layer_state::absent)
        throw problem(coffer::errc::not_found,
                      printable(name) + " has no value of its own in " + at.text(), at.where(),
                      name);
    const auto who = at.inherits() ? std::string() : reach(s, at).of(name);
    const auto own =
        "its own v" + std::to_string(e.layers.front().version) + (who.empty() ? "" : " " + who);
    const auto* const under = below(e);
    const auto effect = under == nullptr ? at.text() + " will see no " + printable(name) +
                                               " any more: it has " + own + "."
                                         : at.text() + " will see " + layer_text(*under) + " (" +
                                               set_by(*under) + ") instead of " + own + ".";
    if (s.dry_run()) require_version(s, at, name);
    if (!s.confirm(effect)) return 0;
    const auto done =
        need_written(s, at, name, s.vault()->erase(at.where(), name, write_options_of(s)),
                     "has no value of its own");
    report(s, at, name, done,
           "removed (coffer undelete brings it back)" +
               (under == nullptr ? "" : "   inherits " + layer_text(*under)));
    return 0;
}

auto run_hide(session& s) -> int {
    const auto at = s.here();
    const auto& name = s.in.arguments.front();
    if (s.dry_run()) require_version(s, at, name);
    if (!s.confirm_change(at, "Hides " + printable(name) + " in " + at.text() +
                                  ": it is not found there any more."))
        return 0;
    const auto e = explained(s, at, name);
    if (e.layers.front().state == layer_state::absent && below(e) == nullptr) {
        const auto meant = s.meant_name(at.where(), name);
        s.notice(at.text() + " would not see " + printable(name) +
                 " anyway: nothing above it has that name" +
                 (meant.empty() ? "" : "; did you mean " + printable(meant) + "?"));
    }
    const auto done =
        need_written(s, at, name, s.vault()->hide(at.where(), name, write_options_of(s)));
    report(s, at, name, done, done.changed ? "hidden" : "was hidden already");
    return 0;
}

/// The three that bring something back, and say what is seen then. `is_there`: among the versions
/// that are kept, the newest first, is what they bring back.
auto bring_back(session& s, const std::string& effect, const char* did,
                const std::string& nothing_to,
                bool (*is_there)(session&, const std::vector<version_info>&),
                coffer::result<coffer::written> (*write)(session&, const place&,
                                                         const std::string&)) -> int {
    const auto at = s.here();
    const auto& name = s.in.arguments.front();
    if (s.dry_run()) {
        require_version(s, at, name);
        auto kept = s.vault()->history(at.where(), name);
        const bool none = kept ? kept->empty() : kept.error() == coffer::errc::not_found;
        if (none || !is_there(s, need(std::move(kept), at.where(), name)))
            need_written(s, at, name, coffer::errc::not_found, nothing_to);
    }
    if (!s.confirm_change(at, effect + " " + printable(name) + " in " + at.text() + ".")) return 0;
    const auto done = need_written(s, at, name, write(s, at, name), nothing_to);
    const auto e = explained(s, at, name);
    const auto* const won = winner(e);
    report(s, at, name, done,
           std::string(did) +
               (won == nullptr ? "; nothing is set"
                               : "; now " + std::string(state_of(e)) + ", " + layer_text(*won)));
    return 0;
}

auto run_unhide(session& s) -> int {
    return bring_back(
        s, "Shows", "no longer hidden", "is not hidden",
        [](session&, const std::vector<version_info>& kept) {
            return kept.front().state == entry_state::hidden;
        },
        [](session& x, const place& at, const std::string& name) {
            return x.vault()->show(at.where(), name, write_options_of(x));
        });
}

auto run_undelete(session& s) -> int {
    return bring_back(
        s, "Brings back", "is back", "was not removed, or what it was is not kept any more",
        [](session&, const std::vector<version_info>& kept) {
            return kept.front().state == entry_state::deleted &&
                   std::ranges::any_of(
                       kept, [](const version_info& v) { return v.state == entry_state::value; });
        },
        [](session& x, const place& at, const std::string& name) {
            return x.vault()->undelete(at.where(), name, write_options_of(x));
        });
}

auto run_rollback(session& s) -> int {
    const auto to = s.in.number("to");
    if (!to) refuse("to which version? Say --to N (coffer history shows them)");
    return bring_back(
        s, "Makes v" + std::to_string(*to) + " the newest version again of", "rolled back",
        "has no v" + std::to_string(*to) + " that is kept",
        [](session& x, const std::vector<version_info>& kept) {
            return std::ranges::any_of(kept, [&](const version_info& v) {
                return v.version == *x.in.number("to") && v.state == entry_state::value;
            });
        },
        [](session& x, const place& at, const std::string& name) {
            return x.vault()->rollback(at.where(), name, *x.in.number("to"), write_options_of(x));
        });
}

const option_spec if_version{"--if-version", takes::value, "N",
                             "only if this scope's own value is at version N"};

auto one_name(std::string_view name, std::string_view summary, std::string_view details,
              int (*run)(session&)) -> verb {
    return {.name = name,
            .arguments = "NAME",
            .least = 1,
            .most = 1,
            .offers = completes::names,
            .summary = summary,
            .details = details,
            .options = {if_version},
            .run = run,
            .scopes = scope_options::all};
}

} // namespace

auto unset_verb() -> verb {
    return one_name("unset", "remove this scope's own value; says what will show instead",
                    "Asks first.", run_unset);
}
auto hide_verb() -> verb {
    return one_name("hide", "this scope no longer sees an inherited name",
                    "Not found, whatever it would inherit.", run_hide);
}
auto unhide_verb() -> verb {
    return one_name("unhide", "undo hide",
                    "An own value from before is there again, or the name is inherited again.",
                    run_unhide);
}
auto undelete_verb() -> verb {
    return one_name("undelete", "undo unset",
                    "Works as long as the version before is kept (the newest ten).", run_undelete);
}
auto rollback_verb() -> verb {
    auto made = one_name("rollback", "make an older value the newest again, as a new version", {},
                         run_rollback);
    made.options.push_back({"--to", takes::value, "N", "the version whose value is meant"});
    return made;
}

} // namespace command
