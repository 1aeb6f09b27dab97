// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/tls.hpp>

#include "http/certificate.hpp"
#include "http/raw_client.hpp"
#include "http/test_server.hpp"
#include "support/temporary_folder.hpp"

#include "support/catch.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

/// OpenSSL's own, but for as many calls of any thread as are to fail.
static std::atomic<int> no_tls{0};
extern "C" SSL* SSL_new(SSL_CTX* context) {
    if (no_tls > 0 && no_tls-- > 0) {
        ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
        return nullptr;
    }
    static const auto real = reinterpret_cast<SSL* (*)(SSL_CTX*)>(::dlsym(RTLD_NEXT, "SSL_new"));
    return real(context);
}

using namespace coffer_test;
using coffer::errc;

namespace {

struct files {
    explicit files(const std::string& name = "localhost")
        : certificate((folder.path() / (name + ".crt")).string()),
          key((folder.path() / (name + ".key")).string()) {
        make_certificate(certificate, key, name, "DNS:" + name);
    }
    auto settings() const -> server_settings {
        server_settings out;
        out.certificate = certificate;
        out.key = key;
        return out;
    }
    coffer_test::temporary_folder folder{};
    std::string certificate;
    std::string key;
};

/// A TLS client over a raw socket, which looks at what it was shown and trusts it.
class tls_client {
public:
    explicit tls_client(const test_server& to, int version = 0, const char* ciphers = nullptr)
        : socket_(to), context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free) {
        if (version != 0) {
            SSL_CTX_set_min_proto_version(context_.get(), version);
            SSL_CTX_set_max_proto_version(context_.get(), version);
            SSL_CTX_set_security_level(context_.get(), 0); // or OpenSSL would not even ask
        }
        if (ciphers != nullptr) SSL_CTX_set_cipher_list(context_.get(), ciphers);
        ssl_.reset(SSL_new(context_.get()));
        SSL_set_fd(ssl_.get(), socket_.native());
        connected_ = SSL_connect(ssl_.get()) == 1;
    }
    auto connected() const -> bool { return connected_; }
    auto native() const -> SSL* { return ssl_.get(); }
    auto name() const -> std::string {
        char text[100] = {};
        const std::unique_ptr<X509, void (*)(X509*)> shown(SSL_get1_peer_certificate(ssl_.get()),
                                                           X509_free);
        X509_NAME_get_text_by_NID(X509_get_subject_name(shown.get()), NID_commonName, text,
                                  sizeof text);
        return text;
    }
    auto send(std::string_view text) -> bool {
        return SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size())) ==
               static_cast<int>(text.size());
    }
    /// Reads until the text ends with what is expected, or the connection.
    auto receive_to(std::string_view end) -> std::string {
        std::string out;
        char buffer[65536];
        while (!out.ends_with(end)) {
            const int n = SSL_read(ssl_.get(), buffer, sizeof buffer);
            if (n <= 0) break;
            out.append(buffer, static_cast<std::size_t>(n));
        }
        return out;
    }

private:
    raw_client socket_;
    std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
    std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, SSL_free};
    bool connected_ = false;
};

} // namespace

