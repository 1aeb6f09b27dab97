// SPDX-License-Identifier: BSL-1.0
#include "altered.hpp"
#include "sandbox.hpp"
#include "support/catch.hpp"

using coffer_test::has;
using coffer_test::sandbox;

TEST_CASE("diff shows what two scopes see differently, and no value") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "staging"});
    box.ok({"set", "DB_URL", "-e", "staging"}, coffer_test::db_url); // equal, but another version
    box.ok({"set", "ONLY_THERE", "-e", "staging"}, "canary");
    box.ok({"set", "BETA_KEY"}, "canary");
    box.ok({"hide", "BETA_KEY", "-s", "acme"});
    const auto spaces = box.run({"diff", "dev", "dev/acme"});
    CHECK(spaces.code == 1);
    CHECK(spaces.out == "NAME         dev     dev/acme       VALUE\n"
                        "BETA_KEY     set v1  hidden v1      differs\n"
                        "SLACK_TOKEN  set v1  overridden v1  differs\n");
    const auto environments = box.run({"diff", "dev", "staging", "--all"});
    CHECK(environments.code == 1);
    CHECK(has(environments.out, "DB_URL       set v1  set v1   same\n"));
    CHECK(has(environments.out, "ONLY_THERE   –       set v1   differs\n"));
    CHECK_FALSE(has(environments.out + spaces.out, "canary"));
    const auto same = box.run({"diff", "dev", "dev/globex"});
    CHECK(same.code == 0);
    CHECK(same.out.empty());
    CHECK(box.ok({"diff", "dev", "dev/globex", "--json"}) ==
          "{\"a\":{\"environment\":\"dev\",\"space\":null},"
          "\"b\":{\"environment\":\"dev\",\"space\":\"globex\"},\"stale\":false,\"age_s\":0,"
          "\"same\":true,\"names\":[]}\n");
    CHECK(has(box.run({"diff", "dev", "dev/acme", "--json"}).out,
              "\"same\":false,\"names\":[{\"name\":\"BETA_KEY\",\"a\":{\"name\":\"BETA_KEY\","
              "\"state\":\"value\""));
    CHECK(box.run({"diff", "dev", "typo"}).code == 1);
    CHECK(has(box.run({"diff", "dev", "dev/typo"}).err, "there is no space typo in dev"));
    CHECK(box.run({"diff", "dev"}).code == 2);
}

TEST_CASE("diff tells what can't be read as the same only where it is so for the same reason") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "staging"});
    for (const char* environment : {"dev", "staging"})
        box.ok({"set", "HIDDEN", "-e", environment}, "canary");
    for (const char* environment : {"dev", "staging"})
        box.ok({"hide", "HIDDEN", "-e", environment});
    box.ok({"set", "EX"}, "canary");
    box.ok({"hide", "EX"});
    box.ok({"set", "EX", "-e", "staging", "--expires", "1s"}, "canary");
    box.ok({"set", "BAD"}, "canary");
    box.ok({"set", "BAD", "-e", "staging"}, "canary");
    box.ok({"hide", "BAD", "-e", "staging"});
    coffer_test::alter_record(box, box.document("dev"), "BAD in dev v1");
    while (box.run({"get", "EX", "-e", "staging"}).code == 0) {
    }
    const auto told = box.run({"diff", "dev", "staging", "--all"}).out;
    INFO(told);
    CHECK(has(told, "BAD          damaged v1  hidden v2   unknown\n"));
    CHECK(has(told, "EX           hidden v2   expired v1  differs\n"));
    CHECK(has(told, "HIDDEN       hidden v2   hidden v2   same\n"));
    // Of the damaged one nobody knows whether it would be the same, wherever else it stands.
    CHECK(has(box.run({"diff", "staging", "dev"}).out, "unknown"));
    CHECK_FALSE(has(told, "canary"));
}

TEST_CASE("check tells all that is missing or invalid, each once where it can be mended") {
    const sandbox box;
    box.fill();
    box.write(box.work() / "need.json",
              R"({"billing":[{"name":"STRIPE_KEY"},{"name":"DB_URL","pattern":"^postgres://"}],)"
              R"("mail":[{"name":"DB_URL"},{"name":"SLACK_TOKEN","pattern":"^xoxb-"}]})");
    const auto missing = box.run({"check", "need.json"});
    CHECK(missing.code == 1);
    CHECK(missing.out == "missing  STRIPE_KEY  dev  required by billing\n");
    box.ok({"set", "DB_URL", "-s", "globex"}, "mysql://canary");
    box.ok({"hide", "SLACK_TOKEN", "-s", "acme"});
    const auto everywhere = box.run({"check", "need.json", "--all-spaces"});
    CHECK(everywhere.code == 1);
    CHECK(everywhere.out ==
          "invalid  DB_URL       dev/globex  does not match ^postgres://\n"
          "hidden   SLACK_TOKEN  dev/acme    required by mail\n"
          "missing  STRIPE_KEY   dev         required by billing; missing in 2 of 2 spaces\n");
    CHECK_FALSE(has(everywhere.out + everywhere.err, "canary"));
    CHECK(has(box.run({"check", "need.json", "-s", "globex", "--json"}).out,
              "{\"name\":\"STRIPE_KEY\",\"environment\":\"dev\",\"space\":\"globex\","
              "\"problem\":\"missing\",\"requiredBy\":[\"billing\"]}"));
    box.ok({"set", "STRIPE_KEY"}, "sk_test");
    box.ok({"set", "DB_URL"}, "mysql://for-all");
    CHECK(has(
        box.run({"check", "need.json", "--all-spaces"}).out,
        "invalid  DB_URL       dev         does not match ^postgres://; seen in 1 of 2 spaces"));
    box.ok({"set", "DB_URL"}, "postgres://again");
    box.ok({"unset", "DB_URL", "-s", "globex", "--yes"});
    box.ok({"unhide", "SLACK_TOKEN", "-s", "acme"});
    CHECK(box.run({"check", "need.json", "--all-spaces"}).code == 0);
    CHECK(box.run({"check", "need.json"}).out.empty());
}

TEST_CASE("requirements that are none are refused, whatever is wrong with them") {
    const sandbox box;
    box.fill();
    for (const char* text :
         {"", "[]", "{\"a\":1}", "{\"a\":[1]}", "{\"a\":[{}]}", "{\"a\":[{\"name\":\"\"}]}",
          "{\"a\":[{\"name\":\"X\",\"pattern\":1}]}",
          "{\"a\":[{\"name\":\"X\",\"pattern\":\"(\"}]}", "{} x"}) {
        box.write(box.work() / "need.json", text);
        const auto done = box.run({"check", "need.json"});
        INFO(text);
        CHECK(done.code == 2);
        CHECK_FALSE(has(done.err, "internal"));
    }
    CHECK(box.run({"check", "nowhere.json"}).code == 2);
    box.write(box.work() / "need.json", "{}");
    CHECK(box.run({"check", "need.json"}).code == 0);
}

TEST_CASE("a value with a NUL, and a long one, are matched as they are") {
    const sandbox box;
    box.fill();
    box.write(box.work() / "need.json", R"({"a":[{"name":"X","pattern":"end$"}]})");
    box.ok({"set", "X", "--exact"}, std::string("\0begin\0end", 10));
    CHECK(box.run({"check", "need.json"}).code == 0);
    box.ok({"set", "X"}, std::string(60'000, 'x') + "end");
    CHECK(box.run({"check", "need.json"}).code == 0);
    box.ok({"set", "X"}, std::string(60'000, 'x'));
    CHECK(box.run({"check", "need.json"}).code == 1);
}
