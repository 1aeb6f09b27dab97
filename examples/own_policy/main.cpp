// SPDX-License-Identifier: BSL-1.0
// An order of scopes of one's own: some spaces inherit nothing.
#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>
#include <coffer/memory/store.hpp>

#include <iostream>

//[policy
/// As usual, a space inherits from its environment; but what runs in a sandbox gets what was set
/// for that sandbox alone, never production's own.
struct sandboxes_inherit_nothing {
    coffer::scope_list lookup_order(coffer::context where) const noexcept {
        coffer::scope_list layers;
        if (!where.space.empty()) layers.push_back({where.environment, where.space, {}});
        if (!where.space.starts_with("sandbox-")) layers.push_back({where.environment, {}, {}});
        return layers;
    }
};
static_assert(coffer::Inheritance<sandboxes_inherit_nothing>);
//]

int main() {
    //[use
    coffer::vault vault{coffer::memory::store{}, coffer::cryptopp::aes_256_gcm{},
                        coffer::keyring::memory_keyring{}, coffer::options{},
                        sandboxes_inherit_nothing{}};
    //]
    for (const char* space : {"acme", "sandbox-ana"})
        vault.ensure_space({.environment = "prod", .space = space}).value();
    vault.put({.environment = "prod"}, "SMTP_HOST", "mail.example").value();

    const auto secrets = vault.resolver();
    for (const char* space : {"acme", "sandbox-ana"})
        std::cout << secrets.explain({.environment = "prod", .space = space}, "SMTP_HOST").value()
                  << '\n';
}
