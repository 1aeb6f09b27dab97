// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <filesystem>

#include <sys/stat.h>

using coffer_test::has;
using coffer_test::sandbox;

TEST_CASE("rule 1: a value on the command line is refused, and not repeated") {
    const sandbox box;
    box.fill();
    const std::string value = "hunter2-canary";
    for (const sandbox::words& args :
         std::vector<sandbox::words>{{"set", "NEW=" + value},
                                     {"set", "NEW", value},
                                     {"set", "NEW", "--", "-" + value},
                                     {"set", "NEW", "--" + value},
                                     {"set", "NEW", "-p" + value},
                                     {"set", "NEW", "--value=" + value},
                                     {"set", "NEW", "--if-version", value},
                                     {"set", "NEW", "--generate=" + value},
                                     {"set", "NEW", "--rotate-by", value},
                                     {"set", "NEW", "--expires", value},
                                     {"set", "NEW", "AKIACANARYCANARYHUNT"},
                                     {value, "NEW"},
                                     {"get", "SLACK_TOKEN", value},
                                     {"get", "SLACK_TOKEN", "--version", value}}) {
        const auto done = box.run(args, "other");
        INFO(args[0] << " " << args[1] << ": " << done.err);
        CHECK(done.code == 2);
        CHECK_FALSE(has(done.out + done.err, value));
        CHECK_FALSE(has(done.out + done.err, "AKIACANARY"));
        CHECK(has(done.err, "coffer: "));
    }
    CHECK(has(box.run({"set", "NEW=" + value}).err,
              "may be in your shell history now; treat it as exposed"));
    CHECK(box.run({"get", "NEW"}).code == 1);
}

TEST_CASE("rule 1: a value behind the name is not asked about, not even on a terminal") {
    const sandbox box;
    box.fill();
    for (const char* value : {"hunter2-canary", "AKIACANARYCANARYHUNT", "UPPER_BUT not"}) {
        const auto done = box.on_terminal({"set", "NEW", value}, {{"(not shown)", "x\n"}});
        CHECK(done.code == 2);
        CHECK(has(done.out, "treat it as exposed"));
        CHECK_FALSE(has(done.out, value));
    }
}

TEST_CASE("rule 1: with --json the refusal repeats nothing either") {
    const sandbox box;
    box.fill();
    const auto done = box.run({"set", "NEW=hunter2-canary", "--json"});
    CHECK(done.code == 2);
    CHECK(has(done.out, "\"code\":\"invalid_argument\""));
    CHECK_FALSE(has(done.out + done.err, "hunter2"));
}

TEST_CASE("rule 2: get and export refuse a terminal unless --show is given") {
    const sandbox box;
    box.fill();
    for (const sandbox::words& args : std::vector<sandbox::words>{
             {"get", "SLACK_TOKEN"}, {"get", "SLACK_TOKEN", "--json"}, {"export"}}) {
        const auto refused = box.on_terminal(args);
        CHECK(refused.code == 2);
        CHECK(has(refused.out, "say --show"));
        CHECK_FALSE(has(refused.out, "canary"));
        auto shown = args;
        shown.push_back("--show");
        const auto done = box.on_terminal(shown);
        CHECK(done.code == 0);
        CHECK(has(done.out, coffer_test::dev_token));
    }
    const auto to_file = box.on_terminal({"get", "SLACK_TOKEN", "-o", "token"});
    CHECK(to_file.code == 0);
    CHECK_FALSE(has(to_file.out, "canary"));
}

