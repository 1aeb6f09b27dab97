// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <filesystem>

using coffer_test::has;
using coffer_test::sandbox;
namespace fs = std::filesystem;

namespace {

void make_executable(const sandbox& box, const fs::path& file, std::string_view text) {
    box.write(file, text);
    fs::permissions(file, fs::perms::owner_all);
}

/// A store in a repository, enrolled, with one commit; `mine` keeps this machine's anchor apart
/// from that of the others.
struct repository : sandbox {
    repository() {
        fill();
        git({"init", "-q", "-b", "main"});
        git({"config", "user.email", "ana@example.org"});
        git({"config", "user.name", "ana"});
        ok({"git", "enroll"});
        commit("base");
    }
    auto git(words args) const -> coffer_test::ran {
        args.insert(args.begin(), "git");
        return run_program(args);
    }
    void commit(const std::string& message) const {
        git({"add", "-A"});
        const auto done = git({"commit", "-q", "-m", message});
        INFO(done.err);
        REQUIRE(done.code == 0);
    }
    /// Another machine: the same keys, an anchor of its own.
    void other_machine() const { fs::remove(keyring().string() + ".anchor"); }
    /// main and side both change DB_URL, and side adds FINE; main is checked out.
    void part() const {
        ok({"set", "DB_URL"}, "main-url");
        commit("main");
        git({"checkout", "-q", "-b", "side", "HEAD~1"});
        other_machine();
        ok({"set", "DB_URL"}, "side-url");
        ok({"set", "FINE"}, "fine");
        commit("side");
        git({"checkout", "-q", "main"});
        other_machine();
    }
};

} // namespace

TEST_CASE("git diff shows names, scopes and versions, and no value") {
    const repository box;
    box.ok({"set", "DB_URL", "--note", "read only"}, "changed-canary");
    const auto diff = box.git({"diff"});
    INFO(diff.out);
    CHECK(has(diff.out, "-DB_URL       dev         v1  value"));
    CHECK(has(diff.out, "+DB_URL       dev         v2  value"));
    CHECK(has(diff.out, "read only"));
    CHECK_FALSE(has(diff.out, "canary"));
    CHECK_FALSE(has(diff.out, "SLACK_TOKEN  dev/acme    v1  value  \n+"));
}

TEST_CASE("git show without the key says what anybody can see, where that is asked for") {
    const repository box;
    const auto document = box.document("dev").string();
    const auto line = box.ok({"git", "show", document});
    CHECK(has(line, "SLACK_TOKEN  dev/acme"));
    fs::rename(box.keyring(), box.keyring().string() + ".away");
    CHECK(box.run({"git", "show", document}).code == 9);
    CHECK(has(box.ok({"git", "show", document, "--sealed"}), "; the key is not here"));
    CHECK(box.git({"log", "-p", "-1"}).code == 0);
}

TEST_CASE("enrolling twice changes nothing more") {
    const repository box;
    const auto before = sandbox::read(box.work() / "coffer-store/.gitattributes");
    box.ok({"git", "enroll"});
    CHECK(sandbox::read(box.work() / "coffer-store/.gitattributes") == before);
    sandbox outside;
    outside.ok({"init"});
    CHECK(outside.run({"git", "enroll"}).code == 2);
}

TEST_CASE("enrolling names this program, whatever else is called coffer") {
    repository box;
    const std::string path = std::getenv("PATH");
    const auto bin = box.home() / "bin";
    const auto named = bin / "coffer";
    const auto driver = [&](const std::string& before) {
        box.variables["PATH"] = before + ":" + path;
        box.ok({"git", "enroll"});
        return box.git({"config", "merge.coffer.driver"}).out;
    };
    const auto by_path = "'" + coffer_test::coffer_program() + "' git merge %O %A %B\n";
    const std::string by_name = "coffer git merge %O %A %B\n";
    make_executable(box, named, "#!/bin/sh\n");
    CHECK(driver(bin) == by_path);
    const auto own = box.home() / "own";
    fs::create_directory(own);
    fs::create_symlink(coffer_test::coffer_program(), own / "coffer");
    CHECK(driver(bin.string() + ":" + own.string()) == by_path);
    CHECK(driver(own.string() + ":" + bin.string()) == by_name);
    CHECK(driver(":" + own.string()) == by_path);
    // What can't be run is not in the way.
    fs::permissions(named, fs::perms::owner_read);
    CHECK(driver(bin.string()) == by_path);
    CHECK(driver(bin.string() + ":" + own.string()) == by_name);
    fs::remove(named);
    fs::create_directory(named);
    CHECK(driver(bin.string()) == by_path);
    CHECK(driver(bin.string() + ":" + own.string()) == by_name);
}

