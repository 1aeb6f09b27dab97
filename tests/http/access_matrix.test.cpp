// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include <coffer/http/x_audit.hpp>
#include <coffer/http/x_events.hpp>
#include <coffer/http/x_tokens.hpp>

#include "support/temporary_folder.hpp"

#include <set>
#include <string>

// Every route × every role × every kind of target: own, somebody else's, missing, a foreign pair.
// What is expected follows from the table's row and decide(), whose own table access.test.cpp
// holds.

using namespace coffer_test;
using coffer::scope;
using http::right;
using http::role;
using http::scope_from;

namespace {

/// An audit log to be read: one for all worlds, since no cell depends on what it holds.
auto some_log() -> std::shared_ptr<http::audit_log> {
    static const auto folder = temporary_folder::in_memory();
    static const auto log =
        http::audit_log::open(service_vault(), folder / "audit", {.segment_size = 1 << 20}).value();
    return log;
}

/// Two environments, each with a space; in all four scopes the names A (two versions), H (hidden)
/// and D (removed). Who set them, and with which note, tells of the scope.
struct matrix_world : api_world {
    std::map<std::string, std::string> secret_ids{}; ///< Of A, by scope.

    static auto author_of(std::string_view scope) {
        return "author of <" + std::string(scope) + ">";
    }
    static auto note_of(std::string_view scope) { return "note of <" + std::string(scope) + ">"; }

