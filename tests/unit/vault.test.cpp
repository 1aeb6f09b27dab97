// SPDX-License-Identifier: BSL-1.0
#include "support/vault.hpp"
#include "support/catch.hpp"
#include "support/staged_store.hpp"

#include <coffer/testing/faulty_store.hpp>
#include <coffer/testing/manual_clock.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <vector>

using coffer::change;
using coffer::change_kind;
using coffer::context;
using coffer::errc;
using coffer::value_ref;
using coffer::write_options;
using coffer_test::shown;
using coffer_test::test_vault;

namespace {

constexpr context prod{.environment = "prod"};
constexpr context acme{.environment = "prod", .space = "acme"};
constexpr context globex{.environment = "prod", .space = "globex"};

struct fixture {
    coffer::testing::manual_clock time;
    coffer::memory::store store;
    coffer::keyring::memory_keyring keys;
    test_vault vault = open();

    auto open(coffer::options with = {}) -> test_vault {
        with.time = &time;
        return {store, coffer::cryptopp::aes_256_gcm{}, keys, with};
    }
    fixture() {
        vault.ensure_space(acme).value();
        vault.ensure_space(globex).value();
    }
    auto get(context where, std::string_view name) const -> std::string {
        return shown(vault.resolver().get(where, name));
    }
};

auto batch(std::vector<std::pair<std::string, std::string>> values)
    -> std::vector<coffer::named_value> {
    std::vector<coffer::named_value> out;
    for (const auto& [name, value] : values) {
        const auto data = coffer::as_bytes(value);
        out.push_back({name, coffer::wiped_bytes(data.begin(), data.end())});
    }
    return out;
}

/// An edit of one's own: what only a holder of the key could do, or what nobody should.
template <class Change>
struct own_edit {
    using value_type = bool;
    Change change;

    auto operator()(coffer::tree::draft& d) const -> coffer::result<bool> { return change(d); }
};
template <class Change>
own_edit(Change) -> own_edit<Change>;

/// One that changes an entry.
template <class Change>
auto entry_edit(const coffer::format::entry_key& key, Change change) {
    return own_edit{[key, change](coffer::tree::draft& d) -> coffer::result<bool> {
        auto e = *d.find(key);
        const auto done = change(d, e);
        d.set(std::move(e));
        return done;
    }};
}

auto set(std::string name, std::string_view value, write_options with = {}) -> change {
    return {change_kind::put, std::move(name), value_ref(value).wiped_copy(), std::move(with)};
}
auto with(change_kind kind, std::string name, write_options with = {}) -> change {
    return {kind, std::move(name), {}, std::move(with)};
}
template <class... C>
auto all(C&&... each) -> std::vector<change> {
    std::vector<change> out;
    (out.push_back(std::forward<C>(each)), ...);
    return out;
}

} // namespace

TEST_CASE("a space inherits, overrides, hides and inherits again") {
    fixture f;
    f.vault.put(prod, "TOKEN", "everyone").value();
    CHECK(f.get(acme, "TOKEN") == "everyone");

    CHECK(f.vault.put(acme, "TOKEN", "acme").value().version == 1);
    CHECK(f.get(acme, "TOKEN") == "acme");
    CHECK(f.get(globex, "TOKEN") == "everyone");
    CHECK(f.get(prod, "TOKEN") == "everyone");

    f.vault.hide(acme, "TOKEN").value();
    CHECK(f.get(acme, "TOKEN") == "not_found");
    f.vault.show(acme, "TOKEN").value();
    CHECK(f.get(acme, "TOKEN") == "acme");

    f.vault.erase(acme, "TOKEN").value();
    CHECK(f.get(acme, "TOKEN") == "everyone");
    f.vault.undelete(acme, "TOKEN").value();
    CHECK(f.get(acme, "TOKEN") == "acme");
}

TEST_CASE("hiding a name that the space never set, and showing it, inherits again") {
    fixture f;
    f.vault.put(prod, "TOKEN", "everyone").value();
    f.vault.hide(acme, "TOKEN").value();
    CHECK(f.get(acme, "TOKEN") == "not_found");
    CHECK_FALSE(f.vault.hide(acme, "TOKEN").value().changed);
    f.vault.show(acme, "TOKEN").value();
    CHECK(f.get(acme, "TOKEN") == "everyone");
    CHECK(f.vault.show(acme, "TOKEN").error() == errc::not_found);
}

TEST_CASE("versions count up, history keeps ten, rollback makes a new one with the old value") {
    fixture f;
    for (int i = 1; i <= 12; ++i)
        CHECK(f.vault.put(prod, "TOKEN", "value " + std::to_string(i)).value().version ==
              static_cast<unsigned>(i));
    const auto history = f.vault.history(prod, "TOKEN").value();
    REQUIRE(history.size() == 10);
    CHECK(history.front().version == 12);
    CHECK(history.back().version == 3);
    CHECK(f.vault.rollback(prod, "TOKEN", 3).value().version == 13);
    CHECK(f.get(prod, "TOKEN") == "value 3");
    CHECK(f.vault.rollback(prod, "TOKEN", 3).error() ==
          errc::not_found); // trimmed by the thirteenth
    CHECK(f.vault.rollback(prod, "TOKEN", 99).error() == errc::not_found);

    const auto old = f.vault.get_version(prod, "TOKEN", 7).value();
    CHECK(old.expose_secret() == "value 7");
    CHECK(old.version() == 7);
    CHECK(f.vault.get_version(prod, "TOKEN", 1).error() == errc::not_found);
}

TEST_CASE("a name set again after its removal is another secret, and its numbers go on") {
    fixture f;
    f.vault.put(prod, "TOKEN", "one").value();
    const auto first = f.vault.list(prod).value().front();
    f.vault.erase(prod, "TOKEN").value();
    CHECK(f.get(prod, "TOKEN") == "not_found");
    CHECK(f.vault.erase(prod, "TOKEN").error() == errc::not_found);
    CHECK(f.vault.put(prod, "TOKEN", "two").value().version == 3);
    const auto second = f.vault.list(prod).value().front();
    CHECK(first.id != second.id);
    CHECK(second.version == 3);
}

