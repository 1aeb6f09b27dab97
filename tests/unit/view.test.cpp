// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/vault.hpp"

#include <coffer/testing/manual_clock.hpp>

#include <algorithm>
#include <optional>
#include <string>

using coffer::context;
using coffer::errc;
using coffer::layer_state;
using coffer_test::shown;

namespace {

constexpr context prod{.environment = "prod"};
constexpr context acme{.environment = "prod", .space = "acme"};

struct fixture {
    coffer::testing::manual_clock time;
    coffer_test::test_vault vault{coffer::memory::store{},
                                  coffer::cryptopp::aes_256_gcm{},
                                  coffer::keyring::memory_keyring{},
                                  {.author = "ana", .time = &time}};
    fixture() {
        vault.ensure_space(acme).value();
        vault.put(prod, "DB_URL", "postgres").value();
        vault.put(prod, "SLACK_TOKEN", "everyone").value();
        vault.put(prod, "BETA_KEY", "beta").value();
        vault.put(acme, "SLACK_TOKEN", "acme", {.note = "acme's own"}).value();
        vault.hide(acme, "BETA_KEY").value();
    }
    auto view(context where = acme) const -> coffer::view {
        return vault.resolver().at(where).value();
    }
};

struct config {
    coffer::secret slack;
    coffer::secret db;
    std::optional<coffer::secret> proxy;
};

} // namespace

TEST_CASE("a view shows one state, whatever is written meanwhile") {
    fixture f;
    const auto before = f.view();
    f.vault.put(acme, "SLACK_TOKEN", "newer").value();
    f.vault.remove_space(acme).value();
    CHECK(shown(before.get("SLACK_TOKEN")) == "acme");
    CHECK(before.get("SLACK_TOKEN").value().version() == 1);
}

TEST_CASE("a view outlives the vault that it came from") {
    const auto orphan = [] { return fixture{}.view(prod); }();
    CHECK(shown(orphan.get("DB_URL")) == "postgres");
}

TEST_CASE("all gives each name once, with the value that wins and where it comes from") {
    fixture f;
    const auto all = f.view().all().value();
    REQUIRE(all.size() == 2);
    CHECK(all[0].name == "DB_URL");
    CHECK(all[0].from.space.empty());
    CHECK(all[1].name == "SLACK_TOKEN");
    CHECK(all[1].from.space == "acme");
    CHECK(all[1].value.expose_secret() == "acme");
}

TEST_CASE("explain says which scope wins, what it shadows, and never the value") {
    fixture f;
    const auto slack = f.view().explain("SLACK_TOKEN").value();
    CHECK(slack.outcome == errc{});
    CHECK(slack.decides == 0);
    REQUIRE(slack.layers.size() == 2);
    CHECK(slack.layers[0].author == "ana");
    CHECK(slack.layers[0].note == "acme's own");
    CHECK(slack.layers[1].state == layer_state::value);
    CHECK_FALSE(slack.inherited());
    CHECK(to_string(slack) ==
          "SLACK_TOKEN in prod/acme: space acme v1, shadows environment prod v1");

    const auto db = f.view().explain("DB_URL").value();
    CHECK(db.inherited());
    CHECK(to_string(db) == "DB_URL in prod/acme: environment prod v1");

    const auto beta = f.view().explain("BETA_KEY").value();
    CHECK(beta.outcome == errc::not_found);
    CHECK(beta.layers[beta.decides].state == layer_state::hidden);
    CHECK(to_string(beta) ==
          "BETA_KEY in prod/acme: hidden in space acme v1, shadows environment prod v1");

    const auto none = f.view().explain("NONE").value();
    CHECK_FALSE(none.decided());
    CHECK(none.outcome == errc::not_found);
    CHECK(f.view().explain("").error() == errc::invalid_argument);
}

TEST_CASE("list names what any scope of the look-up knows") {
    fixture f;
    f.vault.erase(acme, "SLACK_TOKEN").value();
    std::string names;
    for (const auto& e : f.view().list())
        names += e.name + (e.outcome == errc{} ? " " : "- ");
    CHECK(names == "BETA_KEY- DB_URL SLACK_TOKEN ");
}

TEST_CASE("the empty name is no way to a scope's metadata") {
    fixture f;
    CHECK(f.view().get("").error() == errc::invalid_argument);
    CHECK(f.view().get("\xFF").error() == errc::invalid_argument);
    CHECK(f.view().get("NONE").error() == errc::not_found);
}

TEST_CASE("require and bind report all that is missing, not the first") {
    fixture f;
    CHECK(f.view().require("SLACK_TOKEN", "DB_URL").empty());
    const auto missing = f.view().require("NONE", "SLACK_TOKEN", "BETA_KEY");
    REQUIRE(missing.size() == 2);
    CHECK(missing[0].name == "NONE");
    CHECK(missing[1].name == "BETA_KEY");
    CHECK(missing[1].why == errc::not_found);

    const auto whole =
        f.view().bind<config>({{"SLACK_TOKEN", &config::slack}, {"DB_URL", &config::db}});
    REQUIRE(whole);
    CHECK(whole->slack.expose_secret() == "acme");
    CHECK(whole->db.expose_secret() == "postgres");
    auto half = f.view().bind<config>({{"NONE", &config::slack}, {"DB_URL", &config::db}});
    REQUIRE_FALSE(half);
    CHECK(half.missing().size() == 1);
    CHECK_THROWS_AS(std::move(half).value(), coffer::exception);
}

TEST_CASE("what bound throws has the names of all that is missing, and why") {
    fixture f;
    f.vault.put(prod, "OLD", "x", {.expires = 1}).value();
    try {
        (void)f.view().bind<config>({{"NONE", &config::slack}, {"OLD", &config::db}}).value();
        FAIL("nothing was thrown");
    } catch (const coffer::missing_secrets& why) {
        CHECK(std::string(why.what()) ==
              "secrets are missing: NONE (not_found), OLD (expired): not_found");
        CHECK(why.why() == errc::not_found);
        REQUIRE(why.all().size() == 2);
        CHECK(why.all()[1].name == "OLD");
    }
}

TEST_CASE("an optional secret may be not found, and nothing else may be wrong with it") {
    fixture f;
    const auto bound_to = [&](std::string_view proxy) {
        return f.view().bind<config>(
            {{"SLACK_TOKEN", &config::slack}, {"DB_URL", &config::db}, {proxy, &config::proxy}});
    };
    const auto without = bound_to("PROXY_URL");
    REQUIRE(without);
    CHECK_FALSE(without->proxy.has_value());
    f.vault.put(prod, "PROXY_URL", "http://proxy").value();
    const auto with = bound_to("PROXY_URL");
    REQUIRE(with);
    CHECK(with->proxy->expose_secret() == "http://proxy");
    f.vault.put(prod, "PROXY_URL", "http://proxy", {.expires = 1}).value();
    CHECK(bound_to("PROXY_URL").missing().front().why == errc::expired);
    CHECK_FALSE(bound_to("no\xFFname"));
}

TEST_CASE("age grows with the clock that sleeps along, and every answer carries when it was true") {
    fixture f;
    const auto view = f.view();
    CHECK(view.age().count() == 0);
    CHECK_FALSE(view.stale());
    f.time.advance(std::chrono::seconds(90));
    CHECK(view.age() == std::chrono::seconds(90));
    const auto value = view.get("DB_URL").value();
    CHECK(value.fresh().as_of == view.fresh().as_of);
    CHECK_FALSE(value.fresh().stale);
}
