// SPDX-License-Identifier: BSL-1.0
#include "altered.hpp"
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <filesystem>

using coffer_test::has;
using coffer_test::sandbox;
namespace fs = std::filesystem;

namespace {

/// Takes the line of one object out of a document, by the size of its value: records are the
/// smallest.
void cut_smallest_object(const sandbox& box, const fs::path& document) {
    const auto text = sandbox::read(document);
    std::size_t best = text.npos;
    std::size_t least = text.npos;
    for (std::size_t at = text.find('\n') + 1; at < text.size(); at = text.find('\n', at) + 1) {
        const auto size = text.find('\n', at) - at;
        if (text.compare(at, 2, "\"_") != 0 && text.compare(at, 5, "\"head") != 0 && size > 10 &&
            size < least) {
            best = at;
            least = size;
        }
    }
    REQUIRE(best != text.npos);
    box.write(document, text.substr(0, best) + text.substr(best + least + 1));
}

} // namespace

TEST_CASE("1: a name, an environment or a space that is not there, hidden or expired") {
    const sandbox box;
    box.fill();
    CHECK(box.run({"get", "NOPE"}).code == 1);
    CHECK(box.run({"get", "DB_URL", "-e", "typo"}).code == 1);
    CHECK(box.run({"get", "DB_URL", "-s", "typo"}).code == 1);
    CHECK(has(box.run({"get", "DB_URL", "-s", "typo"}).err,
              "unknown_scope: there is no space typo in dev"));
    box.ok({"hide", "DB_URL", "-s", "acme"});
    const auto hidden = box.run({"get", "DB_URL", "-s", "acme"});
    CHECK(hidden.code == 1);
    CHECK(has(hidden.err, "DB_URL is hidden in dev/acme"));
    CHECK(box.run({"history", "SLACK_TOKEN", "-s", "globex"}).code == 1);
    CHECK(box.run({"unset", "SLACK_TOKEN", "-s", "globex", "--yes"}).code == 1);
    CHECK(box.run({"rollback", "DB_URL", "--to", "9"}).code == 1);
    CHECK(box.run({"explain", "NOPE"}).code == 1);
    CHECK(box.run({"explain", "DB_URL", "-s", "acme"}).code == 1);
    CHECK(box.run({"get", "DB_URL", "--version", "9"}).code == 1);
    box.ok({"set", "EX", "--expires", "1s"}, "canary");
    while (box.run({"get", "EX"}).code == 0) {
    }
    const auto gone = box.run({"get", "EX", "--version", "1"});
    CHECK(gone.code == 1);
    CHECK(gone.out.empty());
    CHECK(has(gone.err, "v1 of EX in dev has expired"));
    box.ok({"set", "EX"}, "second");
    CHECK(box.run({"get", "EX", "--version", "1"}).code == 1);
    CHECK(box.ok({"get", "EX", "--version", "2"}) == "second");
}

