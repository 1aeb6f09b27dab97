// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include <coffer/http/detail/reply.hpp>
#include <coffer/http/x_values.hpp>

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace coffer_test;
using namespace std::string_view_literals;

namespace {

/// Every path of the table, with something in its braces.
auto paths(const api_world& w) -> std::set<std::pair<std::string, std::string>> {
    std::set<std::pair<std::string, std::string>> out;
    for (const auto& r : w.service->routes().rows()) {
        std::string path(r.pattern);
        if (const auto brace = path.find('{'); brace != path.npos) path.erase(brace).append("some");
        out.emplace(r.method, path);
    }
    return out;
}

} // namespace

TEST_CASE("memory for a long body is for who holds a token") {
    api_world w;
    const auto known = [&](std::string_view token) {
        return w.service->knows_sender(api_world::request_of("POST", "/v1/secrets", {}, token));
    };
    CHECK(known(api_world::full));
    CHECK_FALSE(known("somebody-else"));
    CHECK_FALSE(known({}));
}

TEST_CASE("Under /v1 nothing is answered without a known token, and every refusal is the same") {
    http::api_options with;
    with.refused_rate = {0}; // thousands from one address
    api_world w({}, std::move(with));
    const auto known = w.new_environment();
    const auto plain = w.send("GET", "/v1/secrets?environmentId=" + known, {}, "");
    check_error(plain, 401);
    CHECK(plain.header("www-authenticate") == "Bearer");
    auto all = paths(w);
    for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"})
        for (const char* path :
             {"/v1", "/v1/", "/v1/nonsense", "/v1/%zz", "/v1/secrets/%ff", "/v1x%", "/%761/secrets",
              "/api/v1/secrets", "/api/v1", "/v1/../livez"})
            all.emplace(method, path);
    for (const auto& [method, path] : all) {
        INFO(method + " " + path);
        http::decoded_texts texts;
        const auto segments = http::target(path).segments(texts).value_or(std::vector{"-"sv});
        const auto* open = w.service->routes().find(method, segments).row;
        if (open != nullptr && open->who == http::admits::anyone) continue;
        for (const char* token : {"", "wrong", "full-tokenx", "full-toke", "FULL-TOKEN"})
            for (const char* body : {"", "{", R"({"name":"x"})"}) {
                const auto r = w.send(method, path, body, token);
                CHECK(r.status() == 401);
                CHECK(r.raw.body == plain.raw.body);
            }
    }
    std::size_t let_in = 0;
    for (const auto& r : w.audit->records)
        if (r.action != "login.refused")
            ++let_in;
        else
            CHECK((r.principal_id.empty() && r.where == coffer::scope() && r.names.empty()));
    CHECK(let_in == 1);
    CHECK(w.audit->records.size() > 1000);
}

TEST_CASE("The word Bearer is read without regard to case; other schemes and doubts are 401") {
    api_world w;
    const auto asked = [&](std::vector<std::string> fields) {
        auto in = w.request_of("GET", "/v1/environments", {}, "");
        for (auto& f : fields)
            in.headers.push_back({"authorization", std::move(f)});
        return w.service->handle(in).status;
    };
    for (const char* good : {"Bearer full-token", "bearer full-token", "BEARER   full-token"})
        CHECK(asked({good}) == 200);
    for (const char* bad :
         {"full-token", "Basic full-token", "Token full-token", "Bearer", "Bearer ",
          "Bearer\tfull-token", "Bearerfull-token", "Bearer full-token x"})
        CHECK(asked({bad}) == 401);
    CHECK(asked({"Bearer full-token", "Bearer full-token"}) == 401);
    CHECK(asked({"Bearer full-token", "Bearer wrong"}) == 401);
}

TEST_CASE("That a token can't be told is no 401") {
    api_world w;
    w.tokens->trouble = coffer::errc::unavailable;
    check_error(
        w.read(w.service->handle(w.request_of("GET", "/v1/environments", {}, "full-token"))), 503);
}

