// SPDX-License-Identifier: BSL-1.0
// What a refresh asks, in which order, and what it makes of each answer. There is no store.
#include <coffer/algorithm/refresh.hpp>

#include "support/algorithm_script.hpp"
#include "support/algorithm_world.hpp"

using namespace coffer;
using namespace coffer_test;
namespace edits = coffer::algorithm::edits;
using algorithm::load;
using algorithm::recall;
using algorithm::remember;
using algorithm::unwrap;

namespace {

using keys_wanted = std::vector<std::string>;
const mark some_mark{7, {}, 1};

/// The entries of a state, to answer with; what makes them is not looked at here.
struct state {
    revision at{};
    std::map<std::string, bytes> entries{};
    test_snapshot snapshot{};

    explicit state(algorithm_world& w) : snapshot(w.newest()) {
        auto all = w.store.list(w.of.partition).value();
        at = all.at;
        entries.insert(all.entries.begin(), all.entries.end());
    }
    auto give(const keys_wanted& keys) const -> result<cut> {
        cut out{at, {}};
        for (const auto& k : keys)
            out.objects.push_back(entries.contains(k) ? std::optional(entries.at(k))
                                                      : std::nullopt);
        return out;
    }
    auto root() const -> std::string { return format::store_key(snapshot->head.root); }
    auto page() const -> std::string {
        return format::store_key(snapshot->pages.pages()[0].ref.name);
    }
    auto record(const std::string& name) const -> std::string {
        return format::store_key(snapshot->pages.find(key({}, {}, name)).entry->newest().record);
    }
    auto listing_of() const -> listing { return {at, {entries.begin(), entries.end()}}; }
};

struct told_world : algorithm_world {
    told_world() {
        REQUIRE(change({show(edits::make_scope{{}, "{}", "t", false}), put({}, {{"A", "a"}})},
                       {.create = true}));
    }
    auto refresh(test_snapshot known = nullptr, std::optional<mark> seen = {}) const
        -> test_refresh {
        return {cipher, of, std::move(known), seen};
    }
    auto dek_of(const unwrap& asked) -> result<key_bytes> {
        return keys.unwrap(asked.kek_id, asked.environment, asked.wrapped, asked.aad);
    }
    /// As far as the head goes: loaded, unwrapped, the anchor asked.
    void through_the_head(script<test_refresh>& s, const state& now,
                          std::optional<mark> anchor = {}) {
        s.expect_load({"head"});
        s.answer(now.give({"head"}));
        s.answer(dek_of(s.expect<unwrap>()));
        s.expect<recall>();
        s.answer(result<std::optional<mark>>(anchor));
    }
    /// It remembers at last, and nothing newer stands.
    static void remembers(script<test_refresh>& s) {
        const auto seen = s.expect<remember>().seen.newest;
        s.answer(result<mark>(seen));
    }
    void load_all(script<test_refresh>& s, const state& now) {
        while (s.asks<load>())
            s.answer(now.give(s.expect<load>().keys));
    }
};

} // namespace

TEST_CASE("a refresh asks for head, DEK, anchor, root, pages, records, and remembers at last",
          "[algorithm]") {
    told_world w;
    const state now(w);
    auto a = w.refresh();
    script<test_refresh> s(a);
    CHECK(s.expect<load>().partition == w.of.partition);
    s.expect_load({"head"});
    s.answer(now.give({"head"}));
    const auto& asked = s.expect<unwrap>();
    CHECK(asked.kek_id == "fake-kek");
    CHECK(asked.environment == "env");
    s.answer(w.dek_of(asked));
    CHECK(s.expect<recall>().realm == "realm");
    CHECK(s.expect<recall>().environment == "env");
    s.answer(result<std::optional<mark>>(std::nullopt));
    s.expect_load({now.root()});
    s.answer(now.give({now.root()}));
    s.expect_load({now.page()});
    s.answer(now.give({now.page()}));
    const auto records = s.expect<load>().keys;
    CHECK(records == keys_wanted{now.record(""), now.record("A")});
    s.answer(now.give(records));
    CHECK(s.expect<remember>().seen.newest == now.snapshot->head.mark_of());
    CHECK(s.expect<remember>().seen.ancestors == now.snapshot->head.ancestors);
    w.remembers(s);
    CHECK(algorithm_world::dump(s.end().value()) == algorithm_world::dump(now.snapshot));
}

