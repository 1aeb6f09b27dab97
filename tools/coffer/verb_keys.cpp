// SPDX-License-Identifier: BSL-1.0
#include "key_changes.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <map>
#include <set>

namespace command {

namespace json = boost::json;
namespace keyring = coffer::keyring;
using coffer::errc;

auto keks_of(session& s) -> std::vector<keyring::kek_info> {
    return need(s.keys().changes->keks());
}

auto need_change(const coffer::failure& why) -> problem {
    if (why.code == errc::unsupported)
        return {why.code,
                "these keys come from outside: only a keyring file (--keys file:PATH) can be "
                "changed or copied here"};
    if (why.code == errc::outcome_unknown)
        return {why.code, "the keyring was changed, but may not be on disk yet; run coffer keys "
                          "status"};
    return {why.code, words_for(why, {}, {})};
}

namespace {

constexpr std::string_view mixed_up =
    "coffer keys status      which key seals what\n"
    "coffer keys rotate-kek  a new KEK becomes active; new writes use it, old data stays readable\n"
    "coffer keys rewrap      DEKs of old KEKs under the active one; values untouched; resumes\n"
    "coffer keys rotate-dek  seals every value of an environment anew, under a new DEK; readable\n"
    "                        throughout; resumes\n"
    "coffer keys disable ID  a KEK opens nothing any more; refused while it is needed\n"
    "coffer keys shred       destroys the KEKs of --env alone, and with them all that is in it;\n"
    "                        prints a receipt; no backup brings it back\n"
    "coffer keys copy --to F the keyring, sealed under a passphrase: the copy to lock away\n"
    "\n"
    "To change a secret itself (a new Slack token) use coffer set: that is no key rotation.\n"
    "After a leak of keys: docs/operating.md#after-a-leak";

auto run_keys(session& s) -> int {
    if (s.json()) refuse("coffer keys needs one of its verbs; see coffer help");
    put_line(mixed_up);
    return 0;
}

/// The DEKs of an environment as its head lists them, or why it can't be read.
struct used_keys {
    std::string environment{};
    std::vector<coffer::format::head_dek> deks{};
    errc why{};
};

/// All environments, Coffer's own first: it has keys as well. Where it can't be read, it alone: what
/// is done with it then says why.
auto all_environments(session& s) -> std::vector<std::string> {
    const auto listed = s.vault()->environments();
    if (listed && listed->empty()) return {};
    std::vector<std::string> out{std::string(coffer::system_environment)};
    if (listed) out.insert(out.end(), listed->begin(), listed->end());
    return out;
}
/// The one of --env, which may be Coffer's own, else all.
auto chosen_environments(session& s) -> std::vector<std::string> {
    const auto only = s.in.text("env");
    if (!only) return all_environments(s);
    if (*only == coffer::system_environment) return {*only};
    return {s.environment_id(*only)};
}
auto use_of(session& s, const std::vector<std::string>& environments) -> std::vector<used_keys> {
    std::vector<used_keys> out;
    for (const auto& id : environments) {
        const auto status = s.vault()->status(id);
        if (status)
            out.push_back({id, status->deks, {}});
        else
            out.push_back({id, {}, status.error().code});
    }
    return out;
}

auto state_text(const keyring::kek_info& k) -> std::string {
    std::string out(to_string(k.state));
    std::ranges::replace(out, '_', '-');
    return k.is_default ? out + ", default" : out;
}
/// The environments whose DEKs a KEK wraps.
auto needed_by(const std::string& kek_id, const std::vector<used_keys>& all)
    -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& e : all)
        if (std::ranges::any_of(e.deks, [&](const auto& d) { return d.kek_id == kek_id; }))
            out.push_back(e.environment);
    return out;
}

// status ------------------------------------------------------------------------------------------

auto json_of(const std::vector<keyring::kek_info>& keks, const std::vector<used_keys>& all)
    -> json::object {
    json::object out;
    auto& listed = out["keks"].emplace_array();
    for (const auto& k : keks) {
        json::object one;
        one["id"] = k.id;
        one["state"] = std::string(to_string(k.state));
        one["default"] = k.is_default;
        if (k.created.count() != 0)
            one["created"] = iso_time(static_cast<std::uint64_t>(k.created.count()));
        auto& wraps = one["wraps"].emplace_array();
        for (const auto& id : needed_by(k.id, all))
            wraps.emplace_back(id);
        listed.push_back(std::move(one));
    }
    auto& environments = out["environments"].emplace_array();
    for (const auto& e : all) {
        json::object one;
        one["id"] = e.environment;
        if (e.why != errc{}) one["error"] = std::string(to_string(e.why));
        auto& deks = one["deks"].emplace_array();
        for (const auto& d : e.deks) {
            json::object dek;
            dek["number"] = d.number;
            dek["kek"] = d.kek_id;
            dek["seals"] = d.seals;
            deks.push_back(std::move(dek));
        }
        environments.push_back(std::move(one));
    }
    return out;
}

