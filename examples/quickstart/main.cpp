// SPDX-License-Identifier: BSL-1.0
//[quickstart
#include <coffer/coffer.hpp>               // the core: no other library
#include <coffer/cryptopp/aes_256_gcm.hpp> // how values are sealed
#include <coffer/file/store.hpp>           // where sealed bytes live
#include <coffer/keyring/file_keyring.hpp> // where the keys live: somewhere else
#include <iostream>

void post_to_slack(std::string_view token);

int main() {
    coffer::vault vault{coffer::file::open("demo/secrets").value(), coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::open_or_create("demo/keys/keyring.json").value()};

    for (const char* space : {"acme", "globex"})
        vault.ensure_space({.environment = "prod", .space = space}).value();
    vault.put({.environment = "prod"}, "SLACK_TOKEN", "xoxb-everyone").value();
    vault.put({.environment = "prod", .space = "acme"}, "SLACK_TOKEN", "xoxb-acme").value();

    auto secrets = vault.resolver();
    for (const char* space : {"acme", "globex"}) {
        const coffer::context here{.environment = "prod", .space = space};
        const coffer::secret token = secrets.get(here, "SLACK_TOKEN").value();
        std::cout << secrets.explain(here, "SLACK_TOKEN").value() << '\n'; // never the value
        post_to_slack(token.expose_secret()); // the one call that reveals it
    } // `std::cout << token` does not compile; the bytes are wiped here
}
//]

/// Stands in for a client of Slack.
void post_to_slack(std::string_view token) {
    if (!token.starts_with("xoxb-")) std::cout << "no token of Slack's\n";
}
