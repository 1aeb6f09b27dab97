// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_AUDIT_LINE_HPP
#define COFFER_HTTP_DETAIL_AUDIT_LINE_HPP

#include <coffer/any_vault.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/http/audit_hook.hpp>
#include <coffer/http/json.hpp>
#include <coffer/http/times.hpp>
#include <coffer/names.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// One line of the audit log: a JSON object whose last two members chain it to the line before.
///
///     {"seq":7,"time":"…","actor":{…},"action":"secrets.read",…,"prev":"…","mac":"…"}
///
/// `mac` is HMAC-SHA256(K_audit, the line without this member) in lower hex; `prev` is the `mac` of
/// the line before, 64 zeros in line 1.
namespace coffer::inline COFFER_ABI::http {

/// K_audit: 32 random bytes that the store keeps sealed, as an entry of Coffer's own environment.
/// Immutable, so threads may share it.
class audit_key {
public:
    static constexpr std::string_view entry = "audit/key";

    /// The key of a store. Errors: not_found (no audit log was ever begun), tampered, those of
    /// reading.
    static auto find(any_vault vault) -> result<audit_key> {
        const auto seen = vault->resolver().at({.environment = system_environment});
        if (!seen)
            return seen.error().code == errc::unknown_scope ? failure(errc::not_found)
                                                            : seen.error();
        const auto value = seen->get(entry);
        if (!value) return value.error();
        const auto raw = as_bytes(value->expose_secret());
        if (raw.size() != 32) return errc::tampered;
        return audit_key(std::move(vault), key_bytes(raw.first<32>()));
    }
    /// The same; made if there is none. Errors: those of reading and writing.
    static auto find_or_make(any_vault vault) -> result<audit_key> {
        auto found = find(vault);
        if (found || found.error().code != errc::not_found) return found;
        key_bytes fresh;
        if (auto made = vault->random(fresh.span()); !made) return made.error();
        write_options how;
        how.if_version = 0;
        const auto put = vault->put_system(entry, as_text(fresh.view()), how);
        if (!put && put.error().code != errc::conflict) return put.error();
        return find(std::move(vault)); // somebody else's, if they were first
    }

    auto mac_of(std::string_view text) const -> std::string {
        return format::to_hex(vault_->hmac_sha256(key_.view(), as_bytes(text)));
    }

private:
    audit_key(any_vault vault, key_bytes key) : vault_(std::move(vault)), key_(std::move(key)) {}

    any_vault vault_;
    key_bytes key_;
};

namespace detail {

/// The word for how a request ended; `begun` where it has not yet.
constexpr auto audit_result(unsigned status) noexcept -> std::string_view {
    if (status == 0) return "begun";
    if (status < 400) return "ok";
    switch (status) {
    case 401:
    case 403: return "denied";
    case 404: return "not_found";
    case 409: return "conflict";
    case 429: return "limited";
    default: return status < 500 ? "refused" : "failed";
    }
}

/// At most so many bytes of a text, cut between characters; bytes that are no UTF-8 as `?`.
inline auto audit_text(std::string_view text, std::size_t most = 1024) -> std::string {
    std::string out(text.substr(0, most));
    while (text.size() > most && !out.empty() && (text[out.size()] & 0xC0) == 0x80)
        out.pop_back();
    if (!format::is_utf8(out))
        std::replace_if(
            out.begin(), out.end(), [](char c) { return (c & 0x80) != 0; }, '?');
    return out;
}

/// No line is longer, its end not counted: what is longer was not written by the log.
inline constexpr std::size_t longest_audit_line = 1024 * 1024;

/// What the names of one line take at most, as JSON. All that a request can change or read goes
/// into a line; the other members take less than the rest of it.
inline constexpr std::size_t most_audited_names = longest_audit_line - 128 * 1024;
/// What a refusal tells of them at most: it had no effect, and whoever may do nothing fills no disk.
inline constexpr std::size_t most_refused_names = 1024;

constexpr auto is_refused(unsigned status) noexcept -> bool {
    return status >= 400 && status < 500;
}

inline void write_audited_names(json_writer& w, const std::vector<std::string>& names) {
    w.begin_list();
    for (const auto& name : names)
        w.text(audit_text(name, name.size()));
    w.end_list();
}
/// Whether one line can tell all of these.
inline auto fit_one_line(const std::vector<std::string>& names) -> bool {
    wiped_text text;
    json_writer w(text);
    write_audited_names(w, names);
    return text.size() <= most_audited_names;
}
/// The first of them, as far as a refusal tells them: one is told in any case, cut if need be.
/// `left_out`: those that are not told, or not whole.
inline auto refused_names(const std::vector<std::string>& names, std::size_t& left_out)
    -> std::vector<std::string> {
    std::vector<std::string> out;
    auto room = most_refused_names;
    std::size_t whole = 0;
    for (const auto& name : names) {
        if (!out.empty() && name.size() > room) break;
        whole += name.size() <= room ? 1 : 0;
        out.push_back(audit_text(name, room));
        room -= out.back().size();
    }
    left_out += names.size() - whole;
    return out;
}

inline constexpr std::string_view audit_seq = R"({"seq":)";
inline constexpr std::string_view audit_prev = R"(,"prev":")";
inline constexpr std::string_view audit_mac = R"(,"mac":")";

