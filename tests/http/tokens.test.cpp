// SPDX-License-Identifier: BSL-1.0
#include <coffer/http/tokens.hpp>
// Behind it, in a program that is both service and client: neither hides a name of the other's.
#include <coffer/http/client.hpp>

#include "support/catch.hpp"
#include "support/service_vault.hpp"
#include "support/staged_store.hpp"

#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/faulty_store.hpp>
#include <coffer/testing/manual_clock.hpp>

#include <algorithm>
#include <atomic>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace coffer;
using namespace coffer::http;
using namespace std::chrono_literals;

namespace {

const grant reads_e{.as = role::service, .environment = "E", .names = {"A_*"}};

struct fixture {
    testing::manual_clock time;
    memory::store store;
    keyring::memory_keyring keys;
    token_registry tokens{open(), time};
    const request from_here{.peer = "192.0.2.1"};

    auto open(options with = {}) -> any_vault {
        with.time = &time;
        return coffer_test::service_vault(store, keys, with);
    }
    auto mint(std::vector<grant> grants = {reads_e}, std::chrono::milliseconds life = 0ms)
        -> minted_token {
        return tokens
            .mint({.name = "app",
                   .grants = std::move(grants),
                   .expires = life == 0ms ? 0 : tokens.now() + std::uint64_t(life.count()),
                   .created_by = "local"})
            .value();
    }
    auto known(token_registry& in, const secret& text) -> bool {
        const auto who = in.authenticate(text.expose_secret(), from_here);
        if (!who) CHECK(who.error().code == errc::denied);
        return who.has_value();
    }
};

} // namespace

TEST_CASE("A token is cof_, an id, 256 random bits in base64url and a checksum") {
    fixture f;
    std::set<std::string> ids;
    std::set<std::string> texts;
    for (int i = 0; i < 50; ++i) {
        const auto made = f.mint();
        const std::string text(made.text.expose_secret());
        REQUIRE(text.size() == 69);
        CHECK(text.starts_with("cof_" + made.row.id + "_"));
        const auto parts = parse_token(token_prefix, text);
        REQUIRE(parts);
        CHECK(parts->id == made.row.id);
        const auto again = token_of(token_prefix, parts->id, parts->secret.view());
        CHECK(again.expose_secret() == text);
        ids.insert(made.row.id);
        texts.insert(text);
    }
    CHECK(ids.size() == 50);
    CHECK(texts.size() == 50);
}

TEST_CASE("The checksum of a token is CRC-32 as everybody has it") {
    const auto crc = [](std::string_view text) {
        const auto digits = http::detail::token_crc(text);
        return std::string(digits.begin(), digits.end());
    };
    CHECK(crc("123456789") == "cbf43926"); // the catalogue's check value
    CHECK(crc("") == "00000000");
    CHECK(crc("a") == "e8b7be43"); // this and the next are zlib's
    CHECK(crc("abc") == "352441c2");
    CHECK(crc("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-") == "f3907bc7");
}

TEST_CASE("A text that differs from a token in any character is none") {
    fixture f;
    const auto made = f.mint();
    const std::string text(made.text.expose_secret());
    for (std::size_t i = 0; i < text.size(); ++i)
        for (const char c : {'0', 'a', 'A', '_', '-', '=', ' ', '\0', '\x80'}) {
            auto other = text;
            other[i] = c;
            if (other == text) continue;
            CHECK_FALSE(parse_token(token_prefix, other));
        }
    for (const auto& other : {text + "0", text.substr(1), text.substr(0, 68), std::string(),
                              " " + text, text + " ", "cofs_" + text.substr(4)})
        CHECK_FALSE(parse_token(token_prefix, other));
}

TEST_CASE("A token lets its holder in with its grants, name and expiry") {
    fixture f;
    const auto made = f.mint();
    const auto who = f.tokens.authenticate(made.text.expose_secret(), f.from_here).value();
    CHECK(who.token_id == made.row.id);
    CHECK(who.name == "app");
    CHECK(std::ranges::equal(who.grants, std::vector{reads_e}));
    CHECK(who.expires == f.tokens.now() + std::uint64_t((24h * 90) / 1ms));
    CHECK(who.confirmed_at == f.time.boot());
    CHECK_FALSE(who.is_session);
    const auto use = f.tokens.last_use(made.row.id);
    CHECK(use.at == f.tokens.now());
    CHECK(use.peer == "192.0.2.1");
}