TEST_CASE("Unknown paths are 404, known ones with another method 405; dots mean nothing") {
    api_world w;
    w.put(at(w.new_environment()), "N", "v");
    for (const char* path :
         {"/v1", "/v1/", "/v1/nonsense", "/v1/secrets/a/b", "/v1/secrets/", "/v1//secrets",
          "/v1/./secrets", "/v1/x/../secrets", "/v1/Secrets", "/V1/secrets", "/v1/environments/x/y",
          "/v1%2fsecrets", "/v1/secrets%3fenvironmentId=x", "/", "/nonsense", "/livez/",
          "/api/livez"})
        check_error(w.get(path), 404);
    for (const char* method : {"PUT", "PATCH", "DELETE", "OPTIONS", "get", "TRACE"}) {
        const auto r = w.send(method, "/v1/secrets");
        check_error(r, 405);
        CHECK(r.header("allow") == "GET, POST");
    }
    check_error(w.get("/v1/secrets/us_sec_1"), 405);
    check_error(w.send("POST", "/livez"), 405);
    check_error(w.get("/v1/secrets/%2"), 400);
    CHECK(w.get("/v1/%65nvironments").status() == 200);
    check_error(w.get("/v1/%2565nvironments"), 404);
}

TEST_CASE("Every answer forbids caching, sniffing, framing, and says nothing of the program") {
    api_world w;
    for (const char* path :
         {"/livez", "/readyz", "/v1/environments", "/v1/nonsense", "/nonsense"}) {
        std::string head;
        http::detail::add_reply_head(head, w.get(path).raw, {});
        INFO(head);
        for (const auto& h : http::security_headers)
            CHECK(head.find("\r\n" + std::string(h.line)) != head.npos);
        CHECK(head.find("\r\nserver:") == head.npos);
        CHECK(head.find("\r\naccess-control-allow-origin:") == head.npos);
    }
}

TEST_CASE("Every request that was let in is in the audit log: who, what, where, how it ended") {
    api_world w;
    const auto e = w.new_environment();
    const auto s = w.new_space(e);
    w.audit->records.clear();
    const auto id = w.put(at(e, s), "N", "v").text("id");
    w.list(at(e, s, "ann"));
    w.send("DELETE", "/v1/secrets/" + id);
    w.list(at("nowhere"));
    w.send("POST", "/v1/secrets", "{");
    w.get("/livez");
    const auto& log = w.audit->records;
    REQUIRE(log.size() == 5);
    CHECK(log[0].action == "secret.set");
    CHECK(log[0].where == at(e, s));
    CHECK(log[0].names == std::vector<std::string>{"N"});
    CHECK(log[0].version == 1);
    CHECK(log[0].principal_id == "id-of-full-token");
    CHECK(log[0].principal_name == "name of full-token");
    CHECK(log[0].peer == "192.0.2.7");
    CHECK(log[0].status == 200);
    CHECK(log[1].action == "secrets.read");
    CHECK(log[1].where == at(e, s, "ann"));
    CHECK(log[1].count == 1);
    CHECK(log[2].action == "secret.remove");
    CHECK(log[2].version == 2);
    CHECK(log[3].status == 404);
    CHECK(log[4].status == 400);
}

TEST_CASE("With an audit log that can't be written no value leaves and nothing is changed") {
    api_world w;
    const auto e = w.new_environment();
    w.put(at(e), "N", "v");
    w.audit->works = false;
    const auto listed = w.list(at(e));
    check_error(listed, 503);
    CHECK(listed.raw.body.find("\"v\"") == http::wiped_text::npos);
    check_error(w.put(at(e), "N", "w"), 503);
    check_error(w.get("/v1/secrets?environmentId=nowhere"), 404);
    CHECK(w.get("/readyz").status() == 503);
    CHECK(w.get("/livez").status() == 200);
    w.audit->works = true;
    CHECK(w.list(at(e)).values() == values{{"N", "v"}});
}

TEST_CASE("Readiness says whether the store can be asked, and when what is held stands in") {
    coffer::testing::manual_clock time;
    coffer::options how;
    how.time = &time;
    api_world w(how);
    CHECK(json::serialize(w.get("/readyz").body) == R"({"status":"ready"})");
    w.new_environment();
    CHECK(json::serialize(w.get("/readyz").body) == R"({"status":"ready"})");
    w.store.away(true);
    CHECK(json::serialize(w.get("/readyz").body) == R"({"status":"stale"})");
    time.advance(std::chrono::minutes(6));
    CHECK(w.get("/readyz").status() == 503);
    CHECK(w.get("/livez").status() == 200);
}

TEST_CASE("A route that answers without having asked for its right answers nothing") {
    http::api_options with;
    with.more.push_back({"GET", "/v1/x/forgetful", "forgetful", http::right::list,
                         http::scope_from::query, http::admits::token,
                         [](http::call&) { return http::success(); }});
    api_world w({}, std::move(with));
    check_error(w.get("/v1/x/forgetful"), 500);
}

