// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_KEYS_HPP
#define COFFER_HTTP_X_KEYS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/json_answer.hpp>
#include <coffer/http/times.hpp>
#include <coffer/http/x_names.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// /v1/x/keys: which key seals what, the DEKs under the KEK that is active now, and new DEKs. New
/// KEKs and their states are the key side's: the command changes them, where the keyring lies, or
/// the routes of x_keks.hpp (docs/design.md, The life of keys).
namespace coffer::inline COFFER_ABI::http::x {

/// A DEK of an environment.
struct dek_use {
    std::string environment{};
    std::uint64_t dek = 0;
    std::uint64_t seals = 0;
};

/// Whether a KEK may speak for an environment, as the key side decides it.
inline auto speaks_for(const kek_facts& one, const std::vector<kek_facts>& all,
                       std::string_view environment) -> bool {
    const auto names = [](const kek_facts& k, std::string_view what) {
        return std::ranges::find(k.environments, what) != k.environments.end();
    };
    if (names(one, environment)) return true;
    return names(one, "*") &&
           std::ranges::none_of(all, [&](const auto& k) { return names(k, environment); });
}

inline void write_kek(json_writer& w, const kek_facts& kek, const std::vector<dek_use>& uses) {
    w.begin_object().member("kekId", kek.id).member_if("state", kek.state);
    if (kek.created != 0) w.member("createdAt", iso_time(kek.created));
    w.key("environments").begin_list();
    for (const auto& u : uses)
        w.begin_object()
            .member("id", u.environment)
            .member("dek", u.dek)
            .member("seals", u.seals)
            .end_object();
    w.end_list().end_object();
}

/// Which KEK wraps the DEKs of which environment, Coffer's own among them, and which wrap none;
/// `unread`: the environments that can't be read, and why. With `environmentId` of that one alone,
/// also if its key is disabled: where that is cured is seen here. `managed`: KEKs can be changed
/// through this service.
inline auto list_keys(call& c) -> response {
    const auto asked = c.parameter("environmentId");
    if (!asked.empty()) {
        if (check_context({.environment = asked})) c.record.where.environment = asked;
        if (!knows_environment(c.who, asked)) throw no_such_thing(); // before any look
    }
    auto listed = need(c.vault().environments());
    c.made_from(listed);
    std::vector<std::string> environments = std::move(listed);
    if (!asked.empty() && !std::ranges::binary_search(environments, asked)) throw no_such_thing();
    c.allow(scope({.environment = asked}));
    if (asked.empty())
        environments.insert(environments.begin(), std::string(system_environment));
    else
        environments = {std::string(asked)};
    std::vector<kek_facts> keks;
    if (c.parts.keks)
        if (auto known = c.parts.keks()) keks = *std::move(known); // else: what wraps is told
    std::map<std::string, std::vector<dek_use>> uses;
    std::map<std::string, errc> unread;
    for (const auto& id : environments) {
        const auto status = c.vault().status(id);
        if (!status && status.error().code != errc::unknown_scope)
            unread.emplace(id, status.error().code);
        if (!status) continue;
        for (const auto& dek : status->deks)
            uses[dek.kek_id].push_back({id, dek.number, dek.seals});
    }
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (const auto& kek : keks) {
        const auto used = uses.extract(kek.id);
        if (!used.empty() || asked.empty() || speaks_for(kek, keks, asked))
            write_kek(w, kek, used.empty() ? std::vector<dek_use>() : used.mapped());
    }
    for (const auto& [id, of] : uses)
        write_kek(w, {.id = id}, of);
    w.end_list().key("unread").begin_list();
    for (const auto& [id, why] : unread)
        w.begin_object().member("id", id).member("error", to_string(why)).end_object();
    w.end_list().member_if("kept", c.parts.keys_kept);
    w.member("managed", c.parts.change_keks.has_value()).end_object();
    return out;
}

/// Wraps the DEKs of an environment under its active KEK. Without `environmentId` those of all,
/// Coffer's own among them, which has to be done before an older KEK can be disabled. What failed
/// has an `error` in its row, and the others are done.
inline auto rewrap_keys(call& c) -> response {
    const auto asked = c.parameter("environmentId");
    std::vector<std::string> environments{std::string(system_environment)};
    if (!asked.empty()) environments = {queried_environment(c).environment};
    c.allow(asked.empty() ? scope() : scope({.environment = environments.front()}));
    if (asked.empty())
        for (auto& id : need(c.vault().environments()))
            environments.push_back(std::move(id));
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (const auto& id : environments) {
        const auto done = c.vault().rewrap(id);
        if (!done && !asked.empty()) throw error_of(done.error());
        w.begin_object().member("environmentId", id);
        if (done)
            w.member("kekId", done->kek_id).member("deks", std::uint64_t{done->deks});
        else
            w.member("error", to_string(done.error().code));
        w.end_object();
        c.record.count += done ? done->deks : 0;
    }
    w.end_list().end_object();
    return out;
}

/// Seals all of an environment under a new DEK, or goes on with that. After some seconds it answers
/// `finished: false`: asked again it goes on where it was. (`finished` stays false while records
/// are damaged: `more` says whether asking again does anything.)
inline auto rotate_dek(call& c) -> response {
    const auto where = queried_environment(c);
    c.allow(where);
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    bool stopped = false;
    const auto done = need(c.vault().rotate_dek(where.environment, [&](const rotation_progress&) {
        stopped = c.parts.ending || std::chrono::steady_clock::now() > until;
        return !stopped;
    }));
    c.record.count = done.resealed;
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object();
    w.member("environmentId", where.environment).member("dek", std::uint64_t{done.dek});
    w.member("resumed", done.resumed).member("finished", done.finished);
    w.member("more", stopped && !done.finished);
    w.member("resealed", std::uint64_t{done.resealed});
    w.member("damaged", std::uint64_t{done.damaged});
    w.end_object().end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
