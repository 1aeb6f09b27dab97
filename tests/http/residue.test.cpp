// SPDX-License-Identifier: BSL-1.0
// What a server's memory holds of tokens and values once a request is answered.
#include "http/raw_client.hpp"
#include "http/test_server.hpp"
#include "support/memory_scan.hpp"
#include "support/sanitized.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace coffer_test;

namespace {

auto text_of(const canary& of) -> http::wiped_text {
    const auto plain = of.plain();
    return http::wiped_text(coffer::as_text(plain));
}

/// A request with a token and the beginning of a body of that size.
auto request_of(const test_server& to, const canary& token, const http::wiped_text& body,
                std::size_t size) -> http::wiped_text {
    http::wiped_text out;
    out.append("POST / HTTP/1.1\r\nHost: ").append(to.host());
    out.append("\r\nAuthorization: Bearer ").append(text_of(token));
    out.append("\r\nContent-Length: ").append(std::to_string(size));
    out.append("\r\n\r\n").append(body);
    return out;
}

/// Sends a request with a token and a body, reads an answer that repeats both, and keeps neither.
void exchange(raw_client& client, const test_server& to, const canary& token, const canary& value) {
    const auto body = text_of(value);
    REQUIRE(client.send(request_of(to, token, body, body.size())));
    coffer::wiped_bytes answer(64 * 1024);
    for (std::size_t have = 0;;) {
        const auto n = ::recv(client.native(), answer.data() + have, answer.size() - have, 0);
        REQUIRE(n > 0);
        have += static_cast<std::size_t>(n);
        if (coffer::as_text({answer.data(), have}).ends_with(body)) break;
    }
}

auto can_be_searched() -> bool {
    if (!is_sanitized && ::access("/proc/self/mem", R_OK) == 0) return true;
    WARN("skipped: this process's memory can't be searched");
    return false;
}

} // namespace

TEST_CASE("nothing of a token or a value stays behind in the server's memory") {
    if (!can_be_searched()) return;
    const auto repeat = [](const http::request& in) -> std::optional<http::response> {
        if (in.body.empty()) return test_handler::text("");
        std::array<char, 8192> careless{}; // as a parser's or a cipher's own buffers
        for (std::size_t at = 0; at + in.body.size() <= careless.size(); at += in.body.size() + 1)
            std::copy(in.body.begin(), in.body.end(), careless.data() + at);
        __asm__ __volatile__("" : : "r"(careless.data()) : "memory");
        http::response out;
        out.body.append(in.header_of("authorization")).append(in.body);
        return out;
    };
    const bool at_once = GENERATE(true, false);
    const test_server server(at_once ? std::make_shared<test_handler>(repeat)
                                     : std::make_shared<test_handler>(test_handler::never, repeat));
    const canary token(48);
    const canary value(96);
    raw_client client(server);
    exchange(client, server, token, value);
    // The next answer says that the first request was forgotten.
    CHECK(client.ask(get(server)).status == 200);
    CHECK(copies_in_memory(value) == 0);
    CHECK(copies_in_memory(token) == 0);
}

TEST_CASE("nothing stays behind of the token of a request that the next may repeat") {
    if (!can_be_searched()) return;
    const bool at_once = GENERATE(true, false);
    const auto size = [](const http::request& in) -> std::optional<http::response> {
        return test_handler::text(std::to_string(in.header_of("authorization").size()));
    };
    const test_server server(at_once ? std::make_shared<test_handler>(size)
                                     : std::make_shared<test_handler>(test_handler::never, size));
    raw_client client(server);
    const auto ask = [&](const canary& token) {
        http::wiped_text text;
        text.append("GET /v1/secrets HTTP/1.1\r\nHost: ").append(server.host());
        text.append("\r\nAuthorization: Bearer ").append(text_of(token)).append("\r\n\r\n");
        return client.ask(text).body;
    };
    const canary first(48);
    const canary second(48);
    CHECK(ask(first) == ask(first));
    CHECK(ask(second) == ask(second)); // the connection still waits for one that repeats it
    // A worker's own memory: the next answer says that the request before was forgotten.
    CHECK(raw_client(server).ask(get(server)).status == 200);
    CHECK(copies_in_memory(first) == 0);
    CHECK(copies_in_memory(second) == 0);
}

TEST_CASE("nothing stays behind of a client that hangs up in the middle of its body") {
    if (!can_be_searched()) return;
    const test_server server(std::make_shared<test_handler>());
    const canary token(48);
    const canary value(96);
    {
        raw_client client(server);
        REQUIRE(client.ask(get(server)).status == 200);
        REQUIRE(client.send(request_of(server, token, text_of(value), 1000)));
    }
    while (server.counters().connections() != 0)
        std::this_thread::yield();
    CHECK(copies_in_memory(value) == 0);
    CHECK(copies_in_memory(token) == 0);
}
