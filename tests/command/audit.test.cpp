// SPDX-License-Identifier: BSL-1.0
#include "served.hpp"

#include "http/raw_client.hpp"

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

using coffer_test::client;
using coffer_test::eventually;
using coffer_test::has;
using coffer_test::raw_client;
using coffer_test::sandbox;
using coffer_test::serving;

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

/// A server that keeps a log, and who may do everything there.
struct logging {
    logging() {
        here.fill();
        token = here.ok({"token", "create", "--full", "--name", "ann"});
        token.pop_back();
        server.emplace(here, "--audit audit");
    }
    /// Asks for all values of dev, so often, over one connection.
    void read_values(int times) const {
        const auto port = std::stoul(server->url.substr(server->url.rfind(':') + 1));
        raw_client asking(static_cast<std::uint16_t>(port));
        for (int i = 0; i < times; ++i)
            REQUIRE(asking
                        .ask("GET /v1/secrets?environmentId=dev HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                             "Authorization: Bearer " +
                             token + "\r\n\r\n")
                        .status == 200);
    }
    auto stored() const -> std::vector<std::string> {
        return lines(sandbox::read(here.work() / "audit/audit-1.jsonl"));
    }
    /// The whole ones: of the last a part may be written.
    static auto lines(const std::string& text) -> std::vector<std::string> {
        std::vector<std::string> out;
        std::istringstream in(text.substr(0, text.rfind('\n') + 1));
        for (std::string line; std::getline(in, line);)
            out.push_back(line);
        return out;
    }

    sandbox here{};
    std::string token{};
    std::optional<serving> server{};
};

/// A process that ends with the test, also where it is stopped.
struct started {
    pid_t id = 0;
    ~started() { ::kill(id, SIGKILL); }
};

/// The number at the head of a line or a row.
auto seq_of(const std::string& line) -> std::uint64_t {
    const auto at = line.find("\"seq\":");
    REQUIRE(at != line.npos);
    return std::stoull(line.substr(at + 6));
}

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

TEST_CASE("audit verify finds a cut end also after the log was served again") {
    const audited box;
    const auto whole = sandbox::read(box.first);
    box.write(box.first, whole.substr(0, whole.find('\n') + 1));
    box.serve();
    const auto cut = box.run({"audit", "verify", "audit"});
    CHECK(cut.code == 7);
    CHECK(has(cut.out, "audit-1.jsonl line 2: record 2 and what came behind it are cut off"));
    CHECK(box.run({"audit", "verify", box.first}).code == 7); // no head is needed for that
    CHECK(has(box.ok({"audit", "verify", "audit", "--from", "3"}), "all as they were written"));
}

TEST_CASE("serve goes on with no audit log of which it can't tell what comes next") {
    const audited box;
    std::filesystem::rename(box.first, box.work() / "audit/audit-100.jsonl");
    box.write(box.work() / "audit/audit-100.jsonl", "");
    const auto refused = box.run({"serve", "--listen", "127.0.0.1:0", "--audit", "audit"});
    CHECK(refused.code != 0);
    CHECK(has(refused.err, "the newest file of the audit log in audit is empty, and nothing tells "
                           "what it goes on from: put the file before it back"));
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

TEST_CASE("a server's log reads as the log in its folder does, with all names of a line") {
    const logging l;
    l.read_values(1);
    const client box(l.server->url, l.token);
    box.ok({"run", "-e", "dev", "--only", "DB_URL,SLACK_TOKEN", "--", "true"});
    const auto rows = logging::lines(box.ok({"audit", "tail"}));
    const auto text = l.here.ok({"audit", "tail", "audit"});
    INFO(text);
    REQUIRE(rows.size() >= 2);
    for (const auto& row : rows)
        CHECK(has(text, row + "\n"));
    CHECK(has(text, "  secrets.read  dev  DB_URL,SLACK_TOKEN  ok  "));
}

TEST_CASE("audit tail -f through a server leaves out no row, however many came since it looked") {
    const logging l;
    const client box(l.server->url, l.token);
    l.read_values(1);
    const started tail{std::stoi(
        box.run_program({"sh", "-c", "\"$0\" audit tail -f --json >seen 2>err </dev/null & echo $!",
                         coffer_test::coffer_program()})
            .out)};
    const auto seen = [&] { return logging::lines(sandbox::read(box.work() / "seen")); };
    REQUIRE(eventually([&] { return !seen().empty(); }));
    ::kill(tail.id, SIGSTOP); // so that it can't keep up
    l.read_values(2500);
    ::kill(tail.id, SIGCONT);
    const auto last = seq_of(l.stored().back());
    REQUIRE(eventually([&] {
        const auto rows = seen();
        return seq_of(rows.back()) >= last;
    }));
    const auto rows = seen();
    std::size_t gaps = 0;
    for (std::size_t i = 1; i < rows.size(); ++i)
        gaps += seq_of(rows[i]) == seq_of(rows[i - 1]) + 1 ? 0 : 1;
    CHECK(gaps == 0);
    CHECK(rows.size() > 2500);
    CHECK(sandbox::read(box.work() / "err").empty());
}
