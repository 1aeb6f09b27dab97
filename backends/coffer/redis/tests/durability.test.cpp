// SPDX-License-Identifier: BSL-1.0
// What an acknowledged write survives.
#include "sentinel.hpp"

#include <support/catch.hpp>
#include <support/vault.hpp>

#include <atomic>
#include <mutex>
#include <optional>

using namespace coffer;
using namespace coffer_test;
using namespace redis_test;
using namespace std::chrono_literals;
using redis::cause;

namespace {

constexpr context env{.environment = "dev"};

auto rev(int n) -> revision {
    revision out{};
    out.fill(static_cast<std::byte>(n));
    return out;
}
/// Both servers' addresses: whichever is the primary is used.
auto either(const server& a, const server& b) -> redis::options {
    auto with = redis_test::options_for(a);
    with.endpoints.push_back({"127.0.0.1", b.port(), {}});
    return with;
}

/// The same KEK each time, in a keyring whose anchor is its own.
auto one_kek() -> keyring::memory_keyring {
    keyring::memory_keyring keys;
    key_bytes kek;
    std::ranges::fill(kek.span(), std::byte{7});
    keys.add({.id = "kek", .environments = {"*"}, .is_default = true, .key = std::move(kek)})
        .value();
    return keys;
}

} // namespace

TEST_CASE("a commit that too few replicas confirm is unknown, and is not shown before they do") {
    const server primary({"--repl-diskless-sync-delay", "0"});
    auto with = redis_test::options_for(primary);
    with.keep = {1, 300ms};
    auto store = redis::open(with).value();
    CHECK(store.commit("p", {}, rev(1), {}).value() == commit_outcome::unknown);
    CHECK(store.load("p", {}).error() == failure{errc::unavailable, cause::not_enough_replicas});
    CHECK(store.list("p").error() == failure{errc::unavailable, cause::not_enough_replicas});
    CHECK(store.commit("p", rev(1), rev(2), {}).error() ==
          failure{errc::unavailable, cause::not_enough_replicas});
    CHECK(store.load("q", {}).value().at == revision{}); // other partitions are none the worse

    const server replica(replica_of(primary));
    REQUIRE(eventually([&] { return is_linked(replica) && store.load("p", {}).has_value(); }));
    // A replica that has just come confirms once a second at first.
    with.keep.patience = 5s;
    store = redis::open(with).value();
    CHECK(store.load("p", {}).value().at == rev(1));
    CHECK(store.commit("p", {}, rev(1), {}).value() == commit_outcome::conflict);
    CHECK(store.commit("p", rev(1), rev(2), {}).value() == commit_outcome::committed);
    CHECK(replica.cli({"HLEN", with.prefix + "{p}"}) == "1\n"); // it is there already
}

TEST_CASE("a script that the server forgot is sent again together with what confirms it") {
    const server primary({"--repl-diskless-sync-delay", "0"});
    const server replica(replica_of(primary));
    REQUIRE(eventually([&] { return is_linked(replica); }));
    auto with = redis_test::options_for(primary);
    with.keep = {1, 60s};
    with.response_timeout = 60s;
    auto store = redis::open(with).value();
    REQUIRE(store.commit("p", {}, rev(1), {}).value() == commit_outcome::committed);
    for (int i = 2; i < 10; ++i) {
        primary.cli({"SCRIPT", "FLUSH"});
        CHECK(store.commit("p", rev(i - 1), rev(i), {}).value() == commit_outcome::committed);
        CHECK(store.load("p", {}).value().at == rev(i));
        CHECK(store.commit("p", rev(i - 1), rev(i), {}).value() == commit_outcome::conflict);
    }
    // The WAIT that came with what was refused confirms nothing.
    with.keep = {2, 50ms};
    auto too_few = redis::open(with).value();
    primary.cli({"SCRIPT", "FLUSH"});
    CHECK(too_few.commit("q", {}, rev(1), {}).value() == commit_outcome::unknown);
}

TEST_CASE("what is not confirmed yet is told to nobody in this process, whichever way it is read") {
    const server primary({"--repl-diskless-sync-delay", "0"});
    const server replica(replica_of(primary));
    REQUIRE(eventually([&] { return is_linked(replica); }));
    auto with = redis_test::options_for(primary);
    with.keep = {1, 60s};
    with.response_timeout = 60s;
    auto bare = with;
    bare.keep = {};
    auto other_process = redis::open(bare).value();
    with.watch = GENERATE(false, true);
    auto store = redis::open(with).value();
    REQUIRE(store.commit("p", {}, rev(1), {}).value() == commit_outcome::committed);
    REQUIRE(store.load("p", {}).value().at == rev(1));

    replica.freeze();
    std::atomic<bool> confirmed{false};
    std::atomic<int> told_too_early{0};
    std::vector<std::thread> threads;
    threads.emplace_back([&] {
        confirmed = store.commit("p", rev(1), rev(2), {}).value() == commit_outcome::committed;
    });
    REQUIRE(eventually([&] { return other_process.load("p", {}).value().at == rev(2); }));
    std::atomic<int> answers{0};
    std::atomic<bool> thawed{false};
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            const auto got = t % 2 == 0 ? store.load("p", {}).value().at : store.list("p")->at;
            if (!thawed && got == rev(2)) ++told_too_early;
            if (got == rev(2)) ++answers;
        });
    CHECK(store.load("q", {}).value().at == revision{}); // other partitions are none the worse
    std::this_thread::sleep_for(100ms);                  // the readers have their chance
    thawed = true;
    replica.thaw();
    for (auto& t : threads)
        t.join();
    CHECK(confirmed);
    CHECK(told_too_early == 0);
    CHECK(answers == 4);
}