    matrix_world() {
        const auto registry = std::make_shared<http::token_registry>(vault);
        const auto sessions = std::make_shared<http::session_registry>(registry);
        http::api_options with;
        with.tokens = tokens;
        with.audit = audit;
        with.reveal = http::reveal_mode::reason;
        for (const auto& rows :
             {http::x::token_routes(sessions, std::make_shared<http::first_code>(registry)),
              http::x::audit_routes(some_log()),
              http::x::event_routes(std::make_shared<http::event_hub>())})
            with.more.insert(with.more.end(), rows.begin(), rows.end());
        service = std::make_unique<http::api>(vault, std::move(with));
        service->parts().change_keks = http::kek_changes{
            [](auto) { return std::vector<http::replaced_kek>(); },
            [](auto) { return std::monostate(); },
            [](auto environment, auto, auto, const auto&) {
                return http::shred_receipt{.environment = std::string(environment)};
            }};
        for (const std::string e : {"E", "F"}) {
            vault->create_environment(e, R"({"name":"n"})").value();
            vault->create_space({.environment = e, .space = "of" + e}, R"({"name":"n"})").value();
            for (const auto& where : {at(e), at(e, "of" + e)}) {
                const auto scope = to_string(where.view());
                const coffer::write_options facts{.note = note_of(scope),
                                                  .author = author_of(scope)};
                const auto set = [&](const char* name, const char* value) {
                    const auto bytes = coffer::as_bytes(std::string_view(value));
                    std::vector<coffer::named_value> one;
                    one.push_back({name, coffer::wiped_bytes(bytes.begin(), bytes.end())});
                    return vault->put_many(where.view(), std::move(one), facts).value().front();
                };
                secret_ids[scope] = http::wire_id(e, set("A", "one").id);
                set("A", "two");
                set("D", "gone");
                vault->erase(where.view(), "D", {.author = author_of(scope)}).value();
                vault->hide(where.view(), "H", {.author = author_of(scope)}).value();
            }
        }
        const auto is = [&](const std::string& name, http::grant g) { know(name, {g}); };
        is("operator", {.as = role::instance_operator});
        is("admin of E", {.as = role::environment_admin, .environment = "E"});
        is("revealing admin of E",
           {.as = role::environment_admin, .environment = "E", .reveal = true});
        is("admin of all", {.as = role::environment_admin});
        is("space admin", {.as = role::space_admin, .environment = "E", .space = "ofE"});
        is("revealing space admin",
           {.as = role::space_admin, .environment = "E", .space = "ofE", .reveal = true});
        is("service of E", {.as = role::service, .environment = "E"});
        is("writing service of E", {.as = role::service, .environment = "E", .write = true});
        is("service of the space", {.as = role::service, .environment = "E", .space = "ofE"});
        is("writing service of the space",
           {.as = role::service, .environment = "E", .space = "ofE", .write = true});
        is("service of all", {.as = role::service});
        is("service of E for names",
           {.as = role::service, .environment = "E", .write = true, .names = {"B_*", "C"}});
        is("service of the space for an actor", {.as = role::service,
                                                 .environment = "E",
                                                 .space = "ofE",
                                                 .write = true,
                                                 .actor = "ann"});
        know("service of E and of another space of F",
             {{.as = role::service, .environment = "E"},
              {.as = role::service, .environment = "F", .space = "elsewhere"}});
        know("service of E and of an actor of F's space",
             {{.as = role::service, .environment = "E"},
              {.as = role::service, .environment = "F", .space = "ofF", .actor = "ann"}});
        is("auditor of E", {.as = role::auditor, .environment = "E"});
        is("auditor", {.as = role::auditor});
        is("stranger", {.as = role::environment_admin, .environment = "G", .reveal = true});
        know("nobody", {});
        know("page", {{.as = role::environment_admin, .environment = "E", .reveal = true}}, true);
        tokens->all.find("page")->second.confirmed_at = coffer::machine_clock().boot();
    }
};

/// What a request names.
struct named {
    std::string environment;
    std::string space;
    bool is_there = true;
    bool is_foreign = false; ///< The space is another environment's.
    std::string actor{};
};
const std::vector<named> targets{{"E", ""},
                                 {"E", "ofE"},
                                 {"E", "", true, false, "ann"},
                                 {"E", "ofE", true, false, "ann"},
                                 {"E", "ofE", true, false, "bob"},
                                 {"F", ""},
                                 {"F", "ofF"},
                                 {"nowhere", "", false},
                                 {"nowhere", "ofE", false},
                                 {"E", "nowhere", false},
                                 {"F", "nowhere", false},
                                 {"E", "ofF", true, true},
                                 {"E", "ofF", true, true, "ann"},
                                 {"F", "ofE", true, true},
                                 {"coffer.system", "", false}};

struct sent {
    std::string target{};
    std::string body{};
    std::optional<scope> effective{}; ///< Nothing: there is no such thing.
};

auto speaks_of_environments_alone(const http::route& r) -> bool {
    const std::string_view p = r.pattern;
    return p == "/v1/x/environments" || p == "/v1/x/matrix" || p == "/v1/x/requirements" ||
           p.starts_with("/v1/x/keys") || (p == "/v1/x/spaces" && r.method == "POST");
}

/// Routes whose answer to an actor's scope, where only what is inherited is there, is 200.
auto works_for_actors(const http::route& r) -> bool {
    const std::string_view p = r.pattern;
    return r.where != scope_from::path && !speaks_of_environments_alone(r) &&
           (r.method == "GET" || r.method == "PUT" || p == "/v1/secrets" || p == "/v1/events" ||
            p == "/v1/x/values" || p == "/v1/x/secret/value");
}
/// Routes that are about one name, or several, that the request says.
auto is_about_names(const http::route& r) -> bool {
    const std::string_view p = r.pattern;
    return p.starts_with("/v1/x/secret") ? p != "/v1/x/secrets"
                                         : p == "/v1/x/batch" || p == "/v1/secrets/{secretId}" ||
                                               (p == "/v1/secrets" && r.method == "POST") ||
                                               (p == "/v1/x/requirements" && r.method == "PUT");
}

auto name_for(const http::route& r) -> std::string {
    if (r.action == "secret.unhide") return "H";
    return r.action == "secret.undelete" ? "D" : "A";
}

auto body_for(const http::route& r, const named& t) -> std::string {
    if (r.method == "GET" || r.method == "DELETE") return {};
    const std::string_view p = r.pattern;
    if (p == "/v1/secrets")
        return object({{"name", "A"},
                       {"value", "v"},
                       {"environmentId", t.environment},
                       {"spaceId", t.space},
                       {"actorId", t.actor}});
    if (p == "/v1/events") {
        const auto context =
            object({{"environmentId", t.environment}, {"spaceId", t.space}, {"actorId", t.actor}});
        return object({{"topic", "a:b"}, {"context", json::parse(context)}});
    }
    if (p == "/v1/spaces") return object({{"environmentId", t.environment}});
    if (p == "/v1/x/keys/disable") return R"({"kekId":"k"})";
    if (p == "/v1/x/secret") return R"({"value":"v"})";
    if (p == "/v1/x/secret/rollback") return R"({"to":1})";
    if (p == "/v1/x/secret/reveal") return R"({"reason":"r"})";
    if (p == "/v1/x/batch") return R"({"set":[{"name":"A","value":"v"}],"remove":["H"]})";
    if (p == "/v1/x/requirements") return R"({"requirements":{"app":[{"name":"A"}]}})";
    if (p == "/v1/environments") return R"({"name":"n","isProd":false})";
    if (p.starts_with("/v1/x/secret/") && p != "/v1/x/secret/value") return {};
    return r.action.ends_with(".make") || r.action.ends_with(".change") ? R"({"name":"n"})" : "{}";
}

auto request_for(const matrix_world& w, const http::route& r, const named& t) -> sent {
    sent out;
    out.target = r.pattern;
    out.body = body_for(r, t);
    const bool there = t.is_there && !t.is_foreign;
    if (there) out.effective = at(t.environment, t.space, t.actor);
    if (const auto brace = out.target.find('{'); brace != out.target.npos) {
        const auto what = out.target.substr(brace);
        out.target.erase(brace);
        if (what == "{secretId}") {
            const auto found = w.secret_ids.find(to_string(at(t.environment, t.space).view()));
            out.target += found == w.secret_ids.end()
                              ? http::wire_id(t.environment, coffer::format::secret_id{})
                              : found->second;
        } else if (what == "{environmentId}") {
            out.target += t.environment;
            out.effective = t.environment == "E" || t.environment == "F"
                                ? std::optional(at(t.environment))
                                : std::nullopt;
        } else {
            out.target += t.space.empty() ? "nowhere" : t.space;
            if (t.space == "ofE") out.effective = at("E", "ofE");
            if (t.space == "ofF") out.effective = at("F", "ofF");
            if (t.space.empty() || t.space == "nowhere") out.effective.reset();
        }
        return out;
    }
    if (r.where == scope_from::body) {
        if (r.pattern == "/v1/spaces" && out.body.find("nowhere") == out.body.npos &&
            out.body.find("coffer.system") == out.body.npos)
            out.effective = at(t.environment);
        return out;
    }
    if (r.pattern == "/v1/spaces" && r.method == "DELETE") {
        out.target += "?spaceIds=" + (t.space.empty() ? std::string("nowhere") : t.space);
        if (t.space.empty()) out.effective.reset();
        if (t.space == "ofE") out.effective = at("E", "ofE");
        if (t.space == "ofF") out.effective = at("F", "ofF");
        return out;
    }
    const bool exists = t.environment == "E" || t.environment == "F";
    if (speaks_of_environments_alone(r)) {
        out.target += w.query(at(t.environment));
        out.effective = exists ? std::optional(at(t.environment)) : std::nullopt;
        return out;
    }
    if (r.pattern == "/v1/x/spaces") { // PATCH, DELETE
        out.target += w.query(at(t.environment, t.space.empty() ? "nowhere" : t.space));
        if (t.space.empty()) out.effective.reset();
        return out;
    }
    out.target += w.query(at(t.environment, t.space, t.actor), name_for(r));
    if (t.is_foreign && r.where == scope_from::wire_query)
        out.effective = at(t.environment, {}, t.actor);
    return out;
}

/// What all cells are compared with.
struct compared {
    std::string unknown_body;
    std::map<std::string, std::size_t> work{}; ///< Looks at the store for what is unknown.
};

/// Whether the answer tells what its reader may not know: of a scope that they have no right in,
/// who set what there, with which note; a name that their grants leave out.
void check_silence(const http::principal& who, const reply& answer) {
    const auto says = [&](const std::string& text) {
        return answer.raw.body.find(std::string_view(text)) != http::wiped_text::npos;
    };
    for (const auto& where : {at("E"), at("E", "ofE"), at("F"), at("F", "ofF")}) {
        if (http::decide(who, right::list, where.view()) == http::decision::allowed) continue;
        const auto scope = to_string(where.view());
        CHECK_FALSE(says(matrix_world::author_of(scope)));
        CHECK_FALSE(says(matrix_world::note_of(scope)));
    }
    const auto grants = who.grants.view();
    const auto& names = grants.empty() ? std::vector<std::string>() : grants.front().names;
    if (!names.empty()) {
        CHECK_FALSE(says(R"("A")"));
        CHECK_FALSE(says(R"("H")"));
    }
}

/// One token's way through one row and one target.
void check_cell(matrix_world& w, const http::route& r, const named& t, const std::string& token,
                compared& with) {
    auto in = request_for(w, r, t);
    const auto& who = w.tokens->all.find(token)->second;
    // A foreign space counts as none only for who may know of it; else it is not there.
    const coffer::scope foreign = at(t.is_foreign ? t.space.substr(2) : "", t.space, t.actor);
    if (t.is_foreign && r.where == scope_from::wire_query &&
        http::decide(who, right::list, foreign.view()) == http::decision::unknown)
        in.effective.reset();
    INFO(token + ": " + std::string(r.method) + " " + in.target + " " + in.body);
    const auto before = w.store.loads();
    const auto answer = w.send(r.method, in.target, in.body, token);
    const auto work = w.store.loads() - before;
    auto expected =
        in.effective ? http::decide(who, *r.needs, in.effective->view()) : http::decision::unknown;
    if (expected == http::decision::allowed && is_about_names(r) &&
        !http::covers_name(who, *r.needs, in.effective->view(), name_for(r)))
        expected = r.where == scope_from::path ? http::decision::unknown // an id tells no name
                                               : http::decision::forbidden;
    if (expected == http::decision::allowed) {
        CHECK(answer.status() == 200);
    } else if (expected == http::decision::forbidden) {
        check_error(answer, 403);
    } else {
        CHECK(answer.status() == 404);
        CHECK(std::string(answer.raw.body) == with.unknown_body);
    }
    check_silence(who, answer);
    // What the caller has nothing to do with takes the same work whether it is there or not: an
    // environment, or a space beside one that they know.
    const bool knows = http::knows_environment(who, t.environment);
    const bool beside = !t.space.empty() && r.where == scope_from::wire_query;
    if (expected == http::decision::unknown && (!knows || beside)) {
        const auto cell = token + r.pattern.data() + (knows ? " in " + t.environment : "") +
                          (t.space.empty() ? " alone" : " with a space");
        const auto first = with.work.emplace(std::string(r.method) + cell, work).first;
        CHECK(work == first->second);
    }
    if (expected != http::decision::allowed) {
        CHECK(answer.raw.body.find("one") == http::wiped_text::npos);
        CHECK(answer.raw.body.find("two") == http::wiped_text::npos);
    }
}

} // namespace

