// SPDX-License-Identifier: BSL-1.0
// Every algorithm fails at every step in turn, with every outcome, under every driver: what is left
// is the old state or the new one, what was acknowledged is there, and what failed never lands.
#include "support/algorithm_world.hpp"
#include "support/catch.hpp"

#include <coffer/algorithm/key_edits.hpp>
#include <coffer/testing/faulty_store.hpp>

#include <algorithm>
#include <atomic>
#include <sstream>

using namespace coffer;
using namespace coffer_test;
namespace edits = coffer::algorithm::edits;

namespace {

/// The n-th call to the key side fails, or the n-th to the store, with any error that it may have.
class failing {
public:
    void at(std::size_t call, errc why) { state_->left = call, state_->why = why; }
    auto strikes() -> bool { return state_->left != 0 && --state_->left == 0; }
    auto armed() const -> bool { return state_->left != 0; }
    auto why() const -> errc { return state_->why; }

private:
    struct state {
        std::atomic<std::size_t> left{0};
        errc why{};
    };
    std::shared_ptr<state> state_ = std::make_shared<state>();
};

struct failing_store {
    memory::store inner;
    failing fails;

    auto load(std::string_view p, std::span<const std::string> keys) -> result<cut> {
        return fails.strikes() ? result<cut>(fails.why()) : inner.load(p, keys);
    }
    auto commit(std::string_view p, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        return fails.strikes() ? result<commit_outcome>(fails.why())
                               : inner.commit(p, expected, next, writes);
    }
    auto list(std::string_view p) -> result<listing> {
        return fails.strikes() ? result<listing>(fails.why()) : inner.list(p);
    }
    auto partitions() -> result<std::vector<std::string>> { return inner.partitions(); }
    auto limits() const noexcept -> store_limits { return inner.limits(); }
};

struct failing_keys {
    testing::fake_key_provider inner;
    failing fails;

