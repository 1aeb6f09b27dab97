// SPDX-License-Identifier: BSL-1.0
#include "property/world.hpp"

#include "support/catch.hpp"

using namespace coffer_test;

TEST_CASE("two vaults and a reader over one memory store do what the model says") {
    CHECK(equals_the_model<direct_calls>("memory", in_memory));
}

TEST_CASE("two vaults and a reader over one file store do what the model says") {
    CHECK(equals_the_model<direct_calls>("file", on_disk));
}
