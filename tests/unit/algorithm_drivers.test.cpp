// SPDX-License-Identifier: BSL-1.0
// Every algorithm through every driver: the same questions get the same answers, and leave the same
// tree behind.
#include "support/algorithm_world.hpp"
#include "support/catch.hpp"

using namespace coffer;
using namespace coffer_test;
namespace edits = coffer::algorithm::edits;

namespace {

/// Makes an environment, a space and a few values; what it answers is checked by the caller.
void settle_in(algorithm_world& w) {
    REQUIRE(w.change({show(edits::make_scope{{}, R"({"name":"Env"})", "tester", false}),
                      show(edits::make_scope{key("acme", {}, {}), "{}", "tester", false}),
                      put({}, {{"TOKEN", "t1"}, {"URL", "u1"}}),
                      put(key("acme", {}, {}), {{"TOKEN", "t-acme"}})},
                     {.create = true}));
}

struct scenario {
    const char* name;
    std::function<std::string(algorithm_world&)> play;
};

/// Plays one change and tells all that it answers.
auto told(algorithm_world& w, const std::vector<shown_edit>& all,
          algorithm::transact_options with = {}, test_snapshot known = nullptr) -> std::string {
    const auto done = w.change(all, std::move(with), std::move(known));
    if (!done) return std::string("failed: ").append(to_string(done.error().code)) + "\n";
    std::string out = done->committed ? "committed" : "unchanged";
    for (const auto& e : all) {
        const auto answer = e.take();
        out.append("; ").append(answer ? *answer : to_string(answer.error().code));
    }
    return out + "; unlists " + std::to_string(done->unlisted.size()) + "\n" +
           algorithm_world::dump(done->snapshot);
}
auto told(const result<test_snapshot>& looked) -> std::string {
    return looked ? algorithm_world::dump(*looked)
                  : std::string(to_string(looked.error().code)) + "\n";
}
auto told(const result<verification>& seen) -> std::string {
    return (seen ? text_of(*seen) : std::string(to_string(seen.error().code))) + "\n";
}

auto after_settling(std::function<std::string(algorithm_world&)> play)
    -> std::function<std::string(algorithm_world&)> {
    return [play](algorithm_world& w) {
        settle_in(w);
        w.time.advance(std::chrono::seconds(1));
        return play(w);
    };
}

auto scenarios() -> std::vector<scenario> {
    const auto token = key({}, {}, "TOKEN");
    const auto acme = key("acme", {}, {});
    const auto acme_token = key("acme", {}, "TOKEN");
    return {
        {"refresh of nothing", [](algorithm_world& w) { return told(w.look(w.store, w.keys)); }},
        {"refresh",
         after_settling([](algorithm_world& w) { return told(w.look(w.store, w.keys)); })},
        {"refresh of what did not change", after_settling([](algorithm_world& w) {
             const auto known = w.newest();
             return std::string(w.look(w.store, w.keys, known).value() == known ? "the same\n"
                                                                                : "another\n");
         })},
        {"refresh of what changed", after_settling([](algorithm_world& w) {
             const auto known = w.newest();
             REQUIRE(w.change({put({}, {{"NEW", "n"}})}));
             return told(w.look(w.store, w.keys, known));
         })},
        {"refresh of a store that went back", after_settling([](algorithm_world& w) {
             const auto old = w.store.list(w.of.partition).value();
             REQUIRE(w.change({put({}, {{"NEW", "n"}})}));
             const auto known = w.newest();
             std::vector<object_write> writes;
             for (const auto& [k, v] : old.entries)
                 writes.push_back({k, v});
             (void)w.store.commit(w.of.partition, known->at, old.at, writes).value();
             return told(w.look(w.store, w.keys, known)) + told(w.look(w.store, w.keys));
         })},
        {"create and what is there already",
         [](algorithm_world& w) {
             auto out = told(w, {show(edits::make_scope{{}, "{}", "a", true})}, {.create = true});
             out += told(w, {show(edits::make_scope{{}, "{}", "a", true})}, {.create = true});
             return out +
                    told(w, {show(edits::make_scope{{}, "{}", "a", false})}, {.create = true});
         }},
        {"write to nothing",
         [](algorithm_world& w) {
             return told(w, {put({}, {{"A", "a"}})});
         }},
        {"put, again, and with a stale expectation", after_settling([=](algorithm_world& w) {
             auto out = told(w, {put({}, {{"TOKEN", "t2"}}, {.expires = 9, .note = "why"})});
             out += told(w, {put({}, {{"TOKEN", "t2"}}, {.expires = 9})});
             out += told(w, {put({}, {{"TOKEN", "t3"}}, {.if_version = 1})});
             return out + told(w, {put(acme, {{"NEW", "n"}}, {.if_version = 0}),
                                   put(key("none", {}, {}), {{"X", "x"}})});
         })},
        {"erase and undelete", after_settling([=](algorithm_world& w) {
             auto out = told(w, {show(edits::erase{acme_token, {}, "e"})});
             out += told(w, {show(edits::erase{acme_token, {}, "e"})});
             out += told(w, {show(edits::undelete{acme_token, {}, "u"})});
             return out + told(w, {show(edits::undelete{acme_token, {}, "u"})});
         })},
        {"hide and show", after_settling([=](algorithm_world& w) {
             auto out = told(w, {show(edits::hide{acme_token, {}, "h", false})});
             out += told(w, {show(edits::hide{acme_token, {}, "h", false})});
             out += told(w, {show(edits::show{acme_token, {}, "s"})});
             return out + told(w, {show(edits::show{acme_token, {}, "s"})});
         })},
        {"rollback and reading old versions", after_settling([=](algorithm_world& w) {
             auto out = told(w, {put({}, {{"TOKEN", "t2"}})});
             out += told(
                 w, {show(edits::read_version{token, 1}), show(edits::read_version{token, 7})});
             out += told(w, {show(edits::rollback{token, 1, {}, "r"})});
             return out + told(w, {show(edits::rollback{token, 9, {}, "r"})});
         })},
        {"remove a space", after_settling([=](algorithm_world& w) {
             auto out = told(w, {show(edits::remove_space{"acme"})});
             return out + told(w, {show(edits::remove_space{"acme"})});
         })},
        {"close, and make it again", after_settling([=](algorithm_world& w) {
             auto out = told(w, {}, {.close = true});
             out += "objects " + std::to_string(w.objects()) + "\n";
             out += told(w, {put({}, {{"A", "a"}})});
             out += told(w.look(w.store, w.keys));
             return out +
                    told(w, {show(edits::make_scope{{}, "{}", "again", true})}, {.create = true});
         })},
        {"enlist and delist",
         [](algorithm_world& w) {
             const auto note = [&](bool present, std::uint64_t generation) {
                 return told(w, {show(edits::enlist{"environment/prod", present, generation})},
                             {.create = true});
             };
             auto out = note(true, 1);
             out += note(true, 1);
             out += note(true, 2);
             out += note(false, 3);
             return out + note(false, 2);
         }},
        {"an edit that fails leaves the others alone", after_settling([=](algorithm_world& w) {
             return told(w,
                         {put({}, {{"A", "a"}}), show(edits::erase{key({}, {}, "NONE"), {}, "e"}),
                          put({}, {{"B", "b"}})});
         })},
        {"from a state that is not the newest", after_settling([=](algorithm_world& w) {
             const auto known = w.newest();
             REQUIRE(w.change({put({}, {{"TOKEN", "t2"}})}));
             auto out = told(w, {put({}, {{"URL", "u2"}})}, {}, known);
             return out + told(w, {put({}, {{"TOKEN", "t2"}})}, {}, known);
         })},
        {"a new DEK after too many seals", after_settling([=](algorithm_world& w) {
             w.raise_seals(format::limits::seals_rotate);
             auto out = told(w, {put({}, {{"TOKEN", "t2"}})});
             out += told(w, {show(edits::rollback{token, 1, {}, "r"})}, {}, w.newest());
             w.raise_seals(format::limits::seals_refuse);
             return out + told(w, {put({}, {{"TOKEN", "t4"}})});
         })},
        {"sweep", after_settling([=](algorithm_world& w) {
             REQUIRE(w.change({put({}, {{"TOKEN", "t2"}})}));
             w.time.advance(std::chrono::hours(1));
             auto out = told(w, {put({}, {{"TOKEN", "t3"}})}, {.sweep = true});
             return out + "objects " + std::to_string(w.objects()) + "\n";
         })},
        {"describe a scope", after_settling([=](algorithm_world& w) {
             auto out = told(w, {show(edits::describe_scope{acme, R"({"a":1})", "d"})});
             out += told(w, {show(edits::describe_scope{acme, "{}", "d", 1})});
             return out +
                    told(w, {show(edits::describe_scope{key("none", {}, {}), "{}", "d", {}})});
         })},
        {"take an entry out", after_settling([=](algorithm_world& w) {
             auto out = told(w, {show(edits::drop{acme_token, {}})});
             out += told(w, {show(edits::drop{acme_token, {}})});
             return out + told(w, {show(edits::drop{key("none", {}, "TOKEN"), {}})});
         })},
        {"rotate the DEK, reseal, drop the older one", after_settling([=](algorithm_world& w) {
             auto out = told(w, {show(edits::begin_rotation{1})});
             out += told(w, {show(edits::begin_rotation{1})});
             out += told(w, {show(edits::drop_older_deks{2})});
             out += told(w, {show(edits::reseal{1})});
             out += told(w, {show(edits::reseal{2})});
             out += told(w, {show(edits::reseal{2})});
             out += told(w, {show(edits::drop_older_deks{1})});
             out += told(w, {show(edits::drop_older_deks{2})});
             return out + told(w, {show(edits::drop_older_deks{2})});
         })},
        {"rewrap", after_settling([=](algorithm_world& w) {
             REQUIRE(w.change({show(edits::begin_rotation{1})}));
             w.keys.add_kek("other-kek");
             auto out = told(w, {show(edits::rewrap_all{"other-kek"})});
             out += told(w, {show(edits::rewrap_all{"other-kek"})});
             out += told(w, {show(edits::rewrap_all{"no-kek"})});
             w.keys.set_state("fake-kek", testing::fake_key_provider::state::disabled);
             return out + told(w.look(w.store, w.keys));
         })},
        {"verify nothing", [](algorithm_world& w) { return told(w.verify(w.store, w.keys)); }},
        {"verify",
         after_settling([](algorithm_world& w) { return told(w.verify(w.store, w.keys)); })},
        {"verify what lost a new and an old version", after_settling([=](algorithm_world& w) {
             REQUIRE(w.change({put({}, {{"TOKEN", "t2"}})}));
             w.lose(token, 1);
             w.lose(acme_token, 1);
             return told(w.verify(w.store, w.keys));
         })},
        {"verify under a KEK that is disabled", after_settling([=](algorithm_world& w) {
             w.keys.add_kek("other-kek");
             REQUIRE(w.change({show(edits::begin_rotation{1})}));
             REQUIRE(w.change({put({}, {{"TOKEN", "t2"}})}));
             w.keys.set_state("fake-kek", testing::fake_key_provider::state::disabled);
             return told(w.verify(w.store, w.keys));
         })},
        {"verify what was closed", after_settling([](algorithm_world& w) {
             REQUIRE(w.change({}, {.close = true}));
             return told(w.verify(w.store, w.keys));
         })},
        {"key side refuses", after_settling([=](algorithm_world& w) {
             w.keys.set_state("fake-kek", testing::fake_key_provider::state::disabled);
             auto out = told(w.look(w.store, w.keys)) + told(w, {put({}, {{"TOKEN", "t2"}})});
             w.keys.set_state("fake-kek", testing::fake_key_provider::state::active);
             return out;
         })},
    };
}

} // namespace