TEST_CASE("an expectation that does not hold is a conflict and writes nothing") {
    fixture f;
    CHECK(f.vault.put(prod, "TOKEN", "x", {.if_version = 1}).error() == errc::conflict);
    CHECK(f.vault.put(prod, "TOKEN", "one", {.if_version = 0}).value().version == 1);
    CHECK(f.vault.put(prod, "TOKEN", "x", {.if_version = 0}).error() == errc::conflict);
    CHECK(f.vault.put(prod, "TOKEN", "two", {.if_version = 1}).value().version == 2);
    for (const auto failed : {f.vault.erase(prod, "TOKEN", {.if_version = 1}).error(),
                              f.vault.hide(prod, "TOKEN", {.if_version = 1}).error(),
                              f.vault.rollback(prod, "TOKEN", 1, {.if_version = 1}).error()})
        CHECK(failed == errc::conflict);
    CHECK(f.get(prod, "TOKEN") == "two");
    CHECK(f.vault.history(prod, "TOKEN").value().size() == 2);
}

TEST_CASE("a note that is expected and not there is a conflict, whatever the version") {
    fixture f;
    const auto note = [&] { return f.vault.list(prod).value().front().note; };
    const auto put = [&](std::string seen, std::string next) {
        return f.vault.put(prod, "TOKEN", "v",
                           {.if_note = std::move(seen), .note = std::move(next)});
    };
    CHECK(put("some", "a").error() == errc::conflict);
    CHECK(put("", "a").value().version == 1);
    CHECK(put("", "b").error() == errc::conflict);
    CHECK(put("a", "b").value().version == 1); // the same value: the note alone is new
    CHECK(put("a", "c").error() == errc::conflict);
    CHECK(f.vault.rollback(prod, "TOKEN", 1, {.if_note = "a", .note = "c"}).error() ==
          errc::conflict);
    CHECK(note() == "b");
    f.vault.erase(prod, "TOKEN", {.if_note = "b"}).value();
    CHECK(put("b", "c").error() == errc::conflict); // what was removed has none
    CHECK(put("", "c"));
    CHECK(note() == "c");
}

TEST_CASE("metadata of another version than is expected to be replaced is a conflict") {
    fixture f;
    const auto version = [&](std::string_view space) {
        for (const auto& e : f.vault.entries("prod").value())
            if (e.space == space && e.actor.empty() && e.entry.name.empty()) return e.entry.version;
        return std::uint64_t{0};
    };
    for (const auto where : {prod, acme}) {
        const auto seen = version(where.space);
        REQUIRE(seen == 1);
        CHECK(f.vault.set_description(where, R"({"a":1})", seen));
        CHECK(f.vault.set_description(where, R"({"b":1})", seen).error() == errc::conflict);
        CHECK(f.vault.set_description(where, R"({"b":1})", 0).error() == errc::conflict);
        CHECK(f.vault.describe(where).value() == R"({"a":1})");
        CHECK(f.vault.set_description(where, R"({"c":1})", version(where.space)));
        CHECK(f.vault.set_description(where, R"({"d":1})"));
        CHECK(version(where.space) == 4);
    }
    CHECK(f.vault.set_description({.environment = "prod", .space = "none"}, "{}", 1).error() ==
          errc::unknown_scope);
}

TEST_CASE("an expectation is judged by the newest state, not by the one a vault happens to hold") {
    fixture f;
    auto other = f.open();
    other.put(prod, "TOKEN", "one").value();
    f.vault.put(prod, "TOKEN", "two").value(); // `other` has not seen this
    CHECK(other.put(prod, "TOKEN", "three", {.if_version = 1}).error() == errc::conflict);
    f.vault.put(prod, "TOKEN", "three").value(); // nor this, which makes its expectation true
    CHECK(other.put(prod, "TOKEN", "four", {.if_version = 3}).value().version == 4);
}

TEST_CASE("the same value by the same author is no new version; by another author it is") {
    fixture f;
    auto ana = f.open({.author = "ana"});
    auto ben = f.open({.author = "ben"});
    CHECK(ana.put(prod, "TOKEN", "same").value().changed);
    const auto again = ana.put(prod, "TOKEN", "same").value();
    CHECK_FALSE(again.changed);
    CHECK(again.version == 1);
    CHECK(ben.put(prod, "TOKEN", "same").value().version == 2);
    CHECK(ana.put(prod, "TOKEN", "same").value().version == 3);
    CHECK(ana.history(prod, "TOKEN").value().front().author == "ana");
}

TEST_CASE("a batch is written whole or not at all") {
    fixture f;
    CHECK(f.vault.put_many(prod, batch({{"A", "1"}, {"B", "2"}})).value().size() == 2);
    CHECK(f.vault.put_many(prod, batch({{"C", "3"}, {"", "4"}})).error() == errc::invalid_argument);
    CHECK(f.vault.put_many(prod, batch({{"C", "3"}, {"A", "9"}}), {.if_version = 0}).error() ==
          errc::conflict);
    CHECK(f.get(prod, "C") == "not_found");
    CHECK(f.get(prod, "A") == "1");
    // The same name twice: the last value wins, both are versions.
    CHECK(f.vault.put_many(prod, batch({{"D", "1"}, {"D", "2"}})).value().back().version == 2);
    CHECK(f.get(prod, "D") == "2");
    CHECK(shown(f.vault.get_version(prod, "D", 1)) == "1");
}

