// SPDX-License-Identifier: BSL-1.0
#include <coffer/memory/store.hpp>
#include <coffer/testing/catch2.hpp>

#include <support/catch.hpp>

using namespace coffer;

TEST_CASE("the memory store keeps the store laws") {
    testing::run_store_laws([] { return memory::store{}; });
}

TEST_CASE("the memory store keeps the store laws under small limits") {
    testing::run_store_laws([] {
        return memory::store({std::size_t{2} << 20, std::size_t{3} << 20});
    });
}

TEST_CASE("a copy of a memory store is the same store") {
    memory::store store;
    auto copy = store;
    revision next{};
    next.fill(std::byte{7});
    REQUIRE(copy.commit("p", {}, next, {}).value() == commit_outcome::committed);
    CHECK(store.load("p", {}).value().at == next);
}

TEST_CASE("a revision of zeros can't be committed") {
    memory::store store;
    const auto done = store.commit("p", {}, {}, {});
    REQUIRE_FALSE(done.has_value());
    CHECK(done.error() == errc::invalid_argument);
    CHECK(store.partitions().value().empty());
}
