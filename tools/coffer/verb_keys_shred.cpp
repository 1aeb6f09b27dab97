// SPDX-License-Identifier: BSL-1.0
#include "key_changes.hpp"
#include "opening.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "scope_metadata.hpp"
#include "session.hpp"
#include "shared_keys.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/head.hpp>
#include <coffer/format/subkeys.hpp>
#include <coffer/http/tokens.hpp>
#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <chrono>

namespace command {

namespace json = boost::json;
namespace keyring = coffer::keyring;
using coffer::errc;
using keyring::kek_info;
using keyring::kek_state;

namespace {

/// The KEKs that may speak for an environment.
struct speakers {
    std::vector<kek_info> own{};    ///< For it alone.
    std::vector<kek_info> shared{}; ///< For others too; those that are not destroyed.

    speakers(const std::vector<kek_info>& all, const std::string& environment) {
        const auto names = [](const kek_info& k, std::string_view what) {
            return std::ranges::find(k.environments, what) != k.environments.end();
        };
        const bool named =
            std::ranges::any_of(all, [&](const auto& k) { return names(k, environment); });
        for (const auto& k : all) {
            if (!names(k, environment) && (named || !names(k, keyring::kek_set::any))) continue;
            const bool alone = !k.is_default &&
                               std::ranges::all_of(k.environments,
                                                   [&](const auto& e) { return e == environment; });
            if (alone)
                own.push_back(k);
            else if (k.state != kek_state::destroyed)
                shared.push_back(k);
        }
    }
    auto to_destroy() const -> std::vector<std::string> {
        std::vector<std::string> out;
        for (const auto& k : own)
            if (k.state != kek_state::destroyed) out.push_back(k.id);
        return out;
    }
    auto is_own(const std::string& kek_id) const -> bool {
        return std::ranges::find(own, kek_id, &kek_info::id) != own.end();
    }
};

auto ids_of(const std::vector<kek_info>& keks) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& k : keks)
        out.push_back(k.id);
    return out;
}
auto made_text(const kek_info& k) -> std::string {
    return iso_time(static_cast<std::uint64_t>(k.created.count()));
}

/// The environment of --env, by its id alone: a name might be another's by the time that an
/// interrupted run is repeated. One that is on no list any more is it too while it has keys.
auto shredded_id(session& s, const std::vector<kek_info>& keks) -> std::string {
    const auto meant = s.in.text("env");
    if (!meant) refuse("say with --env which environment: no setting chooses one to be shredded");
    if (*meant == coffer::system_environment) refuse("Coffer's own environment can't be shredded");
    const auto listed = need(s.vault()->environments());
    if (std::ranges::find(listed, *meant) != listed.end() || !speakers(keks, *meant).own.empty())
        return *meant;
    const auto id = s.environment_id(*meant);
    refuse("an environment is shredded by its id, which no other has: --env " + printable(id));
}

/// Whether the store has the closed head that a removed environment leaves.
auto is_closed(session& s, const std::string& id) -> bool {
    const auto realm = s.config().text("realm");
    const std::vector<std::string> wanted{"head"};
    auto store = open_store(s.config());
    const auto read = store.load(
        coffer::format::partition_name(coffer::cryptopp::aes_256_gcm(), realm, id), wanted);
    if (!read || !read->objects.front()) return false;
    const auto head = coffer::format::decode_head(*read->objects.front());
    return head && head->closed() && head->realm == realm && head->environment == id;
}

/// What the environment is now, as far as it matters here.
struct condition {
    bool closed = false; ///< It was removed; its head is closed.
    errc why{};          ///< It can't be read, and so not closed.
    std::string name{};  ///< What has to be typed.
    std::string holds{};
};

auto look(session& s, const std::string& id, const speakers& keys) -> condition {
    condition out;
    out.name = id;
    const auto status = s.vault()->status(id);
    if (!status) {
        switch (status.error().code) {
        case errc::unknown_scope:
            out.closed = is_closed(s, id);
            if (!out.closed) out.why = errc::unknown_scope; // it is in another store, or in none
            return out;
        case errc::key_disabled:
        case errc::unknown_key:
        case errc::tampered:
        case errc::rolled_back: out.why = status.error().code; return out;
        default: need(coffer::result<void>(status.error()), {.environment = id});
        }
    }
    for (const auto& dek : status->deks)
        if (!keys.is_own(dek.kek_id))
            throw problem(errc::conflict,
                          printable(id) + " is under " + printable(dek.kek_id) +
                              ", which is not its own: destroying that would take others with it. "
                              "First give it one and go over to it: coffer keys rotate-kek, rewrap "
                              "and rotate-dek, each with --env " +
                              printable(id));
    const auto text = s.vault()->describe({.environment = id});
    if (text) out.name = scope_metadata::read(*text).name;
    if (out.name.empty()) out.name = id;
    if (text && scope_metadata::read(*text).is_prod) out.holds = " (PROD)";
    out.holds += " with " + std::to_string(status->entries) + " names and spaces";
    return out;
}

