// SPDX-License-Identifier: BSL-1.0
// What a read costs: resolving a name and opening its value, against the bare call of the same
// library with a cached key, the same AAD and the same length of value.

#include "brief.hpp"
#include "ratios.hpp"

#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>

#include <cryptopp/aes.h>
#include <cryptopp/gcm.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <thread>
#include <unistd.h>

namespace {

using vault_type = decltype(coffer::vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                                          coffer::keyring::memory_keyring{}});

auto name_of(std::size_t i) -> std::string {
    return "SERVICE_CREDENTIAL_" + std::to_string(i);
}

/// A vault with `names` inherited secrets of `size` bytes, and a view of a space that overrides a
/// few.
struct filled {
    filled(std::size_t names, std::size_t size)
        : vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                coffer::keyring::memory_keyring{}} {
        const coffer::context space{.environment = "prod", .space = "acme"};
        vault.ensure_space(space).value();
        const std::vector<std::byte> value(size, std::byte{'x'});
        std::vector<coffer::named_value> batch;
        for (std::size_t i = 0; i < names; ++i) {
            batch.push_back({name_of(i), coffer::wiped_bytes(value.begin(), value.end())});
            if (batch.size() == 100'000 || i + 1 == names)
                vault.put_many({.environment = "prod"}, std::exchange(batch, {})).value();
        }
        for (std::size_t i = 0; i < 16; ++i)
            vault.put(space, "OVERRIDE_" + std::to_string(i), coffer::byte_view(value)).value();
        view = std::make_unique<coffer::view>(vault.resolver().at(space).value());
        // A look-up order that no prefetcher guesses, over all names.
        std::size_t at = 1;
        for (std::size_t i = 0; i < 65'536; ++i)
            order.push_back(name_of((at = at * 48271 % 2147483647) % names));
    }
    vault_type vault;
    std::unique_ptr<coffer::view> view;
    std::vector<std::string> order;
};

auto shared(std::size_t names, std::size_t size) -> filled& {
    static std::map<std::pair<std::size_t, std::size_t>, std::unique_ptr<filled>> all;
    auto& one = all[{names, size}];
    if (!one) one = std::make_unique<filled>(names, size);
    return *one;
}

/// The bare library: one keyed GCM object, one sealed value, the AAD that such a record has.
class bare {
public:
    explicit bare(std::size_t size) : sealed_(size), plain_(size) {
        aad_.resize(8 + 1 + 2 + 2 + 2 + name_of(512).size() + 8, std::byte{7});
        CryptoPP::GCM<CryptoPP::AES>::Encryption seal;
        seal.SetKeyWithIV(raw(key_), key_.size(), raw(nonce_), nonce_.size());
        seal.EncryptAndAuthenticate(raw(sealed_), raw(tag_), tag_.size(), raw(nonce_), 12,
                                    raw(aad_), aad_.size(), raw(plain_), size);
        open_.SetKeyWithIV(raw(key_), key_.size(), raw(nonce_), nonce_.size());
    }
    auto open() -> bool {
        return open_.DecryptAndVerify(raw(plain_), raw(tag_), tag_.size(), raw(nonce_), 12,
                                      raw(aad_), aad_.size(), raw(sealed_), sealed_.size());
    }
    auto first() const -> std::byte { return plain_.front(); }

private:
    template <class T>
    static auto raw(T& data) -> CryptoPP::byte* {
        return reinterpret_cast<CryptoPP::byte*>(data.data());
    }
    std::array<std::byte, 32> key_{};
    std::array<std::byte, 12> nonce_{};
    std::array<std::byte, 16> tag_{};
    std::vector<std::byte> aad_;
    std::vector<std::byte> sealed_;
    std::vector<std::byte> plain_;
    CryptoPP::GCM<CryptoPP::AES>::Decryption open_;
};

void open_bare(benchmark::State& state, std::size_t size) {
    bare library(size);
    for (auto _ : state) {
        if (!library.open()) std::abort();
        auto first = library.first();
        benchmark::DoNotOptimize(first);
    }
}

void resolve(benchmark::State& state, std::size_t names, std::size_t size) {
    auto& subject = shared(names, size);
    std::size_t i = 0;
    for (auto _ : state) {
        const auto value = subject.view->get(subject.order[i++ % subject.order.size()]);
        if (!value) std::abort();
        auto first = value->expose_secret().front();
        benchmark::DoNotOptimize(first);
    }
}

/// What one of so many readers of one view waits for a value, in nanoseconds: each thread measures
/// itself while all of them read, and the slowest counts. (Google Benchmark's figure for threads
/// has had another meaning in each version.)
auto wait_of_each(std::size_t readers, std::size_t reads) -> double {
    const auto& subject = shared(1000, 64);
    std::atomic<std::size_t> ready{0};
    std::atomic<std::size_t> left{readers};
    std::vector<double> waits(readers);
    const auto read = [&](std::size_t n, std::size_t& i) {
        for (; n > 0; --n)
            if (!subject.view->get(subject.order[i++ % subject.order.size()])) std::abort();
    };
    const auto measure = [&](std::size_t me) {
        std::size_t i = me * 7919;
        read(1000, i);
        for (++ready; ready < readers;)
            std::this_thread::yield();
        const auto from = std::chrono::steady_clock::now();
        read(reads, i);
        waits[me] =
            std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - from)
                .count() /
            static_cast<double>(reads);
        for (--left; left > 0;) // who is done first goes on: the other is not to be alone
            read(100, i);
    };
    std::vector<std::thread> others;
    for (std::size_t me = 1; me < readers; ++me)
        others.emplace_back(measure, me);
    measure(0);
    for (auto& other : others)
        other.join();
    return *std::max_element(waits.begin(), waits.end());
}

