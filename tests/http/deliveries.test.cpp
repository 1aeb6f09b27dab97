// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/deliveries.hpp>

#include "api_world.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <string>
#include <string_view>

using namespace coffer_test;
using coffer::http::role;

namespace {

/// A service with a space and a name in it.
struct delivering_world : api_world {
    std::string e = new_environment();
    std::string s = new_space(e);

    delivering_world() {
        put(at(e), "A", "1");
        put(at(e, s), "A", "2");
    }
    /// What is told of the last deliveries of A: `"list"` or `"name"`.
    auto told(const coffer::scope& where, std::string_view token = full) -> json::object {
        return get("/v1/x/secret" + query(where, "A"), token).row().at("delivered").as_object();
    }
    auto space_row() -> json::object { return get("/v1/x/spaces" + query(at(e))).row(); }
};

} // namespace

TEST_CASE("That a scope's list was given to a program is told of that scope, and by which token") {
    delivering_world w;
    CHECK(w.told(at(w.e, w.s)).empty());
    CHECK_FALSE(w.space_row().contains("deliveredAt"));
    w.know("listener", {{.as = role::service, .environment = w.e}});
    REQUIRE(w.list(at(w.e, w.s, "ann"), "listener").status() == 200);
    const auto told = w.told(at(w.e, w.s));
    CHECK(reply::text_of(told.at("list").as_object(), "by") == "name of listener");
    CHECK(told.at("list").as_object().contains("at"));
    CHECK_FALSE(told.contains("name"));
    CHECK(w.space_row().contains("deliveredAt"));
    CHECK(w.told(at(w.e)).empty()); // the space has a value of its own
    w.know("other", {{.as = role::service, .environment = w.e}});
    REQUIRE(w.send("POST", "/v1/x/values" + w.query(at(w.e, w.s)), "{}", "other").status() == 200);
    CHECK(reply::text_of(w.told(at(w.e, w.s)).at("list").as_object(), "by") == "name of other");
}

TEST_CASE("What a space was given of its environment's values is told of the environment") {
    delivering_world w;
    const auto other = w.new_space(w.e);
    w.know("listener", {{.as = role::service, .environment = w.e}});
    const auto list_of = [&](std::string_view token) {
        return w.told(at(w.e), token).at("list").as_object();
    };
    REQUIRE(w.list(at(w.e, other), "listener").status() == 200);
    CHECK(reply::text_of(list_of(w.full), "spaceId") == other);
    CHECK(reply::text_of(list_of(w.full), "by") == "name of listener");
    // The space has its own until it gives it up; what it was given before that is no delivery.
    const auto after = w.new_space(w.e);
    w.put(at(w.e, after), "A", "3");
    coffer::detail::sleep_for(std::chrono::milliseconds(2));
    REQUIRE(w.list(at(w.e, after), "listener").status() == 200);
    CHECK(reply::text_of(list_of(w.full), "spaceId") == other);
    coffer::detail::sleep_for(std::chrono::milliseconds(2));
    REQUIRE(w.send("DELETE", "/v1/x/secret" + w.query(at(w.e, after), "A")).status() == 200);
    CHECK(reply::text_of(list_of(w.full), "spaceId") == other);
    coffer::detail::sleep_for(std::chrono::milliseconds(2));
    REQUIRE(w.send("POST", "/v1/x/secret/value" + w.query(at(w.e, after), "A"), "{}", "listener")
                .status() == 200);
    const auto by_name = w.told(at(w.e)).at("name").as_object();
    CHECK(reply::text_of(by_name, "spaceId") == after);
    CHECK(reply::text_of(by_name, "version") == "1");
    // The environment itself, later: no space.
    coffer::detail::sleep_for(std::chrono::milliseconds(2));
    REQUIRE(w.list(at(w.e), "listener").status() == 200);
    CHECK_FALSE(list_of(w.full).contains("spaceId"));
}

TEST_CASE("A list that leaves names out, holds no values or is refused is no delivery of a name") {
    delivering_world w;
    w.know("some", {{.as = role::service, .environment = w.e, .names = {"B*"}}});
    w.know("admin", {{.as = role::environment_admin, .environment = w.e}});
    REQUIRE(w.list(at(w.e, w.s), "some").status() == 200);
    REQUIRE(w.list(at(w.e, w.s), "admin").status() == 403);
    const auto values = "/v1/x/values" + w.query(at(w.e, w.s));
    REQUIRE(w.send("POST", values, "{}", "some").status() == 200);
    REQUIRE(w.send("POST", values, "{}", "admin").status() == 200);
    REQUIRE(w.send("POST", values, R"({"values":false})").status() == 200);
    CHECK(w.told(at(w.e, w.s)).empty());
}

TEST_CASE("What was asked for by name is told with its version") {
    delivering_world w;
    w.know("program", {{.as = role::service, .environment = w.e, .names = {"A"}}});
    const auto by_name = [&] { return w.told(at(w.e, w.s)).at("name").as_object(); };
    REQUIRE(w.send("POST", "/v1/x/secret/value" + w.query(at(w.e, w.s), "A"), "{}", "program")
                .status() == 200);
    CHECK(reply::text_of(by_name(), "version") == "1");
    CHECK(reply::text_of(by_name(), "by") == "name of program");
    w.put(at(w.e, w.s), "A", "3");
    CHECK(reply::text_of(by_name(), "version") == "1");
    REQUIRE(w.send("POST", "/v1/x/values" + w.query(at(w.e, w.s)), R"({"names":["A"]})", "program")
                .status() == 200);
    CHECK(reply::text_of(by_name(), "version") == "2");
    CHECK_FALSE(w.told(at(w.e, w.s)).contains("list"));
}

TEST_CASE("Which token was given something is told to those who may see tokens") {
    delivering_world w;
    REQUIRE(w.list(at(w.e, w.s)).status() == 200);
    w.know("space", {{.as = role::space_admin, .environment = w.e, .space = w.s}});
    const auto told = w.told(at(w.e, w.s), "space");
    CHECK(told.at("list").as_object().contains("at"));
    CHECK_FALSE(told.at("list").as_object().contains("by"));
}

TEST_CASE("Of names that were given the newest are kept") {
    http::deliveries all(2);
    const coffer::context where{.environment = "e"};
    for (const std::uint64_t when : {3U, 1U, 2U})
        all.note_name(where, "N" + std::to_string(when), {when, "t", 1});
    CHECK(all.name_of(where, "N1").at == 0);
    CHECK(all.name_of(where, "N2").at == 2);
    CHECK(all.name_of(where, "N3").at == 3);
}

TEST_CASE("What was given in a space that was removed is not told of another of its id") {
    delivering_world w;
    w.know("listener", {{.as = role::service, .environment = w.e}});
    REQUIRE(w.list(at(w.e, w.s), "listener").status() == 200);
    REQUIRE(w.list(at(w.e), "listener").status() == 200);
    CHECK(w.space_row().contains("deliveredAt"));
    REQUIRE(w.send("DELETE", "/v1/spaces/" + w.s).status() == 200);
    REQUIRE(
        w.send("POST", "/v1/x/spaces" + w.query(at(w.e)), object({{"id", w.s}, {"name", "again"}}))
            .status() == 200);
    CHECK_FALSE(w.space_row().contains("deliveredAt"));
    CHECK_FALSE(w.told(at(w.e)).empty()); // the environment's own list stays
}
