// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/client.hpp>

#include "api_world.hpp"
#include "test_server.hpp"

#include <coffer/http/remote_vault.hpp>
#include <coffer/http/x_values.hpp>
#include <coffer/secrets.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using coffer::errc;
using coffer_test::api_world;
using coffer_test::at;
using coffer_test::test_server;
namespace http = coffer::http;

namespace {

/// Hands on to the service, and counts; can be told to answer otherwise.
struct counting final : http::handler {
    http::handler* inner = nullptr;
    std::atomic<int> asked{0};
    std::function<std::optional<http::response>(const http::request&)> instead{};
    std::function<void()> before{};

    auto try_now(const http::request&) -> std::optional<http::response> override { return {}; }
    auto handle(const http::request& in) -> http::response override {
        ++asked;
        if (before) before();
        if (instead)
            if (auto out = instead(in)) return *std::move(out);
        return inner->handle(in);
    }
};

auto with_values() -> http::api_options {
    http::api_options out;
    out.more = http::x::values_routes();
    return out;
}

/// A service that listens, with one environment and a space, and clients of it.
struct served {
    api_world world{{.recheck_after = std::chrono::milliseconds(0)}, with_values()};
    std::shared_ptr<counting> door = std::make_shared<counting>();
    std::unique_ptr<test_server> server;
    std::string prod;
    std::string acme;

    served() {
        door->inner = world.service.get();
        prod = world.new_environment("prod");
        acme = world.new_space(prod);
        world.put(at(prod), "SLACK_TOKEN", "xoxb-everyone");
        world.put(at(prod), "DB_URL", "postgres://db");
        world.put(at(prod, acme), "SLACK_TOKEN", "xoxb-acme");
        listen();
    }
    void listen(std::uint16_t port = 0) {
        coffer_test::server_settings how;
        how.port = port;
        server = std::make_unique<test_server>(door, how);
    }

    auto options(std::string_view token = api_world::full) const -> http::client_options {
        http::client_options out;
        out.server = "http://" + server->host();
        out.token = coffer::secret(token);
        return out;
    }
    auto open(std::string_view token = api_world::full) const -> coffer::secrets {
        return http::source::open(options(token)).value();
    }
    /// One that asks again after a second.
    auto rechecking(const coffer::clock& time) const -> http::source {
        auto how = options();
        how.recheck_after = std::chrono::milliseconds(1000);
        how.time = &time;
        return http::source::open(std::move(how)).value();
    }
    auto here() const -> coffer::context { return {.environment = prod, .space = acme}; }
};

/// Each look at it is later than the one before, so that what came first can be told.
class ticking_clock final : public coffer::clock {
public:
    auto wall() const noexcept -> std::chrono::milliseconds override {
        return std::chrono::milliseconds(1'700'000'000'000 + now_);
    }
    auto boot() const noexcept -> std::chrono::milliseconds override {
        return std::chrono::milliseconds(++now_);
    }
    void advance(std::chrono::milliseconds by) { now_ += by.count(); }

private:
    mutable std::atomic<std::int64_t> now_{1000};
};

auto shown(const coffer::result<coffer::secret>& got) -> std::string {
    return std::string(got ? got->expose_secret() : to_string(got.error().code));
}

} // namespace

TEST_CASE("A client of the service reads what a resolver in the process reads") {
    served s;
    const auto secrets = s.open();
    const auto seen = secrets.at(s.here()).value();
    CHECK(shown(seen.get("SLACK_TOKEN")) == "xoxb-acme");
    CHECK(shown(seen.get("DB_URL")) == "postgres://db");
    CHECK(shown(seen.get("NOTHING")) == "not_found");
    CHECK(seen.get("SLACK_TOKEN").value().version() == 1);
    CHECK_FALSE(seen.stale());

    const auto local = s.world.vault->resolver().at(s.here()).value();
    CHECK(to_string(seen.explain("SLACK_TOKEN").value()) ==
          to_string(local.explain("SLACK_TOKEN").value()));
    CHECK(to_string(seen.explain("NOTHING").value()) ==
          to_string(local.explain("NOTHING").value()));
    CHECK(seen.explain("DB_URL")->inherited());
    CHECK(seen.explain("DB_URL")->layers.size() == local.explain("DB_URL")->layers.size());
    CHECK(seen.explain("DB_URL")->layers.back().at == local.explain("DB_URL")->layers.back().at);
    CHECK(seen.explain("DB_URL")->kek_id == local.explain("DB_URL")->kek_id);
    const auto all = seen.all().value();
    REQUIRE(all.size() == 2);
    CHECK(all[1].from == at(s.prod, s.acme));
}

