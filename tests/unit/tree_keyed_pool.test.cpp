// SPDX-License-Identifier: BSL-1.0
#include <coffer/tree/keyed_pool.hpp>

#include "support/catch.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/cryptopp/chacha20_poly1305.hpp>
#include <coffer/cryptopp/xchacha20_poly1305.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace coffer;

namespace {

using pool_type = tree::keyed_pool<cryptopp::chacha20_poly1305>;

auto key(int n) -> key_bytes {
    key_bytes k;
    k.span()[0] = static_cast<std::byte>(n);
    return k;
}
/// Seals and opens with what a pool lends; false if the two do not agree.
auto works(const pool_type& pool, std::size_t nonce_size, int n) -> bool {
    const std::array<std::byte, 24> nonce{static_cast<std::byte>(n),
                                          static_cast<std::byte>(n >> 8)};
    const bytes plain(64, static_cast<std::byte>(n));
    bytes sealed(64);
    bytes opened(64);
    std::array<std::byte, 16> tag{};
    {
        const auto lent = pool.borrow();
        if (!lent || !lent->seal(byte_view(nonce).first(nonce_size), {}, plain, sealed, tag))
            return false;
    }
    const auto lent = pool.borrow();
    return lent && sealed != plain &&
           lent->open(byte_view(nonce).first(nonce_size), {}, sealed, tag, opened) &&
           opened == plain;
}

} // namespace

TEST_CASE("what a pool lends seals and opens, of whatever cipher its DEK is", "[tree]") {
    for (const auto id : {1, 2, 3}) {
        INFO("cipher " << id);
        const pool_type pool({}, static_cast<std::uint8_t>(id), key(id));
        CHECK(works(pool, id == 2 ? 24 : 12, id));
    }
    const pool_type unknown({}, 9, key(1));
    const auto lent = unknown.borrow();
    CHECK_FALSE(lent);
    CHECK(lent.error() == errc::unsupported);
}

TEST_CASE("two loans at a time are two keyed ciphers", "[tree]") {
    const pool_type pool({}, 3, key(1));
    const auto first = pool.borrow();
    const auto second = pool.borrow();
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first.operator->() != second.operator->());
}

TEST_CASE("a loan that comes back is lent again", "[tree]") {
    const pool_type pool({}, 3, key(1));
    const auto* before = pool.borrow().operator->();
    CHECK(pool.borrow().operator->() == before);
}

TEST_CASE("threads that borrow from one pool never share what they borrowed", "[tree]") {
    const pool_type pool({}, 3, key(1));
    std::atomic<int> broken{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 12; ++t) // more than the pool has slots
        threads.emplace_back([&, t] {
            for (int i = 0; i < 300; ++i)
                if (!works(pool, 12, t * 1000 + i)) ++broken;
        });
    for (auto& t : threads)
        t.join();
    CHECK(broken == 0);
}