    auto key_for(std::string_view e) -> result<std::string> {
        return fails.strikes() ? result<std::string>(fails.why()) : inner.key_for(e);
    }
    auto wrap(std::string_view id, std::span<const std::byte, 32> dek, byte_view aad)
        -> result<bytes> {
        return fails.strikes() ? result<bytes>(fails.why()) : inner.wrap(id, dek, aad);
    }
    auto unwrap(std::string_view id, std::string_view e, byte_view wrapped, byte_view aad)
        -> result<key_bytes> {
        return fails.strikes() ? result<key_bytes>(fails.why()) : inner.unwrap(id, e, wrapped, aad);
    }
    auto recall(std::string_view r, std::string_view e) -> result<std::optional<mark>> {
        return fails.strikes() ? result<std::optional<mark>>(fails.why()) : inner.recall(r, e);
    }
    auto remember(std::string_view r, std::string_view e, const lineage& seen) -> result<mark> {
        return fails.strikes() ? result<mark>(fails.why()) : inner.remember(r, e, seen);
    }
};

/// What is done, from a world that was made ready for it.
struct operation {
    const char* name;
    std::function<void(algorithm_world&)> prepare;
    /// The change; nothing for what only reads.
    std::function<std::vector<shown_edit>()> change;
    algorithm::transact_options with{};
    bool knows = false;    ///< Whether it starts from the newest state, held.
    bool verifies = false; ///< What only reads is a verify, else a refresh.
};

void settle_in(algorithm_world& w) {
    REQUIRE(w.change({show(edits::make_scope{{}, "{}", "tester", false}),
                      put({}, {{"TOKEN", "t1"}, {"URL", "u1"}})},
                     {.create = true}));
    REQUIRE(w.change({put({}, {{"TOKEN", "t2"}})}));
    w.time.advance(std::chrono::hours(1));
}
/// A value beside the space acme, and one in it.
void settle_in_acme(algorithm_world& w) {
    settle_in(w);
    const auto acme = key("acme", {}, {});
    REQUIRE(w.change(
        {show(edits::make_scope{acme, "{}", "tester", false}), put(acme, {{"TOKEN", "t-acme"}})}));
}
auto nothing() -> std::vector<shown_edit> {
    return {};
}

auto operations() -> std::vector<operation> {
    const auto under_a_new_kek = [](algorithm_world& w) {
        settle_in(w);
        w.keys.add_kek("other-kek");
    };
    const auto under_a_new_dek = [](algorithm_world& w) {
        settle_in(w);
        REQUIRE(w.change({show(edits::begin_rotation{1})}));
    };
    const auto all_resealed = [=](algorithm_world& w) {
        under_a_new_dek(w);
        REQUIRE(w.change({show(edits::reseal{2})}));
    };
    const auto put_token = [] { return std::vector{put({}, {{"TOKEN", "t3"}})}; };
    const auto token = key({}, {}, "TOKEN");
    const auto after = [](const std::function<shown_edit()>& made) {
        return [=](algorithm_world& w) {
            settle_in(w);
            REQUIRE(w.change({made()}));
        };
    };
    const auto one = [](auto edit) { return [=] { return std::vector{show(edit)}; }; };
    const auto rotating = [](algorithm_world& w) {
        settle_in(w);
        w.raise_seals(format::limits::seals_rotate);
    };
    return {
        {"refresh", settle_in, nullptr},
        {"verify", settle_in, nullptr, {}, false, true},
        {"verify under two DEKs",
         [=](algorithm_world& w) {
             under_a_new_dek(w);
             REQUIRE(w.change({put({}, {{"TOKEN", "t3"}})}));
         },
         nullptr,
         {},
         false,
         true},
        {"create",
         [](algorithm_world&) {},
         [] {
             return std::vector{show(edits::make_scope{{}, "{}", "tester", true}),
                                put({}, {{"A", "a"}})};
         },
         {.create = true}},
        {"put", settle_in, put_token},
        {"put on what is held", settle_in, put_token, {}, true},
        {"put with a sweep", settle_in, put_token, {.sweep = true}},
        {"put under a new DEK", rotating, put_token},
        {"rollback", settle_in,
         [] {
             return std::vector{show(edits::rollback{key({}, {}, "TOKEN"), 1, {}, "r"})};
         }},
        {"rollback under a new DEK",
         [=](algorithm_world& w) {
             rotating(w);
             REQUIRE(w.change({put({}, {{"TOKEN", "t3"}, {"URL", "u2"}}),
                               show(edits::describe_scope{{}, "{ }", "d"})}));
         },
         [] {
             return std::vector{show(edits::rollback{key({}, {}, "TOKEN"), 1, {}, "r"})};
         }},
        {"a new DEK", settle_in, [] { return std::vector{show(edits::begin_rotation{1})}; }},
        {"rewrap", under_a_new_kek,
         [] { return std::vector{show(edits::rewrap_all{"other-kek"})}; }},
        {"reseal", under_a_new_dek, [] { return std::vector{show(edits::reseal{2})}; }},
        {"drop", all_resealed, [] { return std::vector{show(edits::drop_older_deks{2})}; }},
        {"erase", settle_in, one(edits::erase{token, {}, "e"})},
        {"undelete", after([=] {
             return show(edits::erase{token, {}, "e"});
         }),
         one(edits::undelete{token, {}, "u"})},
        {"hide", settle_in, one(edits::hide{token, {}, "h"})},
        {"show", after([=] {
             return show(edits::hide{token, {}, "h"});
         }),
         one(edits::show{token, {}, "s"})},
        {"take an entry out", settle_in, one(edits::drop{token, {}})},
        {"several changes in one", settle_in_acme,
         [=] {
             edits::change_many all;
             all.steps.emplace_back(edits::erase{token, {}, "m"});
             all.steps.emplace_back(edits::hide{key("acme", {}, "TOKEN"), {}, "m"});
             all.steps.emplace_back(edits::undelete{token, {}, "m"});
             all.steps.emplace_back(
                 edits::put{key("acme", {}, "URL"), value_ref("u-acme").wiped_copy(), {}, "m"});
             return std::vector{show(std::move(all))};
         }},
        {"describe a scope", settle_in, one(edits::describe_scope{{}, "{ }", "d"})},
        {"remove a space", settle_in_acme, one(edits::remove_space{"acme"})},
        {"enlist",
         [](algorithm_world&) {},
         one(edits::enlist{"environment/prod", true, 1}),
         {.create = true}},
        {"delist",
         [](algorithm_world& w) {
             REQUIRE(
                 w.change({show(edits::enlist{"environment/prod", true, 1})}, {.create = true}));
         },
         one(edits::enlist{"environment/prod", false, 2}),
         {.create = true}},
        {"close", settle_in, nothing, {.close = true}},
    };
}

/// What came of an operation that something went wrong with.
struct outcome {
    bool struck = false; ///< The fault did strike: there was an n-th call.
    result<void> answer{};
    std::string said{};
    std::vector<damaged_version> damaged{}; ///< What a verify found.
};

auto operate(algorithm_world& w, const operation& op, any_store store, any_key_provider keys)
    -> outcome {
    if (op.verifies) {
        const auto seen = w.verify(std::move(store), std::move(keys));
        if (!seen) return {false, seen.error(), {}, {}};
        return {false, {}, text_of(*seen), seen->damaged};
    }
    const auto known = op.knows ? w.newest() : nullptr;
    if (!op.change) {
        const auto found = w.look(std::move(store), std::move(keys), known);
        return {false,
                found ? result<void>() : result<void>(found.error()),
                found ? algorithm_world::dump(*found) : std::string(),
                {}};
    }
    const auto all = op.change();
    const auto done = w.change(all, op.with, std::move(store), std::move(keys), known);
    if (!done) return {false, done.error(), {}, {}};
    outcome o{false, {}, algorithm_world::dump(done->snapshot), {}};
    for (const auto& e : all)
        if (const auto answer = e.take(); !answer) o.answer = answer.error();
    return o;
}

/// A state without what may differ between two honest ways to it.
auto content(std::string dump) -> std::string {
    if (!dump.starts_with("generation ")) return dump;
    const auto first = dump.substr(0, dump.find('\n'));
    auto out = dump.substr(first.size());
    if (first.find(" closed") != std::string::npos) out += "closed";
    std::istringstream deks(first.substr(first.find(" deks ") + 6));
    for (std::string dek; deks >> dek;) // number/cipher/seals/KEK; seals count what was lost, too
        out += " " + dek.substr(0, dek.find('/')) + dek.substr(dek.rfind('/'));
    return out;
}

/// The states before and after an operation that goes well, under the first driver.
struct expectation {
    std::string before;
    std::string after;
    std::string said; ///< What it answers then.
};
auto expected(const operation& op) -> expectation {
    algorithm_world w;
    op.prepare(w);
    expectation e{content(w.dump()), {}, {}};
    const auto o = operate(w, op, w.store, w.keys);
    REQUIRE(o.answer);
    REQUIRE(o.damaged.empty());
    e.after = content(w.dump());
    e.said = content(o.said);
    CHECK((e.before == e.after) == !op.change);
    if (!op.verifies) CHECK(e.said == e.after);
    return e;
}

/// What has to hold whatever went wrong.
void check(algorithm_world& w, const operation& op, const expectation& e, const outcome& o,
           std::optional<mark> remembered) {
    INFO("answer: " << (o.answer ? std::string_view("success") : to_string(o.answer.error().code)));
    (void)w.store.load(w.of.partition, {})
        .value(); // what may still land has landed: see faulty_store
    const auto now = w.find_newest();
    REQUIRE(now); // never a state that does not verify, and never one that the anchor contradicts
    const auto left = content(algorithm_world::dump(*now));
    CHECK((left == e.before || left == e.after));
    if (o.answer && op.change) {
        CHECK(left == e.after); // acknowledged
        CHECK(content(o.said) == e.said);
    }
    if (!o.answer && o.answer.error().code != errc::outcome_unknown)
        CHECK(left == e.before); // not written, not later
    if (!op.change && o.answer && o.damaged.empty()) CHECK(content(o.said) == e.said);
    // The anchor follows what stands, and a failure moves it no further than that.
    const auto anchor = w.keys.recall(w.of.realm, w.of.environment).value();
    if (anchor && *anchor != remembered) CHECK(*anchor == (*now)->head.mark_of());
}

template <class Fail>
void walk(const char* what, Fail&& fail) {
    for (const auto& op : operations()) {
        const auto e = expected(op);
        for (const auto& driver : all_algorithm_drivers())
            for (std::size_t n = 1;; ++n) {
                INFO(op.name << ", " << driver->name() << ", " << what << " at call " << n);
                algorithm_world w;
                w.driver = driver.get();
                op.prepare(w);
                const auto remembered = w.keys.recall(w.of.realm, w.of.environment).value();
                const auto o = fail(w, op, n);
                check(w, op, e, o, remembered);
                if (!o.struck) {
                    CHECK(o.answer);
                    CHECK(n > 1); // there was something to fail
                    break;
                }
                REQUIRE(n < 50);
            }
    }
}

} // namespace

