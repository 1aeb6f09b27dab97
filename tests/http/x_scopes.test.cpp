// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

using namespace coffer_test;

namespace {

auto shown(const json::value& v) -> std::string {
    return json::serialize(v);
}
auto has(std::string_view text, std::string_view part) -> bool {
    return text.find(part) != text.npos;
}

} // namespace

TEST_CASE("x/environments: made, changed and removed, with an id of one's own or a new one") {
    api_world w;
    const std::string path = "/v1/x/environments";
    const auto made = w.send("POST", path, R"({"name":"Production","isProd":true,"id":"prod"})");
    CHECK(made.text("id") == "prod");
    CHECK(made.text("reveal") == "never");
    check_error(w.send("POST", path, R"({"name":"again","id":"prod"})"), 409);
    CHECK(w.send("POST", path, R"({"name":"x"})").text("id").starts_with("us_env_"));
    for (const char* wrong : {"{}", R"({"name":""})", R"({"name":"x","isProd":1})",
                              R"({"name":"x","id":"a/b"})", R"({"name":"x","id":"coffer.system"})"})
        check_error(w.send("POST", path, wrong), 400);
    const auto query = w.query(at("prod"));
    CHECK(w.send("PATCH", path + query, R"({"reveal":"allowed"})").text("reveal") == "allowed");
    CHECK(w.send("PATCH", path + query, R"({"name":"P","isProd":false})").text("name") == "P");
    check_error(w.send("PATCH", path + query, R"({"reveal":"perhaps"})"), 400);
    check_error(w.send("PATCH", path + "?environmentId=nowhere", R"({"name":"x"})"), 404);
    CHECK(w.get("/v1/environments/prod").text("name") == "P");
    CHECK(w.send("DELETE", path + query).status() == 200);
    check_error(w.send("DELETE", path + query), 404);
}

TEST_CASE("What two servers change of one environment or space at a time is kept, all of it") {
    // They look at the store once an hour: each has seen the place as it was before the other's.
    const coffer::options seldom{.recheck_after = std::chrono::hours(1)};
    api_world w{seldom};
    http::api_options with;
    with.tokens = w.tokens;
    const auto other = make_service(service_vault(w.store, w.keys, seldom), std::move(with));
    const auto send_other = [&](std::string_view method, const std::string& target,
                                std::string_view body = {}) {
        return w.read(other->handle(w.request_of(method, target, body, w.full)));
    };
    const auto e = w.new_environment();
    const auto s = w.new_space(e);
    const auto here = "/v1/x/environments" + w.query(at(e));
    const auto needs = "/v1/x/requirements" + w.query(at(e));
    const std::string app = R"({"requirements":{"app":[{"name":"A"}]},"was":{}})";
    REQUIRE(send_other("GET", "/v1/x/environments").status() == 200);

    CHECK(w.send("PATCH", here, R"({"reveal":"never"})").status() == 200);
    CHECK(send_other("PATCH", here, R"({"name":"two"})").status() == 200);
    CHECK(w.send("PATCH", "/v1/environments/" + e, R"({"metadata":{"a":1}})").status() == 200);
    CHECK(send_other("PUT", needs, app).status() == 200);
    check_error(w.send("PUT", needs, app), 409); // it is no empty document any more
    CHECK(w.send("PATCH", here, R"({"isProd":true})").status() == 200);
    const auto all = w.get("/v1/environments/" + e);
    CHECK(all.text("name") == "two");
    CHECK(all.text("isProd") == "true");
    CHECK(all.text("metadata") == R"({"a":1})");
    CHECK(w.get("/v1/x/environments").text("reveal") == "never");
    CHECK(has(w.get(needs).text("requirements"), "\"A\""));

    CHECK(w.send("PATCH", "/v1/spaces/" + s, R"({"metadata":{"b":2}})").status() == 200);
    CHECK(send_other("PATCH", "/v1/x/spaces" + w.query(at(e, s)), R"({"name":"S"})").status() ==
          200);
    CHECK(w.send("PATCH", "/v1/spaces/" + s, R"({"displayOrder":3})").status() == 200);
    const auto space = w.get("/v1/spaces/" + s);
    CHECK(space.text("name") == "S");
    CHECK(space.text("metadata") == R"({"b":2})");
    CHECK(space.text("displayOrder") == "3");
}

