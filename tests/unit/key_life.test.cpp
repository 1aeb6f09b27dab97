// SPDX-License-Identifier: BSL-1.0
// New KEKs and DEKs under a vault that is in use: what was kept is there before, during and after,
// wherever it was interrupted.
#include "support/catch.hpp"
#include "support/vault.hpp"

#include <coffer/testing/faulty_store.hpp>
#include <coffer/testing/manual_clock.hpp>

#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace coffer;
using namespace coffer_test;
using keyring::kek_state;

namespace {

constexpr context prod{.environment = "prod"};
constexpr context acme{.environment = "prod", .space = "acme"};

/// Every version of every value of an environment, as text: what a rotation must not change.
auto all_of(test_vault& v) -> std::map<std::string, std::string> {
    std::map<std::string, std::string> out;
    for (const auto& e : v.entries("prod").value()) {
        if (e.entry.name.empty()) continue;
        const context where{.environment = "prod", .space = e.space, .actor = e.actor};
        auto& text = out[e.space + "|" + e.entry.name + "|" + format::to_hex(e.entry.id)];
        for (const auto& version : v.history(where, e.entry.name).value()) {
            text += std::to_string(version.version) + "/" +
                    std::to_string(static_cast<int>(version.state)) + "/" + version.author;
            if (version.state == format::entry_state::value)
                text += "=" + shown(v.get_version(where, e.entry.name, version.version));
            text += " ";
        }
    }
    return out;
}
auto numbers_of(const environment_status& s) -> std::vector<std::uint32_t> {
    std::vector<std::uint32_t> out;
    for (const auto& d : s.deks)
        out.push_back(d.number);
    return out;
}

struct fixture {
    testing::manual_clock time;
    memory::store store;
    keyring::memory_keyring keys;
    test_vault vault = open();

    auto open(options with = {}) -> test_vault { return open(store, with); }
    auto open(any_store over, options with = {}) -> test_vault {
        with.time = &time;
        return {std::move(over), cryptopp::aes_256_gcm{}, keys, with};
    }
    /// Values with several versions, removed ones, hidden ones, in two scopes.
    void fill() {
        vault.ensure_space(acme).value();
        for (int i = 0; i < 6; ++i)
            for (int version = 0; version < 3; ++version)
                vault.put(prod, "N" + std::to_string(i), "v" + std::to_string(version)).value();
        vault.put(acme, "N0", "own").value();
        vault.hide(acme, "N1").value();
        vault.erase(prod, "N5").value();
    }
    auto deks() -> std::vector<std::uint32_t> { return numbers_of(open().status("prod").value()); }
    auto kek_of_all_deks() -> std::set<std::string> {
        std::set<std::string> out;
        for (const auto& d : open().status("prod").value().deks)
            out.insert(d.kek_id);
        return out;
    }
    auto new_kek() -> std::string {
        const auto old = keys.keks();
        std::vector<std::string> names = old.back().environments;
        auto id = keys.add({.environments = names, .is_default = true}).value();
        for (const auto& k : old)
            keys.set_state(k.id, kek_state::decrypt_only).value();
        return id;
    }
};

} // namespace

TEST_CASE("rewrap puts every DEK under the active KEK and changes nothing else") {
    fixture f;
    f.fill();
    const auto before = all_of(f.vault);
    const auto generation = f.vault.status("prod").value().generation;
    const auto old = *f.kek_of_all_deks().begin();
    const auto kek = f.new_kek();

    const auto done = f.vault.rewrap("prod").value();
    CHECK(done.kek_id == kek);
    CHECK(done.deks == 1);
    CHECK(f.kek_of_all_deks() == std::set{kek});
    const auto after = f.vault.status("prod").value();
    CHECK(after.generation == generation + 1);
    CHECK(numbers_of(after) == std::vector<std::uint32_t>{1});

    // What the older KEK was for is done with.
    f.keys.set_state(old, kek_state::disabled).value();
    auto fresh = f.open();
    CHECK(all_of(fresh) == before);
    CHECK(all_of(f.vault) == before);
    CHECK(f.vault.rewrap("prod").value().deks == 0);
    CHECK(f.vault.status("prod").value().generation == generation + 1);
}

TEST_CASE(
    "rewrap reaches the DEKs that an unfinished rotation left, and Coffer's own environment") {
    fixture f;
    f.fill();
    const auto before = all_of(f.vault);
    CHECK_FALSE(f.vault.rotate_dek("prod", [](auto&) { return false; }).value().finished);
    const auto old = *f.kek_of_all_deks().begin();
    const auto kek = f.new_kek();
    CHECK(f.vault.rewrap("prod").value().deks == 2);
    CHECK(f.vault.rewrap(system_environment).value().deks == 1);
    f.keys.set_state(old, kek_state::disabled).value();
    auto fresh = f.open();
    CHECK(fresh.environments().value() == std::vector<std::string>{"prod"});
    CHECK(all_of(fresh) == before);
    CHECK(f.vault.rotate_dek("prod").value().finished);
    CHECK(all_of(fresh) == before);
}

