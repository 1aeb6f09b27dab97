// SPDX-License-Identifier: BSL-1.0
// What a client does where the network, the server's certificate or the server itself is not as it
// should be. No test waits for a time to pass that decides its outcome.
#include <coffer/http/caller.hpp>

#include "http/certificate.hpp"
#include "http/test_server.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using coffer::errc;
using namespace coffer_test;
using namespace std::chrono_literals;

namespace {

constexpr const char* token = "cof_canary-token";

auto answers(const std::shared_ptr<std::atomic<int>>& asked) -> std::shared_ptr<test_handler> {
    return std::make_shared<test_handler>([asked](const http::request&) {
        ++*asked;
        http::response out;
        out.body = R"({"data":{}})";
        return std::optional(out);
    });
}

auto calling(const std::string& server, const std::string& authorities = {},
             std::chrono::milliseconds time = std::chrono::seconds(60))
    -> std::shared_ptr<http::caller> {
    http::client_options with;
    with.server = server;
    with.token = coffer::secret(std::string_view(token));
    with.authorities = authorities;
    with.connect_timeout = with.handshake_timeout = std::chrono::seconds(60);
    with.call_timeout = time;
    return http::caller::open(std::move(with)).value();
}
auto get() -> http::outgoing {
    return {.method = "GET", .target = "/v1/x/whoami", .body = {}};
}
auto post() -> http::outgoing {
    return {.method = "POST", .target = "/v1/secrets", .body = http::wiped_text("{}")};
}
auto code_of(const coffer::result<http::json_answer>& got) -> std::string {
    return std::string(got ? "ok" : to_string(got.error().code));
}

/// A token in a file, replaced as a program does it: the whole file at once.
struct token_in_a_file {
    temporary_folder folder{};
    std::string path = (folder / "token").string();

    explicit token_in_a_file(std::string_view first) { write(first); }
    void write(std::string_view text) const {
        const auto next = path + ".next";
        std::ofstream(next) << text;
        std::filesystem::permissions(next, std::filesystem::perms::owner_read |
                                               std::filesystem::perms::owner_write);
        std::filesystem::rename(next, path);
    }
    auto caller_of(const test_server& server) const -> std::shared_ptr<http::caller> {
        http::client_options with;
        with.server = "http://" + server.host();
        with.token_file = path;
        return http::caller::open(std::move(with)).value();
    }
};
auto refused() -> http::response {
    http::response out;
    out.status = 401;
    out.body = R"({"errors":[{"message":"who are you?"}],"code":"denied"})";
    return out;
}

/// A server with a certificate, and how often it was asked something.
struct over_tls {
    temporary_folder folder{};
    std::string certificate = (folder / "crt.pem").string();
    std::string key = (folder / "key.pem").string();
    std::shared_ptr<std::atomic<int>> asked = std::make_shared<std::atomic<int>>(0);
    std::unique_ptr<test_server> server{};

    explicit over_tls(const std::string& alternative, long from = -60, long until = 3600) {
        make_certificate(certificate, key, "coffer", alternative, from, until);
        server_settings how;
        how.certificate = certificate;
        how.key = key;
        server = std::make_unique<test_server>(answers(asked), how);
        REQUIRE(server->started());
    }
    auto url(const std::string& host = "localhost") const -> std::string {
        return "https://" + host + ":" + std::to_string(server->port());
    }
};

/// Takes connections, reads what is sent and closes without a word.
class rude_server {
public:
    rude_server() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        ::sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::socklen_t size = sizeof at;
        REQUIRE(::bind(socket_, reinterpret_cast<::sockaddr*>(&at), size) == 0);
        REQUIRE(::listen(socket_, 16) == 0);
        ::getsockname(socket_, reinterpret_cast<::sockaddr*>(&at), &size);
        port_ = ntohs(at.sin_port);
        thread_ = std::thread([this] {
            for (;;) {
                const int one = ::accept(socket_, nullptr, nullptr);
                if (one < 0) return;
                char piece[4096];
                if (::recv(one, piece, sizeof piece, 0) > 0) ++requests;
                ::close(one);
            }
        });
    }
    ~rude_server() {
        ::shutdown(socket_, SHUT_RDWR);
        thread_.join();
        ::close(socket_);
    }
    auto url() const -> std::string { return "http://127.0.0.1:" + std::to_string(port_); }
    std::atomic<int> requests{0};

private:
    int socket_;
    int port_ = 0;
    std::thread thread_;
};

} // namespace

