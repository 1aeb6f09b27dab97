// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_PROBES_HPP
#define COFFER_HTTP_PROBES_HPP

#include <coffer/http/audit_hook.hpp>
#include <coffer/http/call.hpp>
#include <coffer/http/unserved_environments.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// /livez, /readyz and /metrics: for those who run the service. They ask for no token, so they tell
/// no id and no name.
namespace coffer::inline COFFER_ABI::http {

inline auto status_answer(unsigned status, std::string_view word, std::string_view why = {},
                          std::uint64_t degraded = 0) -> response {
    response out;
    out.status = status;
    json_writer w(out.body);
    w.begin_object().member("status", word).member_if("why", why);
    w.member_if("degraded", degraded).end_object();
    return out;
}

/// Whether requests can be served.
struct readiness {
    /// `ready`, `stale` (the store is away, what is held is served), `not_ready`.
    std::string_view word{};
    bool audit = false; ///< Not ready since the audit log can't be written.
    failure why{};      ///< Else why it is not ready; meaningless where it is.
    /// Environments that can't be served where others can: no reason to send requests elsewhere,
    /// where they can't be served either, nor to keep from the page who is to mend them.
    std::size_t degraded = 0;
};
/// Looks at the store, and at the audit log if there is one (else null). May wait; thread-safe.
inline auto look_at_readiness(vault_operations& vault, audit_hook* audit,
                              const unserved_environments& unserved) -> readiness {
    if (audit != nullptr && !audit->writable()) return {"not_ready", true, errc::unavailable};
    const auto seen = vault.resolver().at({.environment = system_environment});
    if (seen) return {seen->stale() ? "stale" : "ready", false, {}, unserved.count()};
    if (seen.error().code == errc::unknown_scope) return {"ready"}; // it is empty
    return {"not_ready", false, seen.error()};
}

/// 200 `ready` or `stale`, or 503. `why` with 200: the audit log will need somebody soon; `degraded`:
/// how many environments need somebody now.
inline auto ready_answer(call& c, audit_hook* audit) -> response {
    const auto now = look_at_readiness(c.vault(), audit, *c.parts.unserved);
    if (now.word == "not_ready")
        return status_answer(503, now.word, now.audit ? "audit" : to_string(now.why.code));
    return status_answer(200, now.word, audit == nullptr ? std::string() : audit->warning(),
                         now.degraded);
}

inline auto probe_routes(std::function<std::string()> metrics, std::shared_ptr<audit_hook> audit)
    -> std::vector<route> {
    const auto alive = [](call&) { return status_answer(200, "alive"); };
    std::vector<route> out;
    out.push_back(
        {"GET", "/livez", "", std::nullopt, scope_from::nowhere, admits::anyone, alive, alive});
    out.push_back({"GET", "/readyz", "", std::nullopt, scope_from::nowhere, admits::anyone,
                   [audit](call& c) { return ready_answer(c, audit.get()); }});
    if (metrics)
        out.push_back({"GET", "/metrics", "", std::nullopt, scope_from::nowhere, admits::anyone,
                       [metrics](call&) {
                           response text;
                           text.content_type = "text/plain; version=0.0.4";
                           text.body = wiped_text(metrics());
                           return text;
                       }});
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
