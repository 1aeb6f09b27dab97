// SPDX-License-Identifier: BSL-1.0
#include "sandbox.hpp"

#include "http/certificate.hpp"
#include "http/raw_client.hpp"
#include "support/catch.hpp"
#include "support/process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ssl.h>

using coffer_test::eventually;
using coffer_test::raw_client;
using coffer_test::sandbox;

namespace {

/// `coffer serve` with these options on a free port, ended by its process id.
class serving {
public:
    /// `before`: of the shell that starts it.
    explicit serving(const sandbox& box, const std::string& options,
                     const std::string& log_to = "err", const std::string& before = {})
        : here_(box) {
        const auto script = before + "rm -f out err; '" + coffer_test::coffer_program() +
                            "' serve " + options + " >out 2>" + log_to + " </dev/null & echo $!";
        pid_ = std::atoi(here_.run_program({"sh", "-c", script}).out.c_str());
        REQUIRE(pid_ > 0);
        REQUIRE(eventually([&] { return said().find("://") != std::string::npos && ends_line(); }));
        const auto text = said();
        url = text.substr(text.find("http"));
        url.pop_back();
    }
    ~serving() { end(); }
    serving(const serving&) = delete;
    auto operator=(const serving&) -> serving& = delete;

    auto said() const -> std::string { return sandbox::read(here_.work() / "out"); }
    auto log() const -> std::string { return sandbox::read(here_.work() / "err"); }
    auto logs(std::string_view text) const -> bool {
        return eventually([&] { return log().find(text) != std::string::npos; });
    }
    void tell(int signal) const { REQUIRE(::kill(pid_, signal) == 0); }
    auto is_alive() const -> bool { return coffer_test::lives(pid_); }
    auto pid() const -> pid_t { return pid_; }
    auto port() const -> std::uint16_t {
        return static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
    }
    void end() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGTERM);
        if (!eventually([&] { return !is_alive(); })) ::kill(pid_, SIGKILL);
        pid_ = 0;
    }

    std::string url{};

private:
    auto ends_line() const -> bool { return said().ends_with('\n'); }

    const sandbox& here_;
    pid_t pid_ = 0;
};

/// A request as it goes over the wire.
auto text_of(const std::string& target, const std::string& token,
             const std::string& host = "localhost") -> std::string {
    return "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token +
           "\r\n\r\n";
}
auto asked(const serving& server, const std::string& target, const std::string& token,
           const std::string& host = "localhost") -> coffer_test::raw_reply {
    return raw_client(server.port()).ask(text_of(target, token, host));
}
auto posted(const serving& server, const std::string& target, const std::string& body,
            const std::string& token) -> coffer_test::raw_reply {
    return raw_client(server.port())
        .ask("POST " + target + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
             "\r\nContent-Type: application/json\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n\r\n" + body);
}
auto full_token(const sandbox& box) -> std::string {
    auto token = box.ok({"token", "create", "--full"});
    token.pop_back();
    return token;
}

/// The name in the certificate that a server shows.
auto shown_name(const std::string& url) -> std::string {
    const auto at = url.substr(url.find("//") + 2);
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()),
                                                               SSL_CTX_free);
    const std::unique_ptr<BIO, void (*)(BIO*)> bio(BIO_new_ssl_connect(context.get()),
                                                   BIO_free_all);
    BIO_set_conn_hostname(bio.get(), at.c_str());
    if (BIO_do_connect(bio.get()) != 1) return {};
    SSL* ssl = nullptr;
    BIO_get_ssl(bio.get(), &ssl);
    const std::unique_ptr<X509, void (*)(X509*)> shown(SSL_get1_peer_certificate(ssl), X509_free);
    char text[100] = {};
    if (shown)
        X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, text,
                                  sizeof text);
    return text;
}

} // namespace

