// SPDX-License-Identifier: BSL-1.0
// What a transaction asks, in which order, and what it makes of each answer. There is no store.
#include <coffer/algorithm/transact.hpp>

#include "support/algorithm_script.hpp"
#include "support/algorithm_world.hpp"

#include <algorithm>

using namespace coffer;
using namespace coffer_test;
namespace edits = coffer::algorithm::edits;
using algorithm::commit;
using algorithm::key_for;
using algorithm::load;
using algorithm::recall;
using algorithm::remember;
using algorithm::unwrap;

namespace {

/// Answers honestly from a world until something of interest is asked.
struct told_world : algorithm_world {
    shown_edit edit = put({}, {{"A", "new"}});

    told_world() {
        REQUIRE(change({show(edits::make_scope{{}, "{}", "t", false}), put({}, {{"A", "a"}})},
                       {.create = true}));
    }
    auto transact(algorithm::transact_options with = {}, test_snapshot known = nullptr)
        -> test_transact {
        std::optional<mark> seen;
        if (known != nullptr) seen = known->head.mark_of();
        return {cipher, of, std::move(known), seen, time, {edit.edit.get()}, std::move(with)};
    }
    /// Answers loads, unwraps and recalls; stops at anything else.
    void reads(script<test_transact>& s) {
        for (;;) {
            if (s.asks<load>()) {
                const auto asked = s.expect<load>();
                s.answer(store.load(asked.partition, asked.keys));
            } else if (s.asks<unwrap>()) {
                const auto& asked = s.expect<unwrap>();
                s.answer(keys.unwrap(asked.kek_id, asked.environment, asked.wrapped, asked.aad));
            } else if (s.asks<recall>()) {
                s.answer(result<std::optional<mark>>(std::nullopt));
            } else if (s.asks<remember>() && newest_only_) {
                remembers(s);
            } else {
                return;
            }
        }
    }
    /// The same, and what a look at the newest state remembers is taken for granted.
    void looks(script<test_transact>& s) {
        newest_only_ = true;
        reads(s);
        newest_only_ = false;
    }
    /// Remembers, and nothing newer stands.
    static void remembers(script<test_transact>& s) {
        const auto seen = s.expect<remember>().seen.newest;
        s.answer(result<mark>(seen));
    }
    auto land(const commit& c) -> commit_outcome {
        return store.commit(c.partition, c.expected, c.next, *c.writes).value();
    }
    auto is_written() const -> bool { return dump().find("= new") != std::string::npos; }

private:
    bool newest_only_ = false;
};

auto head_of(const commit& c) -> format::head {
    return format::decode_head(*c.writes->back().value).value();
}

} // namespace

TEST_CASE("an environment is made with a DEK, one commit on nothing, and its mark remembered",
          "[algorithm]") {
    algorithm_world w;
    const auto edit = show(edits::make_scope{{}, "{}", "t", true});
    test_transact a(w.cipher, w.of, nullptr, std::nullopt, w.time, {edit.edit.get()},
                    {.create = true});
    script s(a);
    s.expect_load({"head"});
    s.answer(result<cut>(cut{{}, {std::nullopt}}));
    s.expect<recall>();
    s.answer(result<std::optional<mark>>(std::nullopt));
    CHECK(s.expect<key_for>().environment == "env");
    s.answer(result<std::string>("kek-1"));
    const auto& wrap = s.expect<algorithm::wrap>();
    CHECK(wrap.kek_id == "kek-1");
    s.answer(w.keys.wrap("fake-kek", wrap.dek.view(), wrap.aad));
    const auto c = s.expect<commit>();
    CHECK(c.partition == w.of.partition);
    CHECK(c.expected == revision{});
    CHECK(c.writes->size() == 4); // record, page, root, head
    CHECK(c.writes->back().key == "head");
    const auto head = head_of(c);
    CHECK(head.generation == 1);
    CHECK(head.deks.size() == 1);
    CHECK(head.active().seals == 3);
    CHECK(head.active().kek_id == "kek-1");
    CHECK(c.next == format::revision_of(w.cipher.sha256(*c.writes->back().value)));
    s.answer(result<commit_outcome>(commit_outcome::committed));
    CHECK(s.expect<remember>().seen.newest == head.mark_of());
    CHECK(s.expect<remember>().seen.ancestors == head.ancestors);
    s.answer(result<mark>(head.mark_of()));
    const auto done = s.end();
    CHECK(done->committed);
    CHECK(done->snapshot->head.mac == head.mac);
    CHECK(edit.take().value() == "made");
}

