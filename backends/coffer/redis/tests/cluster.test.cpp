// SPDX-License-Identifier: BSL-1.0
// A Redis Cluster of six nodes: the laws, a node that dies, and slots that move, under load.
#include "cluster.hpp"

#include <coffer/testing/catch2.hpp>

#include <support/catch.hpp>
#include <support/vault.hpp>

#include <atomic>
#include <mutex>
#include <set>

using namespace coffer;
using namespace coffer_test;
using namespace redis_test;
using namespace std::chrono_literals;

namespace {

auto partition_of(const std::string& environment) -> std::string {
    return format::partition_name(cryptopp::aes_256_gcm{}, "", environment);
}

/// Environments on all three primaries, each within the first slots of its own: those that a
/// resharding takes first.
const std::vector<std::string> environments = [] {
    std::vector<std::string> out;
    for (int i = 0; out.size() < 6; ++i) {
        const auto name = "e" + std::to_string(i);
        const auto slot = redis::slot_of(partition_of(name));
        if (slot / 5461U == out.size() / 2 && slot % 5461 > 100 && slot % 5461 < 900)
            out.push_back(name);
    }
    return out;
}();

/// Writers and readers over a vault, and what was acknowledged.
class load {
public:
    load(const redis::options& with, keyring::memory_keyring keys)
        : vault_(redis::open(with).value(), {}, keys),
          elsewhere_(redis::open(asking(with)).value(), {}, keys) {
        for (const auto& e : environments) // a replica may confirm once a second at first
            REQUIRE(eventually([&] { return vault_.ensure_environment(e).has_value(); }));
        for (std::size_t t = 0; t < 3; ++t)
            threads_.emplace_back([this, t] { write(t); });
        threads_.emplace_back([this] { read(vault_); });
        threads_.emplace_back([this] { read(elsewhere_); });
    }
    ~load() { stop(); }
    void stop() {
        stopping_ = true;
        for (auto& t : threads_)
            t.join();
        threads_.clear();
    }
    auto acknowledged() const -> std::map<std::string, long> {
        const std::lock_guard lock(mutex_);
        return acknowledged_;
    }
    auto count() const -> long { return count_; }
    auto failures() const -> long { return failures_; }
    auto lies() const -> std::string {
        const std::lock_guard lock(mutex_);
        return lie_;
    }

private:
    void write(std::size_t thread) {
        for (long i = 1; !stopping_; ++i) {
            const auto& e =
                environments[(static_cast<std::size_t>(i) + thread) % environments.size()];
            const auto name = "NAME_" + std::to_string(thread);
            if (!vault_.put({.environment = e}, name, std::to_string(i))) {
                ++failures_;
                std::this_thread::sleep_for(1ms);
                continue;
            }
            ++count_;
            const std::lock_guard lock(mutex_);
            acknowledged_[e + "/" + name] = i;
        }
    }
    /// That of a store which asks each time: one that watches hears of others a little later.
    static auto asking(redis::options with) -> redis::options {
        with.watch = false;
        return with;
    }
    void read(const test_vault& vault) {
        std::size_t i = 0;
        while (!stopping_) {
            const auto& e = environments[++i % environments.size()];
            for (std::size_t t = 0; t < 3; ++t) {
                const auto name = "NAME_" + std::to_string(t);
                const auto before = acknowledged();
                const auto seen = vault.resolver().at({.environment = e});
                const auto least = before.contains(e + "/" + name) ? before.at(e + "/" + name) : 0;
                if (!seen) {
                    if (seen.error() != errc::unavailable && seen.error() != errc::timed_out)
                        lied(e + ": " + std::string(to_string(seen.error().code)));
                    continue;
                }
                const auto held = shown(seen->get(name));
                if (least > 0 && !seen->stale() &&
                    (held.find_first_not_of("0123456789") != held.npos || std::stol(held) < least))
                    lied(e + "/" + name + " is " + held + ", not " + std::to_string(least));
            }
        }
    }
    void lied(std::string what) {
        const std::lock_guard lock(mutex_);
        if (lie_.empty()) lie_ = std::move(what);
    }

