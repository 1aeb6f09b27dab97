// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_TOKEN_ROW_HPP
#define COFFER_HTTP_TOKEN_ROW_HPP

#include <coffer/concepts/cipher.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/http/access_json.hpp>
#include <coffer/http/json_answer.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What is kept of a token, in the entry `token/<id>` of Coffer's own environment: sealed, and
/// without the token's text, of which only a hash is there. It is written once and then only
/// loses grants, or is removed. Times are milliseconds since 1970.
struct token_row {
    std::string id{};
    digest hash{}; ///< SHA-256 of the 256 secret bits: nothing to guess, so nothing slower.
    std::string name{};
    std::vector<grant> grants{};
    std::uint64_t created = 0;
    std::string created_by{}; ///< The id of the token that minted it, or `local`.
    std::uint64_t expires = 0;
    bool readable = true; ///< False: of what is kept nothing but the id can be told.
};

/// What a new token is to be.
struct token_wish {
    std::string name{};
    std::vector<grant> grants{};
    std::uint64_t expires = 0; ///< 0: in 90 days.
    std::string created_by{};
};

/// A program's token lives for a year at most, a person's (any other role than service) for 90
/// days.
inline constexpr std::chrono::milliseconds longest_service_life = std::chrono::hours(24 * 365);
inline constexpr std::chrono::milliseconds longest_personal_life = std::chrono::hours(24 * 90);

inline auto longest_life(const std::vector<grant>& grants) noexcept -> std::chrono::milliseconds {
    return std::all_of(grants.begin(), grants.end(),
                       [](const grant& g) { return g.as == role::service; })
               ? longest_service_life
               : longest_personal_life;
}

/// The form of a row that is written. Form 1 is read too: `env-admin` and `space-admin` are
/// `environment_admin` and `space_admin` there, and who knows no other form would take the new
/// names for damage.
inline constexpr std::uint64_t token_row_version = 2;

inline auto to_json(const token_row& row) -> wiped_text {
    wiped_text out;
    json_writer w(out);
    w.begin_object()
        .member("v", token_row_version)
        .member("sha256", format::to_hex(row.hash))
        .member("name", row.name)
        .member("created", row.created)
        .member("createdBy", row.created_by)
        .member("expires", row.expires)
        .key("grants");
    write_grants(w, row.grants);
    w.end_object();
    return out;
}

/// A row as to_json wrote it, or wrote it in form 1. Errors: unsupported (a later form), tampered.
inline auto read_token_row(std::string_view id, std::string_view json) -> result<token_row> {
    const auto from = json_document::read(json);
    if (!from) return errc::tampered;
    const auto& members = from->object();
    const auto version = number_in(members, "v");
    if (version > token_row_version) return errc::unsupported;
    if (version == 0) return errc::tampered;
    token_row out;
    out.id = id;
    out.name = text_in(members, "name");
    out.created = number_in(members, "created");
    out.created_by = text_in(members, "createdBy");
    out.expires = number_in(members, "expires");
    const auto* grants = from->find("grants");
    auto read = grants == nullptr ? std::nullopt : read_grants(*grants);
    if (!read || out.expires == 0 || !format::from_hex(text_in(members, "sha256"), out.hash))
        return errc::tampered;
    out.grants = *std::move(read);
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