TEST_CASE("who holds a state that the anchor does not know as the newest looks before it commits",
          "[algorithm]") {
    told_world w;
    const auto known = w.newest();
    REQUIRE(w.change({put({}, {{"B", "b"}})}));
    const auto newer = w.newest()->head.mark_of();
    {
        auto a = w.transact({}, known);
        script s(a);
        s.expect<remember>();
        s.answer(result<mark>(newer));
        s.expect_load({});
        w.looks(s);
        CHECK(s.expect<commit>().expected == w.newest()->at);
    }
    { // put back to what is held: nothing is written on it
        auto a = w.transact({}, known);
        script s(a);
        s.answer(result<mark>(newer));
        s.expect_load({});
        s.answer(result<cut>(cut{known->at, {}}));
        s.expect<recall>();
        s.answer(result<std::optional<mark>>(newer));
        s.expect_load({"head"});
        auto head = format::encode_head_unsigned(known->head);
        head.insert(head.end(), known->head.mac.begin(), known->head.mac.end());
        s.answer(result<cut>(cut{known->at, {std::move(head)}}));
        CHECK(s.ended_with() == errc::rolled_back);
    }
}

TEST_CASE("who can't write the anchor writes nothing, and reads old versions", "[algorithm]") {
    told_world w;
    const auto at_once = [&](bool holds, algorithm::transact_options with, errc why) {
        auto a = w.transact(std::move(with), holds ? w.newest() : nullptr);
        script s(a);
        for (w.reads(s); s.asks<remember>(); w.reads(s))
            s.answer(result<mark>(why));
        return s.ended_with();
    };
    const auto before = w.dump();
    for (const bool holds : {true, false})
        for (const auto why : {errc::unavailable, errc::denied, errc::rolled_back}) {
            CHECK(at_once(holds, {}, why) == why);
            CHECK(at_once(holds, {.close = true}, why) == why);
        }
    // Nor is it told that what it wants is done: its own write of before, which the anchor missed.
    w.edit = put({}, {{"A", "a"}});
    for (const bool holds : {true, false})
        for (const auto why : {errc::unavailable, errc::denied, errc::rolled_back})
            CHECK(at_once(holds, {}, why) == why);
    CHECK(w.dump() == before);
    for (const bool holds : {true, false}) {
        w.edit = show(edits::read_version{key({}, {}, "A"), 1});
        auto a = w.transact({.reading = true}, holds ? w.newest() : nullptr);
        script s(a);
        for (w.reads(s); s.asks<remember>(); w.reads(s))
            s.answer(result<mark>(errc::unavailable));
        CHECK_FALSE(s.end()->committed);
        CHECK(w.edit.take().value() == "a");
    }
}

TEST_CASE("who holds a state commits on it without a look", "[algorithm]") {
    told_world w;
    const auto known = w.newest();
    auto a = w.transact({}, known);
    script s(a);
    w.remembers(s);
    const auto c = s.expect<commit>();
    CHECK(c.expected == known->at);
    CHECK(head_of(c).generation == known->head.generation + 1);
    CHECK(head_of(c).ancestors == format::next_ancestors(known->head));
    CHECK(head_of(c).active().seals == known->head.active().seals + 3);
}

TEST_CASE("a failure of the commit is told and nothing more is asked", "[algorithm]") {
    told_world w;
    for (const auto why : {errc::unavailable, errc::timed_out, errc::too_large, errc::cancelled}) {
        auto a = w.transact();
        script s(a);
        w.looks(s);
        s.expect<commit>();
        s.answer(result<commit_outcome>(why));
        CHECK(s.ended_with() == why);
    }
}

TEST_CASE("after a conflict it looks, applies and seals again", "[algorithm]") {
    told_world w;
    auto a = w.transact({}, w.newest());
    script s(a);
    w.remembers(s);
    const auto lost = s.expect<commit>();
    REQUIRE(w.change({put({}, {{"B", "b"}})}));
    s.answer(result<commit_outcome>(w.land(lost)));
    s.expect_load({});
    w.looks(s);
    const auto c = s.expect<commit>();
    CHECK(c.expected == w.newest()->at);
    CHECK(head_of(c).generation == 3);
    CHECK(head_of(c).active().seals == w.newest()->head.active().seals + 6); // lost attempts count
    s.answer(result<commit_outcome>(w.land(c)));
    w.remembers(s);
    CHECK(s.end()->committed);
    CHECK(w.is_written());
    CHECK(w.dump().find("||B") != std::string::npos);
}