TEST_CASE("a store that fails at any call leaves the old state or the new one", "[algorithm]") {
    for (const auto fault : {testing::fault::unavailable, testing::fault::conflict,
                             testing::fault::unknown_not_written, testing::fault::unknown_written,
                             testing::fault::applied_late})
        walk("a fault of the store", [&](algorithm_world& w, const operation& op, std::size_t n) {
            testing::faulty_store faulty(w.store);
            faulty.fail(n, fault);
            auto o = operate(w, op, faulty, w.keys);
            o.struck = !faulty.armed();
            CHECK(o.damaged.empty());              // a store that fails has damaged nothing
            (void)faulty.load(w.of.partition, {}); // what was to be applied late is applied now
            return o;
        });
}

TEST_CASE("a commit whose outcome is unknown ends in the truth, not in a failure", "[algorithm]") {
    for (const auto fault : {testing::fault::unknown_not_written, testing::fault::unknown_written,
                             testing::fault::applied_late, testing::fault::conflict})
        for (const auto& op : operations()) {
            if (!op.change) continue;
            const auto e = expected(op);
            for (const auto& driver : all_algorithm_drivers()) {
                INFO(op.name << ", " << driver->name() << ", fault " << static_cast<int>(fault));
                algorithm_world w;
                w.driver = driver.get();
                op.prepare(w);
                testing::faulty_store faulty(w.store);
                faulty.fail(1, fault, testing::call::commit);
                const auto o = operate(w, op, faulty, w.keys);
                CHECK(o.answer);
                CHECK(content(w.dump()) == e.after);
            }
        }
}

