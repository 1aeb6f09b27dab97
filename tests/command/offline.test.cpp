// SPDX-License-Identifier: BSL-1.0
#include "served.hpp"

#include <filesystem>

using coffer_test::acme_token;
using coffer_test::client;
using coffer_test::db_url;
using coffer_test::has;
using coffer_test::sandbox;
using coffer_test::served;
namespace fs = std::filesystem;

namespace {

/// `coffer run` of a script that prints two of its variables, in a scope.
auto run(const sandbox& box, const sandbox::words& how, const char* space = "acme")
    -> coffer_test::ran {
    sandbox::words args{"run", "-e", "dev", "-s", space};
    args.insert(args.end(), how.begin(), how.end());
    args.insert(args.end(), {"--", "sh", "-c", "printf %s \"${SLACK_TOKEN-none} ${DB_URL-none}\""});
    return box.run(args);
}

auto kept(const sandbox& box) -> std::vector<fs::path> {
    std::vector<fs::path> out;
    std::error_code none;
    for (const auto& e : fs::recursive_directory_iterator(box.home() / ".config/coffer/kept", none))
        if (e.is_regular_file()) out.push_back(e.path());
    return out;
}

const auto both = std::string(acme_token) + " " + std::string(db_url);

} // namespace

TEST_CASE(
    "run --offline gives what run --keep was given, with the server away, within --max-stale") {
    served s;
    const client box(s);
    const auto before = run(box, {"--offline"});
    CHECK(before.code == 125);
    CHECK(has(before.err, "not_found: nothing was kept of dev/acme"));
    CHECK(run(box, {}).out == both);
    CHECK(kept(box).empty()); // nothing is kept unasked
    CHECK(run(box, {"--keep"}).out == both);
    s.here.ok({"set", "DB_URL"}, "changed since");
    s.stop();
    CHECK(run(box, {}).code == 125);
    const auto offline = run(box, {"--offline"});
    CHECK(offline.code == 0);
    CHECK(offline.out == both);
    CHECK(run(box, {"--offline", "--only", "DB_*"}).out == "none " + std::string(db_url));
    const auto old = run(box, {"--offline", "--max-stale", "0"});
    CHECK(old.code == 125);
    CHECK(has(old.err, "stale: what was kept of dev/acme was taken"));
    CHECK(has(run(box, {"--offline"}, "globex").err, "nothing was kept of dev/globex"));
    CHECK(run(box, {"--offline", "--watch"}).code == 125);
}

TEST_CASE("a copy of an answer that was old already is as old as that answer") {
    const served s;
    const client box(s);
    const sandbox::words get{"get", "DB_URL", "-e", "dev", "-s", "acme", "--json"};
    CHECK(run(box, {}).out == both); // which the server then has
    fs::rename(s.here.work() / "coffer-store", s.here.work() / "away");
    const auto age = [&] { // in seconds
        const auto text = box.ok(get);
        return std::stoi(text.substr(text.find("\"age_s\":") + 8));
    };
    REQUIRE(coffer_test::eventually([&] { return age() >= 3; }));
    CHECK(run(box, {"--keep"}).out == both);
    const auto old = run(box, {"--offline", "--max-stale", "2s"});
    CHECK(old.code == 125);
    CHECK(has(old.err, "stale: what was kept of dev/acme was taken"));
    CHECK(run(box, {"--offline"}).out == both);
}

TEST_CASE("run --keep --only keeps no more than those names, beside what was kept of all") {
    served s;
    const client box(s);
    const auto db_alone = "none " + std::string(db_url);
    const sandbox::words only_so_ordered{"--offline", "--only", "DB_URL,DB_*,DB_URL"};
    CHECK(run(box, {"--keep", "--only", "DB_*,DB_URL"}).out == db_alone);
    REQUIRE(kept(box).size() == 1);
    const auto limited = kept(box).front();
    const auto alone = run(box, {"--offline"});
    CHECK(alone.code == 125); // less than all is no copy of all
    CHECK(has(alone.err, "not_found: nothing was kept of dev/acme through"));
    CHECK(run(box, {"--offline", "--only", "DB_URL"}).code == 125);

    CHECK(run(box, {"--keep"}).out == both);
    REQUIRE(kept(box).size() == 2);
    const auto whole = kept(box)[kept(box).front() == limited ? 1 : 0];
    CHECK(fs::file_size(limited) < fs::file_size(whole));
    CHECK(run(box, {"--keep", "--only", "DB_*,DB_URL"}).code == 0);
    CHECK(kept(box).size() == 2);
    s.stop();
    CHECK(run(box, {"--offline"}).out == both);
    CHECK(run(box, {"--offline", "--only", "SLACK_TOKEN"}).out ==
          std::string(acme_token) + " none");
    CHECK(run(box, only_so_ordered).out == db_alone);

    const auto all_of_it = sandbox::read(whole);
    box.write(whole, sandbox::read(limited)); // which stands for no other
    CHECK(has(run(box, {"--offline"}).err, "does not open with this token, or was altered"));
    fs::remove(whole);
    CHECK(run(box, {"--offline"}).code == 125);
    CHECK(run(box, only_so_ordered).out == db_alone); // from its own
    box.write(limited, all_of_it);
    CHECK(run(box, only_so_ordered).code == 125);
}