    test_vault vault_;
    test_vault elsewhere_; ///< Shares nothing with it but the keys, as another process does.
    mutable std::mutex mutex_{};
    std::map<std::string, long> acknowledged_{};
    std::string lie_{};
    std::atomic<long> count_{0};
    std::atomic<long> failures_{0};
    std::atomic<bool> stopping_{false};
    std::vector<std::thread> threads_{};
};

void check_all_there(const redis::options& with, keyring::memory_keyring keys, const load& done) {
    const test_vault after(redis::open(with).value(), {}, keys);
    for (const auto& [where, value] : done.acknowledged()) {
        const auto slash = where.find('/');
        const auto seen = after.resolver().at({.environment = where.substr(0, slash)}).value();
        const auto held = shown(seen.get(where.substr(slash + 1)));
        CAPTURE(where, held, value);
        CHECK(std::stol(held) >= value);
    }
}

/// The number after a text in a section of what a node says of itself; 0 if it is not there.
auto told_by(const server& node, const std::string& section, std::string_view before) -> long {
    const auto info = node.cli({"INFO", section});
    const auto at = info.find(before);
    return at == info.npos ? 0 : std::stol(info.substr(at + before.size()));
}
auto times_asked(const server& node) -> long {
    return told_by(node, "commandstats", "cmdstat_asking:calls=");
}
/// How many commands it sent to another node for good.
auto times_moved(const server& node) -> long {
    return told_by(node, "errorstats", "errorstat_MOVED:count=");
}
auto set_slot(const server& told, const std::string& slot, const std::string& what,
              const server& node) -> bool {
    return told.cli({"CLUSTER", "SETSLOT", slot, what, cluster::id(node)}) == "OK\n";
}

} // namespace

TEST_CASE("the Redis store keeps the store laws over a cluster") {
    static const cluster all; // for every law the same: each has a prefix of its own
    static int made = 0;
    maker laws{all.options(), made += 1000};
    laws.with.limits = {std::size_t{2} << 20, std::size_t{5} << 20};
    SECTION("asking every time") {
        testing::run_store_laws(laws);
    }
    SECTION("watching") {
        laws.with.watch = true;
        testing::run_store_laws(laws);
    }
}

TEST_CASE("partitions are on all nodes of a cluster, and all are listed") {
    const tls_files files;
    const bool secured = GENERATE(false, true);
    CAPTURE(secured);
    cluster all("600000", secured ? &files : nullptr);
    auto store = redis::open(all.address()).value();
    std::set<std::string> names;
    std::set<std::uint16_t> nodes;
    for (int i = 0; i < 60; ++i) {
        const auto name = "p" + std::to_string(i);
        names.insert(name);
        revision next{};
        next[0] = std::byte{1};
        REQUIRE(store.commit(name, {}, next, {}).value() == commit_outcome::committed);
        if (i < 12) nodes.insert(all.owner(name).port());
    }
    CHECK(nodes.size() == 3);
    CHECK(store.partitions().value() == std::vector<std::string>(names.begin(), names.end()));
}

TEST_CASE("a node that its certificate does not name is not spoken to") {
    const tls_files files("DNS:localhost");
    const cluster all("600000", &files);
    auto with = options_for(*all.nodes.front());
    with.kind = redis::deployment::cluster;
    with.endpoints[0].host = "localhost"; // which leads to the others by their addresses
    with.tls = files.options();
    const auto all_take = [&]() -> result<void> {
        auto store = redis::open(with);
        if (!store) return store.error();
        revision next{};
        next[0] = std::byte{1};
        for (const auto& e : environments)
            if (auto done = store->commit(partition_of(e), {}, next, {}); !done)
                return done.error();
        return {};
    };
    CHECK(all_take().error() == failure{errc::denied, redis::cause::bad_certificate});
    with.tls.name = "localhost";
    CHECK(all_take().has_value());
}

