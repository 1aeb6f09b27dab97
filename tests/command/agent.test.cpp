// SPDX-License-Identifier: BSL-1.0
// What the agent does with its listeners' processes. What listeners see is told by
// tests/javascript/agent.test.mjs.
#include "lossy_proxy.hpp"
#include "served.hpp"

#include "http/certificate.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <thread>

using coffer_test::client;
using coffer_test::has;
using coffer_test::lossy_proxy;
using coffer_test::ran;
using coffer_test::sandbox;
using coffer_test::served;
using coffer_test::serving;
namespace fs = std::filesystem;

namespace {

/// An agent whose listeners are this shell script, whatever the file says.
struct agent : client {
    agent(const served& at, std::string_view script) : agent(at.url, at.token, script) {}
    agent(const std::string& url, const std::string& token, std::string_view script)
        : client(url, token) {
        const auto node = home() / "bin/node";
        write(node, "#!/bin/sh\n" + std::string(script) + "\n");
        fs::permissions(node, fs::perms::owner_all);
        variables["PATH"] = node.parent_path().string() + ":" + std::getenv("PATH");
        write(work() / "listener.mjs", "");
        write(work() / "events", R"({"topic":"job:ready","context":{"environmentId":"dev"}})"
                                 "\n");
    }
    /// Gives it the events. `meanwhile(until)` is done at the same time; `until(done)` waits for
    /// something that comes, or for the agent's end.
    template <class Meanwhile>
    auto run_while(const Meanwhile& meanwhile, const std::string& options = {}) const -> ran {
        ran done;
        std::atomic<bool> ended{false};
        std::jthread running([&] {
            done = run_program(
                {"sh", "-c",
                 "exec \"$0\" agent run listener.mjs --events - " + options + " <events 2>said",
                 coffer_test::coffer_program()});
            ended = true;
        });
        meanwhile([&](const auto& is_done) {
            while (!ended && !is_done())
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
        });
        running.join();
        done.err = said();
        return done;
    }
    auto said() const -> std::string { return read(work() / "said"); }
};

} // namespace

TEST_CASE("a listener whose output nobody takes any more meets a broken pipe, and the agent gives "
          "its token back and ends") {
    const served s;
    const agent box(s, "echo >> begun; exec yes");
    const auto one = sandbox::read(box.work() / "events");
    box.write(box.work() / "events", one + one);
    for (const auto* ignored : {"", "trap '' PIPE; "}) { // as a shell starts it, and as systemd
        box.write(box.work() / "begun", "");
        const auto done = box.run_program(
            {"sh", "-c",
             std::string(ignored) +
                 "{ \"$0\" agent run listener.mjs --events - --timeout 1h < events; "
                 "echo \"code $?\" >&2; } | head -1",
             coffer_test::coffer_program()});
        INFO(ignored << done.err);
        CHECK(done.out == "y\n");
        CHECK(has(done.err, "job:ready: the listener's process ended with 141\n"));
        CHECK(has(done.err, "unavailable: can't write to stdout (Broken pipe): no more events "));
        CHECK(has(done.err, "code 6\n"));
        CHECK(sandbox::read(box.work() / "begun") == "\n"); // the first event alone
        CHECK_FALSE(has(s.here.ok({"token", "list"}), "one event of coffer agent"));
    }
}

TEST_CASE("a listener inherits no connection of the agent's") {
    const served s;
    const agent box(s, "for f in /proc/$$/fd/*; do readlink \"$f\"; done | grep -c socket:");
    const auto done = box.run_while([](const auto&) {}, "--timeout 1h");
    INFO(done.err);
    CHECK(done.out == "0\n");
}

TEST_CASE(
    "an agent that was started to ignore a hangup goes on after one, and so does its listener") {
    const served s;
    const agent box(s, "kill -HUP $PPID; sleep 0.2; kill -HUP $$; echo heard");
    const auto one = sandbox::read(box.work() / "events");
    box.write(box.work() / "events", one + one);
    const auto done = box.run_program( // as nohup does
        {"sh", "-c", "trap '' HUP; exec \"$0\" agent run listener.mjs --events - < events",
         coffer_test::coffer_program()});
    INFO(done.err);
    CHECK(done.out == "heard\nheard\n");
    CHECK(done.code == 0);
}

TEST_CASE("a listener that takes too long is ended, and it is told that its time was up") {
    const served s;
    const agent box(s, "echo begun; exec sleep 600");
    const auto done = box.run_while([](const auto&) {}, "--timeout 3s");
    INFO(done.err);
    CHECK(done.code == 1);
    CHECK(done.out == "begun\n");
    CHECK(has(done.err,
              "job:ready: the listener was ended after 3s, which is all that an event may "
              "take (--timeout)"));
    CHECK_FALSE(has(done.err, "143"));
}

