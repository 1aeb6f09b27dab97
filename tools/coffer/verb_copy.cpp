// SPDX-License-Identifier: BSL-1.0
#include "opening.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/entry.hpp>
#include <coffer/format/head.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>

namespace command {

namespace json = boost::json;
namespace format = coffer::format;
using coffer::byte_view;
using coffer::errc;

namespace {

/// All of a partition, and what its head says that is not sealed.
struct environment_copy {
    std::string partition{};
    coffer::listing all{};
    std::optional<format::head> head{}; ///< None: the rest of a copy that was interrupted.

    auto name() const -> std::string { return head ? head->environment : partition; }
    auto bytes() const -> std::size_t {
        std::size_t sum = 0;
        for (const auto& [key, value] : all.entries)
            sum += value.size();
        return sum;
    }
};

auto read_partition(coffer::any_store& from, const std::string& partition) -> environment_copy {
    environment_copy out{partition, need(from.list(partition)), {}};
    for (const auto& [key, value] : out.all.entries)
        if (key == "head") {
            auto head = format::decode_head(value);
            if (!head)
                throw problem(head.error().code,
                              "the head of " + printable(partition) + " can't be read");
            out.head = *std::move(head);
        }
    return out;
}

/// What can be checked without keys: each entry is what its name says, and the revision the head's.
void check_hashes(const environment_copy& of, const std::string& place) {
    const coffer::cryptopp::aes_256_gcm cipher;
    const auto damaged = [&] {
        throw problem(errc::tampered, "what is stored of " + printable(of.name()) + " at " +
                                          printable(place) +
                                          " is damaged; nothing of it was copied");
    };
    if (!of.head) damaged();
    for (const auto& [key, value] : of.all.entries) {
        const auto hash = cipher.sha256(value);
        const bool fits =
            key == "head" ? format::revision_of(hash) == of.all.at : format::store_key(hash) == key;
        if (!fits) damaged();
    }
}

/// What is to be done for one partition.
enum class need_of : unsigned char { nothing, all, rest, newer };

auto compare(const environment_copy& from, const environment_copy& to, const std::string& place)
    -> need_of {
    if (to.all.at == coffer::revision{}) return need_of::all;
    if (!to.head) return need_of::rest;
    if (from.all.at == to.all.at) {
        for (const auto& entry : from.all.entries)
            if (!std::ranges::binary_search(to.all.entries, entry)) return need_of::rest;
        return need_of::nothing;
    }
    const bool same_keys =
        from.head->environment == to.head->environment && from.head->realm == to.head->realm;
    if (same_keys &&
        format::compare_mark(*from.head, to.head->mark_of()) == format::mark_verdict::newer)
        return need_of::newer;
    throw problem(errc::conflict, "at " + printable(place) + " there is another " +
                                      printable(from.name()) +
                                      ", newer or of another history. Nothing of it was copied.");
}

/// A revision that no head has: what a copy on its way is at.
auto passing_revision() -> coffer::revision {
    coffer::revision out{};
    do {
        need(coffer::cryptopp::aes_256_gcm().random(out));
    } while (out == coffer::revision{});
    return out;
}

/// Commits; what came of an unknown outcome is seen by its revision.
void commit(coffer::any_store& to, const environment_copy& what, coffer::revision& at,
            const coffer::revision& next, const std::vector<coffer::object_write>& writes) {
    for (int tries = 0; tries < 10; ++tries) {
        const auto done = need(to.commit(what.partition, at, next, writes));
        if (done == coffer::commit_outcome::unknown) continue;
        if (done == coffer::commit_outcome::committed ||
            (tries > 0 && need(to.load(what.partition, {})).at == next)) {
            at = next;
            return;
        }
        throw problem(errc::conflict,
                      "somebody else writes " + printable(what.name()) + " there. Run it again.");
    }
    throw problem(errc::outcome_unknown, "the store does not say what became of " +
                                             printable(what.name()) +
                                             "; run it again, it goes on where it was");
}

/// Copies what is not there yet: the objects first, in portions that the store takes, and with the
/// last of them the head, so that readers see the old state or the new one. `told` hears how many
/// bytes are there after each portion.
void copy_partition(coffer::any_store& to, const environment_copy& from, environment_copy& there,
                    const std::function<void(std::size_t)>& told) {
    const auto most = std::min(to.limits().commit_bytes / 2, std::size_t{4} << 20);
    auto at = there.all.at;
    std::vector<coffer::object_write> portion;
    std::size_t size = 0;
    std::size_t done = there.bytes();
    for (const auto& entry : from.all.entries) {
        if (entry.first == "head" || std::ranges::binary_search(there.all.entries, entry)) continue;
        if (size + entry.second.size() > most && !portion.empty()) {
            commit(to, from, at, passing_revision(), portion);
            done += size;
            told(done);
            portion.clear();
            size = 0;
        }
        size += entry.second.size();
        portion.push_back({entry.first, entry.second});
    }
    for (const auto& [key, value] : from.all.entries)
        if (key == "head") portion.push_back({key, value});
    if (at == from.all.at) commit(to, from, at, passing_revision(), {}); // the same revision again
    commit(to, from, at, from.all.at, portion);
}

void check_copy(coffer::any_store& to, const environment_copy& from) {
    const auto there = need(to.list(from.partition));
    const bool same =
        there.at == from.all.at && std::ranges::all_of(from.all.entries, [&](const auto& entry) {
            return std::ranges::binary_search(there.entries, entry);
        });
    if (!same)
        throw problem(errc::tampered, "what was written of " + printable(from.name()) +
                                          " does not read back the same, or somebody else writes "
                                          "there");
}

struct report {
    table rows{};
    json::array environments{};
    std::size_t copied = 0;

