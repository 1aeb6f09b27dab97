// SPDX-License-Identifier: BSL-1.0
#include "api_world.hpp"

#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <thread>

using namespace coffer_test;

namespace {

struct world : api_world {
    std::string e = new_environment();
    std::string s = new_space(e);
    using api_world::api_world;
};
/// A vault that goes by this clock.
auto by(const coffer::clock& time) -> coffer::options {
    coffer::options how;
    how.time = &time;
    return how;
}

const std::string rocket = "\xf0\x9f\x9a\x80";

auto times(std::string_view text, std::size_t n) -> std::string {
    std::string out;
    while (n-- > 0)
        out += text;
    return out;
}

} // namespace

TEST_CASE("A space inherits, overrides for itself alone, and uncovers when its override goes") {
    world w;
    const auto t = w.new_space(w.e);
    const auto above = w.put(at(w.e), "A", "general");
    CHECK(w.list(at(w.e, w.s)).text("id") == above.text("id"));
    CHECK(w.list(at(w.e, w.s)).text("spaceId") == "(absent)");
    const auto own = w.put(at(w.e, w.s), "A", "special");
    CHECK(own.text("id") != above.text("id"));
    CHECK(own.text("spaceId") == w.s);
    CHECK(w.list(at(w.e, w.s)).values() == values{{"A", "special"}});
    CHECK(w.list(at(w.e, t)).values() == values{{"A", "general"}});
    CHECK(w.list(at(w.e)).values() == values{{"A", "general"}});
    w.put(at(w.e), "A", "changed");
    CHECK(w.list(at(w.e, w.s)).values() == values{{"A", "special"}});
    const auto gone = w.send("DELETE", "/v1/secrets/" + own.text("id"));
    CHECK(gone.status() == 200);
    CHECK(gone.text("id") == own.text("id"));
    CHECK(gone.text("value") == "special");
    CHECK(w.list(at(w.e, w.s)).values() == values{{"A", "changed"}});
}

TEST_CASE("The four layers: environment, space, actor, actor in the space") {
    world w;
    w.put(at(w.e), "K", "1");
    w.put(at(w.e, w.s), "K", "2");
    w.put(at(w.e, {}, "ann"), "K", "3");
    const auto top = w.put(at(w.e, w.s, "ann"), "K", "4");
    const auto t = w.new_space(w.e);
    CHECK(w.list(at(w.e)).text("value") == "1");
    CHECK(w.list(at(w.e, w.s)).text("value") == "2");
    CHECK(w.list(at(w.e, {}, "ann")).text("value") == "3");
    CHECK(w.list(at(w.e, t, "ann")).text("value") == "3");
    CHECK(w.list(at(w.e, w.s, "ann")).text("value") == "4");
    CHECK(w.list(at(w.e, w.s, "bob")).text("value") == "2");
    CHECK(w.list(at(w.e, w.s, "ann")).text("actorId") == "ann");
    CHECK(w.list(at(w.e, w.s, std::string(3000, 'x'))).text("value") == "2");
    w.send("DELETE", "/v1/secrets/" + top.text("id"));
    CHECK(w.list(at(w.e, w.s, "ann")).text("value") == "3");
}