TEST_CASE("What is stored of a token is no token: its secret bits are nowhere") {
    fixture f;
    const auto made = f.mint();
    auto row = f.tokens.vault()->resolver().get({.environment = system_environment},
                                                "token/" + made.row.id);
    const auto& value = row.value();
    const std::string text(made.text.expose_secret());
    CHECK(value.expose_secret().find(text.substr(17, 43)) == std::string_view::npos);
    const auto parts = parse_token(token_prefix, text);
    CHECK(value.expose_secret().find(format::to_hex(parts->secret.view())) ==
          std::string_view::npos);
    CHECK(value.expose_secret().find(format::to_hex(
              f.tokens.vault()->sha256(parts->secret.view()))) != std::string_view::npos);
}

TEST_CASE("Unknown, altered and malformed tokens are all denied") {
    fixture f;
    const auto made = f.mint();
    std::array<std::byte, 32> other{};
    CHECK_FALSE(f.known(f.tokens, token_of(token_prefix, made.row.id, other)));
    CHECK_FALSE(f.known(f.tokens, token_of(token_prefix, "000000000000", other)));
    CHECK_FALSE(f.known(f.tokens, secret("FLATFILE")));
    CHECK_FALSE(f.known(f.tokens, secret("")));
    CHECK(f.known(f.tokens, made.text));
}

TEST_CASE("Where nothing was ever stored every token is denied, and there is none") {
    fixture f;
    std::array<std::byte, 32> other{};
    CHECK_FALSE(f.known(f.tokens, token_of(token_prefix, "000000000000", other)));
    CHECK(f.tokens.list().value().empty());
    CHECK(f.tokens.find("000000000000").error() == errc::not_found);
    CHECK(f.tokens.revoke("000000000000").error() == errc::not_found);
}

TEST_CASE(
    "A revoked token is refused at the next request, in another process after recheck_after") {
    fixture f;
    const auto made = f.mint();
    token_registry other(f.open({.recheck_after = 100ms}), f.time);
    REQUIRE(f.known(f.tokens, made.text));
    REQUIRE(f.known(other, made.text));
    REQUIRE(f.tokens.revoke(made.row.id));
    CHECK_FALSE(f.known(f.tokens, made.text));
    CHECK(f.known(other, made.text));
    f.time.advance(101ms);
    CHECK_FALSE(f.known(other, made.text));
    CHECK(f.tokens.revoke(made.row.id).error() == errc::not_found);
}

TEST_CASE("A token that another process has just made is known before recheck_after has passed") {
    fixture f;
    token_registry other(f.open({.recheck_after = 1h}), f.time);
    const auto before = f.mint();
    REQUIRE(f.known(other, before.text));
    for (int i = 0; i < 20; ++i)
        CHECK(f.known(other, f.mint().text));
    const auto later = f.mint();
    REQUIRE(f.tokens.revoke(later.row.id));
    CHECK_FALSE(f.known(other, later.text));
}

