// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <thread>

using namespace coffer_test;

namespace {

const std::string secret = "/v1/x/secret";

struct world : api_world {
    std::string e = new_environment();
    std::string s = new_space(e);
    using api_world::api_world;

    auto set(const coffer::scope& where, std::string_view name, std::string_view body,
             std::string_view token = full) -> reply {
        return send("PUT", secret + query(where, name), body, token);
    }
    auto states(const coffer::scope& where, std::string_view token = full) -> values {
        values out;
        const auto r = get("/v1/x/secrets" + query(where), token);
        REQUIRE(r.status() == 200);
        for (const auto& row : r.data().at("rows").as_array())
            out[reply::text_of(row.as_object(), "name")] = reply::text_of(row.as_object(), "state");
        return out;
    }
    auto one(const coffer::scope& where, std::string_view name, std::string_view token = full)
        -> reply {
        return get(secret + query(where, name), token);
    }
    auto version(const coffer::scope& where, std::string_view name) -> std::string {
        return one(where, name).text("version");
    }
    auto value(const coffer::scope& where, std::string_view name) -> reply {
        return send("POST", secret + "/value" + query(where, name), "{}");
    }
};

auto shown(const json::value& v) -> std::string {
    return json::serialize(v);
}

} // namespace

TEST_CASE("x/secret: a version is told to be yours by the token that made it") {
    api_world w;
    const auto e = w.new_environment();
    w.know("other", http::full_grants());
    REQUIRE(w.put(at(e), "A", "v").status() == 200);
    const auto list = [&](const char* token) {
        return w.get("/v1/x/secrets?environmentId=" + e, token).data().at("rows").at(0).as_object();
    };
    const auto versions = [&](const char* token) {
        return w.get("/v1/x/secret?name=A&environmentId=" + e, token)
            .data()
            .at("versions")
            .as_array();
    };
    CHECK(list("full-token").contains("yours"));
    CHECK_FALSE(list("other").contains("yours"));
    REQUIRE(w.put(at(e), "A", "w", "other").status() == 200);
    CHECK_FALSE(list("full-token").contains("yours"));
    for (const auto& v : versions("other"))
        CHECK(v.as_object().contains("yours") == (v.at("version") == 2));
    for (const auto& v : versions("full-token"))
        CHECK_FALSE(v.as_object().contains("yours"));
}

TEST_CASE("x/secret, x/batch: of a note that two servers change at a time no part is lost") {
    // They look at the store once an hour: each has seen the note as it was before the other's.
    const coffer::options seldom{.recheck_after = std::chrono::hours(1)};
    world w{seldom};
    http::api_options with;
    with.tokens = w.tokens;
    const auto other = make_service(service_vault(w.store, w.keys, seldom), std::move(with));
    const auto e = at(w.e);
    const auto elsewhere = [&](std::string_view method, const std::string& target,
                               std::string_view body) {
        const auto in = w.request_of(method, target, body, w.full);
        return w.read(other->handle(in)).status();
    };
    const auto both = [&](std::string_view name) {
        const auto told = w.one(e, name);
        return told.text("note") + " " + told.text("rotateBy") + " v" + told.text("version");
    };
    const std::string noted = R"({"value":"v","note":"of A"})";
    const std::string dated = R"({"value":"v","rotateBy":"2031-01-31"})";
    for (const char* name : {"A", "B", "C"})
        w.set(e, name, R"({"value":"v"})");
    w.set(e, "C", R"({"value":"w"})");

    // The same value again is no new version: the note alone changes.
    CHECK(elsewhere("PUT", secret + w.query(e, "A"), noted) == 200);
    CHECK(w.set(e, "A", dated).status() == 200);
    CHECK(both("A") == "of A 2031-01-31 v1");

    CHECK(
        elsewhere("POST", "/v1/x/batch" + w.query(e),
                  R"({"set":[{"name":"A","value":"w"},{"name":"B","value":"v","note":"of B"}]})") ==
        200);
    CHECK(w.send("POST", "/v1/x/batch" + w.query(e),
                 R"({"set":[{"name":"A","value":"w","note":"of A, too"},)"
                 R"({"name":"B","value":"x","rotateBy":"2031-01-31"}]})")
              .status() == 200);
    CHECK(both("A") == "of A, too 2031-01-31 v2");
    CHECK(both("B") == "of B 2031-01-31 v2");

    CHECK(elsewhere("PUT", secret + w.query(e, "C"), R"({"value":"x","note":"of C"})") == 200);
    CHECK(w.send("POST", secret + "/rollback" + w.query(e, "C"),
                 R"({"to":1,"rotateBy":"2031-01-31"})")
              .status() == 200);
    CHECK(both("C") == "of C 2031-01-31 v4");

    // What the caller expects is asked all the same, and set again after a removal it is bare.
    CHECK(elsewhere("PUT", secret + w.query(e, "C"), R"({"value":"y","note":"else"})") == 200);
    check_error(w.set(e, "C", R"({"value":"z","note":"mine","ifVersion":4})"), 409);
    CHECK(both("C") == "else 2031-01-31 v5");
    CHECK(elsewhere("DELETE", secret + w.query(e, "C"), {}) == 200);
    CHECK(w.set(e, "C", dated).status() == 200);
    CHECK(both("C") == "(absent) 2031-01-31 v7");
}

