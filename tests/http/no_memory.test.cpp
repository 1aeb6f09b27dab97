// SPDX-License-Identifier: BSL-1.0
// What becomes of a request whose answer, and whose refusal too, need memory that there is not.
#include "http/api_world.hpp"
#include "http/raw_client.hpp"
#include "http/test_server.hpp"

#include "support/catch.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <utility>

using namespace coffer_test;

namespace {
thread_local int denied = 0; ///< So many allocations of this thread fail.
} // namespace

// Not inline: else the compiler sees free() of what operator new has made, and says so.
[[gnu::noinline]] void* operator new(std::size_t size) {
    if (denied > 0 && denied-- > 0) throw std::bad_alloc();
    if (auto* out = std::malloc(size)) return out;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return denied > 0 && denied-- > 0 ? nullptr : std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

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
