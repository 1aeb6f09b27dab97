// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <filesystem>

#include <sys/stat.h>

using coffer_test::has;
using coffer_test::sandbox;
namespace fs = std::filesystem;

namespace {

/// The line of `coffer config` for one setting.
auto line_of(const sandbox& box, std::string_view name, const sandbox::words& more = {})
    -> std::string {
    sandbox::words args{"config"};
    args.insert(args.end(), more.begin(), more.end());
    const auto text = "\n" + box.ok(args);
    const auto at = text.find("\n" + std::string(name) + " ") + 1;
    return text.substr(at, text.find('\n', at) - at);
}

} // namespace

TEST_CASE(
    "a flag beats a variable, that the folder's file, that the user's file, that the default") {
    sandbox box;
    const auto users = box.home() / ".config/coffer/config.json";
    CHECK(has(line_of(box, "max-stale"), "5m"));
    CHECK(has(line_of(box, "max-stale"), "default"));
    box.write(users, R"({"max_stale":"2m","env":"from-user"})");
    CHECK(has(line_of(box, "max-stale"), "2m"));
    box.write(box.work() / "coffer.json", R"({"max_stale":"1m"})");
    CHECK(has(line_of(box, "max-stale"), "1m"));
    CHECK(has(line_of(box, "env"), "from-user"));
    box.variables["COFFER_MAX_STALE"] = "3m";
    CHECK(has(line_of(box, "max-stale"), "COFFER_MAX_STALE"));
    CHECK(has(line_of(box, "max-stale", {"--max-stale", "4m"}), "--max-stale"));
}

TEST_CASE("a folder's file may lower the user's max_stale, and not raise it") {
    sandbox box;
    const auto users = box.home() / ".config/coffer/config.json";
    const auto folders = box.work() / "coffer.json";
    box.write(folders, R"({"max_stale":"365d"})");
    CHECK(has(line_of(box, "max-stale"), "5m"));
    CHECK(has(line_of(box, "max-stale"), "default"));
    box.write(users, R"({"max_stale":"10m","profiles":{"here":{"env":"dev","max_stale":"90s"}}})");
    CHECK(has(line_of(box, "max-stale"), "10m"));
    CHECK(has(line_of(box, "max-stale"), "config.json"));
    box.write(folders, R"({"max_stale":"2m","profiles":{"here":{"max_stale":"365d"}}})");
    CHECK(has(line_of(box, "max-stale"), "2m"));
    CHECK(has(line_of(box, "max-stale"), "coffer.json"));
    CHECK(has(line_of(box, "max-stale", {"--profile", "here"}), "90s"));
    box.variables["COFFER_MAX_STALE"] = "1h"; // the user's own word raises it
    CHECK(has(line_of(box, "max-stale"), "1h"));
    box.variables.clear();
    box.write(users, R"({"max_stale":"soon"})"); // as without the folder's file
    CHECK(has(line_of(box, "max-stale"), "soon"));
}

TEST_CASE("the nearest coffer.json above holds, and none above a .git") {
    sandbox box;
    box.write(box.work() / "coffer.json", R"({"env":"outer"})");
    fs::create_directories(box.work() / "a/b");
    box.folder = box.work() / "a/b";
    CHECK(has(line_of(box, "env"), "outer"));
    fs::create_directory(box.work() / "a/.git");
    CHECK_FALSE(has(line_of(box, "env"), "outer"));
    box.write(box.work() / "a/coffer.json", R"({"env":"inner"})");
    CHECK(has(line_of(box, "env"), "inner"));
}

TEST_CASE("a folder's coffer.json may not name keys, an author or anything unknown") {
    const sandbox box;
    for (const char* text :
         {R"({"keys":"file:/tmp/mine"})", R"({"author":"ana"})", R"({"token_file":"x"})",
          R"({"profile":"live"})", R"({"pager":"less"})", "[]", "{"}) {
        box.write(box.work() / "coffer.json", text);
        INFO(text);
        CHECK(box.run({"config"}).code == 2);
    }
    box.write(box.work() / "coffer.json", "{\"\\u001b[2J\":\"x\"}");
    CHECK_FALSE(has(box.run({"config"}).err, "\x1b"));
}

