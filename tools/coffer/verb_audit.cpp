// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "remote.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/http/audit_verify.hpp>
#include <coffer/http/json_answer.hpp>
#include <coffer/http/query.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <vector>

namespace command {

namespace fs = std::filesystem;
namespace http = coffer::http;
namespace json = boost::json;
namespace files = coffer::http::detail;
using coffer::errc;

namespace {

constexpr std::size_t lines_at_first = 20;

auto opened(const fs::path& path) -> files::audit_file {
    auto file = files::audit_file::open(path, O_RDONLY);
    if (!file && file.error() == errc::not_found)
        refuse(printable(path.string()) + " is not there");
    if (!file) throw problem(file.error().code, printable(path.string()) + " can't be read");
    return *std::move(file);
}
auto segments_of(const fs::path& folder) -> std::vector<files::audit_segment> {
    auto all = files::segments_in(folder);
    if (!all) refuse(printable(folder.string()) + " is no folder to be read");
    return *std::move(all);
}

/// The names that a line or a row tells of.
auto names_in(const json::object& o) -> std::vector<std::string> {
    std::vector<std::string> out;
    if (const auto one = http::text_in(o, "name"); !one.empty()) out.push_back(printable(one));
    if (const auto* all = o.if_contains("names"); all != nullptr && all->is_array())
        for (const auto& one : all->get_array())
            if (one.is_string()) out.push_back(printable(http::view_of(one.get_string())));
    return out;
}

/// As people read it: time, who, what, where, which names, how it ended, from where.
auto words_of(const json::object& o, std::string_view who, std::string_view what) -> std::string {
    const auto text = [&](std::string_view member) { return printable(http::text_in(o, member)); };
    auto out = text("time") + "  " + (who.empty() ? "-" : printable(who)) + "  " + printable(what);
    if (!text("environmentId").empty())
        out += "  " + printable(coffer::to_string({http::text_in(o, "environmentId"),
                                                   http::text_in(o, "spaceId"),
                                                   http::text_in(o, "actorId")}));
    const auto names = names_in(o);
    if (!names.empty()) out += "  " + join(names, ",");
    if (const auto n = http::number_in(o, "count"); n > names.size())
        out += "  (" + std::to_string(n) + ")";
    out += "  " + text("result");
    if (!text("reason").empty()) out += "  \"" + text("reason") + "\"";
    return out + (text("peer").empty() ? "" : "  " + text("peer"));
}
/// A line as it is stored.
auto line_for_people(std::string_view line) -> std::string {
    const auto read = http::json_document::read(line);
    if (!read) return printable(line);
    const auto& o = read->object();
    std::string_view who;
    if (const auto* actor = o.if_contains("actor"); actor != nullptr && actor->is_object())
        for (const auto* member : {"id", "name"})
            if (const auto said = http::text_in(actor->get_object(), member); !said.empty())
                who = said;
    return words_of(o, who, http::text_in(o, "action"));
}
/// A row as a server gives it.
auto row_for_people(const json::object& o) -> std::string {
    return words_of(o, http::text_in(o, "who"), http::text_in(o, "what"));
}
void show(const session& s, std::string_view line) {
    put_line(s.json() ? std::string(line) : line_for_people(line));
}

/// The last lines of all files, oldest first.
auto last_lines(const std::vector<files::audit_segment>& all) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (auto of = all.rbegin(); of != all.rend() && out.size() < lines_at_first; ++of) {
        const auto file = opened(of->path);
        files::audit_lines_back lines(file);
        while (out.size() < lines_at_first && lines.next())
            out.emplace_back(lines.text());
    }
    std::reverse(out.begin(), out.end());
    return out;
}

/// Shows what is added from here on, until a signal ends it.
[[noreturn]] void follow(const session& s, const fs::path& folder, std::uint64_t first,
                         std::uint64_t from) {
    for (;;) {
        const auto all = segments_of(folder);
        for (const auto& of : all) {
            if (of.first < first) continue;
            if (of.first > first) from = 0;
            first = of.first;
            const auto file = opened(of.path);
            for (files::audit_lines lines(file, from); lines.next() && lines.is_whole();) {
                show(s, lines.text());
                from = lines.end();
            }
        }
        coffer::detail::sleep_for(std::chrono::milliseconds(250));
    }
}

/// The scope that the settings name, if they name one: who may read the log of an environment alone
/// has no right in the whole.
auto audited_scope(session& s) -> coffer::scope {
    const bool of_all = s.config().text("env").empty() && !s.in.has("space") && !s.in.has("actor");
    return of_all ? coffer::scope() : coffer::scope(s.here().where());
}

/// A route of the server's that tells of the log of a scope.
auto asked_server(session& s, const coffer::scope& of, std::string target) -> remote_page {
    return ask_page(s, *s.calls(),
                    {.target = std::move(target), .needs = http::right::audit, .where = of});
}

auto audit_target(const coffer::scope& of, const std::string& route) -> std::string {
    return route + (of.environment.empty() ? "" : http::query_of(of.view()));
}

auto with_parameter(const std::string& target, std::string_view name, std::uint64_t value)
    -> std::string {
    return target + (target.find('?') == target.npos ? "?" : "&") + std::string(name) + "=" +
           std::to_string(value);
}

constexpr std::size_t largest_page = 1000;

/// The rows behind `seen`, newest first, at most so many; moves it on.
auto rows_behind(session& s, const coffer::scope& of, std::uint64_t& seen, std::size_t most)
    -> std::vector<json::value> {
    std::vector<json::value> out;
    const auto before = seen;
    std::uint64_t after = 0;
    do {
        const auto want = std::min(most - out.size(), largest_page);
        auto target = with_parameter(audit_target(of, "/v1/x/audit"), "limit", want);
        if (after != 0) target = with_parameter(target, "after", after);
        const auto page = asked_server(s, of, std::move(target));
        const auto all = json::parse(page.data);
        if (!all.is_array()) break;
        for (const auto& row : all.get_array()) {
            if (!row.is_object()) continue;
            const auto seq = http::number_in(row.get_object(), "seq");
            if (seq <= before) return out;
            seen = std::max(seen, seq);
            out.push_back(row);
        }
        after = page.next;
        // What a page had no row for belongs to others: it need not be looked through again.
        if (after != 0) seen = std::max(seen, after - 1);
    } while (after > before + 1 && out.size() < most);
    return out;
}
void show_rows(session& s, const std::vector<json::value>& newest_first) {
    for (auto row = newest_first.rbegin(); row != newest_first.rend(); ++row)
        put_line(s.json() ? json::serialize(*row) : row_for_people(row->get_object()));
}
auto run_tail_of_server(session& s) -> int {
    const auto of = audited_scope(s);
    std::uint64_t seen = 0;
    show_rows(s, rows_behind(s, of, seen, lines_at_first));
    while (s.in.has("follow")) {
        coffer::detail::sleep_for(std::chrono::seconds(1));
        show_rows(s, rows_behind(s, of, seen, std::numeric_limits<std::size_t>::max()));
    }
    return 0;
}

auto run_tail(session& s) -> int {
    if (s.in.arguments.empty() && s.is_remote()) return run_tail_of_server(s);
    refuse_unheeded(s.in, scope_options::none, "the audit log in a folder");
    const fs::path folder = s.in.arguments.empty() ? "." : s.in.arguments.front();
    const auto all = segments_of(folder);
    if (all.empty())
        throw problem(errc::not_found, "there is no audit log in " + printable(folder.string()));
    // Before the lines are read: what is added meanwhile is shown twice rather than not at all.
    const auto size = opened(all.back().path).size();
    for (const auto& line : last_lines(all))
        show(s, line);
    if (s.in.has("follow")) follow(s, folder, all.back().first, size);
    return 0;
}

/// A head: a file, or `SEQ:MAC`.
auto head_of(const std::string& typed) -> http::audit_head {
    const auto colon = typed.find(':');
    const auto seq = parse_number(std::string_view(typed).substr(0, colon));
    if (seq && colon != typed.npos && typed.size() - colon - 1 == 64)
        return {*seq, typed.substr(colon + 1), 0};
    const auto head = http::audit_head_of(opened(typed).read_at(0, 4096));
    if (!head) refuse("--head takes SEQ:MAC, or a file like audit-head.json");
    return *head;
}

struct checked_files {
    std::vector<files::audit_segment> all{};
    http::audit_expectation expected{};
};
auto files_here(const session& s) -> checked_files {
    checked_files out;
    auto named = s.in.arguments;
    if (named.empty()) named.emplace_back(".");
    for (const auto& one : named) {
        std::error_code ignored;
        if (!fs::exists(fs::symlink_status(one, ignored))) refuse(printable(one) + " is not there");
        if (fs::is_directory(one, ignored)) {
            for (auto& of : segments_of(one))
                out.all.push_back(std::move(of));
            const auto head = fs::path(one) / http::audit_head_name;
            if (named.size() == 1 && fs::exists(head, ignored))
                out.expected.head = head_of(head.string());
        } else {
            out.all.push_back({one, files::first_of(one)});
        }
    }
    if (out.all.empty())
        throw problem(errc::not_found, "there is no audit log in " + printable(named.front()));
    if (const auto head = s.in.text("head")) out.expected.head = head_of(*head);
    out.expected.first = std::max<std::uint64_t>(s.in.number("from").value_or(1), 1);
    return out;
}

auto words_of(const http::audit_fault& f) -> std::string {
    const auto at = printable(f.file.string()) + " line " + std::to_string(f.line) + ": ";
    const auto which = "record " + std::to_string(f.seq);
    if (f.why == "edited") return at + which + " was edited";
    if (f.why == "reordered") return at + which + " should stand here: lines changed places";
    if (f.why == "missing") return at + which + " is missing";
    if (f.why == "torn") return at + which + " has no end";
    if (f.why == "cut") return at + which + " and what came behind it are cut off";
    return at + "this is another log than the head is of";
}

/// What may be meant where the log begins later than it was looked for.
auto words_of_begin(std::uint64_t records, std::string_view why, std::uint64_t begins)
    -> std::string {
    if (records != 0 || why != "missing") return {};
    return ". The log begins with record " + std::to_string(begins) +
           ": where older files were put away, say --from " + std::to_string(begins);
}

/// The server checks its log itself, up to what is durable.
auto run_verify_of_server(session& s) -> int {
    const auto of = audited_scope(s);
    auto target = audit_target(of, "/v1/x/audit/verify");
    if (const auto from = s.in.number("from")) target = with_parameter(target, "from", *from);
    const auto data = json::parse(asked_server(s, of, std::move(target)).data);
    const auto& o = data.as_object();
    const bool intact = http::flag_in(o, "intact");
    if (s.json()) {
        put_json(data);
    } else if (!intact) {
        put_line("record " + std::to_string(http::number_in(o, "firstBad")) + ": " +
                 printable(http::text_in(o, "why")) +
                 words_of_begin(http::number_in(o, "records"), http::text_in(o, "why"),
                                http::number_in(o, "begins")));
    } else {
        put_line(count(http::number_in(o, "records"), "record") + ", all as they were written" +
                 (http::text_in(o, "upTo").empty()
                      ? ""
                      : ", up to " + printable(http::text_in(o, "upTo"))));
    }
    return intact ? 0 : exit_code_of(errc::tampered);
}

auto run_audit_verify(session& s) -> int {
    if (s.is_remote()) {
        if (s.in.arguments.empty() && !s.in.has("head")) return run_verify_of_server(s);
        throw problem(errc::unsupported, "files, and a head, are checked beside the store, which "
                                         "has the key of the log: name it with --store");
    }
    refuse_unheeded(s.in, scope_options::none, "the audit log in a folder");
    auto here = files_here(s);
    auto key = http::audit_key::find(s.vault());
    if (!key && key.error().code == errc::not_found)
        throw problem(errc::not_found, "this store has never had an audit log: it has no key for "
                                       "one");
    const auto with_head = here.expected.head.has_value();
    const auto first = here.expected.first;
    const auto known = need(std::move(key));
    http::audit_verifier verifier(known, std::move(here.expected));
    auto result = verifier.run(std::move(here.all));
    if (!result && result.error() == errc::invalid_argument)
        refuse("the log ends before record " + std::to_string(first) + ", which --from names");
    const auto found = need(std::move(result));
    if (s.json()) {
        json::object out;
        out["intact"] = found.intact();
        out["records"] = found.records;
        out["last"] = found.last;
        if (found.up_to != 0) out["upTo"] = http::iso_time(found.up_to);
        if (found.fault) {
            out["firstBad"] = found.fault->seq;
            out["why"] = std::string(found.fault->why);
            out["file"] = found.fault->file.string();
            out["line"] = found.fault->line;
        }
        put_json(out);
        return found.intact() ? 0 : exit_code_of(errc::tampered);
    }
    if (!found.intact()) {
        put_line(words_of(*found.fault) +
                 words_of_begin(found.records, found.fault->why, found.begins));
        return exit_code_of(errc::tampered);
    }
    put_line(count(found.records, "record") + ", all as they were written" +
             (found.up_to == 0 ? "" : ", up to " + http::iso_time(found.up_to)));
    if (!with_head) s.notice("without --head nobody can tell whether the end is there");
    return 0;
}

} // namespace

