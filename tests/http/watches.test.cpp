// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/watches.hpp>

#include "support/catch.hpp"
#include "watched_world.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace coffer_test;

TEST_CASE("x/watch: answers when something changed that the scope can see") {
    watched_world w;
    const auto t = w.new_space(w.e);
    w.put(at(w.e), "A", "1");
    const auto generation = w.generation();
    const auto old = w.get("/v1/x/watch" + w.query(at(w.e, w.s)) + "&after=0");
    CHECK(old.text("generation") == generation); // what is old already is answered at once
    CHECK(old.text("names") == "[]");
    waiting_client all(w, w.path(at(w.e))); // answered before the other, if at all
    waiting_client told(w, w.path(at(w.e, w.s)));
    w.put(at(w.e, t), "ELSEWHERE", "1"); // no business of this space
    w.put(at(w.e, w.s), "MINE", "1");
    const auto answer = told.answer();
    CHECK(answer.text("names") == R"(["MINE"])");
    CHECK(answer.text("by") == "name of full-token");
    CHECK(std::stoi(answer.text("generation")) == std::stoi(generation) + 2);
    CHECK(all.is_waiting());
    check_error(w.get("/v1/x/watch?after=x" + w.query(at(w.e)).replace(0, 1, "&")), 400);
    check_error(w.get("/v1/x/watch?environmentId=nowhere"), 404);
}

TEST_CASE(
    "x/watch: of an environment with its spaces, what changes in any of them is told at once") {
    watched_world w; // of which the time stands still: nobody is answered for waiting long
    const auto path = [&] { return w.path(at(w.e)) + "&spaces=1"; };
    const auto changes = [&](auto&& change) {
        waiting_client space(w, w.path(at(w.e, w.s))); // answered before the other, if at all
        waiting_client all(w, path());
        change();
        const auto answer = all.answer();
        CHECK(answer.text("changed") == "true");
        CHECK(answer.text("generation") == w.generation());
        CHECK(space.is_waiting());
        return answer;
    };
    const auto t = w.new_space(w.e);
    const auto set = changes([&] { w.put(at(w.e, t), "IN_T", "1"); });
    CHECK(set.text("names") == R"(["IN_T"])");
    CHECK(set.text("by") == "name of full-token");
    changes([&] { w.send("PATCH", "/v1/x/spaces" + w.query(at(w.e, t)), R"({"name":"other"})"); });
    changes([&] { w.new_space(w.e); });
    CHECK(changes([&] { w.send("DELETE", "/v1/spaces/" + t); }).text("names") == R"(["IN_T"])");
    check_error(w.get("/v1/x/watch" + w.query(at(w.e, w.s)) + "&spaces=1"), 400);
}

TEST_CASE("x/watch: what describes a scope is told to who sees the scope") {
    coffer::options how;
    how.author = "the server's process"; // nobody who wrote anything
    watched_world w(std::move(how));
    w.know("space", {{.as = http::role::space_admin, .environment = w.e, .space = w.s}});
    waiting_client space_alone(w, w.path(at(w.e, w.s)),
                               "space"); // told before the others, if at all
    waiting_client environment(w, w.path(at(w.e)));
    waiting_client space(w, w.path(at(w.e, w.s)));
    w.send("PUT", "/v1/x/requirements" + w.query(at(w.e)),
           R"({"requirements":{"p":[{"name":"N"}]}})");
    CHECK(environment.answer().text("changed") == "true");
    CHECK(space.answer().text("changed") == "true");
    CHECK(space_alone.is_waiting());
    w.send("PATCH", "/v1/x/spaces" + w.query(at(w.e, w.s)), R"({"name":"other"})");
    const auto alone = space_alone.answer();
    CHECK(alone.text("names") == "[]");
    CHECK(alone.text("by") == "name of full-token");
}

