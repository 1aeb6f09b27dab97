// SPDX-License-Identifier: BSL-1.0
// A vault over Redis: what holds over memory and files holds here.
#include "cluster.hpp"
#include "property/world.hpp"
#include "proxy.hpp"

#include <support/catch.hpp>

#include <coffer/redis/commands.hpp>

#include <random>

using namespace coffer;
using namespace coffer_test;
using namespace redis_test;
using namespace std::chrono_literals;

namespace {

constexpr context env{.environment = "dev"};
constexpr context acme{.environment = "dev", .space = "acme"};

auto value_in(const test_resolver& reader, context where, std::string_view name) -> std::string {
    const auto seen = reader.at(where);
    return seen ? shown(seen->get(name)) : std::string(to_string(seen.error().code));
}

/// The bytes of the newest DEK of `dev`.
auto dek_of(redis::store store, keyring::memory_keyring keys) -> std::string {
    const std::vector<std::string> only_head{"head"};
    const auto found =
        store.load(format::partition_name(cryptopp::aes_256_gcm{}, "", "dev"), only_head).value();
    const auto head = format::decode_head(*found.objects[0]).value();
    const auto& listed = head.active();
    const auto dek =
        keys.unwrap(listed.kek_id, "dev", listed.wrapped,
                    format::wrap_aad({head.realm, "dev", listed.number, 1}, listed.kek_id))
            .value();
    return std::string(as_text(dek.view()));
}

} // namespace

TEST_CASE("two vaults and a reader over one Redis do what the model says") {
    const server at;
    CHECK(equals_the_model<direct_calls>("redis", [&] {
        return
            [with = redis_test::options_for(at)] { return any_store(redis::open(with).value()); };
    }));
}

TEST_CASE("two vaults and a reader over one watching store do what the model says") {
    const server at;
    CHECK(equals_the_model<direct_calls>("redis, watching", [&] {
        auto with = redis_test::options_for(at);
        with.watch = true;
        return [store = redis::open(with).value()] { return any_store(store); };
    }));
}

TEST_CASE("two vaults and a reader over a cluster do what the model says") {
    const cluster all;
    CHECK(equals_the_model<direct_calls>("redis, cluster", [&] {
        auto with = all.options();
        with.prefix = redis_test::options_for(*all.nodes.front()).prefix;
        return [store = redis::open(with).value()] { return any_store(store); };
    }));
}

TEST_CASE("what watches at the same time sees no other state than what asks, once it knows") {
    const server at;
    std::mt19937 random(11);
    auto with = redis_test::options_for(at);
    keyring::memory_keyring keys;
    test_vault writer(redis::open(with).value(), {}, keys);
    writer.ensure_space(acme).value();
    with.watch = true;
    auto store = redis::open(with).value();
    REQUIRE(eventually([&] { return store.watching(); }));
    test_vault watching(store, {}, keys);
    const auto reader = watching.resolver();
    std::map<std::string, std::string> truth;
    for (int i = 0; i < 300; ++i) {
        const auto name = "NAME_" + std::to_string(random() % 4);
        const auto where = random() % 2 == 0 ? env : acme;
        const auto key = std::string(where.space) + "/" + name;
        auto& by = random() % 3 == 0 ? watching : writer; // its own writes it sees at once
        if (random() % 4 == 0) {
            static_cast<void>(by.erase(where, name));
            truth.erase(key);
        } else {
            truth[key] = "value " + std::to_string(i);
            by.put(where, name, truth[key]).value();
        }
        const auto own = truth.find("acme/" + name);
        const auto inherited = truth.find("/" + name);
        const auto expected = own != truth.end()         ? own->second
                              : inherited != truth.end() ? inherited->second
                                                         : "not_found";
        if (&by == &watching)
            REQUIRE(value_in(reader, acme, name) == expected);
        else
            REQUIRE(eventually([&] { return value_in(reader, acme, name) == expected; }));
    }
    CHECK(eventually([&] { return store.counted().invalidations >= 100; }));
}