TEST_CASE("a coffer.json is a file, or a link to one, and nothing that is waited for") {
    const sandbox box;
    const auto there = box.work() / "coffer.json";
    REQUIRE(::mkfifo(there.c_str(), 0600) == 0);
    const auto pipe = box.run({"config"});
    CHECK(pipe.code == 2);
    CHECK(has(pipe.err, "coffer.json is no file"));
    fs::remove(there);
    fs::create_directory(there);
    CHECK(box.run({"config"}).code == 2);
    fs::remove(there);
    box.write(box.home() / "elsewhere.json", R"({"env":"linked"})");
    fs::create_symlink(box.home() / "elsewhere.json", there);
    CHECK(has(line_of(box, "env"), "linked"));
}

TEST_CASE("a relative store in a file starts from that file's folder") {
    sandbox box;
    box.ok({"init"});
    fs::create_directories(box.work() / "deep/er");
    box.folder = box.work() / "deep/er";
    CHECK(box.ok({"env", "list"}).find("dev") != std::string::npos);
}

TEST_CASE("a folder may be called like what names a password in a store's address") {
    sandbox box;
    box.folder = box.work() / "password_manager";
    fs::create_directories(box.folder);
    box.ok({"init"});
    CHECK(has(sandbox::read(box.folder / "coffer.json"), R"("store":)"));
    CHECK(has(box.ok({"env", "list"}), "dev"));
}

TEST_CASE("a profile is a named set of settings; one that nobody has is refused") {
    sandbox box;
    box.write(box.home() / ".config/coffer/config.json",
              R"({"env":"dev","profiles":{"live":{"env":"prod","keys":"env:LIVE_KEY"}}})");
    CHECK(has(line_of(box, "env"), "dev"));
    CHECK(has(line_of(box, "env", {"--profile", "live"}), "prod"));
    CHECK(has(line_of(box, "keys", {"--profile", "live"}), "profile live"));
    box.variables["COFFER_PROFILE"] = "live";
    CHECK(has(line_of(box, "env"), "prod"));
    CHECK(box.run({"config", "--profile", "nope"}).code == 2);
    box.write(box.work() / "coffer.json", R"({"env":"folder","profiles":{"here":{"env":"own"}}})");
    CHECK(has(line_of(box, "env"), "prod")); // asked for by name
    CHECK(has(line_of(box, "env", {"--profile", "here"}), "own"));
    box.variables.clear();
    CHECK(has(line_of(box, "env"), "folder"));
    box.write(box.work() / "coffer.json", R"({"profiles":{"here":{"keys":"file:x"}}})");
    CHECK(box.run({"config", "--profile", "here"}).code == 2);
}

TEST_CASE("an environment and a space may be named by the name that only one has") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "Production", "--id", "us_env_1"});
    box.ok({"space", "create", "ACME Corp", "-e", "Production", "--id", "us_spa_1"});
    box.ok({"set", "A", "-e", "Production", "-s", "ACME Corp"}, "x");
    CHECK(box.ok({"get", "A", "-e", "us_env_1", "-s", "us_spa_1"}) == "x");
    box.ok({"env", "create", "Production", "--id", "us_env_2"});
    const auto both = box.run({"list", "-e", "Production"});
    CHECK(both.code == 2);
    CHECK(has(both.err, "us_env_1, us_env_2"));
    box.ok({"env", "rename", "us_env_2", "Staging"});
    CHECK(box.run({"list", "-e", "Staging"}).code == 0);
    box.ok({"space", "rename", "us_spa_1", "Globex", "-e", "us_env_1"});
    CHECK(box.run({"space", "rename", "us_spa_1", "", "-e", "us_env_1"}).code == 2);
    CHECK(box.run({"env", "rename", "us_env_1", ""}).code == 2);
    CHECK(box.ok({"space", "list", "-e", "us_env_1"}).find("Globex") != std::string::npos);
    box.ok({"space", "remove", "us_spa_1", "-e", "us_env_1", "--yes"});
    box.ok({"env", "remove", "Production", "--yes"});
    CHECK(box.run({"list", "-e", "us_env_1"}).code == 1);
}