TEST_CASE("rule 3: stdout is data alone, and with --json one object on one line") {
    const sandbox box;
    box.fill();
    CHECK(box.ok({"get", "SLACK_TOKEN"}) == coffer_test::dev_token);
    for (const sandbox::words& args :
         std::vector<sandbox::words>{{"env", "list"},
                                     {"space", "list"},
                                     {"list"},
                                     {"list", "--matrix"},
                                     {"explain", "DB_URL"},
                                     {"history", "DB_URL"},
                                     {"verify"},
                                     {"config"},
                                     {"get", "DB_URL"},
                                     {"hide", "DB_URL", "-s", "globex"},
                                     {"unset", "DB_URL", "-s", "globex", "--yes"}}) {
        auto with_json = args;
        with_json.emplace_back("--json");
        const auto done = box.run(with_json);
        INFO(args[0] << " " << done.out << done.err);
        CHECK(done.code == 0);
        CHECK(done.out.starts_with("{"));
        CHECK(done.out.find('\n') == done.out.size() - 1);
        CHECK(done.err.empty());
    }
    const auto wrong = box.run({"get", "NOPE", "--json", "-s", "acme"});
    CHECK(wrong.code == 1);
    CHECK(wrong.out == "{\"error\":{\"code\":\"not_found\",\"message\":\"NOPE is not set in "
                       "dev/acme, nor above it\","
                       "\"name\":\"NOPE\",\"environment\":\"dev\",\"space\":\"acme\"}}\n");
}

TEST_CASE("rule 3: stdout gets all of it, also where it does not wait") {
    sandbox box;
    box.ok({"init"});
    std::string lines;
    for (int i = 0; i < 20; ++i)
        lines += "LARGE_" + std::to_string(i) + "=" + std::string(60'000, 'a') + "\n";
    box.ok({"import", "-", "--yes"}, lines); // more than any pipe holds
    const auto all = box.ok({"export", "--format", "dotenv"});
    CHECK(all.size() == lines.size());
    box.out_does_not_wait = true;
    CHECK((box.ok({"export", "--format", "dotenv"}) == all));
}

TEST_CASE("rule 3: where stdout takes no more, what was done before is said") {
    const sandbox box;
    box.fill();
    const auto to_full = [&](const std::string& words) {
        return box.run_program(
            {"sh", "-c", "\"$0\" " + words + " >/dev/full", coffer_test::coffer_program()});
    };
    for (const char* words :
         {"set NEW --generate", "hide DB_URL", "space create third", "rollback DB_URL --to 1"}) {
        const auto done = to_full(words);
        INFO(words << "\n" << done.err);
        CHECK(done.code == 6);
        CHECK(has(done.err, "it is done; can't write to stdout"));
    }
    CHECK(box.ok({"get", "NEW"}).size() == 32);
    CHECK_FALSE(has(to_full("get DB_URL").err, "it is done"));
    const auto alone = to_full("keys rotate-kek --env dev --yes");
    CHECK(has(alone.err, "it is done; "));
    box.ok({"keys", "rewrap", "--env", "dev", "--yes"});
    const auto shredded = to_full("keys shred --env dev --yes");
    INFO(shredded.err);
    CHECK(has(shredded.err, "it is done; "));
    std::filesystem::remove(box.work() / "coffer.json");
    CHECK(has(to_full("init again --keys file:k/keys").err, "it is done; "));
}

TEST_CASE("rule 3: without a terminal there are no hints, and --quiet silences notices") {
    const sandbox box;
    box.fill();
    CHECK(box.run({"list"}).err.empty());
    CHECK(has(box.on_terminal({"list"}).out, "2 names in dev: 2 set"));
    CHECK(has(box.run({"set", "A"}, "value\n").err, "final newline"));
    CHECK(box.run({"set", "B", "--quiet"}, "value\n").err.empty());
}

TEST_CASE("rule 4: one final newline from a pipe is dropped and said; --exact keeps it; a file is "
          "literal") {
    const sandbox box;
    box.fill();
    const auto piped = box.run({"set", "A"}, " $HOME `x` \"q\" \n\n");
    CHECK(has(piped.err, "one final newline was dropped"));
    CHECK(box.ok({"get", "A"}) == " $HOME `x` \"q\" \n");
    CHECK(box.run({"set", "A", "--exact"}, "two\n\n").err.empty());
    CHECK(box.ok({"get", "A"}) == "two\n\n");
    box.write(box.work() / "value", "from a file\n");
    CHECK(box.run({"set", "A", "--file", "value"}).err.empty());
    CHECK(box.ok({"get", "A"}) == "from a file\n");
    const std::string bytes("\0\xff\xfe binary \0", 12);
    box.ok({"set", "A"}, bytes);
    CHECK(box.ok({"get", "A"}) == bytes);
}

TEST_CASE("rule 5: writes on PROD and removals ask; nobody to ask, --no-input and no are no") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "prod", "--prod"});
    box.ok({"space", "create", "acme", "-e", "prod", "--yes"});
    CHECK(box.run({"set", "A", "-e", "prod"}, "value").code == 2);
    CHECK(box.run({"set", "A", "-e", "prod", "--no-input"}, "value").code == 2);
    CHECK(box.run({"get", "A", "-e", "prod"}).code == 1);
    const auto planned = box.run({"set", "A", "-e", "prod", "--dry-run"}, "value");
    CHECK(planned.code == 0);
    CHECK(has(planned.out, "Sets A in prod"));
    CHECK(box.run({"get", "A", "-e", "prod"}).code == 1);
    box.ok({"set", "A", "-e", "prod", "--yes"}, "value");
    CHECK(box.ok({"get", "A", "-e", "prod"}) == "value");

    for (const sandbox::words& args :
         std::vector<sandbox::words>{{"hide", "A", "-s", "acme"},
                                     {"unhide", "A", "-s", "acme"},
                                     {"rollback", "A", "--to", "1"},
                                     {"undelete", "A"},
                                     {"unset", "A"},
                                     {"import", "values"},
                                     {"space", "create", "globex"},
                                     {"space", "rename", "acme", "Acme"},
                                     {"env", "rename", "prod", "Production"}}) {
        auto asking = args;
        asking.insert(asking.end(), {"-e", "prod"});
        box.write(box.work() / "values", "B=1");
        INFO(args[0] << " " << args[1]);
        CHECK(box.run(asking).code == 2);
    }
    CHECK(box.run({"unset", "DB_URL"}).code == 2);
    CHECK(box.run({"env", "remove", "dev"}).code == 2);
    CHECK(box.run({"space", "remove", "acme"}).code == 2);
    CHECK(box.ok({"unset", "DB_URL", "--dry-run"}).starts_with("dev will see no DB_URL any more"));
    CHECK(box.ok({"unset", "DB_URL", "--dry-run", "--json"}).starts_with("{\"dryRun\":true,"));
    CHECK(box.ok({"get", "DB_URL"}) == coffer_test::db_url);

    const auto no = box.on_terminal({"unset", "DB_URL"}, {{"[y/N]", "n\n"}});
    CHECK(no.code == 130);
    CHECK(has(no.out, "nothing was done"));
    const auto yes = box.on_terminal({"unset", "DB_URL"}, {{"[y/N]", "y\n"}});
    CHECK(yes.code == 0);
    CHECK(box.run({"get", "DB_URL"}).code == 1);
}

