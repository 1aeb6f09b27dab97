// SPDX-License-Identifier: BSL-1.0
// One call into each part that another project links, and so into each library behind it: quicker
// to compile than the vault of main.cpp.
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>

#include <iostream>

int main() {
    auto store = coffer::file::open("secrets").value();
    auto keys = coffer::keyring::open_or_create("keys/keyring.json").value();
    std::cout << "objects: " << store.load("prod", {}).value().objects.size() << '\n'
              << "key: " << (keys.key_for("prod").value().empty() ? "none" : "made") << '\n'
              << "hash: " << coffer::cryptopp::aes_256_gcm{}.sha256({}).size() << " bytes\n";
}
