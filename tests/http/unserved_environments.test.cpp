// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/unserved_environments.hpp>

#include "api_world.hpp"

#include <chrono>
#include <string>
#include <utility>

using namespace coffer_test;

TEST_CASE("Readiness says how many environments can't be served, and no more of them") {
    coffer::testing::manual_clock time;
    coffer::options how;
    how.time = &time;
    api_world w(how);
    w.new_environment();
    const auto without_key = w.new_environment();
    const auto kek = w.keys.rotate(without_key).value().to;
    REQUIRE(w.vault->rewrap(without_key));
    REQUIRE(w.keys.set_state(kek, coffer::keyring::kek_state::disabled));
    const auto rolled_back = w.new_environment();
    auto mark = w.keys.recall({}, rolled_back).value().value();
    mark.generation += 65; // whatever was in between
    REQUIRE(w.keys.remember({}, rolled_back, {mark, {}}));
    http::api_options with;
    with.tokens = w.tokens;
    with.time = &time;
    const auto after_restart = make_service(service_vault(w.store, w.keys, how), std::move(with));
    const auto told = [&] {
        const auto r = w.read(after_restart->handle(w.request_of("GET", "/readyz", {}, {})));
        CHECK(r.status() == 200); // another instance could not serve them either
        return json::serialize(r.body);
    };
    const auto ready = [&] {
        after_restart->parts().unserved->look();
        return told();
    };
    const auto query = w.query(at(rolled_back));
    CHECK(after_restart->handle(w.request_of("GET", "/v1/secrets" + query, {}, w.full)).code ==
          "rolled_back");
    CHECK(told() == R"({"status":"ready"})"); // who asks looks at none
    CHECK(ready() == R"({"status":"ready","degraded":2})");
    REQUIRE(w.keys.set_state(kek, coffer::keyring::kek_state::active));
    const auto loads = w.store.loads();
    CHECK(ready() == R"({"status":"ready","degraded":2})"); // whoever asks makes nobody busy
    CHECK(w.store.loads() - loads <= 1);
    time.advance(std::chrono::seconds(10));
    CHECK(ready() == R"({"status":"ready","degraded":1})");
    w.store.away(true);
    time.advance(std::chrono::seconds(10));
    CHECK(ready() == R"({"status":"stale","degraded":1})"); // as last seen
}
