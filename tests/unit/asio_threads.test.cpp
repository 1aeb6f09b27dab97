// SPDX-License-Identifier: BSL-1.0
// Handlers and threads that use one vault at the same time.
#include <coffer/asio/vault.hpp>

#include "support/catch.hpp"
#include "support/vault.hpp"

#include <atomic>
#include <thread>

using namespace coffer;
using namespace coffer_test;

TEST_CASE("threads and handlers that read and write one environment lose nothing and wait for "
          "nobody for ever",
          "[asio]") {
    test_vault v{memory::store{}, {}, keyring::memory_keyring{}};
    v.ensure_environment("env").value();
    v.put({.environment = "env"}, "TOKEN", "one").value();
    boost::asio::thread_pool pool(3);
    const auto lifted = asio::lift(pool, v);
    constexpr int each = 40;
    std::atomic<int> answered{0};
    std::atomic<int> failed{0};
    const auto count = [&](const auto& answer) {
        if (!answer) ++failed;
        ++answered;
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < 2; ++t) {
        threads.emplace_back([&, t] {
            auto mine = v;
            for (int i = 0; i < each; ++i) {
                count(mine.put({.environment = "env"},
                               "S" + std::to_string(t) + "_" + std::to_string(i), "v"));
                count(mine.resolver().get({.environment = "env"}, "TOKEN"));
            }
        });
        threads.emplace_back([&, t] {
            for (int i = 0; i < each; ++i) {
                const auto name = "A" + std::to_string(t) + "_" + std::to_string(i);
                asio::async_put(lifted, {.environment = "env"}, name, "v",
                                [&](result<written> w) { count(w); });
                asio::async_get(lifted, {.environment = "env"}, "TOKEN",
                                [&](result<secret> s) { count(s); });
            }
        });
    }
    for (auto& t : threads)
        t.join();
    while (answered != 4 * each * 2)
        std::this_thread::yield();
    CHECK(failed == 0);
    CHECK(v.list({.environment = "env"}).value().size() == 4 * each + 1);
}
