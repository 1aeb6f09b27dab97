// SPDX-License-Identifier: BSL-1.0
// The key providers of docs/backends.md, cut out between `//[name` and `//]`. Runs in an empty
// folder.
#include <coffer/keyring/anchored.hpp>
#include <coffer/keyring/env_keyring.hpp>
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/keyring/passphrase_keyring.hpp>

#include <cstdlib>
#include <filesystem>

namespace {

auto ask_for_passphrase() {
    return coffer::secret(std::string_view("correct horse battery staple"));
}

void make_a_file() {
    //[make
    coffer::keyring::open_or_create("keys/keyring.json", {.store_folder = "store"}).value();
    //]
}

auto from_a_file() {
    //[file
    auto keys = coffer::keyring::open("keys/keyring.json", {.store_folder = "store"}).value();
    //]
    return keys.key_for("prod").has_value();
}

auto a_kek_for_production_alone() {
    //[own_kek
    auto keys = coffer::keyring::open_or_create("keys/two.json").value();
    const auto id = keys.add({.environments = {"prod"}}).value();
    //]
    return keys.key_for("prod").value() == id && keys.key_for("staging").value() != id;
}

auto from_the_environment() {
    //[env
    auto keys = coffer::keyring::anchored{coffer::keyring::env_keyring::open("COFFER_KEK").value(),
                                          "state/coffer.anchor"};
    //]
    return keys.key_for("prod").has_value();
}

auto with_the_key_of_before() {
    //[older
    auto fresh = coffer::keyring::env_keyring::open("COFFER_KEK").value();
    auto before = coffer::keyring::env_keyring::open("COFFER_KEK_OLD").value();
    auto keys = coffer::keyring::anchored{fresh.with_older(before).value(), "state/coffer.anchor"};
    //]
    return keys.key_for("prod").value() == fresh.key_for("prod").value();
}

auto from_a_passphrase() {
    //[passphrase
    const coffer::secret passphrase = ask_for_passphrase();
    auto keys =
        coffer::keyring::passphrase_keyring::open_or_create("keys/passphrase.json", passphrase)
            .value();
    //]
    return keys.key_for("prod").has_value();
}

} // namespace

int main() {
    std::filesystem::create_directory("state");
    make_a_file();
    ::setenv("COFFER_KEK", "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlISE=", 1);
    bool all = from_a_file() && a_kek_for_production_alone() && from_the_environment() &&
               from_a_passphrase();
    ::setenv("COFFER_KEK", "YW5vdGhlciBrZXkgb2YgdGhpcnR5LXR3byBieXRlcyE=", 1);
    ::setenv("COFFER_KEK_OLD", "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBtb3JlISE=", 1);
    all = all && with_the_key_of_before();
    return all ? 0 : 1;
}
