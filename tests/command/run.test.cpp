// SPDX-License-Identifier: BSL-1.0
#include "altered.hpp"
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

using coffer_test::alter_record;
using coffer_test::has;
using coffer_test::sandbox;

namespace {

auto shell(const std::string& script, sandbox::words before = {}) -> sandbox::words {
    sandbox::words args{"run"};
    args.insert(args.end(), before.begin(), before.end());
    args.insert(args.end(), {"--", "sh", "-c", script});
    return args;
}

} // namespace

TEST_CASE("run gives the command its variables literally, inherited and own") {
    const sandbox box;
    box.fill();
    box.ok({"set", "HOSTILE", "--exact"}, "$HOME `id` \"q\"\n'");
    CHECK(box.ok(shell("printf %s \"$SLACK_TOKEN|$DB_URL|$HOSTILE\"", {"-s", "acme"})) ==
          std::string(coffer_test::acme_token) + "|" + std::string(coffer_test::db_url) +
              "|$HOME `id` \"q\"\n'");
    box.ok({"hide", "DB_URL", "-s", "acme"});
    CHECK(box.ok(shell("printf %s \"${DB_URL-none}\"", {"-s", "acme"})) == "none");
}

TEST_CASE("run ends as the command did: its code, 128 + signal, 126, 127, and 125 for Coffer's own "
          "troubles") {
    const sandbox box;
    box.fill();
    for (const bool supervised : {false, true}) {
        const auto more = supervised ? sandbox::words{"--redact"} : sandbox::words{};
        const auto code = [&](sandbox::words command) {
            sandbox::words args{"run"};
            args.insert(args.end(), more.begin(), more.end());
            args.emplace_back("--");
            args.insert(args.end(), command.begin(), command.end());
            return box.run(args).code;
        };
        INFO("supervised: " << supervised);
        CHECK(code({"true"}) == 0);
        CHECK(code({"sh", "-c", "exit 42"}) == 42);
        CHECK(code({"sh", "-c", "kill -TERM $$"}) == 128 + SIGTERM);
        CHECK(code({"no-such-command-anywhere"}) == 127);
        CHECK(code({"/etc/passwd"}) == 126);
    }
    CHECK(box.run({"run", "-e", "typo", "--", "true"}).code == 125);
    CHECK(box.run({"run", "--nonsense", "--", "true"}).code == 125);
}

