// SPDX-License-Identifier: BSL-1.0
#include "child.hpp"
#include "git_document.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "scope_metadata.hpp"
#include "session.hpp"
#include "text.hpp"
#include "values_in.hpp"
#include "verbs.hpp"

#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_lock.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace command {

namespace fs = std::filesystem;
using coffer::errc;
using coffer::format::entry;
using coffer::format::entry_key;
using coffer::format::entry_state;

namespace {

// enroll ------------------------------------------------------------------------------------------

/// What git says; throws problem if it fails.
auto git(const fs::path& folder, std::vector<std::string> words) -> std::string {
    std::vector<std::string> command{"git", "-C", folder.string()};
    command.insert(command.end(), words.begin(), words.end());
    child_environment variables(false);
    child running(command, variables, true);
    std::string out;
    std::array<char, 4096> piece{};
    // Both at once: git waits for whoever reads the one that is full. Its own words are not shown.
    std::array<pollfd, 2> on{{{running.out(), POLLIN, 0}, {running.err(), POLLIN, 0}}};
    while (on[0].fd >= 0 || on[1].fd >= 0) {
        if (::poll(on.data(), on.size(), -1) < 0) continue; // a signal came
        for (auto& one : on) {
            if (one.fd < 0 || one.revents == 0) continue;
            const auto n = ::read(one.fd, piece.data(), piece.size());
            if (n > 0 && one.fd == running.out())
                out.append(piece.data(), static_cast<std::size_t>(n));
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) one.fd = -1;
        }
    }
    auto code = running.ended();
    for (; !code; code = running.ended())
        ::poll(nullptr, 0, 1);
    if (*code == 127) throw problem(errc::unsupported, "git is not installed");
    if (*code != 0)
        refuse("git " + words.front() + " failed: is " + printable(folder.string()) +
               " in a repository?");
    while (!out.empty() && out.back() == '\n')
        out.pop_back();
    return out;
}

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

auto open_side(const std::string& file, const opened_keys& keys) -> git_document {
    git_document document(file);
    document.open(keys);
    return document;
}