TEST_CASE("A client sees what the vault says of a name: hidden, expired, bytes, an actor's own") {
    served s;
    auto& vault = s.world.vault;
    const std::string bytes("\xff\x00\xfe", 3);
    std::vector<coffer::named_value> put;
    put.push_back({"BYTES", {}});
    for (const char c : bytes)
        put.back().value.push_back(static_cast<std::byte>(c));
    vault->put_many({.environment = s.prod}, std::move(put), {}).value();
    vault->hide(s.here(), "DB_URL", {}).value();
    std::vector<coffer::named_value> old;
    old.push_back({"OLD", {std::byte{'x'}}});
    vault->put_many(s.here(), std::move(old), {.expires = 1000}).value();
    s.world.put(at(s.prod, s.acme, "ana"), "SLACK_TOKEN", "xoxb-ana");

    const auto secrets = s.open();
    CHECK(shown(secrets.get(s.here(), "BYTES")) == bytes);
    CHECK(shown(secrets.get(s.here(), "DB_URL")) == "not_found");
    CHECK(shown(secrets.get(s.here(), "OLD")) == "expired");
    CHECK(secrets.explain(s.here(), "DB_URL")->layers[0].state == coffer::layer_state::hidden);
    CHECK(shown(secrets.get({s.prod, s.acme, "ana"}, "SLACK_TOKEN")) == "xoxb-ana");
    CHECK(shown(secrets.get({.environment = s.prod}, "DB_URL")) == "postgres://db");
}

TEST_CASE("Each reason to be given nothing has its own error") {
    served s;
    using one = std::vector<http::grant>;
    s.world.know("lister", one{{http::role::environment_admin, s.prod, {}, false, false, {}, {}}});
    s.world.know("other", one{{http::role::service, "us_env_other", {}, false, false, {}, {}}});
    s.world.know("slack", one{{http::role::service, s.prod, {}, false, false, {}, {"SLACK_*"}}});
    const coffer::context nowhere{.environment = s.prod, .space = "us_spa_none"};
    CHECK(s.open("nobody").at(s.here()).error() == errc::denied);
    CHECK(s.open().at(nowhere).error() == errc::unknown_scope);
    CHECK(s.open().at({.environment = "us_env_none"}).error() == errc::unknown_scope);
    CHECK(s.open().at({}).error() == errc::invalid_argument);
    CHECK(s.open("other").at(s.here()).error() == errc::unknown_scope);

    const auto may_list = s.open("lister").at(s.here()).value();
    CHECK(shown(may_list.get("SLACK_TOKEN")) == "denied");
    CHECK(may_list.explain("SLACK_TOKEN")->decided());
    CHECK(may_list.all().error() == errc::denied);
    const auto slack = s.open("slack").at(s.here()).value();
    CHECK(shown(slack.get("SLACK_TOKEN")) == "xoxb-acme");
    CHECK(slack.list().size() == 1);
    for (const auto& r : s.world.audit->records)
        if (r.principal_id == "id-of-lister") CHECK(r.count == 0);
}

