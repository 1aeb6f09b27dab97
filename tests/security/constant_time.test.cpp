// SPDX-License-Identifier: BSL-1.0
// Run under valgrind (the method of ctgrind, A. Langley): memcheck is told that secret bytes are
// undefined, and reports each branch and each address that depends on them.
#include "support/catch.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/cryptopp/xchacha20_poly1305.hpp>
#include <coffer/format/kek_wrap.hpp>
#include <coffer/keyring/codec.hpp>
#include <coffer/secret.hpp>
#include <coffer/tree/dek_keys.hpp>

#include <algorithm>

#include <valgrind/memcheck.h>

using namespace coffer;

namespace {

template <std::size_t N>
struct secret_bytes {
    std::array<std::byte, N> data{};
    explicit secret_bytes(std::byte fill) {
        data.fill(fill);
        (void)VALGRIND_MAKE_MEM_UNDEFINED(data.data(), N);
    }
    ~secret_bytes() { (void)VALGRIND_MAKE_MEM_DEFINED(data.data(), N); }
};

/// How many branches and addresses depended on secrets in f(), whose answer is public.
template <class F>
auto dependent_steps(F&& f) -> unsigned long {
    const auto before = VALGRIND_COUNT_ERRORS;
    f();
    return VALGRIND_COUNT_ERRORS - before;
}
template <class T>
void publish(T& outcome) {
    (void)VALGRIND_MAKE_MEM_DEFINED(&outcome, sizeof outcome);
}

__attribute__((noinline)) auto careless_equal(byte_view a, byte_view b) -> bool {
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i] != b[i]) return false;
    return true;
}

} // namespace

TEST_CASE("the method sees a comparison that stops at the first difference") {
    REQUIRE(RUNNING_ON_VALGRIND > 0);
    const secret_bytes<32> a(std::byte{1});
    const std::array<std::byte, 32> b{};
    CHECK(dependent_steps([&] {
              bool equal = careless_equal(a.data, b);
              publish(equal);
          }) > 0);
}

TEST_CASE("comparing, hashing and sealing take no branch and no address from a secret") {
    const secret_bytes<64> value(std::byte{1});
    const secret_bytes<32> key(std::byte{3});
    std::array<std::byte, 64> other{};
    SECTION("equal_constant_time, wherever the difference is") {
        for (std::size_t at = 0; at <= other.size(); ++at) {
            other.fill(std::byte{1});
            if (at < other.size()) other[at] = std::byte{2};
            bool equal = false;
            CHECK(dependent_steps([&] { equal = equal_constant_time(value.data, other); }) == 0);
            publish(equal);
            CHECK(equal == (at == other.size()));
        }
    }
    SECTION("secrets compared") {
        const secret a(byte_view(value.data)), b{byte_view(other)};
        bool equal = true;
        CHECK(dependent_steps([&] { equal = a == b; }) == 0);
        publish(equal);
        CHECK_FALSE(equal);
    }
    SECTION("SHA-256, HMAC and HKDF") {
        const cryptopp::aes_256_gcm cipher;
        std::array<std::byte, 76> out{};
        CHECK(dependent_steps([&] {
                  (void)cipher.sha256(value.data);
                  (void)cipher.hmac_sha256(key.data, value.data);
                  (void)format::hkdf_sha256(cipher, key.data, {}, as_bytes("info"), out);
              }) == 0);
    }
    SECTION("sealing a value, its nonce included") {
        const tree::dek_keys<cryptopp::aes_256_gcm> keys({}, key.data, {"", "prod", 1, 1}, {});
        const auto aad = format::record_aad(format::object_prefix_of(1), {"", "", "A"}, 1);
        CHECK(dependent_steps([&] {
                  auto sealed = keys.seal(format::object_kind::record, aad, value.data);
                  publish(sealed);
              }) == 0);
    }
    SECTION("XChaCha20-Poly1305") {
        auto keyed = cryptopp::xchacha20_poly1305{}.key(key.data).value();
        std::array<std::byte, 64> out{};
        std::array<std::byte, 16> tag{};
        CHECK(dependent_steps([&] {
                  auto done = keyed.seal(std::array<std::byte, 24>{}, {}, value.data, out, tag);
                  publish(done);
              }) == 0);
    }
    SECTION("the base64 of a key") {
        std::array<char, 44> text{};
        CHECK(dependent_steps([&] { keyring::base64_encode(key.data, text); }) == 0);
        key_bytes back;
        // One decision, whose answer is public: whether it is base64 at all.
        CHECK(dependent_steps([&] {
                  bool good = keyring::base64_decode({text.data(), text.size()}, back.span());
                  publish(good);
              }) <= 1);
        (void)VALGRIND_MAKE_MEM_DEFINED(back.span().data(), back.span().size());
        CHECK(std::ranges::all_of(back.view(), [](std::byte b) { return b == std::byte{3}; }));
    }
    SECTION("unwrapping a DEK: one decision for the commitment, and those for the tag") {
        const cryptopp::aes_256_gcm cipher;
        std::array<std::byte, 32> kek{};
        kek.fill(std::byte{3});
        const std::array<std::byte, 32> dek{};
        auto wrapped = format::wrap_dek(cipher, kek, dek, as_bytes("aad")).value();
        const auto unwrap = [&] {
            auto got = format::unwrap_dek(cipher, key.data, wrapped, as_bytes("aad"));
            publish(got);
            return got.has_value();
        };
        bool good = false;
        CHECK(dependent_steps([&] { good = unwrap(); }) <= 3);
        CHECK(good);
        wrapped[40] ^= std::byte{1}; // a wrong commitment: the AEAD is not reached
        CHECK(dependent_steps([&] { good = unwrap(); }) <= 1);
        CHECK_FALSE(good);
    }
}