TEST_CASE("x/secrets: expiry, confirmation and the hour of the reveals go by one clock") {
    coffer::testing::manual_clock time; // years before the machine's
    http::api_options with;
    with.reveal = http::reveal_mode::reason;
    with.time = &time;
    coffer::options how;
    how.time = &time;
    world w(how, std::move(with));
    const auto e = at(w.e);
    const auto day = http::iso_time(static_cast<std::uint64_t>(time.wall().count()) + 86'400'000);
    w.set(e, "A", object({{"value", "v"}, {"expiresAt", day}}));
    const auto first = [&] {
        return w.send("POST", secret + "/value" + w.query(e, "A"), R"({"version":1})").status();
    };
    CHECK(w.states(e) == values{{"A", "value"}});
    CHECK(w.value(e, "A").text("value") == "v");
    CHECK(first() == 200);

    w.send("PATCH", "/v1/x/environments" + w.query(e), R"({"reveal":"allowed"})");
    w.know("page", http::full_grants(), true);
    w.tokens->all.find("page")->second.confirmed_at = time.boot();
    const auto reveal = [&] {
        return w.send("POST", secret + "/reveal" + w.query(e, "A"), R"({"reason":"why"})", "page")
            .status();
    };
    for (int i = 0; i < 30; ++i)
        CHECK(reveal() == 200);
    CHECK(reveal() == 429);
    time.advance(std::chrono::hours(1));
    CHECK(reveal() == 403); // confirmed an hour ago
    w.tokens->all.find("page")->second.confirmed_at = time.boot();
    CHECK(reveal() == 200);

    time.advance(std::chrono::hours(24));
    CHECK(w.states(e) == values{{"A", "expired"}});
    CHECK(w.value(e, "A").status() == 410);
    CHECK(first() == 410);
}

TEST_CASE("x/secrets: how each name stands in an environment and in a space") {
    world w;
    const auto e = at(w.e);
    const auto s = at(w.e, w.s);
    w.put(e, "INHERITED", "1");
    w.put(e, "OVER", "1");
    w.put(s, "OVER", "2");
    w.put(s, "OWN", "2");
    w.put(e, "HIDDEN", "1");
    CHECK(w.send("POST", secret + "/hide" + w.query(s, "HIDDEN")).status() == 200);
    w.put(e, "GONE", "1");
    CHECK(w.send("DELETE", secret + w.query(e, "GONE")).status() == 200);
    w.set(e, "EXPIRED", R"({"value":"1","expiresAt":"2001-01-01"})");
    CHECK(w.states(e) == values{{"INHERITED", "value"},
                                {"OVER", "value"},
                                {"HIDDEN", "value"},
                                {"GONE", "removed"},
                                {"EXPIRED", "expired"}});
    CHECK(w.states(s) == values{{"INHERITED", "inherited"},
                                {"OVER", "overridden"},
                                {"OWN", "own"},
                                {"HIDDEN", "hidden"},
                                {"EXPIRED", "expired"}});
    for (const char* name : {"INHERITED", "EXPIRED"})
        CHECK(w.one(s, name).text("own") == "false");
    for (const char* name : {"OVER", "OWN", "HIDDEN"})
        CHECK(w.one(s, name).text("own") == "true");
    CHECK(w.one(e, "GONE").text("own") == "false");
    CHECK(w.one(e, "EXPIRED").text("own") == "true");
    w.send("PUT", "/v1/x/requirements" + w.query(e),
           R"({"requirements":{"app":[{"name":"NEEDED"},{"name":"OVER","pattern":"^x"}]}})");
    CHECK(w.states(e).at("NEEDED") == "missing");
    CHECK(w.states(s).at("NEEDED") == "missing");
    CHECK(w.one(s, "OVER").text("requiredBy") == R"(["app"])");
    CHECK(w.one(s, "OWN").text("requiredBy") == "[]");
    const auto all = w.get("/v1/x/secrets" + w.query(s));
    CHECK(all.text("stale") == "false");
    CHECK(all.text("rights").find("\"write\"") != std::string::npos);
    CHECK(all.header("x-request-id").size() == 12);
    CHECK(all.raw.body.find("value\":\"") == http::wiped_text::npos);
    check_error(w.get("/v1/x/secrets"), 400);
    check_error(w.get("/v1/x/secrets?environmentId=nowhere"), 404);
    const auto other = w.new_space(w.new_environment("two"));
    check_error(w.get("/v1/x/secrets" + w.query(at(w.e, other))), 404); // no "as none" here
}

TEST_CASE("x/secrets: an environment's row tells how its spaces use it") {
    world w;
    const auto t = w.new_space(w.e);
    w.new_space(w.e);
    w.put(at(w.e, w.s), "A", "over");
    coffer::detail::sleep_for(std::chrono::milliseconds(2));
    w.put(at(w.e), "A", "v");
    w.send("POST", secret + "/hide" + w.query(at(w.e, t), "A"));
    w.put(at(w.e, w.s, "ann"), "A", "hers");
    const auto row = w.one(at(w.e), "A");
    CHECK(row.text("usedBy") == R"({"inherit":1,"over":1,"hidden":1,"older":1,"personal":1})");
    CHECK(row.text("parent") == "(absent)");
    const auto over = w.one(at(w.e, w.s), "A");
    CHECK(over.text("older") == "true");
    CHECK(over.text("personal") == "1");
    const auto hers = R"([{"actorId":"ann","spaceId":")" + w.s + R"(","state":"value"}])";
    CHECK(over.text("actors") == hers);
    CHECK(row.text("actors") == hers); // of the environment's value too: it is what hers wins over
    CHECK(w.one(at(w.e, t), "A").text("actors") == "(absent)");
    CHECK(over.row().at("parent").at("version").as_int64() == 1);
}