TEST_CASE(
    "an anchor that already holds the newest mark is not written again, and its failure is told",
    "[algorithm]") {
    told_world w;
    const state now(w);
    {
        auto a = w.refresh();
        script<test_refresh> s(a);
        w.through_the_head(s, now, now.snapshot->head.mark_of());
        w.load_all(s, now);
        CHECK(s.end());
    }
    for (const bool asking : {true, false}) {
        auto a = w.refresh();
        script<test_refresh> s(a);
        s.answer(now.give({"head"}));
        s.answer(w.dek_of(s.expect<unwrap>()));
        if (asking) {
            s.answer(result<std::optional<mark>>(errc::tampered));
        } else {
            s.answer(result<std::optional<mark>>(std::nullopt));
            w.load_all(s, now);
            s.expect<remember>();
            s.answer(result<mark>(errc::tampered));
        }
        CHECK(s.ended_with() == errc::tampered);
    }
}

TEST_CASE("no head is nothing, unless something remembers one", "[algorithm]") {
    told_world w;
    {
        auto a = w.refresh();
        script<test_refresh> s(a);
        s.answer(result<cut>(cut{{}, {std::nullopt}}));
        s.expect<recall>();
        s.answer(result<std::optional<mark>>(std::nullopt));
        CHECK(s.end().value() == nullptr);
    }
    {
        auto a = w.refresh();
        script<test_refresh> s(a);
        s.answer(result<cut>(cut{{}, {std::nullopt}}));
        s.answer(result<std::optional<mark>>(some_mark));
        s.expect_load({"head"}); // it may have been made between our two looks
        s.answer(result<cut>(cut{{}, {std::nullopt}}));
        s.answer(result<std::optional<mark>>(some_mark));
        CHECK(s.ended_with() == errc::tampered);
    }
    { // which it was, by another process
        REQUIRE(w.change({put({}, {{"A", "a"}})}));
        const state now(w);
        auto a = w.refresh();
        script<test_refresh> s(a);
        s.answer(result<cut>(cut{{}, {std::nullopt}}));
        s.answer(result<std::optional<mark>>(now.snapshot->head.mark_of()));
        s.expect_load({"head"});
        s.answer(now.give({"head"}));
        s.answer(w.dek_of(s.expect<unwrap>()));
        w.load_all(s, now);
        CHECK(s.end().value()->head.generation == now.snapshot->head.generation);
    }
    {
        auto a = w.refresh(nullptr, some_mark);
        script<test_refresh> s(a);
        s.answer(result<cut>(cut{{}, {std::nullopt}}));
        CHECK(s.ended_with() == errc::tampered);
    }
    { // a partition that is there, without its head
        auto a = w.refresh();
        script<test_refresh> s(a);
        s.answer(result<cut>(cut{revision{std::byte{1}}, {std::nullopt}}));
        CHECK(s.ended_with() == errc::tampered);
    }
}

TEST_CASE("a head that does not verify is refused before anything else is asked", "[algorithm]") {
    told_world w;
    const state now(w);
    const auto refused = [&](auto&& spoil) {
        auto spoilt = now;
        spoil(spoilt.entries["head"]);
        auto a = w.refresh();
        script<test_refresh> s(a);
        s.answer(spoilt.give({"head"}));
        if (s.asks<unwrap>()) s.answer(w.dek_of(s.expect<unwrap>()));
        return s.ended_with();
    };
    CHECK(refused([](bytes& b) { b.back() ^= std::byte{1}; }) == errc::tampered);
    CHECK(refused([](bytes& b) { b[30] ^= std::byte{1}; }) == errc::tampered);
    CHECK(refused([](bytes& b) { b[3] = std::byte{2}; }) == errc::unsupported);
    CHECK(refused([](bytes& b) { b.clear(); }) == errc::tampered);
}

