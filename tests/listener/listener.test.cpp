// SPDX-License-Identifier: BSL-1.0
#include "support/catch.hpp"

#include <coffer/listener/listener.hpp>
#include <coffer/testing/fake_secrets.hpp>

#include <any>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using coffer::errc;
using coffer::event;
using coffer::event_value;
using coffer::testing::fake_secrets;

namespace {
constexpr coffer::context acme{.environment = "prod", .space = "acme"};
}

TEST_CASE("a callback asks by name for the secrets of where its event happened") {
    fake_secrets secrets{{"SLACK_TOKEN", "xoxb-everyone"}};
    secrets.set(acme, "SLACK_TOKEN", "xoxb-acme");
    secrets.set({.environment = "us_env_123", .space = "us_spa_123"}, "MY_CREDENTIAL", "theirs");
    coffer::listener listener{secrets};
    std::vector<std::string> seen;
    listener.on("space:*", [&](event& e) {
        const auto token = e.secrets("SLACK_TOKEN").value();
        const auto other =
            e.secrets("MY_CREDENTIAL", {.environment = "us_env_123", .space = "us_spa_123"})
                .value();
        seen = {std::string(token.expose_secret()), std::string(other.expose_secret()),
                std::string(e.topic()), std::string(e.domain()), std::string(e.where().space)};
    });
    REQUIRE(listener.dispatch(coffer::make_event("space:created", acme)).value().ran == 1);
    CHECK(seen ==
          std::vector<std::string>{"xoxb-acme", "theirs", "space:created", "space", "acme"});
}

TEST_CASE(
    "a secret that can't be had keeps its typed error, and the store is asked once an event") {
    fake_secrets secrets;
    coffer::listener listener{secrets};
    std::vector<errc> seen;
    for (int i = 0; i < 3; ++i)
        listener.on("**", [&](event& e) { seen.push_back(e.secrets("KEY").error().code); });
    secrets.fail_next(errc::tampered);
    REQUIRE(listener.dispatch(coffer::make_event("a", acme)).value().ran == 3);
    CHECK(seen == std::vector<errc>{errc::tampered, errc::tampered, errc::tampered});
    CHECK(secrets.calls() == 1);
    REQUIRE(listener.dispatch(coffer::make_event("a", acme)));
    CHECK(seen.back() == errc::not_found);
    CHECK(secrets.calls() == 2);
    REQUIRE(listener.dispatch(coffer::make_event("a", {})));
    CHECK(seen.back() == errc::invalid_argument);
    CHECK(secrets.calls() == 2);
}

TEST_CASE("what a callback throws is told, and does not stop the next one") {
    std::string told;
    coffer::listener_options with;
    with.on_error = [&](const event& e, const std::exception_ptr& what) {
        try {
            std::rethrow_exception(what);
        } catch (const std::exception& known) {
            told += std::string(e.topic()) + " " + known.what();
        }
    };
    coffer::listener listener{fake_secrets{}, with};
    int ran = 0;
    listener.on("**", [](event&) { throw std::runtime_error("on purpose"); });
    listener.on("**", [&](event& e) {
        ++ran;
        (void)e.secrets("NONE").value(); // throws: not_found
    });
    const auto done = listener.dispatch(coffer::make_event("a:b", acme)).value();
    CHECK(done.ran == 2);
    CHECK(done.failed == 2);
    CHECK(ran == 1);
    CHECK(told == "a:b on purposea:b not_found");
}

TEST_CASE("an exception out of an after-all callback leaves dispatch") {
    coffer::listener listener{fake_secrets{}};
    listener.on("**",
                [](event& e) { e.after_all("k", [](event&) { throw std::logic_error("out"); }); });
    CHECK_THROWS_AS(listener.dispatch(coffer::make_event("a", acme)), std::logic_error);
}

TEST_CASE("callbacks of one dispatch share a cache that the next one does not see") {
    coffer::listener listener{fake_secrets{}};
    std::vector<int> seen;
    for (int i = 0; i < 2; ++i)
        listener.on("**", [&](event& e) {
            auto& count = e.cache()["count"];
            count = count.has_value() ? std::any_cast<int>(count) + 1 : 1;
            seen.push_back(std::any_cast<int>(count));
        });
    for (int i = 0; i < 2; ++i)
        REQUIRE(listener.dispatch(coffer::make_event("a", acme)));
    CHECK(seen == std::vector<int>{1, 2, 1, 2});
}

