// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/quotas.hpp>

#include "api_world.hpp"

#include <string>
#include <utility>

using namespace coffer_test;

namespace {

auto few() -> http::api_options {
    http::api_options with;
    with.most = {.names = 3, .actors = 2};
    return with;
}

struct world : api_world {
    std::string e = new_environment();
    std::string s = new_space(e);

    world() : api_world({}, few()) {}

    auto x(std::string_view method, const std::string& what, const coffer::scope& where,
           std::string_view name, std::string_view body = {}) -> reply {
        return send(method, "/v1/x/secret" + what + query(where, name), body);
    }
    auto batch(const coffer::scope& where, std::string_view body) -> reply {
        return send("POST", "/v1/x/batch" + query(where), body);
    }
    void fill(const coffer::scope& where) {
        for (const auto* name : {"A", "B", "C"})
            REQUIRE(put(where, name, "v").status() == 200);
    }
};

void check_full(const reply& r) {
    check_error(r, 400);
    CHECK(reply::text_of(r.body.as_object(), "code") == "too_large");
}

} // namespace

TEST_CASE("A scope has so many names and no more, however one is made") {
    world w;
    w.fill(at(w.e, w.s));
    check_full(w.put(at(w.e, w.s), "D", "v"));
    check_full(w.x("PUT", "", at(w.e, w.s), "D", R"({"value":"v"})"));
    check_full(w.x("POST", "/hide", at(w.e, w.s), "D"));
    check_full(w.batch(at(w.e, w.s), R"({"set":[{"name":"D","value":"v"}],"remove":["A"]})"));
    check_full(w.batch(at(w.e, w.s), R"({"hide":["D"]})"));
    CHECK(w.list(at(w.e, w.s)).values().size() == 3);
    CHECK(w.put(at(w.e), "D", "v").status() == 200); // another scope
    check_full(w.batch(at(w.e), R"({"set":[{"name":"1","value":"v"},{"name":"2","value":"v"},)"
                                R"({"name":"3","value":"v"}]})"));
    CHECK(w.batch(at(w.e), R"({"set":[{"name":"1","value":"v"},{"name":"2","value":"v"}]})")
              .status() == 200);
}

TEST_CASE("In a full scope what is there can be set, hidden, removed and brought back") {
    world w;
    const auto s = at(w.e, w.s);
    w.fill(s);
    CHECK(w.put(s, "A", "2").status() == 200);
    CHECK(w.x("PUT", "", s, "A", R"({"value":"3"})").status() == 200);
    CHECK(w.x("POST", "/rollback", s, "A", R"({"to":1})").status() == 200);
    CHECK(w.x("POST", "/hide", s, "B").status() == 200);
    CHECK(w.x("POST", "/unhide", s, "B").status() == 200);
    CHECK(w.x("DELETE", "", s, "A").status() == 200);
    check_full(w.put(s, "D", "v")); // a removed name keeps its versions, and so its place
    CHECK(w.x("POST", "/undelete", s, "A").status() == 200);
    CHECK(w.x("DELETE", "", s, "A").status() == 200);
    CHECK(w.put(s, "A", "4").status() == 200);
    CHECK(
        w.batch(s, R"({"set":[{"name":"A","value":"5"}],"hide":["B"],"remove":["C"]})").status() ==
        200);
}

TEST_CASE("So many actors have names of their own in a space, in an environment, and no more") {
    world w;
    for (const auto& space : {w.s, std::string()}) {
        CHECK(w.put(at(w.e, space, "a"), "N", "v").status() == 200);
        CHECK(w.put(at(w.e, space, "b"), "N", "v").status() == 200);
        check_full(w.put(at(w.e, space, "c"), "N", "v"));
        CHECK(w.put(at(w.e, space, "a"), "M", "v").status() == 200);
        CHECK(w.put(at(w.e, space), "N", "v").status() == 200);
    }
    CHECK(w.put(at(w.e, w.new_space(w.e), "c"), "N", "v").status() == 200);
}

TEST_CASE("The values of an environment take so many bytes and no more, in whichever space") {
    api_world w;
    const auto e = w.new_environment();
    const auto in_space = at(e, w.new_space(e));
    w.service->parts().most.bytes = w.vault->status(e)->sealed_bytes + 3000;
    const auto set = [&](const coffer::scope& where, std::string_view name, std::size_t bytes) {
        return w.send("PUT", "/v1/x/secret" + w.query(where, name),
                      R"({"value":")" + std::string(bytes, 'v') + R"("})");
    };
    const auto batch = [&](std::size_t each) {
        const std::string value(each, 'v');
        return w.send("POST", "/v1/x/batch" + w.query(at(e)),
                      R"({"set":[{"name":"1","value":")" + value + R"("},{"name":"2","value":")" +
                          value + R"("}]})");
    };
    CHECK(set(at(e), "A", 1500).status() == 200);
    CHECK(set(in_space, "A", 1000).status() == 200);
    check_full(w.put(at(e), "B", std::string(1000, 'v')));
    check_full(set(at(e), "A", 2500));
    check_full(set(in_space, "A", 2000));
    check_full(batch(500));
    CHECK(set(at(e), "A", 1500).status() == 200); // no larger
    CHECK(set(at(w.new_environment()), "A", 2500).status() == 200);
    CHECK(set(in_space, "A", 10).status() == 200);
    CHECK(batch(400).status() == 200);
    check_full(batch(700));
    CHECK(w.send("POST", "/v1/x/secret/hide" + w.query(at(e), "A")).status() == 200);
    CHECK(batch(700).status() == 200);
}

TEST_CASE("A refusal says which limit is reached, what is used of it, and what was too much") {
    world w;
    const auto told = [](const reply& r) {
        check_full(r);
        return reply::text_of(r.body.at("errors").at(0).as_object(), "key") + " " +
               json::serialize(r.body.at("data"));
    };
    w.fill(at(w.e, w.s));
    CHECK(told(w.put(at(w.e, w.s), "D", "v")) == R"(name {"limit":"names","most":3,"used":3})");
    for (const auto* actor : {"a", "b"})
        REQUIRE(w.put(at(w.e, w.s, actor), "A", "v").status() == 200);
    CHECK(told(w.put(at(w.e, w.s, "c"), "A", "v")) ==
          R"(actorId {"limit":"actors","most":2,"used":2})");
    const auto held = w.vault->status(w.e)->sealed_bytes;
    w.service->parts().most.bytes = held;
    const auto bytes = R"(value {"limit":"environmentBytes","most":)" + std::to_string(held);
    CHECK(told(w.put(at(w.e), "N", "v")) == bytes + R"(,"used":)" + std::to_string(held) + "}");
    // Who knows one space alone learns nothing of what the others hold.
    w.know("writer",
           {{.as = http::role::service, .environment = w.e, .space = w.s, .write = true}});
    CHECK(told(w.put(at(w.e, w.s), "A", std::string(500, 'v'), "writer")) == bytes + "}");
}

TEST_CASE("Where any number is taken nothing is refused") {
    http::api_options with;
    with.most = {.names = 0, .actors = 0, .bytes = 0};
    api_world w({}, std::move(with));
    const auto e = w.new_environment();
    for (const auto* name : {"A", "B", "C"})
        for (const auto* actor : {"", "a", "b", "c"})
            CHECK(w.put(at(e, {}, actor), name, "v").status() == 200);
}
