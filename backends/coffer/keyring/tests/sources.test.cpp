// SPDX-License-Identifier: BSL-1.0
// The providers whose keys come from elsewhere: a variable, a passphrase, a credential.
#include <coffer/keyring/credential_keyring.hpp>
#include <coffer/keyring/env_keyring.hpp>
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/keyring/passphrase_keyring.hpp>

#include <support/catch.hpp>
#include <support/temporary_folder.hpp>

#include <cstdlib>
#include <fstream>

using namespace coffer;
using coffer_test::temporary_folder;

namespace {
constexpr const char* variable = "COFFER_TEST_KEK";
constexpr const char* good_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

auto env_code(const char* value) -> errc {
    ::setenv(variable, value, 1);
    const char* const place = std::getenv(variable);
    const auto size = std::strlen(place);
    const auto got = keyring::env_keyring::open(variable);
    CHECK(std::getenv(variable) == nullptr);
    CHECK(
        std::all_of(place, place + size, [](char c) { return c == '\0'; })); // wiped where it stood
    return got ? errc{} : got.error().code;
}
auto read(const std::filesystem::path& path) -> std::string {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}
const bytes aad(5, std::byte{1});
const key_bytes dek{};
} // namespace

TEST_CASE(
    "A key in an environment variable is exactly base64 of 32 bytes, and is wiped when read") {
    CHECK(env_code(good_key) == errc{});
    CHECK(env_code("") == errc::invalid_argument);
    CHECK(env_code("AAECAwQFBgcICQoLDA0ODw==") == errc::invalid_argument); // 16 bytes
    CHECK(env_code("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8") == errc::invalid_argument);
    CHECK(env_code("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n") == errc::invalid_argument);
    CHECK(env_code(" AECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=") == errc::invalid_argument);
    CHECK(keyring::env_keyring::open(variable).error() == errc::not_found); // it was taken out
}

TEST_CASE("A key in an environment variable has the same id everywhere and speaks as told") {
    ::setenv(variable, good_key, 1);
    auto one = keyring::env_keyring::open(variable).value();
    ::setenv(variable, good_key, 1);
    auto two = keyring::env_keyring::open(variable, {.environments = {"prod"}}).value();
    const auto id = one.key_for("prod").value();
    CHECK(id.starts_with("env-"));
    CHECK(two.key_for("prod").value() == id);
    CHECK(two.key_for("dev").error() == errc::unknown_key);
    const auto wrapped = one.wrap(id, dek.view(), aad).value();
    CHECK(two.unwrap(id, "prod", wrapped, aad).has_value());
    CHECK(two.unwrap(id, "dev", wrapped, aad).error() == errc::unknown_key);
    ::setenv(variable, good_key, 1);
    CHECK(keyring::env_keyring::open(variable, {.kek_id = "mine"}).value().key_for("x").value() ==
          "mine");
    ::setenv(variable, good_key, 1);
    CHECK(keyring::env_keyring::open(variable, {.kek_id = "not an id"}).error() ==
          errc::invalid_argument);
}

namespace {
constexpr const char* newer_key = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

auto from_env(const char* name, const char* value, std::vector<std::string> environments = {"*"})
    -> keyring::env_keyring {
    ::setenv(name, value, 1);
    return keyring::env_keyring::open(name, {.environments = std::move(environments)}).value();
}
} // namespace

TEST_CASE("An older variable opens what is under it and wraps nothing") {
    auto before = from_env(variable, good_key);
    const auto old_id = before.key_for("prod").value();
    const auto wrapped = before.wrap(old_id, dek.view(), aad).value();
    const auto fresh = from_env("COFFER_TEST_NEW", newer_key);
    auto both = fresh.with_older(before).value();

    const auto keks = both.keks();
    REQUIRE(keks.size() == 2);
    CHECK(keks[0].variable == "COFFER_TEST_NEW");
    CHECK(keks[0].state == keyring::kek_state::active);
    CHECK(keks[1].id == old_id); // the same everywhere
    CHECK(keks[1].variable == variable);
    CHECK(keks[1].state == keyring::kek_state::decrypt_only);

    CHECK(both.key_for("prod").value() == keks[0].id);
    CHECK(both.unwrap(old_id, "prod", wrapped, aad).has_value());
    CHECK(both.wrap(old_id, dek.view(), aad).error() == errc::key_disabled);
    const auto again = both.wrap(keks[0].id, dek.view(), aad).value();
    CHECK(both.unwrap(keks[0].id, "prod", again, aad).has_value());
    CHECK(both.unwrap(old_id, "prod", again, aad).error() == errc::tampered); // its own alone
    CHECK(before.unwrap(keks[0].id, "prod", again, aad).error() == errc::unknown_key);
    CHECK(before.wrap(old_id, dek.view(), aad).has_value()); // what it was made of stays as it is

    // The same key twice is no rotation.
    CHECK(fresh.with_older(from_env(variable, newer_key)).error() == errc::conflict);
    CHECK(both.with_older(before).error() == errc::conflict);
}

