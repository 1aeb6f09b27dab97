// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_KEK_FILE_HPP
#define COFFER_KEYRING_KEK_FILE_HPP

#include <coffer/keyring/codec.hpp>
#include <coffer/keyring/kek_set.hpp>
#include <coffer/keyring/wiping_resource.hpp>

#include <boost/json/parser.hpp>
#include <boost/json/serializer.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::keyring {

/// The text of a keyring: one JSON object, one KEK a line.
///
///     {
///      "coffer_keyring": 1,
///      "keks": [
///       {"id":"kek-2026-11-3fa2","state":"active","default":true,"created":1795000000000,
///        "environments":["prod"],"key":"<base64 of 32 bytes>","check":"<32 hex>"}
///      ]
///     }
///
/// A destroyed KEK has no key and no check. The check is the first half of
/// HMAC-SHA256(key, "coffer/1 keyring check" ‖ id): a damaged key is noticed here, and not later as
/// data that seems tampered with. Keyrings are at most 16 MiB long.
inline constexpr std::size_t kek_file_limit = std::size_t{16} << 20;

namespace detail {

/// The first 16 bytes of HMAC(key, "coffer/1 keyring check" ‖ id), in hex.
inline auto key_check(std::span<const std::byte, 32> key, std::string_view id) -> std::string {
    bytes input;
    format::writer(input).raw(as_bytes("coffer/1 keyring check")).raw(as_bytes(id));
    const auto mac = cryptopp::aes_256_gcm{}.hmac_sha256(key, input);
    return format::to_hex(byte_view(mac).first(16));
}

inline auto text_of(const boost::json::object& from, std::string_view name)
    -> std::optional<std::string_view> {
    const auto* found = from.if_contains({name.data(), name.size()});
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return std::string_view(found->get_string().data(), found->get_string().size());
}

inline auto state_of(std::string_view text) -> std::optional<kek_state> {
    for (const auto s :
         {kek_state::active, kek_state::decrypt_only, kek_state::disabled, kek_state::destroyed})
        if (text == to_string(s)) return s;
    return std::nullopt;
}

/// Reads the key and holds it against its check.
inline auto read_key(const boost::json::object& from, std::string_view id)
    -> std::optional<secret> {
    const auto key_text = text_of(from, "key");
    const auto check = text_of(from, "check");
    key_bytes key;
    if (!key_text || !check || !base64_decode(*key_text, key.span())) return std::nullopt;
    if (!equal_constant_time(as_bytes(*check), as_bytes(key_check(key.view(), id))))
        return std::nullopt;
    return secret(byte_view(key.view()));
}

/// One KEK of the file; nullopt if anything is missing, of another type or unknown.
inline auto read_kek(const boost::json::value& from) -> std::optional<kek> {
    if (!from.is_object()) return std::nullopt;
    const auto& object = from.get_object();
    const auto id = text_of(object, "id");
    const auto state_text = text_of(object, "state");
    const auto* is_default = object.if_contains("default");
    const auto* created = object.if_contains("created");
    const auto* environments = object.if_contains("environments");
    if (!id || !state_text || is_default == nullptr || !is_default->is_bool() ||
        created == nullptr || !created->is_int64() || environments == nullptr ||
        !environments->is_array())
        return std::nullopt;
    const auto state = state_of(*state_text);
    if (!state) return std::nullopt;
    kek out;
    out.info.id = *id;
    out.info.state = *state;
    out.info.is_default = is_default->get_bool();
    out.info.created = std::chrono::milliseconds(created->get_int64());
    for (const auto& e : environments->get_array()) {
        if (!e.is_string()) return std::nullopt;
        out.info.environments.emplace_back(e.get_string().data(), e.get_string().size());
    }
    const bool keyless = *state == kek_state::destroyed;
    if (object.size() != (keyless ? 5U : 7U)) return std::nullopt;
    if (keyless) return out;
    auto key = read_key(object, *id);
    if (!key) return std::nullopt;
    out.key = std::move(*key);
    return out;
}

inline void append(wiped_bytes& out, std::string_view text) {
    const auto data = as_bytes(text);
    out.insert(out.end(), data.begin(), data.end());
}

inline void append_json(wiped_bytes& out, const boost::json::value& value) {
    boost::json::serializer writer;
    std::array<char, 512> piece{};
    for (writer.reset(&value); !writer.done();) {
        const auto text = writer.read(piece.data(), piece.size());
        append(out, std::string_view(text.data(), text.size()));
    }
    wipe(piece.data(), piece.size());
}

inline auto to_json(const kek& from, boost::json::storage_ptr memory) -> boost::json::value {
    boost::json::value made(boost::json::object_kind, memory);
    auto& out = made.get_object();
    out["id"] = from.info.id;
    out["state"] = boost::json::string_view(to_string(from.info.state).data(),
                                            to_string(from.info.state).size());
    out["default"] = from.info.is_default;
    out["created"] = static_cast<std::int64_t>(from.info.created.count());
    auto& environments = out["environments"].emplace_array();
    for (const auto& e : from.info.environments)
        environments.emplace_back(e);
    if (from.info.state == kek_state::destroyed) return made;
    wiped_array<base64_size(32)> text;
    auto* characters = reinterpret_cast<char*>(text.span().data());
    base64_encode(from.bytes(), {characters, text.span().size()});
    out["key"].emplace_string().assign(characters, text.span().size());
    out["check"] = key_check(from.bytes(), from.info.id);
    return made;
}

} // namespace detail

