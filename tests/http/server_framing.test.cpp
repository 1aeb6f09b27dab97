// SPDX-License-Identifier: BSL-1.0
// Where one request ends and the next begins: asked of a real server, byte by byte.
#include "http/raw_client.hpp"
#include "http/test_server.hpp"

#include "support/catch.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace coffer_test;

namespace {
auto server_of_echoes() -> test_server {
    return test_server(std::make_shared<test_handler>());
}
const std::string error_body = R"({"errors":[{"message":")";
const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
} // namespace

TEST_CASE("what Beast would let through is refused, and what follows it is never answered") {
    server_settings settings;
    settings.hosts = {"h"};
    const test_server server(std::make_shared<test_handler>(), settings);
    const std::string host = "Host: h\r\n";
    const auto post = "POST / HTTP/1.1\r\n" + host;
    using shape = std::pair<std::string, std::string>;
    const auto [name, bytes] = GENERATE_COPY(values<shape>({
        {"equal lengths", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"},
        {"a list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc"},
        {"identity", post + "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc"},
        {"xchunked", post + "Transfer-Encoding: xchunked\r\n\r\n"},
        {"folded", "GET / HTTP/1.1\r\n" + host + "X: a\r\n b\r\n\r\n"},
        {"no Host", "GET / HTTP/1.1\r\n\r\n"},
        {"two Hosts", "GET / HTTP/1.1\r\n" + host + host + "\r\n"},
        {"8 bits in a framing header", "GET / HTTP/1.1\r\n" + host + "Connection: \xff\r\n\r\n"},
        {"length and chunked",
         post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"different lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
        {"a signed length", post + "Content-Length: +3\r\n\r\nabc"},
        {"a negative length", post + "Content-Length: -5\r\n\r\n"},
        {"no number", post + "Content-Length: 12abc\r\n\r\n"},
        {"bare LF", "GET / HTTP/1.1\nHost: a\n\n"},
        {"a blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        {"HTTP/1.9", "GET / HTTP/1.9\r\n" + host + "\r\n"},
        {"NUL in the target", "GET /a" + std::string(1, '\0') + "b HTTP/1.1\r\n" + host + "\r\n"},
        {"a chunk too large", post + "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"},
        {"no chunk", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"},
        {"a chunk longer than it says", post + "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"},
        {"bare LF between chunks", post + "Transfer-Encoding: chunked\r\n\r\n1\na\n0\n\n"},
        {"a length in a trailer",
         post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n"},
        {"a TLS hello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11)},
        {"no HTTP", "hello there, this is not HTTP\r\n\r\n"},
    }));
    CAPTURE(name);
    raw_client client(server);
    client.send(bytes + smuggled);
    const auto answer = client.receive();
    CHECK(answer.status == 400);
    CHECK(answer.header("content-type") == "application/json");
    CHECK(answer.body.starts_with(error_body));
    CHECK(answer.header("connection") == "close");
    CHECK(client.rest().empty());
    CHECK(raw_client(server).ask(get(server)).status == 200);
}

TEST_CASE("escapes and dots in a target are left to the router, which sees them as they came") {
    const auto server = server_of_echoes();
    for (const auto* target : {"/v1%2fx/%00?a=%2F%00", "/v1/../x/.", "/v1/%2e%2E/x"})
        CHECK(raw_client(server).ask(get(server, target)).body ==
              "GET " + std::string(target) + "\n");
}

TEST_CASE("a request in pieces of any size is one request") {
    const auto server = server_of_echoes();
    const auto size = GENERATE(1U, 2U, 3U, 7U, 64U);
    raw_client client(server);
    client.send_in_pieces(text_of(server, "POST", "/a", "X-A: b\r\n", "body"), size);
    CHECK(client.receive().body == "POST /a\nx-a=b\ncontent-length=4\nbody");
    client.send_in_pieces(text_of(server, "POST", "/b", "Transfer-Encoding: chunked\r\n") +
                              "2;x=\"y\"\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n" + get(server, "/c"),
                          size);
    CHECK(client.receive().body == "POST /b\ntransfer-encoding=chunked\nbody");
    CHECK(client.receive().body == "GET /c\n");
}

TEST_CASE("pipelined requests are worked on one after the other, in order") {
    std::string seen; // no lock: never two at once
    const auto record = [&seen](const http::request& in) -> std::optional<http::response> {
        seen += in.target;
        return test_handler::text(seen);
    };
    const auto slow_first = [record](const http::request& in) -> std::optional<http::response> {
        if (in.method == "POST") return {};
        return record(in);
    };
    const test_server server(std::make_shared<test_handler>(slow_first, record));
    raw_client client(server);
    std::string all;
    for (int i = 0; i < 50; ++i)
        all += text_of(server, "POST", "/p", "", "a body") + get(server, "/g");
    client.send(all);
    std::string expected;
    for (int i = 0; i < 50; ++i) {
        CHECK(client.receive().body == (expected += "/p"));
        CHECK(client.receive().body == (expected += "/g"));
    }
}

TEST_CASE("requests on one connection are what each would be by itself, repeating another or not") {
    const auto server = server_of_echoes();
    const auto with = [&](const std::string& target, const std::string& headers) {
        return text_of(server, "GET", target, headers);
    };
    const std::string a = "Authorization: Bearer aaaa\r\n";
    const std::string b = "Authorization: Bearer bbbb\r\n";
    const std::string longer = "Authorization: Bearer bbbbb\r\n";
    const std::vector<std::string> all{with("/1", a),
                                       with("/1", a),
                                       with("/1", b),
                                       with("/1", longer),
                                       with("/1", b),
                                       with("/2", b),
                                       with("/2", a),
                                       with("/2", ""),
                                       with("/2", a + "Cookie: x\r\n"),
                                       with("/2", a),
                                       with("/2", a + "X-A: 1\r\n"),
                                       with("/2", b + "X-A: 1\r\n"),
                                       with("/2", b + "X-A: 2\r\n"),
                                       with("/2", "X-A: 2\r\n" + b),
                                       with("/2", "X-A: 2\r\n" + a),
                                       text_of(server, "POST", "/2", "X-A: 2\r\n" + a, "body"),
                                       with("/2", "X-A: 2\r\n" + a),
                                       text_of(server, "HEAD", "/2", a),
                                       with("/2", a),
                                       with("/2", a),
                                       with("/1", a)};
    std::string at_once;
    std::vector<std::string> expected;
    for (const auto& one : all) {
        at_once += one;
        raw_client alone(server);
        alone.send(one);
        expected.push_back(alone.receive(one.starts_with("HEAD")).body);
    }
    CHECK(expected[2] == "GET /1\nauthorization=Bearer bbbb\n");
    const auto size = GENERATE(1U, 7U, 100U, 10'000U); // of the pieces that they come in
    CAPTURE(size);
    raw_client client(server);
    client.send_in_pieces(at_once, size);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CAPTURE(i);
        CHECK(client.receive(all[i].starts_with("HEAD")).body == expected[i]);
    }
    for (std::size_t i = 0; i < all.size(); ++i) { // each when the one before is answered
        CAPTURE(i);
        client.send(all[i]);
        CHECK(client.receive(all[i].starts_with("HEAD")).body == expected[i]);
    }
}

TEST_CASE("a request that would repeat another but for its end is none") {
    const auto server = server_of_echoes();
    const auto good = text_of(server, "GET", "/", "Authorization: Bearer aaaa\r\n");
    for (const auto& [from, to] :
         {std::pair("aaaa", "a\r\na"), std::pair("aaaa", "a\na "), std::pair("Host:", "Host "),
          std::pair("HTTP/1.1", "HTTP/1.9")}) {
        CAPTURE(to);
        auto bad = good;
        bad.replace(bad.find(from), std::string_view(from).size(), to);
        raw_client client(server);
        CHECK(client.ask(good).status == 200);
        CHECK(client.ask(bad + smuggled).status == 400);
        CHECK(client.rest().empty());
    }
}

TEST_CASE("a trailer does not become a header") {
    const auto server = server_of_echoes();
    const auto answer =
        raw_client(server).ask(text_of(server, "POST", "/", "Transfer-Encoding: chunked\r\n") +
                               "0\r\nAuthorization: Bearer x\r\n\r\n");
    CHECK(answer.body == "POST /\ntransfer-encoding=chunked\n");
}

TEST_CASE("a connection stays open after a refusal that broke no framing") {
    const auto server = test_server(std::make_shared<test_handler>([](const http::request&) {
        auto out = test_handler::text("no");
        out.status = 404;
        return std::optional(out);
    }));
    raw_client client(server);
    for (int i = 0; i < 3; ++i)
        CHECK(client.ask(text_of(server, "POST", "/", "", "body")).status == 404);
}

TEST_CASE("a connection stays open after a target or a host that is none, its body read") {
    const auto server = server_of_echoes();
    raw_client client(server);
    const auto chunked = text_of(server, "POST", "/a#b", "Transfer-Encoding: chunked\r\n");
    CHECK(client.ask(chunked + "1\r\nx\r\n0\r\n\r\n").status == 400);
    CHECK(client.ask(get(server, "http://evil/")).status == 400);
    CHECK(client.ask(get(server, "*")).status == 400);
    const std::string other = "POST / HTTP/1.1\r\nHost: evil.example\r\n";
    CHECK(client.ask(other + "Content-Length: 4\r\n\r\nbody").status == 421);
    CHECK(client.ask(get(server, "/b")).body == "GET /b\n");
    CHECK(client.ask(other + "Connection: close\r\n\r\n").header("connection") == "close");
    // Who waits for 100 sends a body that nobody asked for, or does not.
    raw_client waiting(server);
    const auto wait =
        "Expect: 100-continue\r\nContent-Length: " + std::to_string(smuggled.size()) + "\r\n\r\n";
    CHECK(waiting.ask(other + wait + smuggled).status == 421);
    CHECK(waiting.rest().empty());
}

TEST_CASE("a refused HEAD has no body, whatever it is refused for") {
    const auto server = server_of_echoes();
    const auto head = text_of(server, "HEAD", "/", "X: " + std::string(20'000, 'a') + "\r\n");
    const auto body = text_of(server, "HEAD", "/", "Content-Length: 2000000\r\n");
    const std::string other = "HEAD / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    using shape = std::pair<std::string, unsigned>;
    for (const auto& [text, status] : {shape{head, 431}, {body, 413}, {other, 421}}) {
        raw_client client(server);
        client.send(text);
        const auto answer = client.receive(true);
        CHECK(answer.status == status);
        CHECK(answer.header("content-length") != "0");
        CHECK(client.rest().empty());
    }
}

TEST_CASE("Connection: close and HTTP/1.0 end the connection, keep-alive keeps it") {
    const auto server = server_of_echoes();
    raw_client closing(server);
    CHECK(closing.ask(text_of(server, "GET", "/", "Connection: close\r\n") + smuggled).status ==
          200);
    CHECK(closing.rest().empty());

    raw_client old(server);
    const auto host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
    CHECK(old.ask("GET / HTTP/1.0\r\n" + host + "\r\n").header("connection") == "close");
    CHECK(old.rest().empty());

    raw_client kept(server);
    const std::string ask = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n" + host + "\r\n";
    CHECK(kept.ask(ask).header("connection") == "keep-alive");
    CHECK(kept.ask(ask).status == 200);
}

TEST_CASE("HEAD is answered like GET, without the body") {
    const auto server = server_of_echoes();
    raw_client client(server);
    client.send(text_of(server, "HEAD", "/a"));
    const auto answer = client.receive(true);
    CHECK(answer.status == 200);
    CHECK(answer.header("content-length") == std::to_string(std::string("GET /a\n").size()));
    CHECK(client.ask(get(server, "/b")).body == "GET /b\n");
}

TEST_CASE("an empty line before a request is passed over") {
    const auto server = server_of_echoes();
    raw_client client(server);
    client.send("\r");
    client.send("\n" + get(server, "/a"));
    CHECK(client.receive().body == "GET /a\n");
}

TEST_CASE("who waits for 100 is told to go on, unless the body would be refused") {
    const auto server = server_of_echoes();
    raw_client client(server);
    const auto head = text_of(server, "POST", "/", "Expect: 100-continue\r\nContent-Length: 4\r\n");
    CHECK(client.ask(head).status == 100);
    CHECK(client.ask("body").body.ends_with("body"));
    CHECK(raw_client(server)
              .ask(text_of(server, "POST", "/",
                           "Expect: 100-continue\r\nContent-Length: 2000000\r\n"))
              .status == 413);
}