TEST_CASE("What a route throws stays inside: the answer tells nothing of it") {
    http::api_options with;
    with.more.push_back({"GET", "/v1/x/broken", "broken", std::nullopt, http::scope_from::nowhere,
                         http::admits::token,
                         [](http::call&) -> http::response { throw std::runtime_error("xyzzy"); }});
    api_world w({}, std::move(with));
    const auto r = w.get("/v1/x/broken");
    check_error(r, 500);
    CHECK(r.raw.body.find("xyzzy") == http::wiped_text::npos);
}

TEST_CASE("What only reads is told from its head, by the right that its route needs") {
    http::api_options with;
    with.more = http::x::values_routes();
    const api_world w({}, std::move(with));
    const auto reads = [&](std::string_view method, std::string_view target) {
        return w.service->only_reads(api_world::request_of(method, target, {}, api_world::full));
    };
    for (const char* target : {"/v1/secrets", "/v1/x/values", "/nowhere", "/v1/%ff"})
        CHECK(reads("GET", target));
    CHECK(reads("POST", "/v1/x/values?environmentId=e")); // whose names are in the body
    CHECK(reads("POST", "/api/v1/x/secret/value"));       // which shows a value
    CHECK(reads("POST", "/v1/nowhere"));
    CHECK_FALSE(reads("POST", "/v1/secrets"));
    CHECK_FALSE(reads("POST", "/v1/x/batch?environmentId=e"));
    CHECK_FALSE(reads("PATCH", "/v1/spaces/s"));
    CHECK_FALSE(reads("DELETE", "/v1/secrets/us_sec_x"));
}

TEST_CASE("The page answers what is neither in the table nor under /v1; the log gets patterns") {
    http::api_options with;
    std::vector<std::string> told;
    with.page = [](const http::request&) {
        http::response out;
        out.content_type = "text/html";
        out.body = "page";
        return out;
    };
    with.metrics = [] { return std::string("m 1\n"); };
    with.log = [&](const http::answered_request& r) {
        told.push_back(std::string(r.method) + " " + std::string(r.pattern) + " " +
                       std::to_string(r.status) + " " + std::string(r.token_id) +
                       (r.code.empty() ? "" : " " + std::string(r.code)));
    };
    api_world w({}, std::move(with));
    CHECK(w.get("/", "").raw.body == "page");
    CHECK(w.get("/x.js", "").raw.body == "page");
    CHECK(w.get("/metrics", "").raw.body == "m 1\n");
    check_error(w.get("/v1/x.js"), 404);
    w.send("DELETE", "/v1/secrets/some-name");
    CHECK(told ==
          std::vector<std::string>{"other  200 ", "other  200 ", "GET /metrics 200 ",
                                   "other  404 id-of-full-token not_found",
                                   "DELETE /v1/secrets/{secretId} 404 id-of-full-token not_found"});
}

TEST_CASE("A token that runs wild is slowed down, and no other is") {
    coffer::testing::manual_clock time;
    http::api_options with;
    with.token_rate = {6};
    with.time = &time;
    api_world w({}, std::move(with));
    w.know("other", http::full_grants());
    for (int i = 0; i < 6; ++i)
        CHECK(w.get("/v1/environments").status() == 200);
    const auto limited = w.get("/v1/environments");
    check_error(limited, 429);
    CHECK(limited.header("retry-after") == "11");
    CHECK(w.get("/v1/environments", "other").status() == 200);
    time.advance(std::chrono::seconds(10));
    CHECK(w.get("/v1/environments").status() == 200);
    CHECK(w.get("/v1/environments").status() == 429);
}

TEST_CASE("Who guesses tokens is told by address to wait; who knows one there is let in") {
    coffer::testing::manual_clock time;
    http::api_options with;
    with.refused_rate = {3};
    with.time = &time;
    api_world w({}, std::move(with));
    for (int i = 0; i < 3; ++i) {
        const auto refused = w.get("/v1/environments", "wrong" + std::to_string(i));
        check_error(refused, 401);
        CHECK(refused.header("retry-after").empty());
    }
    const auto limited = w.get("/v1/environments", "wrong");
    check_error(limited, 401); // clients repeat a 429 at once
    CHECK(limited.header("retry-after") == "21");
    CHECK(w.get("/v1/environments").status() == 200);
    CHECK(w.get("/v1/environments", "").status() == 401); // no token: nothing was guessed
    auto in = api_world::request_of("GET", "/v1/environments", {}, "wrong");
    in.peer = "192.0.2.8";
    CHECK(api_world::read(w.service->handle(in)).header("retry-after").empty());
    time.advance(std::chrono::minutes(1));
    CHECK(w.get("/v1/environments", "wrong").header("retry-after").empty());
}