TEST_CASE("whatever error a store answers with, it is what is told, and nothing is written",
          "[algorithm]") {
    for (const auto why : {errc::timed_out, errc::denied, errc::tampered, errc::too_large,
                           errc::unsupported, errc::cancelled})
        walk("an error of the store", [&](algorithm_world& w, const operation& op, std::size_t n) {
            failing_store store{w.store, {}};
            store.fails.at(n, why);
            auto o = operate(w, op, store, w.keys);
            o.struck = !store.fails.armed();
            CHECK(o.damaged.empty());
            // Only tidying may fail unseen, and a store that can't list is read by loads.
            const bool unseen = op.with.sweep || op.with.close;
            if (o.struck && !unseen) CHECK(!o.answer);
            if (!o.answer) CHECK(o.answer.error().code == why);
            return o;
        });
}

TEST_CASE("a key side that fails at any call leaves the old state or the new one", "[algorithm]") {
    for (const auto why : {errc::unavailable, errc::timed_out, errc::denied, errc::tampered,
                           errc::unknown_key, errc::key_disabled})
        walk("an error of the key side",
             [&](algorithm_world& w, const operation& op, std::size_t n) {
                 failing_keys keys{w.keys, {}};
                 keys.fails.at(n, why);
                 auto o = operate(w, op, w.store, keys);
                 o.struck = !keys.fails.armed();
                 // A DEK that only old values need damages those; an anchor that can't be written
                 // after the commit leaves the write unacknowledged.
                 if (!o.answer)
                     CHECK((o.answer.error().code == why ||
                            o.answer.error().code == errc::outcome_unknown));
                 CHECK((o.damaged.empty() || tree::is_damage(why)));
                 CHECK(std::ranges::all_of(o.damaged, [&](auto& d) { return d.why == why; }));
                 return o;
             });
}
