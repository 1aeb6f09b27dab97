// SPDX-License-Identifier: BSL-1.0
// Project Wycheproof's vectors on Coffer's own types. A case may only be left out because a type
// can't express it (another key, nonce or tag size), and how many those are is asserted too.
#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/hkdf.hpp>
#include <coffer/testing/laws/cipher_subject.hpp>

#include <support/catch.hpp>

#include <boost/json.hpp>

#include <fstream>
#include <sstream>

using namespace coffer;

namespace {

namespace json = boost::json;

auto read_vectors(const std::string& name) -> json::object {
    const std::string path = std::string(COFFER_WYCHEPROOF_DIR) + "/" + name + ".json";
    std::ifstream file(path);
    INFO(path);
    REQUIRE(file);
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object();
}

auto hex(const json::object& test, std::string_view member) -> bytes {
    return testing::laws::from_hex(std::string_view(test.at(member).as_string()));
}

/// How the cases of a file went.
struct tally {
    int valid = 0;
    int invalid = 0;
    int not_representable = 0;

    friend auto operator==(const tally&, const tally&) -> bool = default;
    friend auto operator<<(std::ostream& out, const tally& t) -> std::ostream& {
        return out << t.valid << " valid, " << t.invalid << " invalid, " << t.not_representable
                   << " not representable";
    }
};

/// Runs f(group, test) for each case: it answers whether the case was accepted, or nullopt if our
/// types can't express it.
template <class F>
auto run(const std::string& name, F&& f) -> tally {
    tally t;
    const auto vectors = read_vectors(name);
    for (const auto& group : vectors.at("testGroups").as_array())
        for (const auto& value : group.at("tests").as_array()) {
            const auto& test = value.as_object();
            INFO(name << " tcId " << test.at("tcId").as_int64());
            const auto& expected = test.at("result").as_string();
            REQUIRE((expected == "valid" || expected == "invalid"));
            const std::optional<bool> accepted = f(group.as_object(), test);
            if (!accepted) {
                ++t.not_representable;
                continue;
            }
            CHECK(*accepted == (expected == "valid"));
            ++(expected == "valid" ? t.valid : t.invalid);
        }
    REQUIRE(t.valid + t.invalid + t.not_representable == vectors.at("numberOfTests").as_int64());
    return t;
}

template <class C>
auto run_aead(const std::string& name, const C& cipher) -> tally {
    return run(name, [&](const json::object&, const json::object& test) -> std::optional<bool> {
        testing::laws::message<C> m{hex(test, "key"), hex(test, "iv"), hex(test, "aad"),
                                    hex(test, "msg"), hex(test, "ct")};
        const auto tag = hex(test, "tag");
        if (m.key.size() != 32 || m.nonce.size() != C::nonce_size || tag.size() != 16)
            return std::nullopt;
        std::copy(tag.begin(), tag.end(), m.tag.begin());
        auto keyed = cipher.key(testing::laws::key_view(m.key)).value();
        bytes left;
        const auto opened = m.open_with(keyed, &left);
        if (!opened) {
            CHECK(left == bytes(m.sealed.size()));
            return false;
        }
        CHECK(*opened == m.plain);
        auto sealed = m;
        CHECK(sealed.seal_with(keyed));
        CHECK(sealed.sealed == m.sealed);
        CHECK(sealed.tag == m.tag);
        return true;
    });
}

} // namespace

TEST_CASE("Wycheproof: AES-GCM") {
    const cryptopp::aes_256_gcm cipher{cryptopp::allow_table_driven};
    CHECK(run_aead("aes_gcm_test", cipher) == tally{39, 27, 250});
}

TEST_CASE("Wycheproof: XChaCha20-Poly1305") {
    CHECK(run_aead("xchacha20_poly1305_test", cryptopp::xchacha20_poly1305{}) == tally{246, 60, 9});
}

TEST_CASE("Wycheproof: ChaCha20-Poly1305") {
    CHECK(run_aead("chacha20_poly1305_test", cryptopp::chacha20_poly1305{}) == tally{256, 60, 9});
}

TEST_CASE("Wycheproof: HKDF-SHA256") {
    const auto t = run("hkdf_sha256_test", [](const auto&, const json::object& test) {
        bytes okm(static_cast<std::size_t>(test.at("size").as_int64()), std::byte{0xA5});
        const bool made = format::hkdf_sha256(cryptopp::aes_256_gcm{}, hex(test, "ikm"),
                                              hex(test, "salt"), hex(test, "info"), okm);
        if (made)
            CHECK(okm == hex(test, "okm"));
        else
            CHECK(okm == bytes(okm.size()));
        return std::optional(made);
    });
    CHECK(t == tally{83, 3, 0});
}

TEST_CASE("Wycheproof: HMAC-SHA256") {
    const auto t = run("hmac_sha256_test", [](const json::object& group, const json::object& test) {
        if (group.at("tagSize").as_int64() != 256) return std::optional<bool>{};
        const auto mac = cryptopp::aes_256_gcm{}.hmac_sha256(hex(test, "key"), hex(test, "msg"));
        return std::optional(equal_constant_time(mac, hex(test, "tag")));
    });
    CHECK(t == tally{33, 54, 87});
}

TEST_CASE("AES-256-GCM does not commit to its key: one text opens under two") {
    const auto vector = read_vectors("own_aes256gcm_two_key_collision");
    const cryptopp::aes_256_gcm cipher{cryptopp::allow_table_driven};
    for (const std::string which : {"1", "2"}) {
        testing::laws::message<cryptopp::aes_256_gcm> m{
            hex(vector, "key" + which), hex(vector, "iv"), hex(vector, "aad"),
            hex(vector, "msg" + which), hex(vector, "ct")};
        const auto tag = hex(vector, "tag");
        std::copy(tag.begin(), tag.end(), m.tag.begin());
        auto keyed = cipher.key(testing::laws::key_view(m.key)).value();
        CHECK(m.open_with(keyed) == m.plain);
    }
}
