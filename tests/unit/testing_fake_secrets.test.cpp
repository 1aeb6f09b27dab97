// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <coffer/testing/fake_secrets.hpp>
#include <coffer/testing/manual_clock.hpp>

#include <string>
#include <thread>
#include <vector>

using coffer::context;
using coffer::errc;
using coffer::layer_state;
using coffer::testing::fake_secrets;

namespace {

constexpr context prod{.environment = "prod"};
constexpr context acme{.environment = "prod", .space = "acme"};
constexpr context globex{.environment = "prod", .space = "globex"};
constexpr context ana{.environment = "prod", .space = "acme", .actor = "ana"};

auto value_of(const coffer::secrets& source, context where, std::string_view name) -> std::string {
    const auto got = source.get(where, name);
    return got ? std::string(got->expose_secret())
               : "! " + std::string(to_string(got.error().code));
}

} // namespace

TEST_CASE("a fake secret that is set without a context is there in every context") {
    fake_secrets secrets{{"STRIPE_KEY", "sk_test"}};
    CHECK(value_of(secrets, prod, "STRIPE_KEY") == "sk_test");
    CHECK(value_of(secrets, ana, "STRIPE_KEY") == "sk_test");
    CHECK(value_of(secrets, {.environment = "dev"}, "STRIPE_KEY") == "sk_test");
    CHECK(value_of(secrets, prod, "OTHER") == "! not_found");
    CHECK(value_of(secrets, prod, "") == "! invalid_argument");
    CHECK(value_of(secrets, {}, "STRIPE_KEY") == "! invalid_argument");
}

TEST_CASE("the most specific context of a fake secret wins") {
    fake_secrets secrets{{"KEY", "everywhere"}};
    secrets.set(prod, "KEY", "of prod");
    secrets.set(acme, "KEY", "of acme");
    secrets.set(ana, "KEY", "of ana");
    CHECK(value_of(secrets, {.environment = "dev"}, "KEY") == "everywhere");
    CHECK(value_of(secrets, prod, "KEY") == "of prod");
    CHECK(value_of(secrets, globex, "KEY") == "of prod");
    CHECK(value_of(secrets, acme, "KEY") == "of acme");
    CHECK(value_of(secrets, ana, "KEY") == "of ana");

    secrets.erase(acme, "KEY");
    CHECK(value_of(secrets, acme, "KEY") == "of prod");
    secrets.erase(coffer::testing::every_context, "KEY");
    CHECK(value_of(secrets, {.environment = "dev"}, "KEY") == "! not_found");
}

TEST_CASE("hidden, expired and damaged fakes answer their error and nothing falls through") {
    fake_secrets secrets{{"A", "a"}, {"B", "b"}, {"C", "c"}, {"D", "d"}};
    secrets.hide(acme, "A");
    secrets.expire(acme, "B");
    secrets.damage(acme, "C");
    CHECK(value_of(secrets, acme, "A") == "! not_found");
    CHECK(value_of(secrets, acme, "B") == "! expired");
    CHECK(value_of(secrets, acme, "C") == "! tampered");
    CHECK(value_of(secrets, globex, "A") == "a");

    const auto view = secrets.at(acme).value();
    REQUIRE_FALSE(view.all());
    CHECK(view.all().error() == errc::tampered);
    secrets.erase(acme, "C");
    const auto all = secrets.at(acme).value().all().value();
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "C");
    CHECK(all[1].name == "D");
    CHECK(all[1].value.expose_secret() == "d");

    secrets.damage(prod, "D", errc::key_disabled);
    CHECK(value_of(secrets, acme, "D") == "! key_disabled");
}

TEST_CASE("a fake explains itself like a resolver") {
    fake_secrets secrets{{"KEY", "x"}};
    secrets.set(prod, "KEY", "y");
    secrets.set(acme, "KEY", "z");
    secrets.set(acme, "KEY", "zz");
    secrets.hide(prod, "GONE");
    const auto why = coffer::secrets(secrets).explain(acme, "KEY").value();
    CHECK(to_string(why) ==
          "KEY in prod/acme: space acme v2, shadows environment prod v1, environment * v1");
    CHECK(why.outcome == errc{});

    const auto list = secrets.at(acme).value().list();
    REQUIRE(list.size() == 2);
    CHECK(list[0].name == "GONE");
    CHECK(list[0].outcome == errc::not_found);
    CHECK(list[0].layers[list[0].decides].state == layer_state::hidden);
    CHECK(list[1].name == "KEY");
    const auto none = secrets.at(acme).value().explain("NONE").value();
    CHECK_FALSE(none.decided());
    CHECK(none.outcome == errc::not_found);
}

TEST_CASE("a fake fails as often as it is told, and counts") {
    fake_secrets secrets{{"KEY", "x"}};
    const coffer::secrets held{secrets};
    CHECK_FALSE(secrets.last_context());
    secrets.fail_next(errc::unavailable, 2);
    CHECK(value_of(held, prod, "KEY") == "! unavailable");
    CHECK(value_of(held, prod, "KEY") == "! unavailable");
    CHECK(value_of(held, acme, "KEY") == "x");
    CHECK(secrets.last_context() == coffer::scope(acme));

    secrets.fail_always(errc::denied);
    CHECK(value_of(held, prod, "KEY") == "! denied");
    CHECK(value_of(held, prod, "KEY") == "! denied");
    secrets.succeed();
    CHECK(value_of(held, prod, "KEY") == "x");
    CHECK(secrets.calls() == 6);
}

TEST_CASE("a fake's view shows one state, whatever is set meanwhile (law R2)") {
    fake_secrets secrets{{"KEY", "old"}};
    const auto view = secrets.at(prod).value();
    secrets.set("KEY", "new");
    secrets.fail_always(errc::unavailable);
    CHECK(view.get("KEY").value() == coffer::secret("old"));
    CHECK_FALSE(view.stale());
}

TEST_CASE("a fake says that it is stale when it is told to") {
    fake_secrets secrets{{"KEY", "x"}};
    secrets.serve_stale(std::chrono::minutes(3));
    const auto view = secrets.at(prod).value();
    CHECK(view.stale());
    CHECK(view.age() >= std::chrono::minutes(3));
    CHECK(view.get("KEY").value().fresh().stale);
    CHECK(view.get("KEY").value().version() == 1);
}

TEST_CASE("a fake may be read and set by several threads") {
    fake_secrets secrets{{"KEY", "0"}};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([secrets, t]() mutable {
            for (int i = 0; i < 200; ++i) {
                secrets.set("KEY", std::to_string(t));
                if (secrets.get(prod, "KEY").value().size() != 1) std::abort();
            }
        });
    for (auto& t : threads)
        t.join();
    CHECK(secrets.calls() == 800);
}

TEST_CASE("a manual clock goes on only when it is told to") {
    coffer::testing::manual_clock time;
    const auto wall = time.wall();
    const auto boot = time.boot();
    CHECK(wall.count() != 0);
    CHECK(boot.count() != 0);
    time.advance(std::chrono::seconds(5));
    CHECK(time.wall() - wall == std::chrono::seconds(5));
    CHECK(time.boot() - boot == std::chrono::seconds(5));
    time.set_wall(wall - std::chrono::hours(1));
    CHECK(time.wall() == wall - std::chrono::hours(1));
    CHECK(time.boot() - boot == std::chrono::seconds(5));
}