/// Parses JSON into values that live in `memory`, with no copy of the text left elsewhere: nullopt
/// if it is not one well-formed JSON text. Duplicate members: the last one counts.
inline auto parse_wiping(byte_view text, wiping_resource& memory)
    -> std::optional<boost::json::value> {
    boost::json::parser parser(boost::json::storage_ptr(&memory), boost::json::parse_options{});
    parser.reset(boost::json::storage_ptr(&memory));
    boost::system::error_code wrong;
    parser.write(reinterpret_cast<const char*>(text.data()), text.size(), wrong);
    if (wrong) return std::nullopt;
    return parser.release();
}

/// Reads a keyring. `unsupported` if it is of another format, `too_large` if it is longer than
/// kek_file_limit or has more KEKs than a kek_set takes, and `tampered` for all that is not exactly a
/// keyring: a key that fails its check included, an id that comes twice, two defaults, more
/// environments than a KEK may have.
inline auto parse_keks(byte_view text) -> result<kek_set> {
    if (text.size() > kek_file_limit) return errc::too_large;
    wiping_resource memory;
    const auto parsed = parse_wiping(text, memory);
    if (!parsed || !parsed->is_object()) return errc::tampered;
    const auto& top = parsed->get_object();
    const auto* format = top.if_contains("coffer_keyring");
    const auto* keks = top.if_contains("keks");
    if (format == nullptr || !format->is_int64()) return errc::tampered;
    if (format->get_int64() != 1) return errc::unsupported;
    if (top.size() != 2 || keks == nullptr || !keks->is_array()) return errc::tampered;
    kek_set set;
    bool has_default = false;
    for (const auto& item : keks->get_array()) {
        auto k = detail::read_kek(item);
        if (!k || (has_default && k->info.is_default)) return errc::tampered;
        has_default = has_default || k->info.is_default;
        if (auto inserted = set.insert(std::move(*k)); !inserted)
            return inserted.error() == errc::too_large ? errc::too_large : errc::tampered;
    }
    return set;
}

/// The text of a keyring, wiped when it goes.
inline auto serialize_keks(const kek_set& set) -> wiped_bytes {
    wiping_resource memory;
    wiped_bytes out;
    detail::append(out, "{\n \"coffer_keyring\": 1,\n \"keks\": [");
    std::string_view between = "\n  ";
    for (const auto& k : set.keks()) {
        detail::append(out, between);
        detail::append_json(out, detail::to_json(k, boost::json::storage_ptr(&memory)));
        between = ",\n  ";
    }
    detail::append(out, "\n ]\n}\n");
    return out;
}

} // namespace coffer::inline COFFER_ABI::keyring

#endif