TEST_CASE("What GET /v1/secrets is given decides what it answers (contract 7.2)") {
    world w;
    const auto f = w.new_environment("two");
    const auto fs = w.new_space(f);
    w.put(at(w.e), "K", "home");
    w.put(at(f, fs), "K", "away");
    check_error(w.get("/v1/secrets"), 400);
    check_error(w.get("/v1/secrets?environmentId=&spaceId="), 400);
    check_error(w.get("/v1/secrets?actorId=ann"), 400);
    check_error(w.get("/v1/secrets?environmentId=us_env_nowhere"), 404);
    check_error(w.get("/v1/secrets?environmentId=coffer.system"), 404);
    check_error(w.get("/v1/secrets?environmentId=" + w.e + "&spaceId=us_sp_nowhere"), 404);
    check_error(w.get("/v1/secrets?spaceId=us_sp_nowhere"), 404);
    check_error(w.get("/v1/secrets?environmentId=%00"), 404);
    check_error(w.get("/v1/secrets?environmentId=" + std::string(5000, 'e')), 404);
    check_error(w.get("/v1/secrets?environmentId=%ff"), 400);
    check_error(w.get("/v1/secrets?environmentId=%2"), 400);
    CHECK(w.get("/v1/secrets?spaceId=" + fs).values() == values{{"K", "away"}});
    CHECK(w.get("/v1/secrets?spaceId=" + fs).raw.body == w.list(at(f, fs)).raw.body);
    CHECK(w.list(at(w.e, fs)).values() == values{{"K", "home"}});
    CHECK(w.list(at(w.e, fs)).header("x-coffer-space") == "ignored");
    CHECK(w.list(at(f, fs)).header("x-coffer-space").empty());
    CHECK(w.get("/v1/secrets?junk=%zz&environmentId=" + w.e + "&&x").values() ==
          values{{"K", "home"}});
    CHECK(json::serialize(w.list(at(w.new_environment())).body) == R"({"data":[]})");
    CHECK(w.send("DELETE", "/v1/spaces/" + w.s).status() == 200);
    check_error(w.list(at(w.e, w.s)), 404);
    check_error(w.get("/v1/secrets?spaceId=" + w.s), 404);
}

TEST_CASE("The same is served under /api/v1") {
    world w;
    w.put(at(w.e), "K", "v");
    CHECK(w.get("/api/v1/secrets?environmentId=" + w.e).values() == values{{"K", "v"}});
    check_error(w.get("/v1/v1/secrets?environmentId=" + w.e), 404);
}

TEST_CASE("What POST /v1/secrets is given decides what it answers (contract 7.3)") {
    world w;
    const auto f = w.new_environment("two");
    const auto post = [&](std::string_view body) { return w.send("POST", "/v1/secrets", body); };
    const auto with = [&](std::string_view name, const any_json& value) {
        json::object o{{"name", "N"}, {"value", "v"}};
        o["environmentId"] = any_json(w.e).held;
        o[json::string_view(name.data(), name.size())] = value.held;
        return post(json::serialize(o));
    };
    for (const char* member : {"name", "value"}) {
        for (const any_json& wrong : {any_json(nullptr), any_json(""), any_json(7), any_json(true),
                                      any_json(json::array{"x"}), any_json(json::object{{"a", 1}}),
                                      any_json(std::string(1025, 'n'))})
            check_error(with(member, wrong), 400);
        CHECK(with(member, std::string(1024, 'n')).status() == 200);
        CHECK(with(member, times(rocket, 1024)).text(member) == times(rocket, 1024));
        check_error(with(member, times(rocket, 1025)), 400);
    }
    for (const char* member : {"environmentId", "spaceId", "actorId"})
        for (const any_json& wrong : {any_json(7), any_json(true), any_json(json::array{"x"})})
            check_error(with(member, wrong), 400);
    check_error(with("environmentId", nullptr), 400);
    check_error(with("environmentId", ""), 400);
    check_error(with("environmentId", "nowhere"), 404);
    check_error(with("environmentId", "coffer.system"), 404);
    check_error(with("spaceId", "nowhere"), 404);
    check_error(with("spaceId", w.new_space(f)), 404);
    check_error(with("name", std::string("a\0b", 3)), 400);
    CHECK(with("value", std::string("a\0b", 3)).text("value") == std::string("a\0b", 3));
    CHECK(with("spaceId", nullptr).text("spaceId") == "(absent)");
    CHECK(with("spaceId", "").status() == 200);
    CHECK(with("id", "us_sec_mine").text("id") != "us_sec_mine");
    // Invalid before unknown.
    check_error(post(R"({"name":"","value":"v","environmentId":"nowhere"})"), 400);
    // With a space alone, the environment follows.
    const auto by_space =
        post(object({{"name", "B"}, {"value", "v"}, {"spaceId", w.s}, {"environmentId", nullptr}}));
    CHECK(by_space.text("environmentId") == w.e);
    CHECK(by_space.text("spaceId") == w.s);
}

