// SPDX-License-Identifier: BSL-1.0
#include "support/algorithm_drivers.hpp"

#include "support/async_fakes.hpp"

#include <coffer/algorithm/drive.hpp>
#include <coffer/asio/block_on.hpp>
#include <coffer/asio/lift.hpp>
#include <coffer/asio/run.hpp>

#include <boost/asio/bind_executor.hpp>

#include <cassert>

namespace coffer_test {
namespace {

using namespace coffer;

template <class Derived>
class driver : public algorithm_driver {
    auto look(std::unique_ptr<test_refresh> a, any_store store, any_key_provider keys)
        -> result<test_snapshot> override {
        return self().run(std::move(a), std::move(store), std::move(keys));
    }
    auto change(std::unique_ptr<test_transact> a, any_store store, any_key_provider keys)
        -> result<algorithm::transacted<test_cipher>> override {
        return self().run(std::move(a), std::move(store), std::move(keys));
    }
    auto verify(std::unique_ptr<test_verify> a, any_store store, any_key_provider keys)
        -> result<verification> override {
        return self().run(std::move(a), std::move(store), std::move(keys));
    }
    auto self() -> Derived& { return static_cast<Derived&>(*this); }
};

/// Runs an algorithm on a context of its own, on this thread.
template <class A, class S, class K>
auto run_here(boost::asio::io_context& io, std::unique_ptr<A> a, S store, K keys) {
    std::optional<result<typename A::value_type>> end;
    asio::async_run(std::move(a), store, keys, boost::asio::bind_executor(io, [&](auto answer) {
                        assert(!end);
                        end = std::move(answer);
                    }));
    assert(!end); // never inside the initiating call
    io.run();
    return *std::move(end);
}

struct synchronous final : driver<synchronous> {
    auto name() const -> std::string_view override { return "run"; }
    template <class A>
    auto run(std::unique_ptr<A> a, any_store store, any_key_provider keys) {
        return algorithm::run(*a, store, keys);
    }
};
struct lifted final : driver<lifted> {
    boost::asio::thread_pool pool{1};
    auto name() const -> std::string_view override { return "async_run over lift"; }
    template <class A>
    auto run(std::unique_ptr<A> a, any_store store, any_key_provider keys) {
        boost::asio::io_context io;
        return run_here(io, std::move(a), asio::lift(pool, std::move(store)),
                        asio::lift(pool, std::move(keys)));
    }
};
struct native final : driver<native> {
    auto name() const -> std::string_view override { return "async_run over native models"; }
    template <class A>
    auto run(std::unique_ptr<A> a, any_store store, any_key_provider keys) {
        boost::asio::io_context io;
        return run_here(io, std::move(a), async_fake_store{io.get_executor(), std::move(store)},
                        async_fake_keys{io.get_executor(), std::move(keys)});
    }
};
struct blocking final : driver<blocking> {
    asio::io_thread io{};
    auto name() const -> std::string_view override { return "run over block_on"; }
    template <class A>
    auto run(std::unique_ptr<A> a, any_store store, any_key_provider keys) {
        auto blocking_store = asio::block_on(async_fake_store{io.get_executor(), std::move(store)});
        auto blocking_keys = asio::block_on(async_fake_keys{io.get_executor(), std::move(keys)});
        return algorithm::run(*a, blocking_store, blocking_keys);
    }
};

} // namespace

auto all_algorithm_drivers() -> const std::vector<std::unique_ptr<algorithm_driver>>& {
    static const auto all = [] {
        std::vector<std::unique_ptr<algorithm_driver>> v;
        v.push_back(std::make_unique<synchronous>());
        v.push_back(std::make_unique<lifted>());
        v.push_back(std::make_unique<native>());
        v.push_back(std::make_unique<blocking>());
        return v;
    }();
    return all;
}

} // namespace coffer_test
