// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "scope_metadata.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "values_in.hpp"
#include "verbs.hpp"

#include <coffer/names.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace command {

namespace {

constexpr auto exposed =
    "values never go on the command line (they come from stdin, --file or a prompt). What you "
    "typed is "
    "not repeated here, but it may be in your shell history now; treat it as exposed";

/// A name beside other names: LIKE_THIS. One that could as well be a value is not taken for a name.
auto is_plainly_a_name(std::string_view text) -> bool {
    const auto allowed = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    if (text.empty() || !(text[0] >= 'A' && text[0] <= 'Z') || !std::ranges::all_of(text, allowed))
        return false;
    return text.size() < 16 || text.find('_') != text.npos;
}

/// Rule 1: no secret in argv. Before anything else, and whatever the names turn out to be.
void refuse_values(const std::vector<std::string>& names) {
    for (const auto& name : names) {
        if (name.find('=') != name.npos) refuse(exposed);
        if (names.size() > 1 && !is_plainly_a_name(name)) refuse(exposed);
        need_name(name);
    }
}

auto expiry_of(const session& s) -> std::uint64_t {
    const auto when = s.in.text("expires");
    if (!when) return 0;
    const auto at = parse_moment(*when);
    if (!at) refuse("--expires takes a day like 2026-01-31 or a time like 90d");
    if (*at <= now_ms()) refuse("--expires is in the past");
    return *at;
}

/// The note to write: what is given, and of what is there the half that is not, unless somebody
/// changes that meanwhile (over HTTP no such condition can be said).
void add_note(session& s, const place& at, coffer::write_options& with) {
    const auto text = s.in.text("note");
    const auto day = s.in.text("rotate-by");
    if (!text && !day) return;
    if (day && !day->empty() && !parse_date(*day))
        refuse("--rotate-by takes a day like 2026-01-31, or nothing: ''");
    entry_note note;
    if (!text || !day) {
        if (!s.is_remote()) with.if_note.emplace();
        for (const auto& e : need(s.vault()->list(at.where()), at.where())) {
            if (std::ranges::find(s.in.arguments, e.name) == s.in.arguments.end() || e.note.empty())
                continue;
            if (e.state == coffer::format::entry_state::deleted) continue;
            if (s.in.arguments.size() > 1)
                refuse("several names with notes of their own: give --note and --rotate-by");
            note = entry_note::read(e.note);
            if (with.if_note) with.if_note = e.note;
        }
    }
    if (text) note.text = *text;
    if (day) note.rotate_by = *day;
    with.note = note.write();
    if (!coffer::check_note(*with.note)) refuse("the note is over 4,096 bytes or no UTF-8");
}

/// What a scope says of a name itself, before it is set; nullopt for nothing.
auto own_of(const coffer::result<coffer::view>& before, const std::string& name)
    -> std::optional<coffer::layer> {
    if (!before) return std::nullopt;
    const auto e = before->explain(name);
    if (!e || e->layers.empty() || e->layers.front().state == coffer::layer_state::absent)
        return std::nullopt;
    return e->layers.front();
}

auto plan_of(session& s, const place& at, const coffer::result<coffer::view>& before)
    -> std::string {
    const reach means(s, at);
    std::vector<std::string> parts;
    for (const auto& name : s.in.arguments) {
        auto part = printable(name) + " in " + at.text();
        if (const auto own = own_of(before, name))
            part += " v" + std::to_string(own->version) + " → v" + std::to_string(own->version + 1);
        const auto what = means.of(name);
        parts.push_back(part + (what.empty() ? "" : " " + what));
    }
    return "Sets " + join(parts, ", ") + ".";
}

/// Of a new value: the day of the old one that is kept, the end of it that is not.
void tell_dates(const session& s, const std::string& name, const coffer::layer& was) {
    const auto day = entry_note::read(was.note).rotate_by;
    if (!day.empty() && !s.in.has("rotate-by"))
        s.notice(printable(name) + " is still to be rotated by " + printable(day) +
                 " (--rotate-by says another day, --rotate-by '' none)");
    if (was.expires != 0 && !s.in.has("expires"))
        s.notice(printable(name) + " had an end, " + iso_time(was.expires) +
                 ", and has none any more (--expires says one)");
}

void report(const session& s, const place& at, const std::string& name, const coffer::written& done,
            const std::string& what) {
    if (s.json()) {
        auto out = place_json(at, name);
        out["version"] = done.version;
        out["changed"] = done.changed;
        put_json(out);
        return;
    }
    put_line(printable(name) + "  " + at.text() + "  v" + std::to_string(done.version) +
             (what.empty() ? "" : "   " + what));
}

auto run_set(session& s) -> int {
    refuse_values(s.in.arguments);
    const auto at = s.here();
    coffer::write_options with;
    with.if_version = s.in.number("if-version");
    with.expires = expiry_of(s);
    add_note(s, at, with);
    if (with.if_version && s.in.arguments.size() > 1) refuse("--if-version goes with one name");
    const auto before = s.vault()->resolver().at(at.where());
    if (s.dry_run()) {
        require_version(s, at, s.in.arguments.front());
        return s.confirm(plan_of(s, at, before)) ? 1 : 0;
    }
    // Before the question, which shows what is typed: whoever types the value at once is not seen.
    const auto values = values_of_names(s);
    if (at.is_prod && !s.confirm(plan_of(s, at, before))) return 0;
    const auto& first = s.in.arguments.front();
    auto done = s.vault()->put_many(at.where(), values, with);
    if (!done) need_written(s, at, first, done.error());
    tell_done([&] {
        std::optional<reach> means;
        if (!s.json()) means.emplace(s, at);
        for (std::size_t i = 0; i < done->size(); ++i) {
            const auto& name = s.in.arguments[i];
            const auto& one = (*done)[i];
            report(s, at, name, one,
                   !one.changed ? "unchanged: this value was there already"
                   : means      ? means->of(name)
                                : std::string());
            if (const auto was = own_of(before, name); was && one.changed)
                tell_dates(s, name, *was);
        }
    });
    return 0;
}

} // namespace

auto set_verb() -> verb {
    return {
        .name = "set",
        .arguments = "NAME…",
        .least = 1,
        .most = any_number,
        .offers = completes::names,
        .summary = "set a value, or override it in a space",
        .details = "The value comes from stdin, --file, --generate or a prompt without echo; never "
                   "from the\n"
                   "command line. Several names: one prompt each, one atomic write. From a pipe "
                   "one final\n"
                   "newline is dropped, and said. An expiry is of one value: without "
                   "--expires the new one\n"
                   "has none, whatever it replaces; with rollback the older one has its own again.",
        .options = {{"--file", takes::value, "F", "take the value from this file, byte by byte"},
                    {"--generate", takes::optional_value, "[=32]",
                     "make a random value of so many characters, 16 to 1024; it is not shown, and "
                     "stdin is "
                     "not read"},
                    {"--note", takes::value, "T", "what it is for; kept sealed"},
                    {"--rotate-by", takes::value, "DATE",
                     "a reminder: 2026-01-31; never stops a read; '' takes it away"},
                    {"--expires", takes::value, "WHEN",
                     "not served any more from then on: 2026-01-31 or 90d"},
                    {"--if-version", takes::value, "N",
                     "only if this scope's own value is at version N; 0: it has none"},
                    {"--exact", takes::nothing, {}, "keep the final newline"}},
        .run = run_set,
        .scopes = scope_options::all,
    };
}

} // namespace command