TEST_CASE("run says why the command can't be started, whatever else it was to do with it") {
    const sandbox box;
    box.fill();
    for (int i = 0; i < 9; ++i)
        box.ok({"set", "LARGE_" + std::to_string(i), "--exact"}, std::string(64'000, 'x'));
    // With this stack Linux gives 512 KiB to arguments and variables.
    const std::string few = "ulimit -s 2048; exec \"$0\" run ";
    for (const std::string how : {"", "--redact ", "--watch ", "--redact --watch=SIGHUP "}) {
        const auto with = [&](const std::string& command) {
            return box.run_program(
                {"sh", "-c", few + how + command, coffer_test::coffer_program()});
        };
        const auto none = with("--only DB_URL -- no-such-command-anywhere");
        INFO(how << none.err);
        CHECK(none.code == 127);
        CHECK(has(none.err, "not_found: there is no command no-such-command-anywhere\n"));
        const auto no_program = with("--only DB_URL -- /etc/passwd");
        CHECK(no_program.code == 126);
        CHECK(has(no_program.err, "denied: the command /etc/passwd can't be executed\n"));
        const auto too_large = with("-- true");
        CHECK(too_large.code == 126);
        CHECK(has(too_large.err, "too_large: the values are too large together"));
        CHECK(has(with("--json --only DB_URL -- no-such-command-anywhere").out,
                  R"({"error":{"code":"not_found")"));
    }
}

TEST_CASE("run says which names it leaves out, and shows no value") {
    const sandbox box;
    box.fill();
    box.ok({"set", "MERGE:token"}, "left-out-canary");
    box.ok({"set", "WITH_NUL", "--exact"}, std::string_view("nul\0canary", 10));
    const auto done = box.run({"run", "-s", "acme", "--", "true"});
    CHECK(done.code == 0);
    CHECK(has(done.err, "2 secrets for dev/acme (1 inherited, 1 own), fresh"));
    CHECK(has(done.err, "\"MERGE:token\" can't be a variable name, left out"));
    CHECK(has(done.err, "the value of WITH_NUL holds a NUL, left out"));
    CHECK_FALSE(has(done.err, "canary"));
}

TEST_CASE("run --only, --prefix and --clean-env say which variables there are") {
    sandbox box;
    box.fill();
    box.variables["UNRELATED"] = "here";
    CHECK(box.ok(shell("printf %s \"${SLACK_TOKEN-none} ${DB_URL-none}\"",
                       {"--only", "DB_*,X*"})) == "none " + std::string(coffer_test::db_url));
    CHECK(box.ok(shell("printf %s \"$APP_DB_URL ${DB_URL-none}\"", {"--prefix", "APP_"})) ==
          std::string(coffer_test::db_url) + " none");
    CHECK(box.ok(shell("printf %s \"${UNRELATED-none} $DB_URL\"")) ==
          "here " + std::string(coffer_test::db_url));
    CHECK(box.ok(shell("printf %s \"${UNRELATED-none} $DB_URL\"", {"--clean-env"})) ==
          "none " + std::string(coffer_test::db_url));
}

TEST_CASE("run never puts a value on a command line") {
    const sandbox box;
    box.fill();
    const auto seen = box.ok(
        shell("tr '\\0' ' ' < /proc/$PPID/cmdline; tr '\\0' ' ' < /proc/$$/cmdline", {"--redact"}));
    CHECK_FALSE(has(seen, "canary"));
    CHECK(has(seen, "run --redact"));
}

TEST_CASE("run --redact cuts values out of stdout and stderr, also cut in pieces") {
    const sandbox box;
    box.fill();
    const auto done = box.run(shell("echo token is $SLACK_TOKEN; echo $DB_URL >&2; printf "
                                    "xoxb-canary-; sleep 0.2; printf everyone-8c1f; "
                                    "echo; echo end",
                                    {"--redact"}));
    CHECK(done.code == 0);
    CHECK(done.out == "token is [redacted SLACK_TOKEN]\n[redacted SLACK_TOKEN]\nend\n");
    CHECK(done.err == "[redacted DB_URL]\n");
}

TEST_CASE("run sends on the signals that it gets") {
    const sandbox box;
    box.fill();
    // The outer shell signals coffer, not its child.
    const auto done = box.run_program(
        {"sh", "-c",
         "\"$0\" run --redact -- sh -c 'trap \"echo got it; exit 7\" USR1; echo ready > up; while "
         ":; do sleep 0.05; done' & "
         "while [ ! -f up ]; do sleep 0.05; done; kill -USR1 $!; wait $!; echo \"code $?\"",
         coffer_test::coffer_program()});
    INFO(done.err);
    CHECK(done.out == "got it\ncode 7\n");
}

TEST_CASE("what run was started to ignore stays ignored, by its command too") {
    const sandbox box;
    box.fill();
    const auto done = box.run_program( // as nohup does
        {"sh", "-c",
         "trap '' HUP; exec \"$0\" run --redact -- sh -c 'kill -HUP $PPID; sleep 0.2; kill -HUP "
         "$$; "
         "echo still here'",
         coffer_test::coffer_program()});
    INFO(done.err);
    CHECK(done.out == "still here\n");
    CHECK(done.code == 0);
}

TEST_CASE("run --watch starts the command again when a secret changed") {
    const sandbox box;
    box.fill();
    const auto script =
        "\"$0\" run --watch -- sh -c 'echo \"$DB_URL\" >> seen; exec sleep 600' & pid=$!; "
        "while [ ! -s seen ]; do sleep 0.05; done; printf second | \"$0\" set DB_URL > /dev/null; "
        "while [ $(wc -l < seen) -lt 2 ]; do sleep 0.1; done; kill -TERM $pid; wait $pid; echo "
        "\"code $?\"";
    const auto done = box.run_program({"sh", "-c", script, coffer_test::coffer_program()});
    CHECK(done.out == "code 143\n");
    CHECK(sandbox::read(box.work() / "seen") == std::string(coffer_test::db_url) + "\nsecond\n");
    CHECK(has(done.err, "secrets of dev changed: starting again"));
    CHECK(box.run({"run", "--watch=sometimes", "--", "true"}).code == 125);
}

TEST_CASE(
    "run --watch does not start again what was asked to end, before the change or while it is "
    "being stopped") {
    const sandbox box;
    box.fill();
    // It takes until `told` is there to end. Started once more it ends with 9.
    const std::string up =
        "trap \"echo x > ending; while [ ! -f told ]; do sleep 0.05; done; exit 3\" TERM; "
        "echo up >> seen; [ -f told ] && exit 9; while :; do sleep 0.05; done";
    const std::string before = "\"$0\" run --watch -- sh -c '" + up +
                               "' 2> err & pid=$!; while [ ! -s seen ]; do sleep 0.05; done; ";
    const std::string change = "printf second | \"$0\" set DB_URL > /dev/null; "
                               "while ! grep -q changed: err; do sleep 0.05; done; ";
    const std::string end = "kill -TERM $pid; while [ ! -s ending ]; do sleep 0.05; done; ";
    const std::string after = "echo x > told; wait $pid; echo \"code $?\"";
    SECTION("while it is being stopped") {
        const auto done = box.run_program(
            {"sh", "-c", before + change + end + after, coffer_test::coffer_program()});
        CHECK(done.out == "code 3\n");
    }
    SECTION("before the change") {
        const auto done = box.run_program(
            {"sh", "-c", before + end + change + after, coffer_test::coffer_program()});
        CHECK(done.out == "code 3\n");
        CHECK(has(sandbox::read(box.work() / "err"), "not starting again what was asked to end"));
    }
    CHECK(sandbox::read(box.work() / "seen") == "up\n");
}

TEST_CASE("run --watch starts again what was only told to look at its settings") {
    const sandbox box;
    box.fill();
    const auto script =
        "\"$0\" run --watch -- sh -c 'trap \"echo x >> told\" HUP; echo \"$DB_URL\" >> seen; while "
        ":; do sleep 0.05; done' 2> err & pid=$!; while [ ! -s seen ]; do sleep 0.05; done; "
        "kill -HUP $pid; while [ ! -s told ]; do sleep 0.05; done; "
        "printf second | \"$0\" set DB_URL > /dev/null; "
        "while ! grep -q changed: err; do sleep 0.05; done; "
        "grep -q 'starting again$' err && while [ $(wc -l < seen) -lt 2 ]; do sleep 0.05; done; "
        "kill -TERM $pid; wait $pid; echo \"code $?\"";
    const auto done = box.run_program({"sh", "-c", script, coffer_test::coffer_program()});
    CHECK(done.out == "code 143\n");
    CHECK(has(sandbox::read(box.work() / "err"), "changed: starting again\n"));
    CHECK(sandbox::read(box.work() / "seen") == std::string(coffer_test::db_url) + "\nsecond\n");
}

TEST_CASE(
    "run --redact --watch takes what the command prints while it ends, however much that is") {
    const sandbox box;
    box.fill();
    const auto script =
        "\"$0\" run --redact --watch -- sh -c 'trap \"head -c 200000 /dev/zero; echo whole; exit "
        "4\" "
        "TERM; echo up >> seen; while :; do sleep 0.05; done' > out & pid=$!; "
        "while [ ! -s seen ]; do sleep 0.05; done; printf second | \"$0\" set DB_URL > /dev/null; "
        "while [ $(wc -l < seen) -lt 2 ]; do sleep 0.05; done; kill -TERM $pid; wait $pid; echo "
        "\"code $?\"";
    const auto done = box.run_program({"sh", "-c", script, coffer_test::coffer_program()});
    CHECK(done.out == "code 4\n");
    const auto once = std::string(200'000, '\0') + "whole\n";
    CHECK((sandbox::read(box.work() / "out") == once + once));
}

TEST_CASE("run --watch leaves the command alone while a name that --only says is gone, and goes on "
          "when it is back") {
    const sandbox box;
    box.fill();
    for (const auto* how : {"--watch", "--watch=SIGHUP"}) {
        box.ok({"set", "DB_URL"}, "first");
        box.write(box.work() / "seen", "");
        const std::string script =
            "\"$0\" run " + std::string(how) +
            " --only DB_URL -- sh -c 'trap \"echo told >> seen\" HUP; "
            "echo \"${DB_URL-none}\" >> seen; while :; do sleep 0.05; done' 2> err & pid=$!; "
            "while [ ! -s seen ]; do sleep 0.05; done; \"$0\" unset DB_URL --yes > /dev/null; "
            "until grep -q changed: err; do sleep 0.05; done; cat err; "
            "printf second | \"$0\" set DB_URL > /dev/null; "
            "while [ $(wc -l < seen) -lt 2 ]; do sleep 0.05; done; kill -TERM $pid; wait $pid";
        const auto done = box.run_program({"sh", "-c", script, coffer_test::coffer_program()});
        INFO(how);
        CHECK(done.out == "coffer: secrets of dev changed: the command goes on with what it has, "
                          "since --only names DB_URL, which dev does not have\n");
        CHECK(done.code == 143);
        CHECK(sandbox::read(box.work() / "seen") ==
              (how == std::string_view("--watch") ? "first\nsecond\n" : "first\ntold\n"));
    }
}

TEST_CASE("run --watch=SIGHUP tells the command") {
    const sandbox box;
    box.fill();
    const auto script = "\"$0\" run --watch=SIGHUP -- sh -c 'trap \"echo told; exit 5\" HUP; echo "
                        "up > up; while :; do sleep 0.05; done' & "
                        "pid=$!; while [ ! -f up ]; do sleep 0.05; done; printf second | \"$0\" "
                        "set DB_URL > /dev/null; wait $pid; "
                        "echo \"code $?\"";
    const auto done = box.run_program({"sh", "-c", script, coffer_test::coffer_program()});
    CHECK(done.out == "told\ncode 5\n");
}

TEST_CASE("run leaves out names that say what programs run, unless --only names them") {
    const sandbox box;
    box.fill();
    box.ok({"set", "BASH_ENV"}, "$(echo ran: $SLACK_TOKEN >&2)");
    box.ok({"set", "LD_PRELOAD"}, "/nowhere/evil.so");
    box.ok({"set", "PATH"}, "/nowhere");
    box.ok({"set", "LD"}, "fine");
    const auto show = "printf %s \"${BASH_ENV-none} ${LD_PRELOAD-none} $LD $DB_URL\"";
    for (const bool supervised : {false, true}) {
        const auto done =
            box.run(shell(show, supervised ? sandbox::words{"--redact"} : sandbox::words{}));
        CHECK(done.code == 0);
        CHECK(has(done.out, "none none fine "));
        for (const char* name : {"BASH_ENV", "LD_PRELOAD", "PATH"})
            CHECK(has(done.err, std::string(name) + " says what programs run, left out"));
        CHECK_FALSE(has(done.err, "ran: "));
    }
    CHECK(has(box.ok(shell(show, {"--only", "*,LD_*"})), "none none fine "));
    CHECK(has(box.ok(shell(show, {"--only", "*,BASH_ENV"})), "$(echo ran: "));
    for (const char* name : {"TAR_OPTIONS", "RSYNC_RSH", "PS1", "MAKEFILES", "VIMINIT", "ERL_FLAGS",
                             "LESS", "KUBE_EDITOR", "INPUTRC"}) {
        box.ok({"set", name}, "evil");
        CHECK(has(box.run(shell("true")).err, std::string(name) + " says what programs run"));
    }
    // As a variable it is called, not as a secret is.
    box.ok({"set", "PRELOAD"}, "/nowhere/evil.so");
    CHECK(has(box.ok(shell("printf %s \"${LD_PRELOAD-none}\"", {"--prefix", "LD_"})), "none"));
}

TEST_CASE("run --redact ends with the reader of its output, and its command meets a broken pipe") {
    const sandbox box;
    box.fill();
    const auto done = box.run_program(
        {"sh", "-c", "{ \"$0\" run --redact -- yes; echo \"code $?\" >&2; } | head -1",
         coffer_test::coffer_program()});
    CHECK(done.out == "y\n");
    CHECK(has(done.err, "code 141"));
    CHECK(box.run(shell("kill -PIPE $$; echo survived", {"--redact"})).code == 128 + SIGPIPE);
}

TEST_CASE("run and export say which patterns of --only match no name") {
    const sandbox box;
    box.fill();
    const auto done = box.run({"run", "--only", "NOPE*,DB_URL", "--", "true"});
    CHECK(done.code == 0);
    CHECK(has(done.err, "--only NOPE* matches no name"));
    CHECK_FALSE(has(done.err, "--only DB_URL"));
    CHECK(has(box.run({"export", "--only", "["}).err, "--only [ matches no name"));
}

TEST_CASE("an --only without a name is refused, and nothing is started") {
    const sandbox box;
    box.fill();
    for (const auto* only : {"", ",", ",,"}) {
        INFO("'" << only << "'");
        const auto started = box.run({"run", "--only", only, "--", "touch", "started"});
        CHECK(started.code == 125);
        CHECK(has(started.err, "--only has no name and no pattern"));
        CHECK_FALSE(std::filesystem::exists(box.work() / "started"));
        for (const auto* verb : {"export", "list"})
            CHECK(box.run({verb, "--only", only}).code == 2);
    }
}

TEST_CASE("run says of a value that has expired that it has, and does not start where --only names "
          "it or what is no variable") {
    const sandbox box;
    box.fill();
    box.ok({"set", "EXP", "--expires", "1s"}, "short-lived");
    while (box.run({"get", "EXP"}).code == 0)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto all = box.run({"run", "--", "sh", "-c", "printf %s \"${EXP-none}\""});
    CHECK(all.code == 0);
    CHECK(all.out == "none");
    CHECK(has(all.err, "EXP has expired, left out"));
    const auto refused = [&](const char* only, std::string_view why) {
        const auto done = box.run({"run", "--only", only, "--", "touch", "started"});
        INFO(only << ": " << done.err);
        CHECK(done.code == 125);
        CHECK(has(done.err, why));
        CHECK(has(done.err, ". Nothing was started."));
        CHECK_FALSE(std::filesystem::exists(box.work() / "started"));
    };
    refused("EXP", "expired: --only names EXP, which has expired.");
    refused("EXP,NOPE", "not_found: --only names NOPE, which dev does not have; EXP, which has ");
    box.ok({"set", "BIN", "--exact"}, std::string_view("nul\0canary", 10));
    box.ok({"set", "MERGE:token"}, "x");
    refused("BIN", "--only names BIN, whose value holds a NUL.");
    refused("MERGE:token", "--only names MERGE:token, which can't be a variable name.");
    CHECK(box.run({"run", "--only", "BI*,E*", "--", "true"}).code == 0);
}

TEST_CASE("run --json tells as JSON that there is no such command") {
    const sandbox box;
    box.fill();
    const auto none = box.run({"run", "--json", "--", "no-such-command-anywhere"});
    CHECK(none.code == 127);
    CHECK(has(none.out, R"({"error":{"code":"not_found","message":"there is no command no-such-)"));
    CHECK(none.err.empty());
    const auto no_program = box.run({"run", "--json", "--", "/etc/passwd"});
    CHECK(no_program.code == 126);
    CHECK(has(no_program.out, R"("code":"denied")"));
}

TEST_CASE("run does not start without a name that --only says") {
    const sandbox box;
    box.fill();
    for (const char* const only : {"NOPE", "DB_URL,NOPE", "*,NOPE"}) {
        const auto done = box.run({"run", "-s", "acme", "--only", only, "--", "touch", "started"});
        INFO(only << ": " << done.err);
        CHECK(done.code == 125);
        CHECK(has(done.err, "not_found: --only names NOPE, which dev/acme does not have. "
                            "Nothing was started."));
    }
    box.ok({"hide", "DB_URL", "-s", "acme"});
    CHECK(box.run({"run", "-s", "acme", "--only", "DB_URL", "--", "touch", "started"}).code == 125);
    CHECK_FALSE(std::filesystem::exists(box.work() / "started"));
    box.ok({"run", "--only", "NOPE*,DB_URL", "--", "touch", "started"});
    CHECK(std::filesystem::exists(box.work() / "started"));
}

TEST_CASE("run --only and export --only open no other value, so none that is damaged matters") {
    const sandbox box;
    box.fill();
    alter_record(box, box.document("dev"), "damaged: SLACK_TOKEN in dev v1: tampered");
    CHECK(box.run({"export"}).code == 7);
    CHECK(has(box.ok({"export", "--only", "DB_URL"}), coffer_test::db_url));
    CHECK(box.ok({"run", "--only", "DB_*", "--", "printenv", "DB_URL"}) ==
          std::string(coffer_test::db_url) + "\n");
    CHECK(box.run({"run", "--only", "SLACK_*", "--", "true"}).code == 125);
    CHECK(box.run({"run", "--only", "DB_URL,SLACK_TOKEN", "--", "true"}).code == 125);
}