TEST_CASE("Which right each route needs, written down a second time") {
    const std::map<std::string, std::string> expected{
        {"GET /v1/secrets", "read"},
        {"POST /v1/secrets", "write"},
        {"DELETE /v1/secrets/{secretId}", "write"},
        {"GET /v1/environments", "list"},
        {"POST /v1/environments", "keys"},
        {"GET /v1/environments/{environmentId}", "list"},
        {"PATCH /v1/environments/{environmentId}", "keys"},
        {"DELETE /v1/environments/{environmentId}", "keys"},
        {"GET /v1/spaces", "list"},
        {"POST /v1/spaces", "spaces"},
        {"DELETE /v1/spaces", "spaces"},
        {"GET /v1/spaces/{spaceId}", "list"},
        {"PATCH /v1/spaces/{spaceId}", "spaces"},
        {"DELETE /v1/spaces/{spaceId}", "spaces"},
        {"GET /v1/x/environments", "list"},
        {"GET /v1/x/environments/watch", "list"},
        {"POST /v1/x/environments", "keys"},
        {"PATCH /v1/x/environments", "keys"},
        {"DELETE /v1/x/environments", "keys"},
        {"GET /v1/x/spaces", "list"},
        {"POST /v1/x/spaces", "spaces"},
        {"PATCH /v1/x/spaces", "spaces"},
        {"DELETE /v1/x/spaces", "spaces"},
        {"GET /v1/x/secrets", "list"},
        {"GET /v1/x/secret", "list"},
        {"PUT /v1/x/secret", "write"},
        {"DELETE /v1/x/secret", "write"},
        {"POST /v1/x/secret/hide", "write"},
        {"POST /v1/x/secret/unhide", "write"},
        {"POST /v1/x/secret/undelete", "write"},
        {"POST /v1/x/secret/rollback", "write"},
        {"POST /v1/x/secret/value", "read"},
        {"POST /v1/x/secret/reveal", "reveal"},
        {"POST /v1/x/batch", "write"},
        {"POST /v1/x/values", "list"}, // values only with `read`
        {"GET /v1/x/matrix", "list"},
        {"GET /v1/x/requirements", "list"},
        {"PUT /v1/x/requirements", "write"},
        {"GET /v1/x/watch", "list"},
        {"GET /v1/x/keys", "keys"},
        {"POST /v1/x/keys/rewrap", "keys"},
        {"POST /v1/x/keys/rotate-dek", "keys"},
        {"POST /v1/x/keys/rotate-kek", "keys"},
        {"POST /v1/x/keys/disable", "keys"},
        {"POST /v1/x/keys/shred", "keys"},
        {"GET /v1/x/admins", "list"},
        {"GET /v1/x/openapi.json", "none"},
        {"GET /v1/x/whoami", "none"},
        {"POST /v1/x/session", "no token"}, // asks for one by itself
        {"DELETE /v1/x/session", "none"},
        {"GET /v1/x/session/code", "no token"},
        {"POST /v1/x/session/code", "no token"},
        {"POST /v1/x/session/confirm", "none"},
        {"GET /v1/x/tokens", "tokens"},
        {"GET /v1/x/tokens/watch", "tokens"},
        {"POST /v1/x/tokens", "tokens"},
        {"DELETE /v1/x/tokens", "tokens"},
        {"GET /v1/x/audit", "audit"},
        {"GET /v1/x/audit/verify", "audit"},
        {"POST /v1/events", "write"},
        {"GET /v1/x/events", "list"},
        {"GET /livez", "no token"},
        {"GET /readyz", "no token"}};
    const matrix_world w;
    std::map<std::string, std::string> found;
    for (const auto& r : w.service->routes().rows())
        found[std::string(r.method) + " " + std::string(r.pattern)] =
            r.who == http::admits::anyone ? "no token"
            : r.needs                     ? to_string(*r.needs)
                                          : "none";
    CHECK(found == expected);
}