TEST_CASE("an agent whose token is refused ends before there is an event") {
    const served s;
    agent box(s, "echo heard");
    box.variables["COFFER_TOKEN"] = s.token + "x";
    const auto done = box.run({"agent", "run", "listener.mjs", "--events", "-"}, "");
    CHECK(done.code == 5);
    CHECK(has(done.err, "the server does not know this token"));
}

TEST_CASE("what is no event is named by its line and left out, and the next is given") {
    const served s;
    const agent box(s, "echo heard");
    const auto done = box.run({"agent", "run", "listener.mjs", "--events", "-"},
                              "no JSON\n\n[1]\n{\"topic\":\"job:ready\"}\n" +
                                  sandbox::read(box.work() / "events") + "{\"topic\":\"cut");
    INFO(done.err);
    CHECK(done.code == 1);
    CHECK(done.out == "heard\n");
    for (const auto* said : {"line 1 of stdin was left out: it is no JSON object",
                             "line 3 of stdin was left out: it is no JSON object",
                             "line 4 of stdin was left out: its context has no environmentId",
                             "line 6 of stdin was left out: it is no JSON object"})
        CHECK(has(done.err, said));
    const auto file = box.run({"agent", "run", "listener.mjs", "--events", "events"});
    CHECK(file.code == 2);
    CHECK(has(file.err, "a file of events goes to that (--events - < FILE)"));
}

