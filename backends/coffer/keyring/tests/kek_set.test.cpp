// SPDX-License-Identifier: BSL-1.0
#include <coffer/keyring/kek_file.hpp>
#include <coffer/keyring/kek_set.hpp>

#include <support/catch.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include <string.h>

using namespace coffer;
using keyring::kek_set;
using keyring::kek_state;

namespace {

std::size_t compared = 0;

auto compare(const void* a, const void* b, std::size_t size) noexcept -> int {
    ++compared;
    const auto* x = static_cast<const volatile unsigned char*>(a);
    const auto* y = static_cast<const volatile unsigned char*>(b);
    for (std::size_t i = 0; i < size; ++i)
        if (x[i] != y[i]) return x[i] < y[i] ? -1 : 1;
    return 0;
}

} // namespace

// What texts of equal length are compared with, so that it can be counted; which of the two is the
// compiler's choice.
extern "C" [[gnu::noinline]] int memcmp(const void* a, const void* b, std::size_t size) noexcept {
    return compare(a, b, size);
}
extern "C" [[gnu::noinline]] int bcmp(const void* a, const void* b, std::size_t size) noexcept {
    return compare(a, b, size);
}

namespace {

auto names(std::size_t count) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < count; ++i)
        out.push_back("environment " + std::to_string(100'000 + i));
    return out;
}

/// How many texts a rotation of KEKs that speak for so many environments compares.
auto comparisons(std::size_t environments) -> std::size_t {
    kek_set set;
    const auto all = names(environments);
    set.add({.environments = {all.begin(), all.begin() + 10}}).value();
    set.add({.environments = all, .is_default = true}).value();
    const auto before = compared;
    const auto done = set.rotate().value();
    const auto needed = compared - before;
    REQUIRE(done.size() == 2);
    CHECK(set.keks()[2].info.environments.empty()); // the newer one is asked for all of them
    CHECK(set.keks()[3].info.environments == all);
    return needed;
}

} // namespace