TEST_CASE("Every route, every role, every target: allowed, 403, or as if nothing were there") {
    auto w = std::make_unique<matrix_world>();
    std::vector<std::string> tokens;
    for (const auto& [token, who] : w->tokens->all)
        tokens.push_back(token);
    compared with{std::string(w->get("/v1/secrets?environmentId=nowhere").raw.body)};
    const auto rows = w->service->routes().rows();
    std::size_t cells = 0;
    for (const auto& r : rows) {
        if (!r.needs || r.where == scope_from::rows || r.where == scope_from::instance) continue;
        for (const auto& t : targets)
            for (const auto& token : tokens) {
                if (!t.actor.empty() && !works_for_actors(r)) continue;
                check_cell(*w, r, t, token, with);
                ++cells;
                const bool changes = r.method != "GET" && r.pattern != "/v1/x/values" &&
                                     r.pattern != "/v1/events" && !r.pattern.ends_with("/value");
                if (changes && w->audit->records.back().status == 200)
                    w = std::make_unique<matrix_world>();
            }
    }
    CHECK(cells > 7000);
}

TEST_CASE("What is of the instance is its operators'; that there is an instance is no secret") {
    matrix_world w;
    for (const auto& [token, who] : w.tokens->all)
        for (const auto& r : w.service->routes().rows()) {
            if (r.where != scope_from::instance) continue;
            INFO(token + ": " + std::string(r.method) + " " + std::string(r.pattern));
            const bool may = http::decide(who, *r.needs, {}) == http::decision::allowed;
            std::string target(r.pattern);
            if (target == "/v1/x/keys/shred") target += w.query(at("E"));
            CHECK(w.send(r.method, target, body_for(r, {}), token).status() == (may ? 200 : 403));
        }
}