TEST_CASE("rule 6: a prompt that is interrupted writes nothing") {
    const sandbox box;
    box.fill();
    const auto stopped = box.on_terminal({"set", "DB_URL"}, {{"(not shown): ", "abc\x03"}});
    CHECK(stopped.code == 130);
    CHECK(box.ok({"get", "DB_URL"}) == coffer_test::db_url);
}

TEST_CASE("rule 6: a prompt that is interrupted leaves a terminal that shows what is typed") {
    const sandbox box;
    box.fill();
    const auto done = box.program_on_terminal(
        {"sh", "-c", "trap : INT; \"$0\" set DB_URL; stty -a", coffer_test::coffer_program()},
        {{"(not shown): ", "\x03"}});
    INFO(done.out);
    CHECK(has(done.out, " echo "));
    CHECK_FALSE(has(done.out, "-echo "));
}

TEST_CASE("a value that is typed at the prompt is not shown") {
    const sandbox box;
    box.fill();
    const auto typed =
        box.on_terminal({"set", "DB_URL"}, {{"Value of DB_URL (not shown): ", "typed-canary\n"}});
    INFO(typed.out);
    CHECK(typed.code == 0);
    CHECK_FALSE(has(typed.out, "typed-canary"));
    CHECK(has(typed.out, "DB_URL  dev  v2"));
    CHECK(box.ok({"get", "DB_URL"}) == "typed-canary");
    const auto several =
        box.on_terminal({"set", "KEY_A", "KEY_B"},
                        {{"KEY_A (not shown): ", "first\n"}, {"KEY_B (not shown): ", "second\n"}});
    CHECK(several.code == 0);
    CHECK(box.ok({"get", "KEY_A"}) + box.ok({"get", "KEY_B"}) == "firstsecond");
}