TEST_CASE("a DEK that was made for a state that is gone is made anew, under the KEK of now",
          "[algorithm]") {
    told_world w;
    w.edit = show(edits::begin_rotation{1});
    auto a = w.transact({}, w.newest());
    script s(a);
    const auto makes = [&] {
        s.expect<key_for>();
        s.answer(w.keys.key_for(w.of.environment));
        const auto& asked = s.expect<algorithm::wrap>();
        s.answer(w.keys.wrap(asked.kek_id, asked.dek.view(), asked.aad));
    };
    makes();
    w.remembers(s);
    const auto lost = s.expect<commit>();
    REQUIRE(w.change({put({}, {{"B", "b"}})})); // whoever wrote it may have changed the KEK
    s.answer(result<commit_outcome>(w.land(lost)));
    w.looks(s);
    makes();
    w.remembers(s);
    s.expect<commit>();
}

TEST_CASE("the last number of a DEK has none after it", "[algorithm]") {
    told_world w;
    auto last = *w.newest();
    last.head.deks.back().number = std::numeric_limits<std::uint32_t>::max();
    algorithm::key_changes<test_cipher> keys(w.cipher, w.of);
    const auto next = keys.want({.add = true, .rewrap = {}, .drop = {}},
                                std::make_shared<const decltype(last)>(last), 0);
    REQUIRE(next.has_value());
    CHECK(std::get<result<void>>(*next).error() == errc::unsupported);
}

TEST_CASE("conflicts without end are a conflict, after pauses that grow no longer than 200 ms",
          "[algorithm]") {
    told_world w;
    auto a = w.transact();
    script s(a);
    int pauses = 0;
    int commits = 0;
    for (;;) {
        w.looks(s);
        if (s.has_ended()) break;
        if (s.asks<algorithm::pause>()) {
            ++pauses;
            CHECK(s.expect<algorithm::pause>().time >= std::chrono::milliseconds(1));
            CHECK(s.expect<algorithm::pause>().time <= std::chrono::milliseconds(201));
            s.answer(result<void>());
            continue;
        }
        s.expect<commit>();
        REQUIRE(++commits <= 64);
        s.answer(result<commit_outcome>(commit_outcome::conflict));
    }
    CHECK(s.ended_with() == errc::conflict);
    CHECK(commits == 64);
    CHECK(pauses == 62);
    CHECK_FALSE(w.is_written());
}

TEST_CASE("an unknown outcome is settled by a look: mine", "[algorithm]") {
    for (const bool others_on_top : {false, true}) {
        told_world w;
        auto a = w.transact({}, w.newest());
        script s(a);
        w.remembers(s);
        const auto c = s.expect<commit>();
        CHECK(w.land(c) == commit_outcome::committed);
        if (others_on_top) REQUIRE(w.change({put({}, {{"B", "b"}})}));
        s.answer(result<commit_outcome>(commit_outcome::unknown));
        w.reads(s);
        w.remembers(s); // of the look, then of the commit
        w.remembers(s);
        CHECK(s.end()->committed);
        CHECK(w.is_written());
    }
}

TEST_CASE("an unknown outcome is settled by a look: another stands there, so that it is done again",
          "[algorithm]") {
    told_world w;
    auto a = w.transact({}, w.newest());
    script s(a);
    w.remembers(s);
    const auto c = s.expect<commit>();
    REQUIRE(w.change({put({}, {{"B", "b"}})}));
    s.answer(result<commit_outcome>(commit_outcome::unknown));
    w.looks(s);
    const auto again = s.expect<commit>();
    CHECK(again.expected == w.newest()->at);
    s.answer(result<commit_outcome>(w.land(again)));
    w.remembers(s);
    CHECK(s.end()->committed);
    CHECK(w.land(c) == commit_outcome::conflict); // the first can't land any more
}