TEST_CASE("While the store is away every answer that is made of what is held says so") {
    coffer::testing::manual_clock time;
    coffer::options how;
    how.time = &time;
    api_world w(how);
    const auto e = w.new_environment();
    const auto s = w.new_space(e);
    w.put(at(e, s), "A", "v");
    const auto in_space = w.query(at(e, s));
    const std::vector<std::pair<std::string, std::string>> all{
        {"GET", "/v1/secrets" + in_space},
        {"GET", "/v1/environments"},
        {"GET", "/v1/environments/" + e},
        {"GET", "/v1/spaces"},
        {"GET", "/v1/spaces/" + s},
        {"GET", "/v1/x/environments"},
        {"GET", "/v1/x/spaces?environmentId=" + e},
        {"GET", "/v1/x/secrets" + in_space},
        {"GET", "/v1/x/secret" + w.query(at(e, s), "A")},
        {"POST", "/v1/x/secret/value" + w.query(at(e, s), "A")},
        {"POST", "/v1/x/values" + in_space},
        {"GET", "/v1/x/matrix?environmentId=" + e}};
    const auto ask = [&](const auto& what) {
        return w.send(what.first, what.second, what.first == "POST" ? "{}" : "");
    };
    for (const auto& what : all) {
        INFO(what.first + " " + what.second);
        const auto fresh = ask(what);
        CHECK(fresh.status() == 200);
        CHECK(fresh.header("x-coffer-stale").empty());
    }
    time.advance(std::chrono::seconds(7));
    w.store.away(true);
    for (const auto& what : all) {
        INFO(what.first + " " + what.second);
        const auto stale = ask(what);
        CHECK(stale.status() == 200);
        CHECK(stale.header("x-coffer-stale") == "1");
        CHECK(stale.header("x-coffer-age-ms") == "7000");
        CHECK(std::ranges::count(stale.raw.headers, "x-coffer-stale", &http::header::name) == 1);
        CHECK(stale.raw.body.find(R"("ageMs":7000,"stale")") == http::wiped_text::npos);
        CHECK(json::serialize(stale.body.at("stale")) == "true");
        CHECK(json::serialize(stale.body.at("ageMs")) == "7000");
    }
    check_error(w.get("/v1/secrets?environmentId=nowhere"), 404);
    CHECK(w.get("/v1/secrets?environmentId=nowhere").header("x-coffer-stale").empty());
}

TEST_CASE("A space that nobody has is told while the store is away, new spaces or not") {
    coffer::testing::manual_clock time;
    coffer::options how;
    how.time = &time;
    api_world w(how);
    const auto e = w.new_environment();
    w.get("/v1/secrets?environmentId=" + e);
    w.vault->create_space({.environment = e, .space = "new"}, "{}").value(); // not through HTTP
    CHECK(w.get("/v1/secrets?environmentId=" + e).status() == 200);
    w.store.away(true);
    check_error(w.get("/v1/secrets?environmentId=" + e + "&spaceId=none"), 404);
    check_error(w.get("/v1/secrets?spaceId=none"), 404);
    check_error(w.get("/v1/secrets?environmentId=none"), 404);
    CHECK(w.get("/v1/secrets?spaceId=new").status() == 200);
}

TEST_CASE("An environment that can't be opened changes nothing of what is asked of others") {
    coffer::testing::manual_clock time;
    coffer::options how;
    how.time = &time;
    api_world w(how);
    const auto e = w.new_environment();
    const auto shut = w.new_environment();
    const auto s = w.new_space(shut);
    CHECK(w.get("/v1/spaces/" + s).status() == 200);
    const auto kek = w.keys.rotate(shut).value().to;
    REQUIRE(w.vault->rewrap(shut));
    REQUIRE(w.keys.set_state(kek, coffer::keyring::kek_state::disabled));
    time.advance(std::chrono::hours(1)); // who runs has asked for the keys again
    for (const bool restarted : {false, true}) {
        INFO(restarted);
        http::api_options with;
        with.tokens = w.tokens;
        const auto after_restart =
            make_service(service_vault(w.store, w.keys, how), std::move(with));
        const auto status = [&](std::string_view method, const std::string& target,
                                std::string_view body = {}) {
            const auto in = w.request_of(method, target, body, w.full);
            auto& asked = restarted ? *after_restart : *w.service;
            return asked.handle(in).status;
        };
        CHECK(status("GET", "/v1/secrets?environmentId=" + e) == 200);
        CHECK(status("GET", "/v1/secrets?environmentId=" + e + "&spaceId=none") == 404);
        CHECK(status("GET", "/v1/secrets?spaceId=none") == 404);
        CHECK(status("POST", "/v1/secrets", R"({"name":"N","value":"v","spaceId":"none"})") == 404);
        for (const auto* method : {"GET", "DELETE"})
            CHECK(status(method, "/v1/spaces/none") == 404);
        CHECK(status("GET", "/v1/secrets?environmentId=" + shut + "&spaceId=" + s) == 500);
        if (!restarted) CHECK(status("GET", "/v1/spaces/" + s) == 500); // it was seen there
    }
}