TEST_CASE("Whatever a refused token is, the store is looked at once, and often only for a while") {
    fixture f;
    testing::faulty_store asked{any_store(f.store)};
    token_registry tokens(
        coffer_test::service_vault(
            asked, f.keys, {.recheck_after = 24h, .recheck_keys_after = 24h, .time = &f.time}),
        f.time);
    const auto good = f.mint();
    const auto expired = f.mint({reads_e}, 60s);
    const auto revoked = f.mint();
    f.tokens.revoke(revoked.row.id).value();
    REQUIRE(f.known(tokens, good.text));
    f.time.advance(60s);
    std::array<std::byte, 32> other{};
    const auto loads_of = [&](const secret& text) {
        const auto before = asked.loads();
        CHECK_FALSE(f.known(tokens, text));
        return asked.loads() - before;
    };
    const auto unknown = token_of(token_prefix, "000000000000", other);
    const auto wrong = token_of(token_prefix, good.row.id, other);
    for (const auto* text : {&unknown, &wrong, &expired.text, &revoked.text}) {
        CHECK(loads_of(*text) == 1);
    }
    const auto most = token_registry::looks_for_refused.per_minute;
    for (auto taken = std::size_t(4); taken < most; ++taken)
        REQUIRE(loads_of(unknown) == 1);
    CHECK(loads_of(unknown) == 0);
    f.time.advance(60'000ms / most - 1ms);
    CHECK(loads_of(unknown) == 0);
    f.time.advance(1ms);
    CHECK(loads_of(unknown) == 1);
    CHECK(loads_of(unknown) == 0);
    CHECK(loads_of(secret("cof_")) == 0);
    const auto before = asked.loads();
    CHECK(f.known(tokens, good.text));
    CHECK(asked.loads() == before);
}

TEST_CASE("Those who are refused at the same time share the look") {
    fixture f;
    coffer_test::staged_store slow;
    const auto open = [&](options with) {
        with.time = &f.time;
        return coffer_test::service_vault(slow, f.keys, with);
    };
    token_registry elsewhere(open({}), f.time);
    token_registry tokens(open({.recheck_after = 1h}), f.time);
    const auto wish = token_wish{.name = "app", .grants = {reads_e}, .created_by = "local"};
    const auto good = elsewhere.mint(wish).value();
    REQUIRE(f.known(tokens, good.text));
    std::atomic<int> asking = 0;
    // A look is under way until all have asked, so that who does not wait for it begins another.
    slow.before_load([&](std::string_view, std::span<const std::string>) {
        while (asking < 4)
            std::this_thread::yield();
        std::this_thread::sleep_for(500ms);
    });
    std::array<std::byte, 32> other{};
    const auto unknown = token_of(token_prefix, "000000000000", other);
    const auto before = slow.loads();
    std::vector<std::thread> all;
    for (int i = 0; i < 4; ++i)
        all.emplace_back([&] {
            ++asking;
            (void)tokens.authenticate(unknown.expose_secret(), f.from_here);
        });
    for (auto& one : all)
        one.join();
    // The one that was under way, and the one that began after all had asked.
    CHECK(slow.loads() > before);
    CHECK(slow.loads() - before <= 2);
}

TEST_CASE("Who is refused while a look is under way is answered by one that begins later") {
    fixture f;
    std::function<void()> loaded;
    struct late_store {
        any_store store;
        std::function<void()>* loaded;
        auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut> {
            auto out = store.load(partition, keys);
            if (*loaded) std::exchange(*loaded, nullptr)();
            return out;
        }
        auto commit(std::string_view partition, revision expected, revision next,
                    std::span<const object_write> writes) -> result<commit_outcome> {
            return store.commit(partition, expected, next, writes);
        }
        auto limits() const noexcept -> store_limits { return store.limits(); }
    };
    token_registry tokens(
        coffer_test::service_vault(any_store(late_store{any_store(f.store), &loaded}),
                                   coffer_test::forgetful_keys(f.keys),
                                   {.recheck_after = 1h, .time = &f.time}),
        f.time);
    REQUIRE(f.known(tokens, f.mint().text));
    std::thread meanwhile;
    bool let_in = false;
    loaded = [&] {
        meanwhile = std::thread([&, made = f.mint()] { let_in = f.known(tokens, made.text); });
        std::this_thread::sleep_for(200ms);
    };
    std::array<std::byte, 32> other{};
    CHECK_FALSE(f.known(tokens, token_of(token_prefix, "000000000000", other)));
    meanwhile.join();
    CHECK(let_in);
}

TEST_CASE("While the store is known to be away nobody's refusal waits for it") {
    fixture f;
    testing::faulty_store flaky{any_store(f.store)};
    token_registry tokens(
        coffer_test::service_vault(flaky, f.keys, {.serve_stale_for = 60s, .time = &f.time}),
        f.time);
    REQUIRE(f.known(tokens, f.mint().text));
    std::array<std::byte, 32> other{};
    const auto unknown = token_of(token_prefix, "000000000000", other);
    flaky.fail(1, testing::fault::unavailable);
    const auto before = flaky.loads();
    CHECK_FALSE(f.known(tokens, unknown));
    CHECK(flaky.loads() == before + 1);
}

TEST_CASE("Tokens that were revoked, or expired a day ago, are kept nowhere") {
    fixture f;
    (void)f.mint();
    const auto entries = [&] {
        return f.tokens.vault()->status(system_environment).value().entries;
    };
    const auto before = entries();
    for (int i = 0; i < 50; ++i)
        REQUIRE(f.tokens.revoke(f.mint().row.id));
    CHECK(entries() == before);

    const auto expires = f.mint({reads_e}, 60s).row.id;
    f.time.advance(60s + 24h - 1ms);
    (void)f.mint();
    CHECK(f.tokens.find(expires));
    f.time.advance(1ms);
    (void)f.mint(); // looked for within the hour
    CHECK(f.tokens.find(expires));
    f.time.advance(1h);
    (void)f.mint();
    CHECK(f.tokens.find(expires).error() == errc::not_found);
    CHECK(entries() == before + 3);

    const auto used = f.mint();
    CHECK(f.known(f.tokens, used.text));
    CHECK(f.tokens.last_use(used.row.id).at != 0);
    REQUIRE(f.tokens.revoke(used.row.id));
    f.time.advance(1h);
    (void)f.mint();
    CHECK(f.tokens.last_use(used.row.id).at == 0);
}

TEST_CASE("A token is refused from the moment it expires") {
    fixture f;
    const auto made = f.mint({reads_e}, 60s);
    f.time.advance(59'999ms);
    CHECK(f.known(f.tokens, made.text));
    f.time.advance(1ms);
    CHECK_FALSE(f.known(f.tokens, made.text));
    CHECK(f.tokens.is_expired(*f.tokens.find(made.row.id).value()));
}

TEST_CASE("A program's token lives for a year at most, a person's for 90 days") {
    fixture f;
    const auto lives = [&](grant g, std::chrono::milliseconds life) {
        return f.tokens
            .mint({.name = "n",
                   .grants = {std::move(g)},
                   .expires = f.tokens.now() + std::uint64_t(life.count())})
            .has_value();
    };
    CHECK(lives(reads_e, 24h * 365));
    CHECK_FALSE(lives(reads_e, 24h * 365 + 1ms));
    for (const auto as : {role::instance_operator, role::environment_admin, role::auditor}) {
        CHECK(lives({.as = as}, 24h * 90));
        CHECK_FALSE(lives({.as = as}, 24h * 90 + 1ms));
    }
    CHECK_FALSE(lives(reads_e, 0ms + std::chrono::milliseconds(-1)));
    CHECK_FALSE(f.tokens.mint({.name = "n", .grants = {reads_e}, .expires = f.tokens.now()}));
}

TEST_CASE(
    "A token without a name, without grants or with one that does not go together is not made") {
    fixture f;
    for (const auto& wish :
         {token_wish{.name = "", .grants = {reads_e}}, token_wish{.name = "n"},
          token_wish{.name = "n", .grants = std::vector(17, reads_e)},
          token_wish{.name = "n", .grants = {{.as = role::space_admin, .environment = "E"}}},
          token_wish{.name = std::string(256, 'n'), .grants = {reads_e}},
          token_wish{.name = std::string("n\0n", 3), .grants = {reads_e}}})
        CHECK_FALSE(f.tokens.mint(wish));
    CHECK(f.tokens.list().value().empty());
}

TEST_CASE("A token whose row could not be read again is not made") {
    fixture f;
    const auto reads = [](auto change) {
        auto g = reads_e;
        change(g);
        return token_wish{.name = "n", .grants = {g}};
    };
    const std::string long_id(256, 'e');
    for (const auto& wish :
         {reads([](grant& g) { g.names = {std::string(1100, 'A')}; }), reads([](grant& g) {
              g.names = {"A", ""};
          }),
          reads([](grant& g) { g.names = std::vector<std::string>(65, "A"); }),
          reads([](grant& g) { g.names = {"\xff"}; }),
          reads([](grant& g) { g.environment = std::string("E\0", 2); }),
          reads([&](grant& g) { g.environment = long_id; }),
          reads([&](grant& g) { g.space = long_id; }), reads([&](grant& g) { g.actor = long_id; })})
        CHECK(f.tokens.mint(wish).error() == errc::invalid_argument);
    CHECK(f.tokens.list().value().empty());
    CHECK(f.tokens.mint(reads([](grant& g) { g.names = std::vector<std::string>(64, "A"); })));
}

TEST_CASE("A row that can't be read hides no other token, and can be revoked") {
    fixture f;
    const auto made = f.mint();
    for (const auto* id : {"000000000000", "zzzzzzzzzzzz"})
        f.tokens.vault()->put_system("token/" + std::string(id), R"({"v":1})", {}).value();
    const auto all = f.tokens.list().value();
    REQUIRE(all.size() == 3);
    CHECK_FALSE(all[0]->readable);
    CHECK(all[0]->id == "000000000000");
    CHECK_FALSE(all[1]->readable);
    CHECK(all[2]->id == made.row.id);
    CHECK(all[2]->readable);
    std::array<std::byte, 32> zeros{};
    const auto text = token_of(token_prefix, "000000000000", zeros);
    CHECK_FALSE(f.tokens.authenticate(text.expose_secret(), f.from_here));
    CHECK(f.tokens.revoke("000000000000"));
    CHECK(f.tokens.revoke("zzzzzzzzzzzz"));
    CHECK(f.tokens.list().value().size() == 1);
}

TEST_CASE("The list shows every token in the order in which they were made, and no other entry") {
    fixture f;
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) {
        ids.push_back(f.mint().row.id);
        f.time.advance(1s);
    }
    f.tokens.vault()->put_system("audit/key", "x", {}).value();
    f.tokens.vault()->create_environment("E", "{}").value();
    f.tokens.revoke(ids[2]).value();
    ids.erase(ids.begin() + 2);
    std::vector<std::string> listed;
    for (const auto& row : f.tokens.list().value())
        listed.push_back(row->id);
    CHECK(listed == ids);
}

TEST_CASE("Without waiting a token is told only while the state is recent, and never a wrong one") {
    fixture f;
    token_registry tokens(f.open({.recheck_after = 100ms}), f.time);
    const auto made = f.mint();
    const auto now = [&](const secret& text) {
        return tokens.try_authenticate(text.expose_secret(), f.from_here).has_value();
    };
    CHECK_FALSE(now(made.text)); // nothing looked at yet
    REQUIRE(f.known(tokens, made.text));
    CHECK(now(made.text));
    std::array<std::byte, 32> other{};
    CHECK_FALSE(now(token_of(token_prefix, made.row.id, other)));
    CHECK_FALSE(now(secret("cof_")));
    f.time.advance(101ms);
    CHECK_FALSE(now(made.text));
}

TEST_CASE("While the store is away tokens are good for serve_stale_for; then it can't be told") {
    fixture f;
    testing::faulty_store flaky{any_store(f.store)};
    token_registry tokens(
        coffer_test::service_vault(flaky, f.keys, {.serve_stale_for = 60s, .time = &f.time}),
        f.time);
    const auto made = f.mint();
    REQUIRE(f.known(tokens, made.text));
    f.time.advance(59s);
    flaky.fail(1, testing::fault::unavailable);
    CHECK(f.known(tokens, made.text));
    CHECK_FALSE(flaky.armed());
    f.time.advance(2s);
    flaky.fail(1, testing::fault::unavailable);
    CHECK(tokens.authenticate(made.text.expose_secret(), f.from_here).error() == errc::unavailable);
}

TEST_CASE("Grants go through JSON unchanged") {
    auto all = full_grants();
    all.push_back({.as = role::service,
                   .environment = "E",
                   .space = "S \"1\"",
                   .write = true,
                   .actor = "a",
                   .names = {"A_*", "\xc3\xa4?"}});
    all.push_back({.as = role::space_admin, .environment = "E", .space = "S", .reveal = true});
    wiped_text text;
    json_writer w(text);
    w.begin_object().key("grants");
    write_grants(w, all);
    w.end_object();
    const auto read = json_document::read(text);
    CHECK(read_grants(*read.value().find("grants")) == all);
}

TEST_CASE("A role has one name, and one of before is still read") {
    for (const auto as : all_roles)
        CHECK(role_of(to_string(as)) == as);
    CHECK(to_string(role::environment_admin) == "env-admin"); // as the command takes it
    CHECK(to_string(role::space_admin) == "space-admin");
    CHECK(role_of("environment_admin") == role::environment_admin);
    CHECK(role_of("space_admin") == role::space_admin);
    CHECK_FALSE(role_of("env_admin"));
    CHECK_FALSE(role_of(""));
}

TEST_CASE("A grant in JSON that could mean more than was meant is refused") {
    const auto reads = [](std::string_view json) {
        const auto text = "{\"g\":" + std::string(json) + "}";
        const auto read = json_document::read(text);
        REQUIRE(read);
        return read_grant(*read->find("g")).has_value();
    };
    CHECK(reads(R"({"role":"service","environmentId":"E","spaceId":"S"})"));
    CHECK_FALSE(reads(R"({"role":"service","environmentId":"E","spaceID":"S"})"));
    CHECK_FALSE(reads(R"({"role":"service","environmentId":"E","spaceId":null})"));
    CHECK_FALSE(reads(R"({"role":"service","environmentId":"E","spaceId":""})"));
    CHECK_FALSE(reads(R"({"role":"service","environmentId":"E","names":[]})"));
    CHECK_FALSE(reads(R"({"role":"service","environmentId":"E","names":[""]})"));
    CHECK_FALSE(reads(R"({"role":"service","environmentId":"E","write":"false"})"));
    CHECK_FALSE(reads(R"({"role":"root"})"));
    CHECK_FALSE(reads(R"({"environmentId":"E"})"));
    CHECK_FALSE(reads(R"({"role":"space_admin","environmentId":"E"})"));
    CHECK_FALSE(reads(R"([])"));
    CHECK_FALSE(reads(R"("service")"));
}

TEST_CASE("A row of before is read, and is written in the form of now") {
    fixture f;
    const auto made = f.mint({{.as = role::space_admin, .environment = "E", .space = "S"},
                              {.as = role::environment_admin, .environment = "F"}});
    const auto stored = [&] {
        const auto value = f.tokens.vault()->resolver().get({.environment = system_environment},
                                                            "token/" + made.row.id);
        return std::string(value.value().expose_secret());
    };
    auto text = stored();
    CHECK(text.starts_with(R"({"v":2,)"));
    const auto put_in_place = [&](std::string_view part, std::string_view with) {
        REQUIRE(text.find(part) != text.npos);
        text.replace(text.find(part), part.size(), with);
    };
    put_in_place("\"v\":2", "\"v\":1");
    put_in_place("space-admin", "space_admin");
    put_in_place("env-admin", "environment_admin");
    REQUIRE(f.tokens.vault()->put_system("token/" + made.row.id, text, {}));
    CHECK(f.known(f.tokens, made.text));
    CHECK(f.tokens.find(made.row.id).value()->grants == made.row.grants);
    const auto nothing = [](const ended_token&) {};
    REQUIRE(f.tokens.end_in(scope(context{.environment = "F"}), "local", nothing));
    CHECK(stored().starts_with(R"({"v":2,)"));
    CHECK(stored().find("space-admin") != std::string::npos);
    CHECK(f.known(f.tokens, made.text));
}

TEST_CASE("A row that is not as it was written is no token") {
    const auto good =
        R"({"v":1,"sha256":")" + std::string(64, 'a') +
        R"(","name":"n","created":1,"createdBy":"x","expires":9,"grants":[{"role":"auditor"}]})";
    CHECK(read_token_row("id", good));
    const auto without = [&](std::string_view part, std::string_view with) {
        auto text = good;
        text.replace(text.find(part), part.size(), with);
        return read_token_row("id", text).has_value();
    };
    const auto form = [&](const char* number) {
        auto text = good;
        text.replace(text.find("\"v\":1"), 5, "\"v\":" + std::string(number));
        const auto row = read_token_row("id", text);
        return row ? errc{} : row.error().code;
    };
    CHECK(form("2") == errc{});
    CHECK(form("3") == errc::unsupported); // of a later version, and not damaged
    CHECK(form("18446744073709551615") == errc::unsupported);
    CHECK(form("0") == errc::tampered);
    CHECK(form("\"2\"") == errc::tampered);
    CHECK_FALSE(without("aaaa", "aaa"));
    CHECK_FALSE(without("aaaa", "gggg"));
    CHECK_FALSE(without("\"expires\":9", "\"expires\":0"));
    CHECK_FALSE(without("auditor", "king"));
    CHECK_FALSE(without("\"grants\":", "\"grantS\":"));
    CHECK_FALSE(read_token_row("id", "{"));
}