TEST_CASE(
    "The audit log says what of an environment was changed, and its policy before and after") {
    api_world w;
    const auto made =
        w.send("POST", "/v1/x/environments", R"({"name":"Production","isProd":true,"id":"prod"})");
    REQUIRE(made.status() == 200);
    const auto noted = [&](const std::string& path, std::string_view body) {
        w.send("PATCH", path, body);
        CHECK(w.audit->records.back().action == "environment.change");
        return w.audit->records.back().details;
    };
    const auto x = "/v1/x/environments" + w.query(at("prod"));
    CHECK(noted(x, R"({"reveal":"allowed"})") ==
          R"({"changed":[{"member":"reveal","was":"never","now":"allowed"}]})");
    CHECK(noted(x, R"({"name":"P"})") ==
          R"({"changed":[{"member":"name","was":"Production","now":"P"}]})");
    CHECK(noted(x, R"({"reveal":"never"})") ==
          R"({"changed":[{"member":"reveal","was":"allowed","now":"never"}]})");
    CHECK(noted(x, R"({"name":"P"})") == R"({"changed":[]})");
    CHECK(noted("/v1/environments/prod", R"({"isProd":false,"metadata":{"a":"b"}})") ==
          R"({"changed":[{"member":"isProd","was":"true","now":"false"},{"member":"metadata"}]})");
    // What isProd alone decides is told too.
    w.send("POST", "/v1/x/environments", R"({"name":"d","id":"dev"})");
    CHECK(noted("/v1/environments/dev", R"({"isProd":true})") ==
          R"({"changed":[{"member":"isProd","was":"false","now":"true"},)"
          R"({"member":"reveal","was":"allowed","now":"never"}]})");
    // Of a refusal what was tried.
    w.know("admin", {{.as = http::role::environment_admin, .environment = "prod"}});
    check_error(w.send("PATCH", x, R"({"reveal":"allowed"})", "admin"), 403);
    CHECK(w.audit->records.back().details ==
          R"({"changed":[{"member":"reveal","now":"allowed"}]})");
}

TEST_CASE("x/environments: one that can't be opened is told as such, and hides no other") {
    coffer::options how;
    how.serve_stale_for = std::chrono::milliseconds(0);
    api_world w(how);
    const auto e = w.new_environment();
    const auto s = w.new_space(e);
    w.put(at(e), "A", "v");
    w.put(at(e, s), "B", "v");
    w.know("customer", {{.as = http::role::space_admin, .environment = e, .space = s}});
    const auto all = w.get("/v1/x/environments");
    CHECK(all.text("names") == "1");
    CHECK(all.text("spaces") == "1");
    CHECK(all.text("rights").find("keys") != std::string::npos);
    const auto seen = w.get("/v1/x/environments", "customer");
    CHECK(seen.text("id") == e); // needed to find the way to the space
    CHECK(seen.text("rights") == "[]");
    CHECK(seen.text("names") == "(absent)");
    w.know("stranger", {{.as = http::role::space_admin, .environment = "other", .space = s}});
    CHECK(w.get("/v1/x/environments", "stranger").data().as_array().empty());
    const auto f = w.new_environment("two");
    REQUIRE(w.vault->status(e).has_value());
    w.store.lose_last();
    coffer::detail::sleep_for(std::chrono::milliseconds(5)); // beyond serve_stale_for
    const auto some = w.get("/v1/x/environments");
    REQUIRE(some.data().as_array().size() == 2);
    for (std::size_t i = 0; i < 2; ++i)
        CHECK(some.text("state", i) == (some.text("id", i) == e ? "unavailable" : "(absent)"));
    CHECK(w.get("/v1/environments").data().as_array().size() == 2);
    const auto t = w.new_space(f);
    CHECK(w.get("/v1/environments").header("x-coffer-stale") == "1");
    CHECK(w.get("/v1/spaces").data().as_array().size() == 1);
    CHECK(w.get("/v1/spaces").header("x-coffer-stale") == "1"); // some may be missing
    CHECK(w.get("/v1/secrets?spaceId=" + t).status() == 200);
    check_error(w.get("/v1/secrets?spaceId=elsewhere"), 503); // it might be where nobody can look
}

