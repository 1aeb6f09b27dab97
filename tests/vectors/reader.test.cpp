// SPDX-License-Identifier: BSL-1.0
// Opens vectors of format 1, the project's own or those of another writer: COFFER_FORMAT_VECTORS
// names the folder (tree.json or vector.json, negatives.json; README.md says what stands in them).
#include <coffer/algorithm/drive.hpp>
#include <coffer/algorithm/refresh.hpp>
#include <coffer/cryptopp/chacha20_poly1305.hpp>
#include <coffer/cryptopp/xchacha20_poly1305.hpp>
#include <coffer/inheritance.hpp>
#include <coffer/memory/store.hpp>
#include <coffer/testing/laws/cipher_subject.hpp>
#include <coffer/testing/manual_clock.hpp>
#include <coffer/tree/snapshot_view.hpp>

#include <support/catch.hpp>
#include <support/vector_keys.hpp>

#include <boost/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace coffer;

namespace {

namespace json = boost::json;
using coffer_test::vector_keys;

auto folder() -> std::filesystem::path {
    const char* other = std::getenv("COFFER_FORMAT_VECTORS");
    return other != nullptr && *other != '\0' ? other : COFFER_FORMAT_VECTORS;
}

auto read(const std::filesystem::path& path) -> json::object {
    std::ifstream file(path);
    INFO(path.string());
    REQUIRE(file);
    std::stringstream text;
    text << file.rdbuf();
    return json::parse(text.str()).as_object();
}
auto read_trees() -> json::object {
    const auto own = folder() / "tree.json";
    return read(std::filesystem::exists(own) ? own : folder() / "vector.json");
}

auto text(const json::value& in, std::string_view member) -> std::string {
    return std::string(in.as_object().at(member).as_string());
}
auto number(const json::value& in, std::string_view member) -> std::uint64_t {
    return in.as_object().at(member).to_number<std::uint64_t>();
}
auto hex(const json::value& in, std::string_view member) -> bytes {
    return testing::laws::from_hex(text(in, member));
}

/// One environment of a vector in a store, and how to read it with cipher C.
template <class C>
struct subject {
    C cipher{};
    memory::store store{};
    vector_keys<> keys;
    algorithm::subject of;

    subject(const json::value& about, const json::value& entries)
        : keys{text(about, "kek_id"), text(about, "environment"), hex(about, "kek")},
          of{text(about, "realm"), text(about, "environment"), {}} {
        of.partition = format::partition_name(cipher, of.realm, of.environment);
        std::vector<object_write> writes;
        for (const auto& entry : entries.as_object())
            writes.push_back(
                {std::string(entry.key()), testing::laws::from_hex(entry.value().as_string())});
        revision at{};
        for (const auto& w : writes)
            if (w.key == "head") at = format::revision_of(cipher.sha256(*w.value));
        REQUIRE(store.commit(of.partition, {}, at, writes).value() == commit_outcome::committed);
    }
    auto look(std::optional<mark> seen = {}) -> result<tree::snapshot_ptr<C>> {
        algorithm::refresh<C> refresh(cipher, of, nullptr, seen);
        return algorithm::run(refresh, store, keys);
    }
    auto object(const format::object_name& name) -> bytes {
        const std::vector<std::string> key{format::store_key(name)};
        auto found = store.load(of.partition, key).value().objects.front();
        REQUIRE(found);
        CHECK(cipher.sha256(*found) == name);
        return *std::move(found);
    }
    /// All DEKs that the head lists, whether the newest values need them or not.
    auto all_keys(const format::head& head) -> tree::keyset<C> {
        tree::keyset<C> all;
        for (const auto& d : head.deks) {
            const format::dek_binding binding{of.realm, of.environment, d.number, d.cipher};
            const auto dek = keys.unwrap(d.kek_id, of.environment, d.wrapped,
                                         format::wrap_aad(binding, d.kek_id));
            all.add(tree::make_dek_keys<C>(cipher, dek.value().view(), binding, d));
        }
        return all;
    }
};

auto mark_of(const json::value& vector) -> mark {
    const auto& m = vector.at("mark");
    mark out{number(m, "generation"), {}, static_cast<std::uint32_t>(number(m, "dek"))};
    const auto mac = hex(m, "mac16");
    std::copy(mac.begin(), mac.end(), out.mac.begin());
    return out;
}

template <class C>
void check_versions(subject<C>& s, const tree::keyset<C>& keys, const format::entry& e,
                    const json::value& expected) {
    REQUIRE(e.versions.size() == expected.as_array().size());
    for (std::size_t i = 0; i < e.versions.size(); ++i) {
        const auto& v = e.versions[i];
        const auto& want = expected.as_array()[i];
        CHECK(v.number == number(want, "number"));
        CHECK(static_cast<std::uint64_t>(v.state) == number(want, "kind"));
        CHECK(v.at == number(want, "at"));
        CHECK(v.expires == number(want, "expires"));
        CHECK(v.author == text(want, "author"));
        if (v.state != format::entry_state::value) continue;
        const auto object = s.object(v.record);
        const auto parts = format::parse_object(object).value();
        const auto* dek = keys.find(parts.dek);
        REQUIRE(dek != nullptr);
        const auto opened =
            dek->open(format::object_kind::record,
                      format::record_aad(parts.prefix, e.key, v.number), parts.rest);
        CHECK(as_text(opened.value().view()) == text(want, "value"));
    }
}

/// Encoding what was read gives the very bytes that were read: there is one encoding of each
/// content.
template <class C>
void check_encodings(subject<C>& s, const tree::snapshot<C>& state) {
    const std::vector<std::string> head{"head"};
    auto data = s.store.load(s.of.partition, head).value().objects.front().value();
    auto again = format::encode_head_unsigned(state.head);
    again.insert(again.end(), state.head.mac.begin(), state.head.mac.end());
    CHECK(again == data);
    const auto body = [&](const format::object_name& name, format::object_kind kind) {
        const auto object = s.object(name);
        const auto parts = format::parse_object(object).value();
        return state.keys->find(parts.dek)
            ->open(kind, format::object_aad(parts.prefix, kind), parts.rest)
            .value();
    };
    std::vector<format::page_ref> refs;
    for (const auto& page : state.pages.pages()) {
        refs.push_back(page.ref);
        const auto opened = body(page.ref.name, format::object_kind::page);
        const auto encoded = format::encode_page(page.node->entries);
        CHECK(as_text(opened.view()) == as_text(encoded));
    }
    const auto opened = body(state.head.root, format::object_kind::root);
    CHECK(as_text(opened.view()) == as_text(format::encode_root(refs)));
}

template <class C>
void check_look_ups(const tree::snapshot_ptr<C>& state, const std::string& environment,
                    const json::value& resolve) {
    const testing::manual_clock time(std::chrono::milliseconds(1'700'000'001'000));
    for (const auto& r : resolve.as_array()) {
        const auto space = text(r, "space");
        const auto actor = text(r, "actor");
        const auto name = text(r, "name");
        const context where{environment, space, actor};
        INFO(to_string(where) << " " << name);
        const tree::snapshot_view<C> view(
            state, 1, where, environment_then_space_then_actor{}.lookup_order(where), time);
        const auto got = view.get(name, {});
        if (r.at("value").is_null()) {
            REQUIRE(!got);
            CHECK(got.error().code == errc::not_found);
        } else {
            CHECK(got.value().expose_secret() == text(r, "value"));
        }
    }
}

/// How a reader fares that opens the tree and every value in it.
template <class C>
auto outcome(const result<tree::snapshot_ptr<C>>& found) -> std::string {
    if (!found) return std::string(to_string(found.error().code));
    if ((*found)->closed()) return std::string(to_string(errc::not_found));
    std::string worst = "ok";
    (*found)->pages.each_from({}, [&](const format::entry&, const tree::leaf& l) {
        if (l.state() != format::entry_state::value) return true;
        if (const auto opened = (*found)->open(l); !opened) worst = to_string(opened.error().code);
        return true;
    });
    return worst;
}

} // namespace

