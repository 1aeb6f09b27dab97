// SPDX-License-Identifier: BSL-1.0
// Environments that a killed command left half made or half removed, and stores of another realm.
#include "altered.hpp"
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <filesystem>
#include <sstream>

using coffer_test::alter_record;
using coffer_test::altered;
using coffer_test::has;
using coffer_test::sandbox;
namespace fs = std::filesystem;

namespace {

/// Runs a command as if it had been killed before it told the list of environments.
void kill_before_the_list(const sandbox& box, const sandbox::words& args) {
    const auto list = box.document("coffer-system");
    const auto before = sandbox::read(list);
    box.ok(args);
    box.write(list, before);
    fs::remove(box.keyring().string() + ".anchor"); // it would tell that the list is an older one
}

} // namespace

TEST_CASE("an environment that was removed but for the list is gone, and can be removed or made") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "prod"});
    kill_before_the_list(box, {"env", "remove", "prod", "--yes"});
    CHECK_FALSE(has(box.ok({"env", "list"}), "prod"));
    const auto read = box.run({"get", "SLACK_TOKEN", "--env", "prod"});
    CHECK(read.code == 1);
    CHECK(has(box.ok({"verify"}), "all is whole"));
    CHECK_FALSE(has(box.ok({"verify"}), "prod"));
    CHECK(has(box.ok({"doctor"}),
              "ok  environment prod  removed but for the list; coffer env remove prod"));
    SECTION("removed") {
        CHECK(has(box.ok({"env", "remove", "prod", "--dry-run"}), "off the list"));
        CHECK(has(box.ok({"doctor"}), "removed but for the list"));
        box.ok({"env", "remove", "prod", "--yes"});
        CHECK(box.run({"env", "remove", "prod", "--yes"}).code == 1);
    }
    SECTION("made") {}
    box.ok({"env", "create", "prod"});
    CHECK(has(box.ok({"env", "list"}), "prod"));
    box.ok({"set", "TOKEN", "--env", "prod"}, "v");
    box.ok({"env", "remove", "prod", "--yes"});
    CHECK(box.run({"env", "remove", "prod", "--yes"}).code == 1);
}

TEST_CASE("an environment that was made but for the list is made by making it again") {
    const sandbox box;
    box.fill();
    kill_before_the_list(box, {"env", "create", "prod"});
    CHECK_FALSE(has(box.ok({"env", "list"}), "prod"));
    const auto verified = box.ok({"verify"});
    INFO(verified);
    CHECK(has(verified, "prod "));
    CHECK(has(verified, "not listed: coffer env create prod"));
    CHECK(has(box.ok({"verify", "--json"}), R"("environment":"prod","listed":false)"));
    CHECK(box.run({"set", "TOKEN", "--env", "prod"}, "v").code == 1);
    box.ok({"env", "create", "prod", "--prod"});
    CHECK(has(box.ok({"env", "list"}), "yes")); // as it was made the second time
    box.ok({"set", "TOKEN", "--env", "prod", "--yes"}, "v");
    CHECK(box.run({"env", "create", "prod"}).code == 4);
}

TEST_CASE("verify finds damage in an environment that is on no list") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "other"});
    box.ok({"set", "TOKEN", "--env", "other"}, "v");
    const auto list = box.document("coffer-system");
    const auto before = sandbox::read(list);
    box.ok({"env", "create", "prod"});
    box.ok({"set", "TOKEN", "--env", "prod"}, "a-value");
    box.write(list, before);
    fs::remove(box.keyring().string() + ".anchor");
    box.ok({"verify"});
    std::istringstream lines(sandbox::read(box.document("prod")));
    std::string left; // without any object
    for (std::string line; std::getline(lines, line);)
        if (line.size() < 3 || has(line, "\"head\"") || has(line, "\"_revision\""))
            left += line + "\n";
    box.write(box.document("prod"), left);
    const auto damaged = box.run({"verify"});
    INFO(damaged.out);
    CHECK(damaged.code == 7);
    CHECK(has(damaged.out, "prod"));
}

