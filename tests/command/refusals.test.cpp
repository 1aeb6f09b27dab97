// SPDX-License-Identifier: BSL-1.0
#include "http/certificate.hpp"
#include "lossy_proxy.hpp"
#include "served.hpp"

#include <string>

using coffer_test::client;
using coffer_test::db_url;
using coffer_test::has;
using coffer_test::lossy_proxy;
using coffer_test::sandbox;
using coffer_test::served;
using coffer_test::serving;

namespace {

/// A filled store behind TLS, with a certificate that signed itself, and a token for everything.
struct served_with_tls {
    explicit served_with_tls(const std::string& alternative = "IP:127.0.0.1") {
        here.fill();
        token = here.ok({"token", "create", "--full", "--name", "tests"});
        token.pop_back();
        coffer_test::make_certificate(certificate, key, "coffer", alternative);
    }
    sandbox here{};
    std::string token{};
    std::string certificate = (here.home() / "crt.pem").string();
    std::string key = (here.home() / "key.pem").string();
    auto serve() const -> std::string {
        return "--tls-cert '" + certificate + "' --tls-key '" + key + "'";
    }
};

} // namespace

TEST_CASE("a certificate that does not hold is told from a token that is none, and why") {
    const served_with_tls s;
    const serving server(s.here, s.serve());
    client box(server.url, s.token);
    const sandbox::words get{"get", "DB_URL", "-e", "dev"};
    for (const auto& args : {get, {"whoami"}, {"token", "list"}, {"audit", "verify"}}) {
        const auto done = box.run(args);
        INFO(args.front() << ": " << done.err);
        CHECK(done.code == 5);
        CHECK(has(done.err, "certificate does not hold (self-signed certificate)"));
        CHECK(has(done.err, "nothing was sent"));
        CHECK(has(done.err, "--ca FILE"));
        CHECK_FALSE(has(done.err, "token"));
    }
    const auto doctor = box.run({"doctor"});
    CHECK(doctor.code == 5);
    CHECK(has(doctor.out, "certificate does not hold"));

    box.write(box.work() / "listener.mjs", "");
    const auto agent = box.run({"agent", "run", "listener.mjs", "--events", "-"});
    CHECK(agent.code == 5);
    CHECK(has(agent.err, "the server's certificate does not hold"));

    box.variables["COFFER_CA"] = s.certificate;
    CHECK(box.ok(get) == db_url);
    CHECK(box.run({"doctor"}).out.find("NO  server") == std::string::npos);
    box.variables["COFFER_TOKEN"] = "coffer_nobody";
    const auto nobody = box.run(get);
    CHECK(nobody.code == 5);
    CHECK(has(nobody.err, "does not know this token"));
    CHECK_FALSE(has(nobody.err, "certificate"));
    CHECK(has(box.run({"whoami"}).err, server.url + ": the server does not know this token"));
}

TEST_CASE("a certificate of another host does not hold, whoever signed it") {
    const served_with_tls s("DNS:elsewhere.example");
    const serving server(s.here, s.serve());
    client box(server.url, s.token);
    const auto done = box.run({"get", "DB_URL", "-e", "dev", "--ca", s.certificate});
    CHECK(done.code == 5);
    INFO(done.err);
    CHECK(has(done.err, "certificate does not hold (hostname mismatch)"));
}

TEST_CASE("authorities are named by flag, variable or the user's file, never by a folder's") {
    const served_with_tls s;
    const serving server(s.here, s.serve());
    client box(server.url, s.token);
    const sandbox::words get{"get", "DB_URL", "-e", "dev"};
    const auto with = [&](const std::string& file) {
        auto args = get;
        args.insert(args.end(), {"--ca", file});
        return args;
    };
    CHECK(box.ok(with(s.certificate)) == db_url);
    CHECK(has(box.ok({"config", "--ca", s.certificate}), "--ca"));
    box.write(box.home() / ".config/coffer/config.json", R"({"ca":"crt.pem"})");
    box.write(box.home() / ".config/coffer/crt.pem", sandbox::read(s.certificate));
    CHECK(box.ok(get) == db_url);
    const auto none = box.run(with((box.home() / "none.pem").string()));
    CHECK(none.code == 2);
    CHECK(has(none.err, "none.pem (from --ca) can't be read"));
    box.write(box.work() / "coffer.json", R"({"ca":"crt.pem"})");
    const auto folder = box.run(get);
    CHECK(folder.code == 2);
    CHECK(has(folder.err, R"(may not say "ca")"));
}

namespace {

/// A token for a role, made with the full one.
auto token_of(const served& s, sandbox::words grant) {
    grant.insert(grant.begin(), {"token", "create"});
    auto text = client(s).ok(grant); // through the server, which knows it at once then
    text.pop_back();
    return text;
}

} // namespace