TEST_CASE("a write that no replica confirms is outcome_unknown to its caller, and not lost") {
    const server primary({"--repl-diskless-sync-delay", "0"});
    auto with = redis_test::options_for(primary);
    with.keep = {1, 20ms};
    test_vault vault(opened(with), {}, keyring::memory_keyring{});
    const auto made = vault.ensure_environment("dev");
    REQUIRE_FALSE(made.has_value());
    CHECK((made.error() == errc::outcome_unknown || made.error() == errc::unavailable));
    const server replica(replica_of(primary));
    REQUIRE(eventually([&] { return vault.ensure_environment("dev").has_value(); }));
    // Twenty milliseconds may be too little for the next one, too.
    CHECK(eventually([&] { return vault.put(env, "NAME_N", "1").has_value(); }));
    CHECK(eventually([&] {
        const auto seen = vault.resolver().at(env);
        return seen && shown(seen->get("NAME_N")) == "1";
    }));
}

TEST_CASE("with replicas(1) a primary killed under load loses no acknowledged write, ten times") {
    for (int run = 0; run < 10; ++run) {
        auto primary =
            std::make_unique<server>(std::vector<std::string>{"--repl-diskless-sync-delay", "0"});
        const server replica(replica_of(*primary));
        REQUIRE(eventually([&] { return is_linked(replica); }));
        auto with = either(*primary, replica);
        with.keep = {1, 1000ms};
        with.response_timeout = 1000ms;
        keyring::memory_keyring keys;
        test_vault vault(opened(with), {}, keys);
        REQUIRE(eventually([&] { return vault.ensure_environment("dev").has_value(); }));
        std::mutex mutex;
        std::map<std::string, std::string> acknowledged;
        std::atomic<bool> stopping{false};
        std::vector<std::thread> writers;
        for (int w = 0; w < 4; ++w)
            writers.emplace_back([&, w] {
                for (int i = 0; !stopping && i < 100'000; ++i) {
                    const auto name = "NAME_" + std::to_string(w) + "_" + std::to_string(i % 10);
                    const auto value = std::to_string(i);
                    if (!vault.put(env, name, value)) continue;
                    const std::lock_guard lock(mutex);
                    acknowledged[name] = value;
                }
            });
        const auto size = [&] {
            const std::lock_guard lock(mutex);
            return acknowledged.size();
        };
        REQUIRE(eventually([&] { return size() >= 20; }));
        std::this_thread::sleep_for(std::chrono::milliseconds(20 + 7 * run));
        primary->kill();
        std::this_thread::sleep_for(50ms);
        stopping = true;
        for (auto& w : writers)
            w.join();
        replica.cli({"REPLICAOF", "NO", "ONE"});
        with.keep = {};
        const test_vault after(opened(with), {}, keys);
        const auto seen = after.resolver().at(env).value();
        for (const auto& [name, value] : acknowledged) {
            // A write that was on its way when the primary died may have come after it.
            const auto held = shown(seen.get(name));
            CAPTURE(run, name, value, held);
            CHECK(std::stol(held) >= std::stol(value));
        }
    }
}

TEST_CASE("acked: a failover that lost a write is rolled_back to whoever had seen it") {
    auto primary =
        std::make_unique<server>(std::vector<std::string>{"--repl-diskless-sync-delay", "0"});
    const server replica(replica_of(*primary));
    REQUIRE(eventually([&] { return is_linked(replica); }));
    auto with = either(*primary, replica);
    with.response_timeout = 1000ms;
    const auto keys = one_kek();
    test_vault vault(opened(with), {}, keys);
    vault.ensure_environment("dev").value();
    vault.put(env, "NAME_N", "kept").value();
    const auto partition = format::partition_name(cryptopp::aes_256_gcm{}, "", "dev");
    REQUIRE(eventually([&] {
        return replica.cli({"HGET", with.prefix + "{" + partition + "}", "_revision"}) ==
               primary->cli({"HGET", with.prefix + "{" + partition + "}", "_revision"});
    }));
    test_vault told(opened(with), {}, keys); // by the anchor that both have
    REQUIRE(shown(told.resolver().at(env).value().get("NAME_N")) == "kept");
    test_vault elsewhere(opened(with), {}, one_kek());
    REQUIRE(shown(elsewhere.resolver().at(env).value().get("NAME_N")) == "kept");

    replica.cli({"REPLICAOF", "NO", "ONE"}); // hears nothing more
    replica.cli({"REPLICAOF", "127.0.0.1", "1"});
    vault.put(env, "NAME_N", "lost").value(); // acknowledged by the primary alone
    REQUIRE(shown(vault.resolver().at(env).value().get("NAME_N")) == "lost");
    primary->kill();
    replica.cli({"REPLICAOF", "NO", "ONE"});
    CHECK(eventually([&] {
        const auto seen = vault.resolver().at(env);
        return !seen && seen.error() == errc::rolled_back;
    }));
    CHECK(vault.put(env, "NAME_N", "again").error() == errc::rolled_back);
    CHECK(eventually([&] {
        const auto seen = told.resolver().at(env);
        return !seen && seen.error() == errc::rolled_back;
    }));
    // Who had not seen it, and has no anchor that has, can't know.
    CHECK(eventually([&] {
        const auto seen = elsewhere.resolver().at(env);
        return seen && shown(seen->get("NAME_N")) == "kept";
    }));
}