TEST_CASE("a node of a cluster that is dead keeps nobody from the environments of the others") {
    cluster all; // to which it stays a primary
    keyring::memory_keyring keys;
    const auto with = all.options();
    for (const auto& e : environments)
        test_vault(redis::open(with).value(), {}, keys).ensure_environment(e).value();
    auto& dead = all.owner(partition_of(environments[2]));
    dead.kill();
    for (const auto& e : environments) {
        CAPTURE(e);
        test_vault vault(redis::open(with).value(), {}, keys); // as who starts now
        const bool lives = e != environments[2] && e != environments[3];
        CHECK(vault.put({.environment = e}, "NAME_N", "1").has_value() == lives);
        CHECK(vault.resolver().at({.environment = e}).has_value() == lives);
    }
    for (const auto& n : all.nodes)
        if (n->runs()) n->kill();
    CHECK(redis::open(with).error() == errc::unavailable);
}

TEST_CASE("a node of a cluster killed under load loses nothing that a replica confirmed") {
    cluster all("5000");
    auto with = all.options();
    with.keep = {1, 200ms};
    with.watch = true;
    keyring::memory_keyring keys;
    load working(with, keys);
    REQUIRE(eventually([&] { return working.count() > 100; }));
    all.owner(partition_of(environments[0])).kill();
    const auto then = working.acknowledged();
    // The dead node's replica has none of its own: until it gets one, nothing on its slots is
    // confirmed. The others go on.
    const auto goes_on = [&](const std::string& environment) {
        const auto now = working.acknowledged();
        return std::ranges::any_of(now, [&](const auto& one) {
            const auto found = then.find(one.first);
            return one.first.starts_with(environment + "/") &&
                   (found == then.end() || one.second > found->second + 20);
        });
    };
    CHECK(eventually([&] { return goes_on(environments.back()); }));
    const auto first = partition_of(environments[0]);
    REQUIRE(eventually([&] { return all.has_living_owner(first); }));
    // It gets the replica of another, and with that the same writers go on there as well.
    auto& promoted = all.owner(first);
    CHECK(eventually([&] { // which has yet to hear of it
        return all.replica_of_others(promoted).cli(
                   {"CLUSTER", "REPLICATE", cluster::id(promoted)}) == "OK\n";
    }));
    CHECK(eventually([&] { return goes_on(environments[0]); }));
    working.stop();
    CHECK(working.lies() == "");
    check_all_there(with, keys, working);
    const test_vault after(redis::open(with).value(), {}, keys);
    for (const auto& e : {environments[0], environments[4]})
        CHECK(eventually([&] { return after.resolver().at({.environment = e}).has_value(); }));
}

TEST_CASE("slots of a cluster that move under load lose nothing and fail nothing") {
    cluster all;
    auto with = all.options();
    with.keep = {1, 20s}; // nothing fails: each is confirmed in the end
    with.response_timeout = 20s;
    for (const bool watching : {false, true}) {
        keyring::memory_keyring keys; // which remembers what it has seen of a store
        with.prefix = watching ? "watching:" : "asking:";
        with.watch = watching;
        load working(with, keys);
        REQUIRE(eventually([&] { return working.count() > 100; }));
        const auto moving = partition_of(environments[watching ? 2 : 0]);
        auto& from = all.owner(moving);
        auto& to = all.owner(partition_of(environments[4]));
        REQUIRE(&from != &to);
        run_program({"redis-cli", "--cluster", "reshard", "127.0.0.1:" + std::to_string(to.port()),
                     "--cluster-from", cluster::id(from), "--cluster-to", cluster::id(to),
                     "--cluster-slots", "1000", "--cluster-yes"},
                    all.log());
        const auto before = working.count();
        CHECK(eventually([&] { return working.count() > before + 100; }));
        CHECK(&all.owner(moving) == &to);
        working.stop();
        CHECK(working.lies() == "");
        CHECK(working.failures() == 0);
        check_all_there(with, keys, working);
    }
}