TEST_CASE("serve with an audit log outlives every SIGHUP, and says how far the log goes") {
    const sandbox box;
    box.fill();
    box.write(box.home() / "token", box.ok({"token", "create", "--full"}));
    box.run_program({"chmod", "600", (box.home() / "token").string()});
    serving server(box, "--listen 127.0.0.1:0 --audit audit");
    for (int i = 0; i < 200; ++i)
        server.tell(SIGHUP);
    const auto got = box.run({"get", "DB_URL", "-e", "dev", "--server", server.url, "--token-file",
                              (box.home() / "token").string()});
    INFO(got.err);
    CHECK(got.code == 0);
    const auto remote = [&](sandbox::words words) {
        words.insert(words.end(),
                     {"--server", server.url, "--token-file", (box.home() / "token").string()});
        return box.ok(words);
    };
    CHECK(remote({"audit", "tail"}).find("  ok  127.0.0.1") != std::string::npos);
    CHECK(remote({"audit", "tail", "--json"}).find(R"("what":"secret)") != std::string::npos);
    CHECK(remote({"audit", "verify"}).find("all as they were written, up to 2") !=
          std::string::npos);
    server.tell(SIGHUP);
    CHECK(server.logs("the audit log goes to "));
    CHECK(server.is_alive());
    server.end();
    const auto log = server.log();
    const auto at = log.rfind("the audit log goes to ") + 22;
    const auto head = log.substr(at, log.find('"', at) - at);
    CHECK(box.ok({"audit", "verify", "audit", "--head", head}).find("all as they were") !=
          std::string::npos);
}

TEST_CASE("serve refuses an audit log in the store's folder, and settings that nobody means") {
    sandbox box;
    box.fill();
    const auto refused = [&](sandbox::words more) {
        more.insert(more.begin(), {"serve", "--listen", "127.0.0.1:0"});
        return box.run(more).code;
    };
    CHECK(refused({"--audit", "coffer-store"}) == 5);
    CHECK(refused({"--audit", "coffer-store/audit"}) == 5);
    CHECK_FALSE(std::filesystem::exists(box.work() / "coffer-store/audit"));
    CHECK(refused({"--seed-environment", "a b,"}) == 2);
    CHECK(refused({"--seed-space", "dev/a, dev/b"}) == 2);
    CHECK(refused({"--allow-host", "a b"}) == 2);
    box.variables["COFFER_LOG"] = "verbose";
    CHECK(refused({}) == 2);
    CHECK_FALSE(coffer_test::has(box.ok({"env", "list"}), "a b"));
}

TEST_CASE("a log that nobody reads keeps nobody waiting, and the server from no end") {
    const sandbox box;
    box.fill();
    auto token = box.ok({"token", "create", "--full"});
    token.pop_back();
    REQUIRE(box.run_program({"mkfifo", "pipe"}).code == 0);
    const int pipe = ::open((box.work() / "pipe").c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
    REQUIRE(pipe >= 0);
    const auto room = ::fcntl(pipe, F_SETPIPE_SZ, 4096);
    serving server(box, "--listen 127.0.0.1:0", "pipe");
    sandbox client;
    client.variables["COFFER_SERVER"] = server.url;
    client.variables["COFFER_TOKEN"] = token;
    for (int requests = 0; requests * 100 < room; ++requests) // a line has more than 100 characters
        REQUIRE(client.run({"get", "DB_URL", "-e", "dev"}).code == 0);
    server.tell(SIGTERM);
    CHECK(eventually([&] { return !server.is_alive(); }));
    std::string log(static_cast<std::size_t>(room), '\0');
    const auto n = ::read(pipe, log.data(), log.size());
    ::close(pipe);
    REQUIRE(n > 0);
    log.resize(static_cast<std::size_t>(n));
    CHECK(log.ends_with("}\n"));
}

TEST_CASE("SIGHUP reads the certificate again, and keeps the old one if the new one is none") {
    const sandbox box;
    box.fill();
    const auto certificate = (box.home() / "crt.pem").string();
    const auto key = (box.home() / "key.pem").string();
    coffer_test::make_certificate(certificate, key, "first", "IP:127.0.0.1");
    const serving server(box, "--listen 127.0.0.1:0 --tls-cert '" + certificate + "' --tls-key '" +
                                  key + "'");
    CHECK(shown_name(server.url) == "first");
    coffer_test::make_certificate(certificate, key, "second", "IP:127.0.0.1");
    CHECK(shown_name(server.url) == "first");
    server.tell(SIGHUP);
    CHECK(server.logs("the certificate was read again"));
    CHECK(shown_name(server.url) == "second");
    box.write(certificate, "no certificate");
    server.tell(SIGHUP);
    CHECK(server.logs("the certificate can't be used; the old one stays: " + certificate +
                      " holds no certificate in PEM"));
    CHECK(shown_name(server.url) == "second");
}

TEST_CASE("the log says when serving becomes stale or fails, and why, and when it is well again") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    {
        const serving well(box, "--listen 127.0.0.1:0");
        CHECK(asked(well, "/v1/x/whoami", token).status == 200);
        CHECK(asked(well, "/v1/x/whoami", "wrong").status == 401);
        CHECK(asked(well, "/v1/x/secrets?environmentId=none", token).status == 404);
        CHECK(well.logs(R"("status":404,"code":"not_found")"));
        CHECK(well.log().find(R"("status":401,"code":"denied")") != std::string::npos);
        CHECK(well.log().find(R"("status":200,"code")") == std::string::npos);
        CHECK(well.log().find("ready") == std::string::npos);
    }
    const auto store = box.work() / "coffer-store";
    const auto away = box.work() / "away";
    {
        const serving server(box, "--listen 127.0.0.1:0");
        std::filesystem::rename(store, away);
        CHECK(server.logs(R"("level":"error","message":"stale: what was last seen of the store )"
                          R"(is served; unavailable: the store or the keys can't be reached)"));
        std::filesystem::rename(away, store);
        CHECK(server.logs(R"("level":"info","message":"ready again")"));
    }
    const serving server(box, "--listen 127.0.0.1:0 --max-stale 0");
    CHECK(asked(server, "/v1/x/whoami", token).status == 200); // what it reads at start is read
    std::filesystem::rename(store, away);
    CHECK(server.logs(R"("level":"error","message":"not ready: unavailable: the store or the )"));
    CHECK(asked(server, "/v1/x/secrets?environmentId=dev", token).status == 503);
    CHECK(server.logs(R"("status":503,"code":"unavailable")"));
    std::filesystem::rename(away, store);
    CHECK(server.logs(R"("level":"info","message":"ready again")"));
    const auto log = server.log(); // each state once
    CHECK(log.find("not ready: ") == log.rfind("not ready: "));
}

TEST_CASE(
    "of two troubles that somebody has to see to log, readiness, metrics and doctor tell both") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    const std::string options =
        "--listen 127.0.0.1:0 --audit '" + (box.home() / "log").string() + "'";
    {
        const serving well(box, options);
        CHECK(asked(well, "/v1/x/secrets?environmentId=dev", token).status == 200);
        CHECK(asked(well, "/readyz", token).body.find("degraded") == std::string::npos);
        CHECK(asked(well, "/metrics", token).body.find("\ncoffer_environments_unserved 0\n") !=
              std::string::npos);
    }
    const auto log = box.home() / "log" / "audit-1.jsonl";
    box.write(log, sandbox::read(log) + R"({"seq":)"); // a line that a crash tore
    const auto dev = sandbox::read(box.document("dev"));
    box.write(box.document("dev"), dev.substr(0, dev.size() / 2));

    const serving server(box, options);
    const std::string degraded =
        "degraded: environments that can't be served: 1 (coffer env list says which)";
    CHECK(server.logs(R"("level":"error","message":")" + degraded + "; audit: a torn line "));
    const auto ready = asked(server, "/readyz", token);
    CHECK(ready.status == 200);
    CHECK(ready.body.find(R"("degraded":1)") != std::string::npos);
    CHECK(asked(server, "/metrics", token).body.find("\ncoffer_environments_unserved 1\n") !=
          std::string::npos);
    sandbox client;
    client.variables["COFFER_SERVER"] = server.url;
    client.variables["COFFER_TOKEN"] = token;
    const auto said = client.run({"doctor"});
    INFO(said.out);
    CHECK(said.code == 6);
    CHECK(coffer_test::has(said.out, "NO  serving  environments that can't be served: 1: "));
    CHECK(coffer_test::has(said.out, "NO  serving  a torn line was put aside in "));
    CHECK(server.log().find(degraded) == server.log().rfind(degraded)); // once
}

TEST_CASE("what is wrong with a certificate is said, at the start as at SIGHUP") {
    const sandbox box;
    box.fill();
    const auto path = [&](const char* name) { return (box.home() / name).string(); };
    const auto certificate = path("crt.pem");
    const auto key = path("key.pem");
    coffer_test::make_certificate(certificate, key, "one", "IP:127.0.0.1");
    coffer_test::make_certificate(path("crt2.pem"), path("key2.pem"), "two", "IP:127.0.0.1");
    box.write(path("none.pem"), "nothing");
    const std::string missing = " can't be read (No such file or directory)";
    const auto refused = [&](const std::string& with, const std::string& by, int code,
                             const std::string& why) {
        const auto done =
            box.run({"serve", "--listen", "127.0.0.1:0", "--tls-cert", with, "--tls-key", by});
        INFO(done.err);
        CHECK(done.code == code);
        CHECK(done.err.find("can't be used: " + why + "\n") != std::string::npos);
    };
    refused(path("absent"), key, 6, path("absent") + missing);
    refused(certificate, path("absent"), 6, path("absent") + missing);
    refused(certificate, path("key2.pem"), 2, path("key2.pem") + " is not the certificate's key");
    const std::string none = " holds no certificate in PEM, or a damaged one";
    refused(path("none.pem"), key, 2, path("none.pem") + none);
    box.write(path("chain.pem"), sandbox::read(certificate) + "-----BEGIN CERTIFICATE-----\nAAAA\n"
                                                              "-----END CERTIFICATE-----\n");
    refused(path("chain.pem"), key, 2, path("chain.pem") + none);

    const serving server(box, "--listen 127.0.0.1:0 --tls-cert '" + certificate + "' --tls-key '" +
                                  key + "'");
    const auto again = [&](const std::string& why) {
        server.tell(SIGHUP);
        INFO(server.log());
        return server.logs("the certificate can't be used; the old one stays: " + why);
    };
    std::filesystem::rename(key, path("away"));
    CHECK(again(key + missing));
    std::filesystem::rename(path("key2.pem"), key);
    CHECK(again(key + " is not the certificate's key"));
    coffer_test::make_certificate(certificate, key, "one", "IP:127.0.0.1", -7200, 1200);
    server.tell(SIGHUP);
    CHECK(server.logs("the certificate was read again"));
    CHECK(server.logs("the certificate expires 20"));
    coffer_test::make_certificate(certificate, key, "one", "IP:127.0.0.1", 3600, 7200);
    server.tell(SIGHUP);
    CHECK(server.logs("the certificate is not good before 20"));
    CHECK(server.log().find("expired") == std::string::npos);
}

TEST_CASE(
    "a certificate that has expired is told of when serving begins; one that is good is not") {
    const sandbox box;
    box.fill();
    const auto certificate = (box.home() / "crt.pem").string();
    const auto key = (box.home() / "key.pem").string();
    const auto options =
        "--listen 127.0.0.1:0 --tls-cert '" + certificate + "' --tls-key '" + key + "'";
    coffer_test::make_certificate(certificate, key, "one", "IP:127.0.0.1", -7200, -60);
    {
        const serving server(box, options);
        CHECK(server.logs("the certificate expired 20"));
    }
    coffer_test::make_certificate(certificate, key, "one", "IP:127.0.0.1");
    serving server(box, options);
    server.end();
    CHECK(server.log().find("the certificate") == std::string::npos);
}

TEST_CASE("plain HTTP beyond this machine is served only where it is asked for, and said aloud") {
    const sandbox box;
    box.fill();
    const auto refused = box.run({"serve", "--listen", "0.0.0.0:0"});
    CHECK(refused.code != 0);
    CHECK(refused.err.find("plain HTTP is served to this machine alone") != std::string::npos);
    const serving server(box, "--listen 0.0.0.0:0 --insecure-listen");
    CHECK(server.logs(R"("level":"error")"));
    CHECK(server.logs("who listens on the wire reads every token and every value"));
}

TEST_CASE("serve takes as many connections as the system lets it") {
    const sandbox box;
    box.fill();
    const serving server(box, "--listen 127.0.0.1:0");
    const auto limits = sandbox::read("/proc/" + std::to_string(server.pid()) + "/limits");
    const auto from = limits.find("Max open files");
    REQUIRE(from != std::string::npos);
    char soft[32] = {};
    char hard[32] = {};
    REQUIRE(std::sscanf(limits.c_str() + from, "Max open files %31s %31s", soft, hard) == 2);
    CHECK(std::string(soft) == hard);
}

TEST_CASE("serve makes the ids that clients have in their code, once") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    for (int start = 0; start < 2; ++start) {
        const serving server(box, "--listen 127.0.0.1:0 --seed-environment us_env_123,two "
                                  "--seed-space us_env_123/us_spa_123");
        CHECK(asked(server, "/v1/secrets?environmentId=us_env_123&spaceId=us_spa_123", token)
                  .status == 200);
        CHECK(asked(server, "/v1/environments/two", token).status == 200);
        CHECK(asked(server, "/v1/secrets?environmentId=two&spaceId=us_spa_124", token).status ==
              404);
    }
    const auto refused = box.run({"serve", "--listen", "127.0.0.1:0", "--seed-space", "acme"});
    CHECK(refused.code == 2);
    CHECK(refused.err.find("ENVIRONMENT/SPACE") != std::string::npos);
}

