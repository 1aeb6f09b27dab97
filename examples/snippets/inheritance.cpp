// SPDX-License-Identifier: BSL-1.0
// The policy of docs/inheritance.md, cut out between `//[name` and `//]`.
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>

#include <iostream>

//[policy
/// A space has what was set for it, and nothing else: a customer who brought no token of their own
/// must not use everybody's. Without a space it is the environment.
struct own_values_only {
    coffer::scope_list lookup_order(coffer::context where) const noexcept {
        coffer::scope_list layers;
        layers.push_back({where.environment, where.space, {}});
        return layers;
    }
};
static_assert(coffer::Inheritance<own_values_only>);
//]

int main() {
    //[use
    coffer::vault vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::memory_keyring{}, coffer::options{}, own_values_only{}};
    //]
    vault.ensure_space({.environment = "prod", .space = "acme"}).value();
    vault.put({.environment = "prod"}, "SLACK_TOKEN", "xoxb-everyone").value();
    const auto secrets = vault.resolver();
    for (const char* space : {"", "acme"})
        std::cout << secrets.explain({.environment = "prod", .space = space}, "SLACK_TOKEN").value()
                  << '\n';
}
