// SPDX-License-Identifier: BSL-1.0
#include "http/raw_client.hpp"
#include "http/test_server.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace coffer_test;
using namespace std::chrono_literals;

namespace {
auto server_of_echoes(http::limits limits = patient_limits()) -> test_server {
    server_settings settings;
    settings.limits = limits;
    return test_server(std::make_shared<test_handler>(), settings);
}
/// Of a server that waits until a refused client was silent for long: here each hangs up by itself.
auto server_that_lingers() -> test_server {
    auto limits = patient_limits();
    limits.linger_time = 10min;
    return server_of_echoes(limits);
}
auto value_of(const test_server& server, const std::string& metric) -> long {
    const auto text = server.counters().text();
    return std::atol(text.c_str() + text.find("\n" + metric + " ") + metric.size() + 2);
}
} // namespace

TEST_CASE("a head of 8 KiB is taken, one of 16 KiB is not") {
    const auto server = server_that_lingers();
    const auto rest = get(server).size() + std::string("X: \r\n").size();
    const auto of_size = [&](std::size_t n) {
        return text_of(server, "GET", "/", "X: " + std::string(n - rest, 'a') + "\r\n");
    };
    CHECK(raw_client(server).ask(of_size(8192)).status == 200);
    CHECK(raw_client(server).ask(of_size(16383)).status == 200);
    CHECK(raw_client(server).ask(of_size(16384)).status == 431);
    CHECK(raw_client(server).ask(of_size(1'000'000)).status == 431);
    CHECK(raw_client(server).ask(get(server, "/" + std::string(200'000, 'a'))).status == 414);
    std::string many;
    for (int i = 0; i < 20'000; ++i)
        many += "X-" + std::to_string(i) + ": a\r\n";
    CHECK(raw_client(server).ask(text_of(server, "GET", "/", many)).status == 431);
}

TEST_CASE("a body of 512 KiB is taken, one of 1 MiB refused, announced or chunked") {
    const auto server = server_that_lingers();
    const auto chunked = [&](std::size_t n) {
        std::string out = text_of(server, "POST", "/", "Transfer-Encoding: chunked\r\n");
        for (; n != 0; n -= std::min<std::size_t>(n, 4096))
            out += "1000;ext\r\n" + std::string(4096, 'a') + "\r\n";
        return out + "0\r\n\r\n";
    };
    const std::string good(512 * 1024, 'a');
    const std::string bad(1024 * 1024, 'a');
    CHECK(raw_client(server).ask(text_of(server, "POST", "/", "", good)).body.ends_with(good));
    CHECK(raw_client(server).ask(chunked(good.size())).body.ends_with(good));
    // All of it is sent before the answer is looked at: it must not have been destroyed.
    CHECK(raw_client(server).ask(text_of(server, "POST", "/", "", bad)).status == 413);
    CHECK(raw_client(server).ask(chunked(bad.size())).status == 413);
}

TEST_CASE("a client that is refused may finish sending, and is not reset") {
    const auto server = server_that_lingers();
    raw_client client(server);
    CHECK(client.send(text_of(server, "POST", "/", "", std::string(std::size_t{16} << 20, 'a'))));
    CHECK(client.receive().status == 413);
    client.end_sending();
    CHECK(client.rest().empty());
}

TEST_CASE("a length that is only announced is refused at once, and takes no memory") {
    const auto server = server_of_echoes();
    for (const auto* length : {"524289", "99999999999", "99999999999999999999"})
        CHECK(raw_client(server)
                  .ask(text_of(server, "POST", "/",
                               "Content-Length: " + std::string(length) + "\r\n"))
                  .status == 413);
}

TEST_CASE("a chunk header without an end is refused") {
    const auto server = server_of_echoes();
    const auto answer =
        raw_client(server).ask(text_of(server, "POST", "/", "Transfer-Encoding: chunked\r\n") +
                               "1;" + std::string(20'000, 'x'));
    CHECK(answer.status == 400);
}

TEST_CASE("bodies that are held at once are bounded over all connections") {
    auto limits = patient_limits();
    limits.bodies = 410 * 1024; // of two such bodies one fits, however memory grows
    const auto server = server_of_echoes(limits);
    const std::string body(200 * 1024, 'a');
    raw_client first(server);
    const auto request = text_of(server, "POST", "/", "", body);
    first.send(request.substr(0, request.size() - 1));
    while (value_of(server, "coffer_http_body_bytes") < 200 * 1024)
        std::this_thread::yield(); // until all of it has been read
    CHECK(raw_client(server).ask(request).status == 503);
    CHECK(first.ask(request.substr(request.size() - 1)).status == 200);
    CHECK(raw_client(server).ask(request).status == 200);
}

TEST_CASE("nothing is held of a body whose head is refused, and it is read to its end") {
    auto limits = patient_limits();
    limits.bodies = 100;
    const auto server = server_of_echoes(limits);
    const std::string body(200 * 1024, 'a');
    const auto length = "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    const std::string chunks = "Transfer-Encoding: chunked\r\n\r\n32000\r\n";
    raw_client client(server);
    const std::string other = "POST / HTTP/1.1\r\nHost: evil.example\r\n";
    CHECK(client.ask(other + length + body).status == 421);
    CHECK(client.ask(other + chunks + body + "\r\n0\r\n\r\n").status == 421);
    CHECK(client.ask(text_of(server, "POST", "/a#b", "", body)).status == 400);
    CHECK(client.ask(text_of(server, "POST", "/a", "", "body")).body.ends_with("body"));
}

TEST_CASE("who sends no body is served while the memory for bodies is taken") {
    auto limits = patient_limits();
    limits.bodies = 100;
    const auto server = server_of_echoes(limits);
    raw_client first(server);
    const auto request = text_of(server, "POST", "/", "", std::string(95, 'a'));
    first.send(request.substr(0, request.size() - 1));
    while (value_of(server, "coffer_http_body_bytes") < 95)
        std::this_thread::yield();
    CHECK(raw_client(server).ask(request).status == 503);
    CHECK(raw_client(server).ask(get(server)).status == 200);
    CHECK(first.ask(request.substr(request.size() - 1)).status == 200);
}

TEST_CASE("of a body whose sender is unknown no more than the beginning is taken") {
    struct of_strangers final : test_handler {
        std::atomic<bool> known{false};
        auto knows_sender(const http::request& head) -> bool override {
            return known && head.header_of("x-token") == "good";
        }
    };
    const auto answers = std::make_shared<of_strangers>();
    const test_server server(answers);
    const auto request =
        text_of(server, "POST", "/", "X-Token: good\r\n", std::string(200 * 1024, 'a'));
    raw_client stranger(server);
    stranger.send(request.substr(0, 100 * 1024)); // and no more of it
    const auto refused = stranger.receive();
    CHECK(refused.body == "POST /\nx-token=good\ncontent-length=204800\n");
    CHECK(value_of(server, "coffer_http_body_bytes") == 0);
    CHECK(refused.header("connection") == "close");
    const auto little = text_of(server, "POST", "/", "", std::string(16 * 1024, 'a'));
    CHECK(raw_client(server).ask(little).status == 200);
    raw_client kept(server); // nothing is wrong with how it says where it ends
    const auto sent = kept.ask(text_of(server, "POST", "/", "", std::string(64 * 1024, 'a')));
    CHECK(sent.body.starts_with("POST /\n"));
    CHECK(sent.body.size() < 1024);
    CHECK(kept.ask(get(server)).status == 200);
    answers->known = true;
    CHECK(raw_client(server).ask(request).body.size() > 200 * 1024);
}

TEST_CASE("a client that stops in the middle is let go") {
    auto limits = patient_limits();
    limits.head_time = limits.request_time = limits.idle_time = 50ms;
    const auto server = server_of_echoes(limits);
    raw_client idle(server);
    raw_client half_head(server);
    raw_client half_body(server);
    half_head.send("GET / HT");
    half_body.send(text_of(server, "POST", "/", "Content-Length: 5\r\n") + "abc");
    CHECK(idle.rest().empty());
    CHECK(half_head.rest().empty());
    CHECK(half_body.rest().empty());
}

TEST_CASE("sending a byte now and then does not hold a connection open") {
    auto limits = patient_limits();
    limits.head_time = 100ms;
    const auto server = server_of_echoes(limits);
    raw_client client(server);
    std::size_t sent = 0; // no status is asserted: only that it ends
    client.send("GET /");
    while (client.send("a") && ++sent < 10'000)
        std::this_thread::sleep_for(5ms);
    CHECK(sent < 10'000);
}

TEST_CASE("who does not take its answer is let go, and the others do not notice") {
    auto limits = patient_limits();
    limits.write_time = 2s; // enough to make the large answer, and to give the others theirs
    server_settings settings;
    settings.limits = limits;
    const auto large = [](const http::request& in) -> std::optional<http::response> {
        if (in.target == "/small") return test_handler::text("small");
        return test_handler::text(std::string(std::size_t{64} << 20, 'a'));
    };
    const test_server server(std::make_shared<test_handler>(large), settings);
    raw_client stuck(server);
    stuck.send(get(server, "/large"));
    stuck.receive(true);
    raw_client other(server);
    CHECK(other.ask(get(server, "/small")).body == "small"); // both are counted
    while (server.counters().connections() > 1)              // the stuck one is let go
        CHECK(other.ask(get(server, "/small")).body == "small");
}

TEST_CASE("who takes its answer slowly gets all of it") {
    auto limits = patient_limits();
    limits.write_time = 3s;
    server_settings settings;
    settings.limits = limits;
    const auto large = [](const http::request&) -> std::optional<http::response> {
        return test_handler::text(std::string(std::size_t{32} << 20, 'a'));
    };
    const test_server server(std::make_shared<test_handler>(large), settings);
    for (;;) {
        raw_client client(server);
        client.send(get(server) + text_of(server, "GET", "/", "Connection: close\r\n"));
        auto longest = 0ns; // between two looks at what came
        auto looked = std::chrono::steady_clock::now();
        const auto look = [&] {
            const auto now = std::chrono::steady_clock::now();
            longest = std::max<std::chrono::nanoseconds>(longest, now - std::exchange(looked, now));
        };
        bool all = true;
        for (int i = 0; i < 110; ++i) {
            std::this_thread::sleep_for(30ms); // longer in all than it may take nothing
            all = client.skip(200'000) && all;
            look();
        }
        all = client.rest().size() > (std::size_t{38} << 20) && all;
        look();
        if (!all && longest > 1s) continue; // the machine stood still: that is not slowly
        CHECK(all);
        break;
    }
}

TEST_CASE("others are served while 200 connections are idle and 40 are stuck half way") {
    const auto server = server_of_echoes();
    std::vector<raw_client> idle;
    for (int i = 0; i < 240; ++i) {
        idle.emplace_back(server);
        if (i % 6 == 0) idle.back().send("POST / HTTP/1.1\r\nContent-Le");
    }
    for (int i = 0; i < 50; ++i)
        CHECK(raw_client(server).ask(get(server)).status == 200);
    CHECK(idle.front().ask("ngth: 1\r\nHost: " + server.host() + "\r\n\r\nx").status == 200);
}

TEST_CASE("a request that waits delays nobody else's") {
    event release;
    const auto wait = [&release](const http::request&) -> std::optional<http::response> {
        release.wait();
        return test_handler::text("slow");
    };
    const auto quick = [](const http::request& in) -> std::optional<http::response> {
        if (in.target == "/slow") return {};
        return test_handler::text("quick");
    };
    const test_server server(std::make_shared<test_handler>(quick, wait));
    std::vector<raw_client> slow;
    for (int i = 0; i < 40; ++i) {
        slow.emplace_back(server);
        slow.back().send(get(server, "/slow"));
    }
    CHECK(raw_client(server).ask(get(server)).body == "quick");
    release.set();
    for (auto& client : slow)
        CHECK(client.receive().body == "slow");
}

TEST_CASE("changes that wait, however many, delay no read that waits for nothing") {
    event release;
    const auto answer = [&release](const http::request& in) -> std::optional<http::response> {
        if (in.target == "/change") release.wait();
        return test_handler::text(in.target);
    };
    const auto never_at_once = [](const http::request&) -> std::optional<http::response> {
        return {};
    };
    struct with_posts_that_read final : test_handler {
        using test_handler::test_handler;
        auto only_reads(const http::request& head) const noexcept -> bool override {
            return test_handler::only_reads(head) || head.target == "/read";
        }
    };
    server_settings settings;
    settings.limits = patient_limits();
    settings.limits.workers = 8;
    const test_server server(std::make_shared<with_posts_that_read>(never_at_once, answer),
                             settings);
    std::vector<raw_client> changes;
    for (int i = 0; i < 40; ++i) {
        changes.emplace_back(server);
        changes.back().send(text_of(server, "POST", "/change", "Content-Length: 0\r\n"));
    }
    while (value_of(server, "coffer_http_worker_queue") < 36) // all four threads have one
        std::this_thread::sleep_for(1ms);
    CHECK(raw_client(server).ask(get(server)).body == "/");
    const auto post = text_of(server, "POST", "/read", "Content-Length: 0\r\n");
    CHECK(raw_client(server).ask(post).body == "/read");
    release.set();
    for (auto& client : changes)
        CHECK(client.receive().body == "/change");
}

TEST_CASE("clients that hang up early are nobody's problem") {
    std::atomic<int> begun{0};
    event hung_up;
    const auto wait = [&](const http::request&) -> std::optional<http::response> {
        ++begun;
        hung_up.wait();
        return test_handler::text(std::string(1'000'000, 'a'));
    };
    const auto quick = [](const http::request& in) -> std::optional<http::response> {
        if (in.target == "/slow") return {};
        return test_handler::text("quick");
    };
    const test_server server(std::make_shared<test_handler>(quick, wait));
    const auto whole = text_of(server, "POST", "/", "", "body");
    for (std::size_t n = 0; n < whole.size(); n += 5)
        raw_client(server).send(whole.substr(0, n));
    for (int i = 1; i <= 5; ++i) {
        raw_client client(server);
        client.send(get(server, "/slow"));
        while (begun < i)
            std::this_thread::yield();
    }
    hung_up.set();
    CHECK(raw_client(server).ask(get(server)).body == "quick");
}

TEST_CASE("connections over the limit are closed, and room comes back") {
    auto limits = patient_limits();
    limits.connections = 2;
    const auto server = server_of_echoes(limits);
    raw_client first(server);
    {
        raw_client second(server);
        CHECK(first.ask(get(server)).status == 200);
        CHECK(second.ask(get(server)).status == 200);
        CHECK(raw_client(server).rest().empty());
    }
    while (raw_client(server).ask(get(server)).status != 200) {
    }
    CHECK(first.ask(get(server)).status == 200);
}

TEST_CASE("garbage of any kind leaves the server up") {
    const auto server = server_of_echoes();
    std::uint32_t state = 1;
    const auto next = [&state] { return state = state * 1664525U + 1013904223U; };
    const auto good = text_of(server, "POST", "/a?b=c", "Transfer-Encoding: chunked\r\n") +
                      "4;x=y\r\nbody\r\n0\r\nX: y\r\n\r\n";
    for (int round = 0; round < 400; ++round) {
        auto bytes = good;
        for (int i = 0; i < 1 + round % 4; ++i)
            bytes[(next() >> 8) % bytes.size()] = static_cast<char>(next() >> 24);
        raw_client client(server);
        client.send(bytes);
        client.end_sending();
        client.rest();
    }
    CHECK(raw_client(server).ask(good).status == 200);
}
