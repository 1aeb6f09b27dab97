// SPDX-License-Identifier: BSL-1.0
#include <coffer/asio/testing/async_laws.hpp>

#include "support/async_fakes.hpp"
#include "support/catch.hpp"
#include "support/law_recorder.hpp"

#include <coffer/asio/lift.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/catch2.hpp>
#include <coffer/testing/fake_key_provider.hpp>

#include <atomic>

using namespace coffer;
using coffer_test::async_fake_keys;
using coffer_test::async_fake_store;

namespace {

auto pool() -> boost::asio::thread_pool& {
    // Never destroyed: at exit, Asio's own threads may still hold what completed on it.
    static auto* const threads = new boost::asio::thread_pool(3);
    return *threads;
}

struct make_lifted_store {
    auto operator()() const { return on(pool().get_executor()); }
    auto on(boost::asio::any_io_executor where) const -> asio::lifted_store<memory::store> {
        return asio::lift(std::move(where), memory::store{});
    }
};
struct make_lifted_keys {
    auto operator()() const { return on(pool().get_executor()); }
    auto on(boost::asio::any_io_executor where) const
        -> asio::lifted_keys<testing::fake_key_provider> {
        return asio::lift(std::move(where), testing::fake_key_provider{});
    }
};
struct make_native_store {
    auto operator()() const { return on(pool().get_executor()); }
    auto on(boost::asio::any_io_executor where) const -> async_fake_store {
        return {std::move(where), memory::store{}};
    }
};
struct make_native_keys {
    auto operator()() const { return on(pool().get_executor()); }
    auto on(boost::asio::any_io_executor where) const -> async_fake_keys {
        return {std::move(where), testing::fake_key_provider{}};
    }
};

enum class defect {
    none,
    keeps_references,
    calls_inside,
    calls_on_its_own_executor,
    calls_twice,
    cancelled_load_fails_otherwise,
    cancelled_commit_lies,
    keeps_handlers,
};

/// A store with one defect: what the suite is there to notice. It works when the handler is due.
struct broken_store {
    defect what;
    boost::asio::any_io_executor executor;
    memory::store held{};
    std::shared_ptr<std::vector<std::shared_ptr<void>>> kept =
        std::make_shared<std::vector<std::shared_ptr<void>>>();

    auto get_executor() const noexcept -> boost::asio::any_io_executor { return executor; }
    auto limits() const noexcept -> store_limits { return held.limits(); }

    template <class Handler>
    void async_load(const std::string& partition, const std::vector<std::string>& keys,
                    Handler handler) {
        if (what == defect::keeps_references)
            return later(std::move(handler), [held = held, &partition, &keys]() mutable {
                return held.load(partition, keys);
            });
        later(std::move(handler),
              [held = held, partition, keys]() mutable { return held.load(partition, keys); });
    }
    template <class Handler>
    void async_commit(std::string partition, revision expected, revision next,
                      asio::shared_writes writes, Handler handler) {
        later(std::move(handler), [held = held, partition, expected, next, writes]() mutable {
            return held.commit(partition, expected, next, *writes);
        });
    }

private:
    template <class Handler, class Work>
    void later(Handler handler, Work work) {
        using result_type = decltype(work());
        constexpr bool commits = std::is_same_v<result_type, result<commit_outcome>>;
        auto where = boost::asio::get_associated_executor(handler, executor);
        auto given_up = std::make_shared<std::atomic<bool>>(false);
        if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected())
            slot.assign([given_up](boost::asio::cancellation_type) { *given_up = true; });
        auto shared = std::make_shared<Handler>(std::move(handler));
        if (what == defect::calls_inside) return (*shared)(work());
        if (what == defect::keeps_handlers) kept->push_back(shared);
        auto call = [what = what, shared, work, given_up]() mutable {
            auto answer = work();
            if (*given_up && what == defect::cancelled_load_fails_otherwise && !commits)
                answer = errc::unavailable;
            if (*given_up && what == defect::cancelled_commit_lies && commits)
                answer = errc::cancelled;
            (*shared)(std::move(answer));
        };
        if (what == defect::calls_on_its_own_executor) return boost::asio::post(executor, call);
        boost::asio::post(where, call);
        if (what == defect::calls_twice) boost::asio::post(where, call);
    }
};
static_assert(asio::AsyncStore<broken_store>);

struct make_broken {
    defect what;
    std::vector<broken_store> all{}; // the kept handlers outlive their context

    auto operator()() -> broken_store { return on(pool().get_executor()); }
    auto on(boost::asio::any_io_executor where) -> broken_store {
        all.push_back({what, std::move(where)});
        return all.back();
    }
};

struct expectation {
    defect what;
    std::string laws;
};

} // namespace

TEST_CASE("stores that are lifted keep the laws of asynchronous ones", "[asio]") {
    make_lifted_store lifted;
    testing::run_laws(testing::async_laws<make_lifted_store>, lifted);
}
TEST_CASE("stores that are asynchronous keep the laws of those", "[asio]") {
    make_native_store native;
    testing::run_laws(testing::async_laws<make_native_store>, native);
}
TEST_CASE("keys that are lifted keep the laws of asynchronous ones", "[asio]") {
    make_lifted_keys lifted;
    testing::run_laws(testing::async_laws<make_lifted_keys>, lifted);
}
TEST_CASE("keys that are asynchronous keep the laws of those", "[asio]") {
    make_native_keys native;
    testing::run_laws(testing::async_laws<make_native_keys>, native);
}

TEST_CASE("each law of asynchronous stores notices the store that breaks it, and the others do not",
          "[asio]") {
    const auto expected = GENERATE(values<expectation>({
        {defect::none, ""},
        {defect::keeps_references, "N1"},
        {defect::calls_inside, "N2"},
        {defect::calls_on_its_own_executor, "N2"},
        {defect::calls_twice, "N2"},
        {defect::cancelled_load_fails_otherwise, "N3"},
        {defect::cancelled_commit_lies, "N3"},
        {defect::keeps_handlers, "N4"},
    }));
    make_broken make{expected.what};
    CAPTURE(static_cast<int>(expected.what));
    CHECK(broken_laws(testing::async_laws<make_broken>, make) == expected.laws);
}

TEST_CASE("that a dropped handler can't be checked is said", "[asio]") {
    auto make = [] { return make_lifted_store{}(); };
    recording_checker check;
    testing::async_laws<decltype(make)>.back().check(make, check);
    CHECK(check.not_applicable() == 1);
}
