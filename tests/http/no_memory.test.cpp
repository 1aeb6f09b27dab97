// SPDX-License-Identifier: BSL-1.0
// What becomes of a request whose answer, and whose refusal too, need memory that there is not.
#include "http/api_world.hpp"
#include "http/raw_client.hpp"
#include "http/test_server.hpp"

#include "support/catch.hpp"
#include "support/denied_memory.hpp"

#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

using namespace coffer_test;

TEST_CASE("Where there is no memory for an answer nor for its refusal only the request fails") {
    http::api_options with;
    with.page = [](const http::request&) -> http::response {
        denied = 1;
        throw std::bad_alloc();
    };
    const api_world w({}, std::move(with));
    const auto in = api_world::request_of("GET", "/", {}, {});
    const bool now = w.service->try_now(in).has_value();
    denied = 0;
    CHECK_FALSE(now);
    CHECK_THROWS_AS(w.service->handle(in), std::bad_alloc);
    CHECK(w.service->handle(api_world::request_of("GET", "/livez", {}, {})).status == 200);
}

TEST_CASE("A server answers 500 where not even the refusal finds memory, and goes on") {
    const auto answer = [](const http::request& in) -> std::optional<http::response> {
        if (in.target == "/good") return test_handler::text("good");
        denied = 1;
        throw std::bad_alloc();
    };
    const bool at_once = GENERATE(true, false);
    const test_server server(at_once ? std::make_shared<test_handler>(answer)
                                     : std::make_shared<test_handler>(test_handler::never, answer));
    raw_client client(server);
    CHECK(client.ask(get(server, "/bad")).status == 500);
    CHECK(client.ask(get(server, "/good")).body == "good");
}

TEST_CASE("A server that had no memory for a connection takes the next one") {
    const test_server server(std::make_shared<test_handler>([](const http::request&) {
        is_there = true;
        return test_handler::text("good");
    }));
    std::vector<raw_client> held; // else the next connection is given the memory of the last
    for (int n = 1; n <= 40; ++n) {
        held.emplace_back(server);
        REQUIRE(held.back().ask(get(server, "/")).body == "good");
        denied_there = n;
        held.emplace_back(server);
        (void)held.back().ask(get(server, "/"));
        denied_there = 0;
    }
}

namespace {

/// A stream that finds no thread to begin with, or no memory to go on.
struct failing_stream : http::stream {
    bool at_start;

    explicit failing_stream(bool s) : at_start(s) {}
    void start(sink send) override {
        if (at_start)
            throw std::system_error(
                std::make_error_code(std::errc::resource_unavailable_try_again));
        send("first");
    }
    void drained() override { throw std::bad_alloc(); }
};

} // namespace

TEST_CASE("A stream that can't begin, or go on, ends its connection") {
    const bool at_start = GENERATE(true, false);
    const test_server server(std::make_shared<test_handler>([at_start](const http::request&) {
        auto out = test_handler::text("");
        out.follow = std::make_shared<failing_stream>(at_start);
        return out;
    }));
    raw_client client(server);
    client.send(get(server, "/"));
    CHECK(client.rest().ends_with(at_start ? "\r\n\r\n" : "first\r\n"));
}

TEST_CASE("An answer for whose way back there is no memory is waited for, and given") {
    const int n = GENERATE(range(1, 5));
    const test_server server(std::make_shared<test_handler>(test_handler::never, [n](auto&) {
        auto out = test_handler::text("good");
        denied = n;
        return out;
    }));
    CHECK(raw_client(server).ask(get(server, "/")).body == "good");
}

TEST_CASE("Where there is no memory to find out who sends a long body it is answered 500") {
    struct forgetful : test_handler {
        auto knows_sender(const http::request&) -> bool override { throw std::bad_alloc(); }
    };
    server_settings with;
    with.limits.unknown_body = 10;
    const test_server server(std::make_shared<forgetful>(), with);
    raw_client client(server);
    const auto answer = client.ask("POST / HTTP/1.1\r\nHost: " + server.host() +
                                   "\r\nContent-Length: 30\r\n\r\n01234567890123456789");
    CHECK(answer.status == 500);
    CHECK(answer.header("connection") == "close");
    client.send("0123456789");
    client.end_sending();
    CHECK(client.rest().empty());
}