TEST_CASE("a partition whose slot is only on its way is asked for where it went") {
    cluster all;
    auto with = all.options();
    with.keep = {1, 120s}; // so that a WAIT follows what is asked for
    with.connect_timeout = with.response_timeout = 120s;
    const auto rev = [](int n) {
        revision out{};
        out.fill(static_cast<std::byte>(n));
        return out;
    };
    const bytes value{std::byte{1}, std::byte{2}};
    const std::vector<std::string> keys{"k", "none"};
    const std::vector<object_write> writes{{"k", value}};
    auto writer = redis::open(with).value();
    for (const bool watching : {false, true}) {
        CAPTURE(watching);
        with.watch = watching;
        auto reader = redis::open(with).value();
        const auto moving = partition_of(environments[watching ? 2 : 0]);
        const auto key = redis::key_of(with.prefix, moving);
        const auto slot = std::to_string(redis::slot_of(moving));
        auto& from = all.owner(moving);
        auto& to = all.owner(partition_of(environments[4]));
        REQUIRE(&from != &to);
        const auto from_memory = [&] {
            const auto before = reader.counted().from_memory;
            return reader.load(moving, {}).has_value() && reader.counted().from_memory > before;
        };
        const auto is_at = [&](int n) {
            const auto found = reader.load(moving, keys).value();
            CHECK(found.at == rev(n));
            REQUIRE(found.objects.size() == 2);
            CHECK(found.objects[0] == value);
            CHECK_FALSE(found.objects[1].has_value());
        };
        const auto is_listed_at = [&](int n) {
            const auto found = reader.list(moving).value();
            CHECK(found.at == rev(n));
            REQUIRE(found.entries.size() == 1);
            CHECK(found.entries[0].first == "k");
            CHECK(found.entries[0].second == value);
        };
        const auto asks = [&](long times, const auto& call) {
            const auto before = times_asked(to);
            call();
            CHECK(times_asked(to) == before + times);
        };
        REQUIRE(writer.commit(moving, {}, rev(1), writes).value() == commit_outcome::committed);
        if (watching) REQUIRE(eventually(from_memory));

        REQUIRE(set_slot(to, slot, "IMPORTING", from));
        REQUIRE(set_slot(from, slot, "MIGRATING", to));
        asks(0, [&] { is_at(1); }); // it is still there
        REQUIRE(from.cli({"MIGRATE", "127.0.0.1", std::to_string(to.port()), key, "0", "60000"}) ==
                "OK\n");
        REQUIRE(from.cli({"HLEN", key}).starts_with("ASK " + slot + " "));
        const auto moved = times_moved(to);
        asks(1, [&] { is_at(1); });
        asks(1, [&] { is_listed_at(1); });
        asks(1, [&] {
            CHECK(writer.commit(moving, rev(1), rev(2), writes).value() ==
                  commit_outcome::committed);
        });
        asks(1, [&] {
            CHECK(writer.commit(moving, rev(1), rev(3), writes).value() ==
                  commit_outcome::conflict);
        });
        asks(1, [&] { is_at(2); });
        asks(1, [&] { is_listed_at(2); });
        // One that watches hears of the move, and keeps nothing of what it was told on the way.
        CHECK(eventually([&] { return reader.load(moving, {}).value().at == rev(2); }));
        for (int i = 0; i < 3; ++i)
            asks(1, [&] { CHECK(reader.load(moving, {}).value().at == rev(2)); });
        const auto names = reader.partitions().value();
        CHECK(std::ranges::count(names, moving) == 1);
        CHECK(times_moved(to) == moved); // nobody took it for the owner yet

        REQUIRE(set_slot(to, slot, "NODE", to));
        REQUIRE(set_slot(from, slot, "NODE", to));
        asks(0, [&] {
            is_at(2);
            CHECK(writer.commit(moving, rev(2), rev(4), writes).value() ==
                  commit_outcome::committed);
            is_at(4);
            is_listed_at(4);
        });
        CHECK(eventually([&] { return &all.owner(moving) == &to; }));
        if (watching) CHECK(eventually(from_memory));
        CHECK(eventually([&] { return reader.load(moving, {}).value().at == rev(4); }));
    }
}