auto run_status(session& s) -> int {
    const auto keks = keks_of(s);
    const auto all = use_of(s, chosen_environments(s));
    errc worst{};
    for (const auto& e : all)
        if (e.why != errc{}) worst = e.why;
    const int code = worst == errc{} ? 0 : exit_code_of(worst);
    if (s.json()) {
        put_json(json_of(keks, all));
        return code;
    }
    table rows;
    std::set<std::string> known;
    for (const auto& k : keks) {
        known.insert(k.id);
        const auto wraps = needed_by(k.id, all);
        rows.row({printable(k.id), state_text(k), count(wraps.size(), "environment"),
                  printable(join(wraps, ", "))});
    }
    put(rows.text());
    put_line("");
    table deks;
    for (const auto& e : all) {
        if (e.why != errc{}) deks.row({printable(e.environment), std::string(to_string(e.why))});
        for (auto d = e.deks.rbegin(); d != e.deks.rend(); ++d)
            deks.row({printable(e.environment), "DEK " + std::to_string(d->number),
                      d == e.deks.rbegin() ? "active" : "opens what is not sealed anew yet",
                      count(d->seals, "seal"),
                      "under " + printable(d->kek_id) +
                          (known.contains(d->kek_id) ? "" : ", which is not in this keyring")});
    }
    put(deks.text());
    return code;
}

// rotate-kek --------------------------------------------------------------------------------------

auto run_rotate_kek(session& s) -> int {
    std::vector<keyring::kek_rotation> done;
    const auto only = s.in.text("env");
    const auto environment = only ? chosen_environments(s).front() : std::string();
    if (!s.confirm(only ? "Makes a KEK for " + printable(environment) +
                              " alone. The one that speaks for it now stays as it is."
                        : "Makes a new KEK in the place of every active one. The older ones open "
                          "what is under them until coffer keys rewrap, and wrap nothing more."))
        return 0;
    if (only) {
        auto one = s.keys().changes->rotate(environment);
        if (!one) throw need_change(one.error());
        done.push_back(*std::move(one));
    } else {
        auto all = s.keys().changes->rotate();
        if (!all) throw need_change(all.error());
        done = *std::move(all);
    }
    if (s.json()) {
        json::object out;
        auto& list = out["rotated"].emplace_array();
        for (const auto& r : done) {
            json::object one;
            one["from"] = r.from;
            one["to"] = r.to;
            list.push_back(std::move(one));
        }
        put_json(out);
        return 0;
    }
    for (const auto& r : done)
        put_line(printable(r.to) + " is active" +
                 (only ? " for " + printable(environment)
                       : "; " + printable(r.from) + " only opens what is under it"));
    s.notice("Back up the keyring now. Next: coffer keys rewrap; this alone ends no leak.");
    return 0;
}

// rewrap ------------------------------------------------------------------------------------------

auto run_rewrap(session& s) -> int {
    const auto environments = chosen_environments(s);
    if (!s.confirm("Wraps the DEKs of " + count(environments.size(), "environment") +
                   " under the KEK that is active for each. Values stay as they are."))
        return 0;
    table rows;
    json::array all;
    errc worst{};
    for (const auto& id : environments) {
        const auto done = s.vault()->rewrap(id);
        json::object one;
        one["environment"] = id;
        if (done) {
            one["kek"] = done->kek_id;
            one["rewrapped"] = done->deks;
            rows.row({printable(id), "under " + printable(done->kek_id),
                      done->deks == 0 ? "was there" : count(done->deks, "DEK") + " rewrapped"});
        } else {
            worst = done.error().code;
            one["error"] = std::string(to_string(worst));
            rows.row(
                {printable(id), "not done: " + words_for(done.error(), {.environment = id}, {})});
        }
        all.push_back(std::move(one));
    }
    if (s.json()) {
        json::object out;
        out["environments"] = std::move(all);
        put_json(out);
    } else {
        put(rows.text());
    }
    return worst == errc{} ? 0 : exit_code_of(worst);
}

// rotate-dek --------------------------------------------------------------------------------------

auto json_of(const std::string& environment, const coffer::dek_rotation& done) -> json::object {
    json::object out;
    out["environment"] = environment;
    out["dek"] = done.dek;
    out["resumed"] = done.resumed;
    out["finished"] = done.finished;
    out["resealed"] = done.resealed;
    out["damaged"] = done.damaged;
    return out;
}

