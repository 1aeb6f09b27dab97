// SPDX-License-Identifier: BSL-1.0
// Writes store and keys/keyring.json into this folder: two environments that were moved from one cipher
// to another and are not done, so that there are objects of both. Each cipher is met.
#include "support/vault.hpp"

#include <coffer/cryptopp/chacha20_poly1305.hpp>
#include <coffer/cryptopp/xchacha20_poly1305.hpp>
#include <coffer/file/store.hpp>
#include <coffer/keyring/file_keyring.hpp>

using namespace coffer;

namespace {

const any_store store(file::open("store").value());
const any_key_provider keys(keyring::open_or_create("keys/keyring.json").value());

template <class Cipher>
auto vault_with(Cipher cipher) {
    options how;
    how.realm = "production";
    return vault<policy<any_store, Cipher, any_key_provider>>(store, cipher, keys, how);
}

template <class From, class To>
void write(const std::string& id, From from, To to) {
    const context env{.environment = id};
    const context space{.environment = id, .space = "acme"};
    auto before = vault_with(from);
    before.ensure_environment(id).value();
    before.create_space(space).value();
    before.put(env, "EARLIER", "sealed before the move").value();
    before.put(space, "EARLIER", "an override, sealed before the move").value();
    auto after = vault_with(to);
    after.rotate_dek(id, [](const rotation_progress&) { return false; }).value();
    after.put(env, "EARLIER", "set again since").value();
    after.put(env, "LATER", std::string(80, 'x') + " of two blocks").value();
    after.hide(space, "LATER").value();
}

} // namespace

auto main() -> int {
    write("gcm", cryptopp::aes_256_gcm{}, cryptopp::xchacha20_poly1305{});
    write("xchacha", cryptopp::xchacha20_poly1305{}, cryptopp::chacha20_poly1305{});
}
