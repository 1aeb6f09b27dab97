// SPDX-License-Identifier: BSL-1.0
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/testing/catch2.hpp>

#include <support/catch.hpp>

using namespace coffer;

TEST_CASE("AES-256-GCM keeps the cipher laws") {
    if (!cryptopp::detail::has_aes_instructions()) WARN("no AES instructions: with tables");
    testing::run_cipher_laws([] { return cryptopp::aes_256_gcm{cryptopp::allow_table_driven}; });
}
TEST_CASE("XChaCha20-Poly1305 keeps the cipher laws") {
    testing::run_cipher_laws([] { return cryptopp::xchacha20_poly1305{}; });
}
TEST_CASE("ChaCha20-Poly1305 keeps the cipher laws") {
    testing::run_cipher_laws([] { return cryptopp::chacha20_poly1305{}; });
}

TEST_CASE("AES-256-GCM without AES instructions is unsupported unless asked for") {
    const key_bytes key;
    const auto made = cryptopp::aes_256_gcm{}.key(key.view());
    if (cryptopp::detail::has_aes_instructions())
        CHECK(made.has_value());
    else
        CHECK((!made.has_value() && made.error() == errc::unsupported));
    CHECK(cryptopp::aes_256_gcm{cryptopp::allow_table_driven}.key(key.view()).has_value());
}

TEMPLATE_TEST_CASE("an output of another length is refused before anything is written", "",
                   cryptopp::aes_256_gcm, cryptopp::xchacha20_poly1305,
                   cryptopp::chacha20_poly1305) {
    const key_bytes key;
    auto keyed = TestType{}.key(key.view());
    if (!keyed.has_value()) return;
    const std::array<std::byte, TestType::nonce_size> nonce{};
    const bytes plain(20);
    bytes sealed(20);
    std::array<std::byte, 16> tag{};
    REQUIRE(keyed->seal(nonce, {}, plain, sealed, tag));
    for (const std::size_t size : {0U, 19U, 21U}) {
        bytes out(size, std::byte{0xA5});
        CHECK_FALSE(keyed->open(nonce, {}, sealed, tag, out));
        CHECK(out == bytes(size));
        const auto refused = keyed->seal(nonce, {}, plain, out, tag);
        CHECK((!refused.has_value() && refused.error() == errc::invalid_argument));
    }
}