    void add(const environment_copy& what, const std::string& done) {
        rows.row({printable(what.name()), done, count(what.all.entries.size(), "object"),
                  std::to_string(what.bytes()) + " bytes"});
        json::object one;
        one["environment"] = what.name();
        one["done"] = done;
        one["entries"] = what.all.entries.size();
        one["bytes"] = what.bytes();
        environments.push_back(std::move(one));
    }
};

void copy_one(const session& s, coffer::any_store& from, coffer::any_store& to,
              const std::string& partition, const std::string& progress, report& told) {
    const auto from_place = *s.in.text("from");
    const auto to_place = *s.in.text("to");
    const auto what = read_partition(from, partition);
    if (what.all.at == coffer::revision{}) return; // it went meanwhile
    check_hashes(what, from_place);
    auto there = read_partition(to, partition);
    const auto to_do = compare(what, there, to_place);
    if (to_do == need_of::nothing) return told.add(what, "was there");
    s.hint(progress + " " + printable(what.name()) + ": " +
           count(what.all.entries.size(), "object") + ", " + std::to_string(what.bytes()) +
           " bytes");
    if (s.dry_run()) return told.add(what, "would be copied");
    copy_partition(to, what, there, [&](std::size_t done) {
        s.hint(progress + " " + printable(what.name()) + ": " + std::to_string(done) + " of " +
               std::to_string(what.bytes()) + " bytes");
    });
    check_copy(to, what);
    ++told.copied;
    told.add(what, to_do == need_of::newer  ? "brought up to date"
                   : to_do == need_of::rest ? "finished"
                                            : "copied");
    if (need(from.load(partition, {})).at != what.all.at)
        s.notice("note: " + printable(what.name()) +
                 " was written meanwhile; run it again to bring the copy up to date");
}

auto place_of(const session& s, const char* option) -> std::string {
    const auto value = s.in.text(option);
    if (!value) refuse(std::string("say --from STORE and --to STORE"));
    std::error_code wrong;
    return absolute_place(
        {*value, std::string("--") + option, std::filesystem::current_path(wrong)});
}

/// A dry run makes no folder: what is not there is empty.
auto open_target(const session& s, const std::string& place) -> coffer::any_store {
    const auto folder = folder_of_store(place);
    std::error_code wrong;
    if (s.dry_run() && !folder.empty() && !std::filesystem::exists(folder, wrong))
        return coffer::memory::store{};
    return open_store_at(place, true);
}

auto run_copy(session& s) -> int {
    const auto from_place = place_of(s, "from");
    const auto to_place = place_of(s, "to");
    if (from_place == to_place) refuse("that is the same store twice");
    auto from = open_store_at(from_place);
    auto to = open_target(s, to_place);
    auto partitions = need(from.partitions());
    // Coffer's own comes last: an environment that it lists has to be there.
    const auto own = [](const std::string& p) { return p.starts_with("coffer-system."); };
    std::stable_partition(partitions.begin(), partitions.end(),
                          [&](const auto& p) { return !own(p); });
    report told;
    std::size_t number = 0;
    for (const auto& partition : partitions)
        copy_one(s, from, to, partition,
                 std::to_string(++number) + "/" + std::to_string(partitions.size()), told);
    if (s.json()) {
        json::object out;
        out["copied"] = told.copied;
        out["environments"] = std::move(told.environments);
        put_json(out);
        return 0;
    }
    put(told.rows.text());
    s.hint("every byte was read back and compared; with the keys, coffer verify opens it all");
    return 0;
}

} // namespace

auto copy_verb() -> verb {
    return {
        .name = "copy",
        .summary = "copy all that is sealed from one store to another; no keys are needed",
        .details =
            "Every byte is checked against its hash before, and read back after it was written. A\n"
            "copy that was interrupted goes on where it was; a copy of before is brought up to "
            "date;\n"
            "what is newer there, or of another history, is refused. Names and values stay "
            "sealed,\n"
            "under the same keys and realm. One environment of each store is held in memory at a "
            "time.",
        .options = {{"--from", takes::value, "STORE", "file:DIR, redis://HOST, …"},
                    {"--to", takes::value, "STORE", "the same; a folder is made"}},
        .run = run_copy,
    };
}

} // namespace command
