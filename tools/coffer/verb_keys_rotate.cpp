// SPDX-License-Identifier: BSL-1.0
#include "key_steps.hpp"
#include "missing_key.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace command {

namespace json = boost::json;
using coffer::errc;

namespace {

// rotate-kek --------------------------------------------------------------------------------------

auto run_rotate_kek(session& s) -> int {
    const auto only = s.in.text("env");
    const auto environment = only ? chosen_environments(s).front() : std::string();
    if (!s.confirm(only ? "Makes a KEK for " + printable(environment) +
                              " alone. The one that speaks for it now opens what is under it, and "
                              "wraps nothing more, if it speaks for no other."
                        : "Makes a new KEK in the place of every active one. The older ones open "
                          "what is under them until coffer keys rewrap, and wrap nothing more."))
        return 0;
    const auto done = rotate_keks(*s.keys().changes, environment);
    if (s.json()) {
        json::object out;
        auto& list = out["rotated"].emplace_array();
        for (const auto& r : done) {
            json::object one;
            one["from"] = r.from;
            one["to"] = r.to;
            list.push_back(std::move(one));
        }
        tell_done([&] { put_json(out); });
        return 0;
    }
    tell_done([&] {
        for (const auto& r : done)
            put_line(printable(r.to) + " is active" +
                     (only ? " for " + printable(environment)
                           : "; " + printable(r.from) + " only opens what is under it"));
    });
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
    verdict all_in_all;
    for (const auto& id : environments) {
        const auto done = s.vault()->rewrap(id);
        json::object one;
        one["environment"] = id;
        if (done) {
            one["kekId"] = done->kek_id;
            one["deks"] = done->deks;
            rows.row({printable(id), "under " + printable(done->kek_id),
                      done->deks == 0 ? "was there" : count(done->deks, "DEK") + " rewrapped"});
        } else {
            const auto why = done.error().code;
            all_in_all.add(why);
            one["error"] = std::string(to_string(why));
            const bool of_key = why == errc::unknown_key || why == errc::key_disabled;
            rows.row(
                {printable(id), "not done: " + words_for(done.error(), {.environment = id}, {}) +
                                    (of_key ? missing_key_words(s, id) : "")});
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
    return all_in_all.exit_code();
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

} // namespace

auto key_rotation_verbs() -> std::vector<verb> {
    return {
        {.name = "keys rotate-kek",
         .summary = "a new KEK becomes active; new writes use it, old data stays readable",
         .details = "Every active KEK gets a successor; with --env that environment gets a KEK of "
                    "its own.\nA key in a variable gets one by --keys env:NEW,OLD, then coffer "
                    "keys rewrap.\n"
                    "This ends no leak by itself: docs/operating.md#after-a-leak.",
         .run = run_rotate_kek,
         .scopes = scope_options::environment,
         .local = true},
        {.name = "keys rewrap",
         .summary = "the DEKs of old KEKs under the active one; values untouched",
         .details = "All environments and Coffer's own, or the one of --env. Each is one commit; "
                    "interrupted, it\ngoes on when called again.",
         .run = run_rewrap,
         .scopes = scope_options::environment,
         .local = true},
        {.name = "keys rotate-dek",
         .summary = "seal every value of --env anew, under a new DEK",
         .details = "Readable throughout; what is written meanwhile is under the new DEK. "
                    "Interrupted, it goes on\nwhen called again. Exit code 7 if records are "
                    "damaged: they stay, with the older DEK.\n--env coffer.system is Coffer's "
                    "own.",
         .run = run_rotate_dek,
         .scopes = scope_options::environment,
         .local = true},
    };
}

} // namespace command