TEST_CASE("serve answers for the hosts that it is told of") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    const serving server(box, "--listen 127.0.0.1:0 --allow-host coffer.example,other.example:7");
    const auto status = [&](const char* host) {
        return asked(server, "/v1/environments", token, host).status;
    };
    for (const auto* host : {"coffer.example", "coffer.example:1", "other.example:7"})
        CHECK(status(host) == 200);
    for (const auto* host : {"evil.example", "other.example:8", "localhost:1"})
        CHECK(status(host) == 421);
}

TEST_CASE("serve's limits of a token's requests and of unknown tokens are what it is told") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    const serving server(box, "--listen 127.0.0.1:0 --token-rate 1 --refused-rate 1");
    CHECK(asked(server, "/v1/environments", token).status == 200);
    const auto limited = asked(server, "/v1/environments", token);
    CHECK(limited.status == 429);
    CHECK_FALSE(limited.header("retry-after").empty());
    CHECK(asked(server, "/v1/environments", "wrong").header("retry-after").empty());
    const auto guessed = asked(server, "/v1/environments", "wrong");
    CHECK(guessed.status == 401);
    CHECK_FALSE(guessed.header("retry-after").empty());
}

TEST_CASE("serve --no-anchor serves a store that was put back") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    REQUIRE(box.run_program({"cp", "-r", "coffer-store", "old"}).code == 0);
    box.ok({"set", "DB_URL"}, "newer");
    REQUIRE(box.run_program({"rm", "-r", "coffer-store"}).code == 0);
    REQUIRE(box.run_program({"mv", "old", "coffer-store"}).code == 0);
    CHECK(box.run({"get", "DB_URL"}).code != 0); // the anchor knows of the newer one
    const serving server(box, "--listen 127.0.0.1:0 --no-anchor");
    const auto got = asked(server, "/v1/secrets?environmentId=dev", token);
    CHECK(got.status == 200);
    CHECK(got.body.find("newer") == std::string::npos);
}

