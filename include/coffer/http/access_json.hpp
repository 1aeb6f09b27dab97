// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_ACCESS_JSON_HPP
#define COFFER_HTTP_ACCESS_JSON_HPP

#include <coffer/http/access.hpp>
#include <coffer/http/json.hpp>
#include <coffer/names.hpp>

#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

inline constexpr std::size_t most_grants = 16;
inline constexpr std::size_t most_patterns = 64;

/// `{"role":"service","environmentId":"prod","write":false,"reveal":false,"names":["SLACK_*"]}`.
inline void write_grant(json_writer& to, const grant& g) {
    to.begin_object()
        .member("role", to_string(g.as))
        .member_if("environmentId", g.environment)
        .member_if("spaceId", g.space)
        .member("write", g.write)
        .member("reveal", g.reveal)
        .member_if("actorId", g.actor);
    if (!g.names.empty()) {
        to.key("names").begin_list();
        for (const auto& pattern : g.names)
            to.text(pattern);
        to.end_list();
    }
    to.end_object();
}
inline void write_grants(json_writer& to, std::span<const grant> all) {
    to.begin_list();
    for (const auto& g : all)
        write_grant(to, g);
    to.end_list();
}

namespace detail {

inline auto read_role(const boost::json::value& from, role& to) -> bool {
    if (!from.is_string()) return false;
    const auto named = role_of(view_of(from.get_string()));
    to = named.value_or(to);
    return named.has_value();
}
inline auto read_flag(const boost::json::value& from, bool& to) -> bool {
    if (!from.is_bool()) return false;
    to = from.get_bool();
    return true;
}
inline auto read_id(const boost::json::value& from, std::string& to) -> bool {
    if (!from.is_string()) return false;
    to = view_of(from.get_string());
    return check_context({.environment = to}).has_value();
}
inline auto read_patterns(const boost::json::value& from, std::vector<std::string>& to) -> bool {
    if (!from.is_array() || from.get_array().empty() || from.get_array().size() > most_patterns)
        return false;
    for (const auto& pattern : from.get_array()) {
        if (!pattern.is_string() || !check_name(view_of(pattern.get_string()))) return false;
        to.emplace_back(view_of(pattern.get_string()));
    }
    return true;
}

/// What type and range the value of a member must have, as an error message; empty for a member that
/// is unknown.
constexpr auto words_of_member(std::string_view member) noexcept -> std::string_view {
    if (member == "role")
        return "this must be operator, env-admin, space-admin, service or auditor";
    if (member == "environmentId" || member == "spaceId" || member == "actorId")
        return "this must be an id; left out, there is none";
    if (member == "write" || member == "reveal") return "this must be true or false";
    if (member == "names") return "this must be 1 to 64 patterns of names";
    return {};
}
/// Why a member conflicts with the rest of its grant (see conflicting_member), as an error message.
constexpr auto words_of_conflict(std::string_view member) noexcept -> std::string_view {
    if (member == "environmentId")
        return "an operator's grant has no environment, and a space needs one";
    if (member == "spaceId")
        return "a space-admin needs a space, a service may have one, no other role may";
    if (member == "reveal") return "only an env-admin or a space-admin may have this";
    return "only a service may have this";
}

} // namespace detail

/// What is invalid in grants that were sent. It holds none of their values, nor the name of an unknown
/// member, so it may be shown and logged.
struct grant_fault {
    std::string member{};     ///< The path of the invalid member: `grants[1].role`, `grants`.
    std::string_view words{}; ///< What it must be.
};
/// The path of a member of the n-th of `grants`, counted from 0, or of that grant as a whole if
/// `member` is empty: `grants[1].role`, `grants[1]`.
inline auto grant_key(std::size_t n, std::string_view member) -> std::string {
    auto out = "grants[" + std::to_string(n) + "]";
    if (!member.empty()) out.append(".").append(member);
    return out;
}

/// Reads a grant as write_grant writes it; flags may be left out. Nullopt for an invalid grant (see
/// conflicting_member) and for any member that is unknown, null or empty: whoever mistypes `spaceId`
/// must not get a grant on everything. `fault`, unless null, is set where nullopt is returned; its
/// `member` is relative to the grant.
inline auto read_grant(const boost::json::value& from, grant_fault* fault = nullptr)
    -> std::optional<grant> {
    const auto wrong = [fault](std::string_view member, std::string_view words) {
        if (fault != nullptr) *fault = {std::string(member), words};
        return std::nullopt;
    };
    if (!from.is_object()) return wrong({}, "this must be an object");
    if (!from.get_object().contains("role")) return wrong("role", detail::words_of_member("role"));
    grant out;
    for (const auto& [key, value] : from.get_object()) {
        const std::string_view member(key.data(), key.size());
        const bool good = member == "role"            ? detail::read_role(value, out.as)
                          : member == "environmentId" ? detail::read_id(value, out.environment)
                          : member == "spaceId"       ? detail::read_id(value, out.space)
                          : member == "write"         ? detail::read_flag(value, out.write)
                          : member == "reveal"        ? detail::read_flag(value, out.reveal)
                          : member == "actorId"       ? detail::read_id(value, out.actor)
                          : member == "names"         ? detail::read_patterns(value, out.names)
                                                      : false;
        const auto words = detail::words_of_member(member);
        // What is no member of a grant is not repeated: it might be anything.
        if (words.empty()) return wrong({}, "this has a member that no grant has");
        if (!good) return wrong(member, words);
    }
    if (const auto member = conflicting_member(out); !member.empty())
        return wrong(member, detail::words_of_conflict(member));
    return out;
}

/// Reads 1 to 16 grants; nullopt if any of them is invalid. `fault`, unless null, is then set to the
/// first that is.
inline auto read_grants(const boost::json::value& from, grant_fault* fault = nullptr)
    -> std::optional<std::vector<grant>> {
    if (!from.is_array() || from.get_array().empty() || from.get_array().size() > most_grants) {
        if (fault != nullptr) *fault = {"grants", "1 to 16 grants are needed"};
        return std::nullopt;
    }
    std::vector<grant> out;
    for (const auto& one : from.get_array()) {
        auto g = read_grant(one, fault);
        if (!g) {
            if (fault != nullptr) fault->member = grant_key(out.size(), fault->member);
            return std::nullopt;
        }
        out.push_back(*std::move(g));
    }
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
