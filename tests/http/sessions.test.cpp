// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/x_tokens.hpp>

#include "api_world.hpp"
#include "support/catch.hpp"

#include <coffer/testing/manual_clock.hpp>

#include <string>

using namespace coffer;
using namespace coffer::http;
using namespace coffer_test;
using namespace std::chrono_literals;

namespace {

constexpr auto session_path = "/v1/x/session";

/// A service with real tokens and sessions, whose time stands still.
struct desk_world {
    testing::manual_clock time{};
    cut_off_store store{};
    keyring::memory_keyring keys{};
    any_vault vault = service_vault(store, keys, with_time());
    std::shared_ptr<token_registry> tokens = std::make_shared<token_registry>(vault, time);
    std::shared_ptr<session_registry> sessions =
        std::make_shared<session_registry>(tokens, session_limits{.most = 4, .most_of_a_token = 2});
    std::shared_ptr<first_code> first = std::make_shared<first_code>(tokens);
    std::shared_ptr<coffer_test::kept_audit> audit = std::make_shared<coffer_test::kept_audit>();
    std::unique_ptr<http::api> service;
    std::string peer = "192.0.2.1";
    std::string site{};

    desk_world() {
        api_options with;
        with.tokens = sessions;
        with.audit = audit;
        with.time = &time;
        with.more = x::token_routes(sessions, first);
        service = coffer_test::make_service(vault, std::move(with));
        REQUIRE(vault->create_environment("E", "{}"));
    }
    auto with_time() -> options {
        options how;
        how.time = &time;
        return how;
    }
    auto send(std::string_view method, std::string_view target, std::string_view token,
              std::string_view body = {}) -> reply {
        auto in = api_world::request_of(method, target, body, token);
        in.peer = peer;
        if (!site.empty()) in.headers.push_back({"sec-fetch-site", site});
        auto now = service->try_now(in);
        return api_world::read(now ? *std::move(now) : service->handle(in));
    }
    auto mint(std::vector<grant> grants = full_grants(), std::string name = "ana") -> minted_token {
        return tokens
            ->mint({.name = std::move(name), .grants = std::move(grants), .created_by = "local"})
            .value();
    }
    static auto text(const minted_token& of) -> std::string {
        return std::string(of.text.expose_secret());
    }
    /// The token of a new session.
    auto begin(const minted_token& of) -> std::string {
        const auto made = send("POST", session_path, text(of), "{}");
        REQUIRE(made.status() == 200);
        return made.text("token");
    }
    auto lives(const std::string& session) -> bool {
        const auto status = send("GET", "/v1/x/whoami", session).status();
        CHECK((status == 200 || status == 401));
        return status == 200;
    }
    auto confirm(const std::string& session, const std::string& token) -> reply {
        return send("POST", "/v1/x/session/confirm", session, object({{"token", token}}));
    }
};

auto service_grant() -> json::object {
    return {{"role", "service"}, {"environmentId", "E"}};
}
auto wish(json::object grant = service_grant()) -> std::string {
    return json::serialize(json::object{{"name", "app"}, {"grants", json::array{grant}}});
}
auto with_code(const std::string& code, const char* name = "Ana") -> std::string {
    return object({{"code", code}, {"name", name}});
}

} // namespace

TEST_CASE("A session says who it is, and is no token of the wire contract's") {
    desk_world w;
    const auto ana = w.mint();
    const auto session = w.begin(ana);
    CHECK(session.starts_with("cofs_"));
    const auto me = w.send("GET", "/v1/x/whoami", session);
    REQUIRE(me.status() == 200);
    CHECK(me.text("name") == "ana");
    CHECK(me.text("tokenId") == ana.row.id);
    CHECK(me.text("session") == "true");
    CHECK(me.text("rights") ==
          R"(["list","reveal","write","spaces","tokens","keys","audit","policy"])");
    CHECK(me.text("instanceRights") == me.text("rights"));
    const auto local = w.mint({{.as = role::auditor, .environment = "E"}}, "local");
    CHECK(w.send("GET", "/v1/x/whoami", w.text(local)).text("rights") == R"(["list","audit"])");
    CHECK(w.send("GET", "/v1/x/whoami", w.text(local)).text("instanceRights") == "[]");
    CHECK(me.header("x-request-id").size() == 12);
    CHECK(w.send("GET", "/v1/x/environments", session).status() == 200);
    for (const char* path :
         {"/v1/secrets?environmentId=E", "/v1/environments", "/api/v1/secrets", "/v1/%78/whoami"})
        CHECK(w.send("GET", path, session).status() == 401);
    CHECK(w.send("GET", "/v1/environments", w.text(ana)).status() == 200);
    CHECK(w.send("POST", session_path, session, "{}").status() == 401); // no session of a session
    CHECK(w.send("GET", "/v1/x/whoami", w.text(ana)).text("session") == "false");
}

