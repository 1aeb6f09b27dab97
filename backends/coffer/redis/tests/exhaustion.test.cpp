// SPDX-License-Identifier: BSL-1.0
// Memory and threads that are not to be had: each allocation of a call fails in turn, all of the
// store's own threads do, and no thread can be made.
#include "liar.hpp"
#include "redis_server.hpp"

#include <coffer/redis/async_store.hpp>
#include <coffer/redis/store.hpp>

#include <support/catch.hpp>

#include <cerrno>
#include <cstdlib>
#include <limits>
#include <new>

#include <dlfcn.h>
#include <pthread.h>

using namespace coffer;
using namespace redis_test;
using namespace std::chrono_literals;
using keys = std::vector<std::string>;
using command = std::vector<std::string>;

namespace {
constexpr auto all = std::numeric_limits<std::size_t>::max();
thread_local std::size_t allowed = all;     ///< Allocations of this thread before one fails.
thread_local bool is_of_store = false;      ///< Whether a store made this thread.
std::atomic<bool> makes_of_store{false};    ///< What is made now is.
std::atomic<bool> starving{false};          ///< All allocations of those fail.
std::atomic<std::size_t> starved{0};        ///< How many did.
std::atomic<std::size_t> threads_left{all}; ///< How many can be made.
} // namespace

/// Calls the system's, if a thread is to be had.
extern "C" auto pthread_create(::pthread_t* made, const ::pthread_attr_t* with, void* (*run)(void*),
                               void* of) noexcept -> int {
    static const auto real =
        reinterpret_cast<decltype(&pthread_create)>(::dlsym(RTLD_NEXT, "pthread_create"));
    if (threads_left == 0) return EAGAIN;
    if (threads_left != all) --threads_left;
    if (!makes_of_store) return real(made, with, run, of);
    struct start {
        void* (*run)(void*);
        void* of;
    };
    const auto marked = [](void* given) -> void* {
        is_of_store = true;
        const std::unique_ptr<start> begin(static_cast<start*>(given));
        return begin->run(begin->of);
    };
    return real(made, with, marked, new start{run, of});
}

// Not inlined: g++ 12 would see free() meet operator new and warn.
[[gnu::noinline]] auto operator new(std::size_t size, const std::nothrow_t&) noexcept -> void* {
    if (allowed != all && allowed-- == 0) return nullptr; // and allowed is `all` again
    if (is_of_store && starving) {
        ++starved;
        return nullptr;
    }
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
    with.keep = {1, 10ms};
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

TEST_CASE("without a thread to look a name up, or to watch, no store is opened, and that is said") {
    liar at;
    auto with = liar_options(at.server);
    const bool watches = GENERATE(false, true);
    with.watch = watches;
    if (!watches) with.endpoints[0].host = "localhost";
    threads_left = 0;
    const auto opened = redis::open(with);
    threads_left = all;
    REQUIRE_FALSE(opened.has_value());
    CHECK(opened.error() ==
          failure{errc::unavailable, std::error_code(EAGAIN, std::generic_category())});
    CHECK(redis::open(with).has_value());
}

TEST_CASE("the last handle of an asynchronous store may be a handler's, with no thread to be had") {
    liar at;
    std::atomic<bool> ours_is_gone{false};
    std::atomic<bool> answered{false};
    const auto told = std::make_shared<int>(0);
    {
        redis::async_store store(redis::open(liar_options(at.server)).value(), 2);
        threads_left = 0;
        store.async_load("p", keys{"k"}, [&, store, told](const result<cut>& got) {
            answered = got.has_value();
            while (!ours_is_gone)
                std::this_thread::yield();
        });
    }
    ours_is_gone = true;
    CHECK(eventually([&] { return told.use_count() == 1; }));
    CHECK(answered);
    threads_left = 1;
    const auto few = redis::open(liar_options(at.server)).value();
    CHECK_THROWS_AS(redis::async_store(few, 2), std::system_error);
    threads_left = all;
}

TEST_CASE("a watch that gets no thread to listen is whole once there is one") {
    liar at;
    auto with = liar_options(at.server);
    with.watch = true;
    with.heartbeat = 20ms;
    threads_left = 1;
    auto store = redis::open(with).value();
    std::this_thread::sleep_for(100ms); // it tries more than once
    CHECK_FALSE(store.watching());
    CHECK(store.load("p", keys{"k"}).value().at == rev('a'));
    threads_left = all;
    CHECK(eventually([&] { return store.watching(); }));
}

TEST_CASE("a watch whose threads run out of memory vouches for nothing, and is whole again later") {
    std::atomic<bool> closes{false};
    const fake_server at([&](const command& c) -> fake_server::answer {
        auto hello = fake_server::greeting(c);
        if (c[0] == "INFO" && closes) return {hello, true};
        return {hello.empty() ? good('a') : hello};
    });
    auto with = liar_options(at);
    with.endpoints[0].host = "localhost"; // each connection takes a thread
    with.watch = true;
    with.heartbeat = 20ms;
    makes_of_store = true;
    auto store = redis::open(with).value();
    REQUIRE(eventually([&] { return store.watching(); }));
    REQUIRE(store.load("p", keys{"k"}).has_value()); // which has made its connection
    starving = true;
    closes = true;
    CHECK(eventually([&] { // long enough for each to try again
        return starved > 200 && store.counted().watch_losses > 0 && !store.watching();
    }));
    closes = false;
    CHECK(store.load("p", keys{"k"}).value().at == rev('a'));
    starving = false;
    CHECK(eventually([&] { return store.watching(); }));
    makes_of_store = false;
}