TEST_CASE("x/spaces: a search that finds none tells the nearest name or id that may be listed") {
    api_world w;
    const auto e = w.new_environment();
    const auto query = w.query(at(e));
    for (int n = 0; n < 120; ++n)
        w.send("POST", "/v1/x/spaces" + query,
               R"({"name":"Customer )" + std::to_string(n) + R"(","id":"c)" + std::to_string(n) +
                   "\"}");
    w.send("POST", "/v1/x/spaces" + query, R"({"name":"Zürich Süd","id":"tenant-zrh"})");
    w.send("POST", "/v1/x/spaces" + query, R"({"name":"Globex","id":"globex"})");
    const auto nearest = [&](const std::string& search, std::string_view token = api_world::full) {
        const auto r = w.get("/v1/x/spaces" + query + search, token);
        CHECK(r.status() == 200);
        CHECK(r.data().as_array().empty());
        return reply::text_of(r.body.as_object(), "nearest");
    };
    CHECK(nearest("&search=zurich") == "Zürich Süd"); // behind the first hundred
    CHECK(nearest("&search=tennat-zrh") == "tenant-zrh");
    CHECK(nearest("&search=qqqqqqqq") == "(absent)");
    // One space is asked for, not looked for.
    CHECK(nearest("&search=globx&spaceId=globex") == "(absent)");
    CHECK(nearest("&search=&spaceId=elsewhere") == "(absent)");
    CHECK(nearest("&search=globx") == "Globex");
    w.know("customer", {{.as = http::role::space_admin, .environment = e, .space = "tenant-zrh"}});
    CHECK(nearest("&search=globx", "customer") == "(absent)"); // it may not know of that one
    CHECK(nearest("&search=zurich", "customer") == "Zürich Süd");
    const auto found = w.get("/v1/x/spaces" + query + "&search=globex");
    CHECK(found.data().as_array().size() == 1);
    CHECK(reply::text_of(found.body.as_object(), "nearest") == "(absent)");
    // Found, on another page.
    const auto beyond = w.get("/v1/x/spaces" + query + "&search=globex&pageNumber=2");
    CHECK(reply::text_of(beyond.body.as_object(), "nearest") == "(absent)");
}

TEST_CASE("x/spaces: made, renamed, searched, counted and removed") {
    api_world w;
    const auto e = w.new_environment();
    const auto query = w.query(at(e));
    const auto made = w.send("POST", "/v1/x/spaces" + query, R"({"name":"Acme GmbH","id":"acme"})");
    CHECK(made.text("id") == "acme");
    const auto other = w.send("POST", "/v1/x/spaces" + query, R"({"name":"Globex"})").text("id");
    check_error(w.send("POST", "/v1/x/spaces" + query, R"({"name":"x","id":"acme"})"), 409);
    check_error(w.send("POST", "/v1/x/spaces" + query, R"({"name":""})"), 400);
    check_error(w.send("POST", "/v1/x/spaces", R"({"name":"x"})"), 400);
    w.put(at(e, "acme"), "A", "v");
    w.send("POST", "/v1/x/secret/hide" + w.query(at(e, "acme"), "B"));
    w.send("PUT", "/v1/x/requirements" + query,
           R"({"requirements":{"app":[{"name":"C"},{"name":"B"}]}})");
    const auto listed = w.get("/v1/x/spaces" + query);
    CHECK(listed.data().as_array().size() == 2);
    CHECK(listed.text("own") == "1");
    CHECK(listed.text("hidden") == "1");
    CHECK(listed.text("missing") == "1");
    CHECK(shown(listed.body.at("pagination")) ==
          R"({"currentPage":1,"pageCount":1,"totalCount":2})");
    CHECK(w.get("/v1/x/spaces" + query + "&search=gmbh").text("id") == "acme");
    CHECK(w.get("/v1/x/spaces" + query + "&search=ACM").text("id") == "acme");
    CHECK(w.get("/v1/x/spaces" + query + "&search=zz").data().as_array().empty());
    CHECK(w.get("/v1/x/spaces" + query + "&spaceId=" + other).data().as_array().size() == 1);
    CHECK(w.get("/v1/x/spaces" + query + "&pageSize=1&pageNumber=2").text("id") == other);
    w.know("customer", {{.as = http::role::space_admin, .environment = e, .space = "acme"}});
    const auto customers = w.get("/v1/x/spaces" + query, "customer");
    CHECK(customers.data().as_array().size() == 1);
    CHECK(reply::text_of(customers.body.as_object(), "generation") ==
          std::to_string(w.vault->status(e).value().generation));
    const auto space = w.query(at(e, "acme"));
    CHECK(w.send("PATCH", "/v1/x/spaces" + space, R"({"name":"Acme AG"})").text("name") ==
          "Acme AG");
    CHECK(w.get("/v1/spaces/acme").text("name") == "Acme AG");
    check_error(w.send("DELETE", "/v1/x/spaces" + space, {}, "customer"), 403);
    CHECK(w.send("DELETE", "/v1/x/spaces" + space).status() == 200);
    check_error(w.send("DELETE", "/v1/x/spaces" + space), 404);
}