TEMPLATE_TEST_CASE(
    "environments in the middle of a rotation read as their vectors say, whatever cipher reads",
    "[format]", cryptopp::aes_256_gcm, cryptopp::xchacha20_poly1305, cryptopp::chacha20_poly1305) {
    const auto file = read_trees();
    REQUIRE(!file.at("vectors").as_array().empty());
    for (const auto& vector : file.at("vectors").as_array()) {
        INFO("cipher of DEK 2: " << number(vector, "cipher_of_dek_2"));
        subject<TestType> s(vector, vector.at("store"));
        const auto state = s.look(mark_of(vector)).value();
        REQUIRE(state != nullptr);
        CHECK(state->head.mark_of() == mark_of(vector));
        CHECK(state->pages.damaged() == 0);
        const auto keys = s.all_keys(state->head);
        const auto& expected = vector.at("expect").as_array();
        std::size_t i = 0;
        state->pages.each_from({}, [&](const format::entry& e, const tree::leaf&) {
            REQUIRE(i < expected.size());
            const auto& want = expected[i++];
            INFO(e.key.space << " " << e.key.actor << " " << e.key.name);
            CHECK(e.key ==
                  format::entry_key{text(want, "space"), text(want, "actor"), text(want, "name")});
            CHECK(format::to_hex(e.id) == text(want, "id"));
            CHECK(e.note == text(want, "note"));
            check_versions(s, keys, e, want.at("versions"));
            return true;
        });
        CHECK(i == expected.size());
        check_encodings(s, *state);
        check_look_ups<TestType>(state, s.of.environment, vector.at("resolve"));
    }
}

TEST_CASE("every derived key of the vectors comes out as written", "[format]") {
    const auto file = read_trees();
    for (const auto& vector : file.at("vectors").as_array()) {
        subject<cryptopp::aes_256_gcm> s(vector, vector.at("store"));
        const auto head = s.look().value()->head;
        CHECK(head.deks.size() == vector.at("derived").as_object().size());
        for (const auto& d : head.deks) {
            const auto& derived = vector.at("derived").at(std::to_string(d.number));
            const format::dek_binding binding{s.of.realm, s.of.environment, d.number, d.cipher};
            const auto dek = s.keys
                                 .unwrap(d.kek_id, s.of.environment, d.wrapped,
                                         format::wrap_aad(binding, d.kek_id))
                                 .value();
            CHECK(format::to_hex(dek.view()) == text(derived, "dek"));
            for (const auto* label : {"commit", "head", "root", "page", "record", "nonce"})
                CHECK(format::to_hex(
                          format::derive_subkey(s.cipher, dek.view(), label, binding).view()) ==
                      text(derived, label));
            CHECK(format::to_hex(d.commitment) == text(derived, "commit"));
        }
    }
}

TEST_CASE("every malformed tree is refused as its vector says", "[format]") {
    const auto file = read(folder() / "negatives.json");
    REQUIRE(!file.at("cases").as_array().empty());
    for (const auto& test : file.at("cases").as_array()) {
        INFO(text(test, "name"));
        subject<cryptopp::aes_256_gcm> s(file, test.at("store"));
        CHECK(outcome(s.look()) == text(test, "expect"));
    }
}
