// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/detail/inbox.hpp>

#include "support/catch.hpp"

#include <cstdint>
#include <cstring>
#include <string>

using coffer::http::detail::inbox;

namespace {
void put(inbox& box, const std::string& text) {
    const auto room = box.room(text.size());
    REQUIRE(room.size() >= text.size());
    std::memcpy(room.data(), text.data(), text.size());
    box.take(text.size());
}
} // namespace

TEST_CASE("an inbox gives back what was put in, in order, however it grows and moves") {
    inbox box;
    std::string expected;
    std::uint32_t state = 7;
    const auto next = [&state](std::uint32_t n) {
        state = state * 1664525U + 1013904223U;
        return (state >> 8) % n;
    };
    for (int i = 0; i < 20'000; ++i) {
        if (next(2) == 0) {
            const std::string piece(next(300), static_cast<char>('a' + i % 26));
            put(box, piece);
            expected += piece;
        } else {
            const auto n = next(static_cast<std::uint32_t>(expected.size()) + 1);
            box.drop(n);
            expected.erase(0, n);
        }
        REQUIRE(box.text() == expected);
        if (i % 100 == 0) box.shrink();
    }
}

TEST_CASE("what was dropped is wiped at once, and what moved leaves nothing behind") {
    inbox box;
    put(box, "hunter2 and more");
    const char* memory = box.text().data();
    box.drop(8);
    CHECK(std::string_view(memory, 8) == std::string_view("\0\0\0\0\0\0\0\0", 8));
    const auto capacity = 16 + box.room(0).size();
    box.room(capacity - box.size()); // only fits from the front
    CHECK(box.text() == "and more");
    CHECK(box.text().data() == memory);
    CHECK(std::string_view(memory + 8, 8) == std::string_view("\0\0\0\0\0\0\0\0", 8));
}
