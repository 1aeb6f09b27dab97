// SPDX-License-Identifier: BSL-1.0
// What a durable write costs: one put into an environment of a thousand names in the file store,
// against writing the same bytes to a new file, fsync and rename. With a keyring file the put is
// told to two files, the store's and the anchor beside the keys.

#include "ratios.hpp"

#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/keyring/memory_keyring.hpp>

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace {

constexpr std::size_t names = 1000;

struct temporary_folder {
    temporary_folder() {
        // Beside the program: a temporary folder in memory would make fsync free.
        path = std::filesystem::current_path() / ("benchmark_file." + std::to_string(::getpid()));
        std::filesystem::create_directory(path);
    }
    ~temporary_folder() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

auto folder() -> const std::filesystem::path& {
    static const temporary_folder made;
    return made.path;
}

template <class Keys>
auto fill(const std::string& store, Keys keys) {
    coffer::vault vault{coffer::file::open(store).value(), coffer::cryptopp::aes_256_gcm{},
                        std::move(keys)};
    vault.ensure_space({.environment = "prod", .space = "acme"}).value();
    std::vector<coffer::named_value> values;
    for (std::size_t i = 0; i < names; ++i)
        values.push_back(
            {"SERVICE_CREDENTIAL_" + std::to_string(i), coffer::wiped_bytes(64, std::byte{'x'})});
    vault.put_many({.environment = "prod"}, std::move(values)).value();
    return vault;
}

template <class Vault>
void put_one(Vault& vault) {
    static std::size_t i = 0; // never the same value again: that would be no write
    const auto value =
        "a value of sixty-four bytes, or nearly so, and always another " + std::to_string(++i);
    vault
        .put({.environment = "prod"}, "SERVICE_CREDENTIAL_" + std::to_string(i * 389 % names),
             value)
        .value();
}
template <class Vault>
void put(benchmark::State& state, Vault& vault) {
    for (auto _ : state)
        put_one(vault);
}

/// The bytes of the store's document of `prod`.
auto document(const std::filesystem::path& store) -> std::string {
    for (const auto& file : std::filesystem::directory_iterator(store))
        if (file.path().extension() == ".json" &&
            file.path().filename().string().starts_with("prod.")) {
            std::ifstream in(file.path(), std::ios::binary);
            return (std::ostringstream() << in.rdbuf()).str();
        }
    std::abort();
}

void replace_bare(benchmark::State& state, const std::string& bytes, bool folder_too) {
    const auto path = (folder() / "bare").string();
    const auto fresh = path + ".new";
    for (auto _ : state) {
        const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (file < 0 ||
            ::write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
            ::fsync(file) != 0 || ::close(file) != 0 || ::rename(fresh.c_str(), path.c_str()) != 0)
            std::abort();
        if (!folder_too) continue;
        const int dir = ::open(folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir < 0 || ::fsync(dir) != 0 || ::close(dir) != 0) std::abort();
    }
}

} // namespace

int main(int argc, char** argv) {
    auto plain = fill((folder() / "plain").string(), coffer::keyring::memory_keyring{});
    auto anchored = fill(
        (folder() / "anchored").string(),
        coffer::keyring::open_or_create((folder() / "keys" / "keyring.json").string()).value());
    // A document that is written again and again also holds what its writes replaced in the last
    // minute: these are the bytes that a put writes.
    for (int i = 0; i < 64; ++i)
        put_one(plain);
    const auto bytes = document(folder() / "plain");
    benchmark::RegisterBenchmark("bare",
                                 [&](benchmark::State& s) { replace_bare(s, bytes, false); });
    benchmark::RegisterBenchmark("bare_and_folder",
                                 [&](benchmark::State& s) { replace_bare(s, bytes, true); });
    benchmark::RegisterBenchmark("put", [&](benchmark::State& s) { put(s, plain); });
    benchmark::RegisterBenchmark("put_anchored", [&](benchmark::State& s) { put(s, anchored); });
    return coffer_benchmarks::run(
        argc, argv,
        {{"put_1k_names", "put", "bare", 1.3},
         {"put_1k_names_with_anchor", "put_anchored", "bare", 1.3},
         {"put_1k_names_to_bare_with_folder", "put", "bare_and_folder", 0}});
}