TEST_CASE("x/secret: which layer decides, the versions of the scope's own, and no value") {
    world w;
    const auto e = at(w.e);
    const auto s = at(w.e, w.s);
    w.put(e, "A", "xyzzy-1");
    w.put(s, "A", "xyzzy-2");
    w.put(s, "A", "xyzzy-3");
    w.send("DELETE", secret + w.query(s, "A"));
    const auto r = w.one(s, "A");
    CHECK(r.text("state") == "inherited");
    CHECK(r.text("decides") == "1");
    CHECK(r.text("outcome") == "value");
    CHECK(r.row().at("layers").as_array().size() == 2);
    const auto& versions = r.row().at("versions").as_array();
    REQUIRE(versions.size() == 3);
    CHECK(shown(versions[0].at("state")) == "\"deleted\"");
    CHECK(shown(versions[1].at("version")) == "2");
    CHECK(shown(versions[1].at("setBy")) == "\"name of full-token\"");
    CHECK(r.raw.body.find("xyzzy") == http::wiped_text::npos);
    check_error(w.one(s, "NOWHERE"), 404);
    check_error(w.get(secret + w.query(s)), 400);
    check_error(w.get(secret + w.query(s) + "&name=%ff"), 400);
}

TEST_CASE("x/secret: PUT sets text or bytes up to 64 KiB, with note and expiry") {
    world w;
    const auto e = at(w.e);
    const auto made = w.set(e, "A", R"({"value":"v","note":"why","rotateBy":"2030-01-31"})");
    REQUIRE(made.status() == 200);
    CHECK(made.text("version") == "1");
    CHECK(made.text("changed") == "true");
    CHECK(w.list(e).text("id") == made.text("id"));
    CHECK(w.one(e, "A").text("note") == "why");
    CHECK(w.one(e, "A").text("rotateBy") == "2030-01-31");
    CHECK(w.set(e, "A", R"({"value":"v"})").text("changed") == "false");
    CHECK(w.set(e, "A", R"({"value":"w","rotateBy":""})").text("version") == "2");
    CHECK(w.one(e, "A").text("note") == "why");
    CHECK(w.one(e, "A").text("rotateBy") == "(absent)");
    CHECK(w.set(e, "B", R"({"value":{"base64":"/wA="}})").status() == 200);
    CHECK(w.value(e, "B").text("base64") == "/wA=");
    CHECK(w.value(e, "B").text("value") == "(absent)");
    CHECK(w.set(e, "C", object({{"value", std::string(65536, 'x')}})).status() == 200);
    CHECK(w.value(e, "C").text("value").size() == 65536);
    for (const std::string& wrong :
         {std::string("{}"), std::string(R"({"value":""})"), std::string(R"({"value":7})"),
          std::string(R"({"value":{"base64":"/w="}})"),
          std::string(R"({"value":{"base64":"!!!!"}})"), std::string(R"({"value":"v","note":7})"),
          std::string(R"({"value":"v","rotateBy":"soon"})"),
          std::string(R"({"value":"v","expiresAt":"1970-01-01T00:00:00Z"})"),
          std::string(R"({"value":"v","expiresAt":"2030-02-30"})"),
          std::string(R"({"value":"v","expiresAt":true})"),
          std::string(R"({"value":"v","expiresAt":253402300800000})"),
          std::string(R"({"value":"v","expiresAt":1900000000})"),
          std::string(R"({"value":"v","expiresAt":9223372036854775807})"),
          std::string(R"({"value":"v","ifVersion":-1})"),
          object({{"value", std::string(65537, 'x')}})})
        check_error(w.set(e, "D", wrong), 400);
    CHECK(w.one(e, "D").status() == 404);
    CHECK(w.set(e, "E", R"({"value":"v","expiresAt":"2001-01-01T00:00:00Z"})").status() == 200);
    CHECK(w.list(e).values().count("E") == 0);
    CHECK(w.value(e, "E").status() == 410);
}

TEST_CASE("x/secret: ifVersion expects the scope's own version; a conflict tells what is there") {
    world w;
    const auto e = at(w.e);
    const auto s = at(w.e, w.s);
    w.put(e, "A", "1");
    CHECK(w.set(s, "A", R"({"value":"own","ifVersion":0})").status() == 200);
    const auto again = w.set(s, "A", R"({"value":"mine","ifVersion":0})");
    check_error(again, 409);
    CHECK(shown(again.body.at("code")) == "\"conflict\"");
    CHECK(again.text("version") == "1");
    CHECK(again.text("setBy") == "name of full-token");
    CHECK(w.set(s, "A", R"({"value":"two","ifVersion":1})").text("version") == "2");
    check_error(w.send("DELETE", secret + w.query(s, "A") + "&ifVersion=1"), 409);
    check_error(w.send("DELETE", secret + w.query(s, "A") + "&ifVersion=x"), 400);
    CHECK(w.send("DELETE", secret + w.query(s, "A") + "&ifVersion=2").status() == 200);
    CHECK(w.set(s, "A", R"({"value":"own","ifVersion":0})").status() == 200);
}

TEST_CASE("x/secret: hide, unhide, undelete and roll back") {
    world w;
    const auto s = at(w.e, w.s);
    const auto post = [&](const char* verb, std::string_view body = {}) {
        return w.send("POST", secret + "/" + verb + w.query(s, "A"), body);
    };
    w.put(at(w.e), "A", "above");
    CHECK(post("hide").text("version") == "1");
    CHECK(w.list(s).values().empty());
    CHECK(post("unhide").status() == 200);
    CHECK(w.list(s).values() == values{{"A", "above"}});
    check_error(post("unhide"), 404);
    w.put(s, "A", "one");
    w.put(s, "A", "two");
    w.set(s, "A", R"({"value":"three","note":"of three","rotateBy":"2030-01-31"})");
    CHECK(post("rollback", R"({"to":3})").text("version") == "6");
    CHECK(w.one(s, "A").text("note") == "of three");
    CHECK(post("rollback", R"({"to":3,"note":"of one","rotateBy":""})").text("version") == "7");
    CHECK(w.one(s, "A").text("note") == "of one");
    CHECK(w.one(s, "A").text("rotateBy") == "(absent)");
    check_error(post("rollback", R"({"to":3,"note":7})"), 400);
    CHECK(w.list(s).values() == values{{"A", "one"}});
    check_error(post("rollback", R"({"to":99})"), 404);
    check_error(post("rollback", "{}"), 400);
    w.send("DELETE", secret + w.query(s, "A"));
    CHECK(w.list(s).values() == values{{"A", "above"}});
    CHECK(post("undelete").status() == 200);
    CHECK(w.list(s).values() == values{{"A", "one"}});
    check_error(post("undelete"), 404);
}

