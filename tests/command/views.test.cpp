// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

using coffer_test::has;
using coffer_test::sandbox;

TEST_CASE("list shows states, scopes, versions, authors and notes of a space") {
    const sandbox box;
    box.fill();
    box.ok({"set", "BETA_KEY"}, "beta");
    box.ok({"hide", "BETA_KEY", "-s", "acme"});
    box.ok(
        {"set", "SLACK_TOKEN", "-s", "acme", "--note", "acme's own", "--rotate-by", "2031-01-31"},
        "new one");
    box.ok({"set", "ONLY_HERE", "-s", "acme"}, "x");
    const auto text = box.ok({"list", "-s", "acme"});
    INFO(text);
    CHECK(has(text, "NAME         STATE       FROM  VERSION  SET "));
    CHECK(has(text, " BY   NOTE\n"));
    CHECK(has(text, "BETA_KEY     hidden      –     v1"));
    CHECK(has(text, "DB_URL       inherited   dev   v1"));
    CHECK(has(text, "ONLY_HERE    own         acme  v1"));
    CHECK(has(text, "SLACK_TOKEN  overridden  acme  v2"));
    CHECK(has(text, "ana  acme's own; rotate by 2031-01-31"));
    CHECK_FALSE(has(box.ok({"list", "-s", "acme", "--own"}), "DB_URL"));
    const auto missing = box.ok({"list", "-s", "acme", "--missing"});
    CHECK(has(missing, "BETA_KEY"));
    CHECK_FALSE(has(missing, "DB_URL"));
    CHECK(has(box.ok({"list", "-s", "globex", "--missing"}), "ONLY_HERE  absent"));
}

TEST_CASE("list shows what ends, and --due only what is to be rotated, or ends, until then") {
    const sandbox box;
    box.fill();
    box.ok({"set", "ENDS", "--expires", "10d"}, "x");
    box.ok({"set", "OLD", "--rotate-by", "2001-01-31", "--note", "n"}, "x");
    box.ok({"set", "LATER", "--rotate-by", "2099-01-31"}, "x");
    CHECK(has(box.ok({"list"}), "ana  ends 20"));
    const auto names = [&](const sandbox::words& with) {
        auto args = sandbox::words{"list"};
        args.insert(args.end(), with.begin(), with.end());
        const auto text = box.ok(args);
        std::string out;
        for (const char* name : {"ENDS", "OLD", "LATER", "DB_URL", "SLACK_TOKEN"})
            if (has(text, std::string("\n") + name)) out += std::string(name) + " ";
        return out;
    };
    CHECK(names({"--due", "0"}) == "OLD ");
    CHECK(names({"--due", "30d"}) == "ENDS OLD ");
    CHECK(names({"--due", "2099-01-31"}) == "ENDS OLD LATER ");
    CHECK(names({"--due", "30d", "-s", "acme"}) == "ENDS OLD ");
    CHECK(box.run({"list", "--due", "soon"}).code == 2);
}

TEST_CASE("list --matrix has a column for the environment and each space") {
    const sandbox box;
    box.fill();
    box.ok({"set", "BETA_KEY"}, "beta");
    box.ok({"hide", "BETA_KEY", "-s", "acme"});
    CHECK(box.ok({"list", "--matrix"}) ==
          "             environment dev  space acme     space globex\n"
          "BETA_KEY     set v1           hidden         inherited\n"
          "DB_URL       set v1           inherited      inherited\n"
          "SLACK_TOKEN  set v1           overridden v1  inherited\n");
    CHECK(has(box.ok({"list", "--all-spaces"}), "dev/globex  SLACK_TOKEN  inherited"));
    CHECK(has(box.ok({"list", "--all-spaces", "--json"}),
              "\"scopes\":[{\"environment\":\"dev\",\"space\":null,\"stale\":false,"
              "\"age_s\":0,\"secrets\":["));
}

TEST_CASE("explain says what wins, what it shadows and under which key") {
    const sandbox box;
    box.fill();
    const auto text = box.ok({"explain", "SLACK_TOKEN", "-s", "acme"});
    INFO(text);
    CHECK(text.starts_with("SLACK_TOKEN in dev/acme\n  wins     dev/acme  v1  set "));
    CHECK((has(text, " s ago by ana\n  shadows  dev       v1  set ") ||
           has(text, " min ago by ana\n  shadows  dev       v1  set ")));
    CHECK(has(text, "  state    fresh, generation "));
    CHECK(has(text, "(active)\n"));
    box.ok({"hide", "DB_URL", "-s", "acme"});
    const auto hidden = box.run({"explain", "DB_URL", "-s", "acme"});
    CHECK(hidden.code == 1);
    CHECK(has(hidden.out, "  hidden   dev/acme  v1"));
}

