// SPDX-License-Identifier: BSL-1.0
#include "folder_config.hpp"
#include "opening.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "store_copy.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/keyring/anchor_file.hpp>
#include <coffer/keyring/store_folder.hpp>
#include <coffer/names.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace command {

namespace fs = std::filesystem;
namespace format = coffer::format;
namespace keyring = coffer::keyring;
using coffer::errc;

namespace {

/// The folder of a backup, as a path from the root.
auto backup_folder(const session& s) -> fs::path {
    std::error_code wrong;
    const auto& named = s.in.arguments.front();
    auto folder = fs::absolute(named, wrong).lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();
    if (named.empty() || wrong) refuse("say which folder");
    return folder;
}

auto run_backup(session& s) -> int {
    const auto folder = backup_folder(s);
    const auto store = store_place(s.config());
    const auto store_folder = folder_of_store(store);
    std::error_code wrong;
    if (!store_folder.empty() && keyring::lies_in(folder, store_folder))
        throw problem(errc::denied, "a backup does not go into the store's own folder");
    if (fs::exists(folder, wrong) && !fs::is_empty(folder, wrong) &&
        !keyring::holds_store_documents(folder))
        throw problem(errc::conflict, printable(folder.string()) +
                                          " is there and holds something else. Nothing was "
                                          "written.");
    copy_route route{.from = open_store(s.config()),
                     .from_place = store,
                     .to =
                         open_store_at("file:" + folder.string(),
                                       s.dry_run() ? missing_folder::empty : missing_folder::make),
                     .to_place = folder.string(),
                     .realm = options_of(s.config()).realm,
                     .open_all = [&](const auto& id) { return s.vault()->verify(id); }};
    const auto code = copy_store(s, route);
    s.notice("The keys are not in it, and without them it opens nothing: coffer keys copy.");
    return code;
}

/// The anchor's mark of an environment, where it is of something that the head does not follow.
auto seen_since(keyring::anchor_file* anchor, const format::head& head) -> bool {
    if (anchor == nullptr) return false;
    const auto known = need(anchor->recall(head.realm, head.environment));
    if (!known) return false;
    const auto verdict = format::compare_mark(head, *known);
    return verdict == coffer::mark_verdict::older || verdict == coffer::mark_verdict::forked;
}

/// An environment of which something newer than the backup is there or was seen, and the highest
/// generation and number of a DEK that are known of it.
struct given_up {
    std::string environment{};
    std::string partition{};
    std::uint64_t generation = 0;
    std::uint32_t dek = 0;

    void know(std::uint64_t of_generation, std::uint32_t of_dek) {
        generation = std::max(generation, of_generation);
        dek = std::max(dek, of_dek);
    }
};

/// The heads of a backup, and which of them are older than what is there or was seen.
struct restore_plan {
    std::vector<format::head> heads{};
    std::vector<given_up> older{};
    std::size_t altered = 0; ///< Objects that are damaged and stay out.