TEST_CASE("x/batch: sets and removes, all or nothing") {
    world w;
    const auto e = at(w.e);
    const auto send = [&](std::string_view body) {
        return w.send("POST", "/v1/x/batch" + w.query(e), body);
    };
    w.put(e, "OLD", "v");
    const auto done =
        send(R"({"set":[{"name":"A","value":"1","note":"n"},)"
             R"({"name":"B","value":{"base64":"aGk="},"note":"n"}],"remove":["OLD"]})");
    REQUIRE(done.status() == 200);
    CHECK(done.data().as_array().size() == 3);
    CHECK(done.text("name", 2) == "OLD");
    CHECK(w.list(e).values() == values{{"A", "1"}, {"B", "hi"}});
    CHECK(w.audit->records.back().action == "secrets.read");
    const auto absent = [&](std::string_view body, std::string_view name) {
        const auto r = send(body);
        check_error(r, 404);
        CHECK(reply::text_of(r.data().as_object(), "name") == name);
        CHECK(json::serialize(r.body.at("errors")).find(" here") != std::string::npos);
    };
    absent(R"({"set":[{"name":"C","value":"1"}],"remove":["A","NOWHERE"]})", "NOWHERE");
    absent(R"({"unhide":["B"]})", "B");
    absent(R"({"undelete":["OLD","A"]})", "A");
    const auto at_fault = [&](std::string_view body, std::string_view key) {
        const auto text = json::serialize(send(body).body.at("errors"));
        CHECK(text.find(R"("key":")" + std::string(key) + '"') != std::string::npos);
    };
    at_fault(R"({"set":[{"name":"C","value":"1"},{"name":"D","value":""}]})", "set[1].value");
    at_fault(R"({"set":[{"name":"C","value":"1"}],"hide":["A",7]})", "hide[1]");
    at_fault(R"({"remove":[{"name":"A","ifVersion":"1"}]})", "remove[0].ifVersion");
    for (const char* wrong :
         {"{}", R"({"set":{}})", R"({"set":["A"]})", R"({"set":[{"name":"","value":"v"}]})",
          R"({"set":[{"name":"C","value":""}]})", R"({"remove":[7]})", R"({"remove":[""]})",
          R"({"set":[{"name":"C","value":"1"},{"name":"C","value":"2"}]})",
          R"({"set":[{"name":"C","value":"1"}],"remove":["C"]})",
          R"({"hide":["C"],"unhide":[{"name":"C"}]})", R"({"hide":[{}]})", R"({"unhide":{}})",
          R"({"set":[{"name":"C","value":"1","ifVersion":-1}]})",
          R"({"remove":[{"name":"A","ifVersion":"1"}]})", R"({"remove":["A"],"ifVersion":1})"})
        check_error(send(wrong), 400);
    CHECK(w.list(e).values() == values{{"A", "1"}, {"B", "hi"}});
}

TEST_CASE("x/batch: hides and shows, and each row has a note and an expiry of its own") {
    world w;
    const auto s = at(w.e, w.s);
    const auto send = [&](std::string_view body) {
        return w.send("POST", "/v1/x/batch" + w.query(s), body);
    };
    w.put(at(w.e), "UP", "above");
    w.set(s, "A", R"({"value":"1","note":"kept","rotateBy":"2031-01-02"})");
    const auto done =
        send(R"({"set":[{"name":"A","value":"2"},{"name":"B","value":"3","note":"new"},)"
             R"({"name":"C","value":"4","expiresAt":"2001-01-01T00:00:00Z"}],"hide":["UP"]})");
    REQUIRE(done.status() == 200);
    CHECK(done.text("name", 3) == "UP");
    CHECK(w.list(s).values() == values{{"A", "2"}, {"B", "3"}});
    CHECK(w.one(s, "A").text("note") == "kept");
    CHECK(w.one(s, "A").text("rotateBy") == "2031-01-02");
    CHECK(w.one(s, "B").text("note") == "new");
    CHECK(send(R"({"unhide":[{"name":"UP","ifVersion":1}],"remove":["B"]})").status() == 200);
    CHECK(w.list(s).values() == values{{"A", "2"}, {"UP", "above"}});
    CHECK(send(R"({"undelete":[{"name":"B","ifVersion":0}]})").status() == 200);
    CHECK(w.list(s).values() == values{{"A", "2"}, {"B", "3"}, {"UP", "above"}});
}

TEST_CASE("x/batch: each row expects a version of its own, and a conflict says where and what is") {
    world w;
    const auto e = at(w.e);
    w.put(e, "A", "1");
    w.put(e, "B", "1");
    w.put(e, "B", "2");
    const auto send = [&](int a, int b, int c) {
        const auto n = [](int version) { return std::to_string(version); };
        return w.send("POST", "/v1/x/batch" + w.query(e),
                      R"({"set":[{"name":"A","value":"x","ifVersion":)" + n(a) +
                          R"(},{"name":"C","value":"x","ifVersion":)" + n(c) +
                          R"(}],"remove":[{"name":"B","ifVersion":)" + n(b) + "}]}");
    };
    const auto is_refused = [&](const reply& got, std::string_view name, std::string_view version) {
        check_error(got, 409);
        CHECK(got.text("name") == name);
        CHECK(got.text("version") == version);
    };
    is_refused(send(2, 2, 0), "A", "1");
    is_refused(send(1, 1, 0), "B", "2");
    is_refused(send(1, 2, 1), "C", "0");
    CHECK(w.list(e).values() == values{{"A", "1"}, {"B", "2"}});
    CHECK(send(1, 2, 0).status() == 200);
    CHECK(w.list(e).values() == values{{"A", "x"}, {"C", "x"}});
}

TEST_CASE("The audit log says of a refusal what was tried: name, version, reason, all of a batch") {
    world w;
    w.know("blind", {{.as = http::role::auditor, .environment = w.e}});
    const auto e = w.query(at(w.e));
    const auto tried = [&](std::string_view method, const std::string& path,
                           std::string_view body) -> const http::audit_record& {
        check_error(w.send(method, path, body, "blind"), 403);
        return w.audit->records.back();
    };
    const std::vector<std::string> a{"A"};
    const auto& read = tried("POST", secret + "/value" + e + "&name=A", R"({"version":3})");
    CHECK(read.action == "secret.read");
    CHECK(read.names == a);
    CHECK(read.version == 3);
    const auto& reveal =
        tried("POST", secret + "/reveal" + e + "&name=A", R"({"version":2,"reason":"why"})");
    CHECK(reveal.action == "secret.reveal");
    CHECK(reveal.names == a);
    CHECK(reveal.version == 2);
    CHECK(reveal.reason == "why");
    const auto& batch =
        tried("POST", "/v1/x/batch" + e, R"({"set":[{"name":"B","value":"v"}],"remove":["A"]})");
    CHECK(batch.action == "secrets.change");
    CHECK(batch.names == std::vector<std::string>{"B", "A"});
    CHECK(tried("POST", "/v1/secrets",
                object({{"name", "A"}, {"value", "v"}, {"environmentId", w.e}}))
              .names == a);
    const auto id = w.put(at(w.e), "A", "v").text("id");
    CHECK(tried("DELETE", "/v1/secrets/" + id, "").names == a);
}

TEST_CASE("x/secret/value: the resolved value and where it is from, for who may read") {
    world w;
    w.put(at(w.e), "A", "above");
    w.put(at(w.e, w.s), "B", "one");
    w.put(at(w.e, w.s), "B", "two");
    const auto a = w.value(at(w.e, w.s), "A");
    CHECK(a.text("value") == "above");
    CHECK(a.text("from") == R"({"environmentId":")" + w.e + "\"}");
    const auto old =
        w.send("POST", secret + "/value" + w.query(at(w.e, w.s), "B"), R"({"version":1})");
    CHECK(old.text("value") == "one");
    check_error(w.value(at(w.e), "B"), 404);
    w.know("admin", {{.as = http::role::environment_admin, .reveal = true}});
    check_error(w.send("POST", secret + "/value" + w.query(at(w.e), "A"), "{}", "admin"), 403);
}