/// What a line with these members takes at most.
inline auto size_of_line(std::string_view members) -> std::size_t {
    constexpr std::size_t hex = 64, digits = 20, ends = 8;
    return audit_seq.size() + digits + members.size() + audit_prev.size() + hex + audit_mac.size() +
           hex + ends;
}

/// The members of a record's line between `seq` and `prev`. Throws std::length_error: they are too
/// long for a line.
inline auto audit_members(const audit_record& r, std::uint64_t now) -> std::string {
    wiped_text text;
    json_writer w(text);
    w.begin_object().member("time", iso_time(now));
    w.key("actor").begin_object().member_if("id", audit_text(r.principal_id));
    w.member_if("name", audit_text(r.principal_name)).end_object();
    w.member("action", r.action).member_if("environmentId", audit_text(r.where.environment));
    w.member_if("spaceId", audit_text(r.where.space));
    w.member_if("actorId", audit_text(r.where.actor));
    auto left_out = r.left_out;
    if (!r.names.empty()) {
        w.key("names");
        write_audited_names(w, is_refused(r.status) ? refused_names(r.names, left_out) : r.names);
    }
    w.member_if("leftOut", std::uint64_t{left_out});
    w.member_if("count", std::uint64_t{std::max(r.count, r.names.size())});
    w.member_if("version", r.version).member_if("reason", audit_text(r.reason));
    if (!r.details.empty()) w.key("details").raw(r.details);
    w.member("result", audit_result(r.status)).member("status", std::uint64_t{r.status});
    w.member_if("peer", audit_text(r.peer)).member("session", r.session).end_object();
    auto out = std::string(std::string_view(text).substr(1, text.size() - 2));
    if (size_of_line(out) > longest_audit_line) throw std::length_error("too long for a line");
    return out;
}

/// A place in the chain.
struct audit_link {
    std::uint64_t seq = 0;
    std::string mac = std::string(64, '0');

    friend auto operator==(const audit_link&, const audit_link&) -> bool = default;
};

/// Adds a line behind `last`, which becomes its place.
inline void seal_line(const audit_key& key, std::string_view members, audit_link& last,
                      std::string& out) {
    std::string line(audit_seq);
    line.append(std::to_string(last.seq + 1)).append(",").append(members);
    line.append(audit_prev).append(last.mac).append("\"}");
    last = {last.seq + 1, key.mac_of(line)};
    line.pop_back();
    out.append(line).append(audit_mac).append(last.mac).append("\"}\n");
}

/// A line whose mac is right.
struct opened_line {
    audit_link at{};
    std::string prev{};
};

/// Opens a line, without its end. Nothing if any byte of it is not as it was written.
inline auto open_line(const audit_key& key, std::string_view line) -> std::optional<opened_line> {
    constexpr std::size_t hex = 64;
    constexpr std::size_t tail = audit_mac.size() + hex + 2;
    constexpr std::size_t before = audit_prev.size() + hex + 1;
    if (line.size() < audit_seq.size() + before + tail) return std::nullopt;
    const auto text = std::string(line.substr(0, line.size() - tail)).append("}");
    opened_line out;
    out.at.mac = key.mac_of(text);
    if (line.substr(line.size() - tail) != std::string(audit_mac).append(out.at.mac).append("\"}"))
        return std::nullopt;
    const auto* digits = line.data() + audit_seq.size();
    if (std::from_chars(digits, line.data() + line.size(), out.at.seq).ec != std::errc{})
        return std::nullopt;
    out.prev = text.substr(text.size() - hex - 2, hex);
    return out;
}

} // namespace detail
} // namespace coffer::inline COFFER_ABI::http

#endif
