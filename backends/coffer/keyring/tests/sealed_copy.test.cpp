// SPDX-License-Identifier: BSL-1.0
#include <coffer/keyring/file_keyring.hpp>

#include <support/catch.hpp>
#include <support/temporary_folder.hpp>

#include <string>

using namespace coffer;
using coffer_test::temporary_folder;

namespace {

constexpr keyring::scrypt_cost cheap{.n = 16};
const secret right("correct horse battery");
const secret wrong("correct horse batterz");
const key_bytes dek{};
const bytes aad(5, std::byte{1});

auto two_keks() -> keyring::kek_set {
    keyring::kek_set out;
    REQUIRE(out.add({.id = "shared", .environments = {"dev"}, .is_default = true}));
    REQUIRE(out.add({.id = "own", .environments = {"prod"}}));
    REQUIRE(out.set_state("shared", keyring::kek_state::decrypt_only));
    return out;
}
auto code_of(std::string_view copy, const secret& passphrase = right) -> errc {
    const auto got = keyring::open_sealed_keks(as_bytes(copy), passphrase);
    return got ? errc{} : got.error().code;
}
auto replaced(std::string text, std::string_view from, std::string_view to) -> std::string {
    const auto at = text.find(from);
    REQUIRE(at != text.npos);
    return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("A sealed copy of a keyring opens with its passphrase, and is the keyring") {
    const auto keks = two_keks();
    const auto copy = keyring::seal_keks(keks, right, cheap).value();
    CHECK(copy != keyring::seal_keks(keks, right, cheap).value());
    CHECK(copy.find("shared") == copy.npos);
    CHECK(copy.find("prod") == copy.npos);
    const auto back = keyring::open_sealed_keks(as_bytes(copy), right).value();
    CHECK(as_text(keyring::serialize_keks(back)) == as_text(keyring::serialize_keks(keks)));
    CHECK(code_of(copy, wrong) == errc::denied);
    CHECK(code_of(copy, secret{}) == errc::denied);
    CHECK(keyring::seal_keks(keks, secret{}, cheap).error() == errc::invalid_argument);
    CHECK(keyring::seal_keks(keks, right, {.n = 1U << 21}).error() == errc::too_large);
}

TEST_CASE("A sealed copy with any byte changed, cut or added does not open") {
    const auto copy = keyring::seal_keks(two_keks(), right, cheap).value();
    std::size_t opened = 0;
    for (std::size_t i = 0; i + 1 < copy.size(); ++i) {
        auto other = copy;
        other[i] = static_cast<char>(other[i] ^ 1);
        if (code_of(other) == errc{}) ++opened;
        if (code_of(copy.substr(0, i)) == errc{}) ++opened;
    }
    CHECK(opened == 0);
    CHECK(code_of(copy + "x") == errc::tampered);
    CHECK(code_of(replaced(copy, "\"check\"", "\"more\":1,\"check\"")) == errc::tampered);
    CHECK(code_of(replaced(copy, "copy\":1", "copy\":2")) == errc::unsupported);
    CHECK(code_of(replaced(copy, "\"n\":16", "\"n\":2097152")) == errc::too_large);
    CHECK(code_of(replaced(copy, "\"n\":16", "\"n\":15")) == errc::tampered);
    CHECK(code_of("{}") == errc::tampered);
    CHECK(code_of(std::string(keyring::sealed_copy_limit + 1, ' ')) == errc::too_large);
}

TEST_CASE("A keyring file that was lost is made again of its sealed copy, and never overwritten") {
    const temporary_folder folder;
    const auto path = folder / "keys" / "keyring.json";
    auto ring = keyring::open_or_create(path).value();
    const auto id = ring.key_for("prod").value();
    const auto wrapped = ring.wrap(id, dek.view(), aad).value();
    const auto copy = ring.sealed_copy(right, cheap).value();
    using keyring::file_keyring;
    CHECK(file_keyring::restore(path, as_bytes(copy), right).error() == errc::conflict);
    const auto elsewhere = folder / "new" / "keyring.json";
    CHECK(file_keyring::restore(elsewhere, as_bytes(copy), wrong).error() == errc::denied);
    CHECK_FALSE(std::filesystem::exists(elsewhere.parent_path()));
    auto back = file_keyring::restore(elsewhere, as_bytes(copy), right).value();
    CHECK(back.unwrap(id, "prod", wrapped, aad).has_value());
    CHECK((std::filesystem::status(elsewhere).permissions() & std::filesystem::perms(077)) ==
          std::filesystem::perms::none);
}

TEST_CASE("Several KEKs are destroyed together, or none") {
    const temporary_folder folder;
    auto ring = keyring::open_or_create(folder / "keys" / "keyring.json").value();
    REQUIRE(ring.add({.id = "a", .environments = {"prod"}}));
    REQUIRE(ring.add({.id = "b", .environments = {"prod"}}));
    const auto state_of = [&](std::string_view id) {
        for (const auto& k : ring.keks().value())
            if (k.id == id) return k.state;
        return keyring::kek_state::active;
    };
    CHECK(ring.destroy(std::vector<std::string>{"a", "none"}).error() == errc::unknown_key);
    CHECK(state_of("a") == keyring::kek_state::active);
    REQUIRE(ring.destroy(std::vector<std::string>{"a", "b"}));
    CHECK(state_of("a") == keyring::kek_state::destroyed);
    CHECK(state_of("b") == keyring::kek_state::destroyed);
    CHECK(ring.destroy(std::vector<std::string>{"a", "b"}).has_value()); // again: nothing to do
}