TEST_CASE("KEKs come and go under a running server") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    const auto kek = [&] { return coffer_test::keks(box).back(); }; // the newest
    const auto old = kek();
    const serving server(box, "--listen 127.0.0.1:0");
    const auto secrets = [&] { return asked(server, "/v1/secrets?environmentId=dev", token); };
    CHECK(secrets().status == 200);
    box.ok({"keys", "rotate-kek", "--yes"});
    server.tell(SIGHUP);
    box.ok({"keys", "rewrap", "--yes"});
    box.ok({"keys", "disable", old, "--yes"});
    const auto fresh = kek();
    CHECK(fresh != old);
    box.ok({"set", "DB_URL"}, "under the new one");
    CHECK(
        eventually([&] { return secrets().body.find("under the new one") != std::string::npos; }));
    box.ok({"keys", "disable", fresh, "--yes", "--force"});
    server.tell(SIGHUP);
    CHECK(eventually([&] { return secrets().status != 200; }));
    CHECK(secrets().body.find("key_disabled") != std::string::npos);
    CHECK(server.is_alive());
}

namespace {

auto says(const coffer_test::raw_reply& answer, std::string_view text) -> bool {
    return answer.body.find(text) != std::string::npos;
}
/// Gives dev a KEK of its own through a server, and goes over to it.
void move_dev(const serving& server, const std::string& token) {
    for (const auto* verb : {"rotate-kek", "rewrap", "rotate-dek"})
        REQUIRE(
            posted(server, "/v1/x/keys/" + std::string(verb) + "?environmentId=dev", "{}", token)
                .status == 200);
}

} // namespace

