// SPDX-License-Identifier: BSL-1.0
#include <coffer/keyring/codec.hpp>

#include <support/catch.hpp>

using namespace coffer;

TEST_CASE("Hex of public bytes is lower-case and whole") {
    CHECK(keyring::from_hex("00ff1a") == bytes{std::byte{0}, std::byte{255}, std::byte{26}});
    CHECK(keyring::from_hex("") == bytes{});
    for (const char* wrong : {"0", "0g", "FF", " 00", "0x"})
        CHECK_FALSE(keyring::from_hex(wrong));
}