TEST_CASE("the key side's refusal of the newest DEK ends a refresh as it is", "[algorithm]") {
    told_world w;
    const state now(w);
    for (const auto why :
         {errc::unknown_key, errc::key_disabled, errc::tampered, errc::unavailable, errc::denied}) {
        auto a = w.refresh();
        script<test_refresh> s(a);
        s.answer(now.give({"head"}));
        s.expect<unwrap>();
        s.answer(result<key_bytes>(why));
        if (why == errc::unknown_key || why == errc::key_disabled) { // of the newest head still?
            s.expect_load({"head"});
            s.answer(now.give({"head"}));
        }
        CHECK(s.ended_with() == why);
    }
    auto a = w.refresh();
    script<test_refresh> s(a);
    s.answer(now.give({"head"}));
    s.answer(result<key_bytes>(key_bytes{})); // 32 other bytes: the commitment tells
    CHECK(s.ended_with() == errc::tampered);
}

TEST_CASE(
    "a head that the marks contradict is rolled_back; a younger anchor makes it look once more",
    "[algorithm]") {
    told_world w;
    const state old(w);
    REQUIRE(w.change({put({}, {{"A", "b"}})}));
    const state now(w);
    {
        auto a = w.refresh(nullptr, now.snapshot->head.mark_of());
        script<test_refresh> s(a);
        w.through_the_head(s, old);
        CHECK(s.ended_with() == errc::rolled_back);
    }
    { // another process committed and anchored between our two looks
        auto a = w.refresh();
        script<test_refresh> s(a);
        w.through_the_head(s, old, now.snapshot->head.mark_of());
        s.expect_load({"head"});
        s.answer(now.give({"head"}));
        s.answer(w.dek_of(s.expect<unwrap>()));
        w.load_all(s, now);
        CHECK(s.end().value()->head.generation == 2);
    }
    { // it did not
        auto a = w.refresh();
        script<test_refresh> s(a);
        w.through_the_head(s, old, now.snapshot->head.mark_of());
        s.expect_load({"head"});
        s.answer(old.give({"head"}));
        s.answer(w.dek_of(s.expect<unwrap>()));
        CHECK(s.ended_with() == errc::rolled_back);
    }
}

TEST_CASE("who holds a state asks for the revision first, and then for nothing that it holds",
          "[algorithm]") {
    told_world w;
    const state before(w);
    {
        auto a = w.refresh(before.snapshot, before.snapshot->head.mark_of());
        script<test_refresh> s(a);
        s.expect_load({});
        s.answer(before.give({}));
        s.expect<recall>();
        s.answer(result<std::optional<mark>>(before.snapshot->head.mark_of()));
        CHECK(s.end().value() == before.snapshot);
    }
    REQUIRE(w.change({put({}, {{"B", "b"}})}));
    const state now(w);
    auto a = w.refresh(before.snapshot, before.snapshot->head.mark_of());
    script<test_refresh> s(a);
    s.answer(now.give({}));
    s.expect_load({"head"});
    s.answer(now.give({"head"}));
    s.expect<recall>(); // the DEK is held
    s.answer(result<std::optional<mark>>(std::nullopt));
    s.expect_load({now.root()});
    s.answer(now.give({now.root()}));
    s.expect_load({now.page()});
    s.answer(now.give({now.page()}));
    s.expect_load({now.record("B")});
    s.answer(now.give({now.record("B")}));
    w.remembers(s);
    CHECK(algorithm_world::dump(s.end().value()) == algorithm_world::dump(now.snapshot));
}