TEST_CASE(
    "x/secret/value: of a version that expired, and of a removed or hidden name, as of none") {
    world w;
    const auto e = at(w.e);
    w.know("reads", {{.as = http::role::service, .environment = w.e}});
    w.know("sets", {{.as = http::role::service, .environment = w.e, .write = true}});
    const auto version = [&](std::string_view name, std::string_view token, int number = 1) {
        return w.send("POST", secret + "/value" + w.query(e, name), object({{"version", number}}),
                      token);
    };
    const auto soon = http::iso_time(http::wall_now() + 1);
    w.set(e, "A", object({{"value", "one"}, {"expiresAt", soon}}));
    while (http::wall_now() < http::time_of_iso(soon).value())
        std::this_thread::yield();
    check_error(w.value(e, "A"), 410);
    check_error(version("A", "reads"), 410);
    check_error(version("A", "sets"), 410);
    w.set(e, "A", R"({"value":"two"})");
    check_error(version("A", "reads"), 410);
    CHECK(version("A", "reads", 2).text("value") == "two");
    check_error(version("A", "reads", 3), 404);

    w.put(e, "B", "one");
    w.put(e, "B", "two");
    CHECK(version("B", "reads").text("value") == "one");
    for (const char* how : {"DELETE", "POST"}) {
        w.send(how, secret + (how[0] == 'P' ? "/hide" : "") + w.query(e, "B"));
        for (const int n : {1, 2})
            check_error(version("B", "reads", n), 404);
        CHECK(version("B", "sets").text("value") == "one");
        w.put(e, "B", "three");
        CHECK(version("B", "reads").text("value") == "one");
    }
}

TEST_CASE("x/secret: an expiry is one version's, and comes back with it") {
    world w;
    const auto e = at(w.e);
    const std::string ends = "2100-01-02T03:04:05.000Z";
    w.set(e, "A", object({{"value", "one"}, {"expiresAt", ends}}));
    w.set(e, "A", R"({"value":"two","note":"n"})");
    const auto told = [&] { return w.get(secret + w.query(e, "A")).row(); };
    CHECK_FALSE(told().contains("expiresAt"));
    const auto older = told().at("versions").as_array().at(1).as_object();
    CHECK(reply::text_of(older, "expiresAt") == ends);
    const auto rollback = secret + "/rollback" + w.query(e, "A");
    REQUIRE(w.send("POST", rollback, R"({"to":1})").status() == 200);
    CHECK(reply::text_of(told(), "expiresAt") == ends);
    REQUIRE(w.send("POST", secret + "/hide" + w.query(e, "A")).status() == 200);
    REQUIRE(w.send("POST", secret + "/unhide" + w.query(e, "A")).status() == 200);
    CHECK(reply::text_of(told(), "expiresAt") == ends);
    REQUIRE(w.send("DELETE", secret + w.query(e, "A")).status() == 200);
    REQUIRE(w.send("POST", secret + "/undelete" + w.query(e, "A")).status() == 200);
    CHECK(reply::text_of(told(), "expiresAt") == ends);
    const std::string batch = R"({"set":[{"name":"A","value":"three"}]})";
    REQUIRE(w.send("POST", "/v1/x/batch" + w.query(e), batch).status() == 200);
    CHECK_FALSE(told().contains("expiresAt"));
}