TEST_CASE("A rotation compares each environment with few others, however many there are") {
    const auto some = comparisons(500);
    CHECK(some >= 500);
    CHECK(comparisons(2'000) <= 5 * some);
}

TEST_CASE("A rotation passes an environment on to the successor of the KEK that it is asked for") {
    kek_set set;
    const auto all = set.add({.environments = {"*", "dev", "prod"}, .is_default = true}).value();
    const auto disabled = set.add({.environments = {"dev"}}).value();
    const auto own = set.add({.environments = {"prod"}}).value();
    set.set_state(disabled, kek_state::disabled).value();
    const auto done = set.rotate().value();
    REQUIRE(done.size() == 2);
    CHECK(done[0].from == all);
    CHECK(done[1].from == own);
    const auto keks = set.list();
    REQUIRE(keks.size() == 5);
    CHECK(keks[3].environments == std::vector<std::string>{"*", "dev"});
    CHECK(keks[3].is_default);
    CHECK(keks[4].environments == std::vector<std::string>{"prod"});
    CHECK(set.key_for("prod").value() == done[1].to);
    CHECK(set.key_for("dev").value() == done[0].to);
    CHECK(set.key_for("new").value() == done[0].to);
}

TEST_CASE("a set takes in what another one has, and nothing is undone by it") {
    kek_set ours;
    const auto first = ours.add({.environments = {"a"}, .is_default = true}).value();
    const auto gone = ours.add({.environments = {"b"}}).value();
    auto theirs = keyring::parse_keks(keyring::serialize_keks(ours)).value();
    // There: another environment, and a rotation.
    REQUIRE(theirs.enrol("c"));
    const auto next = theirs.rotate().value().front().to;
    // Here: destroyed.
    REQUIRE(ours.set_state(gone, kek_state::destroyed));

    const auto joined = ours.join(theirs).value();
    CHECK(joined.keks == theirs.keks().size() - 2);
    CHECK(joined.environments == 1);
    CHECK(ours.key_for("a").value() == next);
    CHECK(ours.key_for("c").value() == next);
    CHECK(ours.enrol("new").value() == next); // the other's default, since it went on from ours
    for (const auto& k : ours.keks()) {
        if (k.info.id == first) CHECK(k.info.state == kek_state::decrypt_only);
        if (k.info.id == gone) CHECK(k.info.state == kek_state::destroyed);
        if (k.info.id == gone) CHECK(k.key.empty());
    }
    const auto again = ours.join(theirs).value();
    CHECK(again.keks == 0);
    CHECK(again.environments == 0);

    // The way back: what was destroyed there stays, and the default that is newer.
    REQUIRE(theirs.join(ours));
    CHECK(theirs.key_for("a").value() == next);
    CHECK(theirs.enrol("newer").value() == next);
    for (const auto& k : theirs.keks())
        if (k.info.id == gone) CHECK_FALSE(k.key.empty());
}

TEST_CASE("a set that knows nothing of this one brings its KEKs, and not its default") {
    kek_set ours;
    const auto mine = ours.add({.is_default = true}).value();
    kek_set theirs;
    const auto other = theirs.add({.environments = {"e"}, .is_default = true}).value();
    CHECK(ours.join(theirs).value().keks == 1);
    CHECK(ours.key_for("e").value() == other);
    CHECK(ours.enrol("new").value() == mine);
}

TEST_CASE("an id that stands for two keys is refused") {
    kek_set ours;
    kek_set theirs;
    REQUIRE(ours.add({.id = "kek"}));
    REQUIRE(theirs.add({.id = "kek"}));
    const auto joined = ours.join(theirs);
    REQUIRE_FALSE(joined);
    CHECK(joined.error() == errc::conflict);
}

namespace {

auto copy_of(const kek_set& set) -> kek_set {
    return keyring::parse_keks(keyring::serialize_keks(set)).value();
}
auto wrapped_under(const kek_set& set, const std::string& kek) -> bytes {
    return set.wrap(kek, std::array<std::byte, 32>{}, {}).value();
}

} // namespace

TEST_CASE("what is enrolled with a KEK that is rotated on the other side is the new default's") {
    kek_set one;
    const auto first = one.add({.is_default = true}).value();
    one.enrol("a").value();
    auto other = copy_of(one);
    one.enrol("made here").value();
    const auto dek = wrapped_under(one, first);
    const auto next = other.rotate().value().front().to;
    const auto joined = [&](const kek_set& here, const kek_set& with) {
        auto set = copy_of(here);
        set.join(with).value();
        CHECK(set.key_for("a").value() == next);
        CHECK(set.key_for("made here").value() == next);
        CHECK(set.unwrap(first, "made here", dek, {})); // until it is rewrapped
        CHECK(set.join(with).value().environments == 0);
        return set;
    };
    joined(one, other);
    const auto both = joined(other, one);

    // Its successor has it from now on, and no other KEK than that.
    auto again = copy_of(both);
    const auto third = again.rotate().value().front().to;
    CHECK(again.key_for("made here").value() == third);
    CHECK(again.keks().back().info.environments == std::vector<std::string>{"a", "made here"});
}

TEST_CASE("a rotation gives the new default what was left to a KEK that only unwraps") {
    kek_set set;
    const auto first = set.add({.environments = {"left", "off"}}).value();
    const auto off = set.add({.environments = {"off"}}).value();
    set.set_state(first, kek_state::decrypt_only).value();
    set.set_state(off, kek_state::disabled).value();
    set.add({.environments = {"own"}}).value();
    set.add({.environments = {"a"}, .is_default = true}).value();
    CHECK(set.key_for("left").error() == errc::key_disabled);
    const auto done = set.rotate().value();
    CHECK(set.key_for("left").value() == done.back().to);
    CHECK(set.key_for("own").value() == done.front().to);
    CHECK(set.key_for("off").error() == errc::key_disabled); // it was not rotated
}

TEST_CASE("a KEK for any environment goes on to open what another set names") {
    kek_set ours;
    const auto any = ours.add({.environments = {"*"}, .is_default = true}).value();
    const auto dek = wrapped_under(ours, any);
    kek_set theirs;
    const auto prod = theirs.add({.environments = {"prod"}, .is_default = true}).value();
    const auto one_for_any = [&](const kek_set& set) {
        CHECK(set.key_for("prod").value() == prod);
        CHECK(set.unwrap(any, "prod", dek, {}));
        CHECK(set.unwrap(prod, "prod", wrapped_under(set, prod), {}));
        CHECK(set.key_for("new").value() == any);
        CHECK(set.unwrap(prod, "new", wrapped_under(set, prod), {}).error() == errc::unknown_key);
    };
    auto joined = copy_of(ours);
    CHECK(joined.join(theirs).value().keks == 1);
    one_for_any(joined);
    CHECK(joined.join(theirs).value().environments == 0);
    joined = copy_of(theirs);
    CHECK(joined.join(ours).value().keks == 1);
    one_for_any(joined);
    CHECK(joined.join(ours).value().environments == 0);
}
