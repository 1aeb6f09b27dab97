// SPDX-License-Identifier: BSL-1.0
#include "lossy_proxy.hpp"
#include "served.hpp"

#include <filesystem>

using coffer_test::client;
using coffer_test::db_url;
using coffer_test::has;
using coffer_test::lossy_proxy;
using coffer_test::sandbox;
using coffer_test::served;
namespace fs = std::filesystem;

TEST_CASE("8: the server has an answer, but an older one than --max-stale allows") {
    const served s;
    const client box(s);
    CHECK(box.ok({"get", "DB_URL", "-e", "dev"}) == db_url);
    fs::rename(s.here.work() / "coffer-store", s.here.work() / "away");
    CHECK(box.ok({"get", "DB_URL", "-e", "dev"}) == db_url); // five minutes are allowed
    for (int i = 0; i < 600; ++i) {                          // until the server looked again
        if (has(box.ok({"explain", "DB_URL", "-e", "dev"}), "state    stale")) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    const auto late = box.run({"get", "DB_URL", "-e", "dev", "--max-stale", "0"});
    CHECK(late.code == 8);
    CHECK(late.out.empty());
    CHECK(has(late.err, "--max-stale"));
    fs::rename(s.here.work() / "away", s.here.work() / "coffer-store");
    CHECK(box.ok({"get", "DB_URL", "-e", "dev", "--max-stale", "0"}) == db_url);
}

TEST_CASE("1: a version that has expired is named, though a newer one is there") {
    const served s;
    const client box(s);
    box.ok({"set", "EX", "-e", "dev", "--expires", "1s"}, "canary");
    while (box.run({"get", "EX", "-e", "dev"}).code == 0) {
    }
    box.ok({"set", "EX", "-e", "dev"}, "second");
    const auto gone = box.run({"get", "EX", "-e", "dev", "--version", "1"});
    CHECK(gone.code == 1);
    CHECK(has(gone.err, "v1 of EX in dev has expired"));
    CHECK(box.ok({"get", "EX", "-e", "dev", "--version", "2"}) == "second");
}

TEST_CASE("an answer that is stale says so on stderr, and in JSON with its age") {
    const served s;
    const client box(s);
    const sandbox::words get{"get", "DB_URL", "-e", "dev", "--json"};
    CHECK(has(box.ok(get), R"("stale":false,"age_s":)"));
    CHECK(box.run(get).err.empty());
    fs::rename(s.here.work() / "coffer-store", s.here.work() / "away");
    for (int i = 0; i < 600; ++i) { // until the server looked again
        if (has(box.ok(get), R"("stale":true,"age_s":)")) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    for (const sandbox::words& args : {sandbox::words{"get", "DB_URL"},
                                       {"list"},
                                       {"list", "--matrix"},
                                       {"env", "list"},
                                       {"space", "list"},
                                       {"explain", "DB_URL"},
                                       {"export"},
                                       {"run", "--", "true"}}) {
        auto in = args;
        const auto last = in.begin() + (args.back() == "list" ? int(args.size()) : 1);
        if (args.front() != "env") in.insert(last, {"-e", "dev"}); // all of them
        const auto done = box.run(in);
        INFO(args.front() << ": " << done.err);
        CHECK(done.code == 0);
        CHECK(has(done.err,
                  "coffer: stale: the store or its keys are away; this is what it held at 20"));
        CHECK(done.err.find("stale: ") == done.err.rfind("stale: ")); // once
        in.insert(in.begin() + (args.back() == "list" ? int(args.size()) : 1), "--quiet");
        CHECK(box.run(in).err.empty());
    }
    CHECK(has(box.ok({"list", "-e", "dev", "--json"}), R"("stale":true,"age_s":)"));
    CHECK(has(box.ok({"list", "-e", "dev", "--all-spaces", "--json"}), R"("stale":true,"age_s":)"));
    CHECK(has(box.ok({"env", "list", "--json"}), R"({"stale":true,"age_s":)"));
    CHECK(has(box.ok({"space", "list", "-e", "dev", "--json"}), R"({"stale":true,"age_s":)"));
    CHECK(has(box.run({"diff", "dev", "dev/acme", "--json"}).out, R"("stale":true,"age_s":)"));
}

TEST_CASE("10: a change that got lost on the way may have been made or not, and it is said to look "
          "first") {
    const served s;
    lossy_proxy between(s.url);
    client box(s);
    box.variables["COFFER_SERVER"] = between.url;
    box.ok({"set", "NEW", "-e", "dev"}, "first");
    between.what = lossy_proxy::loses::changes;
    const auto lost = box.run({"set", "NEW", "-e", "dev"}, "second");
    CHECK(lost.code == 10);
    CHECK(has(lost.err, "outcome_unknown: "));
    CHECK(has(lost.err, "look first (coffer history, coffer list)"));
    CHECK(between.lost == 1); // it asked, and did not send again
    CHECK(box.run({"space", "create", "late", "-e", "dev"}).code == 10);
    CHECK(box.run({"unset", "NEW", "-e", "dev", "--yes"}).code == 10);
    between.what = lossy_proxy::loses::nothing;
    CHECK(box.ok({"get", "NEW", "-e", "dev"}) == "first");
    box.ok({"set", "NEW", "-e", "dev"}, "second");
    CHECK(box.ok({"get", "NEW", "-e", "dev"}) == "second");
}

TEST_CASE("a change whose answer got lost is asked about: what was made is told as made") {
    const served s;
    lossy_proxy between(s.url);
    client box(s);
    box.variables["COFFER_SERVER"] = between.url;
    between.what = lossy_proxy::loses::answers;
    CHECK(has(box.ok({"set", "NEW", "-e", "dev"}, "first"), "NEW  dev  v1"));
    CHECK(has(box.ok({"set", "NEW", "-e", "dev"}, "second"), "NEW  dev  v2"));
    box.ok({"hide", "NEW", "-e", "dev", "-s", "acme"});
    box.ok({"unhide", "NEW", "-e", "dev", "-s", "acme"});
    box.ok({"rollback", "NEW", "--to", "1", "-e", "dev"});
    box.ok({"unset", "NEW", "-e", "dev", "--yes"});
    box.ok({"undelete", "NEW", "-e", "dev"});
    box.ok({"import", "-e", "dev", "--yes"}, "A=1\nB=2\n");
    box.ok({"space", "create", "late", "-e", "dev"});
    box.ok({"space", "rename", "late", "later", "-e", "dev"});
    box.ok({"space", "remove", "later", "-e", "dev", "--yes"});
    box.ok({"env", "create", "live", "--prod"});
    box.ok({"env", "remove", "live", "--yes"});
    CHECK(between.lost == 13);
    CHECK(between.changes == 13); // none was sent twice
    between.what = lossy_proxy::loses::nothing;
    CHECK(box.ok({"get", "NEW", "-e", "dev"}) == "first");
    CHECK(box.ok({"get", "B", "-e", "dev"}) == "2");
}

TEST_CASE("another's write is not taken for the one that got lost") {
    const served s;
    lossy_proxy between(s.url);
    client box(s);
    box.variables["COFFER_SERVER"] = between.url;
    between.what = lossy_proxy::loses::changes;
    const auto done = box.run_program(
        {"sh", "-c",
         "printf mine | \"$0\" set NEW -e dev & ours=$!; for i in 1 2 3 4 5 6 7 8; do printf "
         "theirs-$i | \"$0\" set NEW -e dev --server \"\" --store \"file:$1/coffer-store\" --keys "
         "\"file:$2\" 2>/dev/null; sleep 0.1; done; wait $ours; echo \"code $?\"",
         coffer_test::coffer_program(), s.here.work().string(), s.here.keyring().string()});
    INFO(done.out << done.err);
    CHECK(done.out.ends_with("code 10\n"));
}

TEST_CASE("9: a server whose keys are a copy takes no environment in, and says where one is made") {
    sandbox here;
    here.fill();
    auto token = here.ok({"token", "create", "--full", "--name", "tests"});
    token.pop_back();
    here.variables["CREDENTIALS_DIRECTORY"] = here.keyring().parent_path().string();
    coffer_test::serving server(here, "--keys credential:keyring.json --anchor " +
                                          (here.home() / "anchor").string());
    const client box(server.url, token);
    const auto refused = box.run({"env", "create", "more", "--yes"});
    CHECK(refused.code == 9);
    CHECK(has(refused.err, "the server's keys take no new environment in"));
    const auto beside = here.run({"env", "create", "more", "--keys", "credential:keyring.json"});
    CHECK(beside.code == 9);
    CHECK(has(beside.err, "make environment more beside the keyring file"));
    // Made beside the keyring it is listed as soon as the server looks, and told as what it is.
    here.ok({"env", "create", "more"});
    CHECK(coffer_test::eventually([&] { return has(box.ok({"env", "list"}), "!unknown_key"); }));
    CHECK(box.ok({"get", "DB_URL", "-e", "dev"}) == db_url);
    server.stop();
    const auto log = sandbox::read(here.work() / "err");
    CHECK(has(log, R"("status":409)"));
    CHECK_FALSE(has(log, R"("status":500)"));
}
