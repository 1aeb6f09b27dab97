// SPDX-License-Identifier: BSL-1.0
#include "versioned_store.hpp"

#include "support/catch.hpp" // Catch2, 3 or 2.13: your tests include the one that you have

#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/testing/catch2.hpp>

//[laws
TEST_CASE("versioned_store keeps the store laws") {
    coffer::testing::run_store_laws([] { return versioned_store{}; });
}
//]

TEST_CASE("a vault works on a store of one's own") {
    coffer::vault vault{versioned_store{}, coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::memory_keyring{}};
    REQUIRE(vault.ensure_space({.environment = "prod", .space = "acme"}));
    REQUIRE(vault.put({.environment = "prod"}, "SLACK_TOKEN", "xoxb-everyone"));
    const auto token =
        vault.resolver().get({.environment = "prod", .space = "acme"}, "SLACK_TOKEN");
    REQUIRE(token);
    CHECK(token->expose_secret() == "xoxb-everyone");
}