TEST_CASE("set says what it overrides and who sees it, and that nothing changed") {
    const sandbox box;
    box.fill();
    CHECK(box.ok({"set", "DB_URL", "-s", "acme"}, "other") ==
          "DB_URL  dev/acme  v1   overrides dev v1  (1 other space: no change)\n");
    CHECK(box.ok({"set", "DB_URL"}, "newer") ==
          "DB_URL  dev  v2   (1 space sees it, 1 has its own)\n");
    CHECK(box.ok({"set", "DB_URL"}, "newer") ==
          "DB_URL  dev  v2   unchanged: this value was there already\n");
    CHECK(has(box.ok({"set", "DB_URL", "--json"}, "newest"), "\"version\":3,\"changed\":true"));
}

TEST_CASE("unset, undelete, history and rollback keep old values to go back to") {
    const sandbox box;
    box.fill();
    CHECK(box.ok({"unset", "SLACK_TOKEN", "-s", "acme", "--yes"}) ==
          "SLACK_TOKEN  dev/acme  removed (coffer undelete brings it back)   inherits dev v1\n");
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == coffer_test::dev_token);
    CHECK(box.ok({"undelete", "SLACK_TOKEN", "-s", "acme"}) ==
          "SLACK_TOKEN  dev/acme  is back; now overridden, dev/acme v3\n");
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == coffer_test::acme_token);
    box.ok({"set", "SLACK_TOKEN", "-s", "acme"}, "fourth");
    const auto history = box.ok({"history", "SLACK_TOKEN", "-s", "acme"});
    CHECK(history.starts_with("VERSION  STATE    SET"));
    CHECK(has(history, "\nv4       value"));
    CHECK(has(history, "\nv2       removed"));
    box.ok({"rollback", "SLACK_TOKEN", "-s", "acme", "--to", "1"});
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == coffer_test::acme_token);
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme", "--version", "4"}) == "fourth");
    box.ok({"hide", "SLACK_TOKEN", "-s", "acme"});
    CHECK(box.run({"get", "SLACK_TOKEN", "-s", "acme"}).code == 1);
    box.ok({"unhide", "SLACK_TOKEN", "-s", "acme"});
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == coffer_test::acme_token);
}

TEST_CASE("what can't be brought back is told as that, not as a name that is not there") {
    const sandbox box;
    box.fill();
    const auto why = [&](const sandbox::words& args) {
        const auto done = box.run(args);
        CHECK(done.code == 1);
        return done.err;
    };
    CHECK(has(why({"rollback", "DB_URL", "--to", "99", "--yes"}),
              "DB_URL in dev has no v99 that is kept"));
    CHECK(has(why({"undelete", "DB_URL"}), "DB_URL in dev was not removed"));
    CHECK(has(why({"unhide", "DB_URL", "-s", "acme"}), "DB_URL in dev/acme is not hidden"));
}

TEST_CASE("a name that turns the direction of text is shown escaped") {
    const sandbox box;
    box.ok({"init"});
    box.ok({"set", "A\u202EB\u2066C\u200F"}, "x");
    CHECK(has(box.ok({"list"}), "A\\xe2\\x80\\xaeB\\xe2\\x81\\xa6C\\xe2\\x80\\x8f "));
    box.ok({"set", "Grüße → 名前"}, "x");
    CHECK(has(box.ok({"list"}), "Grüße → 名前 "));
}

TEST_CASE("a generated value has the length asked for, is not shown, and differs each time") {
    const sandbox box;
    box.fill();
    const auto said = box.run({"set", "A", "--generate"});
    const auto first = box.ok({"get", "A"});
    CHECK(first.size() == 32);
    CHECK_FALSE(has(said.out + said.err, first));
    box.ok({"set", "A", "--generate=64"});
    const auto second = box.ok({"get", "A"});
    CHECK(second.size() == 64);
    CHECK(second.substr(0, 32) != first);
    box.ok({"set", "KEY_A", "KEY_B", "--generate"});
    CHECK(box.ok({"get", "KEY_A"}) != box.ok({"get", "KEY_B"}));
    CHECK(box.run({"set", "A", "--generate=4"}).code == 2);
}