TEST_CASE("serve changes KEKs where it is told to, as the command does, and goes on") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    const auto keks = [&] { return coffer_test::keks(box); };
    const auto old = keks().front();
    const auto disable = [&](const serving& server, const std::string& kek) {
        return posted(server, "/v1/x/keys/disable", R"({"kekId":")" + kek + "\"}", token);
    };
    {
        const serving server(box, "--listen 127.0.0.1:0");
        CHECK(posted(server, "/v1/x/keys/rotate-kek", "{}", token).status == 501);
        CHECK(keks().size() == 1);
    }
    const serving server(box, "--listen 127.0.0.1:0 --manage-keys");
    const auto needed = disable(server, old);
    CHECK(needed.status == 409);
    const auto same = box.run({"keys", "disable", old, "--yes"}).err;
    CHECK(says(needed, old + " was not disabled: it wraps the DEKs of coffer.system, dev "
                             "(coffer keys rewrap moves them)."));
    CHECK(same.find("it wraps the DEKs of coffer.system, dev (coffer keys rewrap moves them). "
                    "With --force") != std::string::npos);
    CHECK(disable(server, "kek-none").status == 404);
    const auto rotated = posted(server, "/v1/x/keys/rotate-kek", "{}", token);
    CHECK(rotated.status == 200);
    REQUIRE(keks().size() == 2);
    const auto fresh = keks().back();
    CHECK(says(rotated, R"({"from":")" + old + R"(","to":")" + fresh + R"("})"));
    CHECK(disable(server, old).status == 409); // not rewrapped yet
    CHECK(says(disable(server, fresh), "it is active (coffer keys rotate-kek makes another)"));
    CHECK(posted(server, "/v1/x/keys/rewrap", "{}", token).status == 200);
    CHECK(disable(server, old).status == 200);
    CHECK(box.ok({"keys", "status"}).find(old + "  disabled") != std::string::npos);
    CHECK(asked(server, "/v1/secrets?environmentId=dev", token).status == 200);
    box.check_filled();

    // An environment's own: the older one only opens, and can be disabled once nothing is under it.
    move_dev(server, token);
    const auto first = keks().back();
    move_dev(server, token);
    CHECK(box.ok({"keys", "status"}).find(first + "  decrypt-only") != std::string::npos);
    CHECK(disable(server, first).status == 200);
    box.check_filled();
}

