// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_ACCESS_JSON_HPP
#define COFFER_HTTP_ACCESS_JSON_HPP

#include <coffer/http/access.hpp>
#include <coffer/http/json.hpp>
#include <coffer/names.hpp>

#include <boost/json/value.hpp>

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
    for (const auto as : all_roles)
        if (view_of(from.get_string()) == to_string(as)) {
            to = as;
            return true;
        }
    return false;
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

} // namespace detail

/// A grant as write_grant writes it, flags optional. Nothing for one that does not go together, and
/// for any member that is unknown, null or empty: whoever mistypes `spaceId` must not get a grant
/// on everything.
inline auto read_grant(const boost::json::value& from) -> std::optional<grant> {
    if (!from.is_object() || !from.get_object().contains("role")) return std::nullopt;
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
        if (!good) return std::nullopt;
    }
    if (!well_formed(out)) return std::nullopt;
    return out;
}

/// 1 to 16 grants; nothing if one of them is none.
inline auto read_grants(const boost::json::value& from) -> std::optional<std::vector<grant>> {
    if (!from.is_array() || from.get_array().empty() || from.get_array().size() > most_grants)
        return std::nullopt;
    std::vector<grant> out;
    for (const auto& one : from.get_array()) {
        auto g = read_grant(one);
        if (!g) return std::nullopt;
        out.push_back(*std::move(g));
    }
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
