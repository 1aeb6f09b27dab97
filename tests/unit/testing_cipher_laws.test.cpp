// SPDX-License-Identifier: BSL-1.0
#include <coffer/cryptopp/chacha20_poly1305.hpp>
#include <coffer/testing/cipher_laws.hpp>

#include <support/catch.hpp>
#include <support/law_recorder.hpp>

#include <random>

using namespace coffer;

namespace {

enum class defect {
    none,
    drops_last_byte_of_long_texts,
    ignores_last_bit_of_tag,
    ignores_aad,
    leaves_plaintext,
    leaves_garbage,
    seal_counts,
    opens_once,
    pads_keys_of_hmac,
    hashes_wrongly,
    random_from_a_pool,
    random_leaves_the_end,
    is_another_algorithm,
};

/// ChaCha20-Poly1305 with one defect: what the suite is there to notice.
template <defect What>
struct broken_cipher : cryptopp::primitives {
    using good = cryptopp::chacha20_poly1305;
    static constexpr std::uint8_t id = 3;
    static constexpr std::size_t nonce_size = 12;
    static constexpr bool is(defect d) { return What == d; }

    class keyed {
    public:
        explicit keyed(good::keyed k) : good_(std::move(k)) {}

        auto seal(std::span<const std::byte, 12> nonce, byte_view aad, byte_view plain,
                  std::span<std::byte> out, std::span<std::byte, 16> tag) -> result<void> {
            const auto n = changed(nonce);
            const auto sealed =
                good_.seal(n, is(defect::ignores_aad) ? byte_view{} : aad, plain, out, tag);
            if (is(defect::ignores_last_bit_of_tag)) tag[15] &= std::byte{0xFE};
            ++uses_;
            return sealed;
        }
        auto open(std::span<const std::byte, 12> nonce, byte_view aad, byte_view sealed,
                  std::span<const std::byte, 16> tag, std::span<std::byte> out) -> bool {
            bytes garbage(out.begin(), out.end());
            bool opened = try_open(nonce, aad, sealed, tag, out);
            if (is(defect::ignores_last_bit_of_tag) && !opened) {
                std::array<std::byte, 16> other{};
                std::copy(tag.begin(), tag.end(), other.begin());
                other[15] ^= std::byte{1};
                opened = try_open(nonce, aad, sealed, other, out);
            }
            if (is(defect::drops_last_byte_of_long_texts) && out.size() > 100'000)
                out.back() = std::byte{0};
            if (!opened && is(defect::leaves_garbage))
                std::copy(garbage.begin(), garbage.end(), out.begin());
            if (!opened && is(defect::leaves_plaintext)) {
                std::array<std::byte, 16> made{};
                (void)good_.seal(nonce, aad, sealed, out, made); // a stream cipher: this decrypts
            }
            if (!opened) failed_ = true;
            return opened && !(is(defect::opens_once) && failed_);
        }

    private:
        auto changed(std::span<const std::byte, 12> nonce) const -> std::array<std::byte, 12> {
            std::array<std::byte, 12> n{};
            std::copy(nonce.begin(), nonce.end(), n.begin());
            if (is(defect::is_another_algorithm)) n[0] ^= std::byte{1};
            if (is(defect::seal_counts) && uses_ > 0) n[1] ^= std::byte{1};
            return n;
        }
        auto try_open(std::span<const std::byte, 12> nonce, byte_view aad, byte_view sealed,
                      std::span<const std::byte, 16> tag, std::span<std::byte> out) -> bool {
            std::array<std::byte, 12> n{};
            std::copy(nonce.begin(), nonce.end(), n.begin());
            if (is(defect::is_another_algorithm)) n[0] ^= std::byte{1};
            const auto a = is(defect::ignores_aad) ? byte_view{} : aad;
            if (good_.open(n, a, sealed, tag, out)) return true;
            n[1] ^= std::byte{1};
            return is(defect::seal_counts) && good_.open(n, a, sealed, tag, out);
        }
        good::keyed good_;
        unsigned uses_ = 0;
        bool failed_ = false;
    };

    auto key(std::span<const std::byte, 32> key) const -> result<keyed> {
        return keyed(good{}.key(key).value());
    }
    auto sha256(byte_view data) const -> digest {
        auto d = primitives::sha256(data);
        if (is(defect::hashes_wrongly) && data.size() > 100'000) d[0] ^= std::byte{1};
        return d;
    }
    auto hmac_sha256(byte_view key, byte_view data) const -> digest {
        if (is(defect::pads_keys_of_hmac)) key = key.first(std::min<std::size_t>(64, key.size()));
        return primitives::hmac_sha256(key, data);
    }
    auto random(std::span<std::byte> out) const -> result<void> {
        static std::mt19937 pool{std::random_device{}()}; // what C7 is about: copied by fork
        if (!is(defect::random_from_a_pool))
            return primitives::random(is(defect::random_leaves_the_end)
                                          ? out.first(out.size() / 256 * 256 + out.size() % 32)
                                          : out);
        for (auto& b : out)
            b = static_cast<std::byte>(pool());
        return {};
    }
};

template <defect What>
auto laws_broken_by() -> std::string {
    static_assert(Cipher<broken_cipher<What>>);
    auto make = [] { return broken_cipher<What>{}; };
    return broken_laws(testing::cipher_laws<decltype(make)>, make);
}

} // namespace

TEST_CASE("each cipher law notices the cipher that breaks it, and the others do not") {
    CHECK(laws_broken_by<defect::none>() == "");
    CHECK(laws_broken_by<defect::drops_last_byte_of_long_texts>() == "C1");
    CHECK(laws_broken_by<defect::ignores_last_bit_of_tag>() == "C2 C3 C8"); // C3: it opens
    CHECK(laws_broken_by<defect::ignores_aad>() == "C2 C8");
    CHECK(laws_broken_by<defect::leaves_plaintext>() == "C3");
    CHECK(laws_broken_by<defect::leaves_garbage>() == "C3");
    CHECK(laws_broken_by<defect::seal_counts>() == "C2 C4 C5"); // C2: two nonces open it
    CHECK(laws_broken_by<defect::opens_once>() == "C5");
    CHECK(laws_broken_by<defect::pads_keys_of_hmac>() == "C6");
    CHECK(laws_broken_by<defect::hashes_wrongly>() == "C6");
    CHECK(laws_broken_by<defect::random_from_a_pool>() == "C7");
    CHECK(laws_broken_by<defect::random_leaves_the_end>() == "C7");
    CHECK(laws_broken_by<defect::is_another_algorithm>() == "C8");
}