TEST_CASE("serve shreds an environment whose name is typed, and finishes what was interrupted") {
    const sandbox box;
    box.fill();
    box.ok({"env", "create", "Staging one", "--id", "staging"});
    const auto token = full_token(box);
    const serving server(box, "--listen 127.0.0.1:0 --manage-keys");
    const auto shred = [&](const std::string& id, const std::string& name) {
        return posted(server, "/v1/x/keys/shred?environmentId=" + id, R"({"name":")" + name + "\"}",
                      token);
    };
    const auto shared = coffer_test::keks(box).front();
    const auto refused = shred("dev", "dev");
    CHECK(refused.status == 409);
    CHECK(says(refused, "dev has no KEK of its own, only " + shared +
                            ", which others need. First give it one and go over to it: coffer keys "
                            "rotate-kek, rewrap and rotate-dek, each with --env dev"));
    CHECK(shred("none", "none").status == 404);
    CHECK(shred("coffer.system", "coffer.system").status == 404);
    move_dev(server, token);
    const auto own = coffer_test::keks(box).back();
    CHECK(shred("dev", "").status == 400);
    CHECK(shred("dev", "Dev").status == 400);
    box.check_filled();
    const auto done = shred("dev", "dev");
    CHECK(done.status == 200);
    CHECK(says(done, R"("closed":true,"destroyed":[{"kekId":")" + own));
    CHECK(says(done, "dev was shredded, 20"));
    CHECK(says(done, "it was under " + shared + " as well"));
    CHECK(asked(server, "/v1/secrets?environmentId=dev", token).status == 404);
    CHECK(box.ok({"keys", "status"}).find(own + "  destroyed") != std::string::npos);
    CHECK(says(shred("dev", "dev"), "dev was shredded before"));
    CHECK(asked(server, "/v1/environments", token).status == 200);

    // As far as a server came that was killed then: it is on no list any more, and has its keys.
    const auto rotate = "/v1/x/keys/rotate-kek?environmentId=staging";
    REQUIRE(posted(server, rotate, "{}", token).status == 200);
    const auto left = coffer_test::keks(box).back();
    box.ok({"env", "remove", "staging", "--yes"});
    CHECK(eventually(
        [&] { return asked(server, "/v1/secrets?environmentId=staging", token).status == 404; }));
    CHECK(shred("staging", "Staging one").status == 400); // its name went with it
    const auto rest = shred("staging", "staging");
    CHECK(rest.status == 200);
    CHECK(says(rest, R"("closed":true,"destroyed":[{"kekId":")" + left));
    CHECK(box.ok({"keys", "status"}).find(left + "  destroyed") != std::string::npos);
    box.ok({"verify"});
}

TEST_CASE("serve changes no KEK by what it knows of a store that is away") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    const auto old = coffer_test::keks(box).front();
    const serving server(box, "--listen 127.0.0.1:0 --manage-keys");
    const auto disable = [&] {
        return posted(server, "/v1/x/keys/disable", R"({"kekId":")" + old + "\"}", token);
    };
    const auto shred = [&](std::string_view name = "dev") {
        return posted(server, "/v1/x/keys/shred?environmentId=dev",
                      R"({"name":")" + std::string(name) + "\"}", token);
    };
    for (const auto* verb : {"rotate-kek", "rewrap"})
        REQUIRE(posted(server, "/v1/x/keys/" + std::string(verb), "{}", token).status == 200);
    move_dev(server, token);
    REQUIRE(asked(server, "/v1/secrets?environmentId=dev", token).status == 200);
    const auto store = box.work() / "coffer-store";
    const auto away = box.work() / "away";
    std::filesystem::rename(store, away);
    CHECK(eventually([&] {
        return !asked(server, "/v1/secrets?environmentId=dev", token)
                    .header("x-coffer-stale")
                    .empty();
    }));
    const auto needed = disable();
    CHECK(needed.status == 409);
    CHECK(says(needed, "can't be read (stale), so it may be needed there"));
    const auto closed = shred();
    CHECK(closed.status == 503);
    CHECK(says(closed, R"("code":"unavailable")"));
    CHECK(shred("other").status == 503); // nor is it told whether that is its name
    std::filesystem::rename(away, store);
    CHECK(eventually([&] { return disable().status == 200; }));
    CHECK(eventually([&] { return shred().status == 200; }));
}

