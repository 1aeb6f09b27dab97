// SPDX-License-Identifier: BSL-1.0
#include "git_call.hpp"
#include "git_document.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "scope_metadata.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/posix/atomic_file.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

namespace command {

namespace fs = std::filesystem;
using coffer::errc;
using coffer::format::entry;
using coffer::format::entry_state;

namespace {

// enroll ------------------------------------------------------------------------------------------

/// Whether that is a program of this inode; nullopt: it is no program at all.
auto is_same_program(const std::string& file, const struct stat& wanted) -> std::optional<bool> {
    struct stat s {};
    if (::stat(file.c_str(), &s) != 0 || !S_ISREG(s.st_mode) || ::access(file.c_str(), X_OK) != 0)
        return std::nullopt;
    return s.st_dev == wanted.st_dev && s.st_ino == wanted.st_ino;
}

/// Whether a shell that looks for `coffer` comes to this program.
auto is_found_by_name() -> bool {
    struct stat self {};
    if (::stat("/proc/self/exe", &self) != 0) return false;
    const char* const path = std::getenv("PATH");
    for (std::string_view rest(path == nullptr ? "" : path); !rest.empty();) {
        const std::string folder(rest.substr(0, rest.find(':')));
        rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
        if (!folder.starts_with('/')) return false; // another place for whoever stands elsewhere
        if (const auto verdict = is_same_program(folder + "/coffer", self)) return *verdict;
    }
    return false;
}

/// This program as Git's shell finds it: by its name if that leads to it, else by its path.
auto own_name() -> std::string {
    if (is_found_by_name()) return "coffer";
    std::error_code wrong;
    const auto self = fs::read_symlink("/proc/self/exe", wrong).string();
    std::string quoted = "'";
    for (const char c : self)
        quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return quoted + "'";
}

/// Adds the lines that a file does not have yet. One that can't be read is not replaced, nor is a
/// link: Git takes no attributes out of one.
void add_lines(const fs::path& file, const std::vector<std::string>& lines) {
    std::string text;
    const auto there = coffer::posix::open_regular(file);
    const auto old = there ? coffer::posix::read_all(*there, std::size_t{1} << 20)
                           : coffer::result<coffer::bytes>(there.error());
    if (old)
        text = coffer::as_text(*old);
    else if (old.error().code != errc::not_found)
        throw problem(old.error().code, printable(file.string()) +
                                            " is no plain file that can be read, and stays as it "
                                            "is. It needs the lines: " +
                                            join(lines, ", "));
    if (!text.empty() && text.back() != '\n') text += '\n';
    const auto before = text;
    for (const auto& line : lines)
        if (("\n" + text).find("\n" + line + "\n") == text.npos) text += line + "\n";
    if (text != before)
        need(coffer::posix::replace_file(file, coffer::as_bytes(text), {.mode = 0644}));
}

auto run_enroll(session& s) -> int {
    const auto folder = folder_of_store(store_place(s.config()));
    if (folder.empty()) refuse("Git keeps stores in a folder; this one is none");
    const auto top = git(folder, {"rev-parse", "--show-toplevel"});
    if (!s.confirm_change(
            {},
            "Writes " + printable((folder / ".gitattributes").string()) +
                " and .gitignore there, and sets diff.coffer and merge.coffer in the repository " +
                printable(top) + "."))
        return 0;
    add_lines(folder / ".gitattributes", {"*.json diff=coffer merge=coffer"});
    add_lines(folder / ".gitignore", {"*.lock", "*.new"});
    const auto me = own_name();
    for (const auto& [key, value] : std::initializer_list<std::pair<std::string, std::string>>{
             {"diff.coffer.textconv", me + " git show --sealed"},
             {"diff.coffer.cachetextconv", "false"}, // names must not be kept in the repository
             {"merge.coffer.name", "Coffer, by name"},
             {"merge.coffer.driver", me + " git merge %O %A %B"}})
        git(folder, {"config", "--local", key, value});
    if (s.json())
        put_json(boost::json::object{{"repository", top}});
    else
        put_line(printable(top) + "  enrolled: git diff shows names, git merge merges by name");
    s.hint("commit " + printable((folder / ".gitattributes").string()) +
           "; whoever clones the repository runs coffer git enroll once");
    return 0;
}

// show --------------------------------------------------------------------------------------------

auto word_of(entry_state state) -> std::string {
    return state == entry_state::value    ? "value"
           : state == entry_state::hidden ? "hidden"
                                          : "deleted";
}

auto row_of(const std::string& environment, const entry& e) -> std::vector<std::string> {
    const auto& v = e.newest();
    const coffer::context where{environment, e.key.space, e.key.actor};
    const auto state = word_of(v.state);
    return {e.key.name.empty() ? "(settings)" : printable(e.key.name),
            printable(to_string(where)),
            "v" + std::to_string(v.number),
            state == "deleted" ? "removed" : state,
            iso_time(v.at),
            printable(v.author),
            entry_note::read(e.note).shown()};
}

/// Without the key: what anybody can see.
void put_sealed(const session& s, const git_document& document) {
    const auto& head = document.head();
    if (s.json())
        return put_json(boost::json::object{{"environment", head.environment},
                                            {"generation", head.generation},
                                            {"objects", document.objects()},
                                            {"kekId", head.active().kek_id}});
    put_line("environment " + printable(head.environment) + ", generation " +
             std::to_string(head.generation) + ", " + count(document.objects(), "object") +
             ", sealed under " + printable(head.active().kek_id) + "; the key is not here");
}

/// Generation and objects are left out here: they change with each write, and a diff shows the
/// write.
auto run_show(session& s) -> int {
    git_document document(s.in.arguments.front());
    try {
        document.open(open_keys(s.config(), missing_keys::refuse, false));
    } catch (const problem& why) {
        if (!s.in.has("sealed") || (exit_code_of(why.code) != 9 &&
                                    why.code != errc::invalid_argument && why.code != errc::denied))
            throw;
        put_sealed(s, document);
        return 0;
    }
    const auto& environment = document.head().environment;
    table rows;
    boost::json::array all;
    for (const auto& [key, e] : document.all()) {
        if (key.name.empty() && e.versions.size() == 1 && key.space.empty())
            continue; // the environment as it was made
        rows.row(row_of(environment, e));
        auto one = scope_json({environment, key.space, key.actor});
        one["name"] = text_or_null(key.name);
        one["state"] = word_of(e.newest().state);
        one["version"] = e.newest().number;
        one["setAt"] = iso_time(e.newest().at);
        one["setBy"] = text_or_null(e.newest().author);
        all.push_back(std::move(one));
    }
    if (s.json()) {
        boost::json::object out;
        out["environment"] = environment;
        out["generation"] = document.head().generation;
        out["entries"] = std::move(all);
        put_json(out);
        return 0;
    }
    put_line("environment " + printable(environment) +
             (document.head().closed() ? ", removed" : ""));
    put(rows.text());
    return 0;
}

// merge -------------------------------------------------------------------------------------------

auto run_merge(session& s) -> int {
    const auto& files = s.in.arguments;
    const auto keys = open_keys(s.config(), missing_keys::refuse, false);
    std::error_code wrong;
    if (fs::file_size(files[0], wrong) == 0 || wrong)
        refuse("both sides made this document on their own: keep one side, and set again what the "
               "other has");
    auto base = open_document(files[0], keys);
    auto ours = open_document(files[1], keys);
    auto theirs = open_document(files[2], keys);
    const auto environment = printable(ours.head().environment);
    const auto merged = merge_documents(base, ours, theirs);
    for (const auto& line : merged.conflicts)
        tell("conflict: " + line);
    if (!merged.conflicts.empty()) {
        tell(environment +
             " was not merged. Say whose change stays for these names (all others are merged): "
             "coffer git resolve --keep ours, or theirs. Then set again what the other side "
             "changed. What git checkout --ours or --theirs leaves would be rolled_back for "
             "whoever saw the other side.");
        return 1;
    }
    if (s.dry_run()) return 0;
    const auto done = need(
        coffer::posix::replace_file(files[1], coffer::as_bytes(merged.document), {.mode = 0644}));
    if (!done.durable)
        throw problem(errc::outcome_unknown, "the merged document may not be on disk yet");
    s.notice(environment + " merged by name: " + std::to_string(merged.taken) +
             " taken from the other side");
    return 0;
}

} // namespace

auto git_verbs() -> std::vector<verb> {
    return {
        {.name = "git enroll",
         .summary = "let git diff show names and git merge merge by name, for the repository that "
                    "the store lies in",
         .details = "Writes .gitattributes and .gitignore into the store's folder and sets "
                    "diff.coffer and\n"
                    "merge.coffer in the repository's own configuration: once in every clone.",
         .run = run_enroll,
         .local = true},
        git_resolve_verb(),
        {.name = "git show",
         .arguments = "F",
         .least = 1,
         .most = 1,
         .offers = completes::files,
         .summary =
             "a document of a file store in words: names, scopes, versions, states; no values",
         .options = {{"--sealed",
                      takes::nothing,
                      {},
                      "where the key is not here, what anybody can see instead of an error"}},
         .run = run_show},
        {.name = "git merge",
         .arguments = "%O %A %B",
         .least = 3,
         .most = 3,
         .offers = completes::files,
         .summary =
             "merge two documents by name into the second; the first is what both began from",
         .details = "Exit code 1, and nothing written, if both sides changed the same name "
                    "differently. The merged\n"
                    "state is 65 generations past both sides: whoever saw one of them accepts it, "
                    "and a fork from\n"
                    "before the merge is not noticed any more.",
         .run = run_merge},
    };
}

} // namespace command