TEST_CASE(
    "A write that was acknowledged is seen by the next at(), and unchanged values stay home") {
    served s;
    const auto secrets = s.open();
    const auto before = secrets.at(s.here()).value();
    const auto delivered = [&] {
        std::size_t n = 0;
        for (const auto& r : s.world.audit->records)
            n += r.action == "secrets.read" ? r.count : 0;
        return n;
    };
    REQUIRE(delivered() == 2);
    CHECK(shown(secrets.get(s.here(), "DB_URL")) == "postgres://db");
    CHECK(delivered() == 2);
    s.world.put(at(s.prod, s.acme), "SLACK_TOKEN", "xoxb-new");
    CHECK(shown(secrets.get(s.here(), "SLACK_TOKEN")) == "xoxb-new");
    CHECK(shown(before.get("SLACK_TOKEN")) == "xoxb-acme");
    CHECK(delivered() == 4);
}

TEST_CASE("Within recheck_after nobody asks again") {
    served s;
    coffer::testing::manual_clock time;
    const auto source = s.rechecking(time);
    for (int i = 0; i < 5; ++i)
        CHECK(source.at(s.here()).has_value());
    CHECK(s.door->asked == 1);
    time.advance(std::chrono::milliseconds(1000));
    CHECK(source.at(s.here()).has_value());
    CHECK(s.door->asked == 2);
}

TEST_CASE("While the server is away the last answer serves, marked and for a time") {
    served s;
    coffer::testing::manual_clock time;
    auto how = s.options();
    how.time = &time;
    how.serve_stale_for = std::chrono::milliseconds(5000);
    const auto source = http::source::open(std::move(how)).value();
    const auto first_age = source.at(s.here()).value().age(); // the server's own look, by its clock
    s.server.reset();
    time.advance(std::chrono::milliseconds(3000));
    const auto stale = source.at(s.here()).value();
    CHECK(stale.stale());
    CHECK(stale.age() == first_age + std::chrono::milliseconds(3000));
    CHECK(shown(stale.get("SLACK_TOKEN")) == "xoxb-acme");
    CHECK(stale.get("SLACK_TOKEN").value().fresh().stale);
    CHECK(source.at({.environment = s.prod}).error() == errc::unavailable);
    time.advance(std::chrono::milliseconds(2001));
    CHECK(source.at(s.here()).error() == errc::unavailable);
}

TEST_CASE("The server's own staleness adds to the client's") {
    served s;
    coffer::testing::manual_clock time;
    auto how = s.options();
    how.time = &time;
    how.serve_stale_for = std::chrono::milliseconds(5000);
    const auto source = http::source::open(std::move(how)).value();
    int age = 4000;
    s.door->instead = [&](const http::request&) {
        http::response out;
        out.body = http::wiped_text(R"({"data":{"rows":[],"generation":7,"stale":true,"ageMs":)" +
                                    std::to_string(age) + "}}");
        return std::optional(std::move(out));
    };
    CHECK(source.at(s.here())->stale());
    CHECK(source.at(s.here())->age() == std::chrono::milliseconds(4000));
    age = 5001;
    CHECK(source.at(s.here()).error() == errc::stale);
    age = 4000;
    CHECK(source.at(s.here()).has_value());
    s.server.reset();
    time.advance(std::chrono::milliseconds(1001));
    CHECK(source.at(s.here()).error() == errc::unavailable);
}

TEST_CASE("A refusal ends what is held at once; nothing older stands in for it") {
    served s;
    const auto secrets = s.open();
    CHECK(secrets.at(s.here()).has_value());
    s.world.tokens->all.clear();
    CHECK(secrets.at(s.here()).error() == errc::denied);
    s.server.reset();
    CHECK(secrets.at(s.here()).error() == errc::unavailable);
}

