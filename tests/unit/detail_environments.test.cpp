// SPDX-License-Identifier: BSL-1.0
// An environment is made and removed in two commits: what is seen between them, what a killed
// process leaves, and who comes late.
#include "support/catch.hpp"
#include "support/staged_store.hpp"
#include "support/vault.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

using namespace coffer;
using coffer_test::shown;
using coffer_test::staged_store;
using coffer_test::test_vault;

namespace {

constexpr context prod{.environment = "prod"};
using names = std::vector<std::string>;
namespace edits = algorithm::edits;

struct world {
    staged_store store;
    keyring::memory_keyring keys;
    std::string registry = format::partition_name(cryptopp::aes_256_gcm{}, "", system_environment);
    test_vault vault = open();

    /// As another process would.
    auto open() const -> test_vault { return {store, cryptopp::aes_256_gcm{}, keys}; }
    auto listed() const -> names { return open().environments().value(); }
    auto value_of(std::string_view name) const -> std::string {
        return shown(open().resolver().get(prod, name));
    }

    // What a process leaves that is killed between the two commits.
    void make_half() const {
        open()
            .engine()
            .apply("prod", edits::make_scope{{}, "{\"by\":\"killed\"}", {}, true}, true)
            .value();
    }
    void remove_half() const {
        auto killed = open();
        killed.engine().transact(killed.engine().slot_of("prod"), {}, {.close = true}).value();
    }
    /// Does something once, between the two commits of what is called next.
    void between(std::function<void()> act) {
        store.before_commit([this, act](std::string_view partition) mutable {
            if (partition == registry && act) std::exchange(act, nullptr)();
        });
    }
    /// What is called now finds the store away at its second commit.
    template <class F>
    auto without_the_second(F&& call) -> failure {
        store.before_commit([this](std::string_view partition) {
            if (partition == registry) store.go_away(errc::denied);
        });
        const auto why = call().error();
        store.before_commit({});
        store.go_away(std::nullopt);
        return why;
    }
};

/// Every way to ask for an environment, on one vault.
auto all_errors(test_vault vault) -> std::vector<errc> {
    return {vault.resolver().at(prod).error().code,
            vault.describe(prod).error().code,
            vault.put(prod, "TOKEN", "v").error().code,
            vault.erase(prod, "TOKEN").error().code,
            vault.set_description(prod, "{}").error().code,
            vault.create_space({.environment = "prod", .space = "acme"}).error().code,
            vault.spaces("prod").error().code,
            vault.list(prod).error().code,
            vault.entries("prod").error().code,
            vault.status("prod").error().code,
            vault.history(prod, "TOKEN").error().code,
            vault.verify("prod").error().code};
}

} // namespace

TEST_CASE("an environment whose remover was killed is unknown, never tampered, and can be removed "
          "or made again") {
    world w;
    w.vault.ensure_environment("prod").value();
    w.vault.put(prod, "TOKEN", "v").value();
    w.remove_half();
    // As a process that knew it sees it, and as one that starts.
    for (auto& vault : {w.vault, w.open()}) {
        for (const auto code : all_errors(vault))
            CHECK(code == errc::unknown_scope);
        CHECK(vault.resolver().at(prod).error() == errc::unknown_scope);
    }
    auto healer = GENERATE(true, false) ? w.vault : w.open();
    SECTION("removed") {
        CHECK(w.listed() == names{"prod"});
        healer.remove_environment("prod").value();
        CHECK(w.listed().empty());
        CHECK(healer.remove_environment("prod").error() == errc::unknown_scope);
    }
    SECTION("created") {
        healer.create_environment("prod", R"({"by":"healer"})").value();
        CHECK(healer.describe(prod).value() == R"({"by":"healer"})");
    }
    SECTION("ensured") {
        healer.ensure_environment("prod").value();
    }
    healer.ensure_environment("prod").value();
    CHECK(w.listed() == names{"prod"});
    CHECK(w.value_of("TOKEN") == "not_found");
    healer.remove_environment("prod").value();
    CHECK(w.listed().empty());
}

TEST_CASE("an environment whose maker was killed can be made, and is whoever's who lists it") {
    world w;
    w.make_half();
    CHECK(w.listed().empty());
    auto healer = GENERATE(true, false) ? w.vault : w.open();
    SECTION("created") {
        healer.create_environment("prod", R"({"by":"healer"})").value();
        CHECK(healer.describe(prod).value() == R"({"by":"healer"})");
        CHECK(healer.create_environment("prod").error() == errc::conflict);
    }
    SECTION("ensured") {
        healer.ensure_environment("prod", R"({"by":"healer"})").value();
        CHECK(healer.describe(prod).value() == R"({"by":"killed"})");
    }
    SECTION("removed") {
        healer.remove_environment("prod").value();
        CHECK(w.listed().empty());
        CHECK(healer.remove_environment("prod").error() == errc::unknown_scope);
        healer.create_environment("prod").value();
    }
    CHECK(w.listed() == names{"prod"});
    CHECK(w.vault.put(prod, "TOKEN", "v"));
}

TEST_CASE("an unlisted environment that is in use is listed by who wants to make it, and kept") {
    world w;
    w.make_half();
    w.open().put(prod, "TOKEN", "v").value();
    CHECK(w.vault.create_environment("prod", R"({"by":"other"})").error() == errc::conflict);
    CHECK(w.listed() == names{"prod"});
    CHECK(w.vault.describe(prod).value() == R"({"by":"killed"})");
    CHECK(w.value_of("TOKEN") == "v");
}