TEST_CASE("a certificate of a known authority, for the name that was asked, is good") {
    const over_tls s("DNS:localhost,IP:127.0.0.1");
    CHECK(code_of(calling(s.url(), s.certificate)->call(get())) == "ok");
    CHECK(code_of(calling(s.url("127.0.0.1"), s.certificate)->call(get())) == "ok");
    CHECK(*s.asked == 2);
}

TEST_CASE("any other certificate ends it before the token is sent") {
    const over_tls good("DNS:localhost");
    const over_tls other("DNS:other.example");
    const over_tls expired("DNS:localhost", -7200, -3600);
    const over_tls later("DNS:localhost", 3600, 7200);
    CHECK(code_of(calling(good.url(), other.certificate)->call(get())) == "denied"); // unknown
    CHECK(code_of(calling(good.url())->call(get())) == "denied"); // not of the system's either
    CHECK(code_of(calling(other.url(), other.certificate)->call(get())) == "denied");
    CHECK(code_of(calling(good.url("127.0.0.1"), good.certificate)->call(get())) == "denied");
    CHECK(code_of(calling(expired.url(), expired.certificate)->call(get())) == "denied");
    CHECK(code_of(calling(later.url(), later.certificate)->call(get())) == "denied");
    CHECK(code_of(calling(good.url(), other.certificate)->call(post())) == "denied"); // not unknown
    for (const auto* s : {&good, &other, &expired, &later})
        CHECK(*s->asked == 0);
}

TEST_CASE("plain HTTP and TLS do not understand each other, and nothing is sent in the clear") {
    const over_tls secure("DNS:localhost");
    const auto asked = std::make_shared<std::atomic<int>>(0);
    const test_server plain(answers(asked));
    const auto to_plain = calling("https://" + plain.host())->call(get());
    CHECK_FALSE(to_plain);
    const auto to_secure =
        calling("http://127.0.0.1:" + std::to_string(secure.server->port()))->call(get());
    CHECK_FALSE(to_secure);
    CHECK(*asked == 0);
    CHECK(*secure.asked == 0);
}

TEST_CASE("a call ends with its time: a reader's as timed_out, a change's as unknown") {
    event done;
    const auto asked = std::make_shared<std::atomic<int>>(0);
    const auto wait = [&done, asked](const http::request&) {
        ++*asked;
        done.wait();
        return std::optional(test_handler::text(""));
    };
    {
        const test_server server(std::make_shared<test_handler>(test_handler::never, wait));
        const auto told = [&](http::outgoing what, std::chrono::seconds time) {
            return code_of(calling("http://" + server.host(), {}, time)->call(std::move(what)));
        };
        CHECK(told(get(), 2s) == "timed_out");
        auto change = std::string("timed_out"); // as long as it could not be sent
        for (auto time = 2s; change == "timed_out" && time < 60s; time *= 5)
            change = told(post(), time);
        CHECK(change == "outcome_unknown");
        done.set();
    }
    CHECK(*asked <= 2); // neither was sent twice
}

TEST_CASE("a change that nobody answered is not sent again; what only reads is, once") {
    rude_server server;
    CHECK(code_of(calling(server.url())->call(post())) == "outcome_unknown");
    CHECK(server.requests == 1);
    CHECK(code_of(calling(server.url())->call(get())) == "unavailable");
    CHECK(server.requests == 3);
    auto reading = post();
    reading.only_reads = true;
    CHECK(code_of(calling(server.url())->call(std::move(reading))) == "unavailable");
    CHECK(server.requests == 5);
}

TEST_CASE("calls one after the other go through one connection, and so do those over TLS") {
    const auto asked = std::make_shared<std::atomic<int>>(0);
    const test_server plain(answers(asked));
    const auto client = calling("http://" + plain.host());
    const over_tls secure("DNS:localhost");
    const auto other = calling(secure.url(), secure.certificate);
    for (int i = 0; i < 20; ++i) {
        CHECK(client->call(i % 2 == 0 ? get() : post()));
        CHECK(other->call(get()));
    }
    CHECK(*asked == 20);
    for (const auto* counters : {&plain.counters(), &secure.server->counters()})
        CHECK(counters->text().find("\ncoffer_http_connections_total 1\n") != std::string::npos);
}