TEST_CASE("A session ends after 15 minutes without a request; waiting for changes is none") {
    desk_world w;
    const auto session = w.begin(w.mint());
    for (int i = 0; i < 3; ++i) {
        w.time.advance(14min + 59s);
        CHECK(w.lives(session));
    }
    w.time.advance(14min + 59s);
    CHECK(w.send("GET", "/v1/x/watch?environmentId=none", session).status() == 404);
    for (const char* list : {"/v1/x/environments/watch", "/v1/x/tokens/watch"})
        CHECK(w.send("GET", list, session).status() == 200);
    w.time.advance(1s);
    CHECK_FALSE(w.lives(session));
}

TEST_CASE("A session ends after eight hours whatever is done, and by itself when asked") {
    desk_world w;
    const auto ana = w.mint();
    const auto session = w.begin(ana);
    for (int i = 0; i < 47; ++i) {
        w.time.advance(10min);
        CHECK(w.lives(session));
    }
    w.time.advance(10min);
    CHECK_FALSE(w.lives(session));
    const auto next = w.begin(ana);
    CHECK(w.send("DELETE", session_path, next).status() == 200);
    CHECK_FALSE(w.lives(next));
}

TEST_CASE("A session dies with its parent: revoked, expired; and is not believed altered") {
    desk_world w;
    const auto ana = w.mint();
    const auto session = w.begin(ana);
    auto altered = session;
    altered[20] = altered[20] == 'A' ? 'B' : 'A';
    CHECK_FALSE(w.lives(altered));
    CHECK(w.lives(session));
    REQUIRE(w.tokens->revoke(ana.row.id));
    CHECK_FALSE(w.lives(session));
    CHECK(w.sessions->size() == 0);

    const auto ben = w.tokens
                         ->mint({.name = "ben",
                                 .grants = full_grants(),
                                 .expires = w.tokens->now() + 60'000,
                                 .created_by = "local"})
                         .value();
    const auto begun = w.send("POST", session_path, w.text(ben), "{}");
    CHECK(begun.text("expiresAt") == iso_time(ben.row.expires));
    CHECK(w.lives(begun.text("token")));
    w.time.advance(1min);
    CHECK_FALSE(w.lives(begun.text("token")));
}

TEST_CASE("A session is believed of pages of this origin alone") {
    desk_world w;
    const auto session = w.begin(w.mint());
    for (const char* site : {"cross-site", "same-site", "none"}) {
        w.site = site;
        CHECK_FALSE(w.lives(session));
    }
    w.site = "same-origin";
    CHECK(w.lives(session));
}

TEST_CASE("There are so many sessions; the least used of the same token ends first") {
    desk_world w; // 4, and 2 of a token
    const auto ana = w.mint();
    const auto one = w.begin(ana);
    w.time.advance(1s);
    const auto two = w.begin(ana);
    w.time.advance(1s);
    CHECK(w.lives(one));
    const auto three = w.begin(ana);
    CHECK_FALSE(w.lives(two));
    CHECK(w.lives(one));
    CHECK(w.lives(three));
    for (const char* name : {"b", "c", "d", "e"})
        (void)w.begin(w.mint(full_grants(), name));
    CHECK(w.sessions->size() == 4);
}

TEST_CASE("Ten wrong sign-ins a minute for an address, then 429; who knows theirs is let in") {
    desk_world w;
    const auto ana = w.mint();
    auto wrong = w.text(ana);
    wrong[30] = wrong[30] == 'A' ? 'B' : 'A';
    for (int i = 0; i < 8; ++i)
        check_error(w.send("POST", session_path, wrong, "{}"), 401);
    const auto session = w.begin(ana);
    check_error(w.confirm(session, wrong), 400);
    check_error(w.send("POST", "/v1/x/session/code", {}, with_code("0")), 403);
    const auto refused = w.send("POST", session_path, wrong, "{}");
    check_error(refused, 429);
    CHECK(refused.header("retry-after") == "7");
    check_error(w.send("POST", "/v1/x/session/code", {}, with_code("0")), 429);
    check_error(w.confirm(session, wrong), 429);
    CHECK(w.confirm(session, w.text(ana)).status() == 200);
    (void)w.begin(ana);
    w.peer = "192.0.2.2";
    check_error(w.send("POST", session_path, wrong, "{}"), 401);
    w.peer = "192.0.2.1";
    w.time.advance(7s);
    check_error(w.send("POST", session_path, wrong, "{}"), 401);
}