TEST_CASE("a line that is too long for an event is left out up to its end, however long it is") {
    const served s;
    const agent box(s, "echo heard");
    const auto event = sandbox::read(box.work() / "events");
    const auto of_size = [&](std::size_t size) {
        return std::string(size - event.size() + 1, ' ') + event; // blanks are no flaw
    };
    const auto done =
        box.run({"agent", "run", "listener.mjs", "--events", "-"},
                of_size((64 << 10) + 1) + event + of_size(70'000) + of_size(1'000'000) +
                    of_size(64 << 10) + std::string(70'000, '{'));
    INFO(done.err);
    CHECK(done.code == 1);
    CHECK(done.out == "heard\nheard\n");
    for (const auto* line : {"1", "3", "4", "6"})
        CHECK(has(done.err, "line " + std::string(line) +
                                " of stdin was left out: it is longer than 64 KiB\n"));
}

TEST_CASE("an event whose space or actor is no text is left out, and reads nothing of the rest") {
    const served s;
    const agent box(s, "echo heard");
    const auto event = [](const std::string& context) {
        return R"({"topic":"job:ready","context":{)" + context + "}}\n";
    };
    const std::string in_dev = R"("environmentId":"dev")";
    const auto done = box.run(
        {"agent", "run", "listener.mjs", "--events", "-"},
        event(in_dev + R"(,"spaceId":5)") + event(in_dev + R"(,"spaceId":["acme"])") +
            event(in_dev + R"(,"spaceId":"acme","actorId":{"id":"us_ana"})") +
            event(in_dev + R"(,"spaceId":false,"actorId":"us_ana")") +
            event(R"("environmentId":7)") + event(in_dev + R"(,"spaceId":null,"actorId":null)"));
    INFO(done.err);
    CHECK(done.code == 1);
    CHECK(done.out == "heard\n"); // of the last one, which is of no space and no actor
    for (const auto* said :
         {"line 1 of stdin was left out: the spaceId in its context is no text",
          "line 2 of stdin was left out: the spaceId in its context is no text",
          "line 3 of stdin was left out: the actorId in its context is no text",
          "line 4 of stdin was left out: the spaceId in its context is no text",
          "line 5 of stdin was left out: the environmentId in its context is no"})
        CHECK(has(done.err, said));
}

TEST_CASE("a token of the agent's that is replaced in its file needs no restart") {
    const served s;
    agent box(s, "echo heard; : >heard");
    const auto new_token = [&] { return s.here.ok({"token", "create", "--full"}); };
    const auto first = new_token();
    box.variables.erase("COFFER_TOKEN");
    box.variables["COFFER_TOKEN_FILE"] = "token";
    box.write(box.work() / "token", first);
    box.write(box.work() / "next", new_token());
    box.write(box.work() / "other", new_token());
    for (const auto* file : {"token", "next", "other"})
        fs::permissions(box.work() / file, fs::perms::owner_read | fs::perms::owner_write);
    const auto done = box.run_program(
        {"sh", "-c",
         "{ cat events; while [ ! -e heard ]; do sleep 0.05; done; mv next token; "
         "COFFER_TOKEN_FILE=other \"$0\" token revoke \"$1\" --yes >&2; cat events; } | "
         "\"$0\" agent run listener.mjs --events -",
         coffer_test::coffer_program(), first.substr(4, 12)});
    INFO(done.err);
    CHECK(done.out == "heard\nheard\n");
    CHECK(done.code == 0);
}

TEST_CASE("an agent's token is one that may make a service's there, and need not read itself") {
    const served s;
    agent box(s, "echo begun; echo " + std::string(coffer_test::db_url) + "; echo ended");
    const auto with = [&](sandbox::words role) {
        role.insert(role.begin(), {"token", "create"});
        auto token = client(s).ok(role);
        token.pop_back();
        box.variables["COFFER_TOKEN"] = token;
        return box.run({"agent", "run", "listener.mjs", "--events", "-"},
                       sandbox::read(box.work() / "events"));
    };
    for (const sandbox::words& role :
         {sandbox::words{"--role", "env-admin", "--reveal", "-e", "dev"}, {"--role", "operator"}}) {
        const auto done = with(role);
        INFO(done.err);
        CHECK(done.code == 0);
        CHECK(has(done.out, "begun\n"));
        CHECK(has(done.out, "ended\n"));
        CHECK_FALSE(has(done.out, coffer_test::db_url)); // what it gave is known to it all the same
    }
    for (const sandbox::words& role :
         {sandbox::words{"--role", "service", "-e", "dev"}, {"--role", "env-admin", "-e", "dev"}}) {
        const auto done = with(role);
        INFO(done.err);
        CHECK(done.code == 1);
        CHECK(done.out.empty());
        CHECK(has(done.err, "may not make one that reads dev: an operator's may, and an "
                            "env-admin's that has --reveal (coffer token create --role env-admin "
                            "--reveal -e dev)"));
    }
}

TEST_CASE(
    "node trusts the authorities that the agent trusts, or those that its own variable names") {
    served s;
    s.stop();
    const auto at = [&](const char* name) { return (s.here.home() / name).string(); };
    coffer_test::make_certificate(at("crt.pem"), at("key.pem"), "coffer", "IP:127.0.0.1");
    const serving over_tls(s.here,
                           "--tls-cert '" + at("crt.pem") + "' --tls-key '" + at("key.pem") + "'");
    const auto given = [](agent& box, sandbox::words more) {
        more.insert(more.begin(), {"agent", "run", "code/listener.mjs", "--events", "-"});
        fs::create_directories(box.work() / "code");
        box.write(box.work() / "code/listener.mjs", "");
        const auto done = box.run(more, sandbox::read(box.work() / "events"));
        INFO(done.err);
        CHECK(done.code == 0);
        return done.out;
    };
    const auto* const tell = "echo \"${NODE_EXTRA_CA_CERTS-none}\"";
    agent private_authority(over_tls.url, s.token, tell);
    fs::copy(at("crt.pem"), private_authority.work() / "ca.pem");
    private_authority.variables["NODE_EXTRA_CA_CERTS"] = "other.pem";
    CHECK(given(private_authority, {"--ca", "ca.pem"}) ==
          fs::canonical(private_authority.work() / "ca.pem").string() + "\n");

    const serving plain(s.here);
    agent without(plain.url, s.token, tell);
    CHECK(given(without, {}) == "none\n");
    without.variables["NODE_EXTRA_CA_CERTS"] = "other.pem";
    CHECK(given(without, {}) == fs::canonical(without.work()).string() + "/other.pem\n");
}

TEST_CASE("an event waits for a server that can't be reached, and is given when it is back") {
    served s;
    s.stop();
    const agent box(s, "echo heard");
    std::optional<serving> again;
    const auto done = box.run_while([&](const auto& until) {
        until([&] { return has(box.said(), "trying again"); });
        again.emplace(s.here, "", s.url.substr(s.url.find("//") + 2));
    });
    INFO(done.err);
    CHECK(done.code == 0);
    CHECK(done.out == "heard\n");
    CHECK(has(done.err, "job:ready waits: " + s.url + " can't be reached"));
    CHECK_FALSE(has(done.err, "was not given"));
    CHECK(done.err.find("trying again") == done.err.rfind("trying again"));
}

TEST_CASE("an event whose token's making was not answered is given all the same") {
    const served s;
    lossy_proxy proxy(s.url);
    const agent box(proxy.url, s.token, "echo heard");
    proxy.what = lossy_proxy::loses::answers;
    const auto done = box.run_while([&](const auto& until) {
        until([&] { return proxy.lost >= 2; });
        proxy.what = lossy_proxy::loses::nothing;
    });
    INFO(done.err);
    CHECK(done.code == 0);
    CHECK(done.out == "heard\n");
}

TEST_CASE("an event that a server can't do now is left out after its time, in the server's words") {
    const served s;
    lossy_proxy proxy(s.url);
    proxy.says("HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
               "content-length: 13\r\nconnection: close\r\n\r\n{\"errors\":[]}");
    const agent box(proxy.url, s.token, "echo heard");
    const auto done = box.run_while([](const auto&) {}, "--timeout 3s");
    INFO(done.err);
    CHECK(done.code == 1);
    CHECK(done.out.empty());
    CHECK(has(done.err, "job:ready waits: " + proxy.url + " answers that it can't do it now"));
    CHECK(has(done.err, "job:ready was not given: " + proxy.url + " answers that it can't do"));
    CHECK(proxy.requests >= 2);
}

namespace {

/// What a server says, each for two requests at least; with the last one the agent ends.
auto listened_to(lossy_proxy& server, const std::vector<std::string>& answers,
                 const std::function<coffer_test::ran()>& run) -> coffer_test::ran {
    std::atomic<bool> over{false};
    server.says(answers.front());
    std::thread next([&] {
        for (auto answer = answers.begin() + 1; answer != answers.end(); ++answer) {
            for (const int seen = server.requests; server.requests < seen + 2 && !over;)
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            server.says(*answer);
        }
    });
    auto done = run();
    over = true;
    next.join();
    return done;
}

auto answer(const std::string& status, const std::string& type, const std::string& body)
    -> std::string {
    return "HTTP/1.1 " + status + "\r\ncontent-type: " + type +
           "\r\ncontent-length: " + std::to_string(body.size()) + "\r\nconnection: close\r\n\r\n" +
           body;
}

auto occurrences(std::string_view text, std::string_view part) -> int {
    int out = 0;
    for (auto at = text.find(part); at != text.npos; at = text.find(part, at + 1))
        ++out;
    return out;
}

} // namespace

TEST_CASE("what a server of events answers is told once, and of one that is no Coffer as its own") {
    const served s;
    agent box(s, "echo heard");
    box.write(box.work() / "theirs", "a-token-of-theirs\n");
    fs::permissions(box.work() / "theirs", fs::perms::owner_read | fs::perms::owner_write);
    lossy_proxy server(s.url);
    const auto feed = server.url + "/feed";
    const auto theirs = listened_to(server,
                                    {answer("503 Service Unavailable", "text/html", "later"),
                                     answer("429 Too Many Requests", "text/plain", "slowly"),
                                     answer("404 Not Found", "text/html", "nothing")},
                                    [&] {
                                        return box.run({"agent", "run", "listener.mjs", "--events",
                                                        feed, "--events-token-file", "theirs"});
                                    });
    INFO(theirs.err);
    CHECK(theirs.code == 3);
    CHECK(occurrences(theirs.err, feed + " gives no events now; trying again") == 1);
    CHECK(occurrences(theirs.err, feed + " takes no more requests for a while; trying again") == 1);
    const auto no_stream = "unsupported: " + feed +
                           " is no address of events: it answers, but sends no stream of them";
    CHECK(has(theirs.err, no_stream));
    for (const char* other : {"can't be reached", "Coffer,", "of this token"})
        CHECK_FALSE(has(theirs.err, other));
    const auto asked = [&](const std::string& says) {
        server.says(says);
        return box.run(
            {"agent", "run", "listener.mjs", "--events", feed, "--events-token-file", "theirs"});
    };
    const auto page = asked(answer("200 OK", "text/html", "<p>data: hello"));
    CHECK(page.code == 3);
    CHECK(has(page.err, no_stream));
    const auto unknown = asked(answer("401 Unauthorized", "text/plain", "who?"));
    CHECK(unknown.code == 5);
    CHECK(has(unknown.err, feed + " refuses the token of --events-token-file"));

    box.variables["COFFER_SERVER"] = server.url;
    const auto ours = listened_to(
        server,
        {answer("503 Service Unavailable", "application/json",
                R"({"errors":[{"message":"m"}],"code":"unavailable","data":{"cause":"audit"}})"),
         answer("503 Service Unavailable", "application/json",
                R"({"errors":[{"message":"m"}],"code":"unavailable"})"),
         answer("404 Not Found", "application/json",
                R"({"errors":[{"message":"m"}],"code":"not_found"})")},
        [&] {
            return box.run({"agent", "run", "listener.mjs"});
        });
    INFO(ours.err);
    CHECK(ours.code == 3);
    CHECK(occurrences(ours.err, server.url + " can't write its audit log") == 1);
    CHECK(occurrences(ours.err, server.url + " answers that it can't do it now") == 1);
    CHECK(has(ours.err, server.url + " is no Coffer, or an older one"));
}
