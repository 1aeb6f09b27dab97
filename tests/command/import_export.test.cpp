// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <map>

using coffer_test::has;
using coffer_test::ran;
using coffer_test::sandbox;

namespace {

const std::map<std::string, std::string> hostile{
    {"A_DOLLAR", "pa$$word$HOME${HOME}`id`$(id)"},
    {"B_QUOTES", "it's \"quoted\" \\n \\ back\\slash"},
    {"C_LINES", "-----BEGIN KEY-----\nabc\r\ndef=\n-----END KEY-----\n"},
    {"D_BLANKS", "  # not a comment  "},
    {"E_BYTES", "\xff\xfe\x01\x1b[2J"},
    {"F_QUOTE_END", "'"},
    {"G_BACK_END", "\\"},
    {"H_EXPORT", "export X=1; rm -rf /"},
    {"I_EXCLAMATION", "wow!!$'a'"},
    {"J_TABS", "\ta\tb"},
    {"K_BOTH", "'\n'$x'"},
};

void set_all(const sandbox& box) {
    for (const auto& [name, value] : hostile)
        box.ok({"set", name, "--exact"}, value);
}

} // namespace

TEST_CASE("what export writes as dotenv or JSON, import reads back byte by byte") {
    const sandbox box;
    box.ok({"init"});
    box.ok({"env", "create", "copy"});
    set_all(box);
    for (const char* format : {"dotenv", "json"}) {
        const auto text = box.ok({"export", "--format", format});
        box.ok({"import", "-e", "copy", "--format", format, "--yes"}, text);
        for (const auto& [name, value] : hostile) {
            INFO(format << " " << name);
            CHECK(box.ok({"get", name, "-e", "copy"}) == value);
        }
        box.ok({"env", "remove", "copy", "--yes"});
        box.ok({"env", "create", "copy"});
    }
}

TEST_CASE("a value with a NUL goes through JSON, and dotenv and shell refuse it") {
    const sandbox box;
    box.ok({"init"});
    const std::string value("a\0b", 3);
    box.ok({"set", "NUL_INSIDE", "--exact"}, value);
    CHECK(box.run({"export"}).code == 2);
    CHECK(box.run({"export", "--format", "shell"}).code == 2);
    const auto text = box.ok({"export", "--format", "json"});
    box.ok({"env", "create", "copy"});
    box.ok({"import", "-e", "copy", "--format", "json", "--yes"}, text);
    CHECK(box.ok({"get", "NUL_INSIDE", "-e", "copy"}) == value);
}

TEST_CASE("what export writes for the shell is safe to source") {
    const sandbox box;
    box.ok({"init"});
    set_all(box);
    box.write(box.work() / "vars.sh", box.ok({"export", "--format", "shell"}));
    for (const auto& [name, value] : hostile) {
        const auto read = box.run_program({"sh", "-c", ". ./vars.sh; printf %s \"$" + name + "\""});
        INFO(name << read.err);
        CHECK(read.out == value);
        CHECK(read.err.empty());
    }
}

TEST_CASE("a name that is no variable's is not left out of dotenv or shell without a word") {
    const sandbox box;
    box.ok({"init"});
    box.ok({"set", "MERGE:token"}, "value");
    box.ok({"set", "FINE"}, "value");
    const auto refused = box.run({"export"});
    CHECK(refused.code == 2);
    CHECK(has(refused.err, "\"MERGE:token\""));
    CHECK(box.ok({"export", "--only", "FIN*"}) == "FINE=value\n");
    CHECK(has(box.ok({"export", "--format", "json"}), "MERGE:token"));
}

TEST_CASE("import shows new, replaced, unchanged and invalid lines, and writes in one commit after "
          "asking") {
    const sandbox box;
    box.fill();
    const auto file = "# comment\n\nSMTP_URL=smtp://x\n" +
                      std::string("DB_URL=new-canary\nPATH TO=x\nSLACK_TOKEN=") +
                      std::string(coffer_test::dev_token) + "\nEMPTY=\n";
    box.write(box.work() / ".env", file);
    CHECK(box.run({"import", ".env"}).code == 2); // nobody to ask
    const auto plan = box.run({"import", ".env", "--dry-run"});
    INFO(plan.out);
    CHECK(plan.code == 1);
    CHECK(has(plan.out, "new        SMTP_URL"));
    CHECK(has(plan.out, "replace    DB_URL"));
    CHECK(has(plan.out, "v1 → v2"));
    CHECK(has(plan.out, "unchanged  SLACK_TOKEN"));
    CHECK(has(plan.out, "invalid    \"PATH TO\""));
    CHECK(has(plan.out, "line 5"));
    CHECK(has(plan.out, "line 7"));
    CHECK_FALSE(has(plan.out + plan.err, "canary"));
    CHECK_FALSE(has(plan.out + plan.err, "smtp://"));
    CHECK(box.ok({"get", "DB_URL"}) == coffer_test::db_url);

    const auto no = box.on_terminal({"import", ".env"}, {{"Write 2? [y/N]", "n\n"}});
    CHECK(no.code == 130);
    const auto yes = box.on_terminal({"import", ".env"}, {{"Write 2? [y/N]", "y\n"}});
    CHECK(yes.code == 1);
    CHECK(box.ok({"get", "DB_URL"}) == "new-canary");
    CHECK(box.ok({"get", "SMTP_URL"}) == "smtp://x");
}

