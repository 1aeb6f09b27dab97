// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/recent_descriptions.hpp>

#include "support/catch.hpp"

#include <string>

using coffer::digest;
using coffer::scope;
using coffer::http::recent_descriptions;

namespace {

auto digest_of(int which) -> digest {
    digest out{};
    out.front() = static_cast<std::byte>(which);
    return out;
}

} // namespace

TEST_CASE("a description is told to be its writer's, of its scope, version and text alone") {
    recent_descriptions all;
    const scope acme({.environment = "prod", .space = "acme"});
    all.note(acme, 3, digest_of(1), "Ana");
    CHECK(all.author_of(acme.view(), 3, digest_of(1)) == "Ana");
    CHECK(all.author_of(acme.view(), 2, digest_of(1)).empty());
    CHECK(all.author_of({.environment = "prod"}, 3, digest_of(1)).empty());
    CHECK(all.author_of({.environment = "dev", .space = "acme"}, 3, digest_of(1)).empty());
    // Somebody else's came first, elsewhere: that Ana tried to makes it no change of hers.
    CHECK(all.author_of(acme.view(), 3, digest_of(2)).empty());
    all.note(acme, 4, digest_of(2), "Ben");
    CHECK(all.author_of(acme.view(), 4, digest_of(2)) == "Ben");
    CHECK(all.author_of(acme.view(), 3, digest_of(1)).empty());
}

TEST_CASE("the descriptions that were noted longest ago are forgotten") {
    recent_descriptions all(2);
    for (const char* space : {"a", "b", "c"})
        all.note(scope({.environment = "prod", .space = space}), 1, digest_of(1), "Ana");
    CHECK(all.author_of({.environment = "prod", .space = "a"}, 1, digest_of(1)).empty());
    CHECK(all.author_of({.environment = "prod", .space = "c"}, 1, digest_of(1)) == "Ana");
}
