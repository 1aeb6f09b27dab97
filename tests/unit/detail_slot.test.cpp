// SPDX-License-Identifier: BSL-1.0
#include <coffer/detail/slot.hpp>

#include <support/catch.hpp>
#include <support/vault.hpp>

using namespace coffer;
using coffer_test::test_resolver;
using coffer_test::test_vault;

namespace {

using slot_type = detail::slot<cryptopp::aes_256_gcm>;
using state_type = tree::snapshot_ptr<cryptopp::aes_256_gcm>;

/// The state of an environment as a process finds it that holds nothing.
auto found(const memory::store& in, const keyring::memory_keyring& keys) -> state_type {
    const test_resolver from(in, {}, keys);
    REQUIRE(from.at({.environment = "env"}).has_value());
    state_type out;
    REQUIRE(from.engine()->with_slot("env", [&](auto& s) -> result<void> {
        out = s.held().known;
        return {};
    }));
    return out;
}

} // namespace

TEST_CASE("Of two finds of one state the one stays that knows of the keys there are") {
    const memory::store store;
    const keyring::memory_keyring keys;
    test_vault vault(store, {}, keys);
    vault.create_environment("env").value();
    const auto one = found(store, keys);
    const auto two = found(store, keys);
    REQUIRE(one != two);
    const auto ms = [](int n) { return std::chrono::milliseconds(n); };

    slot_type slot({});
    slot.adopt(nullptr, {ms(0), 0}).value(); // there is none yet
    slot.adopt(one, {ms(1), 0}).value();
    CHECK(slot.version() == 1);
    slot.adopt(nullptr, {ms(1), 0}).value(); // begun before it was made
    CHECK(slot.held().known == one);
    CHECK(slot.adopt(nullptr, {ms(1), 1}).error() == errc::tampered);
    slot.adopt(two, {ms(2), 0}).value(); // begun before the first was there
    CHECK(slot.held().known == one);
    CHECK(slot.version() == 1);
    CHECK(slot.checked() == ms(2));      // it says all the same that nothing is newer
    slot.adopt(two, {ms(3), 1}).value(); // begun on the first
    CHECK(slot.held().known == two);
    CHECK(slot.version() == 2);
    slot.adopt(one, {ms(4), 1, true}).value(); // begun before, but its keys were asked for
    CHECK(slot.held().known == one);
    slot.adopt(two, {ms(5), 2}).value();
    CHECK(slot.held().known == one);

    vault.put({.environment = "env"}, "NAME", "value").value();
    const auto later = found(store, keys);
    slot.adopt(later, {ms(6), 0}).value(); // a later state is taken whenever it was begun on
    CHECK(slot.held().known == later);
    slot.adopt(one, {ms(7), 4, true}).value(); // and an earlier one never
    CHECK(slot.held().known == later);
}
