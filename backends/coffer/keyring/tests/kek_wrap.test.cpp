// SPDX-License-Identifier: BSL-1.0
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/kek_wrap.hpp>
#include <coffer/format/subkeys.hpp>
#include <coffer/keyring/codec.hpp>

#include <support/catch.hpp>

using namespace coffer;

namespace {

// Of docs/format.md's published examples; made by another implementation.
struct vector {
    const char* realm;
    const char* environment;
    std::uint32_t number;
    std::uint8_t cipher;
    const char* kek_id;
    const char* dek;
    const char* wrapped;
};
constexpr const char* vector_kek =
    "8577a19314b45cf75e2360f70c22774bc4347906d6b26c0995aae7ac7591d968";
constexpr vector vectors[] = {
    {"", "us_env_1", 1, 1, "k1", "5bab54c2252e5db7d977ff9ae57a9067db657262d04288ac82f24565472e3291",
     "012dda2153c84139b548e8a483701ada1303601c00eb0143a70a6afc1ef0d60c6a1f717e0579fdda"
     "5d533179fcfdbfa896a50e1af354a431b8f561831e23124440c03faf66e5dd1424ed7669ab6f6d4c"
     "85a5c3368d43f9cbfb7c5c345a218dea95ffae99719b50985db926163170aba03b"},
    {"prod", "us_env_1", 1, 1, "kek-2026-11",
     "5bab54c2252e5db7d977ff9ae57a9067db657262d04288ac82f24565472e3291",
     "0160161f872ec0d665806d9ca8384dd3eecd8779ef15874a03d39b6d47bc4e28032307679eb56990"
     "41ee3485c399daab4780ea367f8c50aad6d71b786324e0c591cd257b65ce86f157a3a8c3331b8471"
     "0ac7be002f5c2aaf2b46bc6df9249f98e7a83817abf80be18babea43720ef1baf9"},
    {"prod", "us_env_1", 2, 1, "kek-2026-11",
     "3fcbfec617352e766b6e0a58ad5a4715ab93e7f234bab8daec708bc5a58b96ab",
     "018f572a0b982af822e04570b66abf6a5544704cd07a88e791824b79dd28c34368ccdf672fc48add"
     "cdb88aba7be3123e0bbc59ed8e0ccf296c586ef99afa627718155da8b4766485d331b841fbdefb82"
     "5b83a288a2e0dde31ebbb46ef3c03ff48236280fce83de8399cac7fb6d75000d06"},
    {"prod", "us_env_1", 2, 2, "kek-2026-11",
     "3fcbfec617352e766b6e0a58ad5a4715ab93e7f234bab8daec708bc5a58b96ab",
     "018f572a0b982af822e04570b66abf6a5544704cd07a88e791824b79dd28c343685c2d50ce71aeee"
     "39e5b6d6554a86d21bde3d062215b6d2f22c5043c28e6210e62ed3e83c5b88109f27b4bc160e6b8a"
     "d20994345672d4a149ad42076bbd38a2a2495e6e1b08c032454c5b6bbbbcae1ed6"},
    {"prod", "us_env_1", 2, 3, "kek-2026-11",
     "3fcbfec617352e766b6e0a58ad5a4715ab93e7f234bab8daec708bc5a58b96ab",
     "018f572a0b982af822e04570b66abf6a5544704cd07a88e791824b79dd28c34368a1f004430f7fdd"
     "070b3ae89867d526ef690f879f73d32ff63a2cf12b350f2478360e1e4b176b92daecc5daf13de6f4"
     "744fd4f0fcadfb6e6dde9b1929ed7ef17e70e82472d55b05a39a0dd062c008ce7b"},
};

auto key_of(std::string_view hex) -> key_bytes {
    const auto b = keyring::from_hex(hex).value();
    return key_bytes(std::span<const std::byte, 32>(b));
}

// Its random bytes are the salt of a vector, so that wrapping can be compared byte by byte.
struct salted_cipher : cryptopp::aes_256_gcm {
    byte_view salt{};
    auto random(std::span<std::byte> out) const -> result<void> {
        std::ranges::copy(salt, out.begin());
        return {};
    }
};
static_assert(Cipher<salted_cipher>);

struct cipher_without_randomness : cryptopp::aes_256_gcm {
    auto random(std::span<std::byte>) const -> result<void> { return errc::unavailable; }
};

const cryptopp::aes_256_gcm aes{};

} // namespace

TEST_CASE("The published wrapped DEKs unwrap, and wrapping gives the same bytes") {
    const auto kek = key_of(vector_kek);
    for (const auto& v : vectors) {
        const auto wrapped = keyring::from_hex(v.wrapped).value();
        const auto aad = format::wrap_aad({v.realm, v.environment, v.number, v.cipher}, v.kek_id);
        const auto dek = format::unwrap_dek(aes, kek.view(), wrapped, aad);
        REQUIRE(dek);
        CHECK(format::to_hex(dek->view()) == v.dek);

        salted_cipher salted;
        salted.salt = byte_view(wrapped).subspan(1, 32);
        const auto again = format::wrap_dek(salted, kek.view(), dek->view(), aad);
        REQUIRE(again);
        CHECK(*again == wrapped);
    }
}

TEST_CASE("A wrapped DEK with any bit changed, cut or longer is tampered") {
    const auto kek = key_of(vector_kek);
    const auto& v = vectors[0];
    const auto wrapped = keyring::from_hex(v.wrapped).value();
    const auto aad = format::wrap_aad({v.realm, v.environment, v.number, v.cipher}, v.kek_id);
    const auto code = [&](byte_view w) {
        const auto got = format::unwrap_dek(aes, kek.view(), w, aad);
        return got ? errc{} : got.error().code;
    };
    std::size_t refused = 0;
    for (std::size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
        auto changed = wrapped;
        changed[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        refused += code(changed) == errc::tampered;
    }
    CHECK(refused == wrapped.size() * 8);
    for (std::size_t size = 0; size < wrapped.size(); ++size)
        CHECK(code(byte_view(wrapped).first(size)) == errc::tampered);
    auto longer = wrapped;
    longer.push_back(std::byte{0});
    CHECK(code(longer) == errc::tampered);
}

TEST_CASE("A commitment that another KEK made is refused before the AEAD is asked") {
    // The same bytes with the right commitment of one KEK and the ciphertext of another.
    const auto kek = key_of(vector_kek);
    const auto other = key_of(vectors[0].dek);
    const auto dek = key_of(vectors[1].dek);
    const bytes aad(3);
    auto mine = format::wrap_dek(aes, kek.view(), dek.view(), aad).value();
    CHECK(format::unwrap_dek(aes, other.view(), mine, aad).error() == errc::tampered);
    salted_cipher salted;
    salted.salt = byte_view(mine).subspan(1, 32);
    const auto theirs = format::wrap_dek(salted, other.view(), dek.view(), aad).value();
    std::copy_n(theirs.begin() + 33, 32, mine.begin() + 33);
    CHECK(format::unwrap_dek(aes, other.view(), mine, aad).error() == errc::tampered);
    CHECK(format::unwrap_dek(aes, kek.view(), mine, aad).error() == errc::tampered);
}

TEST_CASE("Nothing is wrapped without randomness") {
    const auto key = key_of(vector_kek);
    const auto got = format::wrap_dek(cipher_without_randomness{}, key.view(), key.view(), {});
    REQUIRE_FALSE(got);
    CHECK(got.error() == errc::unavailable);
}
