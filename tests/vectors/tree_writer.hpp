// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTS_VECTORS_TREE_WRITER_HPP
#define COFFER_TESTS_VECTORS_TREE_WRITER_HPP

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/head.hpp>
#include <coffer/format/object.hpp>
#include <coffer/format/subkeys.hpp>
#include <coffer/format/tree.hpp>
#include <coffer/tree/any_keyed.hpp>

#include <support/vector_keys.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

/// Writes environments of format 1 by hand, malformed ones too: what no vault would ever write. It
/// uses Coffer's encodings, but seals by itself.
namespace vectors {

using namespace coffer;

/// AES-256-GCM whose "randomness" is SHA-256 of a counter: the same vectors each time.
struct counting_cipher : cryptopp::aes_256_gcm {
    counting_cipher() : aes_256_gcm(cryptopp::allow_table_driven) {}
    auto random(std::span<std::byte> out) const -> result<void> {
        for (std::size_t at = 0; at < out.size(); at += 32) {
            const auto block = sha256(as_bytes("vector randomness " + std::to_string(drawn++)));
            std::copy_n(block.begin(), std::min<std::size_t>(32, out.size() - at), out.data() + at);
        }
        return {};
    }
    static inline unsigned drawn = 0;
};

struct written_version {
    format::entry_version version{};
    std::string value{};
    std::uint32_t dek = 1;
};
struct written_entry {
    format::entry entry{};
    std::vector<written_version> versions{}; ///< In place of entry.versions.
};

using change = std::function<void(bytes&)>;

/// What is written, and how it is spoilt.
struct plan {
    std::string realm = "prod";
    std::string environment = "us_env_1";
    std::string kek_id = "kek-2026-11";
    std::vector<std::uint8_t> deks{1}; ///< The cipher of DEK 1, 2, …
    std::uint64_t generation = 1;
    std::vector<written_entry> entries{};
    std::vector<std::size_t> cuts{}; ///< Indices of entries at which another page begins.
    std::map<std::size_t, std::uint32_t> page_deks{};
    std::uint32_t root_dek = 1;
    std::map<std::size_t, std::string>
        first_names{}; ///< What the root says of a page, if not the truth.

    std::map<std::size_t, change> page_body{};
    change root_body{};
    std::map<format::object_kind, change> plain{}; ///< Of the first record or page that is written.
    change root_object{};
    std::function<void(format::head&)> head_fields{};
    change head_body{};
    change head_whole{};
    std::function<void(std::map<std::string, bytes>&)> store{};
};

/// An environment as it lies in a store, with the keys that it was made with.
class tree_writer {
public:
    explicit tree_writer(const plan& p) : plan_(p) {
        counting_cipher::drawn = 0; // a case that is added changes no other
        keys_.kek_id = p.kek_id;
        keys_.environment = p.environment;
        const auto kek = cipher_.sha256(as_bytes("vector kek"));
        keys_.kek.assign(kek.begin(), kek.end());
        for (std::uint32_t n = 1; n <= p.deks.size(); ++n) {
            deks_.push_back(cipher_.sha256(as_bytes("vector dek " + std::to_string(n))));
            seals_.push_back(0);
        }
        write();
    }

    auto store() const -> const std::map<std::string, bytes>& { return store_; }
    auto kek() const -> const bytes& { return keys_.kek; }
    auto head() const -> const format::head& { return head_; }
    auto dek(std::uint32_t number) const -> const digest& { return deks_[number - 1]; }
    auto subkey(std::uint32_t number, std::string_view label) const -> key_bytes {
        return format::derive_subkey(cipher_, dek(number), label, binding(number));
    }

private:
    auto binding(std::uint32_t number) const -> format::dek_binding {
        return {plan_.realm, plan_.environment, number, plan_.deks[number - 1]};
    }

    auto seal(std::uint32_t dek, format::object_kind kind, bytes aad, byte_view body) -> bytes {
        bytes plain;
        format::writer(plain).u32(body.size()).raw(body);
        plain.resize(format::padded_size(kind, plain.size()));
        if (const auto spoil = plan_.plain.find(kind); spoil != plan_.plain.end()) {
            spoil->second(plain);
            plan_.plain.erase(spoil);
        }
        bytes input(32);
        (void)cipher_.random(input);
        format::writer(input).u32(aad.size()).raw(aad).raw(plain);
        const auto id = plan_.deks[dek - 1];
        const auto nonce = cipher_.hmac_sha256(subkey(dek, "nonce").view(), input);
        const auto nonce_size = tree::any_keyed<cryptopp::aes_256_gcm>::nonce_size(id);
        const std::string_view label = kind == format::object_kind::root   ? "root"
                                       : kind == format::object_kind::page ? "page"
                                                                           : "record";
        auto keyed = tree::any_keyed<cryptopp::aes_256_gcm>::make(
            cryptopp::aes_256_gcm(cryptopp::allow_table_driven), id, subkey(dek, label).view());
        bytes sealed(plain.size());
        std::array<std::byte, 16> tag{};
        keyed.value().seal(byte_view(nonce).first(nonce_size), aad, plain, sealed, tag).value();
        ++seals_[dek - 1];
        bytes object;
        format::writer(object)
            .raw(format::object_prefix_of(dek))
            .raw(byte_view(nonce).first(nonce_size))
            .raw(sealed)
            .raw(tag);
        return object;
    }
    auto add(bytes object) -> format::object_name {
        const auto name = cipher_.sha256(object);
        store_[format::store_key(name)] = std::move(object);
        return name;
    }