TEST_CASE("a store that says that nothing changed is not believed beyond the anchor",
          "[algorithm]") {
    told_world w;
    const state before(w);
    REQUIRE(w.change({put({}, {{"B", "b"}})}));
    const state now(w);
    auto other = now.snapshot->head.mark_of();
    other.generation = before.snapshot->head.generation;
    const auto probed = [&](script<test_refresh>& s, result<std::optional<mark>> anchor) {
        s.expect_load({});
        s.answer(before.give({}));
        s.expect<recall>();
        s.answer(std::move(anchor));
    };
    const auto newer = std::optional(now.snapshot->head.mark_of());
    { // it was put back to what is held
        auto a = w.refresh(before.snapshot, before.snapshot->head.mark_of());
        script<test_refresh> s(a);
        probed(s, newer);
        s.expect_load({"head"});
        s.answer(before.give({"head"}));
        CHECK(s.ended_with() == errc::rolled_back);
    }
    { // or another process has committed and anchored since the store was asked
        auto a = w.refresh(before.snapshot, before.snapshot->head.mark_of());
        script<test_refresh> s(a);
        probed(s, newer);
        s.expect_load({"head"});
        s.answer(now.give({"head"}));
        w.load_all(s, now);
        CHECK(s.end().value()->head.generation == 2);
    }
    { // what is held is not what the anchor knows of that generation
        auto a = w.refresh(before.snapshot, before.snapshot->head.mark_of());
        script<test_refresh> s(a);
        probed(s, std::optional(other));
        CHECK(s.ended_with() == errc::rolled_back);
    }
    { // who can't ask the anchor does not know
        auto a = w.refresh(before.snapshot, before.snapshot->head.mark_of());
        script<test_refresh> s(a);
        probed(s, errc::tampered);
        CHECK(s.ended_with() == errc::tampered);
    }
}

TEST_CASE("a reader is served where the anchor can't be written", "[algorithm]") {
    told_world w;
    const state now(w);
    for (const auto why : {errc::unavailable, errc::timed_out, errc::denied, errc::rolled_back,
                           errc::tampered, errc::invalid_argument}) {
        auto a = w.refresh();
        script<test_refresh> s(a);
        w.through_the_head(s, now);
        w.load_all(s, now);
        s.expect<remember>();
        s.answer(result<mark>(why));
        if (why == errc::unavailable || why == errc::timed_out || why == errc::denied)
            CHECK(s.end().value()->head.mac == now.snapshot->head.mac);
        else
            CHECK(s.ended_with() == why);
    }
}

TEST_CASE("an object that is missing or altered under the same head is tampered", "[algorithm]") {
    told_world w;
    const state now(w);
    for (const bool altered : {true, false})
        for (const auto& which : {now.root(), now.page()}) {
            auto spoilt = now;
            if (altered)
                spoilt.entries[which].back() ^= std::byte{1};
            else
                spoilt.entries.erase(which);
            auto a = w.refresh();
            script<test_refresh> s(a);
            w.through_the_head(s, spoilt);
            while (s.expect<load>().keys != keys_wanted{"head"})
                s.answer(spoilt.give(s.expect<load>().keys));
            s.answer(spoilt.give({"head"}));
            CHECK(s.ended_with() == errc::tampered);
        }
}

TEST_CASE("a record that is missing under the same head damages its own name alone",
          "[algorithm]") {
    told_world w;
    const state now(w);
    auto spoilt = now;
    spoilt.entries.erase(now.record("A"));
    auto a = w.refresh();
    script<test_refresh> s(a);
    w.through_the_head(s, spoilt);
    w.load_all(s, spoilt);
    w.remembers(s);
    const auto found = s.end().value();
    CHECK(found->pages.damaged() == 1);
    CHECK(found->open(*found->pages.find(key({}, {}, "A")).newest).error() == errc::tampered);
    CHECK(found->open(*found->pages.find({}).newest));

    // When it is back it is found again, though the head is the same.
    auto again = w.refresh(found, found->head.mark_of());
    script<test_refresh> t(again);
    t.answer(now.give({}));
    t.answer(result<std::optional<mark>>(found->head.mark_of()));
    t.expect_load({now.record("A")});
    t.answer(now.give({now.record("A")}));
    CHECK(t.end().value()->pages.damaged() == 0);
}

