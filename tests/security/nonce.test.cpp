// SPDX-License-Identifier: BSL-1.0
// A generator that always answers the same, as in a cloned virtual machine, repeats no nonce but
// for an equal object.
#include "support/catch.hpp"
#include "support/staged_store.hpp"

#include <coffer/coffer.hpp>
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/keyring/memory_keyring.hpp>

#include <algorithm>
#include <map>
#include <set>

using namespace coffer;
using namespace coffer_test;

namespace {

struct stuck_cipher : cryptopp::aes_256_gcm {
    auto random(std::span<std::byte> out) const -> result<void> {
        std::ranges::fill(out, std::byte{42});
        return {};
    }
};
static_assert(Cipher<stuck_cipher>);

using nonce = std::array<std::byte, 12>;

auto nonce_of(byte_view object) -> nonce {
    nonce out{};
    const auto at = object.subspan(format::object_prefix, out.size());
    std::ranges::copy(at, out.begin());
    return out;
}

} // namespace

TEST_CASE("with a stuck generator every other body, length, kind and place has another nonce") {
    const key_bytes dek;
    const format::dek_binding of{"", "prod", 1, 1};
    const tree::dek_keys<stuck_cipher> keys(stuck_cipher{}, dek.view(), of, {});
    const auto prefix = format::object_prefix_of(1);
    std::map<nonce, bytes> seen;
    std::size_t sealed = 0;
    const auto seal = [&](format::object_kind kind, byte_view aad, std::string_view body) {
        const auto object = keys.seal(kind, aad, as_bytes(body)).value();
        const auto [at, fresh] = seen.emplace(nonce_of(object.data), object.data);
        REQUIRE(fresh);
        ++sealed;
        // and the same once more is the same object, byte by byte
        REQUIRE(keys.seal(kind, aad, as_bytes(body)).value().data == object.data);
    };
    for (std::size_t n = 0; n < 300; ++n) { // zeros are what bodies are padded with
        const std::string body(n, '\0');
        seal(format::object_kind::root, format::object_aad(prefix, format::object_kind::root),
             body);
        seal(format::object_kind::page, format::object_aad(prefix, format::object_kind::page),
             body);
        seal(format::object_kind::record, format::record_aad(prefix, {"", "", "A"}, 1), body);
    }
    for (std::size_t n = 0; n < 1'000; ++n) {
        const auto text = std::to_string(n);
        seal(format::object_kind::record, format::record_aad(prefix, {"", "", "A"}, n + 2), "same");
        seal(format::object_kind::record, format::record_aad(prefix, {"", "", "A"}, 1), "x" + text);
        seal(format::object_kind::record, format::record_aad(prefix, {"s" + text, "", "A"}, 1),
             "x");
        seal(format::object_kind::record, format::record_aad(prefix, {"", "", "A" + text}, 1), "x");
    }
    CHECK(seen.size() == sealed);
    CHECK(sealed == 4'900);
}

TEST_CASE("a vault whose generator is stuck repeats no nonce in anything that it stores") {
    staged_store store;
    vault writer{store, stuck_cipher{}, keyring::memory_keyring{}};
    const auto partition = format::partition_name(stuck_cipher{}, "", "prod");
    std::set<bytes> objects;
    const auto collect = [&] {
        for (const auto& [key, object] : store.shown(partition).objects)
            if (key != "head") objects.insert(object);
    };
    const context env{.environment = "prod"};
    const context acme{.environment = "prod", .space = "acme"};
    writer.ensure_space(acme).value();
    for (int i = 0; i < 100; ++i) {
        const auto& where = i % 2 == 0 ? env : acme;
        const auto name = "N" + std::to_string(i % 7);
        writer.put(where, name, "value " + std::to_string(i / 14)).value(); // values come again
        collect();
        if (i % 5 == 0) {
            writer.erase(where, name).value();
            collect();
        }
    }
    std::set<nonce> nonces;
    for (const auto& object : objects)
        nonces.insert(nonce_of(object));
    CHECK(objects.size() > 300);
    CHECK(nonces.size() == objects.size());
    CHECK(writer.resolver().at(acme).has_value());
}