TEST_CASE("a right that is missing is named, and who has it") {
    const served s;
    const client reader(s.url, token_of(s, {"--role", "space-admin", "-e", "dev", "-s", "acme"}));
    const sandbox::words in{"-e", "dev", "-s", "acme"};
    const auto refused = [&](const sandbox& box, sandbox::words args, int code = 5) {
        args.insert(args.begin() + 1 + (args[0] == "token" ? 1 : 0), in.begin(), in.end());
        const auto done = box.run(args);
        INFO(done.err);
        CHECK(done.code == code);
        CHECK_FALSE(has(done.err, "wrong owner"));
        return done.err;
    };
    CHECK(has(refused(reader, {"get", "DB_URL"}),
              "has not the right read for DB_URL in dev/acme, to be given values. Roles that have "
              "it: service (coffer whoami"));
    CHECK(has(refused(reader, {"export"}), "the right read in dev/acme"));
    CHECK(has(refused(reader, {"run", "--", "true"}, 125), "the right read in dev/acme"));
    CHECK(has(reader.run({"token", "list"}).err, "the right tokens, to make and revoke tokens. "
                                                 "Roles that have it: operator, env-admin ("));
    const client admin(s.url, token_of(s, {"--role", "env-admin", "-e", "dev"}));
    const auto given = refused(admin, {"token", "create", "--role", "service"});
    CHECK(has(given, "nobody gives away what they lack"));
    CHECK(has(given, "the right read there: an operator makes such a token, or an env-admin that "
                     "has --reveal"));
}

TEST_CASE("a token that sees spaces alone is told to name one") {
    const served s;
    const client box(s.url, token_of(s, {"--role", "service", "-e", "dev", "-s", "acme"}));
    CHECK(has(box.ok({"env", "list"}), "dev"));
    const auto done = box.run({"get", "DB_URL", "-e", "dev"});
    CHECK(done.code == 1);
    INFO(done.err);
    CHECK(has(done.err, "this token sees spaces of dev, not the environment itself: say --space "
                        "(acme)"));
    CHECK(box.ok({"get", "DB_URL", "-e", "dev", "-s", "acme"}) == db_url);
    CHECK(has(box.run({"get", "DB_URL", "-e", "none"}).err, "there is no environment none"));

    // One answer, whatever is asked for.
    const client admin(s.url, token_of(s, {"--role", "space-admin", "-e", "dev", "-s", "acme"}));
    for (const sandbox::words& verb : {sandbox::words{"set", "X", "-e", "dev", "--yes"},
                                       {"unset", "DB_URL", "-e", "dev", "--yes"},
                                       {"list", "-e", "dev"},
                                       {"history", "DB_URL", "-e", "dev"},
                                       {"space", "create", "new", "-e", "dev", "--yes"}}) {
        const auto told = admin.run(verb, "x");
        INFO(verb.front() << ": " << told.err);
        CHECK(told.code == 1);
        CHECK(has(told.err, "this token sees spaces of dev, not the environment itself"));
    }
}

TEST_CASE("who may read the audit log of one environment names it") {
    sandbox here;
    here.fill();
    here.ok({"env", "create", "other"});
    auto token = here.ok({"token", "create", "--role", "env-admin", "-e", "dev"});
    token.pop_back();
    auto full = here.ok({"token", "create", "--full"});
    full.pop_back();
    const serving server(here, "--audit audit");
    const client all(server.url, full);
    all.ok({"set", "A", "-e", "other"}, "x");
    all.ok({"set", "B", "-e", "dev"}, "x");
    const client admin(server.url, token);
    const auto whole = admin.run({"audit", "tail"});
    CHECK(whole.code == 5);
    CHECK(has(whole.err, "the right audit"));
    const auto tail = admin.ok({"audit", "tail", "-e", "dev"});
    CHECK(has(tail, "  dev  B  "));
    CHECK_FALSE(has(tail, "  other  "));
    CHECK(has(admin.ok({"audit", "verify", "-e", "dev"}), "all as they were written"));
    CHECK(has(all.ok({"audit", "verify", "--from", "2"}), "all as they were written"));
    const auto far = all.run({"audit", "verify", "--from", "9999"});
    CHECK(far.code == 2);
    CHECK(has(all.ok({"audit", "tail"}), "  other  A  "));
    CHECK_FALSE(has(all.ok({"audit", "tail", "-e", "dev"}), "  other  A  "));
}

