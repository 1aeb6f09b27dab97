// SPDX-License-Identifier: BSL-1.0
#include "property/pooled_calls.hpp"

#include "support/catch.hpp"

using namespace coffer_test;

TEST_CASE("the same by asynchronous calls over a memory store") {
    CHECK(equals_the_model<pooled_calls>("memory, async", in_memory));
}

TEST_CASE("the same by asynchronous calls over a file store") {
    CHECK(equals_the_model<pooled_calls>("file, async", on_disk));
}
