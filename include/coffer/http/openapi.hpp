// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_OPENAPI_HPP
#define COFFER_HTTP_OPENAPI_HPP

#include <coffer/http/access.hpp>
#include <coffer/http/json.hpp>
#include <coffer/http/openapi_schemas.hpp>
#include <coffer/http/route.hpp>
#include <coffer/version.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What a route's row does not say of itself.
struct operation_doc {
    std::string_view method;
    std::string_view pattern;
    std::string_view summary;
    std::string_view query; ///< Parameters, parted by blanks; needed ones begin with `!`.
    std::string_view body;  ///< A schema's name; empty: none.
    std::string_view answer;
    std::string_view answer_type = "application/json";
};

inline constexpr std::string_view scope_query = "environmentId spaceId actorId";
inline constexpr std::string_view name_query = "!name environmentId spaceId actorId ifVersion";
inline constexpr std::string_view environment_query = "!environmentId";

/// Every route that there is, in the order of the documents. Those of a build that serves fewer are
/// left out of its document.
inline constexpr operation_doc operation_docs[] = {
    {"GET", "/v1/secrets", "What an environment and a space resolve to, with values", scope_query,
     "", "Secrets"},
    {"POST", "/v1/secrets", "Set a secret: its id stays if its slot is taken", "", "SecretWrite",
     "Secrets"},
    {"DELETE", "/v1/secrets/{secretId}", "Remove one secret", "", "", "Secrets"},
    {"GET", "/v1/environments", "The environments", "pageSize pageNumber", "", "Environments"},
    {"POST", "/v1/environments", "Make an environment", "", "EnvironmentMake", "OneEnvironment"},
    {"GET", "/v1/environments/{environmentId}", "One environment", "", "", "OneEnvironment"},
    {"PATCH", "/v1/environments/{environmentId}",
     "Change what is given; the answer is the bare environment", "", "EnvironmentWrite",
     "Environment"},
    {"DELETE", "/v1/environments/{environmentId}", "Remove it, its spaces and all secrets", "", "",
     "Success"},
    {"GET", "/v1/spaces", "The spaces", "environmentId pageSize pageNumber", "", "Spaces"},
    {"POST", "/v1/spaces", "Make a space", "", "SpaceWrite", "OneSpace"},
    {"DELETE", "/v1/spaces", "Remove several spaces", "!spaceIds environmentId", "", "Success"},
    {"GET", "/v1/spaces/{spaceId}", "One space", "environmentId", "", "OneSpace"},
    {"PATCH", "/v1/spaces/{spaceId}", "Change what is given", "environmentId", "SpaceWrite",
     "OneSpace"},
    {"DELETE", "/v1/spaces/{spaceId}", "Remove it and its secrets", "environmentId", "", "Success"},
    {"GET", "/v1/x/environments", "The environments that a caller may know of", "", "",
     "XEnvironments"},
    {"GET", "/v1/x/environments/watch",
     "Answers when that list has another revision, after 25 seconds at the latest", "revision", "",
     "XRevision"},
    {"POST", "/v1/x/environments", "Make an environment", "", "XEnvironmentWrite",
     "XOneEnvironment"},
    {"PATCH", "/v1/x/environments", "Change name, flag, or what may be revealed", environment_query,
     "XEnvironmentWrite", "XOneEnvironment"},
    {"DELETE", "/v1/x/environments", "Remove it, its spaces and all secrets", environment_query, "",
     "Success"},
    {"GET", "/v1/x/spaces", "The spaces of an environment, with what they have",
     "!environmentId spaceId search pageSize pageNumber", "", "XSpaces"},
    {"POST", "/v1/x/spaces", "Make a space", environment_query, "XSpaceWrite", "XOneSpace"},
    {"PATCH", "/v1/x/spaces", "Rename a space", "!spaceId environmentId", "XSpaceWrite",
     "XOneSpace"},
    {"DELETE", "/v1/x/spaces", "Remove it and its secrets", "!spaceId environmentId", "",
     "Success"},
    {"GET", "/v1/x/secrets", "How every name of a scope stands; no values", scope_query, "",
     "XRows"},
    {"GET", "/v1/x/secret", "Why a name resolves as it does, and its versions",
     "!name environmentId spaceId actorId", "", "XSecret"},
    {"PUT", "/v1/x/secret", "Set a value of up to 64 KiB, text or bytes", name_query, "XValueWrite",
     "XWritten"},
    {"DELETE", "/v1/x/secret", "Remove the scope's own: it inherits again", name_query, "",
     "XWritten"},
    {"POST", "/v1/x/secret/hide", "Find nothing by this name here, whatever is inherited",
     name_query, "", "XWritten"},
    {"POST", "/v1/x/secret/unhide", "Undo hide", name_query, "", "XWritten"},
    {"POST", "/v1/x/secret/undelete", "Undo a removal", name_query, "", "XWritten"},
    {"POST", "/v1/x/secret/rollback", "An older version's value as a new version", name_query,
     "XRollback", "XWritten"},
    {"POST", "/v1/x/secret/value", "The resolved value of a name, or one version",
     "!name environmentId spaceId actorId", "XVersion", "XValue"},
    {"POST", "/v1/x/secret/reveal", "One stored value, for a person to see",
     "!name environmentId spaceId actorId", "XReveal", "XValue"},
    {"POST", "/v1/x/batch", "Change several names, all or nothing", scope_query, "XBatch",
     "XChanges"},
    {"POST", "/v1/x/values", "A scope as a whole, for clients that resolve by themselves",
     scope_query, "XValuesQuery", "XValues"},
    {"GET", "/v1/x/matrix", "Where spaces differ from their environment", "!environmentId all", "",
     "XMatrix"},
    {"GET", "/v1/x/requirements", "Which names programs need", environment_query, "",
     "XRequirementsAnswer"},
    {"PUT", "/v1/x/requirements", "Say which names programs need", environment_query,
     "XRequirements", "XRequirementsAnswer"},
    {"GET", "/v1/x/watch", "Answers when something has changed, after 25 seconds at the latest",
     "environmentId spaceId actorId after spaces", "", "XWatch"},
    {"GET", "/v1/x/keys", "Which key seals what", "environmentId", "", "XKeys"},
    {"POST", "/v1/x/keys/rewrap",
     "Wrap the DEKs under the active KEK; of all without an environment", "environmentId", "",
     "XRewrapped"},
    {"POST", "/v1/x/keys/rotate-dek",
     "Seal all under a new DEK, or go on with that; again while more", environment_query, "",
     "XRotated"},
    {"POST", "/v1/x/keys/rotate-kek",
     "KEKs in the place of all active ones; of an environment, one for it alone. Then rewrap",
     "environmentId", "", "XReplacedKeks"},
    {"POST", "/v1/x/keys/disable", "A KEK opens nothing any more; 409 while it is needed", "",
     "XKek", "Success"},
    {"POST", "/v1/x/keys/shred",
     "Remove an environment and destroy the KEKs that speak for it alone; again if interrupted",
     environment_query, "XShred", "XReceipt"},
    {"GET", "/v1/x/whoami", "Who a token is, and what it may do", "", "", "XWhoAmI"},
    {"POST", "/v1/x/session", "A session for a page, from a token", "", "", "XOneSession"},
    {"DELETE", "/v1/x/session", "End the session", "", "", "Success"},
    {"GET", "/v1/x/session/code", "Whether a one-time code is waiting", "", "", "XFirstOpen"},
    {"POST", "/v1/x/session/code", "The first token, for the one-time code", "", "XFirstCode",
     "XFirst"},
    {"POST", "/v1/x/session/confirm", "Enter the parent token again", "", "XConfirm", "XConfirmed"},
    {"GET", "/v1/x/admins", "The names of who administers a scope", scope_query, "", "XNames"},
    {"GET", "/v1/x/tokens/watch",
     "Answers when that list has another revision, after 25 seconds at the latest",
     "environmentId spaceId revision", "", "XRevision"},
    {"GET", "/v1/x/tokens", "The tokens that a caller may revoke", "environmentId spaceId", "",
     "XTokens"},
    {"POST", "/v1/x/tokens", "Mint a token; it is shown this once", "", "XTokenWrite", "XMinted"},
    {"DELETE", "/v1/x/tokens", "Revoke a token", "!id", "", "Success"},
    {"GET", "/v1/x/audit", "The audit log",
     "environmentId spaceId after limit who kind what name result since until", "", "XAudit"},
    {"GET", "/v1/x/audit/verify", "Whether the audit log is whole", "environmentId spaceId from",
     "", "XAuditVerdict"},
    {"POST", "/v1/events", "Hand on an event of up to 64 KiB to listeners", "", "EventWrite",
     "OneEvent"},
    {"GET", "/v1/x/events", "Events as they come (server-sent events)",
     "environmentId spaceId after", "", "EventStream", "text/event-stream"},
    {"GET", "/v1/x/openapi.json", "This document", "", "", "Any"},
    {"GET", "/livez", "Whether the process answers", "", "", "Status"},
    {"GET", "/readyz",
     "Whether requests can be served: ready or stale, with what is degraded, or 503", "", "",
     "Status"},
    {"GET", "/metrics", "Prometheus metrics", "", "", "Any", "text/plain"},
};