auto run_rotate_dek(session& s) -> int {
    const bool own = s.in.text("env") == coffer::system_environment;
    const auto id =
        own ? std::string(coffer::system_environment) : s.environment_here().environment;
    if (!s.confirm("Seals every version of every value of " + printable(id) +
                   " anew, under a new DEK. It stays readable throughout; interrupted, it goes on "
                   "when called again."))
        return 0;
    const auto done =
        need(s.vault()->rotate_dek(id,
                                   [&](const coffer::rotation_progress& p) {
                                       s.hint("DEK " + std::to_string(p.dek) + ": " +
                                              std::to_string(p.entries) + " of " +
                                              count(p.entries_all, "name") + ", " +
                                              count(p.resealed, "record") + " sealed anew");
                                       return true;
                                   }),
             {.environment = id});
    if (s.json()) {
        put_json(json_of(id, done));
    } else {
        put_line(printable(id) + ": " + count(done.resealed, "record") + " sealed anew under DEK " +
                 std::to_string(done.dek));
        if (done.damaged != 0)
            put_line(count(done.damaged, "record") +
                     " can't be opened and stayed, with the older DEKs: coffer verify says which");
    }
    if (done.resumed)
        s.notice("note: this finished a rotation that was begun earlier. For a DEK that is made "
                 "now, as after a leak, run it again.");
    return done.damaged == 0 ? 0 : exit_code_of(errc::tampered);
}

// disable -----------------------------------------------------------------------------------------

auto run_disable(session& s) -> int {
    const auto& id = s.in.arguments.front();
    const auto keks = keks_of(s);
    const auto found = std::ranges::find(keks, id, &keyring::kek_info::id);
    if (found == keks.end())
        throw problem(errc::unknown_key,
                      "there is no KEK of that id in the keyring; coffer keys status shows them");
    const bool forced = s.in.has("force");
    const auto all = use_of(s, all_environments(s));
    std::string needs;
    if (const auto wraps = needed_by(id, all); !wraps.empty())
        needs = "it wraps the DEKs of " + printable(join(wraps, ", ")) +
                " (coffer keys rewrap moves them)";
    else if (found->state == keyring::kek_state::active)
        needs = "it is active (coffer keys rotate-kek makes another)";
    else
        for (const auto& e : all)
            if (e.why != errc{})
                needs = printable(e.environment) + " can't be read (" +
                        std::string(to_string(e.why)) + "), so it may be needed there";
    if (!needs.empty() && !forced)
        throw problem(errc::conflict, printable(id) + " was not disabled: " + needs +
                                          ". With --force it is, and what is under it can't be "
                                          "opened.");
    if (!s.confirm("Disables " + printable(id) + (needs.empty() ? "" : ", though " + needs) +
                   ". Nothing under it can be opened any more, in other stores of this keyring "
                   "either."))
        return 0;
    if (const auto done = s.keys().changes->disable(id); !done) throw need_change(done.error());
    if (s.json()) {
        json::object out;
        out["id"] = id;
        out["state"] = "disabled";
        put_json(out);
    } else {
        put_line(printable(id) + " is disabled");
    }
    return 0;
}

} // namespace

auto key_verbs() -> std::vector<verb> {
    return {
        {.name = "keys",
         .summary = "the verbs of keys, which are easily mixed up",
         .details = mixed_up,
         .run = run_keys,
         .local = true},
        {.name = "keys status",
         .summary = "which KEK wraps what, and the DEKs of each environment",
         .details = "All environments and Coffer's own, coffer.system, or the one of --env.",
         .run = run_status,
         .local = true},
        {.name = "keys rotate-kek",
         .summary = "a new KEK becomes active; new writes use it, old data stays readable",
         .details = "Every active KEK gets a successor; with --env that environment gets a KEK of "
                    "its own.\nThis ends no leak by itself: docs/operating.md#after-a-leak.",
         .run = run_rotate_kek,
         .local = true},
        {.name = "keys rewrap",
         .summary = "the DEKs of old KEKs under the active one; values untouched",
         .details = "All environments and Coffer's own, or the one of --env. Each is one commit; "
                    "interrupted, it\ngoes on when called again.",
         .run = run_rewrap,
         .local = true},
        {.name = "keys rotate-dek",
         .summary = "seal every value of --env anew, under a new DEK",
         .details = "Readable throughout; what is written meanwhile is under the new DEK. "
                    "Interrupted, it goes on\nwhen called again. Exit code 7 if records are "
                    "damaged: they stay, with the older DEK.\n--env coffer.system is Coffer's "
                    "own.",
         .run = run_rotate_dek,
         .local = true},
        {.name = "keys disable",
         .arguments = "ID",
         .least = 1,
         .most = 1,
         .summary = "a KEK opens nothing any more",
         .details = "Refused while an environment of the store needs it. Undone by hand, in the "
                    "keyring.",
         .options = {{"--force",
                      takes::nothing,
                      {},
                      "even if what is under it can't be opened "
                      "then"}},
         .run = run_disable,
         .local = true},
        shred_verb(),
        copy_keys_verb(),
    };
}

} // namespace command
