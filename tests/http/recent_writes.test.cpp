// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/recent_writes.hpp>

#include "support/catch.hpp"

#include <string>

using coffer::scope;
using coffer::http::recent_writes;

TEST_CASE("a version is told to be its token's, of its scope and name, and of no other") {
    recent_writes all;
    const scope acme({.environment = "prod", .space = "acme"});
    all.note(acme, "A", 3, "ana");
    CHECK(all.was_by("ana", acme, "A", 3));
    CHECK_FALSE(all.was_by("ben", acme, "A", 3));
    CHECK_FALSE(all.was_by("ana", acme, "A", 2));
    CHECK_FALSE(all.was_by("ana", acme, "B", 3));
    CHECK_FALSE(all.was_by("ana", scope({.environment = "prod", .actor = "acme"}), "A", 3));
    all.note(acme, "A", 4, "ben");
    CHECK_FALSE(all.was_by("ana", acme, "A", 3));
    CHECK(all.was_by("ben", acme, "A", 4));
}

TEST_CASE("the oldest are forgotten, and one that was made again is not among them") {
    recent_writes all(3);
    const scope prod({.environment = "prod"});
    for (const char* name : {"A", "B", "A", "C"})
        all.note(prod, name, 1, "ana");
    CHECK(all.was_by("ana", prod, "A", 1));
    CHECK(all.was_by("ana", prod, "B", 1));
    all.note(prod, "D", 1, "ana");
    CHECK_FALSE(all.was_by("ana", prod, "B", 1));
    CHECK(all.was_by("ana", prod, "A", 1));
    CHECK(all.was_by("ana", prod, "D", 1));
}