TEST_CASE(
    "x/watch: who may not list a name, or one's own value of it, is told of no change of it") {
    watched_world w;
    w.know("names", {{.as = http::role::service, .environment = w.e, .names = {"DB_*"}}});
    waiting_client names(w, w.path(at(w.e)) + "&spaces=1", "names");
    waiting_client all(w, w.path(at(w.e)) + "&spaces=1");
    w.put(at(w.e, w.s), "SLACK_TOKEN", "1");
    CHECK(all.answer().text("names") == R"(["SLACK_TOKEN"])");
    waiting_client personal(w, w.path(at(w.e)) + "&spaces=1");
    w.put(at(w.e, w.s, "ann"), "DB_URL", "1");
    w.time.advance(std::chrono::milliseconds(25'000));
    for (auto* one : {&names, &personal})
        CHECK(one->answer().text("changed") == "false");
    waiting_client names_again(w, w.path(at(w.e)) + "&spaces=1", "names");
    w.put(at(w.e, w.s), "DB_URL", "1");
    CHECK(names_again.answer().text("names") == R"(["DB_URL"])");
    w.know("space", {{.as = http::role::space_admin, .environment = w.e, .space = w.s}});
    check_error(w.get("/v1/x/watch" + w.query(at(w.e)) + "&spaces=1", "space"), 404);
}

TEST_CASE("x/watch: one for whom there is no memory is told at the next look, and the others too") {
    watched_world w;
    const auto path = w.path(at(w.e));
    w.know("others", {{.as = http::role::service, .environment = w.e, .names = {"DB_*"}}});
    waiting_client first(w, path);
    waiting_client unconcerned(w, path, "others");
    waiting_client failed(w, path);
    failed.no_memory = true;
    w.put(at(w.e), "A", "1");
    CHECK(first.answer().text("names") == R"(["A"])");
    const auto told = failed.answer();
    CHECK(told.text("names") == R"(["A"])");
    CHECK(told.text("generation") == w.generation());
    CHECK(told.text("changed") == "true");
    w.time.advance(std::chrono::milliseconds(25'000));
    CHECK(unconcerned.answer().text("changed") == "false");
}

TEST_CASE("x/watch: of who wrote a value that is inherited a space's token learns nothing") {
    watched_world w;
    w.know("space", {{.as = http::role::space_admin, .environment = w.e, .space = w.s}});
    waiting_client space(w, w.path(at(w.e, w.s)), "space");
    waiting_client full(w, w.path(at(w.e, w.s)));
    w.put(at(w.e), "A", "1");
    CHECK(full.answer().text("by") == "name of full-token");
    CHECK(space.answer().text("names") == R"(["A"])");
    CHECK(space.text.find("full-token") == std::string::npos);
}

TEST_CASE("x/watch: who makes or renames a space, or says what programs need, is told") {
    watched_world w;
    const auto of_spaces = [&] { return w.path(at(w.e)) + "&spaces=1"; };
    waiting_client made(w, of_spaces());
    const auto other = w.new_space(w.e);
    CHECK(made.answer().text("by") == "name of full-token");
    waiting_client chosen(w, of_spaces());
    w.send("POST", "/v1/x/spaces" + w.query(at(w.e)), R"({"name":"y","id":"y"})");
    CHECK(chosen.answer().text("by") == "name of full-token");
    const auto rename = [&](const std::string& pattern, const std::string& space) {
        w.send("PATCH", pattern, R"({"name":"renamed","spaceId":")" + space + R"("})");
    };
    waiting_client renamed(w, of_spaces());
    rename("/v1/spaces/" + other, other);
    CHECK(renamed.answer().text("by") == "name of full-token");
    waiting_client again(w, of_spaces());
    rename("/v1/x/spaces" + w.query(at(w.e, other)), other);
    CHECK(again.answer().text("by") == "name of full-token");
    waiting_client needs(w, w.path(at(w.e)));
    w.send("PUT", "/v1/x/requirements" + w.query(at(w.e)), R"({"requirements":{"app":[]}})");
    CHECK(needs.answer().text("by") == "name of full-token");
    waiting_client environment(w, w.path(at(w.e)));
    w.send("PATCH", "/v1/x/environments" + w.query(at(w.e)), R"({"name":"n"})");
    CHECK(environment.answer().text("by") == "name of full-token");
    // Beside this process: the vault knows its own name alone.
    waiting_client beside(w, of_spaces());
    w.vault->set_description(at(w.e, other).view(), R"({"name":"beside"})").value();
    CHECK(beside.answer().text("by") == "(absent)");
    // Who may not list a space learns nothing of it.
    w.know("space", {{.as = http::role::space_admin, .environment = w.e, .space = w.s}});
    waiting_client space(w, w.path(at(w.e, w.s)), "space");
    waiting_client full(w, of_spaces());
    w.send("PATCH", "/v1/x/environments" + w.query(at(w.e)), R"({"name":"m"})");
    CHECK(full.answer().text("by") == "name of full-token");
    CHECK(space.is_waiting());
}

TEST_CASE("x/watch: nobody is answered before anything happened but when the time is over") {
    watched_world w;
    waiting_client one(w, w.path(at(w.e)));
    w.time.advance(std::chrono::milliseconds(24'999));
    std::this_thread::sleep_for(std::chrono::milliseconds(50)); // of some fifty looks
    CHECK(one.is_waiting());
    w.time.advance(std::chrono::milliseconds(1));
    CHECK(one.answer().text("generation") == w.generation());
    CHECK(one.answer().text("names") == "[]");
    CHECK(one.answer().text("changed") == "false");
}

TEST_CASE("x/watch: an environment that is removed, and a server that ends, keep nobody waiting") {
    watched_world w;
    waiting_client one(w, w.path(at(w.e)));
    w.send("DELETE", "/v1/environments/" + w.e);
    CHECK(one.answer().text("changed") == "(absent)");
    const auto other = w.new_environment("other");
    const auto path = "/v1/x/watch" + w.query(at(other)) +
                      "&after=" + std::to_string(w.vault->status(other).value().generation);
    waiting_client two(w, path);
    w.service->parts().end();
    two.answer();
    waiting_client three(w, path);
    three.answer();
    CHECK(w.service->parts().waiting->waiting() == 0);
}

TEST_CASE("x/watch: who waits holds no thread, and who is gone is forgotten") {
    watched_world w;
    std::vector<std::unique_ptr<waiting_client>> all;
    for (int i = 0; i < 1000; ++i) // on this thread alone
        all.push_back(std::make_unique<waiting_client>(w, w.path(at(w.e))));
    CHECK(w.service->parts().waiting->waiting() == 1000);
    CHECK(w.list(at(w.e)).status() == 200);
    for (int i = 0; i < 500; ++i)
        all[static_cast<std::size_t>(i)]->stream.reset();
    CHECK(w.service->parts().waiting->waiting() == 500);
    w.put(at(w.e), "A", "1");
    for (int i = 500; i < 1000; ++i)
        CHECK(all[static_cast<std::size_t>(i)]->answer().text("names") == R"(["A"])");
}
