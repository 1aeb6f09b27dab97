// SPDX-License-Identifier: BSL-1.0
#include <coffer/secure_memory.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#if __has_include(<sys/resource.h>)
#include <sys/resource.h>
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COFFER_TEST_HAS_ASAN
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(COFFER_TEST_HAS_ASAN)
#include <sanitizer/asan_interface.h>
#endif

using namespace coffer;
using coffer::detail::secure_buffer;

TEST_CASE("a block is wiped when it comes back", "[memory]") {
    for (const std::size_t size : {1U, 64U, 65U, 1000U, 4096U, 100000U}) {
        INFO(size << " bytes");
        const std::byte* at = nullptr;
        {
            secure_buffer b(size);
            std::fill(b.span().begin(), b.span().end(), std::byte{0xA5});
            at = b.view().data();
        }
        // The heap keeps its chunks, so that the block can still be looked at; a pointer stands in
        // front.
        detail::sanitizer::allow(const_cast<std::byte*>(at), size);
        const auto* begin = at + std::min(size, sizeof(void*));
        CHECK(std::count(begin, at + size, std::byte{0xA5}) == 0);
        detail::sanitizer::forbid(const_cast<std::byte*>(at), size);
    }
}

#if defined(__SANITIZE_ADDRESS__) || defined(COFFER_TEST_HAS_ASAN)
TEST_CASE("the address sanitizer sees a block used after its end, or beyond it", "[memory]") {
    const auto refused = [](const std::byte* at) { return __asan_address_is_poisoned(at) == 1; };
    for (const std::size_t size : {1U, 64U, 200U, 4096U, 100'001U}) {
        INFO(size << " bytes");
        const std::byte* at = nullptr;
        for (int again = 0; again < 2; ++again) {
            secure_buffer b(size);
            at = b.view().data();
            CHECK_FALSE(refused(at));
            CHECK_FALSE(refused(at + size - 1));
            CHECK(refused(at + (size + 7) / 8 * 8));
        }
        CHECK(refused(at));
        std::thread([&] { const secure_buffer other(size); }).join();
    }
}
#endif

TEST_CASE("blocks that are held at the same time do not overlap", "[memory]") {
    std::vector<secure_buffer> held;
    for (int round = 0; round < 3; ++round) {
        for (std::size_t n = 0; n < 500; ++n) {
            held.emplace_back(1 + n * 7 % 3000);
            std::fill(held.back().span().begin(), held.back().span().end(),
                      static_cast<std::byte>(held.size()));
        }
        for (std::size_t i = 0; i < held.size(); ++i) {
            const auto v = held[i].view();
            const auto same = std::count(v.begin(), v.end(), static_cast<std::byte>(i + 1));
            REQUIRE(static_cast<std::size_t>(same) == v.size());
        }
        held.clear();
    }
}

TEST_CASE("a size that no memory has is refused", "[memory]") {
    CHECK_THROWS_AS(secure_buffer(SIZE_MAX - 10), std::bad_alloc);
    CHECK_THROWS_AS(secure_buffer(SIZE_MAX), std::bad_alloc);
    detail::secure_allocator<std::uint64_t> many;
    CHECK_THROWS_AS(many.allocate(SIZE_MAX / 8 + 2), std::bad_alloc);
}

TEST_CASE("memory that came back is used again", "[memory]") {
    const auto use = [] {
        std::vector<secure_buffer> held;
        for (int i = 0; i < 2000; ++i)
            held.emplace_back(static_cast<std::size_t>(200));
    };
    use();
    const auto reserved = secure_memory().reserved_bytes;
    for (int i = 0; i < 20; ++i)
        use();
    CHECK(secure_memory().reserved_bytes == reserved);
}

TEST_CASE("a block that outlives its thread's cache is used again", "[memory]") {
    struct late { // made before the cache of its thread, and so destroyed after it
        secure_buffer held{};
        ~late() { held = secure_buffer(300); }
    };
    const auto use = [] {
        std::thread([] {
            thread_local late mine;
            mine.held = secure_buffer(static_cast<std::size_t>(200));
        }).join();
    };
    use();
    const auto reserved = secure_memory().reserved_bytes;
    for (int i = 0; i < 3000; ++i) // more than there are blocks in a chunk
        use();
    CHECK(secure_memory().reserved_bytes == reserved);
}

TEST_CASE("a large block is given back to the system", "[memory]") {
    const auto before = secure_memory();
    {
        secure_buffer big(std::size_t{1} << 20);
        std::fill(big.span().begin(), big.span().end(), std::byte{1});
        CHECK(secure_memory().reserved_bytes >= before.reserved_bytes + (1U << 20));
    }
    CHECK(secure_memory().reserved_bytes == before.reserved_bytes);
    CHECK(secure_memory().unlocked_bytes == before.unlocked_bytes);
}

#if __has_include(<sys/resource.h>)
TEST_CASE("what the system would not lock is counted, as long as it is held", "[memory]") {
    rlimit was{};
    REQUIRE(::getrlimit(RLIMIT_MEMLOCK, &was) == 0);
    const rlimit none{0, was.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_MEMLOCK, &none) == 0);
    const auto before = secure_memory();
    {
        const secure_buffer big(std::size_t{1} << 20);
        const auto during = secure_memory();
        // A process with the privilege to lock what it likes locks this too.
        const auto unlocked = during.unlocked_bytes - before.unlocked_bytes;
        CHECK((unlocked == 0 || unlocked == during.reserved_bytes - before.reserved_bytes));
    }
    CHECK(secure_memory().unlocked_bytes == before.unlocked_bytes);
    REQUIRE(::setrlimit(RLIMIT_MEMLOCK, &was) == 0);
}
#endif

TEST_CASE("threads hand blocks to each other and lose none", "[memory]") {
    const auto pass = [] {
        std::vector<std::vector<secure_buffer>> made(4);
        std::vector<std::thread> threads;
        for (auto& mine : made)
            threads.emplace_back([&mine] {
                for (std::size_t i = 0; i < 250; ++i) {
                    mine.emplace_back(64 + i % 400);
                    mine.back().span()[0] = std::byte{1};
                }
            });
        for (auto& t : threads)
            t.join();
        threads.clear();
        for (std::size_t i = 0; i < made.size(); ++i)
            threads.emplace_back([&made, i] { made[(i + 1) % made.size()].clear(); });
        for (auto& t : threads)
            t.join();
    };
    pass();
    const auto reserved = secure_memory().reserved_bytes;
    for (int i = 0; i < 10; ++i)
        pass();
    CHECK(secure_memory().reserved_bytes == reserved); // what ended threads held was handed on
}

TEST_CASE("a buffer is moved, and empty ones hold nothing", "[memory]") {
    secure_buffer from(10);
    const auto* at = from.view().data();
    secure_buffer to(std::move(from));
    CHECK(to.view().data() == at);
    CHECK(from.size() == 0); // NOLINT: what is left is part of the promise
    to = secure_buffer(0);
    CHECK(to.view().empty());
}