void compare_readers(bool brief) {
    double one = 1e300;
    double two = 1e300;
    for (int round = 0; round < (brief ? 1 : 15); ++round) { // in turns: both meet the same noise
        one = std::min(one, wait_of_each(1, brief ? 1000 : 200'000));
        two = std::min(two, wait_of_each(2, brief ? 1000 : 200'000));
    }
    std::fprintf(stderr, "# two_readers_1k: %.0f against %.0f ns\n", two, one);
    coffer_benchmarks::print("two_readers_1k", two / one, 1.3);
}

/// Exactly `count` operations, for counting instructions.
auto operations(std::string_view what, std::size_t size, std::size_t count) -> int {
    if (what == "bare") {
        bare library(size);
        for (std::size_t i = 0; i < count; ++i)
            if (!library.open()) return 1;
        return 0;
    }
    filled subject(1000, size);
    for (std::size_t i = 0; i < count; ++i)
        if (!subject.view->get(subject.order[i % subject.order.size()])) return 1;
    return 0;
}

/// Instructions of a run under callgrind; 0 if there is no valgrind.
auto instructions(const std::string& what, std::size_t size, std::size_t count) -> double {
    std::array<char, 4096> self{};
    const auto n = ::readlink("/proc/self/exe", self.data(), self.size() - 1);
    if (n <= 0) return 0;
    const std::string command = "valgrind --tool=callgrind --callgrind-out-file=/dev/null '" +
                                std::string(self.data()) + "' --operations " + what + " " +
                                std::to_string(size) + " " + std::to_string(count) + " 2>&1";
    FILE* out = ::popen(command.c_str(), "r");
    if (out == nullptr) return 0;
    double collected = 0;
    std::array<char, 512> line{};
    while (std::fgets(line.data(), static_cast<int>(line.size()), out) != nullptr)
        if (const char* at = std::strstr(line.data(), "Collected : "))
            collected = std::atof(at + 12);
    return ::pclose(out) == 0 ? collected : 0;
}

void count_instructions() {
    for (const std::size_t size : {std::size_t{64}, std::size_t{256}, std::size_t{1024}}) {
        double each[2] = {};
        for (const bool resolving : {false, true}) {
            const std::string what = resolving ? "resolve" : "bare";
            const auto few = instructions(what, size, 2000);
            const auto more = instructions(what, size, 4000);
            if (few == 0 || more == 0) {
                std::fprintf(stderr, "# instructions: left out, there is no valgrind\n");
                return;
            }
            each[resolving] = (more - few) / 2000; // setting up cancels out
        }
        std::fprintf(stderr, "# instructions_%zu: %.0f against %.0f\n", size, each[1], each[0]);
        coffer_benchmarks::print("instructions_" + std::to_string(size), each[1] / each[0], 1.2);
    }
}

} // namespace

int main(int argc, char** argv) {
    if (argc == 5 && std::string_view(argv[1]) == "--operations")
        return operations(argv[2], std::strtoul(argv[3], nullptr, 10),
                          std::strtoul(argv[4], nullptr, 10));
    const bool brief = coffer_benchmarks::is_brief(argc, argv); // no million names, no valgrind
    std::vector<coffer_benchmarks::figure> figures;
    for (const std::size_t size : {std::size_t{64}, std::size_t{256}, std::size_t{1024}}) {
        const auto text = std::to_string(size);
        benchmark::RegisterBenchmark(("bare_" + text).c_str(),
                                     [size](benchmark::State& s) { open_bare(s, size); });
        for (const auto& [label, names] :
             {std::pair{"1k", std::size_t{1000}}, std::pair{"100k", std::size_t{100'000}}}) {
            if (brief && names > 1000) continue;
            const auto name = "resolve_" + text + "_" + label;
            benchmark::RegisterBenchmark(
                name.c_str(), [size, n = names](benchmark::State& s) { resolve(s, n, size); });
            figures.push_back({name, name, "bare_" + text, size == 64 && names == 1000 ? 1.25 : 0});
        }
    }
    if (!brief) {
        benchmark::RegisterBenchmark("resolve_64_1m",
                                     [](benchmark::State& s) { resolve(s, 1'000'000, 64); });
        figures.push_back({"1m_names_against_1k", "resolve_64_1m", "resolve_64_1k", 2.5});
    }
    const int ended = coffer_benchmarks::run(argc, argv, figures);
    compare_readers(brief);
    if (!brief) count_instructions();
    return ended;
}