TEST_CASE("import takes neither of two values of one name, in dotenv and in JSON") {
    const sandbox box;
    box.ok({"init"});
    const auto lines = box.run({"import", "--yes"}, "DUP=first-canary\nFINE=1\nDUP=second-canary\n"
                                                    "BAD=1\nBAD=\"2\" 3\n");
    INFO(lines.out);
    CHECK(lines.code == 1);
    CHECK(has(lines.out, "line 1  set twice: also on line 3"));
    CHECK(has(lines.out, "line 3  set twice: also on line 1"));
    CHECK(has(lines.out, "line 4  set twice: also on line 5"));
    CHECK(has(lines.out, "line 5  there is text after the closing quote"));
    CHECK_FALSE(has(lines.out, "canary"));
    CHECK(box.run({"import", "--format", "json", "--rename", "X=DUP", "--yes"},
                  R"({"X":"1","DUP":"2","BAD":"1","BAD":"2"})")
              .code == 1);
    CHECK(box.run({"get", "DUP"}).code == 1);
    CHECK(box.run({"get", "BAD"}).code == 1);
    CHECK(box.ok({"get", "FINE"}) == "1");
}

TEST_CASE("import writes over nothing that was changed since it showed what it would do") {
    const sandbox box;
    box.fill();
    const auto meanwhile = [&](const sandbox::words& args, std::string_view in = {}) {
        return box.on_terminal({"import", ".env", "--prune"},
                               {{"[y/N]", "y\n", [&] { box.ok(args, in); }}});
    };
    box.write(box.work() / ".env", "DB_URL=mine\nFRESH=mine\n");
    const auto is_refused = [&](const ran& done) {
        INFO(done.out);
        CHECK(done.code == 4);
        CHECK(has(done.out, "Nothing was written"));
    };
    is_refused(meanwhile({"set", "DB_URL"}, "theirs")); // to be replaced
    is_refused(meanwhile({"set", "FRESH"}, "theirs"));  // to be new
    box.ok({"unset", "FRESH", "--yes"});
    is_refused(meanwhile({"set", "SLACK_TOKEN"}, "theirs")); // to be removed
    CHECK(box.ok({"get", "DB_URL"}) == "theirs");
    CHECK(box.ok({"get", "SLACK_TOKEN"}) == "theirs");
    CHECK(meanwhile({"set", "OTHER", "-s", "acme"}, "theirs").code == 0);
    CHECK(box.ok({"get", "DB_URL"}) == "mine");
}

TEST_CASE("import --prune removes what the file does not have, in the same commit") {
    const sandbox box;
    box.fill();
    const auto plan = box.ok({"import", "--prune", "--dry-run"}, "NEW=1\nDB_URL=2\n");
    CHECK(has(plan, "remove   SLACK_TOKEN"));
    box.ok({"import", "--prune", "--yes"}, "NEW=1\nDB_URL=2\n");
    CHECK(box.run({"get", "SLACK_TOKEN"}).code == 1);
    CHECK(box.ok({"get", "NEW"}) == "1");
    CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == coffer_test::acme_token);
    CHECK(box.run({"import", "--prune", "--yes"}, "NEW=3\nbroken\n").code == 2);
    CHECK(box.ok({"get", "NEW"}) == "1");
}

TEST_CASE("import shows no piece of a key that was pasted without quotes") {
    const sandbox box;
    box.ok({"init"});
    const auto done =
        box.run({"import", "--yes"},
                "KEY=-----BEGIN PRIVATE KEY-----\nMIIEcanary0\nMIIEcanary=\nMIIEcanary==\n"
                "-----END PRIVATE KEY-----\nAFTER=1\nMIIEcanary+/=\nabc\n");
    INFO(done.out);
    CHECK(done.code == 1);
    CHECK_FALSE(has(done.out + done.err, "canary"));
    CHECK(box.ok({"list", "--json"}).find("\"name\":\"AFTER\"") != std::string::npos);
    CHECK(box.ok({"list", "--json"}).find("MIIE") == std::string::npos);
}