TEST_CASE("one half of a note is kept when the other is given") {
    const sandbox box;
    box.fill();
    box.ok({"set", "DB_URL", "--note", "read only"}, "a");
    box.ok({"set", "DB_URL", "--rotate-by", "2031-01-31"}, "b");
    CHECK(has(box.ok({"list"}), "read only; rotate by 2031-01-31"));
    box.ok({"set", "DB_URL"}, "c");
    CHECK(has(box.ok({"list", "--json"}), "\"note\":\"read only\",\"rotateBy\":\"2031-01-31\""));
}

TEST_CASE("half a note is not set over one that somebody changes meanwhile") {
    const sandbox box;
    box.fill();
    const auto done =
        box.on_terminal({"set", "DB_URL", "--note", "mine"},
                        {{"Value of DB_URL (not shown): ", "typed\n", [&] {
                              box.ok({"set", "DB_URL", "--rotate-by", "2031-01-31"}, "meanwhile");
                          }}});
    INFO(done.out);
    CHECK(done.code == 4);
    CHECK(box.ok({"get", "DB_URL"}) == "meanwhile");
    CHECK(has(box.ok({"list"}), "rotate by 2031-01-31"));
    box.on_terminal({"set", "DB_URL", "--note", "mine"}, {{"(not shown): ", "typed\n"}});
    CHECK(has(box.ok({"list"}), "mine; rotate by 2031-01-31"));
}

TEST_CASE("no verb shows a value unasked, on either stream") {
    const sandbox box;
    box.fill();
    box.ok({"set", "DB_URL", "-s", "globex"}, "rolled-canary");
    for (const sandbox::words& args :
         std::vector<sandbox::words>{{"list"},
                                     {"list", "--json"},
                                     {"list", "--matrix"},
                                     {"list", "--all-spaces", "-v"},
                                     {"explain", "DB_URL", "-s", "globex"},
                                     {"explain", "DB_URL", "--json"},
                                     {"history", "DB_URL", "--json"},
                                     {"verify"},
                                     {"verify", "--json"},
                                     {"config"},
                                     {"env", "list"},
                                     {"space", "list"},
                                     {"get", "NOPE"},
                                     {"run", "--", "true"},
                                     {"unset", "DB_URL", "-s", "globex", "--dry-run"},
                                     {"undelete", "DB_URL"},
                                     {"rollback", "DB_URL", "--to", "1"},
                                     {"hide", "DB_URL", "-s", "globex"},
                                     {"unhide", "DB_URL", "-s", "globex"},
                                     {"git", "show", box.document("dev").string()},
                                     {"complete", "--", "get", ""},
                                     {"set", "DB_URL", "--dry-run"},
                                     {"get", "DB_URL", "-o", "file"},
                                     {"import", "file", "--dry-run"}}) {
        const auto done = box.run(args, "canary-on-stdin");
        INFO(args[0] << "\n" << done.out << done.err);
        CHECK_FALSE(has(done.out + done.err, "canary"));
    }
    CHECK_FALSE(has(box.run({"get", "DB_URL", "-v"}).err, "canary"));
    CHECK_FALSE(has(box.run({"export", "-v"}).err, "canary"));
}