auto audit_verbs() -> std::vector<verb> {
    return {
        {.name = "audit tail",
         .arguments = "[DIR]",
         .most = 1,
         .offers = completes::files,
         .summary = "show the last lines of an audit log, and with -f those to come",
         .details =
             "DIR is what serve was given with --audit; without it this folder. With --json\n"
             "the lines as they are stored. Through a server, without DIR, its own log: of the\n"
             "environment or space that is named (-e, -s), or of all, which takes a right in all.",
         .options = {{"-f,--follow", takes::nothing, {}, "go on until interrupted"}},
         .run = run_tail,
         .scopes = scope_options::all},
        {.name = "audit verify",
         .arguments = "[FILE…]",
         .most = any_number,
         .offers = completes::files,
         .summary = "find edited, missing and moved lines of an audit log",
         .details =
             "Files, or the folder; without any this folder. Needs the store and the keys, since\n"
             "the key of the log lies there. A server checks its own log itself, "
             "without\n"
             "files; whoever may read that of one environment says which (-e). Where old files "
             "were\n"
             "put away, --from says with which record what is left begins, there as here.\n"
             "Names the first line that is not as it was written and exits with 7. A cut end "
             "shows\n"
             "against a head alone: keep audit-head.json, which serve writes when it ends, or "
             "what\n"
             "its log says (SEQ:MAC), where the server can't write.",
         .options = {{"--head", takes::value, "H", "how far it went once: a file, or SEQ:MAC"},
                     {"--from", takes::value, "SEQ", "older lines were put away: begin with this"}},
         .run = run_audit_verify,
         .scopes = scope_options::all},
    };
}

} // namespace command
