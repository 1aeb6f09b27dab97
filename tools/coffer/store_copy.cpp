// SPDX-License-Identifier: BSL-1.0
#include "store_copy.hpp"

#include "output.hpp"
#include "problem.hpp"
#include "resolved.hpp"
#include "session.hpp"
#include "shared_keys.hpp"
#include "text.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/subkeys.hpp>
#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <functional>

namespace command {

namespace json = boost::json;
namespace format = coffer::format;
using coffer::errc;

auto realms_of(coffer::any_store& store) -> std::vector<std::string> {
    std::vector<std::string> out;
    const auto partitions = store.partitions();
    const std::vector<std::string> wanted{"head"};
    for (const auto& partition : partitions ? *partitions : std::vector<std::string>()) {
        const auto read = store.load(partition, wanted);
        if (!read || !read->objects.front()) continue;
        const auto head = format::decode_head(*read->objects.front());
        if (head && head->environment == coffer::system_environment) out.push_back(head->realm);
    }
    std::ranges::sort(out);
    return out;
}

auto foreign_words(session& s, const std::vector<std::string>& realms) -> std::string {
    const auto* const named = s.config().find("realm");
    return "of another realm: " + realm_words(realms) + ", and " +
           (named == nullptr ? "the settings name none"
                             : named->from + " names " + realm_words({named->value})) +
           ". If it is the one that is meant, its realm belongs into coffer.json (\"realm\") or "
           "COFFER_REALM.";
}

auto read_partition(coffer::any_store& from, const std::string& partition, bool damaged_too)
    -> environment_copy {
    auto listed = from.list(partition);
    if (!listed)
        throw problem(listed.error().code,
                      printable(partition) +
                          " in the store can't be read: " + words_for(listed.error(), {}, {}) +
                          ". What is none of the store's documents does not belong beside them");
    environment_copy out{partition, *std::move(listed)};
    for (const auto& [key, value] : out.all.entries)
        if (key == "head") {
            auto head = format::decode_head(value);
            if (!head && !damaged_too)
                throw problem(head.error().code,
                              "the head of " + printable(partition) + " can't be read");
            out.damaged = !head;
            if (head) out.head = *std::move(head);
        }
    if (out.head && format::partition_name(coffer::cryptopp::aes_256_gcm(), out.head->realm,
                                           out.head->environment) != partition)
        throw problem(errc::tampered, printable(partition) + " in the store is a copy of " +
                                          printable(out.name()) +
                                          " under another name: move it elsewhere");
    return out;
}

void set_altered_aside(environment_copy& of, const std::string& place) {
    const coffer::cryptopp::aes_256_gcm cipher;
    bool head_fits = false;
    std::erase_if(of.all.entries, [&](const auto& entry) {
        const auto hash = cipher.sha256(entry.second);
        if (entry.first == "head") {
            head_fits = format::revision_of(hash) == of.all.at;
            return false;
        }
        if (format::store_key(hash) == entry.first) return false;
        of.altered.push_back(entry.first);
        return true;
    });
    if (!of.head || !head_fits)
        throw problem(errc::tampered,
                      "the head of " + printable(of.name()) + " at " + printable(place) + " is " +
                          (of.head ? "damaged" : "missing") + "; nothing of it was copied");
}

auto compare(const environment_copy& from, const environment_copy& to) -> need_of {
    if (to.all.at == coffer::revision{}) return need_of::all;
    if (to.damaged) return need_of::other;
    if (!to.head) return need_of::rest;
    if (from.all.at == to.all.at) {
        for (const auto& entry : from.all.entries)
            if (!std::ranges::binary_search(to.all.entries, entry)) return need_of::rest;
        return need_of::nothing;
    }
    const bool same_keys =
        from.head->environment == to.head->environment && from.head->realm == to.head->realm;
    if (!same_keys) return need_of::other;
    switch (format::compare_mark(*from.head, to.head->mark_of())) {
    case format::mark_verdict::same: return need_of::rest; // on its way: see passing_revision()
    case format::mark_verdict::newer: return need_of::newer;
    default: return need_of::other;
    }
}

namespace {

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
                    bool erase, const std::function<void(std::size_t)>& told) {
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
    if (erase)
        for (const auto& entry : there.all.entries)
            if (!from.has(entry.first)) portion.push_back({entry.first, std::nullopt});
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

/// What is known of the objects that were left out of an environment.
struct left_out {
    errc why{}; ///< None: nothing refers to them.
    std::string words{};
};

auto opened(const copy_route& route, const format::head& head)
    -> std::optional<coffer::result<coffer::verification>> {
    if (!route.open_all || head.realm != route.realm) return std::nullopt;
    try {
        return route.open_all(head.environment);
    } catch (const problem&) { // the keys are not here
        return std::nullopt;
    }
}

auto what_was_left_out(const copy_route& route, const environment_copy& of) -> left_out {
    const auto objects = count(of.altered.size(), "object") + " of " + printable(of.name()) +
                         (of.altered.size() == 1 ? " is" : " are") + " damaged and left out";
    const auto found = opened(route, *of.head);
    const bool another = route.open_all && of.head->realm != route.realm;
    if (!found)
        return {errc::tampered, objects + "; all else was copied. With the keys" +
                                    (another ? " of realm " + printable(of.head->realm) : "") +
                                    ", coffer verify says which values that are, if any"};
    if (!*found)
        return {errc::tampered,
                objects + ": " + words_for(found->error(), {.environment = of.name()}, {})};
    if ((*found)->damaged.empty())
        return {errc{}, objects + ", and nothing refers to " +
                            (of.altered.size() == 1 ? "it" : "them") + ": nothing is lost"};
    std::string which;
    for (const auto& d : (*found)->damaged)
        which += "\n        damaged: " + damage_text(d);
    return {errc::tampered, objects + "; all else was copied" + which + "\n        See " +
                                std::string(cure_of(errc::tampered))};
}

struct report {
    table rows{};
    json::array environments{};
    json::array troubles{};
    std::size_t copied = 0;
    verdict missed{};

    /// Something that was not copied.
    void miss(const session& s, const std::string& environment, errc why,
              const std::string& words) {
        missed.add(why);
        const auto code = std::string(to_string(why));
        json::object one;
        one["environment"] = environment;
        one["code"] = code;
        one["message"] = words;
        troubles.push_back(std::move(one));
        if (!s.json()) tell(code + ": " + words);
    }

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

/// What is wrong with one environment, and of no matter to the others.
auto is_of_one(errc why) -> bool {
    return why == errc::tampered || why == errc::unsupported || why == errc::conflict;
}

/// What is done where somebody else was.
auto word_of(need_of what) -> std::string {
    switch (what) {
    case need_of::newer: return "brought up to date";
    case need_of::rest: return "finished";
    case need_of::other: return "put back";
    default: return "copied";
    }
}

/// One that is whole, or whole but for what was set aside.
void copy_one(const session& s, copy_route& route, const environment_copy& what,
              const std::string& progress, report& told) {
    auto there = read_partition(route.to, what.partition, route.replace);
    const auto to_do = compare(what, there);
    if (to_do == need_of::other && !route.replace)
        throw problem(errc::conflict, "at " + printable(route.to_place) + " there is another " +
                                          printable(what.name()) +
                                          ", newer or of another history. Nothing of it was "
                                          "copied.");
    if (to_do == need_of::nothing) return told.add(what, "was there");
    s.hint(progress + " " + printable(what.name()) + ": " +
           count(what.all.entries.size(), "object") + ", " + std::to_string(what.bytes()) +
           " bytes");
    if (s.dry_run()) return told.add(what, "would be " + word_of(to_do));
    copy_partition(route.to, what, there, to_do == need_of::other, [&](std::size_t done) {
        s.hint(progress + " " + printable(what.name()) + ": " + std::to_string(done) + " of " +
               std::to_string(what.bytes()) + " bytes");
    });
    check_copy(route.to, what);
    ++told.copied;
    told.add(what, word_of(to_do));
    if (need(route.from.load(what.partition, {})).at != what.all.at)
        s.notice("note: " + printable(what.name()) +
                 " was written meanwhile; run it again to bring the copy up to date");
}

} // namespace

auto copy_store(const session& s, copy_route& route) -> int {
    const auto is_own = [](const std::string& p) { return p.starts_with("coffer-system."); };
    report told;
    const auto read = [&](const std::string& partition) -> std::optional<environment_copy> {
        try {
            return read_partition(route.from, partition);
        } catch (const problem& why) {
            if (!is_of_one(why.code)) throw;
            told.miss(s, partition, why.code, why.message);
            return std::nullopt;
        }
    };
    std::vector<std::optional<environment_copy>> own;
    for (const auto& partition : need(route.from.partitions()))
        if (is_own(partition)) own.push_back(read(partition));
    // Listed after that was read: what it lists is among these.
    const auto partitions = need(route.from.partitions());
    std::size_t number = 0;
    const auto copy = [&](std::optional<environment_copy> what) {
        if (!what || what->all.at == coffer::revision{}) return; // it went meanwhile
        const auto progress = std::to_string(++number) + "/" + std::to_string(partitions.size());
        try {
            set_altered_aside(*what, route.from_place);
            copy_one(s, route, *what, progress, told);
        } catch (const problem& why) {
            if (!is_of_one(why.code)) throw;
            return told.miss(s, what->name(), why.code, why.message);
        }
        if (what->altered.empty()) return;
        const auto lost = what_was_left_out(route, *what);
        if (lost.why == errc{})
            s.notice("note: " + lost.words);
        else
            told.miss(s, what->name(), lost.why, lost.words);
    };
    for (const auto& partition : partitions)
        if (!is_own(partition)) copy(read(partition));
    for (auto& what : own)
        copy(std::move(what));
    if (s.json()) {
        json::object out;
        out["copied"] = told.copied;
        out["environments"] = std::move(told.environments);
        out["troubles"] = std::move(told.troubles);
        put_json(out);
    } else {
        put(told.rows.text());
    }
    return told.missed.exit_code();
}

} // namespace command