TEST_CASE("enrolling replaces no link, nor what it can't read") {
    const repository box;
    const auto attributes = box.work() / "coffer-store/.gitattributes";
    const auto mine = box.work() / "mine";
    box.write(mine, "*.txt text\n");
    for (const auto& target : {mine, attributes, box.work()}) { // a file, a loop, a folder
        fs::remove(attributes);
        fs::create_symlink(target, attributes);
        const auto done = box.run({"git", "enroll"});
        CHECK(done.code == 5);
        CHECK(has(done.err, "It needs the lines: *.json diff=coffer merge=coffer"));
        CHECK(fs::is_symlink(fs::symlink_status(attributes)));
    }
    CHECK(sandbox::read(mine) == "*.txt text\n");
}

TEST_CASE("enrolling gets on with a git that has much to say on stderr") {
    sandbox box;
    box.fill();
    REQUIRE(box.run_program({"git", "init", "-q"}).code == 0);
    const std::string path = std::getenv("PATH");
    make_executable(box, box.home() / "bin/git",
                    "#!/bin/sh\nhead -c 200000 /dev/zero >&2\nPATH='" + path +
                        "'\nexec git \"$@\"\n");
    box.variables["PATH"] = (box.home() / "bin").string() + ":" + path;
    CHECK(has(box.ok({"git", "enroll"}), "work  enrolled: "));
}

TEST_CASE("git merge takes both sides' changes of different names, and every machine accepts the "
          "result") {
    const repository box;
    box.ok({"set", "ON_MAIN"}, "main-value");
    box.ok({"unset", "SLACK_TOKEN", "-s", "acme", "--yes"});
    box.commit("main");
    const auto main_anchor = sandbox::read(box.keyring().string() + ".anchor");
    box.git({"checkout", "-q", "-b", "side", "HEAD~1"});
    box.other_machine();
    box.ok({"set", "ON_SIDE", "-s", "globex"}, "side-value");
    box.ok({"set", "DB_URL"}, "side-url");
    box.ok({"space", "create", "initech"});
    box.ok({"set", "DEEP", "-s", "initech"}, "deep-value");
    box.commit("side");
    const auto side_anchor = sandbox::read(box.keyring().string() + ".anchor");
    box.git({"checkout", "-q", "main"});
    const auto merged = box.git({"merge", "-q", "-m", "merge", "side"});
    INFO(merged.out << merged.err);
    REQUIRE(merged.code == 0);
    for (const auto& anchor : {main_anchor, side_anchor}) { // what either machine remembers
        box.write(box.keyring().string() + ".anchor", anchor);
        fs::permissions(box.keyring().string() + ".anchor",
                        fs::perms::owner_read | fs::perms::owner_write);
        CHECK(box.ok({"get", "ON_MAIN"}) == "main-value");
        CHECK(box.ok({"get", "ON_SIDE", "-s", "globex"}) == "side-value");
        CHECK(box.ok({"get", "DB_URL"}) == "side-url");
        CHECK(box.ok({"get", "DB_URL", "--version", "1"}) == coffer_test::db_url);
        CHECK(box.ok({"get", "DEEP", "-s", "initech"}) == "deep-value");
        CHECK(box.ok({"get", "SLACK_TOKEN", "-s", "acme"}) == coffer_test::dev_token);
        CHECK(box.run({"verify"}).code == 0);
    }
    box.ok({"set", "AFTER"}, "the merge");
    CHECK(box.ok({"get", "AFTER"}) == "the merge");
    // What came before the merge is older for everybody who saw it.
    box.git({"checkout", "-q", "-f", "side"});
    CHECK(box.run({"list"}).code == 7);
}

TEST_CASE("git merge leaves a name that both sides changed to people, and the file as it was") {
    const repository box;
    box.part();
    const auto ours = sandbox::read(box.document("dev"));
    const auto merged = box.git({"merge", "-m", "merge", "side"});
    CHECK(merged.code == 1);
    CHECK(has(merged.out + merged.err, "conflict: DB_URL in dev: ours v2 (ana, "));
    CHECK_FALSE(has(merged.out + merged.err, "-url"));
    CHECK(sandbox::read(box.document("dev")) == ours);
    CHECK(has(box.git({"status", "--porcelain"}).out, "UU "));
}

