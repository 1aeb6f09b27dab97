// SPDX-License-Identifier: BSL-1.0
// Memory that is not to be had: each allocation of a call fails in turn.
#include "liar.hpp"

#include <coffer/redis/store.hpp>

#include <support/catch.hpp>

#include <cstdlib>
#include <limits>
#include <new>

using namespace coffer;
using namespace redis_test;
using keys = std::vector<std::string>;
using command = std::vector<std::string>;

namespace {
constexpr auto all = std::numeric_limits<std::size_t>::max();
thread_local std::size_t allowed =
    all; ///< How many allocations of this thread succeed, then one fails.
} // namespace

// Not inlined: g++ 12 would see free() meet operator new and warn.
[[gnu::noinline]] auto operator new(std::size_t size, const std::nothrow_t&) noexcept -> void* {
    if (allowed != all && allowed-- == 0) return nullptr; // and allowed is `all` again
    return std::malloc(size);
}
[[gnu::noinline]] auto operator new(std::size_t size) -> void* {
    if (auto* const got = operator new(size, std::nothrow)) return got;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    std::free(p);
}

namespace {

/// Runs something whose n-th allocation fails; whether it came to that.
template <class F>
auto without_memory(std::size_t n, F run) -> bool {
    allowed = n;
    try {
        run();
    } catch (const std::bad_alloc&) {
    }
    const bool struck = allowed == all;
    allowed = all;
    return struck;
}

const std::string value(100'000, 'v');
const std::string large = "*2\r\n" + revision_reply('a') + "$100000\r\n" + value + "\r\n";

} // namespace

TEST_CASE("a load that runs out of memory anywhere leaves the store whole") {
    const bool anew = GENERATE(false, true); // each load over a connection of its own
    liar at;
    at.says({large, anew});
    auto store = redis::open(liar_options(at.server)).value();
    std::size_t n = 0;
    while (without_memory(n, [&] { static_cast<void>(store.load("p", keys{"k"})); })) {
        CAPTURE(n);
        REQUIRE(store.load("p", keys{"k"}).value().at == rev('a'));
        ++n;
    }
    CHECK(n > 10);
}

TEST_CASE("threads that share a connection with one that runs out of memory are all answered") {
    liar at;
    at.says({large});
    auto store = redis::open(liar_options(at.server)).value();
    for (std::size_t n = 0; n < 40; ++n) {
        std::atomic<int> answered{0};
        std::vector<std::thread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                const auto load = [&] {
                    const auto got = store.load("p", keys{"k"});
                    if (got ? got->at == rev('a') : is_typed(got.error())) ++answered;
                };
                if (t == 0 && without_memory(n, load)) ++answered;
                load();
            });
        for (auto& t : threads)
            t.join();
        CAPTURE(n);
        REQUIRE(answered >= 5);
        REQUIRE(store.load("p", keys{"k"}).value().at == rev('a'));
    }
}

TEST_CASE("a commit that runs out of memory is told of once replicas have it") {
    const fake_server at([](const command& c) -> fake_server::answer {
        if (auto hello = fake_server::greeting(c); !hello.empty()) return {hello};
        return {c[0] == "HMGET" ? "*1\r\n" + revision_reply('b') : ":1\r\n"};
    });
    auto with = liar_options(at);
    with.keep = {1, std::chrono::milliseconds(10)};
    auto store = redis::open(with).value();
    // Also makes the connection, which would be no part of later rounds.
    REQUIRE(store.commit("p", rev('a'), rev('b'), {}).value() == commit_outcome::committed);
    std::size_t n = 0;
    while (
        without_memory(n, [&] { static_cast<void>(store.commit("p", rev('a'), rev('b'), {})); })) {
        CAPTURE(n);
        REQUIRE(store.load("p", {}).value().at == rev('b'));
        ++n;
    }
    CHECK(n > 10);
}