TEST_CASE("rewrap needs both KEKs and an environment that is there") {
    fixture f;
    f.fill();
    CHECK(f.vault.rewrap("nothing").error() == errc::unknown_scope);
    CHECK(f.vault.rotate_dek("nothing").error() == errc::unknown_scope);
    const auto old = *f.kek_of_all_deks().begin();
    f.new_kek();
    f.keys.set_state(old, kek_state::disabled).value();
    CHECK(f.vault.rewrap("prod").error() == errc::key_disabled);
    f.keys.set_state(old, kek_state::decrypt_only).value();
    CHECK(f.vault.rewrap("prod").value().deks == 1);
}

TEST_CASE("a new DEK seals every version of every value, and the older one goes") {
    fixture f;
    f.fill();
    const auto before = all_of(f.vault);
    std::size_t told = 0;
    const auto done = f.vault
                          .rotate_dek("prod",
                                      [&](const rotation_progress& p) {
                                          ++told;
                                          CHECK(p.dek == 2);
                                          CHECK(p.entries <= p.entries_all);
                                          return true;
                                      })
                          .value();
    CHECK(done.dek == 2);
    CHECK(done.finished);
    CHECK_FALSE(done.resumed);
    CHECK(done.damaged == 0);
    CHECK(done.resealed == 6 * 3 + 1 + 2); // the values, and two scopes' own metadata
    CHECK(told == 2);
    CHECK(f.deks() == std::vector<std::uint32_t>{2});
    CHECK(all_of(f.vault) == before);
    auto fresh = f.open();
    CHECK(all_of(fresh) == before);
    CHECK(fresh.verify("prod").value().damaged.empty());
    // Nothing that the store keeps is under the older DEK but what waits for its grace.
    f.time.advance(std::chrono::hours(1));
    f.open().put(prod, "AFTER", "x").value();
    const auto partition = format::partition_name(cryptopp::aes_256_gcm{}, "", "prod");
    for (const auto& [key, object] : f.store.list(partition).value().entries) {
        if (key == "head") continue;
        CHECK(format::parse_object(object).value().dek == 2);
    }
}

TEST_CASE("a rotation that was stopped goes on where it was, with the DEK that it made") {
    fixture f;
    f.fill();
    const auto before = all_of(f.vault);
    const auto stopped = f.vault.rotate_dek("prod", [](auto&) { return false; }).value();
    CHECK(stopped.dek == 2);
    CHECK_FALSE(stopped.finished);
    CHECK(f.deks() == std::vector<std::uint32_t>{1, 2});
    auto fresh = f.open();
    CHECK(all_of(fresh) == before);
    fresh.put(prod, "N0", "while it rotates").value();

    const auto done = f.open().rotate_dek("prod").value();
    CHECK(done.dek == 2);
    CHECK(done.resumed);
    CHECK(done.finished);
    CHECK(f.deks() == std::vector<std::uint32_t>{2});
    CHECK(shown(f.open().resolver().get(prod, "N0")) == "while it rotates");
    // Done with: the next one makes a DEK.
    CHECK(f.vault.rotate_dek("prod").value().dek == 3);
}

TEST_CASE("large values and many of them are sealed anew in several commits") {
    fixture f;
    f.vault.ensure_space(acme).value();
    const std::string large(60 * 1024, 'x');
    for (int i = 0; i < 300; ++i)
        f.vault.put(i % 2 == 0 ? prod : acme, "L" + std::to_string(i), large + std::to_string(i))
            .value();
    std::vector<named_value> many;
    for (int i = 0; i < 2500; ++i)
        many.push_back({"M" + std::to_string(i), wiped_bytes(8, std::byte(i % 251))});
    f.vault.put_many(prod, std::move(many)).value();
    f.vault.put(prod, "L0", large).value(); // a second version of a large one
    const auto before = all_of(f.vault);
    std::size_t commits = 0;
    const auto done = f.vault.rotate_dek("prod", [&](auto&) { return ++commits != 0; }).value();
    CHECK(done.finished);
    CHECK(done.resealed == 300 + 1 + 2500 + 2);
    CHECK(commits > 4);
    CHECK(all_of(f.vault) == before);
    auto fresh = f.open();
    CHECK(all_of(fresh) == before);
}