TEST_CASE("2: usage and refused input") {
    const sandbox box;
    CHECK(box.run({}).code == 2);
    CHECK(box.run({"nonsense"}).code == 2);
    CHECK(box.run({"list"}).code == 2); // no store is named
    box.fill();
    CHECK(box.run({"get"}).code == 2);
    CHECK(box.run({"get", "A", "B"}).code == 2);
    CHECK(box.run({"get", "A", "--nonsense"}).code == 2);
    CHECK(box.run({"set", "A"}, "").code == 2);
    CHECK(box.run({"set", "A"}, std::string(70'000, 'x')).code == 2);
    CHECK(box.run({"set", "A", "--file", "nowhere"}).code == 2);
    CHECK(box.run({"set", "KEY_A", "KEY_B"}, "one value").code == 2);
    CHECK(box.run({"set", "A", "--file", "/etc/passwd", "--generate"}).code == 2);
    CHECK(box.run({"run"}).code == 125); // `run` keeps the codes below for its command
    CHECK(box.run({"export", "--format", "yaml"}).code == 2);
    CHECK(box.run({"list", "--max-stale", "soon"}).code == 2);
}

TEST_CASE("3: what this build does not have, and what does not go together") {
    sandbox box;
    box.fill();
    const auto store = box.run({"list", "--store", "sqlite:secrets.db"});
    CHECK(store.code == 3);
    CHECK(has(store.err, "file:DIR"));
    CHECK(box.run({"list", "--keys", "pkcs11:x"}).code == 3);
    box.variables["COFFER_SERVER"] = "https://coffer.internal";
    const auto beside = box.run({"verify"}); // in any build, and before anything is asked
    CHECK(beside.code == 3);
    CHECK(has(beside.err, "beside the store"));
    CHECK(beside.err.find('\n') == beside.err.size() - 1);
    for (const sandbox::words& verb :
         {sandbox::words{"keys", "rotate-kek", "--yes"}, {"backup", "saved"}, {"serve"}})
        CHECK(box.run(verb).code == 3); // not those of this folder either
    CHECK_FALSE(fs::exists(box.work() / "saved"));
    CHECK(box.run({"keys"}).code == 0);
    CHECK(box.run({"config"}).code == 0);
}

TEST_CASE("4: somebody else wrote first, or it is there already") {
    sandbox box;
    box.fill();
    box.variables["COFFER_AUTHOR"] = "ben";
    box.ok({"set", "DB_URL"}, "second");
    const auto late = box.run({"set", "DB_URL", "--if-version", "1"}, "third");
    CHECK(late.code == 4);
    CHECK(late.err.starts_with("coffer: conflict: DB_URL in dev is at v2 (ben, "));
    CHECK(late.err.ends_with(" ago), you expected v1. Nothing was written.\n"));
    CHECK(box.ok({"get", "DB_URL"}) == "second");
    CHECK(box.run({"set", "NEW", "--if-version", "3"}, "x").code == 4);
    CHECK(box.run({"set", "NEW", "--if-version", "0"}, "x").code == 0);
    CHECK(box.run({"init"}).code == 4);
    CHECK(box.run({"env", "create", "dev"}).code == 4);
    CHECK(box.run({"space", "create", "acme"}).code == 4);
}

TEST_CASE("5: a keyring that others may read") {
    const sandbox box;
    box.fill();
    fs::permissions(box.keyring(), fs::perms::group_read, fs::perm_options::add);
    CHECK(box.run({"list"}).code == 5);
}

TEST_CASE("5: what can't be written or read is named") {
    const sandbox box;
    box.fill();
    const auto lock = fs::path(box.document("dev")).replace_extension(".lock");
    fs::remove(lock);
    fs::create_symlink("elsewhere", lock);
    const auto written = box.run({"space", "create", "initech"});
    CHECK(written.code == 5);
    CHECK(has(written.err, ": " + lock.string() + "\n"));
    fs::remove(lock);
    const auto document = box.document("dev");
    fs::rename(document, box.work() / "moved.json");
    fs::create_symlink(box.work() / "moved.json", document);
    const auto read = box.run({"get", "DB_URL"});
    CHECK(read.code == 5);
    CHECK(has(read.err, ": " + document.string() + "\n"));
}

TEST_CASE("6: a store that is not there") {
    const sandbox box;
    box.fill();
    fs::rename(box.work() / "coffer-store", box.work() / "elsewhere");
    CHECK(box.run({"list"}).code == 6);
    const auto full = box.run_program(
        {"sh", "-c", "exec \"$0\" version > /dev/full", coffer_test::coffer_program()});
    CHECK(full.code == 6);
}

TEST_CASE("7: a record that was cut out is told, and not replaced by another value") {
    const sandbox box;
    box.ok({"init"});
    box.ok({"space", "create", "acme"});
    box.ok({"set", "TOKEN"}, std::string(300, 'e')); // the environment's record is the larger one
    box.ok({"set", "TOKEN", "-s", "acme"}, "acme's");
    cut_smallest_object(box, box.document("dev"));
    // The smallest are the metadata of environment and space, and acme's token: cut until it is
    // hit.
    auto got = box.run({"get", "TOKEN", "-s", "acme"});
    for (int i = 0; i < 3 && got.code == 0; ++i) {
        cut_smallest_object(box, box.document("dev"));
        got = box.run({"get", "TOKEN", "-s", "acme"});
    }
    CHECK(got.code == 7);
    CHECK(got.out.empty());
    CHECK(got.err == "coffer: tampered: the record of TOKEN in dev/acme is missing from the store. "
                     "It was NOT replaced by "
                     "another value.\n        See `coffer verify` and docs/operating.md#damaged\n");
    CHECK(box.run({"explain", "TOKEN", "-s", "acme"}).code == 7);
    const auto verified = box.run({"verify"});
    CHECK(verified.code == 7);
    CHECK(has(verified.out, "damaged: TOKEN in dev/acme v1: tampered"));
    CHECK(box.ok({"list", "-s", "acme"}).find("damaged") != std::string::npos);
}

TEST_CASE("7: export and run name the first record that is damaged") {
    const sandbox box;
    box.fill();
    coffer_test::alter_record(box, box.document("dev"), "SLACK_TOKEN in dev v1");
    for (const sandbox::words& args :
         std::vector<sandbox::words>{{"export"},
                                     {"export", "--only", "SLACK_*"},
                                     {"run", "--", "true"},
                                     {"run", "--redact", "--", "true"}}) {
        const auto done = box.run(args);
        CHECK(done.code == (args[0] == "run" ? 125 : 7));
        CHECK(has(done.err, "the record of SLACK_TOKEN in dev was altered in the store"));
        CHECK(done.out.empty());
    }
    CHECK(has(box.run({"export", "--json"}).out, R"("name":"SLACK_TOKEN")"));
    CHECK(box.run({"export", "--only", "DB_URL"}).code == 0);
}

TEST_CASE("7: a store that was put back is told") {
    const sandbox box;
    box.fill();
    const auto document = box.document("dev");
    const auto before = sandbox::read(document);
    box.ok({"set", "DB_URL"}, "revoked and replaced");
    box.write(document, before);
    const auto got = box.run({"get", "DB_URL"});
    CHECK(got.code == 7);
    CHECK(has(got.err, "rolled_back"));
}

TEST_CASE("9: keys that are not there") {
    const sandbox box;
    box.fill();
    fs::remove(box.keyring());
    CHECK(box.run({"list"}).code == 9);
    sandbox other;
    other.ok({"init"});
    fs::copy_file(other.keyring(), box.keyring());
    fs::remove(box.keyring().string() + ".anchor");
    CHECK(box.run({"list"}).code == 9);
}

TEST_CASE("damage and rollback say what to do about them, whatever the verb") {
    sandbox box;
    box.fill();
    const auto old = sandbox::read(box.document("dev"));
    box.ok({"set", "DB_URL"}, "second");
    box.write(box.document("dev"), old);
    for (const sandbox::words& args :
         {sandbox::words{"get", "DB_URL"}, {"list"}, {"set", "DB_URL"}, {"export"}}) {
        const auto done = box.run(args, "third");
        INFO(args.front() << ": " << done.err);
        CHECK(done.code == 7);
        CHECK(done.err.ends_with("\n        See docs/operating.md#rolled-back\n"));
    }
    CHECK(box.run({"verify"}).out.ends_with("\nSee docs/operating.md#rolled-back\n"));
    CHECK(has(box.run({"doctor"}).out, "docs/operating.md#rolled-back"));

    box.write(box.document("dev"), old.substr(0, old.size() / 2));
    for (const sandbox::words& args :
         {sandbox::words{"get", "DB_URL"}, {"list"}, {"set", "DB_URL", "--yes"}}) {
        const auto done = box.run(args, "third");
        INFO(args.front() << ": " << done.err);
        CHECK(done.code == 7);
        CHECK(done.err.ends_with("\n        See `coffer verify` and docs/operating.md#damaged\n"));
    }
    CHECK(box.run({"verify"}).out.ends_with("\nSee docs/operating.md#damaged\n"));
}

TEST_CASE("what was probably meant is said of other programs' verbs, run without -- and options") {
    sandbox box;
    box.fill();
    for (const auto& word : {"rm", "delete", "remove"})
        CHECK(has(box.run({word, "DB_URL"}).err, "; did you mean unset?"));
    CHECK(has(box.run({"ls"}).err, "; did you mean list?"));
    CHECK(has(box.run({"exprot"}).err, "; did you mean export?"));
    const auto run = box.run({"run", "sh", "-c", "true"});
    CHECK(run.code == 125);
    CHECK(has(run.err, "put -- before the command"));
    CHECK(has(box.run({"list", "--env="}).err, "--env lacks its value"));
    CHECK(has(box.run({"list", "--due"}).err, "--due lacks its value"));
    CHECK(has(box.run({"list", "-e", "secret-1", "-e", "secret-2"}).err, "--env lacks its value"));
    CHECK_FALSE(has(box.run({"list", "-e", "secret-1", "-e", "secret-2"}).err, "secret-"));
    box.variables["COFFER_KEK"] = "c2hvcnQ=";
    const auto key = box.run({"list", "--keys", "env:COFFER_KEK"});
    CHECK(key.code == 2);
    CHECK(has(key.err, "the variable COFFER_KEK holds no key: that is 32 bytes in base64"));
    CHECK_FALSE(has(key.err, "c2hvcnQ="));
}
