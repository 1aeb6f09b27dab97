// SPDX-License-Identifier: BSL-1.0
#include "lossy_proxy.hpp"
#include "served.hpp"

#include <filesystem>
#include <regex>

using coffer_test::acme_token;
using coffer_test::client;
using coffer_test::db_url;
using coffer_test::dev_token;
using coffer_test::has;
using coffer_test::lossy_proxy;
using coffer_test::sandbox;
using coffer_test::served;
namespace fs = std::filesystem;

namespace {

/// What two runs printed, but for what time does to it: ages, and how wide their column is.
auto without_ages(const std::string& text) -> std::string {
    const auto same = std::regex_replace(text, std::regex("[0-9]+ (s|min) ago"), "lately");
    return std::regex_replace(same, std::regex(" +"), " ");
}

} // namespace

TEST_CASE("through a server the command shows what it shows beside the store") {
    const served s;
    const client box(s);
    using words = sandbox::words;
    for (const sandbox* one : {&s.here, static_cast<const sandbox*>(&box)})
        one->write(one->work() / "need.json",
                   R"({"billing":[{"name":"DB_URL","pattern":"^postgres://"}]})");
    for (const auto& args :
         {words{"env", "list"}, words{"space", "list", "-e", "dev"}, words{"list", "-e", "dev"},
          words{"list", "-e", "dev", "-s", "acme"}, words{"list", "-e", "dev", "--matrix"},
          words{"list", "-e", "dev", "-s", "acme", "--own", "--json"},
          words{"get", "SLACK_TOKEN", "-e", "dev", "-s", "acme"},
          words{"get", "DB_URL", "-e", "dev", "-s", "globex"},
          words{"history", "SLACK_TOKEN", "-e", "dev", "-s", "acme"},
          words{"export", "-e", "dev", "-s", "acme"}, words{"diff", "dev", "dev/globex", "--all"},
          words{"check", "need.json", "-e", "dev", "--all-spaces"}}) {
        INFO(args[0]);
        CHECK(without_ages(box.ok(args)) == without_ages(s.here.ok(args)));
    }
    const auto explained = box.ok({"explain", "SLACK_TOKEN", "-e", "dev", "-s", "acme"});
    CHECK(has(explained, "wins     dev/acme  v1"));
    CHECK(has(explained, "shadows  dev       v1"));
}

TEST_CASE("through a server the command writes, and the codes of errors are the same") {
    const served s;
    const client box(s);
    const sandbox::words in{"-e", "dev", "-s", "globex"};
    const auto with = [&](sandbox::words args) {
        args.insert(args.end(), in.begin(), in.end());
        return args;
    };
    box.ok(with({"set", "SLACK_TOKEN", "--note", "globex's own", "--rotate-by", "2031-01-31"}),
           "one");
    CHECK(has(box.ok(with({"list"})), "globex's own; rotate by 2031-01-31"));
    box.ok(with({"set", "SLACK_TOKEN"}), "two");
    CHECK(box.run(with({"set", "SLACK_TOKEN", "--if-version", "1"}), "x").code == 4);
    CHECK(box.ok(with({"get", "SLACK_TOKEN", "--version", "1"})) == "one");
    box.ok(with({"rollback", "SLACK_TOKEN", "--to", "1"}));
    CHECK(box.ok(with({"get", "SLACK_TOKEN"})) == "one");
    box.ok(with({"hide", "SLACK_TOKEN"}));
    CHECK(box.run(with({"get", "SLACK_TOKEN"})).code == 1);
    box.ok(with({"unhide", "SLACK_TOKEN"}));
    box.ok(with({"unset", "SLACK_TOKEN", "--yes"}));
    CHECK(box.ok(with({"get", "SLACK_TOKEN"})) == dev_token);
    box.ok(with({"undelete", "SLACK_TOKEN"}));
    box.ok(with({"import", "--yes"}), "A=1\nB='two words'\n");
    CHECK(box.ok(with({"get", "B"})) == "two words");
    const std::string bytes("\xff\x00\xfe", 3);
    box.ok(with({"set", "BYTES", "--exact"}), bytes);
    CHECK(box.ok(with({"get", "BYTES"})) == bytes);
    CHECK(box.ok({"run", "-e", "dev", "-s", "globex", "--", "sh", "-c", "printf %s \"$DB_URL\""}) ==
          db_url);
    CHECK(box.run({"get", "X", "-e", "nowhere"}).code == 1);
    CHECK(
        has(s.here.ok({"history", "A", "-e", "dev", "-s", "globex"}), "tests")); // the token's name
}

TEST_CASE(
    "a listing asks once for each scope, and a write as often for many names and spaces as for "
    "one") {
    const served s;
    lossy_proxy between(s.url);
    client box(s);
    box.variables["COFFER_SERVER"] = between.url;
    const auto requests = [&](const sandbox::words& args, std::string_view in = {}) {
        const int before = between.requests;
        box.ok(args, in);
        return between.requests - before;
    };
    const sandbox::words missing{"list", "-e", "dev", "--all-spaces", "--missing"};
    const sandbox::words import{"import", "-e", "dev", "--yes"};
    const auto listed = requests(missing);
    const auto matrix = requests({"list", "-e", "dev", "--matrix", "--own"});
    const auto of_one = requests({"list", "-e", "dev", "-s", "acme", "--missing"});
    const auto set = requests({"set", "A", "-e", "dev"}, "value");
    const auto written = requests(import, "B1=1\n");
    CHECK(has(box.ok({"set", "A", "-e", "dev"}, "other"), "(2 spaces see it)"));
    for (int i = 0; i < 8; ++i)
        box.ok({"space", "create", "more" + std::to_string(i), "-e", "dev"});
    CHECK(requests(missing) == listed + 8);
    CHECK(requests({"list", "-e", "dev", "--matrix", "--own"}) == matrix + 8);
    CHECK(requests({"list", "-e", "dev", "-s", "acme", "--missing"}) == of_one + 8);
    CHECK(requests({"set", "A", "-e", "dev"}, "another") == set);
    CHECK(requests(import, "C1=1\nC2=2\nC3=3\nC4=4\nC5=5\nC6=6\n") == written);
    box.ok({"hide", "A", "-e", "dev", "-s", "more1"});
    CHECK(has(box.ok({"set", "A", "-e", "dev"}, "last"), "(9 spaces see it, 1 has its own)"));
}

TEST_CASE(
    "a token for an actor alone reads as that actor, and another one as the actor that is said") {
    const served s;
    client box(s);
    box.ok({"set", "DB_URL", "-e", "dev", "-s", "acme", "--actor", "us_ana"}, "her-own");
    box.ok({"set", "MINE", "-e", "dev", "--actor", "us_ana"}, "hers in dev");
    CHECK(box.ok({"get", "DB_URL", "-e", "dev", "-s", "acme"}) == db_url);
    CHECK(box.ok({"get", "DB_URL", "-e", "dev", "-s", "acme", "--actor", "us_ana"}) == "her-own");
    const auto token = [&](const sandbox::words& limits) {
        sandbox::words args{"token", "create", "--role",  "service",
                            "-e",    "dev",    "--actor", "us_ana"};
        args.insert(args.end(), limits.begin(), limits.end());
        auto out = client(s).ok(args);
        out.pop_back();
        return out;
    };
    const sandbox::words in_acme{"-e", "dev", "-s", "acme"};
    const auto with = [&](sandbox::words args) {
        args.insert(args.end(), in_acme.begin(), in_acme.end());
        return args;
    };
    box.variables["COFFER_TOKEN"] = token({"-s", "acme", "--write"});
    CHECK(box.ok(with({"get", "DB_URL"})) == "her-own");
    CHECK(has(box.ok(with({"list"})), "DB_URL       overridden  acme@us_ana"));
    CHECK(has(box.ok(with({"explain", "DB_URL"})), "wins     dev/acme@us_ana  v1"));
    CHECK(box.ok({"run", "-e", "dev", "-s", "acme", "--", "sh", "-c", "echo $DB_URL"}) ==
          "her-own\n");
    box.ok(with({"set", "DB_URL"}), "newer");
    CHECK(box.ok({"get", "DB_URL", "-e", "dev", "-s", "acme", "--actor", "us_ana"}) == "newer");
    CHECK(box.run(with({"get", "DB_URL", "--actor", "us_ben"})).code == 1);
    CHECK(box.run({"get", "DB_URL", "-e", "dev", "-s", "globex"}).code == 1);
    box.variables["COFFER_TOKEN"] = token({});
    CHECK(box.ok({"get", "MINE", "-e", "dev"}) == "hers in dev");
    CHECK(s.here.ok({"get", "DB_URL", "-s", "acme"}) == db_url);
}

TEST_CASE(
    "what a server does not tell of an inherited name is left out, and nothing put in its place") {
    const served s;
    client box(s);
    box.variables["COFFER_TOKEN"] =
        box.ok({"token", "create", "--role", "space-admin", "-e", "dev", "-s", "acme"});
    box.variables["COFFER_TOKEN"].pop_back();
    const auto listed = box.ok({"list", "-e", "dev", "-s", "acme"});
    INFO(listed);
    CHECK(has(listed, "DB_URL       inherited   dev   –"));
    CHECK(has(listed, "SLACK_TOKEN  overridden  acme  v1"));
    CHECK_FALSE(has(listed, "1970"));
    const auto json = box.ok({"list", "-e", "dev", "-s", "acme", "--json"});
    CHECK(
        has(json,
            R"({"name":"DB_URL","state":"inherited","from":{"environment":"dev","space":null}},)"));
    CHECK(has(
        json,
        R"("name":"SLACK_TOKEN","state":"overridden","from":{"environment":"dev","space":"acme"},"version":1,"setAt":)"));
    CHECK(has(box.ok({"explain", "DB_URL", "-e", "dev", "-s", "acme", "--json"}),
              R"("from":{"environment":"dev","space":null},"stale":false)"));
}

TEST_CASE("who may see names and no values compares what can be told without them") {
    const served s;
    client box(s);
    box.variables["COFFER_TOKEN"] = box.ok({"token", "create", "--role", "auditor", "-e", "dev"});
    box.variables["COFFER_TOKEN"].pop_back();
    const auto done = box.run({"diff", "dev", "dev/acme", "--all"});
    CHECK(done.code == 1);
    CHECK(has(done.out, "DB_URL       set v1  inherited v1   same"));
    CHECK(has(done.out, "SLACK_TOKEN  set v1  overridden v1  unknown"));
    CHECK(has(done.err, "values of dev are not compared (denied)"));
    box.write(box.work() / "need.json", R"({"a":[{"name":"DB_URL"},{"name":"NONE"}]})");
    CHECK(has(box.run({"check", "need.json", "-e", "dev"}).out, "missing  NONE  dev"));
    box.write(box.work() / "need.json", R"({"a":[{"name":"DB_URL","pattern":"^p"}]})");
    CHECK(box.run({"check", "need.json", "-e", "dev"}).code == 5);
}

TEST_CASE("environments and spaces are made, renamed and removed through a server") {
    const served s;
    const client box(s);
    box.ok({"env", "create", "live", "--id", "us_env_9", "--prod"});
    CHECK(box.run({"env", "create", "again", "--id", "us_env_9"}).code == 4);
    box.ok({"space", "create", "one", "--id", "us_sp_1", "-e", "us_env_9", "--yes"});
    box.ok({"space", "rename", "one", "two", "-e", "live", "--yes"});
    CHECK(has(box.ok({"space", "list", "-e", "live"}), "two"));
    CHECK(box.run({"set", "A", "-e", "live"}, "x").code == 2); // PROD asks
    box.ok({"env", "mark", "live", "--no-prod", "--yes"});
    CHECK(has(box.ok({"env", "list"}), "us_env_9     live"));
    box.ok({"set", "A", "-e", "live"}, "x");
    box.ok({"env", "mark", "live", "--prod"});
    CHECK(box.run({"set", "A", "-e", "live"}, "x").code == 2);
    box.ok({"space", "remove", "two", "-e", "live", "--yes"});
    box.ok({"env", "remove", "live", "--yes"});
    CHECK_FALSE(has(box.ok({"env", "list"}), "us_env_9"));
}

TEST_CASE("what works beside the store alone says so") {
    const served s;
    const auto done = client(s).run({"verify"});
    CHECK(done.code == 3);
    CHECK(has(done.err, "beside the store"));
    CHECK(has(done.err, "COFFER_SERVER"));
}

TEST_CASE("a token is kept by login for the one server, and forgotten by logout") {
    const served s;
    client box(s, false);
    CHECK(box.run({"list", "-e", "dev"}).code == 5);
    CHECK(box.run({"login"}, "cof_wrong\n").code == 5);
    const auto said = box.run({"login"}, s.token + "\n");
    CHECK(said.code == 0);
    CHECK(has(said.out, s.url));
    CHECK_FALSE(has(said.out + said.err, s.token));
    std::size_t files = 0;
    for (const auto& e : fs::directory_iterator(box.home() / ".config/coffer/tokens")) {
        ++files;
        CHECK((e.status().permissions() & fs::perms::all) ==
              (fs::perms::owner_read | fs::perms::owner_write));
    }
    CHECK(files == 1);
    CHECK(box.ok({"get", "SLACK_TOKEN", "-e", "dev", "-s", "acme"}) == acme_token);
    CHECK(has(box.ok({"whoami"}), "tests"));
    const served other;
    box.variables["COFFER_SERVER"] = other.url;
    CHECK(box.run({"list", "-e", "dev"}).code == 5);
    box.variables["COFFER_SERVER"] = s.url + "/"; // the same, written otherwise
    CHECK(box.run({"list", "-e", "dev"}).code == 0);
    CHECK(has(box.ok({"logout", "--dry-run"}), "Forgets the token that is kept for " + s.url));
    CHECK(box.run({"list", "-e", "dev"}).code == 0);
    box.ok({"logout"});
    CHECK(box.run({"list", "-e", "dev"}).code == 5);
}

TEST_CASE("a folder's file may name a server, but no token of the user's goes there unasked") {
    const served s;
    client box(s);
    box.variables.erase("COFFER_SERVER");
    box.write(box.work() / "coffer.json", R"({"server":")" + s.url + R"("})");
    const auto refused = box.run({"list", "-e", "dev"});
    CHECK(refused.code == 2);
    CHECK(has(refused.err, "coffer.json"));
    CHECK(box.ok({"get", "DB_URL", "-e", "dev", "--server", s.url}) == db_url);
    box.variables.erase("COFFER_TOKEN");
    const auto file = box.home() / "token";
    box.write(file, s.token + "\n");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    box.variables["COFFER_TOKEN_FILE"] = file.string();
    CHECK(box.run({"list", "-e", "dev"}).code == 2);
    CHECK(box.run({"login"}, s.token + "\n").code == 2); // it would ask first
    CHECK(box.ok({"get", "DB_URL", "-e", "dev", "--server", s.url}) == db_url);
    // The user's own file: the token that stands there is for the server that stands there.
    box.variables.erase("COFFER_TOKEN_FILE");
    box.write(box.home() / ".config/coffer/config.json",
              R"({"server":")" + s.url + R"(","token_file":")" + file.string() + R"("})");
    CHECK(box.run({"list", "-e", "dev"}).code == 5);
    fs::remove(box.work() / "coffer.json");
    CHECK(box.ok({"get", "DB_URL", "-e", "dev"}) == db_url);
    fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
    CHECK(box.run({"list", "-e", "dev"}).code == 5);
}

TEST_CASE("addresses that a token may not be sent to, and two places at once, are refused") {
    const sandbox box;
    const auto to = [&](const char* server) {
        return box.run({"list", "-e", "dev", "--server", server}).code;
    };
    CHECK(to("http://coffer.example") == 5);
    CHECK(to("coffer.example") == 2);
    CHECK(to("https://user:pw@coffer.example") == 2);
    CHECK(box.run({"list", "-e", "dev", "--server", "http://127.0.0.1:1", "--store", "file:x"})
              .code == 2);
}

TEST_CASE(
    "a server that is away ends in exit 6, and a store that is typed beats one in a variable") {
    served s;
    const client box(s);
    s.stop();
    CHECK(box.run({"list", "-e", "dev"}).code == 6);
    s.here.variables["COFFER_TOKEN"] = s.token;
    s.here.variables["COFFER_SERVER"] = s.url;
    CHECK(s.here.run({"list", "-e", "dev"}).code == 6);
    CHECK(s.here.ok({"get", "DB_URL", "-e", "dev", "--store", "file:coffer-store"}) == db_url);
}

TEST_CASE(
    "through a server tokens are made, listed and revoked; nobody gives away what they lack") {
    const served s;
    const client box(s);
    const auto made = box.ok({"token", "create", "--role", "env-admin", "--env", "dev", "--reveal",
                              "--name", "ana", "--expires", "10d"});
    REQUIRE(made.size() == 70);
    const auto listed = box.ok({"token", "list"});
    CHECK(has(listed, made.substr(4, 12)));
    CHECK(has(listed, "env-admin of dev, reveal"));
    CHECK_FALSE(has(listed, made.substr(17, 43)));
    CHECK(without_ages(listed) == without_ages(s.here.ok({"token", "list"})));

    client ana(s, false);
    ana.variables["COFFER_TOKEN"] = made.substr(0, 69);
    const auto service =
        ana.ok({"token", "create", "--role", "service", "--env", "dev", "--names", "SLACK_*"});
    CHECK(has(ana.ok({"token", "list", "--json"}), R"("names":["SLACK_*"])"));
    CHECK_FALSE(has(ana.ok({"token", "list"}), "full: everything"));
    const auto more = ana.run({"token", "create", "--role", "operator"});
    CHECK(more.code == 5);
    CHECK(has(more.err, "the right tokens"));
    const auto id = service.substr(4, 12);
    CHECK(ana.run({"token", "revoke", "nothing", "--yes"}).code == 1);
    ana.ok({"token", "revoke", id, "--yes"});
    CHECK_FALSE(has(box.ok({"token", "list"}), id));
    client revoked(s, false);
    revoked.variables["COFFER_TOKEN"] = service.substr(0, 69);
    CHECK(revoked.run({"get", "SLACK_TOKEN", "-e", "dev"}).code == 5);
}

TEST_CASE("the name that was meant is said to those alone who may list it") {
    const served s;
    client box(s);
    CHECK(has(box.run({"get", "SLACK_TOKN", "-e", "dev"}).err, "did you mean SLACK_TOKEN?"));
    box.variables["COFFER_TOKEN"] =
        box.ok({"token", "create", "--role", "service", "-e", "dev", "--names", "DB_*"});
    box.variables["COFFER_TOKEN"].pop_back();
    const auto other = box.run({"get", "SLACK_TOKN", "-e", "dev"});
    CHECK(other.code == 1);
    CHECK_FALSE(has(other.err, "did you mean"));
    CHECK(has(box.run({"get", "DB_URK", "-e", "dev"}).err, "did you mean DB_URL?"));
}