TEST_CASE(
    "an object that is gone because the head moved on makes it start over, at last with all in one",
    "[algorithm]") {
    told_world w;
    const state first(w);
    std::vector<state> states{first};
    for (int i = 0; i < 5; ++i) {
        REQUIRE(w.change({put({}, {{"A", std::to_string(i)}})}));
        states.emplace_back(w);
    }
    for (const bool can_list : {true, false}) {
        auto a = w.refresh();
        script<test_refresh> s(a);
        w.through_the_head(s, states[0]);
        for (std::size_t i = 1; i < 4;
             ++i) { // each time the root is gone, and another head is there
            s.expect_load({states[i - 1].root()});
            s.answer(result<cut>(cut{states[i].at, {std::nullopt}}));
            s.expect_load({"head"});
            s.answer(states[i].give({"head"}));
            if (s.asks<unwrap>()) s.answer(w.dek_of(s.expect<unwrap>()));
        }
        s.expect_load({states[3].root()});
        s.answer(result<cut>(cut{states[4].at, {std::nullopt}}));
        s.expect_load({"head"});
        s.answer(states[4].give({"head"}));
        CHECK(s.expect<algorithm::list>().partition == w.of.partition);
        if (can_list) {
            s.answer(result<listing>(states[5].listing_of()));
            if (s.asks<unwrap>()) s.answer(w.dek_of(s.expect<unwrap>()));
        } else {
            s.answer(result<listing>(errc::unsupported));
            s.expect_load({"head"});
            s.answer(states[5].give({"head"}));
            if (s.asks<unwrap>()) s.answer(w.dek_of(s.expect<unwrap>()));
            w.load_all(s, states[5]);
        }
        w.remembers(s);
        CHECK(algorithm_world::dump(s.end().value()) == algorithm_world::dump(states[5].snapshot));
    }
}

TEST_CASE("an answer of another length than what was asked is tampered", "[algorithm]") {
    told_world w;
    const state now(w);
    {
        auto a = w.refresh();
        script<test_refresh> s(a);
        s.answer(result<cut>(cut{now.at, {}}));
        CHECK(s.ended_with() == errc::tampered);
    }
    auto a = w.refresh();
    script<test_refresh> s(a);
    w.through_the_head(s, now);
    auto more = now.give({now.root(), now.page()});
    s.answer(std::move(more));
    CHECK(s.ended_with() == errc::tampered);
}

TEST_CASE("errors of the store end a refresh as they are", "[algorithm]") {
    told_world w;
    for (const auto why :
         {errc::unavailable, errc::timed_out, errc::denied, errc::tampered, errc::cancelled}) {
        auto a = w.refresh();
        script<test_refresh> s(a);
        s.answer(result<cut>(why));
        CHECK(s.ended_with() == why);
    }
}

namespace {

/// Two DEKs: A, the environment's own entry and, of an older version, B are under the first.
struct two_deks : algorithm_world {
    two_deks() {
        REQUIRE(change(
            {show(edits::make_scope{{}, "{}", "t", false}), put({}, {{"A", "a"}, {"B", "b"}})},
            {.create = true}));
        raise_seals(format::limits::seals_rotate);
        REQUIRE(change({put({}, {{"B", "b2"}, {"C", "c"}})}));
        REQUIRE(newest()->head.deks.size() == 2);
        keys.add_kek("kek-2", {"env"});
    }
    auto look_on(test_snapshot known, bool confirm = false) -> result<test_snapshot> {
        const auto seen = known->head.mark_of();
        test_refresh a(cipher, of, std::move(known), seen, confirm);
        return algorithm::run(a, store, keys);
    }
};

} // namespace

TEST_CASE("a DEK that was wrapped again is the same DEK to those who read on", "[algorithm]") {
    const std::vector<std::vector<std::uint32_t>> which{{1}, {2}, {1, 2}};
    for (const auto& numbers : which)
        for (const bool write_after : {false, true}) {
            two_deks w;
            const auto known = w.newest();
            w.rewrap(numbers, "kek-2");
            if (write_after) REQUIRE(w.change({put({}, {{"C", "c2"}})}));
            const auto found = w.look_on(known).value();
            CHECK(algorithm_world::dump(found) == w.dump());
            CHECK(w.dump().find("= tampered") == std::string::npos);
            // And a writer goes on from it, and restores what lies under the first.
            const auto back = show(edits::rollback{key({}, {}, "B"), 1, {}, "r"});
            REQUIRE(w.change({back}, {}, found));
            CHECK(w.dump().find("= b under 2") != std::string::npos);
            CHECK(algorithm_world::dump(w.look_on(found).value()) == w.dump());
        }
}