TEST_CASE("Answers that are no Coffer's are errors, never an empty view") {
    served s;
    const auto secrets = s.open();
    const auto answered = [&](unsigned status, std::string_view type, std::string_view body) {
        s.door->instead = [=](const http::request&) {
            http::response out;
            out.status = status;
            out.content_type = type;
            out.body = body;
            return std::optional(std::move(out));
        };
        return secrets.at(s.here()).error().code;
    };
    const char* const json = "application/json";
    CHECK(answered(200, "text/html", "<html>") == errc::unsupported);
    CHECK(answered(200, "text/html", R"({"data":{"rows":[],"generation":1}})") ==
          errc::unsupported);
    CHECK(answered(200, json, "{}") == errc::unsupported);
    CHECK(answered(200, json, "[]") == errc::unsupported);
    CHECK(answered(200, json, "{\"data\":{\"rows\"") == errc::unsupported);
    CHECK(answered(200, json, "{\"data\":{\"unchanged\":true}}") == errc::unsupported);
    CHECK(answered(200, json, "{\"data\":{\"rows\":{}}}") == errc::unsupported);
    CHECK(answered(200, json, "{\"data\":[]}") == errc::unsupported);
    CHECK(answered(301, json, "{}") == errc::unsupported);
    CHECK(answered(403, json, "{}") == errc::denied);
    CHECK(answered(429, json, "{}") == errc::unavailable);
    CHECK(answered(500, json, "x") == errc::unavailable);
    CHECK(answered(503, json, R"({"errors":[{"message":"m","code":"stale"}]})") == errc::stale);
    CHECK(answered(500, json, R"({"errors":[{"message":"m","code":"tampered"}]})") ==
          errc::tampered);
    CHECK(answered(500, json, R"({"errors":[{"message":"m"}],"code":"rolled_back"})") ==
          errc::rolled_back);
    CHECK(answered(500, json, R"({"errors":[{"message":"m","code":"no such"}]})") ==
          errc::unavailable);
}

TEST_CASE("A kept connection that the server closed costs a reader nothing") {
    served s;
    const auto secrets = s.open();
    CHECK(secrets.at(s.here()).has_value());
    const auto port = s.server->port();
    for (int i = 0; i < 3; ++i) {
        s.server.reset();
        s.listen(port); // as after a restart
        REQUIRE(s.server->started().has_value());
        CHECK_FALSE(secrets.at(s.here())->stale());
    }
}

TEST_CASE("Children of a fork share no connection with their parent, nor with each other") {
    // The server has a process of its own, so that this one has no other thread when it forks.
    std::array<int, 2> told{};
    std::array<int, 2> ends{};
    REQUIRE(::pipe(told.data()) == 0);
    REQUIRE(::pipe(ends.data()) == 0);
    const auto server = ::fork();
    if (server == 0) {
        ::close(ends[1]);
        const served s;
        const auto text = s.server->host() + " " + s.prod + " " + s.acme + "\n";
        char c = 0;
        if (::write(told[1], text.data(), text.size()) > 0) (void)::read(ends[0], &c, 1);
        ::_exit(0);
    }
    ::close(told[1]);
    ::close(ends[0]);
    std::string line;
    for (char c = 0; ::read(told[0], &c, 1) == 1 && c != '\n';)
        line += c;
    std::istringstream words(line);
    std::string host, prod, acme;
    words >> host >> prod >> acme;
    REQUIRE_FALSE(acme.empty());

    http::client_options how;
    how.server = "http://" + host;
    how.token = coffer::secret(std::string_view(api_world::full));
    const coffer::secrets secrets = http::source::open(std::move(how)).value();
    const auto reads = [&](coffer::context where, std::string_view expected) {
        for (int i = 0; i < 200; ++i) {
            const auto got = secrets.get(where, "SLACK_TOKEN");
            if (!got || got->expose_secret() != expected) return false;
        }
        return true;
    };
    const coffer::context of_all{.environment = prod};
    const coffer::context of_acme{.environment = prod, .space = acme};
    REQUIRE(secrets.get(of_all, "SLACK_TOKEN").has_value()); // the connection is kept
    std::vector<::pid_t> children;
    for (int i = 0; i < 4; ++i) {
        children.push_back(::fork());
        if (children.back() == 0)
            ::_exit((i % 2 == 0 ? reads(of_all, "xoxb-everyone") : reads(of_acme, "xoxb-acme"))
                        ? 0
                        : 1);
    }
    CHECK(reads(of_acme, "xoxb-acme"));
    for (const auto child : children) {
        int status = -1;
        CHECK(::waitpid(child, &status, 0) == child);
        CHECK(status == 0);
    }
    ::close(ends[1]);
    ::waitpid(server, nullptr, 0);
}

