// SPDX-License-Identifier: BSL-1.0
#include "http/raw_client.hpp"
#include "http/test_server.hpp"

#include <coffer/http/detail/reply.hpp>

#include "support/catch.hpp"

#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace coffer_test;
using coffer::errc;

TEST_CASE("every answer carries the headers that keep a browser from doing harm") {
    const test_server server(std::make_shared<test_handler>());
    const auto n = GENERATE(0U, 1U, 2U, 3U);
    const auto request =
        std::vector{get(server), std::string("nonsense\r\n\r\n"),
                    std::string("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
                    text_of(server, "POST", "/", "Content-Length: 99999999\r\n")}[n];
    const auto answer = raw_client(server).ask(request);
    CHECK(answer.header("cache-control") == "no-store");
    CHECK(answer.header("content-security-policy").starts_with("default-src 'none';"));
    CHECK(answer.header("x-content-type-options") == "nosniff");
    CHECK(answer.header("x-frame-options") == "DENY");
    CHECK(answer.header("referrer-policy") == "no-referrer");
    CHECK(answer.header("cross-origin-opener-policy") == "same-origin");
    CHECK(answer.header("cross-origin-resource-policy") == "same-origin");
    CHECK(answer.header("permissions-policy") == "camera=(), microphone=(), geolocation=()");
    CHECK(answer.header("date").ends_with(" GMT"));
    CHECK_FALSE(answer.header("content-length").empty());
    CHECK(answer.header("server").empty());
    CHECK(answer.header("strict-transport-security").empty());
}

TEST_CASE("a handler's own headers win, and none of them can end the head") {
    const test_server server(std::make_shared<test_handler>([](const http::request&) {
        auto out = test_handler::text("x");
        out.headers = {{"cache-control", "max-age=1"}, {"x-split", "a\r\nset-cookie: b"}};
        return std::optional(out);
    }));
    const auto answer = raw_client(server).ask(get(server));
    CHECK(answer.header("cache-control") == "max-age=1");
    CHECK(answer.head.find("no-store") == std::string::npos);
    CHECK(answer.header("x-frame-options") == "DENY");
    CHECK(answer.head.find("set-cookie") == std::string::npos);
}

TEST_CASE("each of those headers can be set by a handler, alone or with others") {
    const auto head_with = [](std::vector<http::header> own) {
        auto answer = test_handler::text("x");
        answer.headers = std::move(own);
        std::string head;
        http::detail::add_reply_head(head, answer, {});
        return head;
    };
    const auto has = [](const std::string& head, std::string_view line) {
        const auto at = head.find("\r\n" + std::string(line));
        return at != head.npos && head.find("\r\n" + std::string(line), at + 1) == head.npos;
    };
    std::vector<http::header> all;
    for (const auto& set : http::security_headers) {
        all.push_back({std::string(set.name), "own"});
        const auto head = head_with({all.back()});
        INFO(head);
        CHECK(head.ends_with("\r\n\r\n"));
        for (const auto& h : http::security_headers)
            CHECK(has(head, h.line) == (h.name != set.name));
        CHECK(has(head, std::string(set.name) + ": own\r\n"));
    }
    const auto head = head_with(all);
    for (const auto& h : http::security_headers) {
        CHECK_FALSE(has(head, h.line));
        CHECK(has(head, std::string(h.name) + ": own\r\n"));
    }
}

TEST_CASE("a refusal repeats nothing of what was sent") {
    const test_server server(std::make_shared<test_handler>());
    for (const auto& bytes :
         {get(server, "/hunter2 "), "GET / HTTP/1.1\r\nHost: hunter2\r\n\r\n" + std::string(),
          text_of(server, "POST", "/", "hunter2\r\n")}) {
        raw_client client(server);
        client.send(bytes);
        client.end_sending(); // or it would wait for the next request
        const auto text = client.rest();
        CHECK(text.find("\"errors\"") != std::string::npos);
        CHECK(text.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("hosts that are not on the list are answered 421") {
    server_settings settings;
    settings.hosts = {"coffer.example", "Other.Example:99"};
    const test_server server(std::make_shared<test_handler>(), settings);
    const auto status = [&](const std::string& host) {
        return raw_client(server).ask("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n").status;
    };
    const auto port = ":" + std::to_string(server.port());
    for (const auto& host :
         {"127.0.0.1" + port, "localhost" + port, "LOCALHOST" + port, "[::1]" + port,
          std::string("coffer.example"), "Coffer.example" + port, std::string("other.example:99"),
          // Without a port: a browser would say it, so no page can make one leave it out.
          std::string("localhost"), std::string("127.0.0.1"), std::string("[::1]"),
          std::string("other.example")})
        CHECK(status(host) == 200);
    for (const auto& host :
         {std::string("localhost:1"), std::string("evil.example"), "evil.example" + port,
          "127.0.0.1.evil.example" + port, std::string("other.example:98"), std::string("[::1]:1"),
          std::string("coffer.example.evil"), "x.coffer.example" + port})
        CHECK(status(host) == 421);
    // With a name alone any port is good, but it must be one.
    for (const auto* host : {"coffer.example:evil", "coffer.example:99999", "coffer.example:"})
        CHECK(status(host) == 400);
}

TEST_CASE("a handler that throws costs its own request alone") {
    const auto fail = [](const http::request&) -> std::optional<http::response> {
        throw std::runtime_error("hunter2");
    };
    const auto where = GENERATE(0, 1);
    const test_server server(where == 0
                                 ? std::make_shared<test_handler>(fail)
                                 : std::make_shared<test_handler>(test_handler::never, fail));
    raw_client client(server);
    for (int i = 0; i < 2; ++i) {
        const auto answer = client.ask(get(server));
        CHECK(answer.status == 500);
        CHECK(answer.body.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("a handler knows whom it talks to") {
    const test_server server(std::make_shared<test_handler>([](const http::request& in) {
        return std::optional(test_handler::text(in.peer + (in.secure ? " tls" : " plain")));
    }));
    raw_client client(server);
    CHECK(client.ask(get(server)).body == "127.0.0.1 plain");
    CHECK(client.ask(get(server)).body == "127.0.0.1 plain");
}

TEST_CASE("stop lets the requests end that are under way, and takes no more") {
    event begun;
    event go_on;
    const auto wait = [&](const http::request&) -> std::optional<http::response> {
        begun.set();
        go_on.wait();
        return test_handler::text("done");
    };
    server_settings settings;
    settings.threads = 2;
    settings.limits.linger_time = std::chrono::milliseconds(50); // `busy` does not hang up
    auto server = std::make_unique<test_server>(
        std::make_shared<test_handler>(test_handler::never, wait), settings);
    raw_client idle(*server);
    raw_client busy(*server);
    busy.send(get(*server) + get(*server, "/second"));
    REQUIRE(begun.wait());
    server->stop();
    CHECK(idle.rest().empty());
    go_on.set();
    const auto answer = busy.receive();
    CHECK(answer.body == "done");
    CHECK(answer.header("connection") == "close");
    CHECK(busy.rest().empty());
    server->wait();
    CHECK_THROWS(raw_client(server->port()));
}

TEST_CASE("stop waits for a stuck client no longer than it says") {
    server_settings settings;
    settings.limits.stop_time = std::chrono::milliseconds(50);
    test_server server(std::make_shared<test_handler>(), settings);
    raw_client half(server);
    half.send("GET / HT");
    CHECK(raw_client(server).ask(get(server)).status == 200);
    server.stop();
    server.wait();
    CHECK(half.rest().empty());
}

TEST_CASE("a server may be stopped before, during and after anything") {
    for (int i = 0; i < 20; ++i) {
        test_server server(std::make_shared<test_handler>(), {.threads = 2});
        std::vector<raw_client> clients;
        for (int c = 0; c < i % 4; ++c)
            clients.emplace_back(server);
        if (i % 3 == 0) server.stop();
        if (i % 5 == 0) server.stop();
    }
    SUCCEED("none of them hung or crashed");
}

TEST_CASE("plain HTTP is spoken to this machine alone, unless it is asked for") {
    server_settings settings;
    settings.address = "0.0.0.0";
    const test_server refused(std::make_shared<test_handler>(), settings);
    CHECK(refused.started().error() == errc::denied);
    settings.allow_plain_text_on_the_network = true;
    const test_server taken(std::make_shared<test_handler>(), settings);
    CHECK(taken.started());
    settings.address = "nowhere.example";
    CHECK(test_server(std::make_shared<test_handler>(), settings).started().error() ==
          errc::invalid_argument);
}

TEST_CASE("requests from many clients at once on several threads all get their own answer") {
    const test_server server(std::make_shared<test_handler>(
                                 [](const http::request& in) -> std::optional<http::response> {
                                     if (in.target.size() % 2 == 0) return {};
                                     return test_handler::echo(in);
                                 },
                                 test_handler::echo),
                             {.threads = 3});
    std::vector<std::thread> threads;
    std::atomic<int> wrong{0};
    for (int t = 0; t < 6; ++t)
        threads.emplace_back([&, t] {
            raw_client client(server);
            for (int i = 0; i < 200; ++i) {
                const auto target = "/" + std::to_string(t) + "/" + std::to_string(i);
                if (client.ask(get(server, target)).body != "GET " + target + "\n") ++wrong;
            }
        });
    for (auto& t : threads)
        t.join();
    CHECK(wrong == 0);
}