TEST_CASE("x/secret/reveal: flag, mode, policy, reason and a fresh token are all needed") {
    http::api_options with;
    with.reveal = http::reveal_mode::reason;
    world w({}, std::move(with));
    const auto e = at(w.e);
    const auto s = at(w.e, w.s);
    w.put(e, "A", "xyzzy");
    w.know("admin", {{.as = http::role::environment_admin, .environment = w.e, .reveal = true}});
    w.know("page", {{.as = http::role::environment_admin, .environment = w.e, .reveal = true}},
           true);
    w.know("blind", {{.as = http::role::environment_admin, .environment = w.e}});
    const auto ask = [&](const coffer::scope& where, std::string_view token,
                         std::string_view body = R"({"reason":"to compare"})") {
        return w.send("POST", secret + "/reveal" + w.query(where, "A"), body, token);
    };
    const auto told = ask(e, "admin");
    CHECK(told.text("value") == "xyzzy");
    CHECK(w.audit->records.back().action == "secret.reveal");
    CHECK(w.audit->records.back().reason == "to compare");
    CHECK(w.audit->records.back().names == std::vector<std::string>{"A"});
    check_error(ask(e, "admin", "{}"), 400);
    check_error(ask(e, "blind"), 403);
    check_error(ask(s, "admin"), 404); // inherited: not of this scope
    CHECK(shown(ask(e, "page").body.at("code")) == "\"confirm\"");
    w.tokens->all.find("page")->second.confirmed_at =
        coffer::machine_clock().boot() - std::chrono::seconds(1);
    CHECK(ask(e, "page").text("value") == "xyzzy");
    w.tokens->all.find("page")->second.confirmed_at =
        coffer::machine_clock().boot() - std::chrono::minutes(6);
    check_error(ask(e, "page"), 403);
    w.send("PATCH", "/v1/x/environments" + w.query(e), R"({"reveal":"never"})");
    check_error(ask(e, "admin"), 403);
    w.send("PATCH", "/v1/x/environments" + w.query(e), R"({"reveal":"allowed"})");
    for (int i = 1; i < 30; ++i)
        CHECK(ask(e, "admin").status() == 200);
    const auto limited = ask(e, "admin");
    check_error(limited, 429);
    const auto wait = std::stoul("0" + limited.header("retry-after"));
    CHECK(wait > 0);
    CHECK(wait <= 3600);
    w.audit->works = false;
    CHECK(ask(e, "page").raw.body.find("xyzzy") == http::wiped_text::npos);
    w.audit->works = true;

    world off;
    off.put(at(off.e), "A", "xyzzy");
    check_error(
        off.send("POST", secret + "/reveal" + off.query(at(off.e), "A"), R"({"reason":"r"})"), 501);
}

TEST_CASE("Of the environment a space's admin learns names and states alone") {
    world w;
    w.put(at(w.e), "A", "v");
    w.set(at(w.e), "B", R"({"value":"v","note":"xyzzy-note"})");
    w.put(at(w.e, w.s), "B", "own");
    w.know("customer", {{.as = http::role::space_admin, .environment = w.e, .space = w.s}});
    CHECK(w.states(at(w.e, w.s), "customer") == values{{"A", "inherited"}, {"B", "overridden"}});
    const auto a = w.one(at(w.e, w.s), "A", "customer");
    CHECK(a.text("version") == "(absent)");
    CHECK(a.text("setBy") == "(absent)");
    CHECK(a.text("id") == "(absent)");
    const auto b = w.one(at(w.e, w.s), "B", "customer");
    CHECK(b.text("version") == "1");
    CHECK(shown(b.row().at("parent")) == R"({"state":"value"})");
    CHECK(b.raw.body.find("xyzzy-note") == http::wiped_text::npos);
    check_error(w.get("/v1/x/secrets" + w.query(at(w.e)), "customer"), 404);
}

TEST_CASE("A token for some names sees, sets and removes no others") {
    world w;
    const auto e = at(w.e);
    const auto other = w.put(e, "OTHER", "v").text("id");
    w.put(e, "SLACK_A", "v");
    w.know("slack",
           {{.as = http::role::service, .environment = w.e, .write = true, .names = {"SLACK_*"}}});
    CHECK(w.list(e, "slack").values() == values{{"SLACK_A", "v"}});
    CHECK(w.states(e, "slack") == values{{"SLACK_A", "value"}});
    check_error(w.one(e, "OTHER", "slack"), 403);
    check_error(w.one(e, "NOWHERE", "slack"), 403); // as if it were there
    check_error(w.put(e, "OTHER", "w", "slack"), 403);
    check_error(w.set(e, "OTHER", R"({"value":"w"})", "slack"), 403);
    check_error(w.send("DELETE", "/v1/secrets/" + other, {}, "slack"), 404);
    check_error(w.send("POST", "/v1/x/batch" + w.query(e),
                       R"({"set":[{"name":"SLACK_B","value":"1"},{"name":"X","value":"1"}]})",
                       "slack"),
                403);
    CHECK(w.put(e, "SLACK_B", "w", "slack").status() == 200);
    CHECK(w.list(e).values() == values{{"OTHER", "v"}, {"SLACK_A", "v"}, {"SLACK_B", "w"}});
}

