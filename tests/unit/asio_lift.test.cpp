// SPDX-License-Identifier: BSL-1.0
// lift and block_on: each undoes the other, and what goes through both keeps all laws.
#include <coffer/asio/block_on.hpp>
#include <coffer/asio/lift.hpp>

#include "support/async_fakes.hpp"
#include "support/catch.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/catch2.hpp>
#include <coffer/testing/fake_key_provider.hpp>
#include <coffer/testing/key_provider_laws.hpp>
#include <coffer/testing/store_laws.hpp>

#include <boost/asio/bind_executor.hpp>

using namespace coffer;
using namespace coffer_test;

static_assert(asio::AsyncStore<asio::lifted_store<memory::store>>);
static_assert(asio::AsyncListableStore<asio::lifted_store<memory::store>>);
static_assert(asio::AsyncAnchoringKeyProvider<asio::lifted_keys<testing::fake_key_provider>>);
static_assert(Store<asio::blocking_store<async_fake_store>> &&
              ListableStore<asio::blocking_store<async_fake_store>>);
static_assert(AnchoringKeyProvider<asio::blocking_keys<async_fake_keys>>);

namespace {

/// A store that offers no more than the concept asks for.
struct plain_store {
    auto load(std::string_view, std::span<const std::string>) -> result<cut> {
        return errc::unavailable;
    }
    auto commit(std::string_view, revision, revision, std::span<const object_write>)
        -> result<commit_outcome> {
        return errc::unavailable;
    }
    auto limits() const noexcept -> store_limits { return {}; }
};
static_assert(asio::AsyncStore<asio::lifted_store<plain_store>>);
static_assert(!asio::AsyncListableStore<asio::lifted_store<plain_store>>);

auto pool() -> boost::asio::thread_pool&;

struct make_lifted_keys {
    using fake = testing::fake_key_provider;
    using keys_type = asio::blocking_keys<asio::lifted_keys<fake>>;
    fake inner{};
    auto operator()() -> keys_type {
        inner = {};
        return asio::block_on(asio::lift(pool(), inner));
    }
    auto reopen(keys_type& keys) -> keys_type { return keys; }
    auto add(keys_type&, std::string_view environment) -> std::string {
        const std::string id = "fake-kek-" + std::string(environment);
        inner.add_kek(id, {std::string(environment)});
        return id;
    }
    void disable(keys_type&, const std::string& id) { inner.set_state(id, fake::state::disabled); }
    void decrypt_only(keys_type&, const std::string& id) {
        inner.set_state(id, fake::state::decrypt_only);
    }
};

auto pool() -> boost::asio::thread_pool& {
    // Never destroyed: at exit, Asio's own threads may still hold what completed on it.
    static auto* const threads = new boost::asio::thread_pool(3);
    return *threads;
}

} // namespace

TEST_CASE("a store that was lifted and is blocked on keeps the store laws", "[asio]") {
    testing::run_store_laws([] { return asio::block_on(asio::lift(pool(), memory::store{})); });
}

TEST_CASE("keys that were lifted and are blocked on keep the key provider laws", "[asio]") {
    testing::run_key_provider_laws(make_lifted_keys{});
}

TEST_CASE("a native asynchronous store that is blocked on keeps the store laws", "[asio]") {
    testing::run_store_laws([] {
        return asio::block_on(async_fake_store{pool().get_executor(), memory::store{}});
    });
}

TEST_CASE("a lifted call that throws is unavailable, and a commit unknown", "[asio]") {
    struct short_of_memory : plain_store {
        auto load(std::string_view, std::span<const std::string>) -> result<cut> {
            throw std::bad_alloc{};
        }
        auto commit(std::string_view, revision, revision, std::span<const object_write>)
            -> result<commit_outcome> {
            throw std::bad_alloc{};
        }
    };
    auto store = asio::block_on(asio::lift(pool(), short_of_memory{}));
    CHECK(store.load("p", {}).error() == errc::unavailable);
    CHECK(store.commit("p", {}, {}, {}).value() == commit_outcome::unknown);
}

TEST_CASE(
    "a lifted call runs on the pool, and its handler on its own executor, not within the call",
    "[asio]") {
    struct telling_store : plain_store {
        std::thread::id* on;
        auto load(std::string_view, std::span<const std::string>) -> result<cut> {
            *on = std::this_thread::get_id();
            return cut{};
        }
    };
    std::thread::id worked;
    std::thread::id told;
    boost::asio::io_context io;
    telling_store inner;
    inner.on = &worked;
    auto store = asio::lift(pool(), inner);
    bool done = false;
    store.async_load("p", {}, boost::asio::bind_executor(io, [&](result<cut> answer) {
                         done = answer.has_value();
                         told = std::this_thread::get_id();
                     }));
    CHECK_FALSE(done);
    io.run();
    CHECK(done);
    CHECK(told == std::this_thread::get_id());
    CHECK(worked != std::this_thread::get_id());
}

TEST_CASE("a call that waits when its context goes away is unavailable, and a commit unknown",
          "[asio]") {
    gate shut;
    shut.shut();
    std::optional<result<cut>> loaded;
    std::optional<result<commit_outcome>> committed;
    std::vector<std::thread> callers;
    auto io = std::make_unique<boost::asio::io_context>();
    {
        async_fake_store native{io->get_executor(), memory::store{}, shut, shut};
        auto store = std::make_shared<asio::blocking_store<async_fake_store>>(native);
        callers.emplace_back([&, store] { loaded = store->load("p", {}); });
        callers.emplace_back(
            [&, store] { committed = store->commit("p", {}, revision{std::byte{1}}, {}); });
    }
    while (shut.waiting() != 2)
        std::this_thread::yield();
    shut.open(); // both are with the context now, which nobody runs
    io.reset();
    for (auto& c : callers)
        c.join();
    CHECK(loaded->error() == errc::unavailable);
    CHECK(committed->value() == commit_outcome::unknown);
}
