// SPDX-License-Identifier: BSL-1.0
#include "property/world.hpp"

#include "support/catch.hpp"

#include <coffer/asio/resolver.hpp>
#include <coffer/asio/vault.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

using namespace coffer_test;

namespace {

/// The same calls by their asynchronous twins, on the threads of a pool.
struct pooled_calls {
    static auto pool() -> boost::asio::thread_pool& {
        // Never destroyed: at exit, Asio's own threads may still hold what completed on it.
        static auto* const threads = new boost::asio::thread_pool(2);
        return *threads;
    }
    static auto put(test_vault& v, coffer::context where, std::string_view name,
                    std::string_view value) {
        return coffer::asio::async_put(coffer::asio::lift(pool(), v), where, name, value,
                                       boost::asio::use_future)
            .get();
    }
    static auto erase(test_vault& v, coffer::context where, std::string_view name) {
        return coffer::asio::async_erase(coffer::asio::lift(pool(), v), where, name,
                                         boost::asio::use_future)
            .get();
    }
    static auto at(const test_resolver& r, coffer::context where) {
        return coffer::asio::async_at(coffer::asio::lift(pool(), r), where, boost::asio::use_future)
            .get();
    }
};

} // namespace

TEST_CASE("the same by asynchronous calls over a memory store") {
    CHECK(equals_the_model<pooled_calls>("memory, async", in_memory));
}

TEST_CASE("the same by asynchronous calls over a file store") {
    CHECK(equals_the_model<pooled_calls>("file, async", on_disk));
}