    auto page(std::size_t number, std::size_t from, std::size_t to) -> format::page_ref {
        std::vector<format::entry> entries;
        for (auto i = from; i < to; ++i) {
            auto e = plan_.entries[i].entry;
            for (const auto& w : plan_.entries[i].versions) {
                auto v = w.version;
                if (v.state == format::entry_state::value)
                    v.record = add(
                        seal(w.dek, format::object_kind::record,
                             format::record_aad(format::object_prefix_of(w.dek), e.key, v.number),
                             as_bytes(w.value)));
                e.versions.push_back(std::move(v));
            }
            entries.push_back(std::move(e));
        }
        const auto encoded = format::encode_page(entries);
        bytes body(encoded.begin(), encoded.end());
        if (plan_.page_body.contains(number)) plan_.page_body[number](body);
        const auto dek = plan_.page_deks.contains(number) ? plan_.page_deks[number] : 1;
        const auto prefix = format::object_prefix_of(dek);
        auto object = seal(dek, format::object_kind::page,
                           format::object_aad(prefix, format::object_kind::page), body);
        format::page_ref ref{from < to ? entries.front().key : format::entry_key{},
                             add(std::move(object))};
        if (plan_.first_names.contains(number)) ref.first.name = plan_.first_names[number];
        return ref;
    }

    void write() {
        std::vector<format::page_ref> refs;
        auto cuts = plan_.cuts;
        cuts.push_back(plan_.entries.size());
        std::size_t from = 0;
        for (std::size_t i = 0; i < cuts.size(); from = cuts[i++])
            refs.push_back(page(i, from, cuts[i]));
        const auto encoded = format::encode_root(refs);
        bytes body(encoded.begin(), encoded.end());
        if (plan_.root_body) plan_.root_body(body);
        const auto prefix = format::object_prefix_of(plan_.root_dek);
        auto root = seal(plan_.root_dek, format::object_kind::root,
                         format::object_aad(prefix, format::object_kind::root), body);
        if (plan_.root_object) plan_.root_object(root);
        write_head(add(std::move(root)));
        if (plan_.store) plan_.store(store_);
    }
    void write_head(const format::object_name& root) {
        head_.realm = plan_.realm;
        head_.environment = plan_.environment;
        head_.generation = plan_.generation;
        head_.written_at = 1'700'000'000'009;
        head_.root = root;
        for (std::uint32_t n = 1; n <= plan_.deks.size(); ++n) {
            format::head_dek d{n, plan_.deks[n - 1], {}, seals_[n - 1], plan_.kek_id, {}};
            const auto commitment = subkey(n, "commit");
            std::copy_n(commitment.view().begin(), 32, d.commitment.begin());
            d.wrapped = keys_.wrap(plan_.kek_id, dek(n), format::wrap_aad(binding(n), plan_.kek_id))
                            .value();
            head_.deks.push_back(std::move(d));
        }
        for (std::uint64_t i = 0; i + 1 < plan_.generation && i < format::limits::ancestors; ++i)
            head_.ancestors[i] =
                format::ancestor_of(cipher_.sha256(as_bytes("vector head " + std::to_string(i))));
        if (plan_.head_fields) plan_.head_fields(head_);
        auto data = format::encode_head_unsigned(head_);
        if (plan_.head_body) plan_.head_body(data);
        const auto newest = static_cast<std::uint32_t>(plan_.deks.size());
        head_.mac = cipher_.hmac_sha256(subkey(newest, "head").view(), data);
        data.insert(data.end(), head_.mac.begin(), head_.mac.end());
        if (plan_.head_whole) plan_.head_whole(data);
        store_["head"] = std::move(data);
    }

    plan plan_;
    counting_cipher cipher_{};
    coffer_test::vector_keys<counting_cipher> keys_{};
    std::vector<digest> deks_{};
    std::vector<std::uint64_t> seals_{};
    format::head head_{};
    std::map<std::string, bytes> store_{};
};

} // namespace vectors

#endif