TEST_CASE("An older variable speaks for no environment that it was not opened for") {
    const auto before = from_env(variable, good_key, {"dev"});
    const auto old_id = before.keks().front().id;
    auto owner = before;
    const auto wrapped = owner.wrap(old_id, dek.view(), aad).value();
    auto both = from_env(variable, newer_key, {"dev", "prod"}).with_older(before).value();
    CHECK(both.unwrap(old_id, "dev", wrapped, aad).has_value());
    CHECK(both.unwrap(old_id, "prod", wrapped, aad).error() == errc::unknown_key);
    CHECK(both.key_for("other").error() == errc::unknown_key);

    // "*" stands for what no other KEK names, whichever of them is the older.
    const auto any = from_env(variable, good_key);
    auto narrower = from_env(variable, newer_key, {"prod"}).with_older(any).value();
    CHECK(narrower.unwrap(old_id, "dev", wrapped, aad).has_value());
    CHECK(narrower.unwrap(old_id, "prod", wrapped, aad).error() == errc::unknown_key);
    CHECK(narrower.key_for("dev").error() == errc::key_disabled); // the new one is not for it
}

TEST_CASE("A keyring with older KEKs behind it keeps their states and its own default") {
    temporary_folder folder;
    ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
    auto old_ring = keyring::open_or_create(folder / "old").value();
    const auto off = old_ring.add({.environments = {"prod"}}).value();
    const auto gone = old_ring.add({.environments = {"prod"}}).value();
    old_ring.set_state(off, keyring::kek_state::disabled).value();
    old_ring.set_state(gone, keyring::kek_state::destroyed).value();
    auto ring = keyring::open_or_create(folder / "new").value();
    const auto id = ring.key_for("prod").value();
    auto both = keyring::credential_keyring::open("new")
                    .value()
                    .with_older(keyring::credential_keyring::open("old").value())
                    .value();
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(both.key_for("prod").value() == id);
    std::size_t defaults = 0;
    for (const auto& k : both.keks()) {
        if (k.is_default) ++defaults;
        if (k.id == off) CHECK(k.state == keyring::kek_state::disabled);
        if (k.id == gone) CHECK(k.state == keyring::kek_state::destroyed);
    }
    CHECK(both.keks().front().is_default);
    CHECK(defaults == 1);
    CHECK(both.unwrap(off, "prod", bytes(113), aad).error() == errc::key_disabled);
}

