// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

using coffer_test::acme_token;
using coffer_test::db_url;
using coffer_test::dev_token;
using coffer_test::has;
using coffer_test::sandbox;

namespace {

/// The ids of the KEKs, in the order in which they were made.
auto keks(const sandbox& box) -> std::vector<std::string> {
    std::vector<std::string> out;
    const auto text = box.ok({"keys", "status", "--json"});
    const auto end = text.find("\"environments\":");
    for (auto at = text.find("\"id\":\"kek-"); at < end; at = text.find("\"id\":\"kek-", at + 1))
        out.push_back(text.substr(at + 6, text.find('"', at + 6) - at - 6));
    return out;
}
void reads_all(const sandbox& box) {
    CHECK(box.ok({"get", "SLACK_TOKEN"}) == dev_token);
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == acme_token);
    CHECK(box.ok({"get", "DB_URL", "-s", "globex"}) == db_url);
}

} // namespace

TEST_CASE("keys without a verb tells apart what people mix up") {
    const sandbox box;
    const auto text = box.ok({"keys"});
    for (const auto* verb : {"status", "rotate-kek", "rewrap", "rotate-dek", "disable"})
        CHECK(has(text, "coffer keys " + std::string(verb)));
    CHECK(has(text, "coffer set"));
    CHECK(box.run({"keys", "--json"}).code == 2);
}

TEST_CASE("a KEK that may have leaked: a new one, rewrap, disable the old one, new DEKs") {
    const sandbox box;
    box.fill();
    REQUIRE(keks(box).size() == 1);
    const auto old = keks(box).front();
    const auto before = box.ok({"keys", "status"});
    INFO(before);
    CHECK(has(before, old + "  active, default  2 environments  coffer.system, dev"));
    CHECK(has(before, "DEK 1  active"));

    // Nothing before it was confirmed, and nothing while it is needed.
    for (const sandbox::words& verb :
         {sandbox::words{"keys", "rotate-kek"}, {"keys", "rewrap"}, {"keys", "rotate-dek"}}) {
        CHECK(box.run(verb).code == 2);
        auto dry = verb;
        dry.emplace_back("--dry-run");
        CHECK(has(box.ok(dry), "nothing was done"));
    }
    const auto refused = box.run({"keys", "disable", old, "--yes"});
    CHECK(refused.code == 4);
    CHECK(has(refused.err, "coffer.system, dev"));
    CHECK(box.ok({"keys", "status"}) == before);

    const auto rotated = box.ok({"keys", "rotate-kek", "--yes"});
    REQUIRE(keks(box).size() == 2);
    const auto fresh = keks(box).back();
    CHECK(has(rotated, fresh + " is active; " + old + " only opens what is under it"));
    CHECK(has(box.ok({"keys", "status"}), old + "  decrypt-only     2 environments"));
    reads_all(box);
    CHECK(box.run({"keys", "disable", old, "--yes"}).code == 4);
    CHECK(box.run({"keys", "disable", fresh, "--yes"}).code == 4);

    const auto rewrapped = box.ok({"keys", "rewrap", "--yes", "--json"});
    CHECK(
        has(rewrapped, R"("environment":"coffer.system","kek":")" + fresh + R"(","rewrapped":1)"));
    CHECK(has(rewrapped, R"("environment":"dev","kek":")" + fresh + R"(","rewrapped":1)"));
    CHECK(has(box.ok({"keys", "rewrap", "--yes"}), "was there"));
    CHECK(has(box.ok({"keys", "disable", old, "--yes"}), old + " is disabled"));
    reads_all(box);

    const auto sealed = box.ok({"keys", "rotate-dek", "-e", "dev", "--yes", "--json"});
    CHECK(has(sealed, R"("dek":2,"resumed":false,"finished":true,"resealed":)"));
    CHECK(has(box.ok({"keys", "rotate-dek", "-e", "coffer.system", "--yes"}), "under DEK 2"));
    reads_all(box);
    const auto after = box.ok({"keys", "status"});
    INFO(after);
    CHECK(has(after, "DEK 2  active"));
    CHECK_FALSE(has(after, "DEK 1"));
    box.ok({"verify"});
}

TEST_CASE("an environment gets a KEK of its own") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "staging"});
    const auto shared = keks(box).front();
    CHECK(has(box.ok({"keys", "rotate-kek", "-e", "dev", "--yes"}), "is active for dev"));
    const auto own = keks(box).back();
    box.ok({"keys", "rewrap", "-e", "dev", "--yes"});
    const auto status = box.ok({"keys", "status"});
    INFO(status);
    CHECK(has(status, shared + "  active, default  2 environments  coffer.system, staging"));
    CHECK(has(status, own + "  active           1 environment   dev"));
    reads_all(box);
}

TEST_CASE("keys that come from outside, an id that is not there, and what --force does") {
    sandbox box;
    box.fill();
    CHECK(box.run({"keys", "disable", "kek-2020-01-0000", "--yes"}).code == 9);
    const auto only = keks(box).front();
    box.ok({"keys", "disable", only, "--yes", "--force"});
    const auto status = box.run({"keys", "status"});
    CHECK(has(status.out, only + "  disabled, default"));
    CHECK(box.run({"get", "SLACK_TOKEN"}).code == 9);
    CHECK(box.run({"keys", "rotate-kek", "--yes"}).code == 9);
    box.variables["MY_KEY"] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    CHECK(box.run({"keys", "rotate-kek", "--yes", "--keys", "env:MY_KEY"}).code == 3);
}
