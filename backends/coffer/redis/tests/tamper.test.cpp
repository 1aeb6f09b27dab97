// SPDX-License-Identifier: BSL-1.0
// Whoever can write to the Redis and has no key: every single alteration of an environment's hash,
// each read by a reader of its own, all names in all scopes. (Every bit and every length, over a
// store in memory and over a folder: tests/security/tamper*.cpp.)
#include "redis_server.hpp"

#include <security/tamper_target.hpp>
#include <support/catch.hpp>

using namespace coffer;
using namespace coffer_test;
using namespace redis_test;

namespace {

/// The target's hash in a Redis, open to whoever wants to alter it.
class target_in_redis {
public:
    target_in_redis() {
        const auto system =
            format::partition_name(cryptopp::aes_256_gcm{}, t.options().realm, system_environment);
        place(system, {}, t.store.shown(system));
        show(whole);
    }

    /// Puts an image in the place of what is there, with a revision that was never there, so that
    /// who knows the state looks again.
    void show(image now) {
        now.at = {};
        const auto number = ++revisions_;
        for (std::size_t i = 0; i < sizeof number; ++i)
            now.at[i] = static_cast<std::byte>(number >> (8 * i));
        place(t.partition, shown_, now);
        shown_ = std::move(now);
    }
    /// Alters the field `_revision` alone, with redis-cli.
    void set_revision(const std::string& to) const {
        at.cli({"HSET", with.prefix + "{" + t.partition + "}", "_revision", to});
    }
    auto reader() const -> test_resolver {
        return {store, {}, forgetful_keys(t.keys), t.options()};
    }
    auto see(const plain_state& truth) const -> comparison {
        return compare(reader(), t.environment, truth, t.names);
    }
    auto see() const -> comparison { return see(t.now); }
    auto is_refused(const test_resolver& by) const -> bool {
        const auto seen = by.at({t.environment, "acme", {}});
        return !seen && is_refusal(seen.error().code);
    }

    const server at{};
    const redis::options with = options_for(at);
    redis::store store = redis::open(with).value();
    target t{};
    const image whole = only_listed(t);

private:
    void place(const std::string& partition, const image& before, const image& now) {
        std::vector<object_write> writes;
        for (const auto& [key, object] : before.objects)
            if (!now.objects.contains(key)) writes.push_back({key, std::nullopt});
        for (const auto& [key, object] : now.objects)
            if (const auto old = before.objects.find(key);
                old == before.objects.end() || old->second != object)
                writes.push_back({key, object});
        REQUIRE(store.commit(partition, before.at, now.at, writes).value() ==
                commit_outcome::committed);
    }

    image shown_{};
    std::uint64_t revisions_ = 0;
};

} // namespace

TEST_CASE("a Redis as it was written is read, and an environment taken away is refused") {
    target_in_redis d;
    CHECK(d.see().all_true());
    d.show({});
    CHECK(d.see().all_refused());
}

TEST_CASE("any flipped bit of a head in Redis is refused, also by a running reader") {
    target_in_redis d;
    const auto running = d.reader();
    REQUIRE(compare(running, d.t.environment, d.t.now, d.t.names).all_true());
    auto now = d.whole;
    auto& head = now.objects["head"];
    for (std::size_t bit = 0; bit < 8 * head.size(); ++bit) {
        const auto mask = static_cast<std::byte>(1U << (bit % 8));
        head[bit / 8] ^= mask;
        d.show(now);
        CAPTURE(bit);
        REQUIRE(d.is_refused(d.reader()));
        REQUIRE(d.is_refused(running));
        head[bit / 8] ^= mask;
    }
    d.show(now);
    CHECK(compare(running, d.t.environment, d.t.now, d.t.names).all_true());
}

TEST_CASE("a flipped bit in any byte of another entry in Redis costs what it holds") {
    target_in_redis d;
    auto now = d.whole;
    for (auto& [key, object] : now.objects) {
        if (key == "head") continue;
        for (std::size_t i = 0; i < object.size(); ++i) {
            const auto mask = static_cast<std::byte>(1U << (i % 8));
            object[i] ^= mask;
            d.show(now);
            const auto seen = d.see();
            CAPTURE(key, i);
            REQUIRE(seen.lie == "");
            REQUIRE(seen.refused == cost(d.t, {key}));
            object[i] ^= mask;
        }
    }
}