TEST_CASE("scrypt gives the examples of RFC 7914") {
    const auto hex = [](std::string_view p, std::string_view s, keyring::scrypt_cost cost) {
        return format::to_hex(keyring::derive_scrypt(as_bytes(p), as_bytes(s), cost).view());
    };
    CHECK(hex("", "", {16, 1, 1}) ==
          "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442");
    CHECK(hex("password", "NaCl", {1024, 8, 16}) ==
          "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
    CHECK(hex("pleaseletmein", "SodiumChloride", {16384, 8, 1}) ==
          "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

TEST_CASE("A wrong passphrase is denied and never a wrong key") {
    temporary_folder folder;
    const auto path = folder / "keys" / "passphrase.json";
    const secret right("correct horse"), wrong("correct horsf");
    const keyring::passphrase_options cheap{.environments = {"prod"}, .cost = {.n = 16}};
    using provider = keyring::passphrase_keyring;
    CHECK(provider::open(path, right).error() == errc::not_found);
    CHECK(provider::open_or_create(path, secret{}, cheap).error() == errc::invalid_argument);
    CHECK_FALSE(std::filesystem::exists(path));
    auto made = provider::open_or_create(path, right, cheap).value();
    const auto id = made.key_for("prod").value();
    const auto wrapped = made.wrap(id, dek.view(), aad).value();
    const auto text = read(path);
    for (const auto* p : {&wrong, static_cast<const secret*>(nullptr)}) {
        const secret empty;
        const auto got = provider::open(path, p != nullptr ? *p : empty);
        REQUIRE_FALSE(got);
        CHECK(got.error() == errc::denied);
        CHECK(std::string(exception(got.error()).what()).find("horse") == std::string::npos);
    }
    CHECK(provider::open_or_create(path, wrong, cheap).error() == errc::denied);
    CHECK(read(path) == text); // not made anew
    CHECK(provider::open(path, right).value().unwrap(id, "prod", wrapped, aad).has_value());
    CHECK(text.find("horse") == std::string::npos);
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    CHECK(provider::open(path, right).error() == errc::denied);
}

TEST_CASE("A passphrase file that asks for too much work is refused before any") {
    using keyring::check_cost;
    const auto code = [](keyring::scrypt_cost c) {
        const auto fine = check_cost(c);
        return fine ? errc{} : fine.error().code;
    };
    CHECK(code({}) == errc{});
    CHECK(code({1U << 20, 8, 4}) == errc{});
    CHECK(code({1U << 20, 9, 1}) == errc::too_large); // over 1 GiB
    CHECK(code({1U << 21, 1, 1}) == errc::too_large);
    CHECK(code({~std::uint64_t{0}, 1, 1}) == errc::too_large);
    CHECK(code({2, 17, 1}) == errc::too_large);
    CHECK(code({2, 1, 5}) == errc::too_large);
    CHECK(code({3, 1, 1}) == errc::invalid_argument);
    CHECK(code({0, 1, 1}) == errc::invalid_argument);
    CHECK(code({1, 1, 1}) == errc::invalid_argument);
    CHECK(code({2, 0, 1}) == errc::invalid_argument);
    CHECK(code({2, 1, 0}) == errc::invalid_argument);

    temporary_folder folder;
    const auto path = folder / "p.json";
    const secret right("correct horse");
    keyring::passphrase_keyring::open_or_create(path, right, {.cost = {.n = 16}}).value();
    const auto good = read(path);
    const auto with = [&](std::string_view member, std::string_view value) {
        auto text = good;
        const auto at = text.find("\"" + std::string(member) + "\":") + member.size() + 3;
        text.replace(at, text.find_first_of(",}", at) - at, value);
        posix::replace_file(path, as_bytes(text)).value();
        const auto got = keyring::passphrase_keyring::open(path, right);
        return got ? errc{} : got.error().code;
    };
    CHECK(with("n", "16") == errc{});
    for (const char* huge : {"2097152", "1099511627776", "18446744073709551615"})
        CHECK(with("n", huge) == errc::too_large);
    CHECK(with("r", "4294967296") == errc::too_large);
    CHECK(with("p", "4294967295") == errc::too_large);
    for (const char* none : {"0", "-16", "17", "1.5", "1e300", "\"16\"", "null"})
        CHECK(with("n", none) == errc::tampered);
    CHECK(with("kdf", "\"plain\"") == errc::tampered);
    CHECK(with("coffer_passphrase", "2") == errc::unsupported);
    CHECK(with("salt", "\"00\"") == errc::tampered);
    CHECK(with("check", "\"00\"") == errc::denied);
    CHECK(with("environments", "[\"\"]") == errc::tampered);
}

TEST_CASE("A credential is read from its folder alone") {
    temporary_folder folder;
    const auto inside = folder / "credentials";
    auto ring = keyring::open_or_create(inside / "keyring").value();
    const auto id = ring.key_for("prod").value();
    keyring::open_or_create(folder / "outside").value();
    const auto code = [](std::string_view name) {
        const auto got = keyring::credential_keyring::open(name);
        return got ? errc{} : got.error().code;
    };
    ::unsetenv("CREDENTIALS_DIRECTORY");
    CHECK(code("keyring") == errc::not_found);
    ::setenv("CREDENTIALS_DIRECTORY", "credentials", 1);
    CHECK(code("keyring") == errc::invalid_argument);
    ::setenv("CREDENTIALS_DIRECTORY", inside.c_str(), 1);
    CHECK(code("keyring") == errc{});
    CHECK(code("absent") == errc::not_found);
    for (const auto& name :
         {std::string("../outside"), std::string("./keyring"), std::string(".."),
          std::string("/etc/passwd"), std::string(), std::string("a/b"),
          std::string("keyring\0", 8), std::string(256, 'k'), std::string(".hidden")})
        CHECK(code(name) == errc::invalid_argument);
    std::filesystem::create_symlink(folder / "outside", inside / "link");
    CHECK(code("link") == errc::denied);

    auto read_only = keyring::credential_keyring::open("keyring").value();
    const auto before = read(inside / "keyring");
    CHECK(read_only.key_for("prod").value() == id);
    CHECK(read_only.key_for("new").error() == errc::unknown_key);
    CHECK(read(inside / "keyring") == before);
    std::filesystem::permissions(inside / "keyring", std::filesystem::perms(0444));
    CHECK(code("keyring") == errc::denied);
    std::filesystem::permissions(inside / "keyring", std::filesystem::perms(0440));
    CHECK(code("keyring") == errc{}); // an access list shows so
    ::unsetenv("CREDENTIALS_DIRECTORY");
}

TEST_CASE("A memory keyring makes its first KEK when it is needed, and copies share it") {
    keyring::memory_keyring keys;
    CHECK(keys.keks().empty());
    auto copy = keys;
    const auto id = keys.key_for("prod").value();
    CHECK(copy.key_for("prod").value() == id);
    CHECK(copy.key_for("dev").value() == id);
    CHECK(keys.keks().size() == 1);
    CHECK(keys.unwrap(id, "never", bytes(113), aad).error() == errc::unknown_key);
}