TEST_CASE(
    "serve changes no KEK that another store's keyring is seen to need, nor one from outside") {
    sandbox box;
    box.ok({"init", "--realm", "first"});
    box.ok({"env", "create", "scratch"});
    std::filesystem::create_directory(box.home() / "second");
    box.folder = box.home() / "second";
    box.ok({"init", "--realm", "second"});
    box.ok({"env", "create", "scratch"});
    box.folder = box.work();
    const auto token = full_token(box);
    const auto old = coffer_test::keks(box).front();
    {
        const serving server(box, "--listen 127.0.0.1:0 --manage-keys");
        for (const auto* verb : {"rotate-kek", "rewrap"})
            CHECK(posted(server, "/v1/x/keys/" + std::string(verb), "{}", token).status == 200);
        const auto disabled =
            posted(server, "/v1/x/keys/disable", R"({"kekId":")" + old + "\"}", token);
        CHECK(disabled.status == 409);
        CHECK(says(disabled, "the keyring opens other stores too, of the realms second"));
        const std::string scratch = "?environmentId=scratch";
        for (const auto* verb : {"rotate-kek", "rewrap", "rotate-dek"})
            CHECK(posted(server, "/v1/x/keys/" + std::string(verb) + scratch, "{}", token).status ==
                  200);
        const auto shredded =
            posted(server, "/v1/x/keys/shred" + scratch, R"({"name":"scratch"})", token);
        CHECK(shredded.status == 409);
        CHECK(says(shredded, "scratch was not shredded"));
    }
    box.variables["MY_KEY"] = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const auto outside = box.run({"serve", "--listen", "127.0.0.1:0", "--manage-keys",
                                  "--no-anchor", "--keys", "env:MY_KEY"});
    CHECK(outside.code == 2);
    CHECK(outside.err.find("--manage-keys is for a keyring file") != std::string::npos);
}