/// What is known of the time before the environment was under these KEKs alone.
auto receipt_json(const std::string& id, const speakers& keys, const condition& was,
                  const std::vector<std::string>& destroyed, const std::string& time)
    -> json::object {
    json::object out;
    out["environment"] = id;
    out["shreddedAt"] = time;
    out["closed"] = was.why == errc{};
    if (was.why != errc{}) out["error"] = std::string(to_string(was.why));
    auto& list = out["destroyed"].emplace_array();
    for (const auto& k : keys.own) {
        json::object one;
        one["kekId"] = k.id;
        one["createdAt"] = made_text(k);
        one["now"] = std::ranges::find(destroyed, k.id) != destroyed.end();
        list.push_back(std::move(one));
    }
    auto& shared = out["shared"].emplace_array();
    for (const auto& k : keys.shared)
        shared.emplace_back(k.id);
    out["aloneSince"] =
        keys.shared.empty() ? json::value(nullptr) : json::value(made_text(keys.own.front()));
    return out;
}

void put_receipt(const std::string& id, const speakers& keys, const condition& was,
                 const std::string& time) {
    put_line(printable(id) + " was shredded, " + time);
    table rows;
    for (const auto& k : keys.own)
        rows.row({"  destroyed", printable(k.id), "made " + made_text(k)});
    rows.row({"  head",
              was.why == errc{} ? "closed" : "not closed: " + std::string(to_string(was.why))});
    rows.row({"  under these alone",
              keys.shared.empty() ? "since it was made, as far as this keyring tells"
                                  : "since " + made_text(keys.own.front()) + " at the earliest"});
    put(rows.text());
    if (!keys.shared.empty())
        put_line("  Before, and until a rotate-dek that came after, it was under " +
                 printable(join(ids_of(keys.shared), ", ")) +
                 " as well:\n  what copies of the store from then hold can be opened with that.");
    put_line("  A copy of the keyring from before opens copies of the store: destroy those too.");
}

auto run_shred(session& s) -> int {
    const auto keks = keks_of(s);
    const auto id = shredded_id(s, keks);
    const speakers keys(keks, id);
    if (keys.own.empty())
        throw problem(errc::conflict,
                      printable(id) + " has no KEK of its own, only " +
                          printable(join(ids_of(keys.shared), ", ")) +
                          ", which others need. First give it one and go over to it: coffer keys "
                          "rotate-kek, rewrap and rotate-dek, each with --env " +
                          printable(id));
    refuse_shared(s, other_realms_of_keys(s.config(), id), id + " was not shredded");
    const auto was = look(s, id, keys);
    const auto destroyed = keys.to_destroy();
    if (!destroyed.empty() &&
        !s.confirm_typed(
            "Shreds environment " + printable(id) + was.holds + ": destroys " +
                printable(join(destroyed, ", ")) + " for good" +
                (was.why == errc{}
                     ? ""
                     : ", though it can't be read (" + std::string(to_string(was.why)) +
                           ") and so not be closed first") +
                ". Nothing under them opens again, in any store of this keyring; no backup brings "
                "it back.",
            was.name))
        return 0;
    // Closed first: who still holds a DEK of it writes nothing more.
    if (!was.closed && was.why == errc{}) {
        const coffer::context there{.environment = id};
        need(coffer::http::token_registry(s.vault()).end_in(coffer::scope(there), "local",
                                                            [](const auto&) {}));
        need(s.vault()->remove_environment(id), there);
    }
    if (const auto done = s.keys().changes->destroy(destroyed); !done)
        throw need_change(done.error());
    const auto time = iso_time(now_ms());
    if (s.json())
        put_json(receipt_json(id, keys, was, destroyed, time));
    else if (destroyed.empty())
        put_line(printable(id) + " was shredded before");
    else
        put_receipt(id, keys, was, time);
    return 0;
}

} // namespace

auto shred_verb() -> verb {
    return {.name = "keys shred",
            .summary = "destroy the KEKs of --env alone, and with them all that is in it",
            .details = "Removes the environment, then destroys every KEK that speaks for it alone, "
                       "and prints a receipt.\n"
                       "Asks for its name. --env must be said. Refused while it is under a KEK "
                       "that others need too, or\n"
                       "where an environment of that id was seen in a store of another realm that "
                       "the keyring opens.\n"
                       "Interrupted, it goes on when called again. No backup of the store brings "
                       "it back; copies of the\n"
                       "keyring would.",
            .options = {shared_option()},
            .run = run_shred,
            .local = true};
}

} // namespace command