TEST_CASE("git resolve keeps one side of what both changed, and both sides accept the result") {
    for (const std::string keep : {"ours", "theirs"}) {
        const repository box;
        box.ok({"set", "DB_URL"}, "main-url");
        box.ok({"set", "ON_MAIN"}, "main-value");
        box.commit("main");
        const auto main_anchor = sandbox::read(box.keyring().string() + ".anchor");
        box.git({"checkout", "-q", "-b", "side", "HEAD~1"});
        box.other_machine();
        box.ok({"set", "DB_URL"}, "side-url");
        box.ok({"set", "FINE"}, "fine");
        box.ok({"set", "DB_URL"}, "side-url-2");
        box.commit("side");
        const auto side_anchor = sandbox::read(box.keyring().string() + ".anchor");
        box.git({"checkout", "-q", "main"});
        CHECK(box.run({"git", "resolve", "--keep", keep}).code == 2); // there is nothing to settle
        CHECK(box.git({"merge", "-m", "merge", "side"}).code == 1);
        CHECK(box.run({"git", "resolve"}).code == 2);
        const auto plan = box.ok({"git", "resolve", "--keep", keep, "--dry-run"});
        CHECK(has(plan, "DB_URL in dev: ours v2"));
        CHECK(box.ok({"git", "resolve", "--keep", keep}) == plan);
        CHECK_FALSE(has(box.git({"status", "--porcelain"}).out, "U"));
        CHECK_FALSE(has(box.git({"status", "--porcelain"}).out, ".merge_file"));
        box.commit("settled");
        for (const auto& anchor : {main_anchor, side_anchor}) {
            box.write(box.keyring().string() + ".anchor", anchor);
            fs::permissions(box.keyring().string() + ".anchor",
                            fs::perms::owner_read | fs::perms::owner_write);
            CHECK(box.ok({"get", "DB_URL"}) == (keep == "ours" ? "main-url" : "side-url-2"));
            CHECK(box.ok({"get", "ON_MAIN"}) == "main-value");
            CHECK(box.ok({"get", "FINE"}) == "fine");
            CHECK(has(box.ok({"verify"}), "all is whole"));
        }
        box.ok({"set", "DB_URL"}, "after");
        CHECK(box.ok({"get", "DB_URL"}) == "after");
    }
}

TEST_CASE("git resolve keeps what was set since git merge stopped, and nobody sees a rollback") {
    for (const std::string keep : {"ours", "theirs"}) {
        const repository box;
        box.part();
        CHECK(box.git({"merge", "-m", "merge", "side"}).code == 1);
        box.ok({"set", "DB_URL"}, "main-url-2");
        box.ok({"set", "SINCE", "-s", "globex"}, "since");
        const auto plan = box.ok({"git", "resolve", "--keep", keep, "--dry-run"});
        CHECK(has(plan, "DB_URL in dev: ours v3"));
        CHECK(box.ok({"git", "resolve", "--keep", keep}) == plan);
        box.commit("settled");
        CHECK(box.ok({"get", "SINCE", "-s", "globex"}) == "since");
        CHECK(box.ok({"get", "FINE"}) == "fine");
        CHECK(box.ok({"get", "DB_URL"}) == (keep == "ours" ? "main-url-2" : "side-url"));
        CHECK(has(box.ok({"verify"}), "all is whole"));
    }
}

