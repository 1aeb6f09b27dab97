// SPDX-License-Identifier: BSL-1.0
// What another project builds first, by every way to get Coffer.
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/secret.hpp>

#include <iostream>

int main() {
    auto store = coffer::file::open("secrets").value();
    auto keys = coffer::keyring::file_keyring::open_or_create("keys/keyring.json").value();
    const auto digest = coffer::cryptopp::aes_256_gcm{}.sha256(coffer::as_bytes("abc"));
    std::cout << std::to_integer<int>(digest[0]) << '\n';
}
