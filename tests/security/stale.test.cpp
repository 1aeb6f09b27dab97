// SPDX-License-Identifier: BSL-1.0
// What a reader answers while the store is away, and when it looks again.
#include "support/catch.hpp"
#include "support/history.hpp"

#include <barrier>
#include <latch>
#include <optional>
#include <thread>

using namespace coffer;
using namespace coffer_test;
using namespace std::chrono_literals;

namespace {

constexpr context env{.environment = "prod"};
constexpr context acme{.environment = "prod", .space = "acme"};

/// A store that can be switched off, a clock that is set by hand, a vault and a reader.
struct fixture {
    explicit fixture(std::chrono::milliseconds recheck_after = 0ms,
                     std::chrono::milliseconds recheck_keys_after = 1s)
        : vault(store, {}, keys, with(recheck_after, recheck_keys_after)),
          reader(store, {}, keys, with(recheck_after, recheck_keys_after)) {
        vault.ensure_space(acme).value();
        vault.put(env, "TOKEN", "everyone's").value();
        vault.put(env, "HIDDEN", "environment's").value();
        vault.hide(acme, "HIDDEN").value();
        vault.put(env, "SHORT", "environment's").value();
        vault.put(acme, "SHORT", "override", {.expires = at(10s)}).value();
    }
    auto with(std::chrono::milliseconds recheck_after,
              std::chrono::milliseconds recheck_keys_after = 1s) const -> options {
        options o;
        o.recheck_keys_after = recheck_keys_after;
        o.time = &time;
        o.recheck_after = recheck_after;
        o.serve_stale_for = 5min;
        return o;
    }
    auto at(std::chrono::milliseconds from_now) const -> std::uint64_t {
        return static_cast<std::uint64_t>((time.wall() + from_now).count());
    }

    manual_clock time{};
    staged_store store{};
    keyring::memory_keyring keys{};
    test_vault vault;
    test_resolver reader;
};

} // namespace

TEST_CASE("while the store is away the last state serves, marked with its age, and then nothing") {
    fixture f;
    f.reader.at(acme).value();
    const auto why = GENERATE(errc::unavailable, errc::timed_out);
    f.store.go_away(why);
    for (int i = 1; i <= 5; ++i) {
        f.time.advance(60s);
        const auto seen = f.reader.at(acme);
        REQUIRE(seen.has_value());
        CHECK(seen->stale());
        CHECK(seen->age() == i * 60s);
        const auto token = seen->get("TOKEN");
        CHECK(plain(token) == "everyone's");
        CHECK(token->fresh().stale);
        CHECK(seen->explain("TOKEN").value().fresh.stale);
        CHECK(plain(seen->get("HIDDEN")) == "not_found");
    }
    f.time.advance(1ms);
    CHECK(f.reader.at(acme).error() == why);
    CHECK(f.reader.at(env).error() == why);
    f.store.go_away({});
    const auto seen = f.reader.at(acme).value();
    CHECK_FALSE(seen.stale());
    CHECK(seen.age() == 0ms);
    CHECK(plain(seen.get("TOKEN")) == "everyone's");
}

TEST_CASE("a reader that never saw the environment has nothing to serve") {
    fixture f;
    f.store.go_away(errc::unavailable);
    CHECK(f.reader.at(acme).error() == errc::unavailable);
}

TEST_CASE("a space that is not known is not known while the store is away either") {
    fixture f;
    f.reader.at(acme).value();
    f.store.go_away(errc::unavailable);
    CHECK(f.reader.at({.environment = "prod", .space = "amce"}).error() == errc::unknown_scope);
}

TEST_CASE("nothing is written while the store is away, and no refresh succeeds") {
    fixture f;
    f.vault.resolver().at(acme).value();
    const auto before = f.store.shown(format::partition_name(cryptopp::aes_256_gcm{}, "", "prod"));
    f.store.go_away(errc::unavailable);
    CHECK(f.vault.put(env, "TOKEN", "new").error() == errc::unavailable);
    CHECK(f.vault.erase(env, "TOKEN").error() == errc::unavailable);
    CHECK(f.vault.put(env, "TOKEN", "everyone's").error() == errc::unavailable); // no change either
    CHECK(f.vault.get_version(env, "TOKEN", 1).error() == errc::unavailable);
    CHECK(f.vault.resolver().refresh("prod").error() == errc::unavailable);
    CHECK(plain(f.vault.resolver().get(acme, "TOKEN")) == "everyone's");
    f.store.go_away({});
    CHECK(f.store.shown(format::partition_name(cryptopp::aes_256_gcm{}, "", "prod")) == before);
    CHECK(plain(f.vault.resolver().get(acme, "TOKEN")) == "everyone's");
}

