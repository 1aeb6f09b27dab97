// SPDX-License-Identifier: BSL-1.0
#include "billing.hpp"

#include "support/catch.hpp" // Catch2, 3 or 2.13: your tests include the one that you have

#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/fake_secrets.hpp>

//[fake
TEST_CASE("nothing is charged without a key") {
    coffer::testing::fake_secrets secrets{{"STRIPE_KEY", "sk_test"}}; // no file, no key, no clock
    billing service{secrets};

    REQUIRE(service.charge("acme"));
    secrets.fail_next(coffer::errc::unavailable);
    REQUIRE_FALSE(service.charge("acme"));
    REQUIRE(service.sent() == 1);
}
//]

//[memory
TEST_CASE("each customer is charged with the key that their space has") {
    // The real vault on a store in memory: only the backends are swapped.
    coffer::vault vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::memory_keyring{}};
    REQUIRE(vault.ensure_space({.environment = "prod", .space = "acme"}));
    REQUIRE(vault.ensure_space({.environment = "prod", .space = "globex"}));
    REQUIRE(vault.put({.environment = "prod"}, "STRIPE_KEY", "sk_live"));
    REQUIRE(vault.hide({.environment = "prod", .space = "globex"}, "STRIPE_KEY"));

    billing service{vault.resolver()};
    REQUIRE(service.charge("acme"));
    REQUIRE_FALSE(service.charge("globex"));
}
//]