    auto names_of_older() const -> std::string {
        std::vector<std::string> names;
        for (const auto& one : older)
            names.push_back(one.environment);
        return printable(join(names, ", "));
    }
};

/// The one realm that a backup is of, as the heads say that no key is needed for.
/// Throws problem for what is no backup, and for one of which nothing would be seen by these
/// settings.
auto realm_to_restore(session& s, coffer::any_store& from, const std::string& place)
    -> std::string {
    const auto realms = realms_of(from);
    if (realms.empty()) {
        const auto all = need(from.partitions());
        if (all.empty()) refuse("there is no backup in " + printable(place));
        const bool listed =
            std::ranges::any_of(all, [](const auto& p) { return p.starts_with("coffer-system."); });
        throw problem(errc::tampered, printable(place) +
                                          " holds no whole backup: the list of environments in it "
                                          "(coffer-system.….json) is " +
                                          (listed ? "damaged" : "missing"));
    }
    const auto* const named = s.config().find("realm");
    if (named == nullptr && realms.size() == 1 && !folder_file()) return realms.front();
    const auto wanted = s.config().text("realm");
    if (std::ranges::find(realms, wanted) == realms.end())
        throw problem(errc::foreign,
                      "this backup is " + foreign_words(s, realms) +
                          " Nothing was written. For a store anew: coffer restore " +
                          printable(place) +
                          " --store file:DIR in a folder without coffer.json, which writes one.");
    return wanted;
}

/// Where nothing names the realm, a coffer.json in this folder does from now on.
void name_realm(session& s, const std::string& realm, const restore_plan& plan) {
    if (s.config().find("realm") != nullptr || folder_file() || realm.empty()) return;
    std::vector<std::string> environments;
    for (const auto& head : plan.heads)
        if (head.environment != coffer::system_environment && !head.closed())
            environments.push_back(head.environment);
    const auto file = fs::current_path() / "coffer.json";
    if (!make_folder_config(file, {store_place(s.config()), realm,
                                   environments.size() == 1 ? environments.front() : ""}))
        return;
    s.notice(printable(file.string()) + " names the " +
             (names_password(store_place(s.config())) ? "realm " : "store and its realm ") +
             printable(realm) + " from now on.");
}

/// Looks at all of it before anything is written.
auto plan_of(copy_route& route, keyring::anchor_file* anchor) -> restore_plan {
    restore_plan out;
    for (const auto& partition : need(route.from.partitions())) {
        auto what = read_partition(route.from, partition);
        set_altered_aside(what, route.from_place);
        out.altered += what.altered.size();
        const auto there = read_partition(route.to, partition, true);
        if (compare(what, there) == need_of::other || seen_since(anchor, *what.head)) {
            given_up one{what.name(), partition};
            one.know(what.head->generation, what.head->active().number);
            if (there.head) one.know(there.head->generation, there.head->active().number);
            if (anchor != nullptr)
                if (const auto known = need(anchor->recall(what.head->realm, one.environment)))
                    one.know(known->generation, known->dek);
            out.older.push_back(std::move(one));
        }
        out.heads.push_back(*std::move(what.head));
    }
    return out;
}

/// What was put back becomes the newest state, so that none of what was given up for it can come
/// back; then the anchor knows it. Until then what was seen since is remembered, and a run that was
/// stopped is finished by the next.
void supersede(coffer::any_vault vault, copy_route& route, const restore_plan& plan,
               keyring::anchor_file* anchor) {
    for (const auto& one : plan.older) {
        need(vault->supersede(one.environment, one.generation, one.dek));
        if (anchor == nullptr) continue;
        const auto head = *read_partition(route.to, one.partition).head;
        need(anchor->remember(head.realm, head.environment, head.lineage_of()));
    }
}

auto run_restore(session& s) -> int {
    const auto folder = backup_folder(s);
    const auto store = store_place(s.config());
    if (store == "file:" + folder.string()) refuse("that is the store itself");
    copy_route route{.from = open_store_at("file:" + folder.string()),
                     .from_place = folder.string(),
                     .to = open_store(s.config(), missing_folder::empty),
                     .to_place = store,
                     .replace = s.in.has("accept-rollback")};
    const auto realm = realm_to_restore(s, route.from, folder.string());
    route.realm = realm;
    std::optional<keyring::anchor_file> anchor;
    if (const auto file = anchor_of(s.config()); !file.empty()) anchor.emplace(file);
    const auto plan = plan_of(route, anchor ? &*anchor : nullptr);
    const auto older = plan.names_of_older();
    if (!plan.older.empty() && !route.replace)
        throw problem(errc::conflict,
                      "this is older than what is there or was seen of " + older +
                          ": values and tokens that were revoked since would be valid again. "
                          "Nothing was written. To have it so, say --accept-rollback.");
    if (!s.confirm("Puts " + count(plan.heads.size(), "environment") + " of " +
                   printable(folder.string()) + " into " + printable(store) +
                   (plan.altered == 0
                        ? ""
                        : " without " + count(plan.altered, "damaged object") + " of it") +
                   (plan.older.empty()
                        ? "."
                        : ", and forgets what was written since to " + older +
                              ": what was revoked is valid again. No program may use the store.")))
        return 0;
    route.to = open_store(s.config(), missing_folder::make);
    const auto open =
        [&](coffer::any_store of) { // without the anchor, which has seen what is newer
            auto with = options_of(s.config());
            with.realm = realm;
            return open_vault(std::move(of),
                              open_keys(s.config(), missing_keys::refuse, false).provider, with);
        };
    std::optional<coffer::any_vault> put_back; // before anything is written: it takes the keys
    if (!plan.older.empty() && !s.dry_run()) put_back = open(route.to);
    std::optional<coffer::any_vault> backed_up; // opened for the first that is damaged, for all
    route.open_all = [&](const auto& id) {
        if (!backed_up) backed_up = open(open_store_at("file:" + folder.string()));
        return (*backed_up)->verify(id);
    };
    const auto code = copy_store(s, route);
    name_realm(s, realm, plan);
    if (put_back) supersede(*put_back, route, plan, anchor ? &*anchor : nullptr);
    s.notice("Next: coffer verify, and set again what was revoked since the backup.");
    return code;
}

} // namespace

auto backup_verbs() -> std::vector<verb> {
    return {
        {.name = "backup",
         .arguments = "F",
         .least = 1,
         .most = 1,
         .offers = completes::files,
         .summary = "all that is sealed, every version of it, into a folder; never the keys",
         .details =
             "F is made; a backup that is there is brought up to date, one that was "
             "interrupted goes on. It is a\nstore of files: coffer verify --store file:F "
             "--no-anchor opens it all. Programs may write\nmeanwhile. Damaged objects are "
             "left out (what an older backup in F has of them stays), and an\nenvironment "
             "whose head is damaged; all else is saved. Exit code 7 then, but not where "
             "the keys\nare here and tell that nothing refers to the damaged objects. What is "
             "missing from the store\naltogether it can't see, since it needs no key: "
             "coffer verify does.",
         .run = run_backup,
         .local = true},
        {.name = "restore",
         .arguments = "F",
         .least = 1,
         .most = 1,
         .offers = completes::files,
         .summary = "put a backup back into the store",
         .details = "What is missing or older in the store is put back. All of the backup is "
                    "checked first: damaged objects\nof it stay out, one whose heads are damaged "
                    "is refused. Where it is\nolder than the store, or than the anchor beside "
                    "the keys has seen, it is refused: what was revoked\nsince would be valid "
                    "again. Stop the programs that use the store. Asks first.\n"
                    "A backup of another realm than the settings name is refused: nothing of it "
                    "would be seen. Where\nnothing names a realm and there is no coffer.json, "
                    "one is written that names store and realm.",
         .options = {{"--accept-rollback",
                      takes::nothing,
                      {},
                      "forget what was written since: it is refused wherever it comes back"}},
         .run = run_restore,
         .local = true},
    };
}

} // namespace command
