// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/x_events.hpp>

#include "api_world.hpp"

#include <coffer/testing/manual_clock.hpp>

#include "support/catch.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using coffer_test::api_world;
using coffer_test::at;
using coffer_test::object;
namespace http = coffer::http;
namespace json = boost::json;

namespace {

/// One who listens: what was sent, in pieces.
struct ear {
    std::mutex mutex{}; ///< Of `heard`, where other threads publish.
    std::vector<std::string> heard{};
    bool ended = false;
    bool open = true;
    bool no_memory = false; ///< For the next piece.
    std::shared_ptr<http::stream> stream{};

    /// Takes all there is, as a connection does that sends faster than events come.
    void take_all() {
        for (auto before = heard.size() + 1; before != heard.size();) {
            before = heard.size();
            stream->drained();
        }
    }
    void begin(std::shared_ptr<http::stream> to) {
        stream = std::move(to);
        stream->start([this](std::string text) {
            const std::lock_guard lock(mutex);
            if (std::exchange(no_memory, false)) throw std::bad_alloc();
            if (text.empty())
                ended = true;
            else
                heard.push_back(std::move(text));
            return open;
        });
    }
    /// The events, without the first line that says when to come back, other ids and gaps.
    auto events() -> std::vector<json::object> {
        const std::lock_guard lock(mutex);
        std::vector<json::object> out;
        for (const auto& piece : heard) {
            const auto data = piece.find("data: ");
            if (data != piece.npos && !is_gap(piece))
                out.push_back(
                    json::parse(piece.substr(data + 6, piece.size() - data - 8)).as_object());
        }
        return out;
    }
    static auto is_gap(const std::string& piece) -> bool {
        return piece.starts_with("event: gap\n");
    }
    /// What it was told instead of events: `AFTER-UNTIL `.
    auto gaps() -> std::string {
        const std::lock_guard lock(mutex);
        std::string out;
        for (const auto& piece : heard) {
            if (!is_gap(piece)) continue;
            const auto data = piece.find("data: ");
            out += std::to_string(
                       json::parse(piece.substr(data + 6)).at("after").to_number<std::uint64_t>()) +
                   "-" + id_of(piece) + " ";
        }
        return out;
    }
    static auto id_of(const std::string& piece) -> std::string {
        const auto id = piece.find("id: ") + 4;
        return piece.substr(id, piece.find('\n', id) - id);
    }
    /// What its client comes back with.
    auto last_id() -> std::string {
        const std::lock_guard lock(mutex);
        return id_of(heard.back());
    }
    auto topics() -> std::string {
        std::string out;
        for (const auto& e : events())
            out.append(e.at("topic").as_string()).append(" ");
        return out;
    }
};

struct world {
    coffer::testing::manual_clock time{};
    std::vector<std::string> missed{}; ///< The ids of the tokens that were told of a gap.
    std::shared_ptr<http::event_hub> hub = new_hub();
    api_world api{{}, with(hub)};
    std::string prod = api.new_environment("prod");
    std::string acme = api.new_space(prod);
    std::string globex = api.new_space(prod);

    world() { api.service->parts().changed = http::x::tell_changes(api.vault, hub); }
    auto new_hub() -> std::shared_ptr<http::event_hub> {
        return std::make_shared<http::event_hub>(
            http::event_hub::options{.time = &time, .missed = [this](const http::principal& who) {
                                         missed.push_back(who.token_id);
                                     }});
    }
    static auto with(const std::shared_ptr<http::event_hub>& hub) -> http::api_options {
        http::api_options out;
        out.more = http::x::event_routes(hub);
        return out;
    }
    auto listen(std::string_view query = {}, std::string_view token = api_world::full,
                std::string_view last = {}, bool take_all = true) -> std::unique_ptr<ear> {
        auto in = api_world::request_of("GET", "/v1/x/events" + std::string(query), {}, token);
        if (!last.empty()) in.headers.push_back({"last-event-id", std::string(last)});
        auto answer = api.service->handle(in);
        REQUIRE(answer.status == 200);
        REQUIRE(answer.content_type == "text/event-stream");
        auto out = std::make_unique<ear>();
        out->begin(answer.follow);
        if (take_all) out->take_all();
        return out;
    }
    auto post(std::string_view topic, const std::string& space,
              std::string_view token = api_world::full) -> coffer_test::reply {
        json::object context{{"environmentId", prod}};
        if (!space.empty()) context["spaceId"] = space;
        return api.send("POST", "/v1/events",
                        object({{"domain", "job"},
                                {"topic", topic},
                                {"context", json::value(context)},
                                {"payload", json::parse(R"({"n": 1})")}}),
                        token);
    }
};

} // namespace