TEST_CASE(
    "an environment that is made while it is removed is removed, too, or not told as removed") {
    world w;
    w.vault.ensure_environment("prod").value();
    w.open().remove_environment("prod").value();
    const auto partition = format::partition_name(cryptopp::aes_256_gcm{}, "", "prod");
    auto remover = w.open();
    int looks = 0;
    w.store.before_load([&](std::string_view asked, auto) {
        if (asked == partition && ++looks == 2) w.make_half(); // it was closed when first looked at
    });
    remover.remove_environment("prod").value();
    w.store.before_load({});
    CHECK(looks > 2);
    CHECK(w.listed().empty());
    CHECK(w.open().describe(prod).error() == errc::unknown_scope);
}

TEST_CASE("of several who remove an environment at once, one is told that it did") {
    world w;
    for (int round = 0; round < 200; ++round) {
        w.vault.ensure_environment("prod").value();
        std::atomic<int> removed{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                const auto done = w.vault.remove_environment("prod");
                if (done) ++removed;
                CHECK((done || done.error() == errc::unknown_scope));
            });
        for (auto& t : threads)
            t.join();
        CHECK(removed == 1);
        CHECK(w.listed().empty());
    }
}

TEST_CASE("another process sees no damage between the two commits of making and removing") {
    world w;
    int looked = 0;
    w.between([&] {
        ++looked;
        auto other = w.open();
        CHECK(other.environments().value().empty());
        CHECK(other.resolver().at(prod)); // it is there, who knows it may use it
    });
    w.vault.create_environment("prod").value();
    w.between([&] {
        ++looked;
        for (const auto code : all_errors(w.open()))
            CHECK(code == errc::unknown_scope);
    });
    w.vault.remove_environment("prod").value();
    CHECK(looked == 2);
    CHECK(w.listed().empty());
}

TEST_CASE("a reader that looks for an environment while it is made does not take it for damaged") {
    world w;
    w.vault.ensure_environment("other").value();
    auto reader = w.open();
    bool made = false;
    // The reader has seen no head; then it is made and listed; then the reader asks the registry.
    w.store.before_load([&](std::string_view partition, auto) {
        if (partition == w.registry && !std::exchange(made, true))
            w.open().create_environment("prod").value();
    });
    CHECK(reader.resolver().at(prod));
    CHECK(made);
}

TEST_CASE("of two that make an environment at once one made it, and it is described as that says") {
    world w;
    result<void> other = errc::cancelled;
    w.between([&] { other = w.open().create_environment("prod", R"({"by":"other"})"); });
    const auto mine = w.vault.create_environment("prod", R"({"by":"mine"})");
    CHECK(mine.has_value() != other.has_value());
    CHECK((mine ? other : mine).error() == errc::conflict);
    CHECK(w.vault.describe(prod).value() == (mine ? R"({"by":"mine"})" : R"({"by":"other"})"));
    CHECK(w.listed() == names{"prod"});
}

TEST_CASE("a remover that comes late with the list leaves an environment made since listed") {
    world w;
    w.vault.ensure_environment("prod").value();
    w.between([&] { w.open().create_environment("prod").value(); });
    w.vault.remove_environment("prod").value();
    CHECK(w.listed() == names{"prod"});
    CHECK(w.value_of("TOKEN") == "not_found");
    CHECK(w.vault.put(prod, "TOKEN", "v"));
}

TEST_CASE("a maker that comes late with the list does not list an environment removed since") {
    world w;
    const bool must_be_new = GENERATE(true, false);
    w.between([&] { w.open().remove_environment("prod").value(); });
    const auto made =
        must_be_new ? w.vault.create_environment("prod") : w.vault.ensure_environment("prod");
    CHECK(made.has_value() != must_be_new);
    CHECK(w.listed().empty());
    CHECK(w.vault.put(prod, "TOKEN", "v").error() == errc::unknown_scope);
}

TEST_CASE("what fails after its first commit has an unknown outcome, and is finished by a second "
          "call, which says why it can't be") {
    world w;
    w.vault.ensure_environment("other").value();
    const auto create = [&] { return w.vault.create_environment("prod"); };
    CHECK(w.without_the_second(create) == errc::outcome_unknown);
    CHECK(w.without_the_second(create) == errc::denied);
    CHECK(w.without_the_second([&] { return w.vault.ensure_environment("prod"); }) == errc::denied);
    w.vault.create_environment("prod").value();
    CHECK(w.listed() == names{"other", "prod"});

    const auto remove = [&] { return w.vault.remove_environment("prod"); };
    CHECK(w.without_the_second(remove) == errc::outcome_unknown);
    CHECK(w.without_the_second(remove) == errc::denied);
    w.vault.remove_environment("prod").value();
    CHECK(w.listed() == names{"other"});
}

TEST_CASE("a listed environment without a head is tampered, whoever asks") {
    world w;
    w.vault.ensure_environment("other").value();
    w.vault.engine()
        .apply(system_environment, edits::enlist{w.vault.engine().listed_name("prod"), true, 1},
               true)
        .value();
    for (const auto code : all_errors(w.open()))
        CHECK(code == errc::tampered);
    CHECK(w.vault.create_environment("prod").error() == errc::tampered);
    CHECK(w.vault.ensure_environment("prod").error() == errc::tampered);
    CHECK(w.vault.remove_environment("prod").error() == errc::tampered);
}

TEST_CASE("a registry that kept no generations is told of them by what happens next") {
    world w;
    w.make_half();
    const auto listed = w.vault.engine().listed_name("prod");
    w.vault.engine()
        .apply(system_environment,
               edits::put_beside{
                   edits::put{{{}, {}, listed}, value_ref("{}").wiped_copy(), {}, {}, true}},
               true)
        .value();
    CHECK(w.listed() == names{"prod"});
    w.vault.remove_environment("prod").value();
    CHECK(w.listed().empty());
    w.vault.create_environment("prod").value();
    CHECK(w.listed() == names{"prod"});
}
