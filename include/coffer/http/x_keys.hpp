// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_KEYS_HPP
#define COFFER_HTTP_X_KEYS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/json_answer.hpp>
#include <coffer/http/x_scopes.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// /v1/x/keys: which key seals what, the DEKs under the KEK that is active now, and new DEKs. New
/// KEKs and their states are the key side's: the command changes them, where the keyring lies.
namespace coffer::inline COFFER_ABI::http::x {

/// Which KEK wraps the DEKs of which environment. With `environmentId` of that one alone.
inline auto list_keys(call& c) -> response {
    const auto asked = c.parameter("environmentId");
    c.allow(asked.empty() ? scope() : queried_environment(c));
    struct use {
        std::string environment{};
        std::uint64_t dek = 0;
        std::uint64_t seals = 0;
    };
    std::map<std::string, std::vector<use>> keks;
    for (const auto& id : need(c.vault().environments())) {
        if (!asked.empty() && asked != id) continue;
        const auto status = c.vault().status(id);
        if (!status) continue; // told among the environments
        for (const auto& dek : status->deks)
            keks[dek.kek_id].push_back({id, dek.number, dek.seals});
    }
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    for (const auto& [kek, uses] : keks) {
        w.begin_object().member("kekId", kek);
        if (c.parts.key_state) w.member_if("state", c.parts.key_state(kek));
        w.key("environments").begin_list();
        for (const auto& u : uses)
            w.begin_object()
                .member("id", u.environment)
                .member("dek", u.dek)
                .member("seals", u.seals)
                .end_object();
        w.end_list().end_object();
    }
    w.end_list().end_object();
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
