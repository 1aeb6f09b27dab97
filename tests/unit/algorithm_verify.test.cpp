// SPDX-License-Identifier: BSL-1.0
// Verifying goes through an environment in parts. What it says of small ones, the vault's tests tell.
#include <coffer/algorithm/verify.hpp>

#include "support/catch.hpp"
#include "support/staged_store.hpp"
#include "support/vault.hpp"

#include <coffer/algorithm/key_edits.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <malloc.h>

using namespace coffer;
using coffer_test::staged_store;
using coffer_test::test_vault;
using namespace std::chrono_literals;

namespace {
std::atomic<std::size_t> live{0};
std::atomic<std::size_t> most_live{0};
} // namespace

// Counts the bytes that are in use. Not inlined: g++ 12 would see free() meet operator new and warn.
[[gnu::noinline]] auto operator new(std::size_t size, const std::nothrow_t&) noexcept -> void* {
    auto* const got = std::malloc(size);
    const auto now = live += ::malloc_usable_size(got); // 0 of a null pointer
    auto most = most_live.load();
    while (now > most && !most_live.compare_exchange_weak(most, now)) {
    }
    return got;
}
[[gnu::noinline]] auto operator new(std::size_t size) -> void* {
    if (auto* const got = operator new(size, std::nothrow)) return got;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
    live -= ::malloc_usable_size(p);
    std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
    operator delete(p);
}

namespace {

constexpr context prod{.environment = "prod"};
constexpr std::size_t names = 20;
constexpr std::size_t versions = 10;
constexpr auto part = algorithm::verify<cryptopp::aes_256_gcm>::most_values;
static_assert(names * versions > 3 * part && part % versions != 0, "some parts end in an entry");

auto name(std::size_t n) -> std::string {
    return "N" + std::to_string(10 + n);
}

/// An environment with many versions of many names, and beside them its description.
struct world {
    coffer_test::manual_clock time{};
    staged_store store{};
    keyring::memory_keyring keys{};
    test_vault vault = open();

    auto open(options with = {}) const -> test_vault {
        with.time = &time;
        return {store, cryptopp::aes_256_gcm{}, keys, std::move(with)};
    }
    explicit world(std::size_t size = 10) {
        vault.ensure_environment("prod").value();
        for (std::size_t v = 0; v < versions; ++v)
            put_all(vault, size, static_cast<char>('a' + v));
    }
    static void put_all(test_vault& by, std::size_t size, char letter) {
        std::vector<named_value> all;
        for (std::size_t n = 0; n < names; ++n)
            all.push_back({name(n), wiped_bytes(size, static_cast<std::byte>(letter))});
        by.put_many(prod, std::move(all)).value();
    }
    auto partition() const -> std::string {
        return format::partition_name(cryptopp::aes_256_gcm{}, "", "prod");
    }
    /// The store key of a version's record; version 1 is the oldest.
    auto record(std::size_t n, std::uint64_t version) const -> std::string {
        const auto held = vault.engine().slot_of("prod").held().known;
        for (const auto& v : held->pages.find({{}, {}, name(n)}).entry->versions)
            if (v.number == version) return format::store_key(v.record);
        return "none";
    }
};

} // namespace

TEST_CASE("verify holds a few values at a time, however many there are", "[algorithm]") {
    constexpr std::size_t size = 32'768;
    world w(size);
    const auto before = live.load();
    most_live = before;
    const auto seen = w.vault.verify("prod").value();
    const auto held = most_live - before;
    CHECK(seen.checked == names * versions + 1);
    CHECK(held >= part * size); // they were counted
    CHECK(held < part * size * 3 / 2);
}

TEST_CASE("verify finds what is damaged in whatever part, and each once", "[algorithm]") {
    world w;
    const std::vector<std::pair<std::size_t, std::uint64_t>> spoilt{
        {0, 10}, {0, 1}, {6, 6}, {6, 5}, {6, 4}, {6, 3}, {12, 7}, {19, 10}, {19, 1}};
    auto image = w.store.shown(w.partition());
    for (const auto& [n, version] : spoilt)
        REQUIRE(image.objects.erase(w.record(n, version)) == 1);
    w.store.show(w.partition(), image);
    const auto seen = w.vault.verify("prod").value();
    CHECK(seen.checked == names * versions + 1);
    std::vector<std::pair<std::size_t, std::uint64_t>> found;
    for (const auto& d : seen.damaged) {
        CHECK(d.why == errc::tampered);
        CHECK(d.where.environment == "prod");
        found.emplace_back(std::stoul(d.name.substr(1)) - 10, d.version);
    }
    CHECK(found == spoilt);
}

TEST_CASE("verify goes on where it was when another writer trims what it has yet to open",
          "[algorithm]") {
    bool struck = true;
    for (std::size_t load = 1; struck; ++load) { // right before each load in turn
        world w;
        auto other = w.open({.erase_after = 0ms});
        std::size_t loads = 0;
        w.store.before_load([&](std::string_view of, std::span<const std::string>) {
            if (of != w.partition() || ++loads != load) return;
            for (std::size_t v = 0; v < versions + 2; ++v)
                world::put_all(other, 10, static_cast<char>('A' + v));
        });
        CAPTURE(load);
        const auto seen = w.vault.verify("prod");
        struck = loads >= load;
        w.store.before_load({});
        REQUIRE(seen);
        CHECK(seen->damaged.empty());
        CHECK(seen->checked > 1);
        CHECK(seen->checked <= names * versions + 1);
        REQUIRE(load < 50);
    }
}

TEST_CASE("a key side that can't be asked ends verify: that is no damage", "[algorithm]") {
    struct partly_away {
        keyring::memory_keyring inner{};
        std::shared_ptr<std::string> away = std::make_shared<std::string>();

        auto key_for(std::string_view environment) -> result<std::string> {
            return inner.key_for(environment);
        }
        auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, byte_view aad)
            -> result<bytes> {
            return inner.wrap(kek_id, dek, aad);
        }
        auto unwrap(std::string_view kek_id, std::string_view environment, byte_view wrapped,
                    byte_view aad) -> result<key_bytes> {
            if (kek_id == *away) return errc::unavailable;
            return inner.unwrap(kek_id, environment, wrapped, aad);
        }
    };
    partly_away keys;
    memory::store store;
    test_vault vault{store, cryptopp::aes_256_gcm{}, keys};
    vault.ensure_environment("prod").value();
    vault.put(prod, "N", "old").value();
    const auto first = keys.inner.keks().front().id;
    keys.inner.rotate().value();
    vault.engine().apply("prod", algorithm::edits::begin_rotation{1}).value();
    vault.put(prod, "N", "new").value();
    CHECK(vault.verify("prod").value().checked == 3);
    *keys.away = first;
    CHECK(vault.verify("prod").error() == errc::unavailable);
    keys.inner.set_state(first, keyring::kek_state::disabled).value();
    keys.away->clear();
    const auto damaged = vault.verify("prod").value().damaged;
    REQUIRE(damaged.size() == 2); // the description of the environment, too
    CHECK(damaged.back().name == "N");
    CHECK(damaged.back().version == 1);
    CHECK(damaged.back().why == errc::key_disabled);
}