TEST_CASE("init makes the store that the variables name, since every verb looks for it there") {
    sandbox box;
    const auto elsewhere = box.home() / "elsewhere";
    box.variables = {{"COFFER_STORE", "file:" + elsewhere.string()},
                     {"COFFER_ENV", "qa"},
                     {"COFFER_REALM", "ours"}};
    CHECK(has(box.run({"init", "here"}).err, "say DIR or COFFER_STORE, not both"));
    CHECK_FALSE(fs::exists(box.work() / "here"));
    CHECK(has(box.ok({"init"}), elsewhere.string()));
    CHECK_FALSE(fs::exists(box.work() / "coffer-store"));
    box.ok({"set", "A"}, "a");
    fs::remove_all(elsewhere); // as if it had been stopped before
    fs::remove(box.keyring().string() + ".anchor");
    box.variables["COFFER_ENV"] = "dev";
    CHECK(box.run({"init"}).code == 4); // coffer.json says qa
    box.variables["COFFER_ENV"] = "qa";
    CHECK(has(box.ok({"init"}), "qa"));
    box.variables.clear(); // coffer.json says the same
    box.ok({"set", "A"}, "b");
    CHECK(box.ok({"get", "A"}) == "b");
    CHECK(has(box.run({"init", "--store", "elsewhere"}).err, "stores are file:DIR"));
}

TEST_CASE("init with keys of its own takes no other store away from theirs") {
    sandbox box;
    box.variables["MY_KEY"] = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=";
    box.fill();
    const auto first = box.folder;
    box.folder = box.home() / "second";
    std::filesystem::create_directory(box.folder);
    CHECK(has(box.ok({"init", "--keys", "env:MY_KEY"}), "say --keys env:MY_KEY with this store"));
    CHECK_FALSE(std::filesystem::exists(box.home() / ".config/coffer/config.json"));
    box.ok({"set", "A", "--keys", "env:MY_KEY"}, "x");
    box.folder = first;
    box.check_filled();
}

TEST_CASE("keys come from a file, a variable, a credential or a passphrase") {
    sandbox box;
    box.variables["MY_KEY"] = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=";
    const auto users = (box.home() / ".config/coffer/config.json").string();
    CHECK(has(box.ok({"init", "--keys", "env:MY_KEY", "--json"}),
              "\"userConfig\":\"" + users + "\""));
    CHECK(sandbox::read(box.home() / ".config/coffer/config.json") ==
          "{\"keys\":\"env:MY_KEY\"}\n");
    box.ok({"set", "A"}, "x");
    CHECK(box.ok({"get", "A"}) == "x");
    CHECK_FALSE(has(box.ok({"run", "--", "env"}), "MY_KEY")); // the key is not handed on

    sandbox typed;
    const auto made =
        typed.on_terminal({"init", "--keys", "passphrase:pass.json"},
                          {{"Passphrase", "correct horse\n"}, {"once more: ", "correct horse\n"}});
    INFO(made.out);
    CHECK(made.code == 0);
    CHECK_FALSE(has(made.out, "correct horse"));
    CHECK(typed.on_terminal({"env", "list"}, {{"Passphrase", "correct horse\n"}}).code == 0);
    CHECK(typed.on_terminal({"env", "list"}, {{"Passphrase", "wrong\n"}}).code == 5);
    CHECK(typed.run({"env", "list"}).code == 2);

    sandbox service;
    service.fill();
    service.variables["CREDENTIALS_DIRECTORY"] = service.keyring().parent_path().string();
    CHECK(service.ok({"get", "DB_URL", "--keys", "credential:keyring.json"}) ==
          coffer_test::db_url);
}

TEST_CASE("init makes store, keys and settings, never overwrites, and says what to back up") {
    const sandbox box;
    const auto said = box.ok({"init", "-e", "prod", "--prod"});
    CHECK(has(said, "Back up the keys now"));
    CHECK(has(said, box.keyring().string()));
    CHECK(has(box.ok({"env", "list"}), "yes"));
    const auto ring = sandbox::read(box.keyring());
    fs::remove(box.work() / "coffer.json");
    CHECK(box.run({"init"}).code == 4); // the store is there
    box.ok({"init", "second"});         // another store, the same keyring, another realm
    CHECK(sandbox::read(box.keyring()).find(ring.substr(0, 40)) == 0);
    CHECK(box.run({"init", "third"}).code == 4); // coffer.json is there
    CHECK_FALSE(fs::exists(box.work() / "third"));
}