TEST_CASE("Scopes that another process made are told while the store is away") {
    coffer::testing::manual_clock time;
    coffer::options how;
    how.time = &time;
    api_world w(how);
    const auto e = w.new_environment();
    CHECK(w.get("/v1/spaces").status() == 200);
    // Not through this service, which has seen them in the state that it serves values from.
    w.vault->create_space({.environment = e, .space = "new"}, R"({"name":"New"})").value();
    w.vault->create_environment("other", R"({"name":"Other","isProd":true})").value();
    CHECK(w.get("/v1/secrets?environmentId=" + e + "&spaceId=new").status() == 200);
    CHECK(w.get("/v1/secrets?environmentId=other").status() == 200);
    time.advance(std::chrono::seconds(7));
    w.store.away(true);
    const auto told = [&](const std::string& target) {
        auto out = w.get(target);
        INFO(target);
        CHECK(out.status() == 200);
        CHECK(out.header("x-coffer-stale") == "1");
        return out;
    };
    CHECK(told("/v1/environments/" + e).text("name") == "one");
    CHECK(told("/v1/spaces/new").text("name") == "new"); // the store alone knows more
    CHECK(told("/v1/spaces?environmentId=" + e).text("id") == "new");
    CHECK(told("/v1/spaces").data().as_array().size() == 1);
    CHECK(told("/v1/environments/other").text("isProd") == "true"); // nothing is known of it
    const auto all = told("/v1/environments");
    REQUIRE(all.data().as_array().size() == 2);
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(all.text("isProd", i) == (all.text("id", i) == e ? "false" : "true"));
    const auto rows = told("/v1/x/environments");
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(rows.text("state", i) == (rows.text("id", i) == e ? "(absent)" : "unavailable"));
    check_error(w.send("PATCH", "/v1/spaces/new", R"({"name":"Newer"})"), 503);
    w.store.away(false);
    CHECK(w.get("/v1/spaces/new").text("name") == "New");
    CHECK(w.get("/v1/environments/other").text("name") == "Other");
    CHECK(w.get("/v1/environments/other").header("x-coffer-stale").empty());
}

TEST_CASE("A query's parameters are decoded once, and each stays as it is beside the others") {
    std::string query = "a=1&%61b=%2525&c+d=e+f&&plain&x=%zz&%zz=1&a=%C3%BC&u=%FF&r=\xC3\xBC&e=";
    for (int i = 0; i < 20; ++i)
        query += "&many=%61" + std::to_string(i);
    const http::query_parameters all(query);
    const auto value = [&](std::string_view name) -> std::string {
        const auto* found = all.find(name);
        if (found == nullptr) return "(none)";
        return found->value ? std::string(*found->value) : "(broken)";
    };
    CHECK(value("a") == "1"); // the first
    CHECK(value("ab") == "%25");
    CHECK(value("c d") == "e f");
    CHECK(value("plain").empty());
    CHECK(value("e").empty());
    CHECK(value("x") == "(broken)");
    CHECK(value("u") == "(broken)");
    CHECK(value("r") == "\xC3\xBC");
    CHECK(value("") == "(none)");
    CHECK(value("%zz") == "(none)");
    CHECK(all.texts("a") == std::vector<std::string>{"1", "\xC3\xBC"});
    CHECK(all.texts("x") == std::nullopt);
    const auto many = all.texts("many").value();
    REQUIRE(many.size() == 20);
    for (std::size_t i = 0; i < many.size(); ++i)
        CHECK(many[i] == "a" + std::to_string(i));
}