TEST_CASE("the audit log says which values --only was given, and tells them from names") {
    sandbox here;
    here.fill();
    auto full = here.ok({"token", "create", "--full"});
    full.pop_back();
    const serving server(here, "--audit audit");
    const client all(server.url, full);
    const auto actions = [&] { // without the reading of the log itself
        return all.ok({"audit", "tail", "-e", "dev", "--json"});
    };
    all.ok({"list", "-e", "dev"});
    CHECK(has(actions(), R"("what":"secrets.list")"));
    CHECK_FALSE(has(actions(), R"("what":"secrets.read")"));
    const auto one = R"("what":"secrets.read","environmentId":"dev","name":"DB_URL","count":1,)";
    CHECK(all.ok({"run", "--only", "DB_*", "-e", "dev", "--", "sh", "-c",
                  "printf %s \"$DB_URL$SLACK_TOKEN\""}) == db_url);
    CHECK(has(actions(), one));
    CHECK_FALSE(has(actions(), R"("count":2)"));
    CHECK_FALSE(has(actions(), "SLACK_TOKEN"));
    CHECK(has(all.ok({"export", "--only", "SLACK_TOKEN", "-e", "dev"}), "SLACK_TOKEN="));
    CHECK(has(actions(), R"("name":"SLACK_TOKEN","count":1,)"));
    CHECK_FALSE(has(actions(), R"("count":2)"));
    all.ok({"run", "-e", "dev", "--", "true"});
    CHECK(has(actions(), R"("what":"secrets.read","environmentId":"dev","count":2,)"));
    // A name that is not there is asked for by nobody.
    CHECK(all.run({"run", "--only", "NONE", "-e", "dev", "--", "true"}).code == 125);
    CHECK(all.ok({"run", "--only", "NO*", "-e", "dev", "--", "true"}).empty());
}

TEST_CASE("a server that is down, in trouble or none is named, and its words are passed on") {
    const served s;
    const client space(s.url, token_of(s, {"--role", "space-admin", "-e", "dev", "-s", "acme"}));
    for (const sandbox::words& args :
         {sandbox::words{"audit", "tail", "-e", "dev"}, {"audit", "verify", "-e", "dev"}}) {
        const auto done = space.run(args);
        INFO(done.err);
        CHECK(done.code == 5);
        CHECK(has(done.err, "has not the right audit in dev, to read the audit log"));
    }

    lossy_proxy other(s.url); // answers for a Coffer until it says that it is none
    client box(s);
    box.variables["COFFER_SERVER"] = other.url;
    CHECK(box.ok({"get", "DB_URL", "-e", "dev"}) == db_url);
    const auto all_say = [&](int code, const std::string& text) {
        for (const sandbox::words& args : {sandbox::words{"list", "-e", "dev"},
                                           {"get", "DB_URL", "-e", "dev"},
                                           {"env", "list"},
                                           {"whoami"},
                                           {"token", "list"}}) {
            const auto done = box.run(args);
            INFO(args.front() << ": " << done.err);
            CHECK(done.code == code);
            CHECK(has(done.err, ": " + other.url + text));
        }
        const auto set = box.run({"set", "A", "-e", "dev"}, "x");
        INFO(set.err);
        CHECK(set.code == code);
        CHECK(has(set.err, ": " + other.url + text));
    };
    const auto answer = [](const std::string& status, const std::string& type,
                           const std::string& body) {
        return "HTTP/1.1 " + status + "\r\ncontent-type: " + type +
               "\r\ncontent-length: " + std::to_string(body.size()) +
               "\r\nconnection: close\r\n\r\n" + body;
    };
    other.says(answer("404 Not Found", "text/html", "nothing"));
    all_say(3, " is no Coffer, or an older one");
    other.says(
        answer("503 Service Unavailable", "application/json",
               R"({"errors":[{"message":"m"}],"code":"unavailable","data":{"cause":"audit"}})"));
    all_say(6, " can't write its audit log, so it gives nothing and changes nothing");
    other.says(answer("503 Service Unavailable", "application/json",
                      R"({"errors":[{"message":"m"}],"code":"unavailable"})"));
    all_say(6, " answers that it can't do it now: its store or its keys are away");
    other.says(answer("429 Too Many Requests", "application/json",
                      R"({"errors":[{"message":"m"}],"code":"unavailable"})"));
    all_say(6, " takes no more requests of this token");
    other.says(answer("503 Service Unavailable", "application/json",
                      R"({"status":"not_ready","why":"audit"})"));
    const auto doctor = box.run({"doctor"});
    CHECK(doctor.code == 6);
    CHECK(has(doctor.out, "NO  serving"));
    CHECK(has(doctor.out, "the audit log can't be written"));

    const std::string gone = "http://127.0.0.1:1";
    box.variables["COFFER_SERVER"] = gone;
    const auto down = box.run({"list", "-e", "dev"});
    CHECK(down.code == 6);
    CHECK(has(down.err, gone + " can't be reached (Connection refused)"));
}