TEST_CASE("get -o writes plain files alone, of mode 0600: what else stands there stays") {
    namespace fs = std::filesystem;
    const sandbox box;
    box.fill();
    box.write(box.work() / "aim", "before");
    fs::create_symlink("aim", box.work() / "link");
    REQUIRE(::mkfifo((box.work() / "pipe").c_str(), 0600) == 0);
    for (const char* const name : {"link", "pipe"}) {
        const auto before = fs::symlink_status(box.work() / name).type();
        CHECK(box.run({"get", "DB_URL", "-o", name}).code == 2);
        CHECK(fs::symlink_status(box.work() / name).type() == before);
    }
    CHECK(sandbox::read(box.work() / "aim") == "before");
    box.ok({"get", "DB_URL", "-o", "aim"});
    CHECK(sandbox::read(box.work() / "aim") == coffer_test::db_url);
    CHECK((fs::status(box.work() / "aim").permissions() & fs::perms::all) ==
          (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("on PROD the value is asked for first, unseen, and only then whether to go on") {
    const sandbox box;
    box.ok({"init", "--env", "prod", "--prod"});
    const auto set = box.on_terminal(
        {"set", "TOKEN"}, {{"Value of TOKEN (not shown): ", "typed-canary\n"}, {"Go on?", "y\n"}});
    CHECK(set.code == 0);
    CHECK_FALSE(has(set.out, "typed-canary"));
    CHECK(box.ok({"get", "TOKEN"}) == "typed-canary");
}

TEST_CASE("a prompt that was stopped is shown again, with the echo off") {
    const sandbox box;
    box.ok({"init"});
    const auto set =
        box.on_terminal({"set", "TOKEN"}, {{"Value of TOKEN (not shown): ", "\x1a"},
                                           {"Value of TOKEN (not shown): ", "v-canary\n"}});
    CHECK(set.code == 0);
    CHECK_FALSE(has(set.out, "v-canary"));
    CHECK(box.ok({"get", "TOKEN"}) == "v-canary");
}

TEST_CASE("the question before a value is set on PROD says which version it replaces") {
    const sandbox box;
    box.fill();
    box.ok({"env", "mark", "dev", "--prod"});
    CHECK(box.ok({"set", "SLACK_TOKEN", "-s", "acme", "--dry-run"}, "x")
              .starts_with("Sets SLACK_TOKEN in dev/acme v1 → v2 overrides dev v1"));
    CHECK(box.ok({"set", "DB_URL", "-s", "acme", "--dry-run"}, "x")
              .starts_with("Sets DB_URL in dev/acme overrides dev v1"));
    CHECK(
        has(box.run({"set", "DB_URL"}, "x").err, "Sets DB_URL in dev v1 → v2 (2 spaces see it)."));
}

TEST_CASE("a reminder can be taken away; one that stays, and an end that goes, are told") {
    const sandbox box;
    box.fill();
    box.ok({"set", "DB_URL", "--rotate-by", "2001-01-31", "--note", "n", "--expires", "90d"}, "b");
    const auto rotated = box.run({"set", "DB_URL"}, "c");
    CHECK(rotated.code == 0);
    CHECK(has(rotated.err, "DB_URL is still to be rotated by 2001-01-31 (--rotate-by says another "
                           "day, --rotate-by '' none)"));
    CHECK(has(rotated.err, "DB_URL had an end, 20"));
    CHECK(has(box.ok({"list", "--due", "0"}), "DB_URL"));
    const auto gone = box.run({"set", "DB_URL", "--rotate-by", ""}, "d");
    CHECK(gone.code == 0);
    CHECK_FALSE(has(gone.err, "rotated by"));
    CHECK_FALSE(has(gone.err, "had an end"));
    CHECK_FALSE(has(box.ok({"list", "--due", "0"}), "DB_URL"));
    const auto listed = box.ok({"list"});
    CHECK(has(listed, "ana  n\n"));
    CHECK_FALSE(has(listed, "rotate by"));
    CHECK(box.run({"set", "DB_URL", "--rotate-by", "never"}, "e").code == 2);
}

TEST_CASE("hiding a name that nothing above has is done, and said") {
    const sandbox box;
    box.fill();
    const auto typo = box.run({"hide", "TYPO", "-s", "acme"});
    CHECK(typo.code == 0);
    CHECK(has(typo.err, "dev/acme would not see TYPO anyway: nothing above it has that name"));
    CHECK_FALSE(has(box.run({"hide", "DB_URL", "-s", "acme"}).err, "anyway"));
    box.ok({"set", "OWN", "-s", "acme"}, "x");
    CHECK_FALSE(has(box.run({"hide", "OWN", "-s", "acme"}).err, "anyway"));
}

TEST_CASE(
    "where an option that says where is typed for a verb that does not heed it, it is refused") {
    sandbox box;
    box.fill();
    box.ok({"env", "create", "prod"});
    const auto keyring = sandbox::read(box.keyring());
    const auto store = [&] {
        std::string all;
        for (const auto* const id : {"dev", "prod"})
            all += sandbox::read(box.document(id));
        return all;
    };
    const auto before = store();
    const auto refused = [&](sandbox::words args, const std::string& option) {
        args.insert(args.end(), {"--yes", option, "acme"});
        const auto done = box.run(args);
        INFO(args[0] << " " << args[1] << " " << option << ": " << done.err);
        CHECK(done.code == 2);
        CHECK(has(done.err, " heeds no " + option));
    };
    const auto backup = (box.home() / "saved").string();
    for (const std::string option : {"--env", "--space", "--actor"}) {
        for (const sandbox::words& args :
             std::vector<sandbox::words>{{"env", "list"},
                                         {"env", "create", "x"},
                                         {"env", "rename", "prod", "x"},
                                         {"env", "mark", "prod", "--prod"},
                                         {"env", "remove", "prod"},
                                         {"diff", "dev", "prod"},
                                         {"token", "list"},
                                         {"token", "revoke", "x"},
                                         {"audit", "tail", "."},
                                         {"audit", "verify", "."},
                                         {"keys", "disable", "x"},
                                         {"keys", "copy"},
                                         {"backup", backup},
                                         {"restore", backup},
                                         {"copy", "--from", "a"},
                                         {"serve", "--quiet"},
                                         {"git", "enroll"},
                                         {"git", "resolve"},
                                         {"doctor", "--quiet"},
                                         {"login", "--quiet"},
                                         {"logout", "--quiet"},
                                         {"whoami", "--quiet"},
                                         {"version", "--quiet"}})
            refused(args, option);
        if (option == "--env") continue;
        for (const sandbox::words& args :
             std::vector<sandbox::words>{{"init", "sub"},
                                         {"space", "list"},
                                         {"space", "create", "x"},
                                         {"space", "rename", "acme", "x"},
                                         {"space", "remove", "acme"},
                                         {"keys", "status"},
                                         {"keys", "rotate-kek"},
                                         {"keys", "rewrap"},
                                         {"keys", "rotate-dek", "--env", "dev"},
                                         {"keys", "shred", "--env", "dev"},
                                         {"verify", "--env", "dev"}})
            refused(args, option);
    }
    refused({"list", "--all-spaces"}, "--space");
    refused({"list", "--matrix"}, "--space");
    box.write(box.work() / "need.json", R"({"billing":[{"name":"DB_URL"}]})");
    refused({"check", "need.json", "--all-spaces"}, "--space");
    CHECK(store() == before);
    CHECK(sandbox::read(box.keyring()) == keyring);
    CHECK_FALSE(std::filesystem::exists(backup));
    // What a variable or a file says is for other verbs.
    box.variables = {{"COFFER_ENV", "dev"}, {"COFFER_SPACE", "acme"}, {"COFFER_ACTOR", "ana"}};
    box.ok({"env", "list"});
    box.ok({"space", "list"});
    box.ok({"list", "--all-spaces"});
    box.ok({"backup", backup});
}
