// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"
#include "support/vault.hpp"

#include <string>
#include <vector>

using coffer::context;
using coffer::errc;
using coffer_test::shown;

namespace {

using actor_policy =
    coffer::policy<coffer::any_store, coffer::cryptopp::aes_256_gcm, coffer::any_key_provider,
                   coffer::environment_then_space_then_actor>;

constexpr context prod{.environment = "prod"};
constexpr context acme{.environment = "prod", .space = "acme"};

} // namespace

TEST_CASE("a resolver sees what its vault committed, and what another vault did") {
    coffer::memory::store store;
    coffer::keyring::memory_keyring keys;
    coffer_test::test_vault one{store, coffer::cryptopp::aes_256_gcm{}, keys};
    coffer_test::test_vault two{store, coffer::cryptopp::aes_256_gcm{}, keys};
    one.ensure_space(acme).value();
    const auto reader = two.resolver();
    one.put(prod, "TOKEN", "one").value();
    CHECK(shown(reader.get(acme, "TOKEN")) == "one");
    one.put(prod, "TOKEN", "two").value();
    CHECK(shown(reader.get(acme, "TOKEN")) == "two");
    CHECK(shown(one.resolver().get(acme, "TOKEN")) == "two");
}

TEST_CASE("an actor's own layers win over space and environment, for that actor alone") {
    coffer::memory::store store;
    coffer::keyring::memory_keyring keys;
    coffer_test::test_vault vault{store, coffer::cryptopp::aes_256_gcm{}, keys};
    vault.ensure_space(acme).value();
    vault.put(prod, "PIN", "environment").value();
    vault.put(acme, "PIN", "space").value();
    vault.put({.environment = "prod", .actor = "ana"}, "PIN", "ana").value();
    vault.put({.environment = "prod", .space = "acme", .actor = "ana"}, "PIN", "ana in acme")
        .value();

    const coffer::resolver<actor_policy> secrets{store, coffer::cryptopp::aes_256_gcm{}, keys};
    const auto pin = [&](context where) { return std::string(shown(secrets.get(where, "PIN"))); };
    CHECK(pin(prod) == "environment");
    CHECK(pin(acme) == "space");
    CHECK(pin({.environment = "prod", .space = "acme", .actor = "ben"}) == "space");
    CHECK(pin({.environment = "prod", .actor = "ana"}) == "ana");
    CHECK(pin({.environment = "prod", .space = "acme", .actor = "ana"}) == "ana in acme");
    // The default order ignores the actor.
    CHECK(shown(vault.resolver().get({.environment = "prod", .space = "acme", .actor = "ana"},
                                     "PIN")) == "space");
}

TEST_CASE("names of environments that are not there are not kept") {
    coffer_test::test_vault vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                                  coffer::keyring::memory_keyring{}};
    vault.ensure_environment("prod").value();
    const auto secrets = vault.resolver();
    const std::weak_ptr made_up = vault.engine().borrow_slot("made up");
    const std::weak_ptr real = vault.engine().borrow_slot("prod");
    REQUIRE(secrets.at({.environment = "made up"}).error() == errc::unknown_scope);
    REQUIRE(secrets.at({.environment = "prod", .space = "none"}).error() == errc::unknown_scope);
    CHECK(made_up.expired());
    CHECK_FALSE(real.expired());
    CHECK(secrets.at({.environment = "prod"}));
}

TEST_CASE("refresh tells of an environment that is not there, or is no more, as at does") {
    coffer_test::test_vault vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                                  coffer::keyring::memory_keyring{}};
    vault.ensure_environment("prod").value();
    const auto secrets = vault.resolver();
    CHECK(secrets.refresh("prod"));
    CHECK(secrets.refresh("prdo").error() == errc::unknown_scope);
    vault.remove_environment("prod").value();
    CHECK(secrets.refresh("prod").error() == errc::unknown_scope);
}

TEST_CASE("get, all and explain are short for at and then the same") {
    coffer_test::test_vault vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                                  coffer::keyring::memory_keyring{}};
    vault.ensure_space(acme).value();
    vault.put(prod, "TOKEN", "v").value();
    const auto secrets = vault.resolver();
    CHECK(secrets.all(acme).value().size() == 1);
    CHECK(secrets.explain(acme, "TOKEN").value().inherited());
    CHECK(secrets.refresh("prod"));
    CHECK(secrets.refresh("").error() == errc::invalid_argument);
    CHECK(secrets.at({.environment = "prod", .space = std::string_view("a\0b", 3)}).error() ==
          errc::invalid_argument);

    const coffer::secrets erased = secrets;
    CHECK(shown(erased.get(acme, "TOKEN")) == "v");
    CHECK(erased.explain(acme, "NONE").value().outcome == errc::not_found);
    CHECK(erased.get({.environment = "none"}, "TOKEN").error() == errc::unknown_scope);
}