TEST_CASE("Wrong sign-ins at an address do not keep the first start's code from who has it") {
    desk_world w;
    const auto code = w.first->make().value();
    for (int i = 0; i < 20; ++i)
        CHECK(w.send("POST", session_path, "junk", "{}").status() == (i < 10 ? 401 : 429));
    CHECK(w.send("POST", "/v1/x/session/code", {}, with_code(code)).status() == 200);
}

TEST_CASE("A session mints for five minutes after its parent was entered") {
    desk_world w;
    const auto ana = w.mint();
    const auto ben = w.mint(full_grants(), "ben");
    const auto session = w.begin(ana);
    w.time.advance(5min);
    const auto refused = w.send("POST", "/v1/x/tokens", session, wish());
    check_error(refused, 403);
    CHECK(refused.body.at("code").as_string() == "confirm");
    CHECK(w.send("POST", "/v1/x/tokens", w.text(ana), wish()).status() == 200);
    check_error(w.confirm(session, "nonsense"), 400);
    check_error(w.confirm(session, w.text(ben)), 400);
    CHECK(w.send("POST", "/v1/x/tokens", session, wish()).status() == 403);
    CHECK(w.confirm(session, w.text(ana)).text("confirmedUntil") ==
          iso_time(w.tokens->now() + 300'000));
    const auto made = w.send("POST", "/v1/x/tokens", session, wish());
    REQUIRE(made.status() == 200);
    const auto program = w.send("GET", "/v1/x/whoami", made.text("token"));
    CHECK(program.text("grants") ==
          R"([{"role":"service","environmentId":"E","write":false,"reveal":false}])");
}

TEST_CASE("A wall clock that is set back lengthens no confirmation") {
    desk_world w;
    const auto ana = w.mint();
    const auto session = w.begin(ana);
    const auto until = [&] {
        return w.send("GET", "/v1/x/whoami", session).text("confirmedUntil");
    };
    CHECK(until() == iso_time(w.tokens->now() + 300'000));
    w.time.set_wall(w.time.wall() - 1h);
    w.time.advance(4min);
    CHECK(until() == iso_time(w.tokens->now() + 60'000));
    CHECK(w.send("POST", "/v1/x/tokens", session, wish()).status() == 200);
    w.time.advance(1min);
    CHECK(until() == iso_time(w.tokens->now()));
    CHECK(w.send("POST", "/v1/x/tokens", session, wish()).status() == 403);
}

TEST_CASE("Nobody mints what they lack, nor for longer than its kind lives") {
    desk_world w;
    const auto admin = w.mint({{.as = role::environment_admin, .environment = "E"}}, "admin");
    const auto reader = w.mint({{.as = role::service, .environment = "E"}}, "reader");
    const auto mint = [&](const minted_token& by, const std::string& body) {
        return w.send("POST", "/v1/x/tokens", w.text(by), body).status();
    };
    CHECK(mint(admin, wish()) == 403); // to let read is to be able to read
    CHECK(mint(admin, wish({{"role", "operator"}})) == 403);
    CHECK(mint(admin, wish({{"role", "env-admin"}, {"environmentId", "F"}})) == 403);
    CHECK(mint(admin, wish({{"role", "env-admin"}, {"environmentId", "E"}})) == 200);
    CHECK(mint(reader, wish()) == 403);
    CHECK(mint(admin, wish({{"role", "space-admin"}, {"environmentId", "E"}})) == 400);
    CHECK(mint(admin, R"({"name":"","grants":[]})") == 400);
    const auto lasting = [&](std::chrono::hours life) {
        const auto at = w.tokens->now() + std::uint64_t(std::chrono::milliseconds(life).count());
        return json::serialize(
            json::object{{"name", "a"},
                         {"expiresAt", iso_time(at)},
                         {"grants", json::array{{{"role", "auditor"}, {"environmentId", "E"}}}}});
    };
    const auto made = w.send("POST", "/v1/x/tokens", w.text(w.mint()), lasting(24h * 90 + 23h));
    CHECK(made.text("expiresAt") == iso_time(w.tokens->now() + 90 * 86'400'000ULL));
    CHECK(mint(w.mint(), lasting(24h * 91)) == 400);
    CHECK(mint(w.mint(), lasting(-1h)) == 400);
}

TEST_CASE("A grant that is none is told by its place and member, and by nothing that was sent") {
    desk_world w;
    const auto ana = w.text(w.mint());
    const auto fault_of = [&](std::string_view grants) {
        const auto r = w.send("POST", "/v1/x/tokens", ana,
                              R"({"name":"a","grants":)" + std::string(grants) + "}");
        CHECK(r.raw.body.find("canary") == wiped_text::npos);
        CHECK(r.status() == 400);
        return reply::text_of(r.body.at("errors").at(0).as_object(), "key");
    };
    const std::string good = R"({"role":"auditor","environmentId":"E"})";
    const auto second = [&](std::string_view g) {
        return fault_of("[" + good + "," + std::string(g) + "]");
    };
    CHECK(fault_of("[]") == "grants");
    CHECK(fault_of(R"("canary")") == "grants");
    CHECK(fault_of(R"(["canary"])") == "grants[0]");
    CHECK(second("[]") == "grants[1]");
    CHECK(second(R"({"environmentId":"E"})") == "grants[1].role");
    CHECK(second(R"({"role":"canary"})") == "grants[1].role");
    CHECK(second(R"({"role":"service","canary":1})") == "grants[1]");
    CHECK(second(R"({"role":"service","environmentId":""})") == "grants[1].environmentId");
    CHECK(second(R"({"role":"service","environmentId":"E","spaceId":7})") == "grants[1].spaceId");
    CHECK(second(R"({"role":"service","actorId":null})") == "grants[1].actorId");
    CHECK(second(R"({"role":"service","write":"canary"})") == "grants[1].write");
    CHECK(second(R"({"role":"service","names":["canary",""]})") == "grants[1].names");
    CHECK(second(R"({"role":"service","reveal":true})") == "grants[1].reveal");
    CHECK(second(R"({"role":"auditor","write":true})") == "grants[1].write");
    CHECK(second(R"({"role":"operator","environmentId":"E"})") == "grants[1].environmentId");
    CHECK(second(R"({"role":"space-admin","environmentId":"E"})") == "grants[1].spaceId");
    CHECK(second(R"({"role":"env-admin","environmentId":"E","spaceId":"S"})") ==
          "grants[1].spaceId");
}

TEST_CASE("No token is made for an environment or a space that is not there") {
    desk_world w;
    REQUIRE(w.vault->create_space({.environment = "E", .space = "S"}, "{}"));
    const auto admin = w.mint({{.as = role::environment_admin, .environment = "E"}}, "admin");
    const auto answer = [&](const minted_token& by, json::object grant) {
        const auto r = w.send("POST", "/v1/x/tokens", w.text(by), wish(std::move(grant)));
        if (r.status() == 200) return std::string("made");
        const auto& error = r.body.at("errors").at(0).as_object();
        return std::to_string(r.status()) + " " + reply::text_of(error, "key");
    };
    const auto space = [](const char* id) {
        return json::object{{"role", "space-admin"}, {"environmentId", "E"}, {"spaceId", id}};
    };
    const json::object typo{{"role", "auditor"}, {"environmentId", "F"}};
    const auto ana = w.mint();
    CHECK(answer(ana, typo) == "404 grants[0].environmentId");
    CHECK(answer(ana, {{"role", "auditor"}, {"environmentId", std::string(system_environment)}}) ==
          "404 grants[0].environmentId");
    CHECK(answer(ana, space("T")) == "404 grants[0].spaceId");
    CHECK(answer(ana, space("S")) == "made");
    CHECK(answer(admin, space("T")) == "404 grants[0].spaceId");
    CHECK(answer(admin, typo) == "403 grants[0]"); // whether it is there or not
    REQUIRE(w.vault->create_environment("F", "{}"));
    CHECK(answer(admin, typo) == "403 grants[0]");
    CHECK(answer(ana, typo) == "made");
}

TEST_CASE(
    "A token for a space that is removed while it is made is answered as one that is not there") {
    desk_world w;
    const context space{.environment = "E", .space = "S"};
    REQUIRE(w.vault->create_space(space, "{}"));
    const auto ana = w.mint();
    const auto body = wish({{"role", "space-admin"}, {"environmentId", "E"}, {"spaceId", "S"}});
    const auto elsewhere = service_vault(w.store, w.keys, w.with_time());
    std::size_t made = 0;
    for (std::size_t n = 1;; ++n) { // until it is removed between the two looks at it
        REQUIRE(n < 100);
        w.store.before_load(n, [&] {
            REQUIRE(elsewhere->remove_space(space));
            REQUIRE(elsewhere->create_space(space, "{}"));
        });
        const auto r = w.send("POST", "/v1/x/tokens", w.text(ana), body);
        REQUIRE_FALSE(w.store.is_armed());
        if (r.status() != 200) {
            check_error(r, 404);
            CHECK(reply::text_of(r.body.at("errors").at(0).as_object(), "key") == "grants");
            break;
        }
        ++made;
    }
    CHECK(w.tokens->list().value().size() == 1 + made); // Ana's
}

TEST_CASE("No token outlives the one that minted it, unless that was an operator's") {
    desk_world w;
    const auto ending_in = [&](std::vector<grant> grants, std::chrono::milliseconds life) {
        return w.tokens
            ->mint({.name = "by",
                    .grants = std::move(grants),
                    .expires = w.tokens->now() + std::uint64_t(life.count())})
            .value();
    };
    const std::vector<grant> admins = {
        {.as = role::environment_admin, .environment = "E", .reveal = true}};
    const auto admin = ending_in(admins, 60s);
    const auto lasting = [&](std::chrono::milliseconds life) {
        auto body = json::parse(wish()).as_object();
        body["expiresAt"] = iso_time(w.tokens->now() + std::uint64_t(life.count()));
        return json::serialize(body);
    };
    const auto mint = [&](const std::string& by, const std::string& body) {
        return w.send("POST", "/v1/x/tokens", by, body);
    };
    CHECK(mint(w.text(admin), wish()).text("expiresAt") == iso_time(admin.row.expires));
    CHECK(mint(w.text(admin), lasting(30s)).text("expiresAt") ==
          iso_time(w.tokens->now() + 30'000));
    CHECK(mint(w.text(admin), lasting(12h)).text("expiresAt") == iso_time(admin.row.expires));
    for (const auto life : {24h * 2, 24h * 365}) {
        const auto refused = mint(w.text(admin), lasting(life));
        check_error(refused, 400);
        CHECK(refused.raw.body.find(iso_time(admin.row.expires)) != refused.raw.body.npos);
    }
    // Its session neither, though that ends by itself.
    const auto session = w.begin(admin);
    CHECK(mint(session, wish()).text("expiresAt") == iso_time(admin.row.expires));
    check_error(mint(session, lasting(24h * 2)), 400);
    const auto chief = ending_in(full_grants(), 60s);
    CHECK(mint(w.text(chief), lasting(24h * 365)).status() == 200);
    CHECK(mint(w.text(chief), wish()).text("expiresAt") ==
          iso_time(w.tokens->now() + 90 * 86'400'000ULL));
}

TEST_CASE("The audit log says which token was made and ended, and where it is good") {
    desk_world w;
    REQUIRE(w.vault->create_space({.environment = "E", .space = "S"}, "{}"));
    const auto ana = w.mint();
    const auto in_space =
        json::object{{"role", "service"}, {"environmentId", "E"}, {"spaceId", "S"}};
    const auto made = w.send("POST", "/v1/x/tokens", w.text(ana), wish(in_space));
    REQUIRE(made.status() == 200);
    REQUIRE(w.send("DELETE", "/v1/x/tokens?id=" + made.text("id"), w.text(ana)).status() == 200);
    for (const auto* action : {"token.mint", "token.revoke"}) {
        const auto& all = w.audit->records;
        const auto noted = std::ranges::find(all, action, &audit_record::action);
        REQUIRE(noted != all.end());
        CHECK(noted->names == std::vector<std::string>{"app", made.text("id")});
        CHECK(to_string(noted->where.view()) == to_string(context{"E", "S", {}}));
        CHECK(noted->details ==
              R"({"grants":[{"role":"service","environmentId":"E","spaceId":"S","write":false,)"
              R"("reveal":false}],"expiresAt":")" +
                  made.text("expiresAt") + "\"}");
    }
}

TEST_CASE("The audit log says of a token that was refused what it was to be, and no token") {
    desk_world w;
    const auto admin = w.mint({{.as = role::environment_admin, .environment = "E"}}, "admin");
    const auto reader = w.mint({{.as = role::service, .environment = "E"}}, "reader");
    const auto& log = w.audit->records;
    check_error(w.send("POST", "/v1/x/tokens", w.text(admin), wish()), 403);
    CHECK(log.back().names == std::vector<std::string>{"app"});
    CHECK(log.back().where.environment == "E");
    CHECK(log.back().details.starts_with(
        R"({"grants":[{"role":"service","environmentId":"E","write":false,"reveal":false}],"ex)"));
    check_error(w.send("POST", "/v1/x/tokens", w.text(reader), wish()), 403);
    CHECK(log.back().names == std::vector<std::string>{"app"});
    CHECK(log.back().where.environment == "E");
    const auto revoke = [&](const std::string& id, const minted_token& by) {
        w.send("DELETE", "/v1/x/tokens?id=" + id, w.text(by));
        CHECK(log.back().action == "token.revoke");
        return log.back().names;
    };
    CHECK(revoke(admin.row.id, reader) == std::vector{admin.row.id});
    CHECK(revoke(w.mint().row.id, admin).size() == 2);
    CHECK(revoke(w.text(admin), reader).empty()); // a whole token by mistake
    CHECK(revoke(w.text(admin), admin).empty());
}

TEST_CASE("With a space or an environment goes what tokens may do there") {
    desk_world w;
    const auto chief = w.text(w.mint());
    const auto make_space = [&](const char* id) {
        CHECK(w.send("POST", "/v1/x/spaces?environmentId=E", chief,
                     object({{"name", id}, {"id", id}}))
                  .status() == 200);
    };
    const auto service = [](std::string environment, std::string space = {}) {
        return grant{.as = role::service, .environment = environment, .space = space};
    };
    const auto in_s = w.mint({service("E", "S")}, "in S");
    const auto in_both = w.mint({service("E", "S"), service("E", "T")}, "in both");
    const auto in_e = w.mint({service("E")}, "in E");
    const auto elsewhere = w.mint({service("F", "S"), service("")}, "elsewhere");
    const auto grants = [&](const minted_token& of) {
        const auto me = w.send("GET", "/v1/x/whoami", w.text(of));
        return me.status() == 200 ? me.data().at("grants").as_array().size() : 0;
    };
    const auto noted = [&](std::string_view action) {
        std::vector<std::string> out;
        for (const auto& r : w.audit->records) {
            if (r.action != action) continue;
            CHECK(r.where.environment == "E");
            CHECK(r.status == 200);
            out.push_back(r.names.front());
        }
        return out;
    };
    const std::string path =
        GENERATE("/v1/x/spaces?environmentId=E&spaceId=S", "/v1/spaces/S", "/v1/spaces?spaceIds=S");
    make_space("S");
    make_space("T");
    CHECK(w.send("DELETE", path, chief).status() == 200);
    make_space("S");
    CHECK(grants(in_s) == 0);
    CHECK(grants(in_both) == 1);
    CHECK(grants(in_e) == 1);
    CHECK(grants(elsewhere) == 2);
    CHECK(w.send("GET", "/v1/x/secrets?environmentId=E&spaceId=S", w.text(in_both)).status() ==
          404);
    CHECK(w.send("GET", "/v1/x/secrets?environmentId=E&spaceId=T", w.text(in_both)).status() ==
          200);
    using names = std::vector<std::string>;
    CHECK(noted("token.revoke") == names{"in S"});
    CHECK(noted("token.narrow") == names{"in both"});
    CHECK(w.audit->records.size() > 3);

    const bool by_path = path.starts_with("/v1/spaces/");
    CHECK(w.send("DELETE", by_path ? "/v1/environments/E" : "/v1/x/environments?environmentId=E",
                 chief)
              .status() == 200);
    CHECK(grants(in_both) == 0);
    CHECK(grants(in_e) == 0);
    CHECK(grants(elsewhere) == 2);
    CHECK(noted("token.revoke").size() == 3);

    CHECK(w.send("POST", "/v1/x/environments", chief, R"({"name":"E","id":"E"})").status() == 200);
    const auto again = w.mint({service("E")}, "again");
    w.store.away(true);
    w.time.advance(1s);
    check_error(w.send("DELETE", "/v1/environments/E", chief), 503);
    w.store.away(false);
    CHECK(grants(again) == 1);
}

TEST_CASE("Of tokens that ended before the store failed the audit log has a line each") {
    bool some = false; // had ended when it failed
    for (std::size_t n = 1;; ++n) {
        desk_world w;
        const auto chief = w.text(w.mint());
        w.send("POST", "/v1/x/environments", chief, R"({"name":"E","id":"E"})");
        w.send("POST", "/v1/x/spaces?environmentId=E", chief, R"({"name":"S","id":"S"})");
        for (const auto* name : {"a", "b", "c"})
            (void)w.mint({{.as = role::service, .environment = "E", .space = "S"}}, name);
        w.store.before_load(n, [&] { w.store.away(true); });
        const auto status =
            w.send("DELETE", "/v1/x/spaces?environmentId=E&spaceId=S", chief).status();
        if (w.store.is_armed()) break;
        w.store.away(false);
        const auto gone = 4 - w.tokens->list().value().size();
        const auto told =
            std::ranges::count(w.audit->records, "token.revoke", &audit_record::action);
        CAPTURE(n, status);
        CHECK(gone == std::size_t(told));
        some |= status == 503 && gone > 0 && gone < 3;
    }
    CHECK(some);
}

TEST_CASE("An admin of every environment sees and revokes no operator's token") {
    desk_world w;
    const auto chief = w.mint();
    const auto admin = w.mint({{.as = role::environment_admin, .reveal = true}}, "admin");
    const auto seen = w.send("GET", "/v1/x/tokens", w.text(admin));
    CHECK(seen.data().as_array().size() == 1);
    CHECK(seen.text("id") == admin.row.id);
    check_error(w.send("DELETE", "/v1/x/tokens?id=" + chief.row.id, w.text(admin)), 404);
    CHECK(w.send("GET", "/v1/x/tokens", w.text(chief)).data().as_array().size() == 2);
    CHECK(w.send("DELETE", "/v1/x/tokens?id=" + admin.row.id, w.text(chief)).status() == 200);
}

TEST_CASE("A token whose row can't be read is an operator's to see and to revoke") {
    desk_world w;
    const auto chief = w.text(w.mint());
    const auto admin = w.text(w.mint({{.as = role::environment_admin}}, "admin"));
    w.vault->put_system("token/000000000000", R"({"v":2})", {}).value();
    const auto path = "/v1/x/tokens?id=000000000000";
    CHECK(w.send("GET", "/v1/x/tokens", admin).data().as_array().size() == 1);
    check_error(w.send("DELETE", path, admin), 404);
    const auto seen = w.send("GET", "/v1/x/tokens", chief);
    REQUIRE(seen.data().as_array().size() == 3);
    CHECK(seen.text("id") == "000000000000");
    CHECK(seen.text("unreadable") == "true");
    CHECK(seen.text("unreadable", 1) == "(absent)");
    CHECK(w.send("DELETE", path, chief).status() == 200);
    CHECK(w.audit->records.back().names == std::vector<std::string>{"000000000000"});
    check_error(w.send("DELETE", path, chief), 404);
}

TEST_CASE("Of patterns the audit log has so many that they fill no disk, and their number") {
    desk_world w;
    json::array names;
    for (int i = 0; i < 64; ++i)
        names.push_back(json::value(std::string(40, 'N') + std::to_string(i)));
    auto g = service_grant();
    g["names"] = names;
    json::array grants;
    for (int i = 0; i < 16; ++i)
        grants.push_back(g);
    const auto body = json::serialize(json::object{{"name", "app"}, {"grants", grants}});
    REQUIRE(w.send("POST", "/v1/x/tokens", w.text(w.mint()), body).status() == 200);
    const auto noted = json::parse(w.audit->records.back().details).as_object();
    CHECK(noted.at("patterns") == 1024);
    CHECK(noted.at("grants").at(15).at("names").as_array().size() == 12);
    CHECK(w.audit->records.back().details.size() < 16'384);
}

TEST_CASE("Tokens are listed to who may revoke them, with their last use; others are not there") {
    desk_world w;
    const auto ana = w.mint();
    const auto admin = w.mint({{.as = role::environment_admin, .environment = "E"}}, "admin");
    w.time.advance(1s);
    const auto reader = w.mint({{.as = role::service, .environment = "E"}}, "reader");
    const auto other = w.mint({{.as = role::service, .environment = "F"}}, "other");
    CHECK(w.send("GET", "/v1/x/whoami", w.text(reader)).status() == 200);
    const auto listed = w.send("GET", "/v1/x/tokens?environmentId=E", w.text(admin));
    REQUIRE(listed.data().as_array().size() == 2);
    CHECK(listed.text("id", 1) == reader.row.id);
    CHECK(listed.text("lastUsedFrom", 1) == "192.0.2.1");
    CHECK(w.send("GET", "/v1/x/tokens", w.text(ana)).data().as_array().size() == 4);
    CHECK(w.send("GET", "/v1/x/tokens?environmentId=F", w.text(ana)).data().as_array().size() == 2);
    check_error(w.send("GET", "/v1/x/tokens", w.text(reader)), 403);
    const auto revoke = [&](const minted_token& which, const minted_token& by) {
        return w.send("DELETE", "/v1/x/tokens?id=" + which.row.id, w.text(by)).status();
    };
    CHECK(revoke(other, admin) == 404);
    CHECK(revoke(ana, admin) == 404);
    CHECK(revoke(ana, reader) == 403);
    CHECK(revoke(reader, admin) == 200);
    CHECK(w.send("GET", "/v1/x/whoami", w.text(reader)).status() == 401);
    CHECK(revoke(reader, admin) == 404);
}

TEST_CASE("The first start's code makes one admin") {
    desk_world w;
    CHECK(w.send("GET", "/v1/x/session/code", {}).text("open") == "false");
    const auto code = w.first->make().value();
    REQUIRE(code.size() == 9);
    CHECK(code[4] == '-');
    CHECK(w.send("GET", "/v1/x/session/code", {}).text("open") == "true");
    check_error(w.send("POST", "/v1/x/session/code", {}, with_code(code, "")), 400);
    auto typed = code;
    typed.erase(4, 1);
    for (auto& c : typed)
        c = static_cast<char>(std::tolower(c));
    const auto made = w.send("POST", "/v1/x/session/code", {}, with_code(typed));
    REQUIRE(made.status() == 200);
    const std::string session(made.data().at("session").at("token").as_string());
    CHECK(made.data().at("session").at("idleSeconds").as_int64() == 900);
    CHECK(w.lives(session));
    CHECK(w.send("GET", "/v1/x/whoami", made.text("token")).text("name") == "Ana");
    CHECK(w.send("POST", "/v1/x/tokens", session, wish()).status() == 200);
    check_error(w.send("POST", "/v1/x/session/code", {}, with_code(code)), 403);
    CHECK(w.send("GET", "/v1/x/session/code", {}).text("open") == "false");
    CHECK(w.first->make().value().empty());
}

TEST_CASE("The code is good for five tries, ten minutes, and as long as there is no token") {
    desk_world w;
    const auto redeem = [&](const std::string& code) {
        return w.send("POST", "/v1/x/session/code", {}, with_code(code)).status();
    };
    auto code = w.first->make().value();
    const auto other = code.front() == '0' ? "1" + code.substr(1) : "0" + code.substr(1);
    SECTION("tries") {
        for (int i = 0; i < 5; ++i)
            CHECK(redeem(other) == 403);
        CHECK(redeem(code) == 403);
        code = w.first->make().value();
        w.peer = "192.0.2.2";
        for (int i = 0; i < 4; ++i)
            CHECK(redeem("") == 403);
        CHECK(redeem(code) == 200);
    }
    SECTION("time") {
        w.time.advance(10min);
        CHECK(redeem(code) == 403);
        code = w.first->make().value();
        w.time.advance(10min - 1ms);
        CHECK(redeem(code) == 200);
    }
    SECTION("a token that was made elsewhere") {
        (void)w.mint();
        CHECK(redeem(code) == 403);
        CHECK(w.tokens->list().value().size() == 1);
    }
    SECTION("an audit log that can't be written does not use it up") {
        w.audit->works = false;
        CHECK(redeem(code) == 503);
        CHECK(w.tokens->list().value().empty());
        w.audit->works = true;
        CHECK(redeem(code) == 200);
        const auto& noted = w.audit->records.back();
        CHECK(noted.action == "session.first");
        const auto made = w.tokens->list().value().front();
        CHECK(noted.names == std::vector<std::string>{"Ana", made->id});
        CHECK(noted.details == token_details(full_grants(), made->expires));
    }
    SECTION("a store that was away does not use it up") {
        w.store.away(true);
        w.time.advance(1min);
        CHECK(redeem(code) == 503);
        w.store.away(false);
        w.time.advance(1min);
        CHECK(redeem(code) == 200);
    }
}
