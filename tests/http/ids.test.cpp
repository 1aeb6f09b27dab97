// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/ids.hpp>

#include "support/catch.hpp"
#include "support/service_vault.hpp"

#include <set>
#include <string>

using namespace coffer;
using namespace coffer::http;

TEST_CASE("An id is its prefix and 16 characters, each as likely as another, never with ENV") {
    const auto vault = coffer_test::service_vault();
    std::set<std::string> ids;
    std::set<char> letters;
    for (int i = 0; i < 500; ++i) {
        const auto id = make_id(vault, "us_sp_").value();
        REQUIRE(id.size() == 22);
        CHECK(id.starts_with("us_sp_"));
        CHECK(id.find("ENV") == id.npos);
        letters.insert(id.begin() + 6, id.end());
        ids.insert(id);
    }
    CHECK(ids.size() == 500);
    CHECK(letters.size() == 36);
}

TEST_CASE("A secret's id leads to its environment: FNV-1a folded to 40 bits, for good") {
    // FNV-1a of "a" with 64 bits is af63dc4c8601ec8c (RFC draft-eastlake-fnv, test vectors).
    CHECK(environment_mark("a") == "4c86ae8f50");
    CHECK(environment_mark("foobar") == "71f7bcf3a9"); // 85944171f73967e8
    format::secret_id id{};
    id[0] = std::byte{0xab};
    id[15] = std::byte{0x01};
    CHECK(wire_id("a", id) == "us_sec_4c86ae8f50ab000000000000000000000000000001");
}