TEST_CASE("while the old head stands the same bytes are sent again, and at last a fence",
          "[algorithm]") {
    for (const bool fence_lands : {true, false}) {
        told_world w;
        auto a = w.transact({}, w.newest());
        script s(a);
        w.remembers(s);
        const auto first = s.expect<commit>();
        for (int i = 1; i < 5; ++i) {
            s.answer(result<commit_outcome>(commit_outcome::unknown));
            w.looks(s);
            const auto& again = s.expect<commit>();
            CHECK(again.writes == first.writes);
            CHECK(again.next == first.next);
            CHECK(again.expected == first.expected);
        }
        s.answer(result<commit_outcome>(commit_outcome::unknown));
        w.looks(s);
        const auto fence = s.expect<commit>();
        CHECK(fence.expected == first.expected); // one of the two can win alone
        CHECK(fence.next != first.next);
        CHECK(fence.writes->size() == 1);
        CHECK(head_of(fence).generation == head_of(first).generation);
        CHECK(head_of(fence).root == w.newest()->head.root);
        if (fence_lands) {
            s.answer(result<commit_outcome>(w.land(fence)));
            CHECK(s.ended_with() == errc::unavailable); // definitely not written
            CHECK(w.land(first) == commit_outcome::conflict);
            CHECK_FALSE(w.is_written());
        } else {
            for (int i = 1; i < 5; ++i) {
                s.answer(result<commit_outcome>(commit_outcome::unknown));
                w.looks(s);
                CHECK(s.expect<commit>().next == fence.next);
            }
            s.answer(result<commit_outcome>(commit_outcome::unknown));
            w.looks(s);
            CHECK(s.ended_with() == errc::outcome_unknown);
        }
    }
}

TEST_CASE("a conflict after an unknown sending may be with oneself", "[algorithm]") {
    told_world w;
    auto a = w.transact({}, w.newest());
    script s(a);
    w.remembers(s);
    const auto c = s.expect<commit>();
    s.answer(result<commit_outcome>(commit_outcome::unknown));
    w.looks(s); // the old head still
    CHECK(s.expect<commit>().next == c.next);
    CHECK(w.land(c) == commit_outcome::committed); // the first sending lands late
    s.answer(result<commit_outcome>(w.land(c)));
    w.looks(s);
    CHECK(s.end()->committed);
    CHECK(w.is_written());
}

TEST_CASE("an unknown outcome that nobody can look into is outcome_unknown", "[algorithm]") {
    told_world w;
    {
        auto a = w.transact({}, w.newest());
        script s(a);
        w.remembers(s);
        s.answer(result<commit_outcome>(commit_outcome::unknown));
        int looks = 0;
        while (s.asks<load>()) {
            ++looks;
            s.answer(result<cut>(errc::unavailable));
            if (s.asks<algorithm::pause>()) s.answer(result<void>());
        }
        CHECK(looks == 5);
        CHECK(s.ended_with() == errc::outcome_unknown);
    }
    auto a = w.transact({}, w.newest());
    script s(a);
    w.remembers(s);
    s.answer(result<commit_outcome>(commit_outcome::unknown));
    s.answer(result<cut>(errc::unavailable));
    s.expect<algorithm::pause>();
    s.answer(result<void>(errc::cancelled)); // a driver that was cancelled
    CHECK(s.ended_with() == errc::outcome_unknown);
}

TEST_CASE("a commit whose anchor could not be written is not acknowledged", "[algorithm]") {
    told_world w;
    auto a = w.transact({}, w.newest());
    script s(a);
    w.remembers(s);
    s.answer(result<commit_outcome>(w.land(s.expect<commit>())));
    s.expect<remember>();
    s.answer(result<mark>(errc::unavailable));
    CHECK(s.ended_with() == errc::outcome_unknown);
}

TEST_CASE("a write that is repeated is acknowledged once the anchor knows of it", "[algorithm]") {
    told_world w;
    const auto before = w.dump();
    w.edit = put({}, {{"A", "a"}});
    auto a = w.transact({}, w.newest());
    script s(a);
    w.reads(s);
    CHECK(s.expect<remember>().seen.newest == w.newest()->head.mark_of());
    w.remembers(s);
    CHECK_FALSE(s.end()->committed);
    CHECK(w.edit.take());
    CHECK(w.dump() == before);
}

TEST_CASE("nothing that is judged by an old state is told: it looks first", "[algorithm]") {
    told_world w;
    const auto known = w.newest();
    w.edit = put({}, {{"A", "x"}}, {.if_version = 2}); // true of the newest state alone
    REQUIRE(w.change({put({}, {{"A", "b"}})}));
    auto a = w.transact({}, known);
    script s(a);
    s.expect_load({}); // not a conflict, before it has looked
    w.looks(s);
    s.expect<commit>();
}