TEST_CASE("who reads on is told of a DEK's new wrapping what one who holds nothing is told",
          "[algorithm]") {
    for (const bool disabled : {true, false}) {
        const auto refuse = [&](two_deks& w) {
            if (disabled)
                w.keys.set_state("kek-2", testing::fake_key_provider::state::disabled);
            else
                w.keys.add_kek("kek-2", {"another"});
        };
        const auto why = disabled ? errc::key_disabled : errc::unknown_key;
        two_deks older;
        const auto known = older.newest();
        older.rewrap({1}, "kek-2");
        refuse(older);
        const auto found = older.look_on(known).value();
        CHECK(algorithm_world::dump(found) == older.dump());
        CHECK(found->open(*found->pages.find(key({}, {}, "A")).newest).error() == why);
        CHECK(found->open(*found->pages.find(key({}, {}, "C")).newest));

        two_deks active;
        const auto held = active.newest();
        active.rewrap({2}, "kek-2");
        refuse(active);
        CHECK(active.look_on(held).error() == why);
        CHECK(active.find_newest().error() == why);
    }
}

TEST_CASE("a KEK that was disabled ends the use of the older DEKs under it as well",
          "[algorithm]") {
    two_deks w;
    w.rewrap({1}, "kek-2");
    const auto known = w.newest();
    w.keys.set_state("kek-2", testing::fake_key_provider::state::disabled);
    CHECK(w.look_on(known).value() == known); // until the key side is to be asked again
    const auto found = w.look_on(known, true).value();
    CHECK(algorithm_world::dump(found) == w.dump());
    CHECK(found->open(*found->pages.find(key({}, {}, "A")).newest).error() == errc::key_disabled);
    CHECK(found->open(*found->pages.find(key({}, {}, "C")).newest));

    // Also while the store is away: then nothing can be told apart, and nothing is served.
    const auto seen = known->head.mark_of();
    test_refresh a(w.cipher, w.of, known, seen, true);
    script<test_refresh> s(a);
    s.answer(result<cut>(errc::unavailable));
    while (s.asks<unwrap>()) {
        const auto& asked = s.expect<unwrap>();
        s.answer(w.keys.unwrap(asked.kek_id, asked.environment, asked.wrapped, asked.aad));
    }
    CHECK(s.ended_with() == errc::key_disabled);

    w.keys.set_state("kek-2", testing::fake_key_provider::state::active);
    const auto again = w.look_on(found, true).value();
    CHECK(again->pages.damaged() == 0);
}

TEST_CASE("a KEK that is refused since the DEKs were wrapped again is no refusal", "[algorithm]") {
    for (const bool reads_on : {false, true})
        for (const bool away : {false, true}) {
            two_deks w;
            const state before(w);
            w.rewrap({1, 2}, "kek-2");
            w.keys.set_state("fake-kek", testing::fake_key_provider::state::disabled);
            const state now(w);
            const auto known = reads_on ? before.snapshot : nullptr;
            const auto seen = reads_on ? std::optional(known->head.mark_of()) : std::nullopt;
            test_refresh a(w.cipher, w.of, known, seen, reads_on);
            script<test_refresh> s(a);
            s.answer(before.give(s.expect<load>().keys)); // the last moment of the old head
            const auto& asked = s.expect<unwrap>();
            CHECK(asked.kek_id == "fake-kek");
            s.answer(result<key_bytes>(errc::key_disabled));
            s.expect_load({"head"});
            if (away) {
                s.answer(result<cut>(errc::unavailable));
                CHECK(s.ended_with() == errc::key_disabled); // nothing says otherwise
                continue;
            }
            s.answer(now.give({"head"}));
            while (!s.has_ended())
                if (s.asks<load>())
                    s.answer(now.give(s.expect<load>().keys));
                else if (s.asks<unwrap>()) {
                    const auto again = s.expect<unwrap>();
                    CHECK(again.kek_id == "kek-2");
                    s.answer(
                        w.keys.unwrap(again.kek_id, again.environment, again.wrapped, again.aad));
                } else if (s.asks<recall>())
                    s.answer(result<std::optional<mark>>(std::nullopt));
                else
                    s.answer(result<mark>(s.expect<remember>().seen.newest));
            CHECK(algorithm_world::dump(s.end().value()) == w.dump());
        }
}
