// SPDX-License-Identifier: BSL-1.0
// Handlers and threads that use one vault at the same time.
#include <coffer/asio/vault.hpp>

#include "support/catch.hpp"
#include "support/staged_store.hpp"
#include "support/vault.hpp"

#include <atomic>
#include <optional>
#include <thread>
#include <utility>

using namespace coffer;
using namespace coffer_test;

namespace {

/// What a handler is called with, waited for.
template <class T>
class answer_of {
public:
    auto handler() {
        return [this](result<T> got) {
            got_.emplace(std::move(got));
            here_ = true;
        };
    }
    auto get() -> result<T>& {
        while (!here_)
            std::this_thread::yield();
        return *got_;
    }

private:
    std::optional<result<T>> got_{};
    std::atomic<bool> here_{false};
};

} // namespace

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

TEST_CASE("an environment that is made while async_at looks for it is there; one whose remover was "
          "killed is unknown, not tampered",
          "[asio]") {
    staged_store store;
    keyring::memory_keyring keys;
    const auto open = [&] { return test_vault(store, {}, keys); };
    const context prod{.environment = "prod"};
    const auto registry = format::partition_name(cryptopp::aes_256_gcm{}, "", system_environment);
    open().ensure_environment("other").value();
    const bool writes = GENERATE(true, false);
    const auto reader = open();
    std::atomic<bool> made{false};
    // The handler's look has shown no head; then it is made; then the registry is asked.
    store.before_load([&](std::string_view partition, auto) {
        if (partition == registry && !made.exchange(true))
            open().create_environment("prod").value();
    });
    answer_of<view> seen;
    answer_of<written> put;
    if (writes) {
        asio::async_put(reader, prod, "TOKEN", "v", put.handler());
        CHECK(put.get().error() == errc::unknown_scope); // as it was when the write was tried
        CHECK(made);
    } else {
        asio::async_at(reader, prod, seen.handler());
        CHECK(seen.get());
        CHECK(made);
    }
    store.before_load({});

    auto killed = open();
    killed.engine().transact(killed.engine().slot_of("prod"), {}, {.close = true}).value();
    const auto late = open();
    answer_of<written> refused;
    asio::async_put(late, prod, "TOKEN", "v", refused.handler());
    CHECK(refused.get().error() == errc::unknown_scope);
    answer_of<view> gone;
    asio::async_at(late, prod, gone.handler());
    CHECK(gone.get().error() == errc::unknown_scope);
}
