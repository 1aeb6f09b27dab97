// SPDX-License-Identifier: BSL-1.0
#include <coffer/detail/pooled_cipher.hpp>

#include "support/catch.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/cryptopp/xchacha20_poly1305.hpp>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

using namespace coffer;

namespace {

template <Cipher C>
auto cipher() -> std::shared_ptr<const ephemeral_cipher> {
    return detail::pooled_cipher<C>::make(C{}).value();
}
auto opened(const ephemeral_cipher& with, byte_view aad, byte_view sealed) -> std::optional<bytes> {
    bytes out(with.plain_size(sealed), std::byte{0xEE});
    if (with.open(aad, sealed, out)) return out;
    CHECK(std::ranges::all_of(out, [](std::byte b) { return b == std::byte{0}; }));
    return std::nullopt;
}

/// Crypto++'s, without randomness.
struct dry : cryptopp::aes_256_gcm {
    auto random(std::span<std::byte>) const -> result<void> { return errc::unavailable; }
};

} // namespace

TEMPLATE_TEST_CASE("What an ephemeral cipher sealed opens with its AAD, and with nothing else", "",
                   cryptopp::aes_256_gcm, cryptopp::xchacha20_poly1305) {
    const auto with = cipher<TestType>();
    for (const std::size_t size : {0U, 1U, 64U, 5000U}) {
        const bytes plain(size, std::byte{7});
        const auto sealed = with->seal(as_bytes("asked"), plain).value();
        CHECK(opened(*with, as_bytes("asked"), sealed) == plain);
        CHECK_FALSE(opened(*with, as_bytes("other"), sealed));
        CHECK_FALSE(opened(*cipher<TestType>(), as_bytes("asked"), sealed)); // another key
    }
    const auto sealed = with->seal({}, as_bytes("plain")).value();
    for (std::size_t at = 0; at < sealed.size(); ++at) {
        auto changed = sealed;
        changed[at] ^= std::byte{1};
        CHECK_FALSE(opened(*with, {}, changed));
        bytes out(5);
        CHECK_FALSE(with->open({}, byte_view(sealed).first(at), out));
    }
}

TEST_CASE("No two seals of an ephemeral cipher have a nonce in common") {
    const auto with = cipher<cryptopp::aes_256_gcm>();
    std::set<bytes> nonces;
    for (int i = 0; i < 100; ++i) {
        const auto sealed = with->seal({}, {}).value();
        nonces.insert({sealed.begin(), sealed.begin() + 12});
    }
    CHECK(nonces.size() == 100);
}

TEST_CASE("Without randomness there is no ephemeral cipher") {
    CHECK(detail::pooled_cipher<dry>::make(dry{}).error() == errc::unavailable);
    const detail::pooled_cipher<dry> keyed(dry{}, {});
    CHECK(keyed.seal({}, as_bytes("plain")).error() == errc::unavailable);
}

TEST_CASE("An ephemeral cipher serves several threads at once") {
    const auto with = cipher<cryptopp::aes_256_gcm>();
    std::atomic<int> wrong{0};
    std::vector<std::thread> all;
    for (int t = 0; t < 4; ++t)
        all.emplace_back([&, t] {
            const bytes plain(100, static_cast<std::byte>(t));
            bytes out(100);
            for (int i = 0; i < 200; ++i) {
                const auto sealed = with->seal({}, plain);
                if (!sealed || !with->open({}, *sealed, out) || out != plain) ++wrong;
            }
        });
    for (auto& t : all)
        t.join();
    CHECK(wrong == 0);
}