TEST_CASE("SIGTERM lets a request end that is under way") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    const serving server(box, "--listen 127.0.0.1:0");
    const std::string body = R"({"name":"LAST","value":"v","environmentId":"dev"})";
    raw_client client(server.port());
    client.send("POST /v1/secrets HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token +
                "\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\nExpect: 100-continue\r\n\r\n");
    CHECK(client.receive(true).status == 100); // so it is seen
    server.tell(SIGTERM);
    CHECK(server.logs("ending: requests under way are answered"));
    const auto answer = client.ask(body);
    CHECK(answer.status == 200);
    CHECK(answer.header("connection") == "close");
    CHECK(eventually([&] { return !server.is_alive(); }));
    CHECK(box.ok({"get", "LAST"}) == "v");
}

TEST_CASE("whoever opens connections takes no descriptor from the store") {
    const sandbox box;
    box.fill();
    const auto token = full_token(box);
    const serving server(box, "--listen 127.0.0.1:0", "err", "ulimit -n 80; ");
    raw_client first(server.port());
    REQUIRE(first.ask(text_of("/v1/secrets?environmentId=dev", token)).status == 200);
    std::vector<raw_client> others;
    for (int i = 0; i < 100; ++i)
        others.emplace_back(server.port());
    CHECK(others.back().receive().status == 0); // one too many is closed
    const std::string body = R"({"name":"WRITTEN","value":"v","environmentId":"dev"})";
    CHECK(first
              .ask("POST /v1/secrets HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " +
                   token + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)
              .status == 200);
    CHECK(box.ok({"get", "WRITTEN"}) == "v");
}