TEST_CASE("What a token for some names is given counts and tells of no others") {
    world w;
    const auto e = at(w.e);
    const auto path = "/v1/x/requirements" + w.query(e);
    for (const char* name : {"OTHER", "SLACK_A"}) {
        w.put(e, name, "v");
        w.put(at(w.e, w.s), name, "v");
    }
    const std::string given = R"({"requirements":{"app":[{"name":"SLACK_M"},)"
                              R"({"name":"STRIPE_KEY","pattern":"^sk_"}]}})";
    CHECK(w.send("PUT", path, given).status() == 200);
    w.know("slack",
           {{.as = http::role::service, .environment = w.e, .write = true, .names = {"SLACK_*"}}});
    CHECK(w.get(path, "slack").text("requirements") == R"({"app":[{"name":"SLACK_M"}]})");
    // What it can't see it can't replace, nor put there.
    check_error(w.send("PUT", path, R"({"requirements":{}})", "slack"), 403);
    CHECK(R"({"requirements":)" + w.get(path).text("requirements") + "}" == given);
    CHECK(w.send("PUT", path, R"({"requirements":{}})").status() == 200);
    check_error(w.send("PUT", path, given, "slack"), 403);
    CHECK(
        w.send("PUT", path, R"({"requirements":{"app":[{"name":"SLACK_M"}]}})", "slack").status() ==
        200);
    CHECK(w.get("/v1/x/environments", "slack").text("names") == "1");
    const auto space = w.get("/v1/x/spaces" + w.query(e), "slack");
    CHECK(space.text("own") == "1");
    CHECK(space.text("missing") == "1");
}

TEST_CASE("A token for one actor learns of no other") {
    world w;
    w.put(at(w.e), "A", "v");
    for (const char* actor : {"ana", "ben"}) {
        w.put(at(w.e, w.s, actor), "A", "v");
        w.put(at(w.e, {}, actor), "A", "v");
    }
    w.know("ana", {{.as = http::role::service, .environment = w.e, .actor = "ana"}});
    const auto seen = w.one(at(w.e, w.s, "ana"), "A", "ana");
    REQUIRE(seen.status() == 200);
    const auto in = [&](std::string_view space, std::initializer_list<std::string_view> actors) {
        std::string out;
        for (const auto actor : actors)
            out += (out.empty() ? "" : ",") + (R"({"actorId":")" + std::string(actor)) + "\"," +
                   (space.empty() ? "" : R"("spaceId":")" + std::string(space) + "\",") +
                   R"("state":"value"})";
        return out;
    };
    CHECK(seen.text("actors") == "[" + in(w.s, {"ana"}) + "]");
    CHECK(seen.text("personal") == "1");
    CHECK(w.one(at(w.e, w.s), "A").text("actors") == "[" + in(w.s, {"ana", "ben"}) + "]");
    CHECK(w.one(at(w.e), "A").text("actors") ==
          "[" + in({}, {"ana", "ben"}) + "," + in(w.s, {"ana", "ben"}) + "]");
    CHECK(w.one(at(w.e, {}, "ana"), "A", "ana").text("actors") == "[" + in({}, {"ana"}) + "]");
    CHECK(w.one(at(w.e, w.s), "A").text("personal") == "2");
    const auto use = w.get("/v1/x/secrets" + w.query(at(w.e, {}, "ana")), "ana");
    REQUIRE(use.status() == 200);
    CHECK(use.raw.body.find("ben") == http::wiped_text::npos);
}

TEST_CASE("x/secret: of many actors a thousand are told, and all are counted") {
    http::api_options with;
    with.most.actors = 0;
    world w({}, with);
    w.put(at(w.e), "A", "v");
    std::size_t made = 0;
    for (; made <= http::x::most_told_actors; ++made)
        w.put(at(w.e, w.s, "u" + std::to_string(made)), "A", "v");
    const auto row = w.one(at(w.e), "A");
    CHECK(row.row().at("actors").as_array().size() == http::x::most_told_actors);
    CHECK(row.text("usedBy").find(R"("personal":)" + std::to_string(made)) != std::string::npos);
}

TEST_CASE("Who may not know a value is not told that they guessed it, by whatever name they go") {
    world w;
    const auto e = at(w.e);
    w.know("ana", {{.as = http::role::environment_admin, .environment = w.e}});
    w.know("guesser", {{.as = http::role::environment_admin, .environment = w.e}});
    w.tokens->all["guesser"].name = w.tokens->all["ana"].name;
    w.know("reader", {{.as = http::role::service, .environment = w.e, .write = true}});
    CHECK(w.set(e, "PIN", R"({"value":"4711"})", "ana").text("version") == "1");
    const auto guess = w.set(e, "PIN", R"({"value":"4711"})", "guesser");
    CHECK(guess.text("changed") == "true");
    CHECK(guess.text("version") == "2");
    const auto batch = w.send("POST", "/v1/x/batch" + w.query(e),
                              R"({"set":[{"name":"PIN","value":"4711"}]})", "guesser");
    CHECK(batch.text("changed") == "true");
    CHECK(w.put(e, "PIN", "4711", "guesser").status() == 200);
    CHECK(w.version(e, "PIN") == "4");
    // A repetition by who may know it is none, so that what is sent twice is written once.
    CHECK(w.set(e, "PIN", R"({"value":"4711"})", "reader").text("version") == "5");
    CHECK(w.set(e, "PIN", R"({"value":"4711"})", "reader").text("changed") == "false");
    CHECK(w.put(e, "PIN", "4711", "reader").status() == 200);
    CHECK(w.version(e, "PIN") == "5");
}

TEST_CASE("x/values: a name that is asked for many times is answered once") {
    world w;
    const auto e = at(w.e);
    w.put(e, "A", "v");
    w.put(e, "B", "v");
    const auto r = w.send("POST", "/v1/x/values" + w.query(e), R"({"names":["B","A","B","B"]})");
    REQUIRE(r.status() == 200);
    CHECK(r.data().at("rows").as_array().size() == 2);
    CHECK(w.audit->records.back().names == std::vector<std::string>{"A", "B"});
}