TEST_CASE("x/requirements: kept as they were given") {
    api_world w;
    const auto e = w.new_environment();
    const auto path = "/v1/x/requirements" + w.query(at(e));
    CHECK(w.get(path).text("requirements") == "{}");
    const std::string given =
        R"({"requirements":{"app":[{"name":"A","pattern":"^x$"},{"name":"B"}]}})";
    CHECK(shown(w.send("PUT", path, given).data()) == given);
    const auto kept = w.get(path);
    CHECK(R"({"requirements":)" + kept.text("requirements") + "}" == given);
    CHECK(kept.text("generation") == std::to_string(w.vault->status(e).value().generation));
    CHECK(w.get("/v1/environments/" + e).text("name") == "one");
    for (const char* wrong :
         {"{}", R"({"requirements":[]})", R"({"requirements":{"app":{}}})",
          R"({"requirements":{"app":["A"]}})", R"({"requirements":{"app":[{"name":""}]}})",
          R"({"requirements":{"app":[{"name":"A","pattern":7}]}})",
          R"({"requirements":{"app":[{"name":"A","pattern":"("}]}})",
          R"({"requirements":{"app":[{"name":"B"},{"name":"A","pattern":"(a)\\1"}]}})",
          R"({"requirements":{"app":[{"name":"A","pattern":"((a{255}){255}){255}"}]}})",
          R"({"requirements":{},"was":[]})"})
        check_error(w.send("PUT", path, wrong), 400);
}

TEST_CASE("x/requirements: what replaces another document than is there now changes nothing") {
    api_world w;
    const auto path = "/v1/x/requirements" + w.query(at(w.new_environment()));
    CHECK(w.send("PUT", path, R"({"requirements":{"a":[{"name":"A"}]},"was":{}})").status() == 200);
    check_error(w.send("PUT", path, R"({"requirements":{"b":[{"name":"B"}]},"was":{}})"), 409);
    CHECK(w.get(path).text("requirements") == R"({"a":[{"name":"A"}]})");
    CHECK(w.send("PUT", path, R"({"requirements":{},"was":{"a":[{"name":"A"}]}})").status() == 200);
    CHECK(w.get(path).text("requirements") == "{}");
}

TEST_CASE("x/matrix: who may write in one space alone is told in which") {
    api_world w;
    const auto e = w.new_environment();
    const auto acme = w.new_space(e);
    const auto bolt = w.new_space(e);
    for (const auto& space : {acme, bolt})
        REQUIRE(w.put(at(e, space), "A", "v").status() == 200);
    w.know("mixed", {{.as = http::role::auditor, .environment = e},
                     {.as = http::role::space_admin, .environment = e, .space = acme}});
    const auto m = w.get("/v1/x/matrix?environmentId=" + e, "mixed");
    REQUIRE(m.status() == 200);
    for (const auto& space : m.data().at("spaces").as_array())
        CHECK(space.as_object().contains("write") == (space.at("id").as_string() == acme));
    const auto full = w.get("/v1/x/matrix?environmentId=" + e);
    CHECK_FALSE(full.data().at("spaces").as_array().front().as_object().contains("write"));
}

TEST_CASE("x/matrix: what differs, by place, and all of it when asked") {
    api_world w;
    const auto e = w.new_environment();
    const auto query = w.query(at(e));
    for (const char* id : {"s1", "s2", "s3"}) {
        w.send("POST", "/v1/x/spaces" + query,
               object({{"name", std::string("space ") + id}, {"id", id}}));
        coffer::detail::sleep_for(std::chrono::milliseconds(2));
    }
    w.put(at(e), "A", "1");
    w.put(at(e), "B", "1");
    w.put(at(e), "SAME", "1");
    w.put(at(e, "s1"), "A", "2");
    w.put(at(e, "s3"), "OWN", "3");
    w.send("POST", "/v1/x/secret/hide" + w.query(at(e, "s3"), "B"));
    coffer::detail::sleep_for(std::chrono::milliseconds(2));
    w.put(at(e), "A", "3");
    const auto m = w.get("/v1/x/matrix" + query);
    CHECK(m.text("spaces") == R"([{"id":"s1","name":"space s1"},{"id":"s3","name":"space s3"}])");
    CHECK(m.text("names") == R"(["A","B","OWN"])");
    CHECK(m.text("cells") == R"([[0,0,"overridden",1,1],[1,1,"hidden",1,0],[1,2,"own",1,0]])");
    CHECK(m.text("parent") ==
          R"([{"state":"value","version":2},{"state":"value","version":1},null])");
    CHECK(m.text("totals") == R"({"spaces":3,"names":4,"over":1,"hidden":1})");
    CHECK(has(m.text("rights"), "\"write\""));
    const auto all = w.get("/v1/x/matrix" + query + "&all=1");
    CHECK(all.row().at("spaces").as_array().size() == 3);
    CHECK(all.text("names") == R"(["A","B","OWN","SAME"])");
    CHECK(all.text("cells") == R"([[0,0,"overridden",1,1],[2,1,"hidden",1,0],[2,2,"own",1,0]])");
}

TEST_CASE("x/matrix: how the environment itself has a name, what a program lacks there once") {
    api_world w;
    const auto e = w.new_environment();
    const auto query = w.query(at(e));
    w.send("POST", "/v1/x/spaces" + query, R"({"name":"one","id":"s1"})");
    w.send("POST", "/v1/x/spaces" + query, R"({"name":"two","id":"s2"})");
    const std::string ended = R"({"value":"v","expiresAt":"2001-01-01T00:00:00Z"})";
    w.send("PUT", "/v1/x/secret" + w.query(at(e), "ENDED"), ended);
    w.put(at(e), "HERE", "1");
    w.send("PUT", "/v1/x/secret" + w.query(at(e, "s1"), "HERE"), ended);
    w.send("PUT", "/v1/x/requirements" + query,
           R"({"requirements":{"app":[{"name":"LACKED"},{"name":"HERE"}]}})");
    const auto m = w.get("/v1/x/matrix" + query);
    CHECK(m.text("names") == R"(["HERE","LACKED"])");
    CHECK(m.text("parent") == R"([{"state":"value","version":1},{"state":"missing"}])");
    CHECK(m.text("cells") == R"([[0,0,"expired",1,0]])");
    CHECK(m.text("totals") == R"({"spaces":2,"names":3,"over":1,"hidden":0})");
    // One of the spaces gets it: that is what differs.
    w.put(at(e, "s2"), "LACKED", "v");
    const auto all = w.get("/v1/x/matrix" + query + "&all=1");
    CHECK(all.text("names") == R"(["ENDED","HERE","LACKED"])");
    CHECK(all.text("parent") == R"([{"state":"expired","version":1},{"state":"value","version":1},)"
                                R"({"state":"missing"}])");
    CHECK(all.text("cells") == R"([[0,1,"expired",1,0],[1,2,"own",1,0]])");
    w.put(at(e), "LACKED", "v");
    w.send("DELETE", "/v1/x/secret" + w.query(at(e), "LACKED"));
    CHECK(has(w.get("/v1/x/matrix" + query).text("parent"), R"({"state":"missing"})"));
}

TEST_CASE("x/environments: how many names there are is told to who may list them") {
    api_world w;
    const auto e = w.new_environment();
    const auto space = w.new_space(e);
    w.put(at(e), "A", "v");
    w.know("space", {{.as = http::role::space_admin, .environment = e, .space = space}});
    const auto row = [&](std::string_view token) {
        const auto all = w.get("/v1/x/environments", token);
        for (const auto& one : all.data().as_array())
            if (one.as_object().at("id").as_string() == e) return one.as_object();
        return json::object();
    };
    CHECK(row(w.full).at("names").as_int64() == 1);
    const auto seen = row("space");
    CHECK(seen.at("spaces").as_int64() == 1);
    CHECK_FALSE(seen.contains("names"));
}

TEST_CASE("x/keys: which key seals what, for who may know") {
    api_world w;
    const auto e = w.new_environment();
    const auto other = w.new_environment();
    const auto query = w.query(at(e));
    const auto before = w.get("/v1/x/keys" + query);
    const auto wraps = before.text("kekId"); // known by what is under it alone
    CHECK_FALSE(has(before.raw.body, R"("state")"));
    CHECK_FALSE(has(before.raw.body, R"("kept")"));
    w.service->parts().keks = [&] {
        return std::vector<http::kek_facts>{
            {wraps, "decrypt_only", 1'700'000'000'000, {"coffer.system", e, other}},
            {"kek-new", "active", 1'700'000'000'000, {e}},
            {"kek-others", "disabled", 0, {other}},
            {"kek-rest", "active", 0, {"*"}}};
    };
    w.service->parts().keys_kept = "file";
    const auto all = w.get("/v1/x/keys");
    CHECK(all.text("kekId") == wraps);
    CHECK(all.text("state") == "decrypt_only");
    CHECK(all.text("createdAt") == "2023-11-14T22:13:20.000Z");
    for (const std::string_view id :
         {std::string_view(e), std::string_view(other), std::string_view("coffer.system")})
        CHECK(has(all.text("environments"), id));
    CHECK(has(all.raw.body, R"("kept":"file")"));
    CHECK(has(all.raw.body, R"("kekId":"kek-others")"));
    CHECK(has(all.raw.body, R"("kekId":"kek-rest")"));
    // Of one environment: what is under its keys, and the keys that may speak for it.
    const auto own = w.get("/v1/x/keys" + query);
    CHECK(has(own.raw.body, R"("kekId":"kek-new","state":"active")"));
    CHECK_FALSE(has(own.raw.body, other));
    CHECK_FALSE(has(own.raw.body, "kek-others"));
    CHECK_FALSE(has(own.raw.body, "kek-rest")); // others name it
    CHECK(w.audit->records.back().where.environment == e);
    check_error(w.get("/v1/x/keys?environmentId=us_env_none"), 404);
    check_error(w.get("/v1/x/keys?environmentId=coffer.system"), 404);
    w.know("admin", {{.as = http::role::environment_admin, .environment = e}});
    check_error(w.get("/v1/x/keys", "admin"), 403);
    check_error(w.get("/v1/x/keys" + query, "admin"), 403);
    check_error(w.get("/v1/x/keys" + w.query(at(other)), "admin"), 404);
}

TEST_CASE("x/keys: what can't be read is told, and its keys all the same") {
    coffer::options how;
    how.recheck_keys_after = std::chrono::milliseconds(0);
    api_world w(how);
    const auto e = w.new_environment();
    const auto query = w.query(at(e));
    const auto kek = w.keys.rotate(e).value().to;
    REQUIRE(w.send("POST", "/v1/x/keys/rewrap" + query).status() == 200);
    REQUIRE(w.keys.set_state(kek, coffer::keyring::kek_state::disabled));
    w.service->parts().keks = [&] {
        return std::vector<http::kek_facts>{{kek, "disabled", 0, {e}}};
    };
    CHECK(has(w.get("/v1/x/secrets" + query).raw.body, R"("code":"key_disabled")"));
    const auto keys = w.get("/v1/x/keys" + query);
    CHECK(keys.raw.status == 200);
    CHECK(keys.text("state") == "disabled");
    CHECK(has(keys.raw.body, R"("unread":[{"id":")" + e + R"(","error":"key_disabled"}])"));
}

TEST_CASE("x/environments: of one whose key is disabled it is told what it held when it was read") {
    coffer::options how;
    how.recheck_keys_after = std::chrono::milliseconds(0);
    api_world w(how);
    const auto e = w.new_environment();
    w.new_space(e);
    const auto kek = w.keys.rotate(e).value().to;
    REQUIRE(w.send("POST", "/v1/x/keys/rewrap" + w.query(at(e))).status() == 200);
    w.put(at(e), "A", "1");
    w.put(at(e), "B", "1");
    const auto row = [&] {
        const auto all = w.get("/v1/x/environments");
        for (const auto& one : all.data().as_array())
            if (one.as_object().at("id").as_string() == e) return one.as_object();
        return json::object();
    };
    CHECK(row().at("names").as_int64() == 2);
    REQUIRE(w.keys.set_state(kek, coffer::keyring::kek_state::disabled));
    const auto told = row();
    CHECK(reply::text_of(told, "state") == "key_disabled");
    CHECK(told.at("names").as_int64() == 2);
    CHECK(told.at("spaces").as_int64() == 1);
}

TEST_CASE("x/keys: DEKs under the active KEK, and new ones, while all stays readable") {
    api_world w;
    const auto e = w.new_environment();
    w.put(at(e), "A", "1");
    const auto query = w.query(at(e));
    const auto first = w.get("/v1/x/keys" + query).text("kekId");
    const auto rewrapped = w.send("POST", "/v1/x/keys/rewrap" + query);
    CHECK(rewrapped.raw.status == 200);
    CHECK(rewrapped.text("kekId") == first);
    CHECK(rewrapped.text("deks") == "0");
    CHECK(rewrapped.text("environmentId") == e);

    const auto rotated = w.send("POST", "/v1/x/keys/rotate-dek" + query);
    CHECK(rotated.text("dek") == "2");
    CHECK(rotated.text("finished") == "true");
    CHECK(rotated.text("resumed") == "false");
    CHECK(rotated.text("more") == "false");
    CHECK(rotated.text("resealed") == "2"); // A, and the environment's own metadata
    CHECK(rotated.text("damaged") == "0");
    CHECK(w.get("/v1/x/keys" + query).text("environments").find(R"("dek":2)") != std::string::npos);
    CHECK(w.get("/v1/secrets" + query).raw.body.find(R"("value":"1")") != std::string::npos);
    CHECK(w.audit->records.back().action == "secrets.read");
    CHECK(w.audit->records.at(w.audit->records.size() - 3).action == "keys.rotate");
    CHECK(w.audit->records.at(w.audit->records.size() - 3).count == 2);

    // All of them, Coffer's own among them, for who has the right everywhere.
    const auto all = w.send("POST", "/v1/x/keys/rewrap");
    CHECK(all.raw.body.find("coffer.system") != std::string::npos);
    CHECK(all.raw.body.find(e) != std::string::npos);
    CHECK(all.raw.body.find("error") == std::string::npos);
    check_error(w.send("POST", "/v1/x/keys/rotate-dek"), 400);
    w.know("admin", {{.as = http::role::environment_admin, .environment = e}});
    check_error(w.send("POST", "/v1/x/keys/rewrap", {}, "admin"), 403);
    check_error(w.send("POST", "/v1/x/keys/rewrap" + query, {}, "admin"), 403);
    check_error(w.send("POST", "/v1/x/keys/rotate-dek" + query, {}, "admin"), 403);
}