TEST_CASE("every algorithm answers the same through every driver, and leaves the same tree",
          "[algorithm]") {
    for (const auto& s : scenarios()) {
        std::string first;
        for (const auto& driver : all_algorithm_drivers()) {
            INFO(s.name << ", " << driver->name());
            algorithm_world w;
            w.driver = driver.get();
            const auto answers = s.play(w);
            const auto all = answers + "in the end: " + w.dump();
            if (first.empty()) first = all;
            CHECK(all == first);
        }
    }
}

TEST_CASE("the answers of the algorithms are those of their contract", "[algorithm]") {
    const auto plays = scenarios();
    const auto play = [&](std::string_view name) {
        algorithm_world w;
        for (const auto& s : plays)
            if (s.name == name) return s.play(w);
        FAIL("no such scenario");
        return std::string();
    };
    const auto answers = [](const std::string& text) { // the first line of each change
        std::vector<std::string> out;
        for (std::size_t at = 0; at < text.size();) {
            const auto end = text.find('\n', at);
            const auto line = text.substr(at, end - at);
            if (line.starts_with("committed") || line.starts_with("unchanged") ||
                line.starts_with("failed"))
                out.push_back(line);
            at = end + 1;
        }
        return out;
    };
    using lines = std::vector<std::string>;
    CHECK(play("refresh of nothing") == "none");
    CHECK(play("refresh of what did not change") == "the same\n");
    CHECK(play("refresh of a store that went back") == "rolled_back\nrolled_back\n");
    CHECK(answers(play("create and what is there already")) ==
          lines{"committed; made; unlists 0", "unchanged; conflict; unlists 0",
                "unchanged; was there; unlists 0"});
    CHECK(answers(play("write to nothing")) == lines{"failed: unknown_scope"});
    CHECK(answers(play("put, again, and with a stale expectation")) ==
          lines{"committed; 2+ ; unlists 2", "unchanged; 2= ; unlists 0",
                "unchanged; conflict; unlists 0", "committed; 1+ ; unknown_scope; unlists 2"});
    CHECK(answers(play("erase and undelete")) ==
          lines{"committed; 2+ ; unlists 2", "unchanged; not_found; unlists 0",
                "committed; 3+ ; unlists 2", "unchanged; not_found; unlists 0"});
    CHECK(answers(play("hide and show")) ==
          lines{"committed; 2+ ; unlists 2", "unchanged; 2= ; unlists 0",
                "committed; 3+ ; unlists 2", "unchanged; not_found; unlists 0"});
    CHECK(answers(play("rollback and reading old versions")) ==
          lines{"committed; 2+ ; unlists 2", "unchanged; t1; not_found; unlists 0",
                "committed; 3+ ; unlists 2", "unchanged; not_found; unlists 0"});
    CHECK(answers(play("remove a space")) ==
          lines{"committed; 1; unlists 4", "unchanged; unknown_scope; unlists 0"});
    CHECK(answers(play("an edit that fails leaves the others alone")) ==
          lines{"committed; 1+ ; not_found; 1+ ; unlists 2"});
    CHECK(answers(play("from a state that is not the newest")) ==
          lines{"committed; 2+ ; unlists 2", "unchanged; 2= ; unlists 0"});
    CHECK(answers(play("describe a scope")) == lines{"committed; 2+ ; unlists 2",
                                                     "unchanged; conflict; unlists 0",
                                                     "unchanged; unknown_scope; unlists 0"});
    CHECK(answers(play("take an entry out")) == lines{"committed; 1+ ; unlists 3",
                                                      "unchanged; not_found; unlists 0",
                                                      "unchanged; unknown_scope; unlists 0"});
    CHECK(answers(play("rotate the DEK, reseal, drop the older one")) ==
          lines{"committed; 2; unlists 0", "unchanged; 2; unlists 0",
                "unchanged; conflict; unlists 0", "unchanged; conflict; unlists 0",
                "committed; 5/0; unlists 7", "unchanged; 0/0; unlists 0",
                "unchanged; conflict; unlists 0", "committed; 1; unlists 0",
                "unchanged; 0; unlists 0"});
    CHECK(answers(play("rewrap")) ==
          lines{"committed; 2; unlists 0", "unchanged; 0; unlists 0", "failed: unknown_key"});
    CHECK(play("verify nothing") == "unknown_scope\n");
    CHECK(play("verify") == "checked 5\n");
    CHECK(play("verify what lost a new and an old version") ==
          "checked 6; ||TOKEN 1 tampered; acme||TOKEN 1 tampered\n");
    CHECK(play("verify under a KEK that is disabled") ==
          "checked 6; || 1 key_disabled; ||URL 1 key_disabled; ||TOKEN 1 key_disabled; "
          "acme|| 1 key_disabled; acme||TOKEN 1 key_disabled\n");
    CHECK(play("verify what was closed") == "unknown_scope\n");

    const auto rotated = play("a new DEK after too many seals");
    CHECK(answers(rotated) == lines{"committed; 2+ ; unlists 2", "committed; 3+ ; unlists 2",
                                    "committed; 4+ ; unlists 2"});
    INFO(rotated);
    CHECK(rotated.find(" deks 1/1/2147483648/fake-kek 2/1/3/fake-kek\n") != std::string::npos);
    CHECK(rotated.find(" 3/1/3/fake-kek\n") != std::string::npos);

    const auto closed = play("close, and make it again");
    INFO(closed);
    CHECK(closed.find("objects 1\n") != std::string::npos); // the head alone
    CHECK(closed.find("generation 2 closed deks 1/1/") != std::string::npos);
    CHECK(closed.find("generation 3 deks 2/1/3/fake-kek\n") != std::string::npos);
    // 7 records, page, root and head, and the page and root of the state before, for late readers.
    CHECK(play("sweep").find("objects 12\n") != std::string::npos);
}