TEST_CASE("Calls that wait at the same time share one asking") {
    served s;
    coffer_test::event begun;
    coffer_test::event go_on;
    s.door->before = [&] {
        if (s.door->asked > 1) return;
        begun.set();
        go_on.wait();
    };
    const auto source = http::source::open(s.options()).value();
    std::vector<std::thread> readers;
    std::atomic<int> good{0};
    std::atomic<int> reading{0};
    const auto read = [&] {
        ++reading;
        good += source.at(s.here()).has_value();
    };
    readers.emplace_back(read);
    CHECK(begun.wait());
    for (int i = 0; i < 15; ++i)
        readers.emplace_back(read);
    while (reading < 16)
        std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::milliseconds(200)); // they wait for the first asking
    go_on.set();
    for (auto& r : readers)
        r.join();
    CHECK(good == 16);
    CHECK(s.door->asked >= 2);
    CHECK(s.door->asked <= 4); // two, and one that comes late
}

TEST_CASE("A server that hangs keeps one reader waiting, and the others have the last answer") {
    served s;
    ticking_clock time;
    const auto source = s.rechecking(time);
    CHECK(source.at(s.here()).has_value());
    time.advance(std::chrono::milliseconds(1000));

    struct hanging {
        coffer_test::event begun;
        coffer_test::event go_on;
    };
    hanging first;
    hanging second;
    s.door->before = [&] {
        auto& now = s.door->asked == 2 ? first : second;
        now.begun.set();
        now.go_on.wait();
    };
    s.door->instead = [](const http::request&) {
        return std::optional(http::response{.status = 503});
    };
    std::vector<std::thread> readers;
    std::atomic<int> stale{0};
    const auto read = [&] { stale += source.at(s.here())->stale(); };
    readers.emplace_back(read);
    CHECK(first.begun.wait());
    for (int i = 0; i < 7; ++i)
        readers.emplace_back(read);
    first.go_on.set();
    for (auto& r : readers)
        r.join();
    CHECK(stale == 8);
    CHECK(s.door->asked == 2); // those who waited, and those who came just after, did not ask
    read();
    CHECK(s.door->asked == 2);

    time.advance(std::chrono::milliseconds(1000));
    std::thread asks(read);
    CHECK(second.begun.wait());
    read(); // another asks, in vain as far as is known
    CHECK(s.door->asked == 3);
    second.go_on.set();
    asks.join();
    CHECK(stale == 11);

    s.door->before = {};
    s.door->instead = {};
    time.advance(std::chrono::milliseconds(1000));
    CHECK_FALSE(source.at(s.here())->stale());
    CHECK(s.door->asked == 4);
}

TEST_CASE("The token may lie in a file of its own, and be replaced there") {
    served s;
    const coffer_test::temporary_folder folder;
    const auto file = folder / "token";
    const auto write = [&](std::string_view text, std::filesystem::perms mode) {
        std::ofstream(file) << text;
        std::filesystem::permissions(file, mode);
    };
    auto how = [&] {
        http::client_options out;
        out.server = "http://" + s.server->host();
        out.token_file = file.string();
        return out;
    };
    using std::filesystem::perms;
    CHECK(http::source::open(how()).error() == errc::not_found);
    write("full-token\n", perms::owner_read | perms::group_read);
    CHECK(http::source::open(how()).error() == errc::denied);
    write("two\nlines\n", perms::owner_read | perms::owner_write);
    CHECK(http::source::open(how()).error() == errc::invalid_argument);
    write("full-token\n", perms::owner_read | perms::owner_write);
    const auto source = http::source::open(how()).value();
    CHECK(source.at(s.here()).has_value());
    s.world.tokens->all.erase("full-token");
    CHECK(source.at(s.here()).error() == errc::denied);
    s.world.know("next-token", http::full_grants());
    write("next-token", perms::owner_read | perms::owner_write);
    CHECK(source.at(s.here()).has_value());
}