TEST_CASE("an expiry in seconds is refused, not taken for one of 1970") {
    fixture f;
    const auto seconds = std::uint64_t{1'800'000'000};
    CHECK(f.vault.put(prod, "A", "1", {.expires = seconds}).error() == errc::invalid_argument);
    CHECK(f.vault.hide(prod, "A", {.expires = seconds}).error() == errc::invalid_argument);
    CHECK(f.get(prod, "A") == "not_found");
    CHECK(f.vault.put(prod, "A", "1", {.expires = seconds * 1000}));
    CHECK(f.get(prod, "A") == "1");
    CHECK(f.vault.put(prod, "A", "1", {.expires = 1})); // what is past may be set
    CHECK(f.get(prod, "A") == "expired");
}

TEST_CASE("a value has a zero behind it, of whatever length it is") {
    fixture f;
    for (const std::size_t size : {1U, 59U, 60U, 61U, 124U, 252U, 508U, 65'536U}) {
        CAPTURE(size);
        f.vault.put(prod, "A", std::string(size, 'v')).value();
        const auto current = f.vault.resolver().get(prod, "A").value();
        const auto old = f.vault.get_version(prod, "A", current.version()).value();
        for (const auto* one : {&current, &old}) {
            CHECK(std::strlen(one->expose_c_str()) == size);
            CHECK(one->expose_c_str() == one->expose_secret().data());
        }
        const auto clone = current.clone();
        CHECK(std::strlen(clone.expose_c_str()) == size);
    }
}

TEST_CASE("status counts the bytes of the newest values, whoever wrote them") {
    fixture f;
    const auto taken = [&] {
        const auto here = f.vault.status("prod").value().sealed_bytes;
        CHECK(f.open().status("prod").value().sealed_bytes == here); // as read from the store
        return here;
    };
    const auto scopes = taken(); // what describes them are values, too
    f.vault.put(prod, "A", std::string(1000, 'v')).value();
    const auto one = taken() - scopes;
    CHECK(one >= 1000);
    CHECK(one <= 1300);
    f.vault.put(acme, "A", std::string(1000, 'v')).value();
    CHECK(taken() - scopes == 2 * one);
    f.vault.put(prod, "A", std::string(1000, 'w')).value();
    CHECK(taken() - scopes == 2 * one);
    f.vault.hide(acme, "A").value();
    CHECK(taken() - scopes == one);
    f.vault.erase(prod, "A").value();
    CHECK(taken() == scopes);
}

TEST_CASE("changes of several names in one call are one commit, or nothing") {
    using enum change_kind;
    fixture f;
    f.vault.put_many(prod, batch({{"A", "1"}, {"B", "2"}, {"H", "h"}, {"S", "s"}})).value();
    f.vault.hide(prod, "S").value();
    const auto before = f.vault.status("prod").value().generation;
    const auto done =
        f.vault
            .change_many(prod, all(set("A", "3", {.note = "of A"}), set("C", "4"), with(erase, "B"),
                                   with(hide, "H"), with(show, "S")))
            .value();
    CHECK(f.vault.status("prod").value().generation == before + 1);
    std::vector<std::uint64_t> versions;
    for (const auto& one : done)
        versions.push_back(one.version);
    CHECK(versions == std::vector<std::uint64_t>{2, 1, 2, 2, 3});
    CHECK(f.get(prod, "A") == "3");
    CHECK(f.get(prod, "C") == "4");
    CHECK(f.get(prod, "B") == "not_found");
    CHECK(f.get(prod, "H") == "not_found");
    CHECK(f.get(prod, "S") == "s");
    for (const auto& e : f.vault.list(prod).value())
        CHECK(e.note == (e.name == "A" ? "of A" : ""));

    const auto refused = [&](change&& one) {
        return f.vault.change_many(prod, all(set("A", "5"), std::move(one))).error().code;
    };
    CHECK(refused(with(erase, "B")) == errc::not_found);
    CHECK(refused(with(show, "A")) == errc::not_found);
    CHECK(refused(with(undelete, "A")) == errc::not_found);
    CHECK(refused(with(erase, "")) == errc::invalid_argument);
    CHECK(refused(set("D", "")) == errc::invalid_argument);
    CHECK(refused(with(erase, "C", {.note = std::string(5000, 'n')})) == errc::too_large);
    CHECK(f.get(prod, "A") == "3");
    CHECK(f.vault.status("prod").value().generation == before + 1);
    CHECK(f.vault.change_many(prod, {}).value().empty());
    CHECK(f.vault.status("prod").value().generation == before + 1);
    CHECK(f.vault.change_many(prod, all(with(undelete, "B"))).has_value());
    CHECK(f.get(prod, "B") == "2");
}

TEST_CASE("a space that can't be made makes no environment, and any bytes can be a value") {
    fixture f;
    const std::string long_id(300, 's');
    CHECK(f.vault.ensure_space({.environment = "fresh", .space = long_id}).error() ==
          errc::too_large);
    CHECK(f.vault.ensure_space({.environment = "fresh", .space = "s"}, std::string(300'000, ' '))
              .error() == errc::too_large);
    CHECK(f.vault.environments().value().size() == 1);

    const coffer::bytes raw{std::byte{1}, std::byte{0}, std::byte{255}};
    const std::array<std::byte, 2> few{std::byte{7}, std::byte{8}};
    const coffer::wiped_bytes wiped(raw.begin(), raw.end());
    f.vault.put(prod, "RAW", raw).value();
    f.vault.put(prod, "FEW", few).value();
    f.vault.put(prod, "WIPED", wiped).value();
    CHECK(f.get(prod, "RAW") == std::string("\x01\0\xff", 3));
    CHECK(f.get(prod, "WIPED") == std::string("\x01\0\xff", 3));
    CHECK(f.get(prod, "FEW") == "\x07\x08");
}

TEST_CASE("a write that means one secret finds no other by its name, and no removed one") {
    fixture f;
    const auto first = f.vault.put(prod, "A", "1").value().id;
    f.vault.put(prod, "A", "2").value();
    CHECK(f.vault.put(prod, "A", "3", {.if_id = first}).value().id == first);
    CHECK(f.vault.erase(prod, "A", {.if_id = first}).has_value());
    CHECK(f.vault.erase(prod, "A", {.if_id = first}).error() == errc::not_found);
    CHECK(f.vault.put(prod, "A", "4", {.if_id = first}).error() == errc::not_found);
    const auto second = f.vault.put(prod, "A", "5").value().id;
    CHECK(f.vault.erase(prod, "A", {.if_id = first}).error() == errc::not_found);
    CHECK(f.get(prod, "A") == "5");
    CHECK(f.vault.hide(prod, "A", {.if_id = second}).has_value());
    CHECK(f.vault.put(prod, "B", "1", {.if_id = second}).error() == errc::not_found);
}

TEST_CASE("each of several changes expects a version of its own") {
    using enum change_kind;
    fixture f;
    f.vault.put_many(prod, batch({{"A", "1"}, {"B", "1"}, {"H", "1"}})).value();
    f.vault.put(prod, "B", "2").value();
    const auto try_with = [&](std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t h) {
        return f.vault.change_many(
            prod, all(set("A", "new", {.if_version = a}), with(erase, "B", {.if_version = b}),
                      set("C", "new", {.if_version = c}), with(hide, "H", {.if_version = h})));
    };
    CHECK(try_with(2, 2, 0, 1).error() == errc::conflict);
    CHECK(try_with(1, 1, 0, 1).error() == errc::conflict);
    CHECK(try_with(1, 2, 1, 1).error() == errc::conflict);
    CHECK(try_with(1, 2, 0, 0).error() == errc::conflict);
    CHECK(f.get(prod, "A") == "1");
    CHECK(try_with(1, 2, 0, 1).has_value());
    CHECK(f.get(prod, "A") == "new");
}

TEST_CASE("names, values and ids outside their limits are refused, and nothing is written") {
    fixture f;
    const std::string long_name(1025, 'n');
    const std::string wide_name = [] {
        std::string s;
        for (int i = 0; i < 1024; ++i)
            s += "\xF0\x9F\x94\x91";
        return s;
    }();
    const std::string value_64k(std::size_t{64} << 10, 'v');
    const auto before = f.vault.status("prod").value().generation;

    CHECK(f.vault.put(prod, "", "v").error() == errc::invalid_argument);
    CHECK(f.vault.put(prod, std::string_view("a\0b", 3), "v").error() == errc::invalid_argument);
    CHECK(f.vault.put(prod, "\xC0\xAF", "v").error() == errc::invalid_argument);
    CHECK(f.vault.put(prod, "\xED\xA0\x80", "v").error() == errc::invalid_argument);
    CHECK(f.vault.put(prod, "N", static_cast<const char*>(nullptr)).error() ==
          errc::invalid_argument);
    CHECK(f.vault.put(prod, long_name, "v").error() == errc::too_large);
    CHECK(f.vault.put(prod, "N", "").error() == errc::invalid_argument);
    CHECK(f.vault.put(prod, "N", value_64k + "x").error() == errc::too_large);
    CHECK(f.vault.put({.environment = ""}, "N", "v").error() == errc::invalid_argument);
    CHECK(f.vault.put({.environment = "coffer.system"}, "N", "v").error() ==
          errc::invalid_argument);
    CHECK(f.vault.put({.environment = "prod", .space = long_name}, "N", "v").error() ==
          errc::too_large);
    CHECK(f.vault.put(prod, "N", "v", {.note = std::string(4097, 'n')}).error() == errc::too_large);
    CHECK(f.vault.put(prod, "N", "v", {.author = std::string(256, 'a')}).error() ==
          errc::too_large);
    CHECK(f.vault.status("prod").value().generation == before);

    CHECK(f.vault.put(prod, wide_name, value_64k));
    CHECK(f.get(prod, wide_name) == value_64k);
    const std::string every_byte = [] {
        std::string s;
        for (int i = 0; i < 256; ++i)
            s.push_back(static_cast<char>(i));
        return s;
    }();
    CHECK(f.vault.put(prod, "bytes: any", every_byte));
    CHECK(f.get(prod, "bytes: any") == every_byte);

    // What a scope says of itself may be longer.
    const std::string described(coffer::limits::metadata_bytes, 'm');
    CHECK(f.vault.set_description(prod, described));
    CHECK(f.vault.describe(prod).value() == described);
    CHECK(f.vault.set_description(prod, described + "m").error() == errc::too_large);
    CHECK(f.vault.set_description(prod, "").error() == errc::invalid_argument);
    CHECK(f.vault.create_space({.environment = "prod", .space = "s"}, described + "m").error() ==
          errc::too_large);
    CHECK(f.vault.create_environment("e", described + "m").error() == errc::too_large);
}

TEST_CASE("a realm or an author that can't be written down is refused before anything is sealed") {
    fixture f;
    auto bad = f.open({.realm = std::string(65, 'r')});
    CHECK(bad.ensure_environment("other").error() == errc::too_large);
    auto wordy = f.open({.author = std::string(256, 'a')});
    CHECK(wordy.ensure_environment("other").error() == errc::too_large);
    CHECK(f.vault.environments().value() == std::vector<std::string>{"prod"});
}

TEST_CASE("an unknown environment or space is an error of its own, for readers and writers") {
    fixture f;
    f.vault.put(prod, "TOKEN", "everyone").value();
    const context typo{.environment = "prod", .space = "acmee"};
    CHECK(f.get(typo, "TOKEN") == "unknown_scope");
    CHECK(f.get({.environment = "prdo"}, "TOKEN") == "unknown_scope");
    CHECK(f.vault.put(typo, "TOKEN", "x").error() == errc::unknown_scope);
    CHECK(f.vault.put({.environment = "prdo"}, "TOKEN", "x").error() == errc::unknown_scope);
    CHECK(f.vault.erase(typo, "TOKEN").error() == errc::unknown_scope);
    CHECK(f.vault.describe(typo).error() == errc::unknown_scope);
    CHECK(f.vault.spaces("prdo").error() == errc::unknown_scope);
    CHECK(f.vault.create_space({.environment = "prdo", .space = "x"}).error() ==
          errc::unknown_scope);
}

TEST_CASE("a space is nobody's: its calls take no actor, and remove nothing for one") {
    fixture f;
    const context anas{.environment = "prod", .space = "acme", .actor = "ana"};
    f.vault.put(acme, "TOKEN", "acme").value();
    CHECK(f.vault.remove_space(anas).error() == errc::invalid_argument);
    CHECK(f.vault.create_space(anas).error() == errc::invalid_argument);
    CHECK(f.vault.ensure_space({.environment = "other", .actor = "ana"}).error() ==
          errc::invalid_argument);
    CHECK(f.vault.ensure_space({.environment = "other", .space = ""}).error() ==
          errc::invalid_argument);
    CHECK(f.vault.environments().value() == std::vector<std::string>{"prod"});
    CHECK(f.get(acme, "TOKEN") == "acme");
    CHECK(f.vault.get_version(acme, "TOKEN", 0).error() == errc::not_found);
    CHECK(shown(f.vault.get_version(acme, "TOKEN", 1)) == "acme");
}

TEST_CASE("with open spaces an unregistered space inherits, and its first write makes it") {
    fixture f;
    auto open = f.open({.known_spaces = coffer::spaces::open});
    open.put(prod, "TOKEN", "everyone").value();
    const context fresh{.environment = "prod", .space = "fresh"};
    CHECK(shown(open.resolver().get(fresh, "TOKEN")) == "everyone");
    // Nothing was ever set there, and nobody is told that the space is not there.
    CHECK(open.erase(fresh, "TOKEN").error() == errc::not_found);
    CHECK(open.show(fresh, "TOKEN").error() == errc::not_found);
    CHECK(open.undelete(fresh, "TOKEN").error() == errc::not_found);
    CHECK(open.rollback(fresh, "TOKEN", 1).error() == errc::not_found);
    CHECK(open.get_version(fresh, "TOKEN", 1).error() == errc::not_found);
    CHECK(f.vault.erase(fresh, "TOKEN").error() == errc::unknown_scope);
    CHECK(f.vault.get_version(fresh, "TOKEN", 1).error() == errc::unknown_scope);
    open.put(fresh, "TOKEN", "its own").value();
    CHECK(f.get(fresh, "TOKEN") == "its own"); // a vault that wants spaces registered knows it now
}

TEST_CASE(
    "environments and spaces are made once, listed, described and removed with all they hold") {
    fixture f;
    CHECK(f.vault.create_environment("prod").error() == errc::conflict);
    CHECK(f.vault.create_space(acme).error() == errc::conflict);
    CHECK(f.vault.ensure_environment("prod", R"({"name":"ignored"})"));
    CHECK(f.vault.describe(prod).value() == "{}");
    CHECK(f.vault.create_environment("dev", R"({"name":"Development"})"));
    CHECK(f.vault.describe({.environment = "dev"}).value() == R"({"name":"Development"})");
    CHECK(f.vault.set_description(acme, R"({"name":"Acme"})"));
    CHECK(f.vault.describe(acme).value() == R"({"name":"Acme"})");
    CHECK(f.vault.environments().value() == std::vector<std::string>{"dev", "prod"});
    CHECK(f.vault.spaces("prod").value() == std::vector<std::string>{"acme", "globex"});

    f.vault.put(acme, "TOKEN", "acme").value();
    f.vault.remove_space(acme).value();
    CHECK(f.get(acme, "TOKEN") == "unknown_scope");
    f.vault.ensure_space(acme).value();
    CHECK(f.get(acme, "TOKEN") == "not_found");

    f.vault.put(prod, "TOKEN", "everyone").value();
    f.vault.remove_environment("prod").value();
    CHECK(f.get(prod, "TOKEN") == "unknown_scope");
    CHECK(f.vault.environments().value() == std::vector<std::string>{"dev"});
    CHECK(f.vault.remove_environment("prod").error() == errc::unknown_scope);
    f.vault.ensure_environment("prod").value();
    CHECK(f.get(prod, "TOKEN") == "not_found");
    CHECK(f.vault.status("prod").value().deks.front().number == 2); // none of the old keys
}

TEST_CASE("an expired value ends the look-up and is kept for those who manage it") {
    fixture f;
    f.vault.put(prod, "TOKEN", "everyone").value();
    const auto soon = static_cast<std::uint64_t>(f.time.wall().count()) + 1000;
    f.vault.put(acme, "TOKEN", "acme", {.expires = soon}).value();
    CHECK(f.get(acme, "TOKEN") == "acme");
    f.time.advance(std::chrono::milliseconds(1000));
    CHECK(f.get(acme, "TOKEN") == "expired");
    CHECK(f.vault.resolver().all(acme).value().empty());
    CHECK(shown(f.vault.get_version(acme, "TOKEN", 1)) == "acme");
}

TEST_CASE(
    "undelete brings back what was removed, never that a name was hidden which had no value") {
    fixture f;
    f.vault.put(prod, "TOKEN", "everyone").value();
    f.vault.hide(acme, "TOKEN").value();
    f.vault.show(acme, "TOKEN").value();
    CHECK(f.vault.undelete(acme, "TOKEN").error() == errc::not_found);
    CHECK(f.get(acme, "TOKEN") == "everyone");

    // An older removal is found behind it.
    f.vault.put(acme, "TOKEN", "own").value();
    f.vault.erase(acme, "TOKEN").value();
    f.vault.hide(acme, "TOKEN").value();
    f.vault.show(acme, "TOKEN").value();
    f.vault.undelete(acme, "TOKEN").value();
    CHECK(f.get(acme, "TOKEN") == "own");

    // What was hidden over a value and then removed was hidden.
    f.vault.hide(acme, "TOKEN").value();
    f.vault.erase(acme, "TOKEN").value();
    CHECK(f.get(acme, "TOKEN") == "everyone");
    f.vault.undelete(acme, "TOKEN").value();
    CHECK(f.get(acme, "TOKEN") == "not_found");
}

TEST_CASE("a moment is an expiry in milliseconds, and never `never`") {
    using clock = std::chrono::system_clock;
    const clock::time_point epoch{};
    CHECK(coffer::expiry_at(epoch + std::chrono::microseconds(1'500'900)) == 1500);
    CHECK(coffer::expiry_at(epoch) == 1);
    CHECK(coffer::expiry_at(epoch - std::chrono::hours(1)) == 1);
}

TEST_CASE("what is brought back expires when it did, and keeps its note") {
    fixture f;
    const auto soon = static_cast<std::uint64_t>(f.time.wall().count()) + 1000;
    f.vault.put(prod, "TOKEN", "v", {.expires = soon, .note = "90 days"}).value();
    const auto is_as_it_was = [&] {
        const auto now = f.vault.list(prod).value().front();
        return now.expires == soon && now.note == "90 days" && f.get(prod, "TOKEN") == "v";
    };
    f.vault.hide(prod, "TOKEN").value();
    f.vault.show(prod, "TOKEN").value();
    CHECK(is_as_it_was());
    f.vault.erase(prod, "TOKEN").value();
    f.vault.undelete(prod, "TOKEN").value();
    CHECK(is_as_it_was());
    f.vault.put(prod, "TOKEN", "w").value();
    CHECK(f.vault.list(prod).value().front().expires == 0);
    f.vault.rollback(prod, "TOKEN", 1).value();
    CHECK(is_as_it_was());
    f.vault.erase(prod, "TOKEN").value();
    const auto back = f.vault.rollback(prod, "TOKEN", 1).value().version;
    CHECK(is_as_it_was());

    // What had expired is not served again by that, unless the caller says when it now expires.
    f.time.advance(std::chrono::milliseconds(1000));
    f.vault.hide(prod, "TOKEN").value();
    f.vault.show(prod, "TOKEN").value();
    CHECK(f.get(prod, "TOKEN") == "expired");
    f.vault.erase(prod, "TOKEN").value();
    f.vault.undelete(prod, "TOKEN").value();
    CHECK(f.get(prod, "TOKEN") == "expired");
    f.vault.rollback(prod, "TOKEN", back).value();
    CHECK(f.get(prod, "TOKEN") == "expired");
    f.vault.rollback(prod, "TOKEN", back, {.expires = soon + 5000, .note = "again"}).value();
    CHECK(f.get(prod, "TOKEN") == "v");
    CHECK(f.vault.list(prod).value().front().note == "again");
}

TEST_CASE("a note stays until it is replaced, and changing it alone makes no version") {
    fixture f;
    f.vault.put(prod, "TOKEN", "v", {.note = "read-only role"}).value();
    CHECK(f.vault.put(prod, "TOKEN", "w").value().version == 2);
    CHECK(f.vault.list(prod).value().front().note == "read-only role");
    const auto noted = f.vault.put(prod, "TOKEN", "w", {.note = "new note"}).value();
    CHECK(noted.version == 2);
    CHECK(noted.changed);
    CHECK(f.vault.list(prod).value().front().note == "new note");
}

TEST_CASE("verify opens every version of every value") {
    fixture f;
    f.vault.put(prod, "A", "1").value();
    f.vault.put(prod, "A", "2").value();
    f.vault.put(acme, "B", "3").value();
    const auto report = f.vault.verify("prod").value();
    CHECK(report.checked == 3 + 3); // and the metadata of the environment and two spaces
    CHECK(report.damaged.empty());
}

TEST_CASE("a burst of writes does not grow the store") {
    fixture f;
    for (int i = 0; i < 200; ++i)
        f.vault.put(prod, "TOKEN", std::to_string(i)).value();
    const auto partition = f.vault.engine().slot_of("prod").of().partition;
    // head, root, page, ten versions, three scopes, 32 that wait to be erased, and the last
    // commit's: it could not know of its own
    CHECK(f.store.list(partition).value().entries.size() == 3 + 10 + 3 + 32 + 3);
}

TEST_CASE("what is no longer listed stays for a minute, for readers that are at it") {
    fixture f;
    const auto partition = f.vault.engine().slot_of("prod").of().partition;
    f.vault.put(prod, "FIRST", "x").value();
    const auto before = f.store.list(partition).value().entries;
    for (int i = 0; i < 13; ++i) { // 26 roots and pages, beside the first six
        f.time.advance(std::chrono::milliseconds(4'600));
        f.vault.put(prod, "TOKEN" + std::to_string(i % 10), std::to_string(i)).value();
    }
    auto now = f.store.list(partition).value().entries;
    for (const auto& was : before)
        CHECK(std::any_of(now.begin(), now.end(),
                          [&](const auto& e) { return e.first == was.first; }));
    f.time.advance(std::chrono::minutes(1));
    f.vault.put(prod, "LAST", "x").value();
    now = f.store.list(partition).value().entries;
    // head, root, page, 3 scopes, 1 + 13 + 1 values, and the root and page just replaced
    CHECK(now.size() == 3 + 3 + 15 + 2);
}

TEST_CASE("what an earlier process left unlisted is swept by the next one's first write") {
    fixture f;
    for (int i = 0; i < 5; ++i)
        f.vault.put(prod, "TOKEN", std::to_string(i)).value();
    f.time.advance(std::chrono::minutes(2));
    auto next = f.open();
    next.put(prod, "OTHER", "x").value();
    const auto partition = f.vault.engine().slot_of("prod").of().partition;
    const auto entries = f.store.list(partition).value().entries.size();
    // head, root, page, 3 scopes, 5 + 1 versions, and the root and page that this write replaced
    CHECK(entries == 1 + 2 + 3 + 6 + 2);
    CHECK(next.verify("prod").value().damaged.empty());
}

TEST_CASE("what the next process's first write finds too young it erases when it is time") {
    fixture f;
    for (int i = 0; i < 5; ++i)
        f.vault.put(prod, "TOKEN", std::to_string(i)).value();
    auto next = f.open();
    next.put(prod, "OTHER", "x").value();
    f.time.advance(std::chrono::minutes(1));
    next.put(prod, "OTHER", "y").value();
    const auto partition = f.vault.engine().slot_of("prod").of().partition;
    // head, root, page, 3 scopes, 5 + 2 versions, and the root and page that this write replaced
    CHECK(f.store.list(partition).value().entries.size() == 1 + 2 + 3 + 7 + 2);
}

TEST_CASE("a first write that is refused leaves the sweep to the next, and its seals are counted") {
    fixture f;
    for (int i = 0; i < 5; ++i)
        f.vault.put(prod, "TOKEN", std::to_string(i)).value();
    f.time.advance(std::chrono::minutes(2));
    coffer::testing::faulty_store refusing{f.store};
    test_vault next{refusing, coffer::cryptopp::aes_256_gcm{}, f.keys, {.time = &f.time}};
    const auto seals = [](test_vault& of) {
        return of.engine().slot_of("prod").held().known->head.active().seals;
    };
    const auto before = seals(f.vault);
    for (int i = 0; i < 3; ++i) {
        refusing.fail(1, coffer::testing::fault::unavailable, coffer::testing::call::commit);
        CHECK(next.put(prod, "OTHER", "x").error() == errc::unavailable);
    }
    next.put(prod, "OTHER", "x").value();
    CHECK(seals(next) == before + 4 * 3); // a record, a page and a root each time
    const auto partition = f.vault.engine().slot_of("prod").of().partition;
    // head, root, page, 3 scopes, 5 + 1 versions, and the root and page that this write replaced
    CHECK(f.store.list(partition).value().entries.size() == 1 + 2 + 3 + 6 + 2);
    next.put(prod, "OTHER", "y").value();
    CHECK(seals(next) == before + 5 * 3);
}

TEST_CASE("what a refused commit was to erase has had its grace, and the next one erases it") {
    fixture f;
    coffer::testing::faulty_store refusing{f.store};
    test_vault vault{refusing, coffer::cryptopp::aes_256_gcm{}, f.keys, {.time = &f.time}};
    vault.put(prod, "TOKEN", "x").value();
    f.time.advance(std::chrono::minutes(1));
    refusing.fail(1, coffer::testing::fault::unavailable, coffer::testing::call::commit);
    CHECK(vault.put(prod, "TOKEN", "y").error() == errc::unavailable);
    vault.put(prod, "TOKEN", "y").value();
    const auto partition = f.vault.engine().slot_of("prod").of().partition;
    // head, root, page, 3 scopes, 2 versions, and the root and page that this write replaced
    CHECK(f.store.list(partition).value().entries.size() == 3 + 3 + 2 + 2);
}

TEST_CASE(
    "What is kept beside the registry can be read by others, also where nothing else is yet") {
    coffer::memory::store store;
    coffer::keyring::memory_keyring keys;
    const bool empty = GENERATE(true, false);
    test_vault writer{store, coffer::cryptopp::aes_256_gcm{}, keys};
    if (!empty) writer.ensure_environment("prod").value();
    CHECK(writer.put_system("token/a", "row", {.if_version = 0})->version == 1);
    CHECK(writer.put_system("token/a", "row", {.if_version = 0}).error() == errc::conflict);
    CHECK(writer.put_system("environment/prod", "{}").error() == errc::invalid_argument);
    test_vault reader{store, coffer::cryptopp::aes_256_gcm{}, keys};
    const context beside{.environment = coffer::system_environment};
    CHECK(shown(reader.resolver().get(beside, "token/a")) == "row");
    CHECK(reader.environments().value().size() == (empty ? 0 : 1));
    CHECK(reader.erase_system("token/b").error() == errc::not_found);
    coffer::memory::store nothing;
    test_vault none{nothing, coffer::cryptopp::aes_256_gcm{}, coffer::keyring::memory_keyring{}};
    CHECK(none.erase_system("token/a").error() == errc::not_found);
    CHECK(nothing.partitions().value().empty());
    reader.erase_system("token/a").value();
    CHECK(shown(writer.resolver().get(beside, "token/a")) == "not_found");
    // Nothing of it is kept: neither its size nor its versions.
    const auto entries = writer.status(coffer::system_environment)->entries;
    for (int i = 0; i < 3; ++i) {
        const auto version = writer.put_system("token/a", "row", {.if_version = 0})->version;
        CHECK(version == 1);
        CHECK(writer.put_system("token/a", "other", {.if_version = 1})->version == 2);
        CHECK(writer.erase_system("token/a", {.if_version = 1}).error() == errc::conflict);
        CHECK(writer.erase_system("token/a", {.if_version = 2})->version == 2);
        CHECK(writer.erase_system("token/a").error() == errc::not_found);
    }
    CHECK(writer.status(coffer::system_environment)->entries == entries);
    CHECK(writer.verify(coffer::system_environment).value().damaged.empty());
}

TEST_CASE("an edit of one's own that brings an older version back is seen by its writer, too") {
    fixture f;
    auto vault = f.open({.recheck_after = std::chrono::milliseconds(0)});
    vault.put(prod, "TOKEN", "one").value();
    vault.put(prod, "TOKEN", "two").value();
    vault.put(prod, "OTHER", "other").value();
    const auto take_newest_away = [](auto&, coffer::format::entry& e) -> coffer::result<bool> {
        e.versions.erase(e.versions.begin());
        return true;
    };
    vault.engine().apply("prod", entry_edit({"", "", "TOKEN"}, take_newest_away)).value();
    CHECK(f.get(prod, "TOKEN") == "one");
    CHECK(shown(vault.resolver().get(prod, "TOKEN")) == "one");
    CHECK(shown(vault.resolver().get(prod, "OTHER")) == "other");
    CHECK(vault.verify("prod").value().damaged.empty());
}

TEST_CASE("what an edit that failed has staged is nobody else's") {
    fixture f;
    f.vault.put(prod, "TOKEN", "one").value();
    const coffer::format::entry_key key{"", "", "TOKEN"};
    coffer::algorithm::answered_edit failing(
        entry_edit(key, [](auto& d, coffer::format::entry& e) -> coffer::result<bool> {
            e.versions.front().record = {};
            d.stage(e.key, e.newest().number, coffer::as_bytes("in vain"));
            return errc::conflict;
        }));
    coffer::algorithm::answered_edit<coffer::algorithm::edits::read_version> reading({key, 1});
    f.vault.engine().transact(f.vault.engine().slot_of("prod"), {&failing, &reading}, {}).value();
    CHECK(failing.take().error() == errc::conflict);
    const auto read = reading.take().value();
    CHECK(coffer::as_text(read) == "one");
}

TEST_CASE("an older copy that was put back on purpose follows what was given up for it") {
    fixture f;
    const auto partition =
        coffer::format::partition_name(coffer::cryptopp::aes_256_gcm{}, "", "prod");
    const auto copied = [&] {
        const std::vector<std::string> head{"head"};
        return *f.store.load(partition, head).value().objects.front();
    };
    const auto stored = [&] { return f.store.list(partition).value(); };
    const auto put_back = [&](const coffer::listing& copy) {
        const auto now = stored();
        std::vector<coffer::object_write> writes;
        for (const auto& [key, value] : now.entries)
            if (key != "head") writes.push_back({key, std::nullopt});
        for (const auto& entry : copy.entries)
            if (entry.first != "head") {
                std::erase_if(writes, [&](const auto& w) { return w.key == entry.first; });
                writes.push_back({entry.first, entry.second});
            }
        for (const auto& [key, value] : copy.entries)
            if (key == "head") writes.push_back({key, value});
        REQUIRE(f.store.commit(partition, now.at, copy.at, writes).value() ==
                coffer::commit_outcome::committed);
    };
    f.vault.put(prod, "TOKEN", "kept").value();
    const bool removed = GENERATE(false, true);
    if (removed) f.vault.remove_environment("prod").value();
    const auto copy = stored();
    if (removed) f.vault.ensure_environment("prod").value();
    f.vault.put(prod, "TOKEN", "given up").value();
    const auto newest = coffer::format::decode_head(copied()).value();
    const auto given_up = stored();
    put_back(copy);

    // Without the keys' memory of what is newer.
    test_vault restored{f.store, coffer::cryptopp::aes_256_gcm{},
                        coffer_test::forgetful_keys(f.keys)};
    restored.supersede("prod", newest.generation, newest.active().number).value();
    const auto head = coffer::format::decode_head(copied()).value();
    CHECK(head.generation == std::uint64_t{1} << 32);
    CHECK(head.active().number == 0x10000);
    CHECK(head.ancestors == decltype(head.ancestors){});
    CHECK(head.closed() == removed);
    if (!removed) CHECK(restored.verify("prod").value().damaged.empty());

    auto reader = f.open(); // whose keys remember what was given up
    CHECK(shown(reader.resolver().get(prod, "TOKEN")) == (removed ? "unknown_scope" : "kept"));
    put_back(given_up);
    CHECK(shown(f.open().resolver().get(prod, "TOKEN")) == "rolled_back");
    CHECK(reader.resolver().refresh("prod").error() == errc::rolled_back);

    CHECK(restored.supersede("nowhere", 1, 1).error() == errc::unknown_scope);
    for (const auto& [generation, dek] :
         {std::pair{~std::uint64_t{0}, 1U}, std::pair{std::uint64_t{1}, ~0U}})
        CHECK(f.open().supersede("coffer.system", generation, dek).error() == errc::unsupported);
}

TEST_CASE("a version that names no record at all is missing, for readers and for writers") {
    fixture f;
    f.vault.put(prod, "TOKEN", "one").value();
    f.vault.put(prod, "TOKEN", "two").value();
    const auto forget_record = [](auto&, coffer::format::entry& e) -> coffer::result<bool> {
        e.versions.front().record = {};
        return true;
    };
    f.vault.engine().apply("prod", entry_edit({"", "", "TOKEN"}, forget_record)).value();
    auto vault = f.open();
    CHECK(shown(vault.resolver().get(prod, "TOKEN")) == "tampered");
    CHECK(vault.rotate_dek("prod").value().damaged == 1);
    CHECK(vault.put(prod, "TOKEN", "three"));
    CHECK(vault.hide(prod, "TOKEN"));
    CHECK(vault.erase(prod, "TOKEN"));
    CHECK(vault.verify("prod").value().damaged.size() == 1);
}

TEST_CASE("what is held is not used under a head that lists its DEK no more") {
    fixture f;
    f.vault.put(prod, "TOKEN", "one").value();
    auto holds = f.open({.recheck_after = std::chrono::milliseconds(0)});
    CHECK(shown(holds.resolver().get(prod, "TOKEN")) == "one");
    auto writer = f.open();
    writer.engine().apply("prod", coffer::algorithm::edits::begin_rotation{1}).value();
    CHECK(shown(holds.resolver().get(prod, "TOKEN")) == "one");
    const own_edit drop_dek{[](coffer::tree::draft& d) -> coffer::result<bool> {
        d.keys().drop.push_back(1);
        return true;
    }};
    writer.engine().apply("prod", drop_dek).value();
    CHECK(shown(f.open().resolver().get(prod, "TOKEN")) == "tampered");
    CHECK(shown(holds.resolver().get(prod, "TOKEN")) == "tampered");
    CHECK(holds.put(prod, "TOKEN", "two").error() == errc::tampered);
}