TEST_CASE("x/values: the audit log has names that the token may know of, and not too many") {
    world w;
    w.know("some", {{.as = http::role::service, .environment = w.e, .names = {"A*"}}});
    const auto ask = [&](const std::vector<std::string>& names) -> const http::audit_record& {
        json::object body;
        for (const auto& name : names)
            (body["names"].is_array() ? body["names"].get_array() : body["names"].emplace_array())
                .push_back(json::value(name));
        CHECK(w.send("POST", "/v1/x/values" + w.query(at(w.e)), json::serialize(body), "some")
                  .status() == 200);
        CHECK(w.audit->records.back().action == "secrets.read");
        return w.audit->records.back();
    };
    std::vector<std::string> foreign;
    std::vector<std::string> own;
    for (int i = 10; i < 74; ++i) {
        foreign.push_back(std::to_string(i) + std::string(1000, 'X'));
        own.push_back("A" + std::to_string(i) + std::string(97, 'X'));
    }
    CHECK(ask(foreign).names.empty());
    CHECK(ask(foreign).count == 0);
    CHECK(ask(own).names.size() == 10);
    CHECK(ask(own).left_out == 54);
    CHECK(ask(own).count == 64);
    // Those that there are, are told in any case.
    for (int i = 0; i < 12; ++i)
        w.put(at(w.e), own[static_cast<std::size_t>(5 * i + 5)], "v");
    CHECK(ask(own).names.size() == 12 + 10);
    CHECK(ask(own).left_out == 42);
    CHECK(std::ranges::count(ask(own).names, own[60]) == 1);
    foreign.push_back("A");
    CHECK(ask(foreign).names == std::vector<std::string>{"A"});
    // One is always told whole.
    std::string longest = "A";
    for (int i = 0; i < 1023; ++i)
        longest += "\xc3\xa9";
    CHECK(ask({longest}).names == std::vector{longest});
}

TEST_CASE("x/values: the audit log tells giving values from listing names") {
    world w;
    w.know("lister", {{.as = http::role::auditor}});
    w.put(at(w.e), "A", "1");
    w.put(at(w.e), "B", "2");
    const auto action = [&](std::string_view body, std::string_view token) {
        CHECK(w.send("POST", "/v1/x/values" + w.query(at(w.e)), body, token).status() == 200);
        return std::string(w.audit->records.back().action);
    };
    CHECK(action("{}", "full-token") == "secrets.read");
    CHECK(w.audit->records.back().count == 2);
    CHECK(action(R"({"names":["A"]})", "full-token") == "secrets.read");
    CHECK(w.audit->records.back().count == 1);
    CHECK(w.audit->records.back().names == std::vector<std::string>{"A"});
    CHECK(action(R"({"values":false})", "full-token") == "secrets.list");
    CHECK(w.audit->records.back().count == 0);
    CHECK(action("{}", "lister") == "secrets.list"); // it is given none
    const auto tag = w.send("POST", "/v1/x/values" + w.query(at(w.e)), "{}", "full-token").data();
    CHECK(action(R"({"unless":")" + reply::text_of(tag.as_object(), "tag") + R"("})",
                 "full-token") == "secrets.list"); // it has them
    w.know("stranger", {{.as = http::role::service, .environment = "another"}});
    const auto refused = [&](std::string_view body) {
        check_error(w.send("POST", "/v1/x/values" + w.query(at(w.e)), body, "stranger"), 404);
        return std::string(w.audit->records.back().action);
    };
    CHECK(refused("{}") == "secrets.read");
    CHECK(refused(R"({"values":false})") == "secrets.list");
}

TEST_CASE("Every acknowledged change is told: what, where, which; never a value") {
    world w;
    std::vector<std::string> told;
    w.service->parts().changed = [&](const http::secret_change& c) {
        CHECK(c.id.starts_with("us_sec_"));
        told.push_back(std::string(c.what) + " " + std::string(c.name) +
                       (c.where.space.empty() ? "" : " s"));
    };
    const auto e = at(w.e);
    const auto id = w.put(e, "A", "1").text("id");
    w.put(e, "A", "1"); // nothing new
    w.put(e, "A", "2");
    w.set(at(w.e, w.s), "A", R"({"value":"3"})");
    w.send("DELETE", "/v1/secrets/" + id);
    w.send("POST", "/v1/x/batch" + w.query(e), R"({"set":[{"name":"B","value":"1"}]})");
    w.put(e, "", "1");
    CHECK(told == std::vector<std::string>{"created A", "updated A", "created A s", "deleted A",
                                           "created B"});
}

TEST_CASE("A page of another origin, and a body that is not marked as JSON, get nothing from x") {
    world w;
    auto in = w.request_of("GET", "/v1/x/environments", {}, "full-token");
    in.headers.push_back({"origin", "http://127.0.0.1:8460"});
    CHECK(w.service->handle(in).status == 200);
    in.headers.back().value = "http://evil.example";
    CHECK(w.service->handle(in).status == 403);
    in.headers.back().value = "https://127.0.0.1:8460"; // by way of a proxy
    CHECK(w.service->handle(in).status == 200);
    in.secure = true;
    in.headers.back().value = "http://127.0.0.1:8460";
    CHECK(w.service->handle(in).status == 403);
    in.headers.back().value = "null";
    CHECK(w.service->handle(in).status == 403);
    auto put =
        w.request_of("PUT", secret + w.query(at(w.e), "A"), R"({"value":"v"})", "full-token");
    put.headers.pop_back();
    CHECK(w.service->handle(put).status == 415);
    put.headers.push_back({"content-type", "text/plain"});
    CHECK(w.service->handle(put).status == 415);
}