TEST_CASE("the parts of an event that are missing are empty, and null is no event") {
    coffer::listener listener{fake_secrets{}};
    int ran = 0;
    listener.on("**", [&](event& e) {
        ++ran;
        CHECK(e.id().empty());
        CHECK(e.action().empty());
        CHECK(e.payload().is_null());
        CHECK(e.target() == event_value(""));
        CHECK(e.origin() == event_value(event_value::object{}));
        CHECK(e.namespaces() == event_value(event_value::list{}));
        CHECK(e.where() == coffer::context{});
    });
    REQUIRE(listener.dispatch({{"topic", "a"}}));
    REQUIRE(listener.dispatch(nullptr).value().ran == 0);
    CHECK(ran == 1);
}

TEST_CASE("an id of an event that is no text is taken as JavaScript takes it, and never for none") {
    fake_secrets known;
    known.set({.environment = "7", .space = "true"}, "K", "v");
    coffer::listener listener{known};
    std::vector<std::string> seen;
    listener.on("**", [&](event& e) {
        const auto got = e.secrets("K");
        seen.emplace_back(got ? "got" : coffer::to_string(got.error().code));
        seen.emplace_back(e.secrets("K", {.environment = "7", .space = "true"}) ? "got" : "no");
    });
    const auto of = [](event_value space) -> event_value {
        return {{"topic", "a"},
                {"context", event_value{{"environmentId", 7}, {"spaceId", std::move(space)}}}};
    };
    REQUIRE(listener.dispatch(of(true)));
    REQUIRE(listener.dispatch(of(event_value::list{"true"})));
    REQUIRE(listener.dispatch(of(event_value::object{})));
    CHECK(seen == std::vector<std::string>{"got", "got", "invalid_argument", "got",
                                           "invalid_argument", "got"});
}

TEST_CASE("a glob takes time that no pattern can blow up") {
    // Backtracking needs more steps for these than there are atoms; ctest's limit would end it.
    std::string stars, deep;
    for (int i = 0; i < 60; ++i) {
        stars += "*a";
        deep += "**:a:";
    }
    const std::string text(4000, 'a');
    CHECK_FALSE(coffer::glob(stars + "b", ':').matches(text));
    CHECK(coffer::glob(stars, ':').matches(text));
    std::string segments;
    for (int i = 0; i < 1000; ++i)
        segments += "a:";
    CHECK_FALSE(coffer::glob(deep + "b", ':').matches(segments));
    CHECK(coffer::glob(deep + "**", ':').matches(segments));
}

TEST_CASE("a glob sees UTF-16 units, and keeps bytes that are not UTF-8 apart") {
    CHECK(coffer::glob("??", ':').matches("\xF0\x9F\x94\x91"));
    CHECK_FALSE(coffer::glob("?", ':').matches("\xF0\x9F\x94\x91"));
    CHECK(coffer::glob("?", ':').matches("\xC3\xA9"));
    CHECK(coffer::glob("?", ':').matches("\xE2\x82\xAC"));
    CHECK(coffer::glob("\xFF", ':').matches("\xFF"));
    CHECK_FALSE(coffer::glob("\xFF", ':').matches("\xFE"));
    CHECK(coffer::glob("??", ':').matches("\xC0\x80"));           // overlong
    CHECK(coffer::glob("???", ':').matches("\xED\xA0\x80"));      // a surrogate
    CHECK(coffer::glob("????", ':').matches("\xF4\x90\x80\x80")); // beyond U+10FFFF
    CHECK(coffer::glob("??", ':').matches("\xE2\x82"));           // cut off
}

TEST_CASE("events may be dispatched while callbacks come and go") {
    fake_secrets secrets{{"KEY", "x"}};
    coffer::listener listener{secrets};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
        threads.emplace_back([listener]() mutable {
            for (int i = 0; i < 100; ++i) {
                auto node = listener.filter({{"spaceId", "acme"}});
                const auto run = node.on("a:*", [](event& e) { (void)e.secrets("KEY").value(); });
                if (listener.dispatch(coffer::make_event("a:b", acme)).value().failed != 0)
                    std::abort();
                node.off("a:*", run);
            }
        });
    for (auto& t : threads)
        t.join();
    listener.detach();
    CHECK(listener.dispatch(coffer::make_event("a:b", acme)).value().ran == 0);
}
