// SPDX-License-Identifier: BSL-1.0
// A listener that asks for secrets by name, with the resolver in its own process.
//
//   slack                       on a store that it makes here: demo/secrets, demo/keys
//   slack STORE KEYRING REALM   on one that is there
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/listener/listener.hpp>
#include <coffer/redactor.hpp>

#include <iostream>
#include <string>
#include <utility>

/// Stands in for Slack, which knows whose token it is given.
auto post_to_slack(std::string_view token) -> std::string {
    return token.starts_with("xoxb-acme-")   ? "acme's"
           : token.starts_with("xoxb-prod-") ? "prod's"
                                             : "no";
}

/// A log in which no value appears, whatever is written to it.
void log(const coffer::redactor& values, const std::string& line) {
    std::cout << "  its log, where it printed the token on purpose: \"" << values.redact(line)
              << "\"\n";
}

//[listener
void listen(coffer::listener& listener, const coffer::secrets& secrets) {
    listener.on("space:created", [secrets](coffer::event& event) {
        const auto token =
            event.secrets("SLACK_TOKEN").value(); // this event's environment and space
        const auto whose = post_to_slack(token.expose_secret());
        std::cout << "event " << event.topic() << ", space " << event.where().space
                  << ": the Slack stand-in was given " << whose << " token\n";

        const auto values = coffer::redactor::open(secrets.at(event.where()).value()).value();
        log(values, "token is " + std::string(token.expose_secret()));
    });
}
//]

auto open_vault(const std::string& store, coffer::keyring::file_keyring keys,
                const std::string& realm) {
    return coffer::vault{coffer::file::open(store).value(), coffer::cryptopp::aes_256_gcm{},
                         std::move(keys), coffer::options{.realm = realm}};
}

int main(int argc, char** argv) {
    const bool given = argc == 4;
    auto keys = given ? coffer::keyring::open(argv[2], {.store_folder = argv[1]})
                      : coffer::keyring::open_or_create("demo/keys/keyring.json",
                                                        {.store_folder = "demo/secrets"});
    auto vault = given ? open_vault(argv[1], keys.value(), argv[3])
                       : open_vault("demo/secrets", keys.value(), "");
    if (!given) {
        for (const char* space : {"acme", "globex"})
            vault.ensure_space({.environment = "prod", .space = space}).value();
        vault.put({.environment = "prod"}, "SLACK_TOKEN", "xoxb-prod-4f1c0d2e77a9").value();
        vault.put({.environment = "prod", .space = "acme"}, "SLACK_TOKEN", "xoxb-acme-93be5a1160cd")
            .value();
    }

    //[dispatch
    const coffer::secrets secrets{vault.resolver()};
    coffer::listener listener{secrets};
    listen(listener, secrets);
    for (const char* space : {"acme", "globex"}) {
        const auto event =
            coffer::make_event("space:created", {.environment = "prod", .space = space});
        if (listener.dispatch(event).value().failed != 0) return 1;
    }
    //]
}
