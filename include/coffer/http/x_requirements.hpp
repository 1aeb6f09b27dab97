// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_REQUIREMENTS_HPP
#define COFFER_HTTP_X_REQUIREMENTS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/metadata.hpp>
#include <coffer/http/value_pattern.hpp>
#include <coffer/http/x_names.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json/serialize.hpp>

/// /v1/x/requirements: what programs need.
namespace coffer::inline COFFER_ABI::http::x {

inline auto requirements_in(const metadata& environment) -> boost::json::object {
    const auto said = environment.find("requirements");
    const auto read = json_document::read(said.empty() ? "{}" : said);
    return read ? read->object() : boost::json::object();
}
inline auto required_name(const boost::json::value& one) -> std::string_view {
    const auto* name = one.is_object() ? one.get_object().if_contains("name") : nullptr;
    return name != nullptr && name->is_string() ? view_of(name->get_string()) : std::string_view();
}

/// What of them speaks of names that the caller's grants cover.
inline auto covered_requirements(const call& c, const scope& where, boost::json::object all)
    -> boost::json::object {
    for (auto& [program, needs] : all) {
        if (!needs.is_array()) continue;
        boost::json::array kept;
        for (const auto& one : needs.get_array())
            if (c.covers(where, required_name(one))) kept.push_back(one);
        needs = std::move(kept);
    }
    return all;
}

/// `generation` is left out where it is not known.
inline auto requirements_answer(const boost::json::object& all,
                                std::optional<std::uint64_t> generation) -> response {
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().key("requirements");
    w.raw(boost::json::serialize(all));
    if (generation) w.member("generation", *generation);
    w.end_object().end_object();
    return out;
}

inline auto get_requirements(call& c) -> response {
    const auto where = queried_environment(c);
    c.allow(where);
    const auto facts = need(c.parts.places.look(where.environment));
    const metadata environment(facts->own.metadata);
    return requirements_answer(covered_requirements(c, where, requirements_in(environment)),
                               facts->generation);
}

/// Whether this is `{program:[{"name":…,"pattern"?:…}]}`.
inline auto are_requirements(const boost::json::value* v) -> bool {
    if (v == nullptr || !v->is_object()) return false;
    const auto text = [](const boost::json::value* t) { return t != nullptr && t->is_string(); };
    return std::ranges::all_of(v->get_object(), [&](const auto& program) {
        return program.value().is_array() &&
               std::ranges::all_of(program.value().get_array(), [&](const auto& one) {
                   if (!one.is_object()) return false;
                   const auto* name = one.get_object().if_contains("name");
                   const auto* pattern = one.get_object().if_contains("pattern");
                   return text(name) && check_name(view_of(name->get_string())) &&
                          (pattern == nullptr || text(pattern));
               });
    });
}

/// Throws 400 for a pattern that is none: everybody who checks would meet it.
inline void require_patterns(const boost::json::object& requirements) {
    for (const auto& [program, needs] : requirements)
        for (const auto& one : needs.get_array()) {
            const auto* pattern = one.get_object().if_contains("pattern");
            if (pattern == nullptr) continue;
            if (const auto read = value_pattern::read(view_of(pattern->get_string())); !read)
                throw bad_request("requirements",
                                  "the pattern of " + std::string(required_name(one)) + " " +
                                      std::string(pattern_fault(read.error().code)));
        }
}

/// Replaces what programs need; for those alone whose grants cover every name of it, before and
/// after. With `was`, the document that this replaces: if it is another one by now, 409, and nothing
/// is changed.
inline auto set_requirements(call& c) -> response {
    if (!are_requirements(c.body().find("requirements")))
        throw bad_request("requirements", R"(this must be {"program":[{"name":…,"pattern":…}]})");
    const auto& next = c.body().find("requirements")->get_object();
    require_patterns(next);
    const auto* expected = c.body().find("was");
    if (expected != nullptr && !expected->is_object())
        throw bad_request("was", "this must be the requirements as they were");
    const auto where = queried_environment(c);
    c.allow(where);
    need(c.parts.places.change(where.view(), [&](const place_facts& place) {
        const listed_place was(where.environment, place);
        metadata meta = was.meta;
        const auto now = requirements_in(meta);
        if (covered_requirements(c, where, now) != now ||
            covered_requirements(c, where, next) != next)
            throw forbidden(*c.of.needs);
        if (expected != nullptr && now != expected->get_object()) throw error_of(errc::conflict);
        meta.set("createdAt", std::to_string(was.created));
        meta.set("requirements", raw_members(c.body().text()).find("requirements"));
        return c.described(where, place.version + 1, meta.to_text());
    }));
    return requirements_answer(next, std::nullopt);
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
