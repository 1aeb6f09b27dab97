// SPDX-License-Identifier: BSL-1.0
// An order of scopes of one's own: a region between the environment and its spaces.
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>

#include <iostream>

//[policy
/// A space named `eu.acme` asks itself, then the region `eu`, then the environment. A region is a
/// space like any other; people set there what a whole region shares.
struct space_then_region_then_environment {
    coffer::scope_list lookup_order(coffer::context where) const noexcept {
        coffer::scope_list layers;
        if (!where.space.empty()) layers.push_back({where.environment, where.space, {}});
        if (const auto dot = where.space.find('.'); dot != std::string_view::npos && dot > 0)
            layers.push_back({where.environment, where.space.substr(0, dot), {}});
        layers.push_back({where.environment, {}, {}});
        return layers;
    }
};
static_assert(coffer::Inheritance<space_then_region_then_environment>);
//]

int main() {
    //[use
    coffer::vault vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::memory_keyring{}, coffer::options{},
                        space_then_region_then_environment{}};
    //]
    for (const char* space : {"eu", "eu.acme", "us.acme"})
        vault.ensure_space({.environment = "prod", .space = space}).value();
    vault.put({.environment = "prod"}, "SMTP_HOST", "mail.example").value();
    vault.put({.environment = "prod", .space = "eu"}, "SMTP_HOST", "mail.eu.example").value();

    const auto secrets = vault.resolver();
    for (const char* space : {"eu.acme", "us.acme"})
        std::cout << secrets.explain({.environment = "prod", .space = space}, "SMTP_HOST").value()
                  << '\n';
}
