// SPDX-License-Identifier: BSL-1.0
// The same service twice: with the vault in its own process, then with a server's. One line of it
// changes.
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/erase_vault.hpp>
#include <coffer/http/api.hpp>
#include <coffer/http/client.hpp>
#include <coffer/http/server.hpp>
#include <coffer/http/tokens.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <utility>

//[service
/// Holds a coffer::secrets, so it is no template and can't tell where its secrets come from.
class billing {
public:
    explicit billing(coffer::secrets secrets) : secrets_(std::move(secrets)) {}

    auto charge(std::string_view customer) const -> std::string {
        const auto key = secrets_.get({.environment = "prod", .space = customer}, "STRIPE_KEY");
        if (!key) return "no charge: " + std::string(to_string(key.error().code));
        return key->expose_secret().starts_with("sk-acme-") ? "charged by acme's key"
                                                            : "charged by everybody's key";
    }

private:
    coffer::secrets secrets_;
};
//]

void run(const char* how, const billing& service) {
    for (const char* customer : {"acme", "globex", "initech"})
        std::cout << how << ": " << customer << ": " << service.charge(customer) << "\n";
}

int main() {
    coffer::vault vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::memory_keyring{}};
    for (const char* space : {"acme", "globex"})
        vault.ensure_space({.environment = "prod", .space = space}).value();
    vault.put({.environment = "prod"}, "STRIPE_KEY", "sk-prod-4f1c0d2e").value();
    vault.put({.environment = "prod", .space = "acme"}, "STRIPE_KEY", "sk-acme-93be5a11").value();

    //[embedded
    const billing embedded{vault.resolver()};
    //]
    run("embedded", embedded);

    // A server, as `coffer serve` is one, and a token of it.
    auto any = coffer::erase(vault);
    const auto tokens = std::make_shared<coffer::http::token_registry>(any);
    coffer::http::token_wish wish;
    wish.name = "billing";
    wish.grants = {{.as = coffer::http::role::service, .environment = "prod"}};
    wish.expires = static_cast<std::uint64_t>(coffer::machine_clock().wall().count()) + 60'000;
    const auto minted = tokens->mint(std::move(wish)).value();
    const coffer::secret& token = minted.text;
    //[mount
    coffer::http::api_options how;
    how.tokens = tokens;
    coffer::http::server_options listen;
    listen.port = 0; // any that is free
    coffer::http::server server{listen, std::make_shared<coffer::http::api>(any, std::move(how))};
    server.start().value();
    //]
    const auto url = "http://127.0.0.1:" + std::to_string(server.port());

    //[served
    const billing served{
        coffer::http::source::open({.server = url, .token = token.clone()}).value()};
    //]
    run("served", served);
}