TEST_CASE("Actors have ids of any form, each another one (contract 6)") {
    world w;
    w.put(at(w.e), "N", "everyone");
    const std::string hash = "sha256:" + std::string(64, '0');
    const std::vector<std::string> actors{std::string(255, 'a'),  std::string(256, 'a'),
                                          std::string(3000, 'a'), std::string("a\0b", 3),
                                          std::string("a\0c", 3), hash,
                                          "us_usr_/ ?&%",         times(rocket, 128)};
    std::set<std::string> ids;
    for (std::size_t i = 0; i < actors.size(); ++i) {
        const auto made = w.put(at(w.e, {}, actors[i]), "N", std::to_string(i));
        REQUIRE(made.status() == 200);
        CHECK(made.text("actorId") == actors[i]);
        ids.insert(made.text("id"));
    }
    CHECK(ids.size() == actors.size());
    for (std::size_t i = 0; i < actors.size(); ++i) {
        const auto seen = w.list(at(w.e, {}, actors[i]));
        CHECK(seen.text("value") == std::to_string(i));
        CHECK(seen.text("actorId") == actors[i]);
    }
    CHECK(w.list(at(w.e, {}, std::string(3001, 'a'))).text("value") == "everyone");
    const auto gone = w.list(at(w.e, {}, actors[1])).text("id");
    const auto removed = w.send("DELETE", "/v1/secrets/" + gone);
    CHECK(removed.status() == 200);
    CHECK(removed.text("actorId") == "(absent)"); // not one that nobody sent
    CHECK(w.list(at(w.e, {}, actors[1])).text("value") == "everyone");
    const auto plain = w.list(at(w.e, {}, actors[0])).text("id");
    CHECK(w.send("DELETE", "/v1/secrets/" + plain).text("actorId") == actors[0]);
}