TEST_CASE("import says that nothing was read after a key without quotes and without an end") {
    const sandbox box;
    box.ok({"init"});
    const auto open = box.run({"import", "--yes"},
                              "BEFORE=1\nKEY=-----BEGIN PRIVATE KEY-----\nMIIEcanary\nAFTER=2\n");
    INFO(open.out);
    CHECK(has(open.out, "no END line ends it; nothing after it was read"));
    CHECK(has(open.out, "line 2"));
    CHECK(has(box.ok({"list"}), "BEFORE"));
    CHECK_FALSE(has(box.ok({"list"}), "AFTER"));
    const auto two = "A=-----BEGIN A-----\nB=1\nC=-----BEGIN C-----\n-----END C-----\nD=2\n";
    CHECK(has(box.run({"import", "--dry-run"}, two).out, "nothing after it was read"));
    const auto ended = box.run({"import", "--yes"}, "KEY=-----BEGIN A-----\nMIIE\n-----END A-----\n"
                                                    "SAME=-----BEGIN A-----MIIE-----END A-----\n"
                                                    "AFTER=2\n");
    CHECK_FALSE(has(ended.out, "no END line"));
    CHECK(box.ok({"get", "AFTER"}) == "2");
}

TEST_CASE("an open quote hides nothing behind it, and text after a closing one is refused") {
    const sandbox box;
    box.ok({"init"});
    CHECK(box.run({"import", "--dry-run"}, "A='x\nB=canary\n").code == 1);
    CHECK_FALSE(has(box.run({"import", "--dry-run"}, "A='x\nB=canary\n").out, "B"));
    CHECK(has(box.run({"import", "--dry-run"}, "A='x'y\n").out, "text after the closing quote"));
    CHECK(has(box.run({"import", "--dry-run"}, "A=\"x\nB=canary\nC=\"y\nD=1\n").out,
              "which is on line 3: nothing up to there was read"));
    box.ok({"import", "--yes"}, "A=plain # comment\nexport B='$x' # c\r\nC=\"a\\tb\"\nD=a#b\n");
    CHECK(box.ok({"get", "A"}) == "plain");
    CHECK(box.ok({"get", "B"}) == "$x");
    CHECK(box.ok({"get", "C"}) == "a\tb");
    CHECK(box.ok({"get", "D"}) == "a#b");
}

TEST_CASE("JSON that is no object of texts is refused or shown as invalid") {
    const sandbox box;
    box.ok({"init"});
    CHECK(box.run({"import", "--format", "json", "--yes"}, "[1]").code == 2);
    CHECK(box.run({"import", "--format", "json", "--yes"}, "{").code == 2);
    CHECK(box.run({"import", "--format", "json", "--yes"},
                  R"({"A":1,"B":null,"C":{"base64":"!"},"D":{"x":"y"},"E":""})")
              .code == 1);
    CHECK(box.ok({"list", "--json"}) ==
          "{\"environment\":\"dev\",\"space\":null,\"stale\":false,\"age_s\":0,\"secrets\":[]}\n");
    box.ok({"import", "--format", "json", "--yes"},
           R"({"any name at all":"v","B":{"base64":"AAE="}})");
    CHECK(box.ok({"get", "B"}) == std::string("\0\x01", 2));
    CHECK(box.ok({"get", "any name at all"}) == "v");
}