TEST_CASE("What one token was told is not told to the next one, nor after its grants are others") {
    served s;
    const coffer_test::temporary_folder folder;
    const auto file = folder / "token";
    const auto write = [&](std::string_view text) {
        std::ofstream(file) << text;
        std::filesystem::permissions(file, std::filesystem::perms::owner_read |
                                               std::filesystem::perms::owner_write);
    };
    const auto reading = [&](std::string names) {
        return std::vector<http::grant>{
            {http::role::service, s.prod, {}, false, false, {}, {std::move(names)}}};
    };
    s.world.know("first", reading("SLACK_*"));
    write("first");
    http::client_options how;
    how.server = "http://" + s.server->host();
    how.token_file = file.string();
    const auto source = http::source::open(std::move(how)).value();
    const auto told = [&] {
        const auto seen = source.at(s.here()).value();
        return shown(seen.get("SLACK_TOKEN")) + " " + shown(seen.get("DB_URL"));
    };
    CHECK(told() == "xoxb-acme not_found");
    s.world.know("first", reading("DB_*"));
    CHECK(told() == "not_found postgres://db");
    s.world.tokens->all.erase("first");
    s.world.know("second", reading("SLACK_*"));
    write("second");
    CHECK(told() == "xoxb-acme not_found");

    // Nor where the server can't answer the next one.
    s.world.know("third", reading("DB_*"));
    s.world.tokens->all.erase("second");
    write("third");
    s.door->instead = [](const http::request& in) -> std::optional<http::response> {
        if (in.header_of("authorization") != "Bearer third") return std::nullopt;
        http::response out;
        out.status = 503;
        out.body = R"({"errors":[{"message":"later"}],"code":"unavailable"})";
        return out;
    };
    CHECK(source.at(s.here()).error() == errc::unavailable);
}

