// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"
#include "support/catch.hpp"

#include <fstream>

using coffer_test::has;
using coffer_test::sandbox;

namespace {

/// A server with an audit log that was asked for a value, refused somebody, and has ended.
struct audited : sandbox {
    std::string first;

    audited() {
        fill();
        write(home() / "token", ok({"token", "create", "--full", "--name", "ann"}));
        write(home() / "wrong", std::string(60, 'x') + "\n");
        serve();
        first = (work() / "audit/audit-1.jsonl").string();
    }
    void serve() const {
        const auto done = run_program({"sh", "-c", R"(
chmod 600 "$HOME/token" "$HOME/wrong"
rm -f ready
"$0" serve --listen 127.0.0.1:0 --audit audit >ready 2>log &
server=$!
until [ -s ready ]; do kill -0 $server || { cat log; exit 1; }; sleep 0.05; done
at=$(sed 's/.* //' ready)
"$0" get SLACK_TOKEN -e dev --server "$at" --token-file "$HOME/token" >got || cat log
"$0" get DB_URL -e dev --server "$at" --token-file "$HOME/wrong"
kill -TERM $server
wait $server
)",
                                       coffer_test::coffer_program()});
        INFO(done.out << done.err);
        REQUIRE(done.code == 0);
        REQUIRE(read(work() / "got").starts_with(coffer_test::dev_token));
    }
    void change(std::size_t at) const {
        auto text = read(first);
        text[at] = static_cast<char>(text[at] ^ 1);
        write(first, text);
    }
};

} // namespace

TEST_CASE("audit verify passes what serve wrote, and a log goes on when it is served again") {
    const audited box;
    CHECK(has(box.ok({"audit", "verify", "audit"}), "all as they were written, up to 2"));
    const auto before = sandbox::read(box.first);
    CHECK_FALSE(has(before, "canary"));
    CHECK(has(before, "login.refused"));
    box.serve();
    CHECK(sandbox::read(box.first).starts_with(before));
    CHECK(has(box.ok({"audit", "verify", "audit", "--json"}), R"("intact":true)"));
    CHECK(has(box.ok({"audit", "verify", box.first}), "all as they were written"));
}

TEST_CASE("audit verify names the first line that was changed, with exit code 7") {
    const audited box;
    const auto whole = sandbox::read(box.first);
    const auto second = whole.find('\n') + 1;
    box.change(second + 30);
    const auto edited = box.run({"audit", "verify", "audit"});
    CHECK(edited.code == 7);
    CHECK(has(edited.out, "audit-1.jsonl line 2: record 2 was edited"));
    box.write(box.first, whole.substr(second));
    const auto missing = box.run({"audit", "verify", "audit"});
    CHECK(missing.code == 7);
    CHECK(has(missing.out, "line 1: record 1 is missing. The log begins with record 2: where "
                           "older files were put away, say --from 2"));
    CHECK(box.run({"audit", "verify", "audit", "--from", "2"}).code == 0);
    const auto beyond = box.run({"audit", "verify", box.first, "--from", "100000"});
    CHECK(beyond.code == 2);
    CHECK(has(beyond.err, "the log ends before record 100000, which --from names"));
    box.write(box.first, whole.substr(0, second));
    const auto cut = box.run({"audit", "verify", "audit"});
    CHECK(cut.code == 7);
    CHECK(has(cut.out, "are cut off"));
    // The file alone, without the head, can't show that; with one that was kept elsewhere it does.
    CHECK(box.run({"audit", "verify", box.first}).code == 0);
    CHECK(box.run({"audit", "verify", box.first, "--head", "audit/audit-head.json"}).code == 7);
    CHECK(box.run({"audit", "verify", box.first, "--head", "x"}).code != 0);
    const auto nowhere = box.run({"audit", "verify", "nowhere"});
    CHECK(nowhere.code == 2);
    CHECK(has(nowhere.err, "nowhere is not there"));
    CHECK(box.run({"audit", "verify", box.first, "--head", "nowhere"}).code == 2);
}

TEST_CASE("audit tail shows who did what, and with --json the lines themselves") {
    const audited box;
    const auto text = box.ok({"audit", "tail", "audit"});
    INFO(text);
    CHECK(has(text, "  ann  "));
    CHECK(has(text, "  dev  "));
    CHECK(has(text, "login.refused"));
    CHECK_FALSE(has(text, "canary"));
    CHECK(sandbox::read(box.first) == box.ok({"audit", "tail", "audit", "--json"}));
    CHECK(box.run({"audit", "tail"}).code == 1);
    const auto nowhere = box.run({"audit", "tail", "nowhere"});
    CHECK(nowhere.code == 2);
    CHECK(has(nowhere.err, "nowhere is no folder"));
    const auto followed = box.run_program({"sh", "-c", R"(
"$0" audit tail -f audit --json >seen &
tail=$!
until [ -s seen ]; do sleep 0.05; done
printf '{"seq":99}\n' >>audit/audit-1.jsonl
until grep -q '"seq":99' seen; do kill -0 $tail || exit 1; sleep 0.05; done
kill $tail
)",
                                           coffer_test::coffer_program()});
    CHECK(followed.code == 0);
}
