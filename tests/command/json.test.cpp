// SPDX-License-Identifier: BSL-1.0
#include "json_manual.hpp"
#include "sandbox.hpp"
#include "served.hpp"
#include "support/catch.hpp"

#include <filesystem>

using coffer_test::client;
using coffer_test::json_manual;
using coffer_test::sandbox;
namespace fs = std::filesystem;

namespace {

void check_scopes(json_manual& manual) {
    const sandbox box;
    manual.check(box, "init", {"init"});
    sandbox elsewhere;
    elsewhere.variables["MY_KEY"] = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVowMTIzNDU=";
    manual.check(elsewhere, "init", {"init", "--keys", "env:MY_KEY"});
    manual.check(elsewhere, "keys status", {"keys", "status"});
    manual.check(box, "env create", {"env", "create", "live", "--prod"});
    manual.check(box, "env rename", {"env", "rename", "live", "away", "--yes"});
    manual.check(box, "env mark", {"env", "mark", "live", "--no-prod", "--yes"});
    manual.check(box, "--dry-run", {"env", "remove", "live", "--dry-run"});
    manual.check(box, "env list", {"env", "list"});
    manual.check(box, "env remove", {"env", "remove", "live", "--yes"});
    manual.check(box, "space create", {"space", "create", "acme"});
    manual.check(box, "space rename", {"space", "rename", "acme", "globex"});
    manual.check(box, "space list", {"space", "list"});
    manual.check(box, "an error", {"get", "NONE", "-s", "acme"}, 1);
    manual.check(box, "an error", {"get", "NONE", "-e", "none"}, 1);
    manual.check(box, "an error", {"get"}, 2);
    manual.check(box, "space remove", {"space", "remove", "acme", "--yes"});
    manual.check(box, "config", {"config"});
    manual.check(box, "version", {"version"});
    manual.check(box, "doctor", {"doctor"});
    box.ok({"keys", "disable", coffer_test::keks(box).front(), "--yes", "--force"});
    manual.check(box, "doctor", {"doctor"}, 9);
}

void check_secrets(json_manual& manual) {
    const sandbox box;
    box.fill();
    manual.check(box, "set",
                 {"set", "DB_URL", "--note", "n", "--rotate-by", "2099-01-31", "--expires", "90d"},
                 0, "second");
    manual.check(box, "set", {"set", "BYTES"}, 0, "\xff\xfe");
    for (const sandbox::words& where : {sandbox::words{}, sandbox::words{"-s", "acme"}}) {
        const auto here = [&](sandbox::words args) {
            args.insert(args.end(), where.begin(), where.end());
            return args;
        };
        manual.check(box, "get", here({"get", "DB_URL"}));
        manual.check(box, "list", here({"list"}));
        manual.check(box, "explain", here({"explain", "DB_URL"}));
        manual.check(box, "explain", here({"explain", "NONE"}), 1);
        manual.check(box, "history", here({"history", "SLACK_TOKEN"}));
        manual.check(box, "export", here({"export"}));
    }
    const auto of_actor = [](sandbox::words args) {
        args.insert(args.end(), {"-s", "acme", "--actor", "us_ana"});
        return args;
    };
    manual.check(box, "set", of_actor({"set", "MINE"}), 0, "x");
    for (const char* const verb : {"get", "explain", "history"})
        manual.check(box, verb, of_actor({verb, "MINE"}));
    manual.check(box, "list", of_actor({"list"}));
    manual.check(box, "hide", of_actor({"hide", "DB_URL"}));
    manual.check(box, "an error", of_actor({"get", "DB_URL"}), 1);
    manual.check(box, "import", of_actor({"import", "--yes"}), 0, "MINE=2\n");
    box.write(box.work() / "need.json", R"({"a":[{"name":"MINE","pattern":"^no"}]})");
    manual.check(box, "check", of_actor({"check", "need.json"}), 1);
    manual.check(box, "get", {"get", "BYTES"});
    manual.check(box, "get", {"get", "DB_URL", "--version", "1"});
    manual.check(box, "hide", {"hide", "DB_URL", "-s", "acme"});
    manual.check(box, "list", {"list", "-s", "acme", "--missing"});
    manual.check(box, "diff", {"diff", "dev", "dev/acme"}, 1);
    manual.check(box, "list --all-spaces", {"list", "--all-spaces"});
    manual.check(box, "unhide", {"unhide", "DB_URL", "-s", "acme"});
    manual.check(box, "unset", {"unset", "DB_URL", "--yes"});
    manual.check(box, "history", {"history", "DB_URL"});
    manual.check(box, "undelete", {"undelete", "DB_URL"});
    manual.check(box, "rollback", {"rollback", "DB_URL", "--to", "1"});
    box.write(box.work() / "values", "NEW=1\nDB_URL=third\nnot one\n");
    manual.check(box, "import", {"import", "values", "--yes"}, 1);
    box.write(box.work() / "need.json",
              R"({"a":[{"name":"NONE"},{"name":"DB_URL","pattern":"^no"}]})");
    manual.check(box, "check", {"check", "need.json", "-s", "acme"}, 1);
    manual.check(box, "check", {"check", "need.json", "--all-spaces"}, 1);
}

void check_tokens(json_manual& manual) {
    const sandbox box;
    box.fill();
    manual.check(box, "token create",
                 {"token", "create", "--role", "service", "-e", "dev", "-s", "acme", "--names",
                  "DB_*", "--actor", "someone", "--write"});
    manual.check(box, "token create", {"token", "create", "--full"});
    manual.check(box, "token list", {"token", "list"});
    const auto listed = box.ok({"token", "list"});
    const auto id = listed.substr(listed.find('\n') + 1,
                                  listed.find(' ', listed.find('\n')) - listed.find('\n') - 1);
    manual.check(box, "token revoke", {"token", "revoke", id, "--yes"});
}

void check_keys(json_manual& manual) {
    const sandbox box;
    box.fill();
    manual.check(box, "keys status", {"keys", "status"});
    const auto old = coffer_test::keks(box).front();
    manual.check(box, "keys rotate-kek", {"keys", "rotate-kek", "--yes"});
    manual.check(box, "keys rewrap", {"keys", "rewrap", "--yes"});
    manual.check(box, "keys disable", {"keys", "disable", old, "--yes"});
    const auto copy = (box.home() / "copy.json").string();
    const std::string typed = "a long passphrase";
    manual.check(box, "keys copy", {"keys", "copy", "--to", copy, "--yes"}, 0, typed);
    fs::remove(box.keyring());
    manual.check(box, "keys copy", {"keys", "copy", "--from", copy, "--yes"}, 0, typed);
    manual.check(box, "keys copy", {"keys", "copy", "--from", copy, "--yes"}, 0, typed); // joined

    box.ok({"keys", "rotate-kek", "-e", "dev", "--yes"});
    box.ok({"keys", "rewrap", "-e", "dev", "--yes"});
    manual.check(box, "keys rotate-dek", {"keys", "rotate-dek", "-e", "dev", "--yes"});
    manual.check(box, "keys shred", {"keys", "shred", "-e", "dev", "--yes"});
    manual.check(box, "keys shred", {"keys", "shred", "-e", "dev", "--yes"});
    box.ok({"env", "create", "own"});
    box.ok({"keys", "rotate-kek", "-e", "own", "--yes"});
    box.ok({"keys", "rewrap", "-e", "own", "--yes"});
    box.ok({"keys", "disable", coffer_test::keks(box).back(), "--yes", "--force"});
    manual.check(box, "env list", {"env", "list"});
    manual.check(box, "keys status", {"keys", "status"}, 9);
    manual.check(box, "keys rewrap", {"keys", "rewrap", "--yes"}, 9);
    manual.check(box, "verify", {"verify"}, 9);
    manual.check(box, "keys shred", {"keys", "shred", "-e", "own", "--yes"});
}

void check_resolve(json_manual& manual, const sandbox& box) {
    const auto git = [&](const std::string& words) {
        const auto done = box.run_program(
            {"sh", "-c", "git -c user.name=ana -c user.email=ana@example.org " + words});
        INFO(words << done.err);
        return done.code;
    };
    REQUIRE(git("add -A") == 0);
    REQUIRE(git("commit -q -m base") == 0);
    box.ok({"set", "DB_URL"}, "one side");
    REQUIRE(git("commit -q -a -m one") == 0);
    REQUIRE(git("checkout -q -b side HEAD~1") == 0);
    fs::remove(box.keyring().string() + ".anchor");
    box.ok({"set", "DB_URL"}, "other side");
    REQUIRE(git("commit -q -a -m other") == 0);
    REQUIRE(git("merge -q -m merge @{-1}") == 1);
    manual.check(box, "git resolve", {"git", "resolve", "--keep", "ours"});
}

void check_copies(json_manual& manual) {
    const sandbox box;
    box.fill();
    manual.check(box, "backup", {"backup", "saved"});
    manual.check(box, "restore", {"restore", "saved", "--yes"});
    manual.check(box, "copy", {"copy", "--from", "file:saved", "--to", "file:other"});
    manual.check(box, "verify", {"verify"});
    manual.check(box, "git show", {"git", "show", box.document("dev").string()});
    REQUIRE(box.run_program({"git", "init", "-q"}).code == 0);
    manual.check(box, "git enroll", {"git", "enroll"});
    check_resolve(manual, box);
    fs::remove(box.keyring());
    manual.check(box, "git show --sealed, without the key",
                 {"git", "show", box.document("dev").string(), "--sealed"});
    box.write(box.document("dev"), "{}");
    manual.check(box, "backup", {"backup", "saved"}, 7);
}

void check_other_realm(json_manual& manual) {
    const sandbox box;
    box.ok({"init", "first"});
    fs::remove(box.work() / "coffer.json");
    box.ok({"init", "second"});
    for (const auto& entry : fs::directory_iterator(box.work() / "first"))
        if (!fs::exists(box.work() / "second" / entry.path().filename()))
            fs::copy(entry.path(), box.work() / "second");
    manual.check(box, "verify", {"verify"}, 3);
}

void check_server(json_manual& manual) {
    const sandbox here;
    here.fill();
    auto token = here.ok({"token", "create", "--full", "--name", "tests"});
    token.pop_back();
    const auto first = here.work() / "audit/audit-1.jsonl";
    {
        const coffer_test::serving server(here, "--audit audit");
        const client there(server.url, token);
        manual.check(there, "whoami", {"whoami"});
        manual.check(there, "config", {"config"});
        manual.check(there, "doctor", {"doctor"});
        manual.check(there, "get", {"get", "DB_URL", "-e", "dev", "-s", "acme"});
        manual.check(there, "set", {"set", "NEW", "-e", "dev", "-s", "acme"}, 0, "new");
        manual.check(there, "explain", {"explain", "NEW", "-e", "dev", "-s", "acme"});
        manual.check(there, "token list", {"token", "list"});
        manual.check(there, "token create", {"token", "create", "--role", "service", "-e", "dev"});
        manual.check(there, "env rename", {"env", "rename", "dev", "Development"});
        manual.check(there, "audit tail, of a server", {"audit", "tail"});
        manual.check(there, "audit verify, of a server", {"audit", "verify"});
        const client other(server.url, {});
        manual.check(other, "login", {"login"}, 0, token);
        manual.check(other, "logout", {"logout"});
        manual.check(other, "an error", {"whoami"}, 5);
    }
    manual.check(here, "audit tail", {"audit", "tail", "audit"});
    manual.check(here, "audit verify", {"audit", "verify", "audit"});
    auto text = sandbox::read(first);
    text[text.find('\n') / 2] ^= 1;
    here.write(first, text);
    manual.check(here, "audit verify", {"audit", "verify", "audit"}, 7);
}

/// Fields that nothing here brings about: of actors, of sessions, of a store that is away, of
/// damage that a server finds.
auto rare() -> const std::set<std::string>& {
    static const std::set<std::string> all{"DETAILS.head",
                                           "DETAILS.patterns",
                                           "ME.confirmedUntil",
                                           "ME.server.since",
                                           "ME.server.until",
                                           "SPACE.error",
                                           "audit tail, of a server.actorId",
                                           "audit tail, of a server.leftOut",
                                           "audit tail, of a server.names",
                                           "audit tail, of a server.reason",
                                           "audit tail.actorId",
                                           "audit tail.leftOut",
                                           "audit tail.reason",
                                           "audit verify, of a server.anchoredAt",
                                           "audit verify, of a server.firstBad",
                                           "audit verify, of a server.why",
                                           "git show.entries[].actor",
                                           "token list.tokens[].unreadable",
                                           "verify.environments[].listed"};
    return all;
}

} // namespace

TEST_CASE("with --json every verb writes the fields that the manual says, and no others") {
    const sandbox box;
    const auto page = box.ok({"help", "--markdown"});
    json_manual manual(page);
    check_scopes(manual);
    check_secrets(manual);
    check_tokens(manual);
    check_keys(manual);
    check_copies(manual);
    check_other_realm(manual);
    check_server(manual);
    CHECK(manual.unseen() == std::vector<std::string>{});
    for (const auto& field : manual.always_absent()) {
        INFO(field);
        CHECK(rare().contains(field));
    }

    const std::set<std::string> silent{"run",       "agent run",  "keys", "serve",
                                       "git merge", "completion", "help"};
    for (auto at = page.find("\n## init\n"); at != page.npos; at = page.find("\n## ", at + 1)) {
        const auto name = page.substr(at + 4, page.find('\n', at + 1) - at - 4);
        INFO(name);
        CHECK(manual.has_row(name) != silent.contains(name));
    }
}