TEST_CASE("a store of another realm is told as one by whatever is asked of it, and stays alone") {
    sandbox box;
    box.fill();
    box.write(box.work() / "other/coffer.json",
              R"({"store":"file:../coffer-store","realm":"another","env":"dev"})");
    const auto files = [&] {
        return std::distance(fs::directory_iterator(box.work() / "coffer-store"), {});
    };
    const auto before = files();
    box.folder = box.work() / "other";
    for (const sandbox::words& args : {sandbox::words{"verify"},
                                       {"env", "list"},
                                       {"env", "create", "dev"},
                                       {"list"},
                                       {"get", "SLACK_TOKEN"},
                                       {"env", "remove", "dev", "--yes"}}) {
        const auto ran = box.run(args);
        INFO(args.front() << ": " << ran.out << ran.err);
        CHECK(ran.code == 3);
        CHECK(has(ran.err, "of another realm"));
        CHECK_FALSE(has(ran.out, "whole"));
    }
    CHECK(files() == before);
    box.folder = box.work();
    CHECK(has(box.ok({"verify"}), "all is whole"));
}

TEST_CASE("init goes on where it was stopped, and of several at once one makes the store") {
    const sandbox box;
    box.ok({"init", "--env", "qa"});
    const auto settings = sandbox::read(box.work() / "coffer.json");
    std::filesystem::remove_all(box.work() / "coffer-store"); // as if it had been stopped before
    CHECK(box.run({"init", "other"}).code == 4);
    CHECK(box.run({"init", "--env", "dev"}).code == 4);
    std::filesystem::remove(box.keyring().string() + ".anchor");
    CHECK(has(box.ok({"init"}), "qa"));
    CHECK(sandbox::read(box.work() / "coffer.json") == settings);
    box.ok({"set", "A"}, "a");
    CHECK(box.run({"init"}).code == 4);
    CHECK(box.ok({"get", "A"}) == "a");

    const sandbox many;
    const auto raced = many.run_program(
        {"sh", "-c",
         "for i in 1 2 3 4; do \"$0\" init > out$i 2>&1; echo \"$? \" > code$i & done; wait; cat "
         "code*",
         coffer_test::coffer_program()});
    for (const char c : raced.out)
        CHECK((c == '0' || c == '4' || c == ' ' || c == '\n'));
    CHECK(has(raced.out, "0 "));
    many.ok({"set", "A"}, "a");
    CHECK(has(many.ok({"verify"}), "all is whole"));
}

TEST_CASE("env mark makes an environment PROD, and asks before it is PROD no more") {
    const sandbox box;
    const auto made = box.ok({"init", "--env", "prod"});
    CHECK(has(made, "not PROD: writes don't ask (coffer env mark ENV --prod)"));
    box.ok({"set", "A"}, "v");
    CHECK(box.ok({"env", "mark", "prod", "--prod", "--dry-run"})
              .starts_with("Marks environment prod as PROD: writes ask first."));
    box.ok({"set", "A"}, "w");
    CHECK(box.ok({"env", "mark", "prod", "--prod"}) == "environment prod  marked: PROD\n");
    CHECK(has(box.ok({"env", "list"}), "prod         prod  yes"));
    CHECK(box.run({"set", "A"}, "x").code == 2);
    CHECK(box.ok({"env", "mark", "prod", "--prod", "--yes"}) ==
          "environment prod  unchanged: PROD\n");
    CHECK(box.run({"env", "mark", "prod", "--no-prod"}).code == 2);
    CHECK(box.run({"set", "A"}, "x").code == 2);
    CHECK(box.ok({"env", "mark", "prod", "--no-prod", "--yes"}) ==
          "environment prod  marked: not PROD\n");
    box.ok({"set", "A"}, "x");
    CHECK(box.run({"env", "mark", "prod"}).code == 2);
    CHECK(box.run({"env", "mark", "prod", "--prod", "--no-prod"}).code == 2);
    CHECK(box.run({"env", "mark", "none", "--prod"}).code == 1);
    sandbox second;
    CHECK(has(second.ok({"init", "--env", "prod", "--prod"}), "PROD: writes ask first"));
}

