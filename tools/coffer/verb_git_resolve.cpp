// SPDX-License-Identifier: BSL-1.0
#include "git_call.hpp"
#include "git_document.hpp"
#include "output.hpp"
#include "problem.hpp"
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
#include <chrono>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace command {

namespace fs = std::filesystem;
using coffer::errc;

namespace {

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
    auto now = open_document(file.string(), keys);
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
        auto base = open_document(sides.file(0), keys);
        auto ours = open_document(sides.file(1), keys);
        auto theirs = open_document(sides.file(2), keys);
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

auto git_resolve_verb() -> verb {
    return {.name = "git resolve",
            .summary =
                "settle a merge in which both sides changed a name, in a way that both accept",
            .details = "Keeps one side's change of the names that git merge stopped at, takes all "
                       "others of both, and\nadds the documents for the commit. What was set since "
                       "git merge stopped stays as well. git checkout\n--ours or --theirs in its "
                       "place leaves a state that is rolled_back for whoever saw the other side.",
            .options = {{"--keep", takes::value, "ours|theirs",
                         "whose change stays where both changed a name"}},
            .run = run_resolve,
            .local = true};
}

} // namespace command