TEST_CASE("A space hears of its environment's secrets, which it inherits, and of no other's") {
    world w;
    w.api.know("acme's", {{.as = http::role::service, .environment = w.prod, .space = w.acme}});
    w.api.know("some", {{.as = http::role::service,
                         .environment = w.prod,
                         .space = w.acme,
                         .names = {"SLACK_*"}}});
    const auto query = "?environmentId=" + w.prod + "&spaceId=" + w.acme;
    const auto own = w.listen(query, "acme's");
    const auto few = w.listen(query, "some");
    const auto full = w.listen(query);
    w.api.put(at(w.prod), "SLACK_TOKEN", "1");
    w.api.put(at(w.prod), "DB_URL", "1");
    w.api.put(at(w.prod, w.globex), "SLACK_TOKEN", "2");
    w.api.put(at(w.prod, {}, "ana"), "SLACK_TOKEN", "2");
    w.api.put(at(w.api.new_environment("dev")), "SLACK_TOKEN", "2");
    w.api.put(at(w.prod, w.acme), "SLACK_TOKEN", "3");
    w.post("job:ready", {}); // the environment's own: no secret that a space inherits
    CHECK(own->topics() == "secret:created secret:created secret:created ");
    CHECK(few->topics() == "secret:created secret:created ");
    CHECK(full->topics() == "secret:created secret:created secret:created ");
    CHECK_FALSE(own->events().front().at("context").as_object().contains("spaceId"));
}

TEST_CASE("Where there is no memory to tell one listener it is given up, and comes back for it") {
    world w;
    const auto gone = w.listen();
    const auto one = w.listen();
    const auto other = w.listen();
    gone->open = false;
    one->no_memory = true;
    CHECK(w.post("job:first", {}).status() == 200);
    CHECK(w.hub->listeners() == 1);
    CHECK(one->ended);
    CHECK(w.post("job:second", {}).status() == 200);
    CHECK(other->topics() == "job:first job:second ");
    CHECK(one->topics() == "");
    const auto again = w.listen("", api_world::full, one->last_id());
    CHECK(again->topics() == "job:first job:second ");
    CHECK(again->gaps() == "");
}

TEST_CASE("A changed secret is told to who listens: name and id, no value") {
    world w;
    const auto ear = w.listen();
    w.api.put(at(w.prod), "SLACK_TOKEN", "xoxb-canary");
    w.api.put(at(w.prod), "SLACK_TOKEN", "xoxb-canary-2");
    const auto own = w.api.put(at(w.prod, w.acme), "SLACK_TOKEN", "xoxb-canary-3");
    w.api.send("DELETE", "/v1/secrets/" + own.text("id"));
    CHECK(ear->topics() == "secret:created secret:updated secret:created secret:deleted ");
    const auto last = ear->events().back();
    CHECK(last.at("domain").as_string() == "secret");
    CHECK(last.at("context").at("spaceId").as_string() == w.acme);
    CHECK(last.at("payload").at("secretId").as_string() == own.text("id"));
    CHECK(last.at("payload").at("name").as_string() == "SLACK_TOKEN");
    for (const auto& piece : ear->heard)
        CHECK(piece.find("canary") == std::string::npos);
}

TEST_CASE("The secrets of a scope that is removed are told of at once, to who may list it") {
    world w;
    const auto initech = w.api.new_space(w.prod);
    w.api.put(at(w.prod, w.acme), "A", "canary");
    const auto ear = w.listen();
    const auto other = w.listen("?environmentId=" + w.prod + "&spaceId=" + w.globex);
    w.api.send("DELETE", "/v1/spaces/" + w.acme);
    w.api.send("DELETE", "/v1/spaces?spaceIds=" + initech);
    w.api.send("DELETE", "/v1/x/spaces?environmentId=" + w.prod + "&spaceId=" + w.globex);
    w.api.send("DELETE", "/v1/environments/" + w.prod);
    w.api.send("DELETE", "/v1/x/environments?environmentId=" + w.api.new_environment("other"));
    const auto told = ear->events();
    REQUIRE(told.size() == 5);
    std::size_t i = 0;
    for (const auto& space : {w.acme, initech, w.globex}) {
        CHECK(told[i].at("context").at("environmentId").as_string() == w.prod);
        CHECK(told[i++].at("context").at("spaceId").as_string() == space);
    }
    CHECK(told[3].at("context") == json::value{{"environmentId", w.prod}});
    for (const auto& one : told) {
        CHECK(one.at("topic").as_string() == "secret:deleted");
        CHECK(one.at("payload") == json::parse(R"({"all":true})"));
    }
    CHECK(other->events().size() == 1);
}

