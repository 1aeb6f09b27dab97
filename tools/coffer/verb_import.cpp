// SPDX-License-Identifier: BSL-1.0
#include "dotenv.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "values_in.hpp"
#include "verbs.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <coffer/names.hpp>

#include <algorithm>
#include <map>

namespace command {

namespace json = boost::json;
using coffer::format::entry_state;

namespace {

constexpr std::size_t most_bytes = std::size_t{16} << 20;

/// One line of the preview.
struct step {
    std::string what{}; ///< new, replace, unchanged, remove, invalid
    std::string name{};
    std::uint64_t version = 0; ///< What is there; 0 for nothing.
    std::size_t line = 0;
    std::string remark{};
};

struct import_plan {
    std::vector<step> steps{};
    std::vector<coffer::change> changes{};
    std::size_t invalid = 0;
};

/// OLD=NEW,… of --rename.
auto renames_of(const session& s) -> renames {
    renames out;
    std::string_view rest;
    const auto said = s.in.text("rename");
    for (rest = said ? std::string_view(*said) : std::string_view(); !rest.empty();) {
        const auto one = rest.substr(0, rest.find(','));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        const auto equals = one.find('=');
        const auto to = one.substr(equals == one.npos ? one.size() : equals + 1);
        if (equals == 0 || to.empty() || !coffer::check_name(to) ||
            !out.emplace(one.substr(0, equals), to).second)
            refuse("--rename takes OLD=NEW, and more of these after commas; each OLD once");
    }
    return out;
}

auto parsed(const std::string& format, std::string_view text, const renames& names)
    -> std::vector<imported> {
    auto out = format == "json" ? parse_json_secrets(text, names) : parse_dotenv(text, names);
    for (const auto& [from, to] : names)
        if (std::ranges::find(out, from, &imported::was) == out.end())
            refuse("there is no " + printable(from) + " in the file to be renamed");
    return out;
}

auto read_input(session& s) -> std::vector<imported> {
    const auto& files = s.in.arguments;
    const bool from_stdin = files.empty() || files.front() == "-";
    if (!from_stdin && !s.in.has("format"))
        for (const auto* const other : {".yaml", ".yml", ".toml", ".xml"})
            if (files.front().ends_with(other))
                refuse(printable(files.front()) +
                       " was not read: import takes dotenv and JSON (one object of names and "
                       "values). Turn it into one of them, or say --format for what it is");
    if (from_stdin && stdin_is_terminal()) refuse("name a file to import, or give it on stdin");
    const auto text = from_stdin ? read_stdin(most_bytes) : read_file(files.front(), most_bytes);
    const bool looks_json = !from_stdin && files.front().ends_with(".json");
    const auto format = s.in.text("format").value_or(looks_json ? "json" : "dotenv");
    if (format != "json" && format != "dotenv") refuse("--format is dotenv or json");
    return parsed(format, coffer::as_text(text), renames_of(s));
}

/// What is wrong with an entry that could be read; empty if nothing is.
auto trouble_of(const imported& one) -> std::string {
    if (!one.problem.empty()) return one.problem;
    if (!coffer::check_name(one.name)) return "not a name";
    if (one.value.size() > coffer::limits::value_bytes) return "over 64 KiB";
    return {};
}

auto same_value(session& s, const place& at, const coffer::own_entry& own,
                const coffer::wiped_bytes& value) -> bool {
    if (own.state != entry_state::value || own.expires != 0) return false;
    const auto there = s.vault()->get_version(at.where(), own.name, own.version);
    return there && coffer::equal_constant_time(coffer::as_bytes(there->expose_secret()), value);
}

void add(session& s, const place& at, const std::map<std::string, coffer::own_entry>& own,
         const reach& means, imported&& one, import_plan& plan) {
    if (auto trouble = trouble_of(one); !trouble.empty()) {
        ++plan.invalid;
        plan.steps.push_back({"invalid", one.name, 0, one.line, std::move(trouble)});
        return;
    }
    const auto found = own.find(one.name);
    step made{"new", one.name, 0, one.line, {}};
    if (found != own.end()) {
        made.version = found->second.version;
        made.what = same_value(s, at, found->second, one.value) ? "unchanged" : "replace";
    }
    if (made.what != "unchanged") {
        made.remark = means.of(one.name);
        if (!one.was.empty())
            made.remark = "\"" + printable(one.was) + "\" in the file" +
                          (made.remark.empty() ? "" : "; " + made.remark);
        plan.changes.push_back({coffer::change_kind::put,
                                one.name,
                                std::move(one.value),
                                {.if_version = made.version}});
    }
    plan.steps.push_back(std::move(made));
}

auto plan_of(session& s, const place& at, std::vector<imported>&& input) -> import_plan {
    std::map<std::string, coffer::own_entry> own;
    for (auto& e : need(s.vault()->list(at.where()), at.where()))
        if (e.state != entry_state::deleted) own.emplace(e.name, e);
    const reach means(s, at);
    import_plan plan;
    std::vector<std::string> mentioned;
    for (auto& one : input) {
        mentioned.push_back(one.name);
        add(s, at, own, means, std::move(one), plan);
    }
    if (!s.in.has("prune")) return plan;
    if (plan.invalid > 0)
        refuse("--prune removes what the file does not have, and a part of the file could not be "
               "read");
    for (const auto& [name, e] : own)
        if (std::ranges::find(mentioned, name) == mentioned.end()) {
            plan.steps.push_back({"remove", name, e.version, 0, "not in the file"});
            plan.changes.push_back(
                {coffer::change_kind::erase, name, {}, {.if_version = e.version}});
        }
    return plan;
}

auto text_of(const import_plan& plan) -> std::string {
    table rows;
    for (const auto& one : plan.steps) {
        std::string versions;
        if (one.version != 0) versions = "v" + std::to_string(one.version);
        if (one.what == "replace") versions += " → v" + std::to_string(one.version + 1);
        const auto name =
            one.what == "invalid"
                ? (one.name.empty() ? "(not shown)" : "\"" + printable(one.name) + "\"")
                : printable(one.name);
        rows.row({"  " + one.what, name, versions,
                  one.line == 0 ? "" : "line " + std::to_string(one.line), one.remark});
    }
    return rows.text();
}

void put_result(session& s, const place& at, const import_plan& plan, bool done) {
    auto out = place_json(at, {});
    out["written"] = done;
    auto& steps = out["steps"].emplace_array();
    for (const auto& one : plan.steps) {
        json::object step_json;
        step_json["action"] = one.what;
        step_json["name"] = one.name.empty() ? json::value(nullptr) : json::value(one.name);
        step_json["version"] = one.version;
        step_json["line"] = one.line;
        if (one.what == "invalid") step_json["reason"] = one.remark;
        steps.push_back(std::move(step_json));
    }
    if (s.json()) put_json(out);
}

/// Shows what would be done, asks, and answers whether to do it.
auto agreed(session& s, const import_plan& plan) -> bool {
    const auto writes = plan.changes.size();
    if (!s.json()) put(text_of(plan));
    const auto question = std::to_string(plan.steps.size() - plan.invalid) + " of " +
                          std::to_string(plan.steps.size()) + " can be written. Write " +
                          std::to_string(writes) + "?";
    if (writes == 0) {
        s.notice("nothing to write");
        return false;
    }
    if (s.dry_run()) return false;
    if (s.in.has("yes")) return true;
    const auto answer = s.in.has("no-input") ? std::nullopt : ask_yes_no(question);
    if (!answer) refuse(question + " This asks first, and there is nobody to ask: say --yes");
    if (!*answer) throw problem(coffer::errc::cancelled, "nothing was written");
    return true;
}

auto run_import(session& s) -> int {
    const auto at = s.here();
    auto plan = plan_of(s, at, read_input(s));
    if (s.in.has("strict") && plan.invalid > 0) {
        if (!s.json()) put(text_of(plan));
        put_result(s, at, plan, false);
        s.notice(std::to_string(plan.invalid) +
                 " could not be taken, and --strict takes all or none: nothing was written");
        return 1;
    }
    const bool go = agreed(s, plan);
    if (go) {
        const auto done = s.vault()->change_many(at.where(), std::move(plan.changes));
        if (!done && done.error() == coffer::errc::conflict)
            throw problem(coffer::errc::conflict,
                          "somebody changed " + at.text() +
                              " while this was looked at. Nothing was written: import again.");
        if (!done) need(coffer::result<void>(done.error()), at.where());
        if (!s.json()) put_line(count(done->size(), "change") + " written to " + at.text());
    }
    put_result(s, at, plan, go);
    if (plan.invalid > 0)
        s.notice(std::to_string(plan.invalid) + " could not be taken and were left out");
    return plan.invalid > 0 ? 1 : 0;
}

} // namespace

auto import_verb() -> verb {
    return {.name = "import",
            .arguments = "[F]",
            .most = 1,
            .offers = completes::files,
            .summary = "set all values of a dotenv or JSON file, in one atomic write",
            .details = "Shows first what is new, replaced, unchanged, removed or invalid, and "
                       "asks. Values are\n"
                       "literal: no $ is expanded. Without F, or with -, from stdin. Exit code 1 "
                       "if a part of the\n"
                       "file could not be taken.",
            .options = {{"--format", takes::value, "dotenv|json",
                         "else by the file's name; .yaml and .toml are refused"},
                        {"--rename", takes::value, "OLD=NEW[,…]",
                         "take OLD of the file as NEW, also one that is no dotenv name"},
                        {"--strict",
                         takes::nothing,
                         {},
                         "all or none: nothing is written if a part could not be taken"},
                        {"--prune",
                         takes::nothing,
                         {},
                         "remove this scope's own names that the file does not have"}},
            .run = run_import,
            .scopes = scope_options::all};
}

} // namespace command