TEST_CASE("run --offline --only takes the newer one of what was kept of all and of those names") {
    served s;
    const client box(s);
    const sandbox::words offline{"--offline", "--only", "DB_URL"};
    CHECK(run(box, {"--keep", "--only", "DB_URL"}).code == 0);
    box.ok({"set", "DB_URL", "-e", "dev"}, "second");
    CHECK(has(run(box, {"--keep"}).out, "second"));
    CHECK(run(box, offline).out == "none second");
    box.ok({"set", "DB_URL", "-e", "dev"}, "third");
    CHECK(run(box, {"--keep", "--only", "DB_URL"}).out == "none third");
    CHECK(run(box, offline).out == "none third");
    CHECK(has(run(box, {"--offline"}).out, "second"));
}

TEST_CASE("a copy that can't be used keeps nobody from another one, and it is said why") {
    served s;
    const client box(s);
    const sandbox::words offline{"--offline", "--only", "DB_URL"};
    CHECK(run(box, {"--keep", "--only", "DB_URL"}).code == 0);
    REQUIRE(kept(box).size() == 1);
    const auto limited = kept(box).front();
    CHECK(run(box, {"--keep"}).code == 0);
    const auto whole = kept(box)[kept(box).front() == limited ? 1 : 0];
    s.stop();
    const auto given = "none " + std::string(db_url);
    for (const auto& spoilt : {limited, whole}) {
        const auto bytes = sandbox::read(spoilt);
        box.write(spoilt, bytes.substr(0, 40));
        const auto altered = run(box, offline);
        CHECK(altered.out == given);
        CHECK(has(altered.err, "or was altered: coffer run --keep keeps it anew; another copy"));
        box.write(spoilt, bytes);
        fs::permissions(spoilt, fs::perms::group_read, fs::perm_options::add);
        const auto open = run(box, offline);
        CHECK(open.out == given);
        CHECK(has(open.err, "the file must be yours, mode 0600; another copy"));
        fs::permissions(spoilt, fs::perms::group_read, fs::perm_options::remove);
        CHECK_FALSE(has(run(box, offline).err, "another copy"));
    }
    for (const auto& one : {limited, whole})
        box.write(one, "");
    const auto neither = run(box, offline);
    CHECK(neither.code == 125);
    CHECK(has(neither.err,
              "what was kept of dev/acme does not open with this token, or was altered"));
    CHECK_FALSE(has(neither.err, "another copy"));
}

TEST_CASE("an --only without a name replaces no copy") {
    const served s;
    const client box(s);
    CHECK(run(box, {"--keep"}).code == 0);
    REQUIRE(kept(box).size() == 1);
    const auto bytes = sandbox::read(kept(box).front());
    for (const auto* only : {"", ","})
        for (const auto* how : {"--keep", "--offline"})
            CHECK(has(run(box, {how, "--only", only}).err, "--only has no name and no pattern"));
    CHECK(kept(box).size() == 1);
    CHECK(sandbox::read(kept(box).front()) == bytes);
}

