// SPDX-License-Identifier: BSL-1.0
#include <coffer/keyring/anchored.hpp>
#include <coffer/keyring/credential_keyring.hpp>
#include <coffer/keyring/env_keyring.hpp>
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/keyring/passphrase_keyring.hpp>
#include <coffer/testing/anchor_laws.hpp>
#include <coffer/testing/catch2.hpp>
#include <coffer/testing/fake_key_provider.hpp>
#include <coffer/testing/key_provider_laws.hpp>

#include <support/catch.hpp>
#include <support/temporary_folder.hpp>

#include <array>
#include <cstdlib>
#include <fstream>

using namespace coffer;
using keyring::kek_state;

namespace {

/// The n-th way to damage an anchor file; false if there are no more. What is damaged takes the old
/// file's place: within one tick of a coarse clock a file that is written into looks as before.
auto damage(const std::filesystem::path& anchor, std::size_t n) -> bool {
    std::ifstream in(anchor, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    switch (n) {
    case 0: text.clear(); break;
    case 1: text.pop_back(); break;
    case 2: text.erase(0, 1); break;
    case 3: text[text.find(' ')] = '\t'; break;
    case 4: text += text; break;
    case 5: text += "\n"; break;
    case 6: text += "garbage\n"; break;
    case 7: text.insert(text.find(' ') + 1, "0"); break;
    case 8: text[0] = 'G'; break;
    case 9: text.insert(text.find('\n'), " "); break;
    case 10: text.insert(text.find('\n'), "99999999999"); break;
    case 11: break; // its permissions, below
    case 12:
        std::filesystem::rename(anchor, anchor.string() + ".moved");
        std::filesystem::create_symlink(anchor.string() + ".moved", anchor);
        return true;
    case 13:
        std::filesystem::remove(anchor);
        std::filesystem::create_directory(anchor);
        return true;
    default: return false;
    }
    posix::replace_file(anchor, as_bytes(text)).value();
    if (n == 11) std::filesystem::permissions(anchor, std::filesystem::perms(0640));
    return true;
}

template <class Keys>
struct with_states {
    auto add(Keys& keys, std::string_view environment) -> std::string {
        return keys.add({.environments = {std::string(environment)}}).value();
    }
    void disable(Keys& keys, const std::string& id) {
        keys.set_state(id, kek_state::disabled).value();
    }
    void decrypt_only(Keys& keys, const std::string& id) {
        keys.set_state(id, kek_state::decrypt_only).value();
    }
};

struct make_memory : with_states<keyring::memory_keyring> {
    auto operator()() { return keyring::memory_keyring{}; }
    auto reopen(keyring::memory_keyring& keys) { return keys; }
};

struct make_file : with_states<keyring::file_keyring> {
    coffer_test::temporary_folder folder{};
    std::filesystem::path path{};
    int made = 0;

    auto operator()() {
        path = folder / ("keys" + std::to_string(++made)) / "keyring.json";
        return keyring::open_or_create(path).value();
    }
    auto reopen(keyring::file_keyring&) { return keyring::open(path).value(); }
    auto damage_anchor(keyring::file_keyring&, std::size_t n) {
        return damage(path.string() + ".anchor", n);
    }
};

struct make_env {
    using keys_type = keyring::anchored<keyring::env_keyring>;
    coffer_test::temporary_folder folder{};
    std::filesystem::path anchor{};
    int made = 0;

    auto operator()() -> keys_type {
        anchor = folder / ("anchor" + std::to_string(++made));
        return open();
    }
    auto open() -> keys_type {
        ::setenv("COFFER_TEST_KEK", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 1);
        return {keyring::env_keyring::open("COFFER_TEST_KEK").value(), anchor};
    }
    auto reopen(keys_type&) -> keys_type { return open(); }
    auto damage_anchor(keys_type&, std::size_t n) { return damage(anchor, n); }
};

/// A variable that holds a key, with those of before behind it.
struct make_rotated_env {
    using keys_type = keyring::anchored<keyring::fixed_keyring>;
    static constexpr std::array keys{"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
                                     "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
                                     "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8="};
    coffer_test::temporary_folder folder{};
    std::filesystem::path anchor{};
    int made = 0;
    std::size_t newest = 1;

    auto operator()() -> keys_type {
        anchor = folder / ("anchor" + std::to_string(++made));
        newest = 1;
        return open();
    }
    static auto variable(std::size_t key) -> keyring::env_keyring {
        ::setenv("COFFER_TEST_KEK", keys[key], 1);
        return keyring::env_keyring::open("COFFER_TEST_KEK").value();
    }
    auto open() const -> keys_type {
        keyring::fixed_keyring all = variable(newest);
        for (auto older = newest; older-- != 0;)
            all = all.with_older(variable(older)).value();
        return {all, anchor};
    }
    auto reopen(keys_type&) const -> keys_type { return open(); }
    void decrypt_only(keys_type& held, const std::string&) {
        ++newest;
        held = open();
    }
    auto damage_anchor(keys_type&, std::size_t n) const { return damage(anchor, n); }
};

struct make_passphrase {
    coffer_test::temporary_folder folder{};
    std::filesystem::path path{};
    int made = 0;
    const secret passphrase{"correct horse battery staple"};

    auto operator()() {
        path = folder / ("keys" + std::to_string(++made)) / "passphrase.json";
        return keyring::passphrase_keyring::open_or_create(path, passphrase, {.cost = {.n = 16}})
            .value();
    }
    auto reopen(keyring::passphrase_keyring&) {
        return keyring::passphrase_keyring::open(path, passphrase).value();
    }
};

struct make_credential {
    coffer_test::temporary_folder folder{};

    auto operator()() {
        const auto path = folder / "keyring";
        auto ring = keyring::open_or_create(path).value();
        ring.key_for("laws-a").value();
        ring.key_for("laws-b").value();
        return reopen();
    }
    auto reopen() -> keyring::credential_keyring {
        ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
        return keyring::credential_keyring::open("keyring").value();
    }
    auto reopen(keyring::credential_keyring&) -> keyring::credential_keyring { return reopen(); }
};

struct make_fake {
    using fake = testing::fake_key_provider;
    auto operator()() { return fake{}; }
    auto reopen(fake& keys) { return keys; }
    auto add(fake& keys, std::string_view environment) -> std::string {
        const std::string id = "fake-kek-" + std::string(environment);
        keys.add_kek(id, {std::string(environment)});
        return id;
    }
    void disable(fake& keys, const std::string& id) { keys.set_state(id, fake::state::disabled); }
    void decrypt_only(fake& keys, const std::string& id) {
        keys.set_state(id, fake::state::decrypt_only);
    }
};

} // namespace

TEST_CASE("memory_keyring keeps the key provider laws") {
    testing::run_key_provider_laws(make_memory{});
}
TEST_CASE("file_keyring keeps the key provider laws") {
    testing::run_key_provider_laws(make_file{});
}
TEST_CASE("env_keyring with an anchor keeps the key provider laws") {
    testing::run_key_provider_laws(make_env{});
}
TEST_CASE("env_keyring with older keys keeps the key provider laws") {
    testing::run_key_provider_laws(make_rotated_env{});
}
TEST_CASE("passphrase_keyring keeps the key provider laws") {
    testing::run_key_provider_laws(make_passphrase{});
}
TEST_CASE("credential_keyring keeps the key provider laws") {
    testing::run_key_provider_laws(make_credential{});
}
TEST_CASE("fake_key_provider keeps the key provider laws") {
    testing::run_key_provider_laws(make_fake{});
}

TEST_CASE("fake_key_provider fails and forbids as it is told") {
    testing::fake_key_provider keys;
    keys.fail_next(errc::timed_out, 2);
    CHECK(keys.key_for("prod").error() == errc::timed_out);
    CHECK(keys.recall("r", "prod").error() == errc::timed_out);
    CHECK(keys.key_for("prod").value() == "fake-kek");
    CHECK(keys.calls() == 3);
    keys.forbid("prod");
    CHECK(keys.key_for("prod").error() == errc::unknown_key);
    CHECK(keys.unwrap("fake-kek", "prod", {}, {}).error() == errc::unknown_key);
    CHECK(keys.key_for("dev").value() == "fake-kek");
}
