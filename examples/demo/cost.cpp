// SPDX-License-Identifier: BSL-1.0
// What a read and a write cost here. For numbers to compare, see benchmarks/.
#include "demo_vault.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <cryptopp/aes.h>
#include <cryptopp/gcm.h>

namespace demo {

namespace {

/// Nanoseconds a call, the best of seven rounds: what else runs on the machine only adds.
template <class F>
auto time_of(std::size_t calls, F&& call) -> double {
    double best = 1e18;
    for (int round = 0; round < 7; ++round) {
        const auto started = std::chrono::steady_clock::now();
        for (std::size_t i = 0; i < calls; ++i)
            call();
        const std::chrono::duration<double, std::nano> took =
            std::chrono::steady_clock::now() - started;
        best = std::min(best, took.count() / static_cast<double>(calls));
    }
    return best;
}

/// AES-256-GCM of the same library, its key set up once, for a value of this size.
class bare {
public:
    explicit bare(std::size_t size) : sealed_(size), plain_(size) {
        CryptoPP::GCM<CryptoPP::AES>::Encryption seal;
        seal.SetKeyWithIV(key_.data(), key_.size(), nonce_.data(), nonce_.size());
        seal.EncryptAndAuthenticate(sealed_.data(), tag_.data(), tag_.size(), nonce_.data(), 12,
                                    aad_.data(), aad_.size(), plain_.data(), plain_.size());
        open_.SetKeyWithIV(key_.data(), key_.size(), nonce_.data(), nonce_.size());
    }
    auto open() -> bool {
        return open_.DecryptAndVerify(plain_.data(), tag_.data(), tag_.size(), nonce_.data(), 12,
                                      aad_.data(), aad_.size(), sealed_.data(), sealed_.size());
    }

private:
    std::array<CryptoPP::byte, 32> key_{};
    std::array<CryptoPP::byte, 12> nonce_{};
    std::array<CryptoPP::byte, 16> tag_{};
    std::array<CryptoPP::byte, 34> aad_{}; ///< As long as that of a record with such a name.
    std::vector<CryptoPP::byte> sealed_;
    std::vector<CryptoPP::byte> plain_;
    CryptoPP::GCM<CryptoPP::AES>::Decryption open_;
};

} // namespace

auto cost(const place& at) -> bool {
    auto vault = at.open();
    const auto view = vault.resolver().at(globex).value();
    const auto size = view.get("SLACK_TOKEN").value().size();
    bool good = true;
    const auto read = time_of(100'000, [&] { good = view.get("SLACK_TOKEN").has_value() && good; });
    bare gcm(size);
    const auto alone = time_of(100'000, [&] { good = gcm.open() && good; });
    int n = 0;
    const auto write = time_of(10, [&] {
        good = vault.put(globex, "SCRATCH", "value " + std::to_string(n++)).has_value() && good;
    });
    good = vault.erase(globex, "SCRATCH").has_value() && good;
    std::printf("     resolve + decrypt, inherited name   %4.0f ns     (the bare AES-GCM call: "
                "%.0f ns, %.2fx)\n"
                "     durable write to disk               %4.1f ms\n",
                read, alone, read / alone, write / 1e6);
    return good;
}

} // namespace demo