TEST_CASE("what is kept is a sealed file of one's own: of this token, this server and this scope") {
    const served s;
    client box(s);
    CHECK(run(box, {"--keep"}).code == 0);
    REQUIRE(kept(box).size() == 1);
    const auto acmes = kept(box).front();
    CHECK((fs::status(acmes).permissions() & fs::perms::all) ==
          (fs::perms::owner_read | fs::perms::owner_write));
    const auto bytes = sandbox::read(acmes);
    for (const auto* text : {"canary", "SLACK", "acme", "dev"})
        CHECK_FALSE(has(bytes, text));
    CHECK(run(box, {"--keep"}).code == 0);
    CHECK(sandbox::read(acmes) != bytes); // never sealed twice under one key

    for (const std::size_t at :
         {std::size_t{3}, std::size_t{30}, std::size_t{60}, bytes.size() - 1}) {
        auto altered = bytes;
        altered[at] = static_cast<char>(altered[at] ^ 1);
        box.write(acmes, altered);
        const auto done = run(box, {"--offline"});
        INFO(at);
        CHECK(done.code == 125);
        CHECK(has(done.err, "does not open with this token, or was altered"));
    }
    box.write(acmes, bytes.substr(0, 40));
    CHECK(run(box, {"--offline"}).code == 125);

    CHECK(run(box, {"--keep"}, "globex").code == 0);
    for (const auto& file : kept(box)) // acme's in the place of globex'
        if (file != acmes) box.write(file, bytes);
    CHECK(run(box, {"--offline"}, "globex").code == 125);

    box.write(acmes, bytes);
    CHECK(run(box, {"--offline"}).out == both);
    const auto token = box.variables["COFFER_TOKEN"];
    box.variables["COFFER_TOKEN"] = token + "x";
    CHECK(run(box, {"--offline"}).code == 125);
    box.variables["COFFER_TOKEN"] = token;
    fs::permissions(acmes, fs::perms::group_read, fs::perm_options::add);
    CHECK(has(run(box, {"--offline"}).err, "denied: "));
    box.ok({"logout"});
    CHECK(kept(box).empty());
}

TEST_CASE("a value that expired since is not given offline") {
    const served s;
    const client box(s);
    box.ok({"set", "DB_URL", "-e", "dev", "--expires", "5s"}, "short-lived");
    CHECK(has(run(box, {"--keep"}).out, "short-lived"));
    for (int i = 0; i < 600 && has(run(box, {"--offline"}).out, "short-lived"); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const auto left = run(box, {"--offline"}).out;
    CHECK(left.starts_with(acme_token));
    CHECK(left.ends_with(" none"));
}

TEST_CASE("a store of files is offline as it is") {
    const sandbox box;
    box.fill();
    CHECK(run(box, {"--offline"}).out == both);
    CHECK(run(box, {"--keep"}).code == 125);
    const auto redis = run(box, {"--offline", "--store", "redis://127.0.0.1:1/"});
    CHECK(redis.code == 125);
    CHECK(has(redis.err, "coffer copy"));
}

TEST_CASE("run hands on nothing that opens Coffer itself, but what is a secret of its own") {
    const served s;
    client box(s);
    const auto file = box.home() / "token";
    box.write(file, s.token + "\n");
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    box.variables["COFFER_TOKEN_FILE"] = file.string();
    box.variables["COFFER_KEYS"] = "env:MY_KEY,MY_OLD_KEY";
    box.variables["MY_KEY"] = "canary-key";
    box.variables["MY_OLD_KEY"] = "older-canary-key";
    box.variables["UNRELATED"] = "here";
    for (const auto& how :
         {sandbox::words{"--keep"}, sandbox::words{"--redact"}, sandbox::words{"--offline"}}) {
        sandbox::words args{"run", "-e", "dev"};
        args.insert(args.end(), how.begin(), how.end());
        args.insert(args.end(), {"--", "env"});
        const auto seen = "\n" + box.ok(args);
        CHECK(has(seen, "\nUNRELATED=here\n"));
        for (const auto* name : {"COFFER_TOKEN", "COFFER_TOKEN_FILE", "MY_KEY", "MY_OLD_KEY"})
            CHECK_FALSE(has(seen, "\n" + std::string(name) + "="));
    }
    box.ok({"set", "COFFER_TOKEN", "-e", "dev"}, "one for the program");
    CHECK(has(box.ok({"run", "-e", "dev", "--", "env"}), "COFFER_TOKEN=one for the program\n"));
}

TEST_CASE("what was kept for an actor is theirs alone") {
    const served s;
    const client box(s);
    box.ok({"set", "DB_URL", "-e", "dev", "-s", "acme", "--actor", "us_ana"}, "her-own");
    CHECK(has(run(box, {"--keep", "--actor", "us_ana"}).out, "her-own"));
    CHECK(has(run(box, {"--offline", "--actor", "us_ana"}).out, "her-own"));
    CHECK(has(run(box, {"--offline"}).err, "nothing was kept of dev/acme through"));
    CHECK(has(run(box, {"--offline", "--actor", "us_ben"}).err,
              "nothing was kept of dev/acme@us_ben"));
}
