// SPDX-License-Identifier: BSL-1.0
// What a vault tells of its state as a whole: how current it is, what is damaged, whose it is.
#include "support/catch.hpp"
#include "support/staged_store.hpp"
#include "support/vault.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace coffer;
using coffer_test::shown;
using coffer_test::staged_store;
using coffer_test::test_vault;
using namespace std::chrono_literals;

namespace {

constexpr context prod{.environment = "prod"};

struct world {
    coffer_test::manual_clock time;
    staged_store store;
    keyring::memory_keyring keys;
    test_vault vault = open();

    auto open(options with = {}) const -> test_vault {
        with.time = &time;
        return {store, cryptopp::aes_256_gcm{}, keys, std::move(with)};
    }
    world() {
        vault.ensure_space({.environment = "prod", .space = "acme"}).value();
        vault.put(prod, "TOKEN", "old").value();
        vault.put(prod, "TOKEN", "new").value();
    }
    auto partition() const -> std::string {
        return format::partition_name(cryptopp::aes_256_gcm{}, "", "prod");
    }
};

/// Every read of the state as a whole: how current it was, or why there was none.
auto all_reads(test_vault& vault) -> std::vector<result<freshness>> {
    const auto fresh = [](auto answer) -> result<freshness> {
        return answer ? result<freshness>(answer->fresh) : answer.error();
    };
    return {fresh(vault.environments()),
            fresh(vault.spaces("prod")),
            fresh(vault.list(prod)),
            fresh(vault.entries("prod")),
            fresh(vault.history(prod, "TOKEN")),
            fresh(vault.status("prod"))};
}

} // namespace

TEST_CASE("what is read while the store is away says so, and how old it is") {
    world w;
    (void)all_reads(w.vault);
    const auto last_look = w.time.boot();
    for (const auto& one : all_reads(w.vault)) {
        CHECK_FALSE(one.value().stale);
        CHECK(one.value().as_of == last_look);
    }
    w.time.advance(10s);
    w.store.go_away(errc::unavailable);
    w.time.advance(20s);
    for (const auto& one : all_reads(w.vault)) {
        CHECK(one.value().stale);
        CHECK(one.value().as_of == last_look);
    }
    const auto names = w.vault.list(prod).value();
    CHECK(names.stale());
    CHECK(names.age() == 30s);
    CHECK(names.front().name == "TOKEN");
    // What promises to look at the store never answers from what is held.
    CHECK(w.vault.verify("prod").error() == errc::unavailable);
    CHECK(w.vault.describe(prod).error() == errc::unavailable);
    CHECK(w.vault.get_version(prod, "TOKEN", 2).error() == errc::unavailable);
    CHECK(w.vault.is_stored(prod, "TOKEN").error() == errc::unavailable);
    w.time.advance(5min);
    for (const auto& one : all_reads(w.vault))
        CHECK(one.error() == errc::unavailable);
}

TEST_CASE("verify sees what was damaged since the vault read it, wherever that is") {
    world w;
    REQUIRE(shown(w.vault.resolver().get(prod, "TOKEN")) == "new");
    const auto whole = w.store.shown(w.partition());
    REQUIRE(w.vault.verify("prod").value().checked == 4);
    std::size_t reported = 0;
    for (const auto& [key, object] : whole.objects) {
        for (const bool gone : {true, false}) {
            auto damaged = whole;
            if (gone)
                damaged.objects.erase(key);
            else
                damaged.objects[key].back() ^= std::byte{1};
            w.store.show(w.partition(), damaged);
            CAPTURE(key, gone);
            const auto seen = w.vault.verify("prod");
            // Objects that wait to be erased are no part of the state.
            const bool listed =
                !w.open().verify("prod") || !w.open().verify("prod").value().damaged.empty();
            CHECK((!seen || !seen->damaged.empty()) == listed);
            if (!seen) CHECK(seen.error() == errc::tampered);
            reported += listed ? 1 : 0;
            CHECK(shown(w.vault.resolver().get(prod, "TOKEN")) == "new"); // it holds that still
        }
    }
    CHECK(reported == 2 * (1 + 1 + 1 + 4)); // head, root, page, records
    w.store.show(w.partition(), whole);
    CHECK(w.vault.verify("prod").value().damaged.empty());
}

TEST_CASE("verify calls nothing damaged that another writer trims meanwhile") {
    bool struck = true;
    for (std::size_t load = 1; struck; ++load) { // right before each load in turn
        world w;
        for (int i = 0; i < 8; ++i) // ten versions are kept
            w.vault.put(prod, "TOKEN", "version " + std::to_string(i)).value();
        auto other = w.open({.erase_after = 0ms});
        other.put(prod, "TOKEN", "the newest").value();
        std::size_t loads = 0;
        w.store.before_load([&](std::string_view, std::span<const std::string>) {
            if (++loads != load) return;
            for (int i = 0; i < 12; ++i)
                other.put(prod, "TOKEN", "later " + std::to_string(i)).value();
        });
        CAPTURE(load);
        const auto seen = w.vault.verify("prod");
        struck = loads >= load;
        REQUIRE(seen);
        CHECK(seen->damaged.empty());
        CHECK(seen->checked == 12); // ten, and the descriptions of environment and space
        REQUIRE(load < 50);
    }
}

