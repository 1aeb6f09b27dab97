// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/unserved_environments.hpp>

#include "api_world.hpp"
#include "support/staged_store.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

TEST_CASE(
    "A store that is slow is not kept busy: a look goes on where the one before has stopped") {
    coffer::testing::manual_clock time;
    coffer_test::staged_store store;
    coffer::keyring::memory_keyring keys;
    coffer::options how;
    how.time = &time;
    how.recheck_after = std::chrono::milliseconds(0); // each is loaded when it is looked at
    const auto made = service_vault(store, keys, how);
    for (const auto* id : {"a", "b", "c", "d", "e"})
        REQUIRE(made->create_environment(id, "{}"));
    const auto vault = service_vault(store, keys, how);
    REQUIRE(vault->environments());
    std::set<std::string> seen; // partitions, one of each environment
    store.before_load([&](std::string_view partition, std::span<const std::string>) {
        if (partition.starts_with("coffer-system")) return;
        if (seen.emplace(partition).second) time.advance(std::chrono::milliseconds(30));
    });
    http::unserved_environments unserved(vault, time);
    const auto looked_at = [&] {
        seen.clear();
        unserved.look();
        return std::vector<std::string>(seen.begin(), seen.end());
    };
    std::vector<std::string> all;
    for (const std::size_t at_a_time : {2U, 2U, 1U, 0U}) {
        const auto some = looked_at();
        CHECK(some.size() == at_a_time); // 60 ms are more than a twentieth of a second
        all.insert(all.end(), some.begin(), some.end());
    }
    CHECK(all.size() == 5);
    CHECK(std::ranges::is_sorted(all));
    CHECK(std::set(all.begin(), all.end()).size() == 5); // each once
    CHECK(unserved.count() == 0);
}