TEST_CASE("what is erased is unlisted, and a state's own objects never are", "[algorithm]") {
    told_world w;
    const auto known = w.newest();
    const auto root = format::store_key(known->head.root);
    auto a = w.transact({.erase = {"00000000000000000000000000000000", root}}, known);
    script s(a);
    w.remembers(s);
    std::vector<std::string> erased;
    for (const auto& write : *s.expect<commit>().writes)
        if (!write.value) erased.push_back(write.key);
    CHECK(erased == std::vector<std::string>{"00000000000000000000000000000000"});
}

TEST_CASE("what the sweep finds before its time is told, to be erased later", "[algorithm]") {
    told_world w;
    const auto known = w.newest();
    const bool old = GENERATE(false, true);
    if (old) w.time.advance(std::chrono::minutes(1));
    auto a = w.transact({.sweep = true}, known);
    script s(a);
    w.remembers(s);
    s.expect<algorithm::list>();
    auto there = w.store.list(w.of.partition).value();
    const std::string orphan = "00000000000000000000000000000000";
    there.entries.emplace_back(orphan, bytes(1));
    s.answer(result<listing>(std::move(there)));
    const auto c = s.expect<commit>();
    const bool erased = std::any_of(c.writes->begin(), c.writes->end(),
                                    [&](const auto& each) { return each.key == orphan; });
    CHECK(erased == old);
    s.answer(result<commit_outcome>(w.land(c)));
    w.remembers(s);
    const auto done = s.end();
    CHECK(done->swept);
    CHECK(std::count(done->unlisted.begin(), done->unlisted.end(), orphan) == (old ? 0 : 1));
}

TEST_CASE("what was sealed for refused commits is counted by the next, and makes a new DEK in time",
          "[algorithm]") {
    told_world w;
    const auto known = w.newest();
    const auto seals = std::make_shared<algorithm::seal_count>();
    for (int refused = 1; refused <= 3; ++refused) {
        auto a = w.transact({.seals = seals}, known);
        script s(a);
        w.remembers(s);
        CHECK(head_of(s.expect<commit>()).active().seals ==
              known->head.active().seals + 3U * static_cast<unsigned>(refused));
        s.answer(result<commit_outcome>(errc::unavailable));
        CHECK(s.ended_with() == errc::unavailable);
    }
    {
        auto a = w.transact({.seals = seals}, known);
        script s(a);
        w.remembers(s);
        const auto c = s.expect<commit>();
        CHECK(head_of(c).active().seals == known->head.active().seals + 12);
        s.answer(result<commit_outcome>(w.land(c)));
        w.remembers(s);
        CHECK(s.end()->committed);
    }
    CHECK(seals->of(1) == 0); // the head counts them
    seals->add(1, format::limits::seals_rotate);
    w.edit = put({}, {{"A", "newer"}});
    auto a = w.transact({.seals = seals}, w.newest());
    script s(a);
    w.reads(s);
    s.expect<key_for>();
}

TEST_CASE("what only reads takes no new DEK, and no generation comes after the last",
          "[algorithm]") {
    told_world w;
    const auto seals = std::make_shared<algorithm::seal_count>();
    seals->add(1, format::limits::seals_rotate);
    w.edit = show(edits::read_version{key({}, {}, "A"), 1});
    auto a = w.transact({.reading = true, .seals = seals}, w.newest());
    script s(a);
    w.reads(s);
    CHECK(s.end()->snapshot != nullptr);
    CHECK(w.edit.take().value() == "a");

    auto last = *w.newest();
    last.head.generation = std::numeric_limits<std::uint64_t>::max();
    const auto known = std::make_shared<const decltype(last)>(last);
    for (const bool close : {false, true}) {
        w.edit = put({}, {{"A", "new"}});
        algorithm::transact<test_cipher> write(w.cipher, w.of, known, known->head.mark_of(), w.time,
                                               {w.edit.edit.get()}, {.close = close});
        script of(write);
        w.reads(of);
        CHECK(of.ended_with() == errc::unsupported);
    }
}

TEST_CASE("more than the store takes is too_large before it is sent", "[algorithm]") {
    told_world w;
    const auto known = w.newest();
    {
        auto a = w.transact({.limits = {.object_bytes = 100}}, known);
        script s(a);
        w.remembers(s);
        CHECK(s.ended_with() == errc::too_large);
    }
    auto a = w.transact({.limits = {.commit_bytes = 1000}}, known);
    script s(a);
    w.remembers(s);
    CHECK(s.ended_with() == errc::too_large);
}