TEST_CASE("--actor: what an actor has of their own comes first, and is nobody else's") {
    sandbox box;
    box.fill();
    const auto of = [](sandbox::words args, const char* actor = "us_ana") {
        args.insert(args.end(), {"-s", "acme", "--actor", actor});
        return args;
    };
    CHECK(box.ok(of({"get", "DB_URL"})) == coffer_test::db_url);
    CHECK(box.ok(of({"set", "DB_URL"}), "her-own") ==
          "DB_URL  dev/acme@us_ana  v1   overrides dev v1\n");
    CHECK(box.ok(of({"get", "DB_URL"})) == "her-own");
    CHECK(box.ok(of({"get", "DB_URL"}, "us_ben")) == coffer_test::db_url);
    CHECK(box.ok({"get", "DB_URL", "-s", "acme"}) == coffer_test::db_url);
    CHECK(box.ok({"get", "DB_URL", "--actor", "us_ana"}) == coffer_test::db_url);
    box.ok({"set", "EVERYWHERE", "--actor", "us_ana"}, "in-dev");
    CHECK(box.ok(of({"get", "EVERYWHERE"})) == "in-dev");
    CHECK(has(box.ok({"list", "--actor", "us_ana"}), "EVERYWHERE   own        dev@us_ana"));

    const auto listed = box.ok(of({"list"}));
    INFO(listed);
    CHECK(has(listed, "DB_URL       overridden  acme@us_ana  v1"));
    CHECK(has(listed, "SLACK_TOKEN  inherited   acme         v1"));
    CHECK(has(box.ok(of({"explain", "DB_URL"})), "  wins     dev/acme@us_ana  v1"));
    CHECK(has(box.ok(of({"history", "DB_URL"})), "v1       value"));
    CHECK(has(box.ok({"list", "--matrix", "--actor", "us_ana"}),
              "environment dev@us_ana  space acme@us_ana"));
    CHECK(has(box.ok(of({"export", "--only", "DB_URL"})), "her-own"));
    CHECK(box.ok({"run", "-s", "acme", "--actor", "us_ana", "--", "sh", "-c", "echo $DB_URL"}) ==
          "her-own\n");
    box.write(box.work() / "need.json", R"({"a":[{"name":"DB_URL","pattern":"^postgres"}]})");
    box.ok({"check", "need.json", "-s", "acme"});
    CHECK(box.run(of({"check", "need.json"})).code == 1);

    box.variables["COFFER_ACTOR"] = "us_ana";
    CHECK(box.ok({"get", "DB_URL", "-s", "acme"}) == "her-own");
    CHECK(box.run({"get", "DB_URL", "-s", "acme", "--actor", ""}).code == 2);
    box.variables.clear();
    CHECK(box.ok(of({"unset", "DB_URL", "--yes"})) ==
          "DB_URL  dev/acme@us_ana  removed (coffer undelete brings it back)   inherits dev v1\n");
    CHECK(box.ok(of({"get", "DB_URL"})) == coffer_test::db_url);
}

TEST_CASE("list --only shows the names that match, and says what matches none") {
    const sandbox box;
    box.fill();
    const auto one = box.run({"list", "-s", "acme", "--only", "SLACK_*,NOPE"});
    CHECK(one.code == 0);
    CHECK(has(one.out, "\nSLACK_TOKEN"));
    CHECK_FALSE(has(one.out, "DB_URL"));
    CHECK(has(one.err, "--only NOPE matches no name"));
    CHECK_FALSE(has(one.err, "SLACK_"));
    const auto all = box.run({"list", "--all-spaces", "--only", "DB_URL"});
    CHECK(has(all.out, "dev/globex  DB_URL  inherited"));
    CHECK_FALSE(has(all.out, "SLACK_TOKEN"));
    CHECK(all.err.empty());
    CHECK(box.ok({"list", "--matrix", "--only", "SLACK_TOKEN"}) ==
          "             environment dev  space acme     space globex\n"
          "SLACK_TOKEN  set v1           overridden v1  inherited\n");
}

TEST_CASE("of a name that is not there the one that was meant is said") {
    const sandbox box;
    box.fill();
    box.ok({"set", "ONE"}, "1");
    const auto said = [&](sandbox::words args) { return box.run(args).err; };
    const std::string_view meant = "id you mean SLACK_TOKEN?"; // behind a full stop: Did
    for (const sandbox::words& args : {sandbox::words{"get", "SLACK_TOKN"},
                                       {"get", "slack_token"},
                                       {"get", "SLACK_TOKENS", "--version", "1"},
                                       {"history", "SLAC_TOKEN"},
                                       {"rollback", "SLACK_TOKNE", "--to", "1"},
                                       {"unset", "SLACKTOKEN", "--yes"},
                                       {"hide", "SLCK_TOKEN", "-s", "globex"}}) {
        INFO(args[0] << " " << args[1]);
        CHECK(has(said(args), meant));
    }
    box.ok({"hide", "SLACK_TOKEN", "-s", "globex"});
    for (const sandbox::words& args : {sandbox::words{"get", "SLACK_TOKEN", "-s", "globex"},
                                       {"get", "STRIPE_KEY"},
                                       {"get", "SLACK_TO"},
                                       {"get", "X"},
                                       {"history", "DB_URL", "-s", "acme"},
                                       {"unset", "DB_URL", "-s", "acme", "--yes"},
                                       {"rollback", "DB_URL", "--to", "9"}}) {
        INFO(args[0] << " " << args[1]);
        CHECK(box.run(args).code == 1);
        CHECK_FALSE(has(said(args), "id you mean"));
    }
    CHECK(has(said({"get", "OEN"}), "not set in dev; did you mean ONE?"));
    CHECK(has(said({"rollback", "ONES", "--to", "1"}), "written. Did you mean ONE?"));
}