TEST_CASE("What is told of a change follows from what was there before") {
    world w;
    const auto ear = w.listen();
    const auto prod = w.api.query(at(w.prod), "A");
    const auto acme = w.api.query(at(w.prod, w.acme), "A");
    const auto told = [&](const char* method, const std::string& target, const char* body = "") {
        const auto before = ear->topics().size();
        REQUIRE(w.api.send(method, target, body).status() == 200);
        return ear->topics().substr(before);
    };
    const char* const value = R"({"value":"v"})";
    CHECK(told("PUT", "/v1/x/secret" + prod, value) == "secret:created ");
    CHECK(told("PUT", "/v1/x/secret" + prod, R"({"value":"w"})") == "secret:updated ");
    CHECK(told("POST", "/v1/x/secret/hide" + acme) == "secret:updated "); // nothing was made
    CHECK(told("PUT", "/v1/x/secret" + acme, value) == "secret:updated ");
    CHECK(told("DELETE", "/v1/x/secret" + acme) == "secret:deleted ");
    CHECK(told("POST", "/v1/x/secret/undelete" + acme) == "secret:created ");
    CHECK(told("DELETE", "/v1/x/secret" + prod) == "secret:deleted ");
    CHECK(told("PUT", "/v1/x/secret" + prod, value) == "secret:created "); // another one
    CHECK(told("POST", "/v1/x/secret/rollback" + prod, R"({"to":1})") == "secret:updated ");
    CHECK(told("POST", "/v1/x/batch" + w.api.query(at(w.prod)),
               R"({"set":[{"name":"B","value":"v"},{"name":"A","value":"x"}]})") ==
          "secret:created secret:updated ");
    CHECK(told("POST", "/v1/x/batch" + w.api.query(at(w.prod)), R"({"remove":["A"]})") ==
          "secret:deleted ");
    w.api.put(at(w.prod), "A", "v");
    CHECK(ear->topics().ends_with("secret:created "));
}

namespace {

/// A world whose hub hears of the changes of others within moments.
struct shared_world : world {
    std::unique_ptr<ear> hears;
    std::size_t read = 0;

