// SPDX-License-Identifier: BSL-1.0
#include "key_steps.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "shared_keys.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace command {

namespace http = coffer::http;
namespace json = boost::json;
using coffer::errc;

namespace {

/// The environment of --env, by its id alone: a name might be another's by the time that an
/// interrupted run is repeated. One that is on no list any more is it too while it has keys.
auto shredded_id(session& s, const key_place& in) -> std::string {
    const auto meant = s.in.text("env");
    if (!meant) refuse("say with --env which environment: no setting chooses one to be shredded");
    if (*meant == coffer::system_environment) refuse("Coffer's own environment can't be shredded");
    if (shredding::is_meant(in, *meant)) return *meant;
    const auto id = s.environment_id(*meant);
    refuse("an environment is shredded by its id, which no other has: --env " + printable(id));
}

auto json_of(const http::shred_receipt& r) -> json::object {
    json::object out;
    out["environment"] = r.environment;
    out["shreddedAt"] = iso_time(r.at);
    out["closed"] = r.unread == errc{};
    if (r.unread != errc{}) out["error"] = std::string(to_string(r.unread));
    auto& list = out["destroyed"].emplace_array();
    for (const auto& k : r.destroyed) {
        json::object one;
        one["kekId"] = k.id;
        one["createdAt"] = iso_time(k.created);
        one["now"] = k.now;
        list.push_back(std::move(one));
    }
    auto& shared = out["shared"].emplace_array();
    for (const auto& id : r.shared)
        shared.emplace_back(id);
    out["aloneSince"] = r.shared.empty() ? json::value(nullptr)
                                         : json::value(iso_time(r.destroyed.front().created));
    return out;
}

auto run_shred(session& s) -> int {
    const auto in = key_place_of(s);
    shredding planned(in, shredded_id(s, in), s.in.has("even-if-shared"));
    if (!planned.is_done() && !s.confirm_typed(planned.effect(), planned.name())) return 0;
    const auto receipt = planned.carry_out("local", [](const auto&) {});
    tell_done([&] {
        if (s.json())
            put_json(json_of(receipt));
        else
            put(receipt.text);
    });
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
            .scopes = scope_options::environment,
            .local = true};
}

} // namespace command