TEST_CASE("env mark leaves what else an environment's metadata says, its name too") {
    const sandbox box;
    box.ok({"init"});
    box.ok({"env", "create", "Production", "--id", "us_env_1"});
    box.ok({"env", "mark", "Production", "--prod"});
    CHECK(has(box.ok({"env", "list"}), "us_env_1     Production  yes"));
}

TEST_CASE("where the list of environments is damaged it is named, and whole ones are used by id") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "other"});
    const auto list = box.document("coffer-system");
    const auto text = sandbox::read(list);
    box.write(list, altered(text, text.find("\"head\""), 200));
    const auto verified = box.run({"verify"});
    CHECK(verified.code == 7);
    CHECK(has(verified.out, "coffer.system  can't be read"));
    CHECK(has(verified.out, "damaged: what is stored of coffer.system (the list of environments"));
    CHECK(has(verified.out, "other          1 record opened"));
    CHECK_FALSE(has(verified.out, "not listed"));
    CHECK(has(box.ok({"verify", "--env", "dev"}), "all is whole"));
    box.check_filled();
    box.ok({"set", "TOKEN", "--env", "other"}, "v");
    CHECK(box.ok({"get", "TOKEN", "--env", "other"}) == "v");
    for (const auto& args : {sandbox::words{"env", "list"}, {"get", "TOKEN", "--env", "never"}}) {
        const auto refused = box.run(args);
        CHECK(refused.code == 7);
        CHECK(has(refused.err, "coffer.system (the list of environments and tokens) was changed"));
    }
}

TEST_CASE("no space is made, nor told to be there, in an environment that was changed") {
    const sandbox box;
    box.fill();
    const auto text = sandbox::read(box.document("dev"));
    box.write(box.document("dev"), altered(text, text.find("\"head\""), 51));
    const auto refused = box.run({"space", "create", "new"});
    CHECK(refused.code == 7);
    CHECK_FALSE(has(refused.err, "is there already"));
}

TEST_CASE("damaged settings of a space are named, and replaced by renaming it") {
    const sandbox box;
    box.fill();
    alter_record(box, box.document("dev"), "damaged: (settings) in dev/acme v1: tampered");
    CHECK(has(box.run({"verify", "--json"}).out, "\"name\":\"(settings)\""));
    const auto again = box.run({"space", "create", "acme"});
    CHECK(again.code == 4);
    CHECK(has(again.err, "its settings are damaged"));
    box.ok({"env", "rename", "dev", "development"}); // the space's are of no matter to it
    const auto asks = box.run({"space", "rename", "acme", "Acme"}); // what is lost is told first
    CHECK(asks.code == 2);
    CHECK(has(asks.err, "replaced as a whole: whatever else they said is lost."));
    CHECK_FALSE(has(box.ok({"space", "list"}), "Acme"));
    box.ok({"space", "rename", "acme", "Acme", "--yes"});
    CHECK(has(box.ok({"space", "list"}), "Acme"));
    box.ok({"space", "rename", "acme", "acme"}); // asks no more
    box.check_filled();
}

TEST_CASE("damaged settings of an environment count as PROD until they are replaced") {
    const sandbox box;
    box.fill();
    alter_record(box, box.document("dev"), "damaged: (settings) in dev v1: tampered");
    CHECK(has(box.ok({"env", "list", "--json"}), R"("isProd":true,"error":"tampered")"));
    SECTION("by another name") {
        const auto asks = box.run({"env", "rename", "dev", "mine"});
        CHECK(asks.code == 2);
        CHECK(has(asks.err, "its id stays. Its settings are damaged and replaced as a whole: what "
                            "programs need of it (requirements), whether its values may be shown"));
        CHECK(has(box.ok({"env", "list", "--json"}), "tampered"));
        box.ok({"env", "rename", "dev", "mine", "--yes"});
        CHECK(has(box.ok({"env", "list", "--json"}), R"("name":"mine","isProd":true)"));
    }
    SECTION("by the mark") {
        box.ok({"env", "mark", "dev", "--no-prod", "--yes"});
        CHECK(has(box.ok({"env", "list", "--json"}), R"("name":"dev","isProd":false)"));
    }
    SECTION("or removed") {
        box.ok({"env", "remove", "dev", "--yes"});
    }
}