TEST_CASE("verify sees that an older state was put back") {
    world w;
    const auto before = w.store.shown(w.partition());
    w.vault.put(prod, "TOKEN", "newest").value();
    w.store.show(w.partition(), before);
    CHECK(w.vault.verify("prod").error() == errc::rolled_back);
}

TEST_CASE("an older version is read while a commit is under way") {
    world w;
    std::thread reads;
    std::string seen;
    std::atomic<bool> read{false};
    w.store.before_commit([&](std::string_view) {
        if (reads.joinable()) return;
        reads = std::thread([&] {
            const auto described = w.vault.describe(prod);
            seen = described.value_or("none") + shown(w.vault.get_version(prod, "TOKEN", 1));
            read = true;
        });
        for (int patience = 5'000; !read && patience > 0; --patience)
            std::this_thread::sleep_for(1ms);
        CHECK(read);
    });
    w.vault.put(prod, "TOKEN", "newer").value();
    reads.join();
    CHECK(seen == "{}old");
}

TEST_CASE("whatever is asked of an environment that is not there, its name is not kept") {
    world w;
    const context made_up{.environment = "made up"};
    const std::vector<std::function<errc(test_vault&)>> all{
        [&](test_vault& v) { return v.describe(made_up).error().code; },
        [&](test_vault& v) { return v.list(made_up).error().code; },
        [&](test_vault& v) { return v.entries("made up").error().code; },
        [&](test_vault& v) { return v.spaces("made up").error().code; },
        [&](test_vault& v) { return v.history(made_up, "N").error().code; },
        [&](test_vault& v) { return v.is_stored(made_up, "N").error().code; },
        [&](test_vault& v) { return v.get_version(made_up, "N", 1).error().code; },
        [&](test_vault& v) { return v.status("made up").error().code; },
        [&](test_vault& v) { return v.verify("made up").error().code; },
        [&](test_vault& v) { return v.put(made_up, "N", "v").error().code; },
        [&](test_vault& v) { return v.remove_environment("made up").error().code; },
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
        CAPTURE(i);
        const std::weak_ptr kept = w.vault.engine().borrow_slot("made up");
        CHECK(all[i](w.vault) == errc::unknown_scope);
        CHECK(kept.expired());
    }
    const std::weak_ptr kept = w.vault.engine().borrow_slot("made up");
    (void)w.vault.resolver().refresh("made up");
    CHECK(kept.expired());
    CHECK(w.vault.describe({.environment = ""}).error() == errc::invalid_argument);
    CHECK(w.vault.describe({.environment = "prod", .space = std::string_view("a\0b", 3)}).error() ==
          errc::invalid_argument);
}

TEST_CASE("a store of another realm is told as one, and nothing is begun in it") {
    world w;
    auto foreign = w.open({.realm = "staging"});
    const auto before = w.store.partitions().value();
    CHECK(foreign.environments().error() == errc::foreign);
    CHECK(foreign.resolver().at(prod).error() == errc::foreign);
    CHECK(foreign.list(prod).error() == errc::foreign);
    CHECK(foreign.put(prod, "TOKEN", "v").error() == errc::foreign);
    CHECK(foreign.verify("prod").error() == errc::foreign);
    CHECK(foreign.verify(system_environment).error() == errc::foreign);
    CHECK(foreign.ensure_environment("prod").error() == errc::foreign);
    CHECK(foreign.create_environment("other").error() == errc::foreign);
    CHECK(foreign.remove_environment("prod").error() == errc::foreign);
    CHECK(foreign.put_system("token/a", "row").error() == errc::foreign);
    CHECK(w.store.partitions().value() == before);
    // Of its own realm nothing has changed.
    CHECK(w.vault.environments().value() == std::vector<std::string>{"prod"});
    CHECK(w.open().resolver().at({.environment = "none"}).error() == errc::unknown_scope);
}

TEST_CASE("a store that is new, or whose heads can't be read, is nobody else's") {
    world w;
    staged_store fresh;
    test_vault vault{fresh, cryptopp::aes_256_gcm{}, w.keys, {.realm = "staging"}};
    CHECK(vault.environments().value().empty());
    CHECK(vault.resolver().at(prod).error() == errc::unknown_scope);
    fresh.show("garbage.0123456789abcdef", {revision{std::byte{1}}, {{"head", bytes(3)}}});
    fresh.show("headless.0123456789abcdef", {revision{std::byte{1}}, {}});
    CHECK(vault.environments().value().empty());
    vault.ensure_environment("prod").value();
    CHECK(vault.environments().value() == std::vector<std::string>{"prod"});
}