TEST_CASE("import --rename takes a name of the file as another, also one that dotenv has not") {
    const sandbox box;
    box.fill();
    box.write(box.work() / ".env", "PATH TO=canary-1\nDB_URL='canary 2'\nKEPT=3\n");
    CHECK(has(box.run({"import", ".env", "--dry-run"}).out, "use JSON, or --rename"));
    const auto plan =
        box.ok({"import", ".env", "--rename", "PATH TO=PATH_TO,DB_URL=OTHER_URL", "--dry-run"});
    INFO(plan);
    CHECK(has(plan, "new  PATH_TO"));
    CHECK(has(plan, "line 1  \"PATH TO\" in the file"));
    CHECK_FALSE(has(plan, "canary"));
    box.ok({"import", ".env", "--rename", "PATH TO=PATH_TO,DB_URL=OTHER_URL", "--yes"});
    CHECK(box.ok({"get", "PATH_TO"}) == "canary-1");
    CHECK(box.ok({"get", "OTHER_URL"}) == "canary 2");
    CHECK(box.ok({"get", "KEPT"}) == "3");
    CHECK(box.ok({"get", "DB_URL"}) == coffer_test::db_url);
    const auto json = std::string(R"({"a b":"json-1","KEPT":"4"})");
    box.ok({"import", "--format", "json", "--rename", "a b=A_B", "--yes"}, json);
    CHECK(box.ok({"get", "A_B"}) == "json-1");

    // Two of one name are one too many, whichever was renamed.
    for (const auto* format : {"dotenv", "json"}) {
        const auto twice =
            box.run({"import", "--format", format, "--rename", "X=KEPT", "--dry-run"},
                    format == std::string("json") ? R"({"X":"1","KEPT":"2"})" : "X=1\nKEPT=2\n");
        CHECK(twice.code == 1);
        CHECK(has(twice.out, "set twice"));
    }
    const auto repeated = box.run({"import", "--format", "json", "--dry-run"},
                                  R"({"Q":"1","R":{"base64":"YQ=="},"Q":"2"})");
    CHECK(repeated.code == 1);
    CHECK(has(repeated.out, "set twice"));
    CHECK(has(repeated.out, "new      R"));
    for (const auto* wrong : {"X", "=Y", "X=", "X=A,X=B", "NOT_THERE=Y"})
        CHECK(box.run({"import", ".env", "--rename", wrong, "--yes"}).code == 2);
    // --prune goes by what names became.
    box.ok({"import", "--prune", "--rename", "OLD=KEPT", "--yes"}, "OLD=5\n");
    CHECK(box.ok({"get", "KEPT"}) == "5");
    CHECK(box.run({"get", "PATH_TO"}).code == 1);
}

TEST_CASE("export for a shell refuses names that say what the shell runs") {
    const sandbox box;
    box.ok({"init"});
    box.ok({"set", "PROMPT_COMMAND"}, "evil");
    box.ok({"set", "FINE"}, "fine");
    const auto refused = box.run({"export", "--format", "shell"});
    CHECK(refused.code == 2);
    CHECK(refused.out.empty());
    CHECK(has(refused.err, "PROMPT_COMMAND"));
    CHECK(has(box.ok({"export", "--format", "shell", "--only", "*,PROMPT_COMMAND"}), "evil"));
    CHECK(has(box.ok({"export"}), "PROMPT_COMMAND"));
}

TEST_CASE("import refuses files that are neither dotenv nor JSON by their names, unless told") {
    const sandbox box;
    box.ok({"init"});
    box.write(box.work() / "values.yaml", "A=b\n");
    const auto refused = box.run({"import", "values.yaml", "--yes"});
    CHECK(refused.code == 2);
    CHECK(has(refused.err, "import takes dotenv and JSON"));
    box.ok({"import", "values.yaml", "--yes", "--format", "dotenv"});
    CHECK(box.ok({"get", "A"}) == "b");
}

TEST_CASE("import --strict writes all of a file or nothing") {
    const sandbox box;
    box.fill();
    box.write(box.work() / "values", "GOOD=1\nnot one\n");
    const auto part = box.run({"import", "values", "--yes", "--strict"});
    CHECK(part.code == 1);
    CHECK(has(part.out, "invalid"));
    CHECK(
        has(part.err, "1 could not be taken, and --strict takes all or none: nothing was written"));
    CHECK(box.run({"get", "GOOD"}).code == 1);
    CHECK(has(box.run({"import", "values", "--yes", "--strict", "--json"}).out,
              R"("written":false)"));
    box.write(box.work() / "values", "GOOD=1\n");
    box.ok({"import", "values", "--yes", "--strict"});
    CHECK(box.ok({"get", "GOOD"}) == "1");
}

TEST_CASE("export --except leaves out what can't be written") {
    const sandbox box;
    box.fill();
    box.ok({"set", "MERGE:token"}, "x");
    const auto refused = box.run({"export"});
    CHECK(refused.code == 2);
    CHECK(has(refused.err, "leave it out with --except"));
    const auto others = box.ok({"export", "--except", "*:*"});
    CHECK(has(others, "DB_URL="));
    CHECK(has(others, "SLACK_TOKEN="));
    CHECK(box.ok({"export", "--except", "MERGE:token,DB_*"}) ==
          "SLACK_TOKEN=" + std::string(coffer_test::dev_token) + "\n");
    CHECK(box.ok({"export", "--only", "*_*", "--except", "DB_*"}) ==
          "SLACK_TOKEN=" + std::string(coffer_test::dev_token) + "\n");
}