auto run_merge(session& s) -> int {
    const auto& files = s.in.arguments;
    const auto keys = open_keys(s.config(), missing_keys::refuse, false);
    std::error_code wrong;
    if (fs::file_size(files[0], wrong) == 0 || wrong)
        refuse("both sides made this document on their own: keep one side, and set again what the "
               "other has");
    auto base = open_side(files[0], keys);
    auto ours = open_side(files[1], keys);
    auto theirs = open_side(files[2], keys);
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

// resolve -----------------------------------------------------------------------------------------

/// The three sides of a document that Git holds as not merged, in files that go with it.
class unmerged_sides {
public:
    unmerged_sides(const fs::path& top, const std::string& file) {
        const auto told =
            split(git(top, {"checkout-index", "--stage=all", "--temp", "--", file}), '\t');
        for (const auto& name : split(told.empty() ? "" : told.front(), ' '))
            files_.push_back(name == "." ? fs::path() : top / name);
        if (files_.size() != 3) refuse("git does not say what the sides of a document are");
    }
    unmerged_sides(const unmerged_sides&) = delete;
    auto operator=(const unmerged_sides&) -> unmerged_sides& = delete;
    ~unmerged_sides() {
        std::error_code ignored;
        for (const auto& file : files_)
            if (!file.empty()) fs::remove(file, ignored);
    }
    auto all_there() const -> bool {
        return std::ranges::none_of(files_, [](const auto& f) { return f.empty(); });
    }
    auto file(std::size_t which) const -> std::string { return files_[which].string(); }

private:
    std::vector<fs::path> files_{};
};

/// The store's documents that Git holds as not merged, as seen from the top of the repository.
auto unmerged_in(const fs::path& folder) -> std::vector<std::string> {
    auto out =
        split(git(folder, {"diff", "--name-only", "--diff-filter=U", "-z", "--", "."}), '\0');
    std::erase_if(out, [](const auto& file) { return !file.ends_with(".json"); });
    return out;
}

/// What git writes where it merged lines, having no driver: nothing was set since, for no verb reads it.
auto is_merged_as_text(const fs::path& file) -> bool {
    const auto text = read_file(file.string(), std::size_t{1} << 30);
    return coffer::as_text(text).find("<<<<<<< ") != std::string_view::npos;
}

/// Whether a document goes on from another, as far back as a head names its ancestors.
auto goes_on_from(const git_document& now, const git_document& before) -> bool {
    using coffer::mark_verdict;
    const auto verdict = coffer::format::compare_mark(now.head(), before.head().mark_of());
    return verdict == mark_verdict::same ||
           (verdict == mark_verdict::newer &&
            now.head().generation - before.head().generation <= coffer::format::limits::ancestors);
}

/// Puts the document as it stands in the place of the side that it goes on from: what was written
/// since git merge stopped was acknowledged, and is that side's too.
void take_writes_since(const fs::path& file, const opened_keys& keys, git_document& ours,
                       git_document& theirs) {
    if (is_merged_as_text(file)) return;
    auto now = open_side(file.string(), keys);
    for (auto* const side : {&ours, &theirs})
        if (goes_on_from(now, *side)) {
            *side = std::move(now);
            return;
        }
    throw problem(errc::conflict,
                  printable(file.string()) +
                      " follows neither side of the merge, as far as can be told. Nothing was "
                      "written. git add keeps it as it stands, git checkout --ours puts back what "
                      "git merge began with; what is only in the other has to be set again");
}

/// Keeps other processes from writing to a document.
auto locked(const fs::path& document) -> coffer::posix::file_lock {
    auto path = document;
    return need(coffer::posix::file_lock::acquire(path.replace_extension(".lock"),
                                                  std::chrono::seconds(10)));
}

auto run_resolve(session& s) -> int {
    const auto keep = s.in.text("keep").value_or("");
    if (keep != "ours" && keep != "theirs")
        refuse("say whose change stays where both changed a name: --keep ours or --keep theirs");
    const auto folder = folder_of_store(store_place(s.config()));
    if (folder.empty()) refuse("Git keeps stores in a folder; this one is none");
    const fs::path top = git(folder, {"rev-parse", "--show-toplevel"});
    const auto files = unmerged_in(folder);
    if (files.empty()) refuse("there is no conflict in " + printable(folder.string()));
    const auto keys = open_keys(s.config(), missing_keys::refuse, false);
    table rows;
    boost::json::array all;
    for (const auto& file : files) {
        const unmerged_sides sides(top, file);
        if (!sides.all_there())
            refuse(printable(file) + ": one side made or removed it: keep one side, and set again "
                                     "what the other has");
        auto base = open_side(sides.file(0), keys);
        auto ours = open_side(sides.file(1), keys);
        auto theirs = open_side(sides.file(2), keys);
        std::optional<coffer::posix::file_lock> held;
        if (!s.dry_run()) held.emplace(locked(top / file));
        take_writes_since(top / file, keys, ours, theirs);
        const auto merged = merge_documents(base, ours, theirs,
                                            keep == "ours" ? kept_side::ours : kept_side::theirs);
        if (!s.dry_run()) {
            const auto done =
                need(coffer::posix::replace_file(top / file, coffer::as_bytes(merged.document)));
            if (!done.durable)
                throw problem(errc::outcome_unknown, "the merged document may not be on disk yet");
            git(top, {"add", "--", file});
        }
        for (const auto& line : merged.conflicts) {
            rows.row({"kept " + keep, line});
            all.emplace_back(line);
        }
    }
    if (s.json()) {
        boost::json::object out;
        out["kept"] = keep;
        out["conflicts"] = std::move(all);
        put_json(out);
    } else {
        put(rows.text());
    }
    s.notice(s.dry_run() ? "(--dry-run: nothing was done)"
                         : "Set again what the other side changed of these, then git commit.");
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
        {.name = "git resolve",
         .summary = "settle a merge in which both sides changed a name, in a way that both accept",
         .details = "Keeps one side's change of the names that git merge stopped at, takes all "
                    "others of both, and\nadds the documents for the commit. What was set since "
                    "git merge stopped stays as well. git checkout\n--ours or --theirs in its "
                    "place leaves a state that is rolled_back for whoever saw the other side.",
         .options = {{"--keep", takes::value, "ours|theirs",
                      "whose change stays where both changed a name"}},
         .run = run_resolve,
         .local = true},
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