TEST_CASE("an override that expires never uncovers the environment's value, fresh or stale") {
    fixture f;
    const bool away = GENERATE(false, true);
    const auto kept = f.reader.at(acme).value();
    CHECK(plain(kept.get("SHORT")) == "override");
    if (away) f.store.go_away(errc::unavailable);
    f.time.advance(9'999ms);
    CHECK(plain(f.reader.get(acme, "SHORT")) == "override");
    f.time.advance(1ms);
    CHECK(plain(f.reader.get(acme, "SHORT")) == "expired");
    CHECK(plain(kept.get("SHORT")) == "expired"); // a view that was taken before, too
    CHECK(plain(f.reader.get(env, "SHORT")) == "environment's");
    const auto all = f.reader.all(acme).value();
    for (const auto& one : all)
        CHECK(one.name != "SHORT");
    CHECK(f.reader.explain(acme, "SHORT").value().outcome == errc::expired);
}

TEST_CASE("a removed environment, a denied caller and a disabled key end stale serving at once") {
    fixture f;
    f.reader.at(acme).value();
    SECTION("a store that denies") {
        f.store.go_away(errc::denied);
        CHECK(f.reader.at(acme).error() == errc::denied);
    }
    SECTION("a store that says its own file can't be read") {
        f.store.go_away(errc::tampered);
        CHECK(f.reader.at(acme).error() == errc::tampered);
    }
    SECTION("an environment that was removed before the store went away") {
        f.vault.remove_environment("prod").value();
        CHECK(f.reader.at(acme).error() == errc::unknown_scope);
        f.store.go_away(errc::unavailable);
        CHECK(f.reader.at(acme).error() == errc::unknown_scope);
    }
    SECTION("a new state under a key that is disabled") {
        f.vault.remove_environment("prod").value();
        f.vault.ensure_space(acme).value(); // under a new DEK, which has to be unwrapped
        f.keys.set_state(f.keys.keks().front().id, keyring::kek_state::disabled).value();
        CHECK(f.reader.at(acme).error() == errc::key_disabled);
        CHECK(f.reader.at(acme).error() == errc::key_disabled);
        test_resolver another(f.store, {}, f.keys, f.with(0ms));
        CHECK(another.at(acme).error() == errc::key_disabled);
    }
}

TEST_CASE("a key that is disabled ends the use of keys that are held, store away or not") {
    fixture f;
    f.reader.at(acme).value();
    f.vault.put(env, "TOKEN", "still the same").value();
    const auto kek = f.keys.keks().front().id;
    f.time.advance(1s);
    f.reader.at(acme).value(); // asked just now
    f.keys.set_state(kek, keyring::kek_state::disabled).value();
    CHECK(f.reader.at(acme).has_value()); // and not again within a second
    f.time.advance(1s);
    SECTION("a reader whose head has not changed") {
        CHECK(f.reader.at(acme).error() == errc::key_disabled);
        CHECK(f.reader.at(acme).error() == errc::key_disabled);
    }
    SECTION("a reader that finds another head under the same DEK") {
        auto rarely = f.with(0ms);
        rarely.recheck_keys_after = 1h;
        f.keys.set_state(kek, keyring::kek_state::active).value();
        test_vault writer(f.store, {}, f.keys, rarely);
        writer.put(env, "OTHER", "x").value();
        f.keys.set_state(kek, keyring::kek_state::disabled).value();
        writer.put(env, "OTHER", "written by one that asks once an hour").value();
        CHECK(f.reader.at(acme).error() == errc::key_disabled);
    }
    SECTION("a reader whose store is away") {
        f.store.go_away(errc::unavailable);
        CHECK(f.reader.at(acme).error() == errc::key_disabled);
    }
    SECTION("a writer, before it writes anything") {
        const auto before = f.store.commits();
        CHECK(f.vault.put(env, "TOKEN", "never").error() == errc::key_disabled);
        CHECK(f.store.commits() == before);
    }
    f.store.go_away(std::nullopt);
    f.keys.set_state(kek, keyring::kek_state::active).value();
    CHECK(shown(f.reader.get(acme, "TOKEN")) == "still the same");
    f.vault.put(env, "TOKEN", "new").value();
    CHECK(shown(f.reader.get(acme, "TOKEN")) == "new");
}

TEST_CASE("a key that is disabled ends reads however rarely they look at the store") {
    fixture f(1h);
    f.reader.at(acme).value();
    f.keys.set_state(f.keys.keks().front().id, keyring::kek_state::disabled).value();
    f.time.advance(999ms);
    CHECK(f.reader.at(acme).has_value());
    f.time.advance(1ms);
    CHECK_FALSE(f.reader.try_at(acme).has_value());
    CHECK(f.reader.at(acme).error() == errc::key_disabled);
}

TEST_CASE("a store that hangs keeps one reader waiting, not all") {
    fixture f(100ms);
    f.reader.at(acme).value();
    f.time.advance(100ms);
    f.store.go_away(errc::timed_out);
    REQUIRE(f.reader.at(acme)->stale()); // found out
    f.time.advance(100ms);
    CHECK_FALSE(f.reader.try_at(acme).has_value()); // somebody must ask
    std::latch asked{1}, answer{1};
    f.store.before_load([&](auto&&...) {
        asked.count_down();
        answer.wait();
    });
    std::optional<bool> waited;
    std::thread one([&] { waited = f.reader.at(acme)->stale(); });
    asked.wait();
    const auto others = f.reader.try_at(acme);
    const auto seen = f.reader.at(acme);
    answer.count_down();
    one.join();
    f.store.before_load({});
    CHECK(waited == true);
    REQUIRE(seen.has_value());
    CHECK(seen->stale());
    CHECK(seen->age() == 200ms);
    CHECK(others->stale());

    f.store.go_away(std::nullopt);
    CHECK_FALSE(f.reader.at(acme)->stale());
}

TEST_CASE("a head that is refused is not served stale in its place") {
    fixture f;
    f.reader.at(acme).value();
    const auto partition = format::partition_name(cryptopp::aes_256_gcm{}, "", "prod");
    auto now = f.store.shown(partition);
    now.at[0] ^= std::byte{1};
    now.objects["head"].back() ^= std::byte{1};
    f.store.show(partition, now);
    CHECK(f.reader.at(acme).error() == errc::tampered);
    CHECK(f.reader.get(acme, "TOKEN").error() == errc::tampered);
}

TEST_CASE("what was refused is not served stale when the store goes away next") {
    const auto recheck_after = GENERATE(0ms, 1s);
    fixture f(recheck_after);
    f.reader.at(acme).value();
    const auto refused = [&](errc why) {
        f.time.advance(recheck_after);
        CHECK(f.reader.at(acme).error() == why);
        f.store.go_away(errc::unavailable);
        CHECK(f.reader.at(acme).error() == errc::unavailable);
        CHECK(f.reader.get(acme, "TOKEN").error() == errc::unavailable);
    };
    SECTION("a caller who is denied") {
        f.store.go_away(errc::denied);
        refused(errc::denied);
    }
    SECTION("a head that was altered") {
        const auto partition = format::partition_name(cryptopp::aes_256_gcm{}, "", "prod");
        const auto before = f.store.shown(partition);
        auto now = before;
        now.at[0] ^= std::byte{1};
        now.objects["head"].back() ^= std::byte{1};
        f.store.show(partition, now);
        refused(errc::tampered);
        f.store.show(partition, before);
    }
    SECTION("a store that was put back") {
        const auto partition = format::partition_name(cryptopp::aes_256_gcm{}, "", "prod");
        const auto old = f.store.shown(partition);
        f.vault.put(env, "TOKEN", "newer").value();
        f.time.advance(recheck_after);
        f.reader.at(acme).value();
        const auto now = f.store.shown(partition);
        f.store.show(partition, old);
        refused(errc::rolled_back);
        f.store.show(partition, now);
    }
    SECTION("what was refused when it was looked for is not recent either") {
        f.store.go_away(errc::denied);
        CHECK(f.reader.refresh("prod").error() == errc::denied);
        refused(errc::denied);
    }
    f.store.go_away(std::nullopt);
    const auto again = f.reader.at(acme);
    REQUIRE(again.has_value());
    CHECK_FALSE(again->stale());
}

TEST_CASE("with recheck_after 0 every read looks, else as often as it says") {
    SECTION("0") {
        fixture f;
        f.reader.at(acme).value();
        for (int i = 0; i < 5; ++i) {
            const auto before = f.store.loads();
            f.reader.at(acme).value();
            CHECK(f.store.loads() == before + 1); // the head's revision alone
        }
        f.vault.put(env, "TOKEN", "second").value();
        CHECK(plain(f.reader.get(acme, "TOKEN")) == "second");
    }
    SECTION("10 s") {
        fixture f(10s, 1h);
        f.reader.at(acme).value();
        const auto before = f.store.loads();
        f.vault.put(env, "TOKEN", "second").value();
        const auto of_vault = f.store.loads();
        f.time.advance(9'999ms);
        const auto seen = f.reader.at(acme).value();
        CHECK(plain(seen.get("TOKEN")) == "everyone's");
        CHECK_FALSE(seen.stale());
        CHECK(seen.age() == 9'999ms);
        f.reader.at(env).value();
        CHECK(f.store.loads() == of_vault);
        CHECK(of_vault == before); // the vault was at the newest state and did not have to look
        f.time.advance(1ms);
        CHECK(plain(f.reader.get(acme, "TOKEN")) == "second");
        CHECK(f.store.loads() > of_vault);
    }
    SECTION("refresh looks whatever it says") {
        fixture f(10s, 1h);
        f.reader.at(acme).value();
        f.vault.put(env, "TOKEN", "second").value();
        f.reader.refresh("prod").value();
        CHECK(plain(f.reader.get(acme, "TOKEN")) == "second");
    }
    SECTION("a state that was written is current for its own vault") {
        fixture f(10s, 1h);
        f.vault.put(env, "TOKEN", "second").value();
        const auto before = f.store.loads();
        CHECK(plain(f.vault.resolver().get(acme, "TOKEN")) == "second");
        CHECK(f.store.loads() == before);
    }
    SECTION("stale ends where the store is back, and it is not asked less for being away") {
        fixture f(10s, 1h);
        f.reader.at(acme).value();
        f.vault.put(env, "TOKEN", "second").value();
        f.time.advance(10s);
        f.store.go_away(errc::unavailable);
        CHECK(f.reader.at(acme).value().stale());
        f.store.go_away({});
        const auto seen = f.reader.at(acme).value();
        CHECK_FALSE(seen.stale());
        CHECK(plain(seen.get("TOKEN")) == "second");
    }
}

TEST_CASE("readers that wait for one refresh share it") {
    fixture f;
    f.reader.at(acme).value();
    constexpr std::size_t readers = 8;
    constexpr std::size_t rounds = 20;
    const auto before = f.store.loads();
    for (std::size_t round = 0; round < rounds; ++round) {
        std::barrier together(static_cast<std::ptrdiff_t>(readers));
        std::atomic<bool> first{true};
        std::atomic<std::size_t> asking{0};
        f.store.before_load([&](auto, auto) {
            if (!first.exchange(false)) return;
            while (asking < readers)
                std::this_thread::yield(); // all have begun to ask
            std::this_thread::sleep_for(20ms);
        });
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < readers; ++i)
            threads.emplace_back([&] {
                together.arrive_and_wait();
                ++asking;
                (void)f.reader.at(acme);
            });
        for (auto& t : threads)
            t.join();
    }
    // One for who came first, one for all who came while it was under way: two of eight, and some
    // more for threads that the system let sleep before they asked.
    CHECK(f.store.loads() - before <= rounds * readers / 2);
    f.store.before_load({});
}