TEST_CASE("acked: what a failover under load loses is rolled_back to whoever saw it, three times") {
    for (int run = 0; run < 3; ++run) {
        auto primary =
            std::make_unique<server>(std::vector<std::string>{"--repl-diskless-sync-delay", "0"});
        proxy between(primary->port());
        const server replica(replica_of(between.port()));
        REQUIRE(eventually([&] { return is_linked(replica); }));
        auto with = either(*primary, replica);
        with.response_timeout = 1000ms;
        test_vault vault(opened(with), {}, one_kek());
        vault.ensure_environment("dev").value();
        vault.put(env, "NAME_N", "0").value();
        // A replica that has just come is told nothing before it confirms, once a second.
        REQUIRE(eventually([&] { return replica.cli({"DBSIZE"}) == primary->cli({"DBSIZE"}); }));

        std::atomic<long> acknowledged{0};
        std::atomic<bool> stopping{false};
        std::atomic<int> went_back{0};
        std::atomic<int> refused{0};
        std::vector<std::thread> threads;
        threads.emplace_back([&] {
            for (long i = 1; !stopping; ++i)
                if (vault.put(env, "NAME_N", std::to_string(i))) acknowledged = i;
        });
        for (int t = 0; t < 2; ++t)
            threads.emplace_back([&] {
                for (long newest = 0; !stopping;) {
                    const auto seen = vault.resolver().at(env);
                    if (!seen) {
                        if (seen.error() == errc::rolled_back) ++refused;
                        continue;
                    }
                    const auto now = std::stol(shown(seen->get("NAME_N")));
                    if (now < newest) ++went_back;
                    newest = std::max(newest, now);
                }
            });
        REQUIRE(eventually([&] { return acknowledged >= 20; }));
        std::this_thread::sleep_for(std::chrono::milliseconds(10 + 7 * run));
        between.mute(true); // from here on the replica hears nothing
        const auto heard = acknowledged.load();
        REQUIRE(eventually([&] { return acknowledged >= heard + 10; }));
        primary->kill();
        replica.cli({"REPLICAOF", "NO", "ONE"});
        CHECK(eventually([&] { return refused > 0; }));
        stopping = true;
        for (auto& t : threads)
            t.join();
        CAPTURE(run);
        CHECK(went_back == 0);
        CHECK(vault.resolver().at(env).error() == errc::rolled_back);
        CHECK(vault.put(env, "NAME_N", "again").error() == errc::rolled_back);

        // Who comes anew, and has no anchor that saw it, reads one state that was acknowledged.
        const test_vault anew(opened(with), {}, one_kek());
        CHECK(std::stol(shown(anew.resolver().at(env).value().get("NAME_N"))) <= acknowledged);
    }
}

TEST_CASE("Sentinels say who is the primary, also after a failover") {
    auto primary =
        std::make_unique<server>(std::vector<std::string>{"--repl-diskless-sync-delay", "0"});
    const server replica(replica_of(*primary));
    REQUIRE(eventually([&] { return is_linked(replica); }));
    const sentinel asked(*primary);
    redis::options with;
    with.kind = redis::deployment::sentinel;
    with.endpoints = {{"127.0.0.1", 1, {}}, {"127.0.0.1", asked.port(), {}}}; // the first is down
    with.service = "main";
    auto store = opened(with);
    CHECK(store.commit("p", {}, rev(1), {}).value() == commit_outcome::committed);
    REQUIRE(eventually([&] { return replica.cli({"DBSIZE"}) == "1\n"; }));
    CHECK(eventually([&] { return asked.knows(replica); }));
    primary->kill();
    CHECK(eventually([&] {
        const auto done = store.commit("p", rev(1), rev(2), {});
        if (done && *done == commit_outcome::committed) return true;
        const auto found = store.load("p", {}); // one whose answer was lost may be in
        return found && found->at == rev(2);
    }));
    CHECK(replica.cli({"HLEN", "coffer:{p}"}) == "1\n");
}