TEST_CASE("damaged records stay, and so does the DEK that they may be under") {
    fixture f;
    f.fill();
    // Take away the record of N2's newest version and of an older one of N3.
    auto& engine = f.vault.engine();
    const auto snapshot = engine.observe(engine.slot_of("prod")).value().snapshot;
    const auto partition = engine.slot_of("prod").of().partition;
    const auto gone = [&](const char* name, std::size_t version) {
        return object_write{
            format::store_key(
                snapshot->pages.find({{}, {}, name}).entry->versions.at(version).record),
            std::nullopt};
    };
    const std::vector<object_write> removal{gone("N2", 0), gone("N3", 1)};
    (void)f.store.commit(partition, snapshot->at, snapshot->at, removal).value();

    auto fresh = f.open();
    const auto done = fresh.rotate_dek("prod").value();
    CHECK_FALSE(done.finished);
    CHECK(done.damaged == 2);
    CHECK(f.deks() == std::vector<std::uint32_t>{1, 2});
    CHECK(shown(fresh.resolver().get(prod, "N2")) == "tampered");
    CHECK(shown(fresh.resolver().get(prod, "N4")) == "v2");
    // It is no unfinished rotation: the next one makes a DEK, and once nothing is damaged all go.
    CHECK(fresh.rotate_dek("prod").value().dek == 3);
    for (const auto* name : {"N2", "N3"})
        for (int i = 0; i < 10; ++i)
            fresh.put(prod, name, "again" + std::to_string(i)).value();
    CHECK(fresh.rotate_dek("prod").value().finished);
    CHECK(f.deks() == std::vector<std::uint32_t>{3});
}

TEST_CASE("a KEK that is refused costs what is under its DEKs, and no other older version") {
    fixture f;
    f.vault.ensure_environment("prod").value();
    const auto first = f.keys.keks().front().id;
    f.vault.put(prod, "N", "v1").value();
    for (std::uint32_t i = 2; i <= 5; ++i) { // each version under a DEK and a KEK of its own
        f.new_kek();
        f.vault.engine().apply("prod", algorithm::edits::begin_rotation{i - 1}).value();
        f.vault.put(prod, "N", "v" + std::to_string(i)).value();
    }
    REQUIRE(f.deks().size() == 5);
    f.keys.set_state(first, kek_state::disabled).value();
    const auto seen = f.open().verify("prod");
    REQUIRE(seen);
    REQUIRE(seen->damaged.size() == 2); // and the description of the environment
    for (const auto& d : seen->damaged) {
        CHECK(d.version == 1);
        CHECK(d.why == errc::key_disabled);
    }
}

TEST_CASE("an answer of the key side that no head can hold is refused before it is written") {
    struct loose_keys {
        std::shared_ptr<std::size_t> wrapped = std::make_shared<std::size_t>(0); ///< 0: as it is.
        std::shared_ptr<std::string> id = std::make_shared<std::string>();
        keyring::memory_keyring inner{};

        auto key_for(std::string_view environment) -> result<std::string> {
            return id->empty() ? inner.key_for(environment) : result<std::string>(*id);
        }
        auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, byte_view aad)
            -> result<bytes> {
            return *wrapped == 0 ? inner.wrap(kek_id, dek, aad) : result<bytes>(bytes(*wrapped));
        }
        auto unwrap(std::string_view kek_id, std::string_view environment, byte_view data,
                    byte_view aad) -> result<key_bytes> {
            return inner.unwrap(kek_id, environment, data, aad);
        }
    };
    loose_keys keys;
    vault v{memory::store(), cryptopp::aes_256_gcm(), keys};
    v.ensure_environment("prod").value();
    v.put(prod, "N", "v").value();
    for (const std::size_t size : {15U, 4097U}) {
        *keys.wrapped = size;
        CHECK(v.ensure_environment("new").error() == errc::invalid_argument);
        CHECK(v.rotate_dek("prod").error() == errc::invalid_argument);
        CHECK(v.put(prod, "N", "v").value().changed == false);
    }
    *keys.wrapped = 100;
    *keys.id = std::string(256, 'k');
    CHECK(v.ensure_environment("new").error() == errc::invalid_argument);
    CHECK(v.rewrap("prod").error() == errc::invalid_argument);
    keys.id->clear();
    const auto next = keys.inner.add({.environments = {"prod"}}).value();
    *keys.wrapped = 4097;
    CHECK(v.rewrap("prod").error() == errc::invalid_argument);
    *keys.wrapped = 0;
    CHECK(v.rewrap("prod").value().kek_id == next);
    CHECK(shown(v.resolver().get(prod, "N")) == "v");
    CHECK(v.ensure_environment("new"));
}