    explicit shared_world(std::chrono::milliseconds step = std::chrono::milliseconds(1)) {
        api.service->parts().changed = http::x::tell_changes(api.vault, hub, step);
        hears = listen();
        for (int n = 0; all().empty(); ++n) { // until the first look
            others(prod, "", "FIRST", std::to_string(n));
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
    }
    /// Somebody sets a value, and not through the api.
    void others(const std::string& environment, const std::string& space, std::string name,
                std::string_view value) {
        api.vault->put_many({environment, space}, {{std::move(name), value}}, {}).value();
    }
    /// `secret:created A`, those of FIRST left out.
    auto all() -> std::vector<std::string> {
        std::vector<std::string> out;
        for (const auto& e : hears->events()) {
            const auto& payload = e.at("payload").as_object();
            const auto& context = e.at("context").as_object();
            std::string text(e.at("topic").as_string());
            text += payload.contains("all") ? " all"
                                            : " " + std::string(payload.at("name").as_string());
            if (context.contains("spaceId")) text += " in a space";
            out.push_back(std::move(text));
        }
        return out;
    }
    /// The next one.
    auto next() -> std::string {
        for (int i = 0; i < 20'000; ++i) {
            const auto told = all();
            while (read < told.size())
                if (const auto& one = told[read++]; !one.ends_with(" FIRST")) return one;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        return "(silence)";
    }
};

} // namespace

TEST_CASE("What others change over the same store is told too") {
    shared_world w;
    const coffer::scope acme({w.prod, w.acme});
    w.others(w.prod, {}, "A", "1");
    CHECK(w.next() == "secret:created A");
    w.others(w.prod, {}, "A", "2");
    CHECK(w.next() == "secret:updated A");
    w.others(w.prod, w.acme, "A", "3");
    CHECK(w.next() == "secret:created A in a space");
    w.api.vault->hide(acme.view(), "A", {}).value();
    CHECK(w.next() == "secret:updated A in a space");
    w.api.vault->erase(acme.view(), "A", {}).value();
    CHECK(w.next() == "secret:deleted A in a space");
    w.others(w.prod, w.acme, "B", "1");
    CHECK(w.next() == "secret:created B in a space");
    w.api.vault->remove_space(acme.view()).value();
    CHECK(w.next() == "secret:deleted all in a space");
    w.api.vault->create_environment("late", "{}").value();
    w.others("late", {}, "C", "1");
    CHECK(w.next() == "secret:created C");
    w.api.vault->remove_environment("late").value();
    CHECK(w.next() == "secret:deleted all");
    for (const auto& piece : w.hears->heard)
        CHECK(piece.find("\"value\"") == std::string::npos);
}

TEST_CASE("What is changed through the api is told once, however others are looked for") {
    // Between a commit and word of it no two looks begin.
    shared_world w(std::chrono::milliseconds(50));
    const auto id = w.api.put(at(w.prod), "A", "1").text("id");
    w.api.put(at(w.prod), "A", "2");
    w.api.put(at(w.prod, w.acme), "B", "1");
    w.api.send("DELETE", "/v1/secrets/" + id);
    w.api.send("DELETE", "/v1/spaces/" + w.acme);
    for (const auto* expected :
         {"secret:created A", "secret:updated A", "secret:created B in a space", "secret:deleted A",
          "secret:deleted all in a space"})
        CHECK(w.next() == expected);
    for (const auto* name : {"X", "Y", "Z"}) { // each is found by a look of its own
        w.others(w.prod, {}, name, "1");
        CHECK(w.next() == std::string("secret:created ") + name);
    }
}

TEST_CASE("An event of a space names its environment too") {
    world w;
    const auto ear = w.listen();
    for (const auto* environment : {"", R"("environmentId":null,)", R"("environmentId":"",)"}) {
        const auto sent =
            w.api.send("POST", "/v1/events",
                       R"({"topic":"job:ready","context":{)" + std::string(environment) +
                           R"("spaceId":")" + w.acme + R"(","jobId":7}})");
        REQUIRE(sent.status() == 200);
        const auto heard = ear->events().back().at("context");
        CHECK(heard.at("environmentId") == json::string(w.prod));
        CHECK(heard.at("spaceId") == json::string(w.acme));
        CHECK(heard.at("jobId") == 7);
    }
}

TEST_CASE("A write that changed nothing, and one that was refused, are told to nobody") {
    world w;
    w.api.put(at(w.prod), "A", "same");
    const auto ear = w.listen();
    w.api.put(at(w.prod), "A", "same");
    w.api.put(at(w.prod), "", "x");
    w.api.put(at("us_env_none"), "A", "x");
    CHECK(ear->events().empty());
}

TEST_CASE("Nobody hears of a scope or a name that they may not list") {
    world w;
    using one = std::vector<http::grant>;
    w.api.know("acme", one{{http::role::service, w.prod, w.acme, false, false, {}, {}}});
    w.api.know("names", one{{http::role::service, w.prod, {}, false, false, {}, {"DB_*"}}});
    const auto acme = w.listen({}, "acme");
    const auto names = w.listen({}, "names");
    const auto everybody = w.listen();
    w.api.put(at(w.prod), "SLACK_TOKEN", "x");
    w.api.put(at(w.prod, w.acme), "SLACK_TOKEN", "x");
    w.api.put(at(w.prod, w.globex), "DB_URL", "x");
    CHECK(everybody->events().size() == 3);
    REQUIRE(acme->events().size() == 1);
    CHECK(acme->events()[0].at("context").at("spaceId").as_string() == w.acme);
    REQUIRE(names->events().size() == 1);
    CHECK(names->events()[0].at("payload").at("name").as_string() == "DB_URL");
    const auto other =
        w.api.get("/v1/x/events?environmentId=" + w.prod + "&spaceId=" + w.globex, "acme");
    CHECK(other.status() == 404);
    CHECK(w.api.get("/v1/x/events", "nobody").status() == 401);
}

TEST_CASE("One may listen to one environment, or one space, alone") {
    world w;
    const auto other = w.api.new_environment("other");
    const auto all = w.listen("?environmentId=" + w.prod);
    const auto acme = w.listen("?environmentId=" + w.prod + "&spaceId=" + w.acme);
    w.api.put(at(other), "A", "x");
    w.api.put(at(w.prod), "A", "x");
    w.api.put(at(w.prod, w.acme), "A", "x");
    w.api.put(at(w.prod, w.globex), "A", "x");
    CHECK(all->events().size() == 3);
    CHECK(acme->events().size() == 2); // its own, and what it inherits
}

TEST_CASE("A program's event goes out as it came, with an id and a time of the server's") {
    world w;
    const auto ear = w.listen();
    const auto answer = w.post("job:ready", w.acme);
    REQUIRE(answer.status() == 200);
    REQUIRE(ear->events().size() == 1);
    const auto event = ear->events()[0];
    CHECK(event.at("id").as_string().starts_with("us_evt_"));
    CHECK(answer.text("id") == event.at("id").as_string());
    CHECK(event.at("payload").at("n").as_int64() == 1);
    CHECK(event.contains("createdAt"));
    const auto lines = w.api.send("POST", "/v1/events",
                                  "{\"topic\":\"a:b\",\n\"id\":\"mine\",\"context\":{\n\r"
                                  "\"environmentId\":\"" +
                                      w.prod + "\"}}");
    REQUIRE(lines.status() == 200);
    REQUIRE(ear->events().size() == 2);
    CHECK(ear->events()[1].at("id").as_string() != "mine");
    const auto& piece = ear->heard.back();
    CHECK(std::count_if(piece.begin(), piece.end(),
                        [](char c) { return c == '\n' || c == '\r'; }) == 3);
}

TEST_CASE("An event is refused from who may not write there, and where it would be Coffer's own") {
    world w;
    using one = std::vector<http::grant>;
    w.api.know("reader", one{{http::role::service, w.prod, {}, false, false, {}, {}}});
    const auto ear = w.listen();
    CHECK(w.post("job:ready", w.acme, "reader").status() == 403);
    coffer_test::check_error(w.post("secret:updated", w.acme), 400);
    for (const auto* like_it : {" secret:updated", "Secret:updated", "\tSECRET:x"})
        coffer_test::check_error(w.post(like_it, w.acme), 400);
    for (const auto* domain : {"secret", " Secret", "SECRETS"})
        coffer_test::check_error(
            w.api.send("POST", "/v1/events",
                       object({{"domain", domain},
                               {"topic", "job:ready"},
                               {"context", json::value{{"environmentId", w.prod}}}})),
            400);
    coffer_test::check_error(w.post("", w.acme), 400);
    coffer_test::check_error(w.post("job:ready", "us_sp_none"), 404);
    coffer_test::check_error(w.api.send("POST", "/v1/events", R"({"topic":"a"})"), 400);
    coffer_test::check_error(w.api.send("POST", "/v1/events", R"({"topic":"a","context":{}})"),
                             400);
    CHECK(ear->events().empty());
}

TEST_CASE("Who comes back hears what was missed, as far as it is kept") {
    world w;
    auto first = w.listen();
    w.post("job:one", {});
    const auto id = first->last_id();
    first.reset();
    CHECK(w.hub->listeners() == 0);
    w.post("job:two", {});
    w.post("job:three", {});
    CHECK(w.listen({}, api_world::full, id)->topics() == "job:two job:three ");
    CHECK(w.listen("?after=" + id)->topics() == "job:two job:three ");
    CHECK(w.listen("?after=" + id)->gaps().empty());
    CHECK(w.listen()->topics().empty());
    for (const auto* wrong : {"x", "-1", "99999999999999999999999"})
        CHECK(w.api.get("/v1/x/events?after=" + std::string(wrong)).status() == 400);
}

namespace {

/// So many events; what each is of follows from `where`.
void publish(world& w, int count, const coffer::scope& where, std::string topic = "many",
             std::size_t size = 0) {
    topic.insert(0, "{\"topic\":\"").append("\"").append(size, ' ').append("}");
    for (int i = 0; i < count; ++i)
        w.hub->publish({0, "job:many", where, {}, topic});
}

} // namespace

TEST_CASE("Who comes back to what is forgotten is told of the gap, once, and hears what is kept") {
    world w;
    auto first = w.listen();
    w.post("job:one", {});
    const auto id = first->last_id();
    first.reset();
    publish(w, 1000, at(w.prod));
    CHECK(w.listen("?after=" + id)->gaps().empty());
    CHECK(w.missed.empty());
    publish(w, 100, at(w.prod));
    const auto again = w.listen("?after=" + id);
    const auto until = std::to_string(std::stoull(id) + 100);
    CHECK(again->gaps() == id + "-" + until + " ");
    CHECK(ear::is_gap(again->heard[1]));
    CHECK(again->events().size() == 1000);
    CHECK(w.missed.size() == 1);
    CHECK(w.listen("?after=" + until)->gaps().empty());
    CHECK(w.listen("?after=" + until)->events().size() == 1000);
    CHECK(w.listen()->gaps().empty()); // who has heard nothing misses nothing
}

TEST_CASE("Who is too slow is told of the gap where it is, and only of what is for it") {
    world w;
    auto first = w.listen();
    w.post("job:one", {});
    const auto id = first->last_id();
    publish(w, 7, at(w.prod, w.globex), "early", 10'000);
    publish(w, 43, at(w.prod, w.acme), "early", 10'000);
    const auto slow = w.listen("?after=" + id, api_world::full, {}, false);
    const auto other =
        w.listen("?after=" + id + "&environmentId=" + w.prod + "&spaceId=" + w.globex,
                 api_world::full, {}, false);
    REQUIRE(slow->events().size() == 7);
    REQUIRE(other->events().size() == 7);
    const auto last = slow->last_id();
    publish(w, 2000, at(w.prod, w.acme), "late", 10'000);
    slow->take_all();
    const auto gaps = slow->gaps();
    REQUIRE(gaps.starts_with(last + "-"));
    const auto until = gaps.substr(last.size() + 1, gaps.size() - last.size() - 2);
    CHECK(until.find('-') == until.npos); // one gap
    const auto& heard = slow->heard;
    const auto gap = std::find_if(heard.begin(), heard.end(), ear::is_gap);
    auto number = std::stoull(id);
    for (auto piece = heard.begin() + 1; piece != heard.end(); ++piece)
        if (piece == gap)
            number = std::stoull(until);
        else
            CHECK(std::stoull(ear::id_of(*piece)) == ++number);
    CHECK(number == std::stoull(id) + 2050);
    CHECK(w.missed.size() == 1);
    other->take_all();
    CHECK(other->events().size() == 7);
    CHECK(other->gaps().empty());
}

TEST_CASE("What is not for a listener moves the number on that its client comes back with") {
    world w;
    const auto ear = w.listen("?environmentId=" + w.prod + "&spaceId=" + w.globex);
    publish(w, 3000, at(w.prod, w.acme));
    CHECK(ear->events().empty());
    CHECK(ear->heard.size() < 100);
    const auto again =
        w.listen("?after=" + ear->last_id() + "&environmentId=" + w.prod + "&spaceId=" + w.globex);
    CHECK(again->gaps().empty());
    CHECK(w.missed.empty());
}

TEST_CASE("Who comes back after a restart, or to another server, is told that there is a gap") {
    world w;
    const auto before = w.listen();
    publish(w, 3, at(w.prod));
    const auto id = before->last_id();
    w.time.advance(std::chrono::milliseconds(1000));
    const auto later = w.new_hub();
    const auto back = [](http::event_hub& to, const std::string& with) {
        ear out;
        out.begin(to.follow({}, {}, std::stoull(with)));
        out.take_all();
        return out.gaps();
    };
    const auto begin = std::to_string(w.time.wall().count() * 1000);
    CHECK(back(*later, id) == id + "-" + begin + " ");
    CHECK(back(*later, begin).empty());
    w.time.set_wall(std::chrono::milliseconds(1'600'000'000'000)); // somebody mended the clock
    CHECK(back(*w.new_hub(), id) == id + "-1600000000000000 ");
}

TEST_CASE("Who comes back after nobody listened, and nobody looked what others did, is told") {
    world w;
    auto first = w.listen();
    const auto id = first->last_id();
    first.reset();
    w.time.advance(std::chrono::milliseconds(120'000));
    CHECK(w.hub->is_heard());
    CHECK(w.listen("?after=" + id)->gaps().empty());
    publish(w, 1, at(w.prod), "sent");
    w.time.advance(std::chrono::milliseconds(120'001));
    CHECK_FALSE(w.hub->is_heard());
    CHECK(w.listen()->gaps().empty());
    const auto again = w.listen("?after=" + id);
    CHECK(again->topics() == "sent ");
    CHECK(ear::is_gap(again->heard[2]));
    CHECK(w.listen("?after=" + again->last_id())->gaps().empty());
}

TEST_CASE("A stream ends after its time, so that its token is looked at again") {
    world w;
    const auto ear = w.listen();
    w.time.advance(std::chrono::milliseconds(60'000));
    w.post("job:one", {});
    CHECK_FALSE(ear->ended);
    w.time.advance(std::chrono::milliseconds(1));
    w.post("job:two", {});
    CHECK(ear->ended);
    CHECK(ear->topics() == "job:one ");
    CHECK(w.hub->listeners() == 0);
}

TEST_CASE("A stream that ended before it told anything loses nothing") {
    world w;
    const auto ear = w.listen();
    const auto id = ear->last_id();
    w.time.advance(std::chrono::milliseconds(60'001));
    w.post("job:one", {});
    CHECK(ear->ended);
    CHECK(ear->topics().empty());
    CHECK(w.listen({}, api_world::full, id)->topics() == "job:one ");
}

TEST_CASE("A stream of which nothing is heard ends after its time as well") {
    world w;
    const auto ear = w.listen();
    w.time.advance(std::chrono::milliseconds(60'000));
    CHECK(ear->stream->when_silent() == ":\n\n");
    w.time.advance(std::chrono::milliseconds(1));
    CHECK(ear->stream->when_silent().empty());
}

TEST_CASE("Who is gone is forgotten") {
    world w;
    const auto ear = w.listen();
    CHECK(w.hub->listeners() == 1);
    ear->open = false;
    w.post("job:one", {});
    CHECK(w.hub->listeners() == 0);
}

TEST_CASE("An event of more than 64 KiB is refused; the largest one ends no stream") {
    world w;
    const auto ear = w.listen();
    const auto sized = [&](std::size_t size) {
        return w.api.send("POST", "/v1/events",
                          object({{"topic", "a:b"},
                                  {"context", json::value({{"environmentId", w.prod}})},
                                  {"payload", std::string(size, 'x')}}));
    };
    coffer_test::check_error(sized(http::largest_event), 413);
    coffer_test::check_error(sized(300'000), 413);
    CHECK(ear->events().empty());
    CHECK(sized(http::largest_event - 1024).status() == 200);
    CHECK(ear->topics() == "a:b ");
}

TEST_CASE(
    "What was missed is sent piece by piece, and what happens meanwhile behind it, in order") {
    world w;
    const auto publish_some = [&](int from, int to) {
        for (int i = from; i < to; ++i)
            w.hub->publish(
                {0,
                 "job:many",
                 at(w.prod),
                 {},
                 "{\"topic\":\"" + std::to_string(i) + std::string(30'000, ' ') + "\"}"});
    };
    const auto first = w.listen();
    publish_some(0, 1);
    const auto id = first->last_id();
    publish_some(1, 40);
    const auto late = w.listen("?after=" + id, api_world::full, {}, false);
    std::size_t sent = 0;
    for (const auto& piece : late->heard)
        sent += piece.size();
    CHECK(sent < 2 * http::largest_event); // fits into what a stream may have waiting
    publish_some(40, 60);
    late->take_all();
    publish_some(60, 61);
    REQUIRE(late->events().size() == 60);
    for (std::size_t i = 0; i < 60; ++i)
        CHECK(std::stoul(std::string(late->events()[i].at("topic").as_string())) == i + 1);
}

TEST_CASE("What is kept is bounded by its size as well") {
    world w;
    w.hub->publish({0, "job:first", at(w.prod), {}, "{\"topic\":\"first\"}"});
    const auto large = "{\"topic\":\"large\"" + std::string(60'000, ' ') + "}";
    for (int i = 0; i < 500; ++i)
        w.hub->publish({0, "job:large", at(w.prod), {}, large});
    const auto kept = w.listen("?after=1")->events();
    CHECK(kept.size() == (std::size_t{8} << 20) / large.size());
    CHECK(kept.front().at("topic").as_string() == "large");
}