TEST_CASE("Lists hold the rows that their reader may see, and no others") {
    matrix_world w;
    const auto ids = [&](const std::string& target, const std::string& token) {
        std::set<std::string> out;
        const auto r = w.get(target, token);
        REQUIRE(r.status() == 200);
        for (std::size_t i = 0; i < r.data().as_array().size(); ++i)
            out.insert(r.text("id", i));
        return out;
    };
    for (const auto& [token, who] : w.tokens->all) {
        INFO(token);
        std::set<std::string> environments;
        std::set<std::string> known;
        std::set<std::string> spaces;
        for (const std::string e : {"E", "F"}) {
            if (http::decide(who, right::list, {.environment = e}) == http::decision::allowed)
                environments.insert(e);
            if (http::knows_environment(who, e)) known.insert(e);
            const auto s = "of" + e;
            if (http::decide(who, right::list, {.environment = e, .space = s}) ==
                http::decision::allowed)
                spaces.insert(s);
        }
        CHECK(ids("/v1/environments", token) == environments);
        CHECK(ids("/v1/x/environments", token) == known);
        CHECK(ids("/v1/spaces", token) == spaces);
        for (const std::string e : {"E", "F"}) {
            const auto r = w.get("/v1/x/spaces?environmentId=" + e, token);
            CHECK(r.status() == (known.count(e) == 1 ? 200U : 404U));
        }
    }
}