TEST_CASE("over TLS everything is as it is without") {
    const files f;
    const test_server server(std::make_shared<test_handler>(), f.settings());
    REQUIRE(server.started());
    tls_client client(server);
    REQUIRE(client.connected());
    for (int i = 0; i < 3; ++i) {
        const std::string body(200'000, static_cast<char>('a' + i));
        REQUIRE(client.send(text_of(server, "POST", "/", "", body)));
        const auto text = client.receive_to(body);
        CHECK(text.starts_with("HTTP/1.1 200 OK\r\n"));
        CHECK(text.find("\r\nstrict-transport-security: max-age=") != std::string::npos);
        CHECK(text.ends_with("\n" + body));
    }
    REQUIRE(client.send(text_of(server, "POST", "/", "Content-Length: 99999999\r\n")));
    CHECK(client.receive_to("\"}]}").starts_with("HTTP/1.1 413 "));
    CHECK(client.receive_to("x").empty());
    CHECK(SSL_get_shutdown(client.native()) == SSL_RECEIVED_SHUTDOWN); // not cut off
}

TEST_CASE("old versions and weak ciphers are not spoken") {
    const files f;
    const test_server server(std::make_shared<test_handler>(), f.settings());
    CHECK(tls_client(server, TLS1_3_VERSION).connected());
    CHECK(tls_client(server, TLS1_2_VERSION).connected());
    CHECK_FALSE(tls_client(server, TLS1_1_VERSION).connected());
    CHECK_FALSE(tls_client(server, TLS1_VERSION).connected());
    for (const auto* weak : {"ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA", "aNULL"})
        CHECK_FALSE(tls_client(server, TLS1_2_VERSION, weak).connected());
    CHECK(tls_client(server, TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256").connected());
}

TEST_CASE("a client can't renegotiate, and gets no ticket to come back with") {
    const files f;
    const test_server server(std::make_shared<test_handler>(), f.settings());
    tls_client client(server, TLS1_2_VERSION);
    REQUIRE(client.connected());
    CHECK(SSL_session_reused(client.native()) == 0);
    CHECK(SSL_SESSION_has_ticket(SSL_get0_session(client.native())) == 0);
    SSL_renegotiate(client.native());
    CHECK((SSL_do_handshake(client.native()) != 1 || !client.send(get(server)) ||
           client.receive_to("/\n").empty()));
}

TEST_CASE("plain HTTP on a TLS port, garbage and silence get no answer and harm nobody") {
    const files f;
    auto settings = f.settings();
    settings.limits.head_time = std::chrono::milliseconds(50);
    const test_server server(std::make_shared<test_handler>(), settings);
    raw_client plain(server);
    plain.send(get(server));
    CHECK(plain.rest().find("HTTP/1.1") == std::string::npos);
    raw_client silent(server);
    CHECK(silent.rest().empty());
    bool good = false;
    for (int i = 0; i < 100 && !good; ++i) // for whom 50 ms may be too little as well
        good = tls_client(server).connected();
    CHECK(good);
}

TEST_CASE("a new certificate is shown to new connections, and old ones go on") {
    const files first("first");
    const files second("second");
    test_server server(std::make_shared<test_handler>(), first.settings());
    tls_client before(server);
    CHECK(before.name() == "first");
    REQUIRE(server.set_tls(second.certificate, second.key));
    CHECK(tls_client(server).name() == "second");
    REQUIRE(before.send(get(server)));
    CHECK(before.receive_to("GET /\n").starts_with("HTTP/1.1 200 OK"));
    CHECK(server.set_tls(first.certificate, second.key).error() == errc::invalid_argument);
    CHECK(tls_client(server).name() == "second");
}

TEST_CASE("what is no certificate or key is told apart from what can't be read") {
    const files f;
    const auto open = [](const std::string& certificate, const std::string& key) {
        return coffer::http::tls::open(certificate, key).error().code;
    };
    CHECK(open(f.certificate + ".absent", f.key) == errc::unavailable);
    CHECK(open(f.certificate, f.key + ".absent") == errc::unavailable);
    CHECK(open(f.key, f.key) == errc::invalid_argument);
    CHECK(open(f.certificate, f.certificate) == errc::invalid_argument);
}

TEST_CASE("a connection that no TLS can be made for is closed, and the next one is served") {
    const files f;
    const test_server server(std::make_shared<test_handler>(), f.settings());
    REQUIRE(server.started());
    no_tls = 3;
    for (int i = 0; i < 3; ++i)
        CHECK(raw_client(server).rest().empty());
    CHECK(no_tls == 0);
    tls_client client(server);
    REQUIRE(client.connected());
    REQUIRE(client.send(get(server, "/")));
    CHECK(client.receive_to("GET /\n").starts_with("HTTP/1.1 200"));
}