TEST_CASE("A record that was missing and is back is given, though nobody has written") {
    served s;
    std::vector<coffer::named_value> large; // its record is the largest object of its commit
    large.push_back({"LARGE", coffer::wiped_bytes(40'000, std::byte{'x'})});
    s.world.vault->put_many({.environment = s.prod}, std::move(large), {}).value();
    s.world.store.miss_largest(true);
    http::api_options with = with_values();
    with.tokens = s.world.tokens;
    const auto service = coffer_test::make_service( // one that never saw it
        coffer_test::service_vault(s.world.store, s.world.keys, {}), std::move(with));
    s.door->inner = service.get();
    const auto secrets = s.open();
    CHECK(shown(secrets.get(s.here(), "LARGE")) == "tampered");
    s.world.store.miss_largest(false);
    CHECK(shown(secrets.get(s.here(), "LARGE")).substr(0, 16) == "xxxxxxxxxxxxxxxx");
}

TEST_CASE("x/values: a tag spares the rows of the same question by the same token alone") {
    served s;
    s.world.know("other", http::full_grants());
    const auto ask = [&](const coffer::scope& where, const std::string& body,
                         std::string_view token = api_world::full) {
        return s.world.send("POST", "/v1/x/values" + api_world::query(where), body, token);
    };
    const auto here = at(s.prod, s.acme);
    const auto tag = ask(here, "{}").text("tag");
    REQUIRE(tag.size() == 32);
    const auto is_spared = [&](const coffer_test::reply& r) {
        REQUIRE(r.status() == 200);
        CHECK(r.row().contains("unchanged") != r.row().contains("rows"));
        return r.row().contains("unchanged");
    };
    const auto unless = R"("unless":")" + tag + R"(")";
    CHECK(is_spared(ask(here, "{" + unless + "}")));
    CHECK_FALSE(is_spared(ask(here, "{" + unless + R"(,"values":false})")));
    CHECK_FALSE(is_spared(ask(here, "{" + unless + R"(,"names":[]})")));
    CHECK_FALSE(is_spared(ask(here, "{" + unless + R"(,"names":["DB_URL"]})")));
    CHECK_FALSE(is_spared(ask(at(s.prod), "{" + unless + "}")));
    CHECK_FALSE(is_spared(ask(here, "{" + unless + "}", "other")));
    CHECK_FALSE(is_spared(ask(here, R"({"unless":""})")));
    coffer_test::check_error(ask(here, R"({"unless":7})"), 400);
    s.world.put(at(s.prod), "NEW", "v");
    CHECK_FALSE(is_spared(ask(here, "{" + unless + "}")));
}

TEST_CASE(
    "The command's view: a value is as fresh as the server says that it is, within the bound") {
    served s;
    const http::remote_source source(http::caller::open(s.options()).value(),
                                     std::chrono::milliseconds(5000));
    const auto seen = source.at(s.here()).value();
    REQUIRE_FALSE(seen.stale());
    CHECK_FALSE(seen.get("DB_URL").value().fresh().stale);
    int age = 4000;
    s.door->instead = [&](const http::request&) {
        http::response out;
        out.body = http::wiped_text(
            R"({"data":{"rows":[{"name":"DB_URL","layers":[{"environmentId":"e","state":"value",)"
            R"("version":1}],"decides":0,"outcome":"value","version":1,"value":"v"}],)"
            R"("generation":7,"stale":true,"ageMs":)" +
            std::to_string(age) + "}}");
        return std::optional(std::move(out));
    };
    const auto value = seen.get("DB_URL").value();
    CHECK(value.fresh().stale);
    CHECK(coffer::machine_clock().boot() - value.fresh().as_of >= std::chrono::milliseconds(4000));
    REQUIRE(seen.all()->size() == 1);
    CHECK(seen.all()->front().value.fresh().stale);
    age = 6000;
    CHECK(seen.get("DB_URL").error() == errc::stale);
    CHECK(seen.all().error() == errc::stale);
    CHECK(source.at(s.here()).error() == errc::stale);
}

TEST_CASE("A write whose answer was lost is told as made only where the server knows it as ours") {
    served s;
    for (const char* token : {"ours", "theirs"}) {
        s.world.know(token, http::full_grants());
        s.world.tokens->all.find(token)->second.name = "ci"; // two tokens of one name
    }
    std::string writes;
    s.door->instead = [&](const http::request& in) -> std::optional<http::response> {
        if (in.method != "PUT") return std::nullopt;
        if (!writes.empty()) s.world.put(at(s.prod), "LOST", "v of " + writes, writes);
        http::response out;
        out.status = 503;
        out.body = R"({"errors":[{"message":"lost"}],"code":"outcome_unknown"})";
        return out;
    };
    http::remote_vault vault(http::caller::open(s.options("ours")).value());
    const auto put = [&] {
        std::vector<coffer::named_value> one;
        one.push_back({"LOST", {std::byte{'v'}}});
        return vault.put_many({.environment = s.prod}, std::move(one), {});
    };
    writes = "ours";
    CHECK(put()->front().version == 1);
    writes = "theirs";
    CHECK(put().error() == errc::outcome_unknown);
    writes.clear();
    CHECK(put().error() == errc::outcome_unknown);
}

TEST_CASE("A client is told at once what it can't be opened with") {
    const auto wrong = [](std::string server, std::string_view token) {
        http::client_options out;
        out.server = std::move(server);
        out.token = coffer::secret(token);
        return http::source::open(std::move(out)).error().code;
    };
    CHECK(wrong("http://127.0.0.1:1", "") == errc::invalid_argument);
    CHECK(wrong("http://127.0.0.1:1", "a\r\nx-other: b") == errc::invalid_argument);
    CHECK(wrong("http://coffer.example", "t") == errc::denied);
    CHECK(wrong("coffer.example", "t") == errc::invalid_argument);
}
