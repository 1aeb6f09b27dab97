// SPDX-License-Identifier: BSL-1.0
// What another project builds first, by every way to get Coffer.
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>

#include <iostream>

int main() {
    coffer::vault vault{coffer::file::open("secrets").value(), coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::open_or_create("keys/keyring.json").value()};
    for (const char* space : {"acme", "globex"})
        vault.ensure_space({.environment = "prod", .space = space}).value();
    vault.put({.environment = "prod"}, "SLACK_TOKEN", "everyone's").value();
    vault.put({.environment = "prod", .space = "acme"}, "SLACK_TOKEN", "acme's").value();

    auto secrets = vault.resolver();
    for (const char* space : {"acme", "globex"}) {
        const coffer::context here{.environment = "prod", .space = space};
        const coffer::secret token = secrets.get(here, "SLACK_TOKEN").value();
        std::cout << space << ": " << token.expose_secret() << '\n';
    }
}
