// SPDX-License-Identifier: BSL-1.0
#include "key_steps.hpp"
#include "missing_key.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "shared_keys.hpp"
#include "stored_heads.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <set>

namespace command {

namespace json = boost::json;
namespace keyring = coffer::keyring;
using coffer::errc;

auto chosen_environments(session& s) -> std::vector<std::string> {
    const auto only = s.in.text("env");
    if (!only) return all_environments(key_place_of(s));
    if (*only == coffer::system_environment) return {*only};
    return {s.environment_id(*only)};
}

auto need_change(const coffer::failure& why) -> problem {
    if (why.code == errc::unsupported)
        return {why.code,
                "these keys come from outside: only a keyring file (--keys file:PATH) can be "
                "changed or copied here. A key in a variable is rotated by another one before it: "
                "--keys env:NEW,OLD, then coffer keys rewrap "
                "(docs/operating.md#keys-from-outside)"};
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

auto state_text(const keyring::kek_info& k) -> std::string {
    std::string out(to_string(k.state));
    std::ranges::replace(out, '_', '-');
    return k.is_default ? out + ", default" : out;
}

// status ------------------------------------------------------------------------------------------

auto json_of(session& s, const std::vector<keyring::kek_info>& keks,
             const std::vector<used_keys>& all) -> json::object {
    json::object out;
    auto& listed = out["keks"].emplace_array();
    for (const auto& k : keks) {
        json::object one;
        one["kekId"] = k.id;
        one["state"] = std::string(to_string(k.state));
        one["default"] = k.is_default;
        if (k.created.count() != 0)
            one["createdAt"] = iso_time(static_cast<std::uint64_t>(k.created.count()));
        if (!k.variable.empty()) one["variable"] = k.variable;
        auto& wraps = one["wraps"].emplace_array();
        for (const auto& id : needed_by(k.id, all))
            wraps.emplace_back(id);
        listed.push_back(std::move(one));
    }
    auto& environments = out["environments"].emplace_array();
    for (const auto& e : all) {
        json::object one;
        one["environment"] = e.environment;
        if (e.why != errc{}) {
            one["error"] = std::string(to_string(e.why));
            one["message"] = words_for(coffer::failure(e.why), {.environment = e.environment}, {}) +
                             missing_key_words(s, e.environment);
        }
        auto& deks = one["deks"].emplace_array();
        for (const auto& d : e.deks) {
            json::object dek;
            dek["dek"] = d.number;
            dek["kekId"] = d.kek_id;
            dek["seals"] = d.seals;
            deks.push_back(std::move(dek));
        }
        environments.push_back(std::move(one));
    }
    return out;
}

auto run_status(session& s) -> int {
    const auto in = key_place_of(s);
    const auto keks = keks_of(in);
    auto environments = chosen_environments(s);
    if (!s.in.text("env") && environments.size() == 1) // where the list can't be read: by heads
        for (auto& id : stored_environments(s.config()))
            environments.push_back(std::move(id));
    const auto all = use_of(in, environments);
    verdict all_in_all;
    for (const auto& e : all)
        if (e.why != errc{}) all_in_all.add(e.why);
    const int code = all_in_all.exit_code();
    if (s.json()) {
        put_json(json_of(s, keks, all));
        return code;
    }
    table rows;
    std::set<std::string> known;
    for (const auto& k : keks) {
        known.insert(k.id);
        const auto wraps = needed_by(k.id, all);
        rows.row({printable(k.id), state_text(k) + (k.variable.empty() ? "" : ", " + k.variable),
                  count(wraps.size(), "environment"), printable(join(wraps, ", "))});
    }
    put(rows.text());
    put_line("");
    table deks;
    for (const auto& e : all) {
        if (e.why != errc{})
            deks.row({printable(e.environment),
                      std::string(to_string(e.why)) + missing_key_words(s, e.environment)});
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

// disable -----------------------------------------------------------------------------------------

auto run_disable(session& s) -> int {
    const auto& id = s.in.arguments.front();
    const auto in = key_place_of(s);
    const auto needs = why_needed(in, id, s.in.has("even-if-shared"));
    if (!needs.empty() && !s.in.has("force"))
        throw problem(errc::conflict, not_disabled(id, needs) +
                                          " With --force it is, and what is under it can't be "
                                          "opened.");
    if (!s.confirm("Disables " + printable(id) + (needs.empty() ? "" : ", though " + needs) +
                   ". Nothing under it can be opened any more, in other stores of this keyring "
                   "either."))
        return 0;
    disable_kek(in, id);
    tell_done([&] {
        if (s.json())
            put_json(json::object{{"kekId", id}, {"state", "disabled"}});
        else
            put_line(printable(id) + " is disabled");
    });
    return 0;
}

} // namespace

auto key_verbs() -> std::vector<verb> {
    std::vector<verb> out{
        {.name = "keys",
         .summary = "the verbs of keys, which are easily mixed up",
         .details = mixed_up,
         .run = run_keys},
        {.name = "keys status",
         .summary = "which KEK wraps what, and the DEKs of each environment",
         .details = "All environments and Coffer's own, coffer.system, or the one of --env.",
         .run = run_status,
         .scopes = scope_options::environment,
         .local = true},
    };
    for (auto& rotation : key_rotation_verbs())
        out.push_back(std::move(rotation));
    out.push_back(
        {.name = "keys disable",
         .arguments = "ID",
         .least = 1,
         .most = 1,
         .summary = "a KEK opens nothing any more",
         .details =
             "Refused while an environment of the store needs it, or where the keyring was seen "
             "to open stores\nof other realms. Undone by hand, in the keyring.",
         .options = {shared_option(),
                     {"--force",
                      takes::nothing,
                      {},
                      "even if what is under it can't be opened "
                      "then"}},
         .run = run_disable,
         .local = true});
    out.push_back(shred_verb());
    out.push_back(copy_keys_verb());
    return out;
}

} // namespace command