TEST_CASE("A body is one strict JSON object, or 400 (contract 4)") {
    world w;
    const auto head = R"({"environmentId":")" + w.e + R"(",)";
    for (const std::string_view body : {"",
                                        "name=N",
                                        "[]",
                                        "\"N\"",
                                        "null",
                                        "7",
                                        R"({"name":"N","value":"v")",
                                        R"({"name":"N","value":"v",})",
                                        "{'name':'N'}",
                                        R"({"name":"N","value":"v"}{})",
                                        R"({"name":"N","value":"\x41"})",
                                        "{\"name\":\"N\",\"value\":\"a\nb\"}",
                                        R"({"name":"N","value":NaN})",
                                        R"({"name":"N","value":"v"} x)",
                                        R"({"name":"N","value":"\ud83d"})",
                                        R"({"name":"N","value":"\ude80\ud83d"})",
                                        R"({"name":"N","value":"\ud83dx"})",
                                        "{\"name\":\"N\",\"value\":\"\xc0\xaf\"}",
                                        "{\"name\":\"N\",\"value\":\"\xed\xa0\x80\"}",
                                        "{\"name\":\"N\",\"value\":\"\xf4\x90\x80\x80\"}",
                                        "{\"name\":\"N\",\"value\":\"\xe2\x82\"}",
                                        "\xef\xbb\xbf{}",
                                        R"({"name":"N","value":"v",/**/"x":1})"}) {
        INFO(body);
        auto sent = std::string(body);
        if (sent.starts_with("{\"name")) sent = head + sent.substr(1);
        check_error(w.send("POST", "/v1/secrets", sent), 400);
    }
    check_error(w.send("POST", "/v1/secrets", std::string(50'000, '[')), 400);
    check_error(w.send("POST", "/v1/secrets", times("{\"a\":", 50'000)), 400);
    const auto deep = [&](std::size_t n) {
        return head + R"("name":"N","value":"v","x":)" + times("[", n) + times("]", n) + "}";
    };
    CHECK(w.send("POST", "/v1/secrets", deep(20)).status() == 200);
    check_error(w.send("POST", "/v1/secrets", deep(10'000)), 400);
    CHECK(w.send("POST", "/v1/secrets", " \t\r\n" + deep(1) + "\n ").status() == 200);
    CHECK(w.list(at(w.e)).values() == values{{"N", "v"}});
    const auto twice =
        w.send("POST", "/v1/secrets", head + R"("name":"D","value":"1","value":"2"})");
    CHECK(twice.text("value") == "2");
    const auto pair =
        w.send("POST", "/v1/secrets", head + R"("name":"P","value":"\ud83d\ude80\u00e9"})");
    CHECK(pair.text("value") == rocket + "\xc3\xa9");
    // Whatever an unknown member holds is ignored; one that is known must be read.
    const auto odd = head + R"("x":"\ud800","y":{"\udc00":[1e-99999999999]},"name":"O")";
    CHECK(w.send("POST", "/v1/secrets", odd + R"(,"value":"o"})").text("value") == "o");
    for (const char* member : {"value", "name", "spaceId", "actorId"})
        check_error(
            w.send("POST", "/v1/secrets", odd + R"(,"value":"o",")" + member + R"(":"\udfff"})"),
            400);
    const auto space = R"({"environmentId":")" + w.e + R"(","x":"\ud800","name":)";
    CHECK(w.send("POST", "/v1/spaces", space + R"("a"})").status() == 200);
    check_error(w.send("POST", "/v1/spaces", space + R"("\ud800"})"), 400);
}

TEST_CASE("Any text is a name, and values are kept exactly") {
    world w;
    values wanted;
    for (const std::string text :
         {" ", "  padded  ", "a/b?c#d&e=f%41+", "\"quoted\" \\ \\n", "__proto__", "*", "0",
          "\x01\x1f\x7f\xc2\x85", "crlf\r\nlf\ncr\r", "\xef\xbb\xbf", "\xe2\x80\xa8\xe2\x80\xa9",
          "<script>", "{\"a\":[1]}", "Api_Key", "API_KEY"}) {
        CHECK(w.put(at(w.e), text, text).text("name") == text);
        wanted[text] = text;
    }
    CHECK(w.list(at(w.e)).values() == wanted);
    CHECK(w.list(at(w.e, w.s)).values() == wanted);
}

TEST_CASE("Writing a name twice keeps its id; set again after its removal it has another") {
    world w;
    const auto first = w.put(at(w.e), "N", "1");
    const auto second = w.put(at(w.e), "N", "2");
    CHECK(second.text("id") == first.text("id"));
    CHECK(w.send("DELETE", "/v1/secrets/" + first.text("id")).status() == 200);
    check_error(w.send("DELETE", "/v1/secrets/" + first.text("id")), 404);
    const auto third = w.put(at(w.e), "N", "3");
    CHECK(third.text("id") != first.text("id"));
    check_error(w.send("DELETE", "/v1/secrets/" + first.text("id")), 404);
    CHECK(w.list(at(w.e)).values() == values{{"N", "3"}});
}

TEST_CASE("Ids that nobody has are not found, whatever their form") {
    world w;
    const auto known = w.put(at(w.e), "N", "1").text("id");
    for (const std::string& id :
         {std::string("us_sec_doesnotexist0000"), std::string("not%20even%20an%20id"), w.e,
          known + "_gone", known.substr(0, known.size() - 1), "US" + known.substr(2),
          std::string("%00"), std::string("..")})
        check_error(w.send("DELETE", "/v1/secrets/" + id), 404);
    check_error(w.send("DELETE", "/v1/secrets/%ff"), 400);
    check_error(w.send("DELETE", "/v1/secrets/%4"), 400);
    CHECK(w.send("DELETE", "/v1/secrets/" + escaped(known)).status() == 200);
}

TEST_CASE("A hidden name is not found, and its secret can't be removed by its id") {
    world w;
    w.put(at(w.e), "N", "above");
    const auto own = w.put(at(w.e, w.s), "N", "own");
    const auto where = at(w.e, w.s);
    w.vault->hide(where.view(), "N", {}).value();
    CHECK(w.list(where).values().empty());
    check_error(w.send("DELETE", "/v1/secrets/" + own.text("id")), 404);
    CHECK(w.list(where).values().empty());
}

TEST_CASE("Values that are no text are told, not guessed; a damaged one costs its own row") {
    world w;
    w.put(at(w.e), "GOOD", "v");
    const auto where = at(w.e);
    std::vector<coffer::named_value> one;
    one.push_back({"BYTES", {std::byte{0xff}, std::byte{0x00}}});
    w.vault->put_many(where.view(), std::move(one), {}).value();
    const auto listed = w.list(where);
    CHECK(listed.values() == values{{"GOOD", "v"}});
    CHECK(json::serialize(listed.body.at("unrepresentable")) == R"(["BYTES"])");
}

TEST_CASE("A removal tells the value to those alone who may read that name") {
    world w;
    const auto where = at(w.e);
    const auto id = w.put(where, "DB_URL", "hidden").text("id");
    const auto other = w.put(where, "SLACK_TOKEN", "shown").text("id");
    w.know("admin", {{.as = http::role::environment_admin, .environment = w.e},
                     {.as = http::role::service, .environment = w.e, .names = {"SLACK_*"}}});
    CHECK(w.send("DELETE", "/v1/secrets/" + id, {}, "admin").text("value") == "(absent)");
    CHECK(w.send("DELETE", "/v1/secrets/" + other, {}, "admin").text("value") == "shown");
}

namespace {
/// A removal by id, while somebody else writes before its n-th look at the store.
struct raced_removal {
    world w{};
    coffer::any_vault other = coffer_test::service_vault(w.store, w.keys);
    coffer::scope where = at(w.e);
    std::string id = w.put(where, "N", "old").text("id");
    bool raced = false; ///< False: it had no more looks than that.

    void set(std::string_view value) {
        std::vector<coffer::named_value> one;
        one.push_back({"N", coffer::value_ref(value).wiped_copy()});
        other->put_many(where.view(), std::move(one), {}).value();
    }
    auto answer(std::size_t n, const std::function<void()>& meanwhile) -> reply {
        w.store.before_load(n, meanwhile);
        auto gone = w.send("DELETE", "/v1/secrets/" + id);
        raced = !w.store.is_armed();
        w.store.before_load(0, {});
        return gone;
    }
};
} // namespace

TEST_CASE("A removal by id never takes the secret that was set again meanwhile") {
    bool raced = true;
    for (std::size_t n = 1; raced; ++n) {
        raced_removal of;
        const auto gone = of.answer(n, [&] {
            of.other->erase(of.where.view(), "N", {}).value();
            of.set("n");
        });
        raced = of.raced;
        INFO(n);
        if (!raced) { // every load came before it
            CHECK(gone.status() == 200);
            CHECK(of.w.list(of.where).values().empty());
        } else {
            CHECK(of.w.list(of.where).values() == values{{"N", "n"}});
        }
        CHECK(n < 50);
    }
}

TEST_CASE("A removal by id takes what was written over it meanwhile, and answers that value") {
    bool raced = true;
    std::set<std::string> told;
    for (std::size_t n = 1; raced; ++n) {
        raced_removal of;
        const auto gone = of.answer(n, [&] { of.set("new"); });
        raced = of.raced;
        INFO(n);
        REQUIRE(gone.status() == 200);
        const auto versions = of.other->history(of.where.view(), "N").value();
        const auto removal = std::ranges::find(versions, coffer::format::entry_state::deleted,
                                               &coffer::version_info::state);
        REQUIRE(removal != versions.end());
        const auto taken =
            of.other->get_version(of.where.view(), "N", removal->version - 1).value();
        CHECK(gone.text("value") == taken.expose_secret());
        told.insert(gone.text("value"));
        CHECK(n < 50);
    }
    CHECK(told == std::set<std::string>{"new", "old"});
}

TEST_CASE("Of many parallel first writes all get one id; of many removals one succeeds") {
    world w;
    std::vector<std::thread> threads;
    std::vector<std::string> ids(16);
    std::vector<std::string> echoed(16);
    std::vector<unsigned> removed(16);
    const auto all = [&](auto&& f) {
        for (std::size_t i = 0; i < 16; ++i)
            threads.emplace_back([&, i] { f(i); });
        for (auto& t : threads)
            t.join();
        threads.clear();
    };
    const auto body = [&](std::size_t i) {
        return R"({"name":"N","value":"v)" + std::to_string(i) + R"(","environmentId":")" + w.e +
               "\"}";
    };
    all([&](std::size_t i) {
        const auto r = w.read(
            w.service->handle(w.request_of("POST", "/v1/secrets", body(i), api_world::full)));
        ids[i] = r.text("id");
        echoed[i] = r.text("value");
    });
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 1);
    for (std::size_t i = 0; i < 16; ++i)
        CHECK(echoed[i] == "v" + std::to_string(i));
    CHECK(w.list(at(w.e)).values().size() == 1);
    all([&](std::size_t i) {
        removed[i] =
            w.service->handle(w.request_of("DELETE", "/v1/secrets/" + ids[0], {}, api_world::full))
                .status;
    });
    CHECK(std::count(removed.begin(), removed.end(), 200U) == 1);
    CHECK(std::count(removed.begin(), removed.end(), 404U) == 15);
}

TEST_CASE("A refused write changes nothing, and no refusal repeats what it refused") {
    world w;
    w.put(at(w.e), "N", "kept");
    const std::string value = "xyzzy-do-not-repeat";
    for (const auto& body :
         {R"({"name":"","value":")" + value + R"(","environmentId":")" + w.e + "\"}",
          R"({"name":"N","value":")" + value + R"(","environmentId":")" + value + "\"}",
          R"({"name":"N","value":")" + times(value, 60) + R"(","environmentId":")" + w.e + "\"}",
          value, R"({"name":"N","value":[")" + value + R"("],"environmentId":")" + w.e + "\"}"}) {
        const auto r = w.send("POST", "/v1/secrets", body);
        CHECK(r.status() >= 400);
        CHECK(r.raw.body.find("xyzzy") == http::wiped_text::npos);
    }
    CHECK(w.get("/v1/xyzzy/xyzzy?xyzzy=1").raw.body.find("xyzzy") == http::wiped_text::npos);
    CHECK(w.list(at(w.e)).values() == values{{"N", "kept"}});
}

TEST_CASE("A list is served on the connection's own thread where nothing has to wait") {
    coffer::options how;
    how.recheck_after = std::chrono::hours(1);
    world w(how);
    w.put(at(w.e), "N", "v");
    const auto in = w.request_of("GET", "/v1/secrets?environmentId=" + w.e + "&spaceId=" + w.s, {},
                                 "full-token");
    const auto loads = w.store.loads();
    http::api_options with;
    with.tokens = w.tokens;
    http::api quick(w.vault, std::move(with));
    const auto now = quick.try_now(in);
    REQUIRE(now.has_value());
    CHECK(w.store.loads() == loads);
    CHECK(now->body == w.service->handle(in).body);
    CHECK_FALSE(quick.try_now(w.request_of("GET", in.target, {}, "wrong")).has_value());
    // A record that has to wait for the disk makes the request wait: nothing is begun before.
    w.audit->records.clear();
    CHECK_FALSE(w.service->try_now(in).has_value());
    CHECK(w.audit->records.empty());
    // Nor does a long list make others wait. What the two scopes say of themselves counts as well.
    std::vector<coffer::named_value> many;
    for (std::size_t i = 3; i < http::v1::most_names_now; ++i)
        many.push_back({"NAME_" + std::to_string(i), coffer::wiped_bytes(1, std::byte{0x76})});
    REQUIRE(w.vault->put_many({.environment = w.e}, std::move(many), {}));
    CHECK(quick.try_now(in).has_value());
    w.put(at(w.e), "ONE_MORE", "v");
    CHECK_FALSE(quick.try_now(in).has_value());
    CHECK(w.list(at(w.e, w.s)).data().as_array().size() == http::v1::most_names_now - 1);
}

TEST_CASE("A list that is asked for again and again shows what is there now") {
    coffer::testing::manual_clock time;
    world w(by(time));
    w.put(at(w.e), "N", "first");
    w.know("reader", {{.as = http::role::service, .environment = w.e}});
    const auto thrice = [&](std::string_view token) {
        const auto one = w.list(at(w.e, w.s), token);
        CHECK(w.list(at(w.e, w.s), token).raw.body == one.raw.body);
        const auto last = w.list(at(w.e, w.s), token); // the one that was kept
        CHECK(last.raw.body == one.raw.body);
        CHECK(last.status() == one.status());
        CHECK(w.audit->records.back().count == one.data().as_array().size());
        return last.values();
    };
    CHECK(thrice("reader") == values{{"N", "first"}});
    w.put(at(w.e), "N", "second");
    CHECK(thrice("reader") == values{{"N", "second"}});
    w.put(at(w.e, w.s), "N", "the space's");
    CHECK(thrice("reader") == values{{"N", "the space's"}});
    w.vault->hide(at(w.e, w.s).view(), "N", {}).value();
    CHECK(thrice("reader") == values{});

    coffer::write_options expiring;
    expiring.expires = static_cast<std::uint64_t>(time.wall().count()) + 60'000;
    std::vector<coffer::named_value> one;
    one.push_back({"SOON", {std::byte{'s'}}});
    w.vault->put_many(at(w.e).view(), std::move(one), expiring).value();
    CHECK(thrice("reader") == values{{"SOON", "s"}});
    time.advance(std::chrono::seconds(59));
    CHECK(thrice("reader") == values{{"SOON", "s"}});
    time.advance(std::chrono::seconds(1));
    CHECK(thrice("reader") == values{});

    w.put(at(w.e), "OTHER", "o");
    CHECK(thrice("reader") == values{{"OTHER", "o"}});
    w.know("reader", {{.as = http::role::service, .environment = w.e, .names = {"N*"}}});
    CHECK(thrice("reader") == values{});
    CHECK(thrice(w.full) == values{{"OTHER", "o"}});
    w.know("reader", {{.as = http::role::service, .environment = "elsewhere"}});
    check_error(w.list(at(w.e, w.s), "reader"), 404);
}

TEST_CASE("A list that was kept is not given where its request has come to mean another scope") {
    world w;
    const auto other = w.new_environment("other");
    const auto moving = at(w.e, "moving");
    w.vault->create_space(moving.view(), "{}").value();
    w.put(moving, "K", "the first's");
    const auto ask = [&] { return w.get("/v1/secrets?spaceId=moving"); };
    for (int i = 0; i < 3; ++i)
        CHECK(ask().values() == values{{"K", "the first's"}});
    w.vault->remove_space(moving.view()).value();
    w.vault->create_space({.environment = other, .space = "moving"}, "{}").value();
    for (int i = 0; i < 40; ++i) { // past the state of the first in which it was kept
        const auto value = "the other's, " + std::to_string(i);
        w.put(at(other, "moving"), "K", value);
        CHECK(ask().values() == values{{"K", value}});
    }
}

TEST_CASE("A list that was kept is not given on once a key of its values was disabled") {
    coffer::testing::manual_clock time;
    world w(by(time));
    w.put(at(w.e), "A", "under the first key");
    const auto first = w.keys.keks().front().id;
    w.keys.rotate().value();
    const auto stopped = w.vault->rotate_dek(w.e, [](const auto&) { return false; }).value();
    REQUIRE_FALSE(stopped.finished);
    w.put(at(w.e), "B", "under the second"); // and with it the page that lists both
    for (int i = 0; i < 3; ++i)
        CHECK(w.list(at(w.e)).values() ==
              values{{"A", "under the first key"}, {"B", "under the second"}});
    w.keys.set_state(first, coffer::keyring::kek_state::disabled).value();
    time.advance(std::chrono::seconds(2));
    for (int i = 0; i < 3; ++i) {
        const auto refused = w.list(at(w.e));
        CHECK(refused.raw.body.find("under the first key") == http::wiped_text::npos);
        CHECK(refused.raw.body.find("key_disabled") != http::wiped_text::npos);
    }
}

TEST_CASE("While the store is away lists go on, marked; writes are refused") {
    coffer::testing::manual_clock time;
    world w(by(time));
    w.put(at(w.e), "N", "v");
    w.list(at(w.e, w.s));
    const auto away = [&](auto&& request) {
        w.store.away(true);
        auto r = request();
        w.store.away(false);
        return r;
    };
    time.advance(std::chrono::seconds(7));
    const auto stale = away([&] { return w.list(at(w.e, w.s)); });
    CHECK(stale.status() == 200);
    CHECK(stale.values() == values{{"N", "v"}});
    CHECK(json::serialize(stale.body.at("stale")) == "true");
    CHECK(json::serialize(stale.body.at("ageMs")) == "7000");
    CHECK(stale.header("x-coffer-stale") == "1");
    CHECK(stale.header("x-coffer-age-ms") == "7000");
    check_error(away([&] { return w.put(at(w.e), "N", "w"); }), 503);
    CHECK(w.list(at(w.e)).header("x-coffer-stale").empty());
    time.advance(std::chrono::minutes(6));
    check_error(away([&] { return w.list(at(w.e, w.s)); }), 503);
}
