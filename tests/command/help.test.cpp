// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

using coffer_test::has;
using coffer_test::sandbox;

TEST_CASE("docs/command.md is what the command says of itself") {
    const sandbox box;
    CHECK(sandbox::read(COFFER_COMMAND_PAGE) == box.ok({"help", "--markdown"}));
}

TEST_CASE("coffer help VERB is coffer VERB --help, for every verb, and needs no store") {
    const sandbox box;
    const auto page = box.ok({"help", "--markdown"});
    std::size_t verbs = 0;
    for (auto at = page.find("\n## init\n"); at != page.npos; at = page.find("\n## ", at + 1)) {
        const auto name = page.substr(at + 4, page.find('\n', at + 1) - at - 4);
        const auto space = name.find(' ');
        sandbox::words words{name.substr(0, space)};
        if (space != name.npos) words.push_back(name.substr(space + 1));
        auto help = words;
        help.insert(help.begin(), "help");
        words.emplace_back("--help");
        INFO(name);
        const auto text = box.ok(help);
        CHECK(text == box.ok(words));
        CHECK(has(page, "```\n" + text + "```"));
        ++verbs;
    }
    CHECK(verbs > 25);
    CHECK(box.run({"help", "nonsense"}).code == 2);
    CHECK(has(box.ok({"--help"}), "Exit codes"));
    CHECK(box.ok({"version"}) == box.ok({"--version"}));
}

TEST_CASE("a secret may be called like a verb, and an option may stand before or behind the verb") {
    const sandbox box;
    box.fill();
    box.ok({"set", "list"}, "value");
    CHECK(box.ok({"get", "list"}) == "value");
    CHECK(box.ok({"-e", "dev", "get", "-s", "acme", "list"}) == "value");
    box.ok({"env", "rename", "dev", "list"});
    CHECK(box.ok({"get", "--", "list"}) == "value");
}

TEST_CASE("completion offers verbs, options, environments, spaces and names, never values, and "
          "asks nothing") {
    sandbox box;
    CHECK(has(box.ok({"complete", "--", "se"}), "set\n"));
    CHECK(box.ok({"complete", "--", "list", "-e", ""}).empty()); // no store: silent
    box.fill();
    CHECK(box.ok({"complete", "--", "env", "re"}) == "remove\nrename\n");
    CHECK(box.ok({"complete", "--", "get", "--sh"}) == "--show\n");
    CHECK(box.ok({"complete", "--", "get", "-e", ""}) == "dev\n");
    CHECK(box.ok({"complete", "--", "get", "-s", "a"}) == "acme\n");
    CHECK(box.ok({"complete", "--", "get", "-s", "acme", ""}) == "DB_URL\nSLACK_TOKEN\n");
    CHECK(box.ok({"complete", "--", "help", "ver"}) == "verify\nversion\n");
    box.variables["COFFER_KEYS"] = "passphrase:/nowhere";
    CHECK(box.ok({"complete", "--", "get", ""}).empty());
    for (const char* shell : {"bash", "zsh", "fish"})
        CHECK(has(box.ok({"completion", shell}), "coffer complete --"));
    CHECK(box.run({"completion", "tcsh"}).code == 2);
}

TEST_CASE("the bash completion works in bash") {
    sandbox box;
    box.fill();
    if (box.run_program({"bash", "-c", "true"}).code != 0) {
        WARN("skipped: there is no bash");
        return;
    }
    const auto done = box.run_program({"bash", "-c",
                                       "coffer() { \"$0\" \"$@\"; }; source <(coffer completion "
                                       "bash); COMP_WORDS=(coffer get S); "
                                       "COMP_CWORD=2; _coffer; printf %s \"${COMPREPLY[*]}\"",
                                       coffer_test::coffer_program()});
    CHECK(done.out == "SLACK_TOKEN");
}