TEST_CASE("a head signed with the retired DEK is refused by all who saw the new one") {
    fixture f;
    f.fill();
    auto reader = f.open();
    CHECK(shown(reader.resolver().get(prod, "N0")) == "v2");
    // Somebody keeps the DEK, as a leak would let him.
    auto& engine = f.vault.engine();
    const auto kept = engine.observe(engine.slot_of("prod")).value().snapshot;
    const auto partition = engine.slot_of("prod").of().partition;
    CHECK(f.vault.rotate_dek("prod").value().finished);
    CHECK(shown(reader.resolver().get(prod, "N0")) == "v2");

    const auto now = engine.observe(engine.slot_of("prod")).value().snapshot;
    auto forged = kept->head;
    forged.generation = now->head.generation + 1;
    forged.ancestors = format::next_ancestors(now->head);
    auto data = algorithm::sign_head(*kept->keys->find(1), forged);
    const auto at = format::revision_of(cryptopp::aes_256_gcm{}.sha256(data));
    std::vector<object_write> writes;
    for (auto& [key, object] : f.store.list(partition).value().entries)
        if (key != "head") writes.push_back({key, object});
    writes.push_back({"head", std::move(data)});
    CHECK(f.store.commit(partition, now->at, at, writes).value() == commit_outcome::committed);

    CHECK(shown(reader.resolver().get(prod, "N0")) == "rolled_back");
    CHECK(shown(f.open().resolver().get(prod, "N0")) == "rolled_back"); // by the anchor
    CHECK(f.vault.put(prod, "N0", "x").error() == errc::rolled_back);
}

TEST_CASE("rotation and rewrap interrupted at any call of the store lose nothing and go on") {
    for (const auto fault : {testing::fault::unavailable, testing::fault::conflict,
                             testing::fault::unknown_not_written, testing::fault::unknown_written,
                             testing::fault::applied_late})
        for (std::size_t n = 1;; ++n) {
            INFO("fault " << static_cast<int>(fault) << " at call " << n);
            REQUIRE(n < 100);
            fixture f;
            f.fill();
            const auto before = all_of(f.vault);
            f.new_kek();
            testing::faulty_store<memory::store> faulty(f.store);
            auto unlucky = f.open(faulty);
            faulty.fail(n, fault);
            const auto rewrapped = unlucky.rewrap("prod");
            const auto rotated = unlucky.rotate_dek("prod");
            const bool struck = !faulty.armed();
            (void)faulty.load("p", {}); // what may still land has landed
            auto fresh = f.open();
            CHECK(all_of(fresh) == before);
            if (rotated) CHECK(rotated->finished);
            if (rewrapped && rotated) CHECK(f.kek_of_all_deks() == std::set{rewrapped->kek_id});

            // The same process goes on, and another.
            CHECK(unlucky.put(prod, "N0", "acknowledged"));
            CHECK(f.open().rotate_dek("prod").value().finished);
            CHECK(f.open().rewrap("prod"));
            CHECK(f.deks().size() == 1);
            auto last = f.open();
            CHECK(shown(last.resolver().get(prod, "N0")) == "acknowledged");
            CHECK(last.verify("prod").value().damaged.empty());
            if (!struck) break;
        }
}

TEST_CASE("readers and writers of other vaults see no rotation") {
    fixture f;
    f.fill();
    const auto before = all_of(f.vault);
    std::atomic<bool> stop{false};
    std::atomic<std::size_t> reads{0};
    std::atomic<std::size_t> wrong{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i)
        readers.emplace_back([&] {
            auto mine = f.open();
            while (!stop) {
                if (shown(mine.resolver().get(prod, "N2")) != "v2" ||
                    shown(mine.resolver().get(acme, "N0")) != "own" ||
                    shown(mine.get_version(prod, "N3", 1)) != "v0")
                    ++wrong;
                ++reads;
            }
        });
    auto writer = f.open();
    std::size_t written = 0;
    for (int i = 0; i < 5; ++i) {
        f.new_kek();
        CHECK(f.vault.rewrap("prod").value().deks == 1);
        const auto done = f.vault.rotate_dek("prod", [&](auto&) {
            writer.put(prod, "W" + std::to_string(written), "w").value();
            ++written;
            return true;
        });
        REQUIRE(done);
        CHECK(done->finished);
    }
    while (reads < 20)
        std::this_thread::yield();
    stop = true;
    for (auto& t : readers)
        t.join();
    CHECK(wrong == 0);
    auto fresh = f.open();
    for (std::size_t i = 0; i < written; ++i)
        CHECK(shown(fresh.resolver().get(prod, "W" + std::to_string(i))) == "w");
    CHECK(f.deks() == std::vector<std::uint32_t>{6});
}