TEST_CASE("no name, space, value or key is in what Redis is told or tells") {
    const server at;
    const proxy between(at.port());
    auto with = redis_test::options_for(at);
    with.endpoints[0].port = between.port();
    with.watch = true;
    std::vector<std::string> canaries;
    {
        auto store = redis::open(with).value();
        std::mt19937 random(7);
        keyring::memory_keyring keys;
        key_bytes kek;
        std::string kek_text;
        for (std::size_t i = 0; i < kek.span().size(); ++i) {
            kek_text.push_back(static_cast<char>(random()));
            kek.span()[i] = static_cast<std::byte>(kek_text.back());
        }
        at.ears().listen_for(kek_text.substr(0, 12));
        canaries.push_back(kek_text);
        keys.add({.is_default = true, .key = std::move(kek)}).value();
        test_vault vault(store, {}, keys);
        const context where{.environment = "dev", .space = "canary-space-7f3a91c2"};
        vault.ensure_space(where).value();
        canaries.emplace_back(where.space);
        canaries.push_back(dek_of(store, keys));
        at.ears().listen_for(canaries.back().substr(0, 12));
        for (int i = 0; i < 30; ++i) {
            const auto tag = std::to_string(random()) + std::to_string(random());
            canaries.push_back("CANARY_NAME_" + tag);
            canaries.push_back("canary value " + tag);
            vault.put(i % 2 == 0 ? env : where, canaries[canaries.size() - 2], canaries.back())
                .value();
            CHECK(value_in(vault.resolver(), where, canaries[canaries.size() - 2]) ==
                  canaries.back());
        }
        store.list(store.partitions().value().front()).value();
    }
    const auto told = between.recorded();
    CHECK(at.ears().heard() > 10'000);
    CHECK(told.size() > 50'000);
    CHECK(told.find("HMGET") != std::string::npos);
    for (const auto& canary : canaries) {
        std::string hex;
        for (const char c : canary.substr(0, 12)) {
            const auto byte = static_cast<unsigned char>(c);
            hex.push_back("0123456789abcdef"[byte >> 4U]);
            hex.push_back("0123456789abcdef"[byte & 15U]);
        }
        CHECK(told.find(canary.substr(0, 12)) == std::string::npos);
        CHECK(told.find(hex) == std::string::npos);
    }
}

TEST_CASE("a connection cut at any byte of a write leaves it written once, or not at all") {
    const server at;
    proxy between(at.port());
    auto with = redis_test::options_for(at);
    auto direct = redis::open(with).value();
    with.endpoints[0].port = between.port();
    keyring::memory_keyring keys;
    test_vault vault(redis::open(with).value(), {}, keys);
    vault.ensure_environment("dev").value();
    vault.put(env, "NAME_N", "begin").value();
    std::string last = "begin";
    int value_number = 0;
    const test_vault witness(direct, {}, keys);
    const auto cut_at_every_byte = [&](bool on_a_new_connection, bool to_server) {
        std::size_t struck = 0;
        for (long bytes = 1;; bytes += to_server || on_a_new_connection ? 11 : 1) {
            CAPTURE(bytes, on_a_new_connection, to_server);
            const auto before = between.cuts();
            if (on_a_new_connection) between.drop();
            between.cut_after(bytes, to_server);
            const auto value = std::to_string(value_number++);
            const auto done = vault.put(env, "NAME_N", value);
            between.cut_after(std::numeric_limits<long>::max(), to_server);
            const auto seen = value_in(witness.resolver(), env, "NAME_N");
            if (done)
                REQUIRE(seen == value);
            else if (done.error() == errc::outcome_unknown) // which alone may be written
                REQUIRE((seen == value || seen == last));
            else
                REQUIRE((done.error() == errc::unavailable && seen == last));
            last = seen;
            if (between.cuts() == before) return struck; // no put moves more
            ++struck;
        }
    };
    CHECK(cut_at_every_byte(false, true) > 100);
    CHECK(cut_at_every_byte(false, false) >= 4); // ":1", a line's end, and what a stall adds
    CHECK(cut_at_every_byte(true, true) > 100);
    CHECK(cut_at_every_byte(true, false) > 50); // with all that greets
    CHECK(vault.put(env, "NAME_N", "end").has_value());
}

namespace {

/// Keys that two processes have, without a word to each other.
auto known_keys() -> keyring::memory_keyring {
    keyring::memory_keyring out;
    key_bytes key;
    std::ranges::fill(key.span(), std::byte{0x5a});
    out.add({.id = "known", .environments = {"*"}, .key = std::move(key)}).value();
    return out;
}

} // namespace

TEST_CASE("the other process of the next case: puts what its environment says", "[.]") {
    test_vault vault(redis::open(std::string(::getenv("WRITER_STORE"))).value(), {}, known_keys());
    vault.put(env, "NAME_N", ::getenv("WRITER_VALUE")).value();
}

TEST_CASE("what another process writes is told by the push alone") {
    const server at;
    auto with = redis_test::options_for(at);
    test_vault(redis::open(with).value(), {}, known_keys()).ensure_environment("dev").value();
    with.watch = true;
    with.heartbeat = 24h; // nothing asks because time goes by
    auto watching = redis::open(with).value();
    REQUIRE(eventually([&] { return watching.watching(); }));
    const test_vault reader_side(watching, {}, known_keys());
    const auto reader = reader_side.resolver();
    ::setenv("WRITER_STORE", (at.address() + "&prefix=" + with.prefix).c_str(), 1);
    for (int i = 0; i < 10; ++i) {
        CAPTURE(i);
        // Known, and told from memory as long as nothing is pushed.
        const auto old = i == 0 ? "not_found" : std::to_string(i - 1);
        REQUIRE(eventually([&] {
            const auto asked = watching.counted().round_trips;
            return value_in(reader, env, "NAME_N") == old &&
                   watching.counted().round_trips == asked;
        }));
        const auto before = watching.counted();
        ::setenv("WRITER_VALUE", std::to_string(i).c_str(), 1);
        run_program({"/proc/self/exe", "the other process of the next case*"},
                    (at.folder() / "writer").string());
        REQUIRE(
            eventually([&] { return watching.counted().invalidations > before.invalidations; }));
        CHECK(watching.counted().round_trips == before.round_trips); // nobody has asked
        CHECK(eventually([&] { return value_in(reader, env, "NAME_N") == std::to_string(i); }));
        CHECK(watching.counted().watch_losses == 0);
    }
}

TEST_CASE("a watching resolver asks nothing, and sees what another store writes") {
    const server at;
    auto with = redis_test::options_for(at);
    keyring::memory_keyring keys;
    test_vault writer(redis::open(with).value(), {}, keys);
    writer.ensure_space(acme).value();
    writer.put(env, "NAME_N", "0").value();
    with.watch = true;
    with.heartbeat = 60s; // so that none that comes late makes it ask
    auto watching = redis::open(with).value();
    const test_vault reader_side(watching, {}, keys);
    const auto reader = reader_side.resolver();
    REQUIRE(eventually([&] {
        value_in(reader, acme, "NAME_N");
        return watching.counted().from_memory > 10;
    }));
    const auto before = watching.counted();
    for (int i = 0; i < 1000; ++i)
        REQUIRE(value_in(reader, acme, "NAME_N") == "0");
    const auto after = watching.counted();
    CHECK(after.from_memory - before.from_memory >= 1000);
    CHECK(after.round_trips == before.round_trips);
    // A write costs a push, which nobody asks for, and then a look, however often is read
    // meanwhile.
    const auto quiet = watching.counted();
    for (int i = 1; i <= 50; ++i) {
        writer.put(env, "NAME_N", std::to_string(i)).value();
        REQUIRE(eventually([&] { return value_in(reader, acme, "NAME_N") == std::to_string(i); }));
        for (int again = 0; again < 20; ++again)
            REQUIRE(value_in(reader, acme, "NAME_N") == std::to_string(i));
    }
    CHECK(eventually([&] { // it counts once the old ones are gone
        return watching.counted().invalidations - quiet.invalidations >= 50;
    }));
    const auto loud = watching.counted();
    CHECK(loud.round_trips - quiet.round_trips <= 50 * 10); // of 1,050 reads
    at.cli({"FLUSHALL"});                                   // all keys at once are told as none
    CHECK(eventually([&] { return value_in(reader, acme, "NAME_N") == "tampered"; }));
}

TEST_CASE("a watch that falls silent, or is lost, is not trusted") {
    const server at;
    proxy between(at.port());
    auto with = redis_test::options_for(at);
    keyring::memory_keyring keys;
    test_vault writer(redis::open(with).value(), {}, keys);
    writer.ensure_environment("dev").value();
    writer.put(env, "NAME_N", "old").value();
    with.endpoints[0].port = between.port();
    with.watch = true;
    with.heartbeat = 200ms;
    with.response_timeout = with.connect_timeout = 1s;
    auto watching = opened(with);
    const test_vault reader_side(watching, {}, keys);
    const auto reader = reader_side.resolver();
    const auto trusts = [&] {
        const auto before = watching.counted().from_memory;
        value_in(reader, env, "NAME_N");
        return watching.counted().from_memory > before;
    };
    REQUIRE(eventually(trusts));

    between.mute(true);
    writer.put(env, "NAME_N", "new").value();
    // Within two heartbeats it may still be believed; then it is not, whatever is remembered.
    REQUIRE(eventually([&] { return !trusts(); }));
    const auto stale = reader.at(env);
    REQUIRE(stale.has_value()); // the store is away: the last state, marked as such
    CHECK(stale->stale());
    for (int i = 0; i < 3; ++i)
        CHECK_FALSE(trusts());
    between.mute(false);
    CHECK(eventually([&] { return value_in(reader, env, "NAME_N") == "new"; }));
    REQUIRE(eventually(trusts));
    CHECK(watching.counted().watch_losses >= 1);

    const auto lost = watching.counted().watch_losses;
    at.cli({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    REQUIRE(eventually([&] { return watching.counted().watch_losses > lost; }));
    writer.put(env, "NAME_N", "newer").value();
    const auto now = reader.at(env);
    REQUIRE(now.has_value());
    CHECK((now->stale() || coffer_test::shown(now->get("NAME_N")) == "newer"));
    CHECK(eventually([&] { return value_in(reader, env, "NAME_N") == "newer"; }));
    CHECK(eventually(trusts));
    CHECK(value_in(reader, env, "NAME_N") == "newer");
}