/// What is told of a route; null if nothing is.
inline auto doc_of(const route& r) noexcept -> const operation_doc* {
    for (const auto& doc : operation_docs)
        if (doc.method == r.method && doc.pattern == r.pattern) return &doc;
    return nullptr;
}

/// Writes the OpenAPI 3.1 document of a table of routes.
class openapi_writer {
public:
    static auto document(const std::vector<route>& rows) -> std::string {
        wiped_text text;
        json_writer w(text);
        w.begin_object().member("openapi", "3.1.0").key("info").begin_object();
        w.member("title", "Coffer").member("version", version_text());
        w.member("description",
                 "Secrets for environments and spaces. Under /v1 the wire contract of the "
                 "JavaScript packages, under /v1/x Coffer's own.");
        w.end_object().key("paths").begin_object();
        std::map<std::string_view, std::vector<const route*>> paths;
        for (const auto& r : rows)
            paths[r.pattern].push_back(&r);
        for (const auto& [pattern, methods] : paths) {
            w.key(pattern).begin_object();
            for (const auto* r : methods)
                if (const auto* doc = doc_of(*r)) write_operation(w, *r, *doc);
            w.end_object();
        }
        w.end_object().key("components").begin_object().key("schemas").begin_object();
        for (const auto& schema : schema_docs)
            w.key(schema.name).raw(schema.json);
        w.end_object().key("securitySchemes").raw(R"({"token":{"type":"http","scheme":"bearer"}})");
        w.end_object().end_object();
        return std::string(text);
    }

private:
    static auto version_text() -> std::string {
        return std::to_string(COFFER_VERSION_MAJOR) + "." + std::to_string(COFFER_VERSION_MINOR) +
               "." + std::to_string(COFFER_VERSION_PATCH);
    }
    static auto lower(std::string_view method) -> std::string {
        std::string out;
        for (const char c : method)
            out += static_cast<char>(c + 32);
        return out;
    }
    static void write_parameter(json_writer& w, std::string_view name, std::string_view in,
                                bool required) {
        w.begin_object().member("name", name).member("in", in).member("required", required);
        const bool number = name == "pageSize" || name == "pageNumber" || name == "after" ||
                            name == "limit" || name == "ifVersion" || name == "Last-Event-ID";
        w.key("schema").raw(name == "spaceIds" ? R"({"type":"array","items":{"type":"string"}})"
                            : name == "kind"   ? R"({"type":"string","enum":["changes"]})"
                            : number           ? R"({"type":"integer"})"
                                               : R"({"type":"string"})");
        w.end_object();
    }
    static void write_parameters(json_writer& w, const operation_doc& doc) {
        w.key("parameters").begin_list();
        if (const auto brace = doc.pattern.find('{'); brace != doc.pattern.npos)
            write_parameter(w, doc.pattern.substr(brace + 1, doc.pattern.size() - brace - 2),
                            "path", true);
        for (auto rest = doc.query; !rest.empty();) {
            auto name = rest.substr(0, rest.find(' '));
            rest.remove_prefix(std::min(name.size() + 1, rest.size()));
            const bool required = name.starts_with('!');
            if (required) name.remove_prefix(1);
            write_parameter(w, name, "query", required);
        }
        if (doc.answer_type == "text/event-stream")
            write_parameter(w, "Last-Event-ID", "header", false);
        w.end_list();
    }
    static void write_reference(json_writer& w, std::string_view schema) {
        w.begin_object().member("$ref", std::string("#/components/schemas/").append(schema));
        w.end_object();
    }
    /// `aged`: with how old it is while the store is away (api::mark_age).
    static void write_content(json_writer& w, std::string_view schema, std::string_view type,
                              bool aged = false) {
        w.key("content").begin_object().key(type).begin_object().key("schema");
        if (aged) w.begin_object().key("allOf").begin_list();
        write_reference(w, schema);
        if (aged) {
            write_reference(w, "Age");
            w.end_list().end_object();
        }
        w.end_object().end_object();
    }
    static void write_answer(json_writer& w, std::string_view status, std::string_view what,
                             std::string_view schema, std::string_view type, bool aged = false) {
        w.key(status).begin_object().member("description", what);
        if (aged)
            w.key("headers").raw(
                R"({"x-coffer-stale":{"description":"1 while the store is away.",)"
                R"("schema":{"type":"string"}},"x-coffer-age-ms":{"schema":{"type":"integer"}}})");
        write_content(w, schema, type, aged);
        w.end_object();
    }
    /// Whether a body that is not said to be JSON is refused (api::require_own_origin).
    static auto marks_bodies(const route& r) -> bool {
        return r.method != "GET" && r.pattern.starts_with("/v1/x/");
    }
    static void write_operation(json_writer& w, const route& r, const operation_doc& doc) {
        w.key(lower(r.method)).begin_object().member("summary", doc.summary);
        if (r.needs) w.member("x-right", to_string(*r.needs));
        if (r.who == admits::token) w.key("security").raw(R"([{"token":[]}])");
        write_parameters(w, doc);
        if (!doc.body.empty()) {
            w.key("requestBody").begin_object().member("required", true);
            write_content(w, doc.body, "application/json");
            w.end_object();
        }
        w.key("responses").begin_object();
        write_answer(w, "200", "Done.", doc.answer, doc.answer_type,
                     doc.answer_type == "application/json" && r.where != scope_from::nowhere);
        if (marks_bodies(r))
            write_answer(w, "415", "The body is not marked as application/json.", "Errors",
                         "application/json");
        if (doc.answer == "Status") write_answer(w, "503", "Not now.", doc.answer, doc.answer_type);
        write_answer(w, "default", "Why not.", "Errors", "application/json");
        w.end_object().end_object();
    }
};

} // namespace coffer::inline COFFER_ABI::http

#endif