TEST_CASE(
    "a refusal of a token that another call has found replaced meanwhile is not the new one's") {
    const token_in_a_file file("first");
    event sent;
    event go_on;
    const auto answer = [&](const http::request& in) -> std::optional<http::response> {
        http::response good;
        good.body = R"({"data":{}})";
        if (in.header_of("authorization") != "Bearer first") return good;
        if (in.method == "POST") {
            sent.set();
            go_on.wait();
        }
        return refused();
    };
    const test_server server(std::make_shared<test_handler>(test_handler::never, answer));
    const auto client = file.caller_of(server);
    std::string slow;
    std::thread waiting([&] { slow = code_of(client->call(post())); });
    CHECK(sent.wait());
    file.write("second");
    CHECK(code_of(client->call(get())) == "ok");
    go_on.set();
    waiting.join();
    CHECK(slow == "ok");
}

TEST_CASE(
    "a token may be replaced again before the one before was sent; one that stays is denied") {
    const token_in_a_file file("first");
    std::atomic<int> asked{0};
    const auto answer = [&](const http::request& in) -> std::optional<http::response> {
        ++asked;
        http::response good;
        good.body = R"({"data":{}})";
        const auto bearer = in.header_of("authorization");
        if (bearer == "Bearer first") file.write("second");
        if (bearer == "Bearer second") file.write("third");
        return bearer == "Bearer third" ? good : refused();
    };
    const test_server server(std::make_shared<test_handler>(answer));
    const auto client = file.caller_of(server);
    CHECK(code_of(client->call(get())) == "ok");
    CHECK(asked == 3);
    file.write("revoked");
    CHECK(code_of(client->call(get())) == "ok"); // read again only when it is refused
    const auto other = file.caller_of(server);
    asked = 0;
    CHECK(code_of(other->call(get())) == "denied");
    CHECK(asked == 1);
}

TEST_CASE("a stream of events is begun with the token that the file holds now") {
    const token_in_a_file file("first");
    const auto answer = [&](const http::request& in) -> std::optional<http::response> {
        if (in.header_of("authorization") != "Bearer second") return refused();
        http::response events;
        events.content_type = "Text/Event-Stream; charset=utf-8";
        events.body = "data: hello\n\nevent: gap\nid: 7\ndata: {}\n\ndata: again\n\n";
        return events;
    };
    const test_server server(std::make_shared<test_handler>(answer));
    const auto client = file.caller_of(server);
    std::vector<std::string> taken;
    const auto follow = [&] {
        return client->follow("/v1/x/events", {}, [&](const http::sent_event& event) {
            taken.push_back(std::string(event.type) + "|" + std::string(event.id) + "|" +
                            std::string(event.data));
            return true;
        });
    };
    const auto denied = follow();
    CHECK((!denied && denied.error() == errc::denied));
    file.write("second");
    CHECK(follow());
    CHECK(taken == std::vector<std::string>{"||hello", "gap|7|{}", "|7|again"});
}

TEST_CASE("a stream of events that is not given says why, as any other answer does") {
    const token_in_a_file file("token");
    http::response says;
    const test_server server(std::make_shared<test_handler>(
        [&](const http::request&) -> std::optional<http::response> { return says; }));
    const auto client = file.caller_of(server);
    const auto why = [&](unsigned status, std::string_view body,
                         const char* type = "application/json") {
        says.status = status;
        says.content_type = type;
        says.body = body;
        const auto done =
            client->follow("/v1/x/events", {}, [](const http::sent_event&) { return true; });
        REQUIRE_FALSE(done);
        return done.error();
    };
    CHECK(why(503, R"({"code":"unavailable","data":{"cause":"audit"}})").cause ==
          http::refusal::unaudited);
    CHECK(why(503, R"({"code":"unavailable"})").cause == http::refusal::in_trouble);
    CHECK(why(404, R"({"code":"not_found"})") == errc::not_found);
    CHECK(why(404, "nothing", "text/plain").cause == http::refusal::no_coffer);
    for (const unsigned status : {200U, 202U}) {
        const auto page = why(status, "data: hello\n\n", "text/html");
        CHECK(page == errc::unsupported);
        CHECK(page.cause == http::refusal::no_coffer);
    }
    CHECK(why(202, "data: hello\n\n", "text/event-stream") == errc::unsupported);
    CHECK(http::missing_right_of(why(403, R"({"code":"denied","data":{"right":"list"}})")) ==
          http::right::list);
    const auto long_one =
        why(503, std::string(200'000, 'x'), "text/plain"); // of which a part is read
    CHECK(long_one == errc::unavailable);
    CHECK_FALSE(long_one.cause);
}