TEST_CASE("git resolve takes writes that followed a checkout of the other side, and refuses what "
          "follows neither") {
    const repository box;
    box.ok({"set", "DB_URL"}, "main-url");
    box.ok({"set", "ON_MAIN"}, "main-value");
    box.commit("main");
    box.git({"checkout", "-q", "-b", "side", "HEAD~1"});
    box.other_machine();
    box.ok({"set", "DB_URL"}, "side-url");
    box.commit("side");
    box.git({"checkout", "-q", "main"});
    CHECK(box.git({"merge", "-m", "merge", "side"}).code == 1);
    const auto document = box.document("dev").string();
    box.other_machine();
    box.write(document,
              box.git({"show", "main~1:" + fs::relative(document, box.work()).string()}).out);
    const auto base = sandbox::read(document);
    const auto refused = box.run({"git", "resolve", "--keep", "ours"});
    CHECK(refused.code == 4);
    CHECK(has(refused.err, "follows neither side"));
    CHECK(sandbox::read(document) == base);
    CHECK(has(box.git({"status", "--porcelain"}).out, "UU "));
    CHECK(box.git({"checkout", "--theirs", document}).code == 0);
    box.other_machine();
    box.ok({"set", "SINCE"}, "since");
    box.ok({"git", "resolve", "--keep", "ours"});
    CHECK(box.ok({"get", "SINCE"}) == "since");
    CHECK(box.ok({"get", "DB_URL"}) == "main-url");
    CHECK(box.ok({"get", "ON_MAIN"}) == "main-value");
}

TEST_CASE("git resolve settles what git merged as text, without the driver") {
    const repository box;
    box.ok({"set", "DB_URL"}, "main-url");
    box.commit("main");
    box.git({"checkout", "-q", "-b", "side", "HEAD~1"});
    box.other_machine();
    box.ok({"set", "DB_URL"}, "side-url");
    box.commit("side");
    box.git({"checkout", "-q", "main"});
    box.other_machine();
    CHECK(box.git({"config", "merge.coffer.driver", "git merge-file %A %O %B"}).code == 0);
    CHECK(box.git({"merge", "-m", "merge", "side"}).code == 1);
    REQUIRE(has(sandbox::read(box.document("dev")), "<<<<<<< "));
    box.ok({"git", "resolve", "--keep", "theirs"});
    CHECK(box.ok({"get", "DB_URL"}) == "side-url");
}

TEST_CASE("git resolve keeps a space that the other side removed, or removes what was set in it") {
    for (const std::string keep : {"ours", "theirs"}) {
        const repository box;
        box.ok({"set", "OLD", "-s", "globex"}, "old");
        box.commit("old");
        box.git({"checkout", "-q", "-b", "side"});
        box.ok({"set", "NEW", "-s", "globex"}, "new");
        box.commit("side");
        box.git({"checkout", "-q", "main"});
        box.other_machine();
        box.ok({"space", "remove", "globex", "--yes"});
        box.commit("main");
        box.other_machine();
        CHECK(box.git({"merge", "-m", "merge", "side"}).code == 1);
        box.ok({"git", "resolve", "--keep", keep});
        const auto got = box.run({"get", "OLD", "-s", "globex"});
        CHECK(got.code == (keep == "ours" ? 1 : 0));
        CHECK(box.run({"get", "NEW", "-s", "globex"}).code == got.code);
        CHECK(has(box.ok({"verify"}), "all is whole"));
    }
}

TEST_CASE("git merge notices a space that one side removed and the other wrote to") {
    const repository box;
    box.ok({"space", "remove", "globex", "--yes"});
    box.commit("main");
    box.git({"checkout", "-q", "-b", "side", "HEAD~1"});
    box.other_machine();
    box.ok({"set", "NEW", "-s", "globex"}, "x");
    box.commit("side");
    box.git({"checkout", "-q", "main"});
    const auto merged = box.git({"merge", "-m", "merge", "side"});
    CHECK(merged.code == 1);
    CHECK(has(merged.out + merged.err, "removed its space"));
}

TEST_CASE("git merge refuses what does not belong together, and damaged documents") {
    const repository box;
    const auto dev = box.document("dev").string();
    box.ok({"env", "create", "other"});
    const auto other = box.document("other").string();
    fs::copy_file(dev, box.work() / "mine");
    const auto mine = (box.work() / "mine").string();
    CHECK(box.run({"git", "merge", dev, mine, other}).code == 2);
    box.write(box.work() / "empty", "");
    CHECK(box.run({"git", "merge", (box.work() / "empty").string(), mine, dev}).code == 2);
    auto text = sandbox::read(dev);
    text[text.find("\"head\":\"") + 300] ^= 1;
    box.write(box.work() / "damaged", text);
    CHECK(box.run({"git", "merge", dev, mine, (box.work() / "damaged").string()}).code == 7);
    CHECK(box.run({"git", "show", (box.work() / "damaged").string()}).code == 7);
    CHECK(sandbox::read(box.work() / "mine") == sandbox::read(dev));
}
