// SPDX-License-Identifier: BSL-1.0
#include "kept_copy.hpp"

#include "problem.hpp"
#include "remote.hpp"
#include "text.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/format/hkdf.hpp>
#include <coffer/http/json_answer.hpp>
#include <coffer/http/query.hpp>
#include <coffer/posix/atomic_file.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <utility>

namespace command {

namespace fs = std::filesystem;
namespace http = coffer::http;
namespace posix = coffer::posix;
using coffer::as_bytes;
using coffer::errc;

namespace {

constexpr std::string_view magic = "coffer kept copy 2\n";
constexpr std::size_t salt_size = 32;
constexpr std::size_t tag_size = 16;
constexpr std::size_t most_bytes = std::size_t{64} << 20;

/// The patterns of --only as a set: their order is not what a copy is found by.
auto pattern_set(const session& s) -> std::string {
    auto all = split(s.in.text("only").value_or(""), ',');
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return join(all, ",");
}
/// What a copy is of: server and scope, as they were said, since --offline asks nobody what a name
/// means, and the set of patterns that it was limited to; empty: all of the scope.
auto subject_of(const settings& from, const std::string& only) -> std::string {
    auto out = server_text(from);
    for (const auto& part : {from.text("env"), from.text("space"), from.text("actor"), only})
        out.append(1, '\0').append(part);
    return out;
}
auto subject_text(const settings& from, const std::string& only) -> std::string {
    return printable(coffer::to_string({.environment = from.text("env"),
                                        .space = from.text("space"),
                                        .actor = from.text("actor")})) +
           (only.empty() ? "" : " with --only " + printable(only));
}
auto folder_of(const std::string& server) -> fs::path {
    return config_folder() / "kept" / http::encoded(server);
}
auto file_of(const settings& from, const std::string& only) -> fs::path {
    const auto hash = coffer::cryptopp::aes_256_gcm{}.sha256(as_bytes(subject_of(from, only)));
    return folder_of(server_text(from)) / coffer::format::to_hex(hash);
}

/// Keyed for one file: its salt makes the key another one each time, so that the nonce may be
/// zeros.
auto keyed(const coffer::secret& token, coffer::byte_view salt)
    -> coffer::cryptopp::aes_256_gcm::keyed {
    const coffer::cryptopp::aes_256_gcm cipher;
    coffer::detail::secure_buffer key(32);
    if (!coffer::format::hkdf_sha256(cipher, as_bytes(token.expose_secret()), salt,
                                     as_bytes(std::string_view("coffer kept copy")), key.span()))
        throw problem(errc::unsupported, "no key can be made");
    return need(cipher.key(std::span<const std::byte, 32>(key.span().data(), 32)));
}
constexpr std::array<std::byte, 12> no_nonce{};

auto text_of(const place& at, const coffer::view& from,
             std::span<const coffer::named_secret> values) -> http::wiped_text {
    http::wiped_text out;
    http::json_writer w(out);
    w.begin_object().member("takenAt", now_ms() - age_ms(from.fresh()));
    w.member("environment", at.environment);
    w.member("space", at.space).member_if("actor", at.actor);
    w.key("secrets").begin_list();
    for (const auto& one : values) {
        const auto told = need(from.explain(one.name), at.where(), one.name);
        const auto value = one.value.expose_secret();
        const auto text = coffer::detail::base64_text(as_bytes(value));
        w.begin_object().member("name", one.name).member("fromSpace", one.from.space);
        w.member_if("fromActor", one.from.actor);
        w.member_if("expires", told.decided() ? told.layers[told.decides].expires : 0);
        w.member("base64", std::string_view(text)).end_object();
    }
    w.end_list().end_object();
    return out;
}

auto read_copy(std::string_view text) -> kept_copy {
    const auto document = http::json_document::read(text);
    if (!document) throw problem(errc::tampered, "what was kept is damaged");
    const auto& o = document->object();
    kept_copy out;
    out.at.environment = http::text_in(o, "environment");
    out.at.space = http::text_in(o, "space");
    out.at.actor = http::text_in(o, "actor");
    out.taken_at = http::number_in(o, "takenAt");
    const auto* secrets = o.if_contains("secrets");
    if (secrets == nullptr || !secrets->is_array()) return out;
    for (const auto& one : secrets->get_array()) {
        if (!one.is_object()) continue;
        const auto& row = one.get_object();
        const auto expires = http::number_in(row, "expires");
        auto value = http::value_in(row);
        if (!value) continue;
        if (expires != 0 && now_ms() >= expires) {
            out.expired.emplace_back(http::text_in(row, "name"));
            continue;
        }
        coffer::scope where;
        where.environment = out.at.environment;
        where.space = http::text_in(row, "fromSpace");
        where.actor = http::text_in(row, "fromActor");
        out.secrets.push_back(
            {std::string(http::text_in(row, "name")), std::move(where), *std::move(value), {}});
    }
    return out;
}

auto read_sealed(const settings& from, const std::string& only) -> coffer::bytes {
    auto file = posix::open_regular(file_of(from, only));
    if (!file && file.error().code == errc::not_found)
        throw problem(errc::not_found, "nothing was kept of " + subject_text(from, only) +
                                           " through " + server_text(from) +
                                           ": coffer run --keep keeps it, with --only for the "
                                           "same --only alone");
    const auto kept = need(std::move(file));
    if (!posix::require_private(kept))
        throw problem(errc::denied, "what was kept of " + subject_text(from, only) +
                                        " is refused: the file must be yours, mode 0600");
    return need(posix::read_all<coffer::bytes>(kept, most_bytes));
}

auto open_sealed(const settings& from, const std::string& only) -> http::wiped_text {
    const auto stored = read_sealed(from, only);
    const coffer::byte_view bytes(stored);
    const auto head = magic.size() + salt_size + tag_size;
    http::wiped_text out(bytes.size() < head ? 0 : bytes.size() - head, '\0');
    const bool opened = bytes.size() >= head &&
                        coffer::as_text(bytes.first(magic.size())) == magic &&
                        keyed(token_for(from).text, bytes.subspan(magic.size(), salt_size))
                            .open(no_nonce, as_bytes(subject_of(from, only)), bytes.subspan(head),
                                  bytes.subspan(magic.size() + salt_size).first<tag_size>(),
                                  std::as_writable_bytes(std::span(out.data(), out.size())));
    if (!opened)
        throw problem(errc::unknown_key, "what was kept of " + subject_text(from, only) +
                                             " does not open with this token, or was altered: "
                                             "coffer run --keep keeps it anew");
    return out;
}

/// One that is within --max-stale. Throws problem.
auto usable_copy(session& s, const std::string& only) -> kept_copy {
    auto out = read_copy(open_sealed(s.config(), only));
    const auto now = now_ms();
    if (out.taken_at > now || now - out.taken_at > s.config().max_stale())
        throw problem(errc::stale,
                      "what was kept of " + subject_text(s.config(), only) + " was taken " +
                          (out.taken_at > now ? "in the future" : ago(out.taken_at, now)) +
                          ", and --max-stale allows " + s.config().text("max-stale"),
                      out.at.where());
    return out;
}

} // namespace

void keep_copy(session& s, const place& at, const coffer::view& from,
               std::span<const coffer::named_secret> values) {
    const auto only = pattern_set(s);
    const auto text = text_of(at, from, values);
    std::array<std::byte, salt_size> salt{};
    need(coffer::cryptopp::aes_256_gcm{}.random(salt));
    std::vector<std::byte> sealed(text.size());
    std::array<std::byte, tag_size> tag{};
    need(keyed(token_for(s.config()).text, salt)
             .seal(no_nonce, as_bytes(subject_of(s.config(), only)),
                   as_bytes(std::string_view(text)), sealed, tag));
    const auto file = file_of(s.config(), only);
    std::error_code wrong;
    fs::create_directories(file.parent_path(), wrong);
    fs::permissions(file.parent_path().parent_path(), fs::perms::owner_all, wrong);
    const std::array<coffer::byte_view, 4> parts{as_bytes(magic), salt, tag, sealed};
    const auto done = posix::replace_file(file, parts);
    if (!done)
        throw problem(errc::unavailable, "can't keep a copy in " + printable(file.string()) +
                                             cause_words(done.error().cause));
    s.detail("kept sealed in " + printable(file.string()));
}

auto open_copy(session& s) -> kept_copy {
    std::set<std::string> candidates{std::string(), pattern_set(s)};
    std::optional<kept_copy> newest;
    std::optional<problem> trouble; // what is not there is the least of it
    for (const auto& only : candidates) {
        try {
            auto one = usable_copy(s, only);
            if (!newest || newest->taken_at < one.taken_at) newest = std::move(one);
        } catch (const problem& why) {
            if (!trouble || trouble->code == errc::not_found) trouble = why;
        }
    }
    if (!newest) throw *trouble;
    if (trouble && trouble->code != errc::not_found && trouble->code != errc::stale)
        s.notice(trouble->message + "; another copy that holds what --only says is used");
    return *std::move(newest);
}

void forget_copies(const std::string& server) {
    std::error_code wrong;
    fs::remove_all(folder_of(server), wrong);
    if (wrong)
        throw problem(errc::unavailable,
                      "can't remove what was kept of " + server + cause_words(wrong));
}

} // namespace command