TEST_CASE("a head in Redis of any other length is refused, another entry costs what it holds") {
    target_in_redis d;
    for (const auto& [key, object] : d.whole.objects)
        for (std::size_t size = 0; size < object.size() + 2; ++size) {
            if (size == object.size()) continue;
            auto now = d.whole;
            now.objects[key].resize(size);
            d.show(now);
            const auto seen = d.see();
            CAPTURE(key, size);
            REQUIRE(seen.lie == "");
            REQUIRE(seen.refused == cost(d.t, {key}));
        }
}

TEST_CASE("an entry in Redis that is removed, or takes another's place, costs what it holds") {
    target_in_redis d;
    for (const auto& [key, object] : d.whole.objects) {
        auto now = d.whole;
        now.objects.erase(key);
        d.show(now);
        auto seen = d.see();
        CAPTURE(key);
        REQUIRE(seen.lie == "");
        REQUIRE(seen.refused == cost(d.t, {key}));
        for (const auto& [other, another] : d.whole.objects) { // one is there twice
            if (other == key) continue;
            now.objects[key] = another;
            d.show(now);
            seen = d.see();
            CAPTURE(other);
            REQUIRE(seen.lie == "");
            REQUIRE(seen.refused == cost(d.t, {key}));
        }
    }
}

TEST_CASE("any two entries in Redis in each other's place cost what both hold") {
    target_in_redis d;
    for (auto a = d.whole.objects.begin(); a != d.whole.objects.end(); ++a)
        for (auto b = std::next(a); b != d.whole.objects.end(); ++b) {
            auto now = d.whole;
            std::swap(now.objects[a->first], now.objects[b->first]);
            d.show(now);
            const auto seen = d.see();
            CAPTURE(a->first, b->first);
            REQUIRE(seen.lie == "");
            REQUIRE(seen.refused == cost(d.t, {a->first, b->first}));
        }
}

TEST_CASE("each entry in Redis that is replaced by any earlier one costs what it holds") {
    target_in_redis d;
    std::set<bytes> earlier;
    for (const auto& then : d.t.moments)
        for (const auto& [key, object] : then.stored.objects)
            earlier.insert(object);
    REQUIRE(earlier.size() > 3 * d.t.moments.size()); // heads, roots, pages, records
    for (const auto& [key, object] : d.whole.objects) {
        if (key == "head") continue; // see below
        auto now = d.whole;
        for (const auto& other : earlier) {
            if (other == object) continue;
            now.objects[key] = other;
            d.show(now);
            const auto seen = d.see();
            CAPTURE(key);
            REQUIRE(seen.lie == "");
            REQUIRE(seen.refused == cost(d.t, {key}));
        }
    }
}

TEST_CASE("an earlier head in Redis gives one earlier state or less to a stranger, and nothing to "
          "who saw a newer") {
    target_in_redis d;
    const auto running = d.reader();
    REQUIRE(compare(running, d.t.environment, d.t.now, d.t.names).all_true());
    for (const auto& then : d.t.moments) {
        const auto& head = then.stored.objects.at("head");
        if (head == d.whole.objects.at("head")) continue;
        auto now = d.whole;
        now.objects["head"] = head;
        d.show(now);
        REQUIRE(d.see(then.truth).lie == "");
        REQUIRE(running.at({d.t.environment, "acme", {}}).error() == errc::rolled_back);
        d.show(then.stored); // with all that it had
        REQUIRE(d.see(then.truth).all_true());
        REQUIRE(running.at({d.t.environment, "acme", {}}).error() == errc::rolled_back);
    }
    d.show(d.whole);
    CHECK(compare(running, d.t.environment, d.t.now, d.t.names).all_true());
}

TEST_CASE("whatever is made of the revision in Redis, no answer is another") {
    const target_in_redis d;
    const auto running = d.reader();
    REQUIRE(compare(running, d.t.environment, d.t.now, d.t.names).all_true());
    for (const auto* other : {"0123456789abcdef", "fedcba9876543210"}) { // one, as any
        d.set_revision(other);
        CHECK(d.see().all_true());
        CHECK(compare(running, d.t.environment, d.t.now, d.t.names).all_true());
    }
    for (const auto* none : {"", "0", "0123456789abcde", "0123456789abcdef0"}) {
        CAPTURE(none);
        d.set_revision(none);
        CHECK(d.see().all_refused());
        CHECK(d.is_refused(running));
    }
    d.at.cli({"HDEL", d.with.prefix + "{" + d.t.partition + "}", "_revision"});
    CHECK(d.see().lie == "");
    CHECK(compare(running, d.t.environment, d.t.now, d.t.names).lie == "");
}
