// SPDX-License-Identifier: BSL-1.0
#include "requirements.hpp"

#include "problem.hpp"
#include "remote.hpp"
#include "scope_metadata.hpp"
#include "text.hpp"

#include <coffer/names.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace command {

namespace json = boost::json;

namespace {

auto text_member(const json::object& o, std::string_view member) -> std::string {
    const auto* found = o.if_contains({member.data(), member.size()});
    if (found == nullptr) return {};
    if (!found->is_string())
        refuse("in the requirements \"" + std::string(member) + "\" is no text");
    return std::string(found->get_string());
}

} // namespace

auto requirement::text() const -> std::string {
    return "required by " + printable(join({programs.begin(), programs.end()}, ", "));
}

auto read_requirements(std::string_view text) -> requirements {
    constexpr auto shape = "requirements are {\"PROGRAM\":[{\"name\":…,\"pattern\":…}]}";
    boost::system::error_code wrong;
    const auto read = json::parse(json::string_view(text.data(), text.size()), wrong);
    if (wrong || !read.is_object()) refuse(shape);
    requirements out;
    for (const auto& [program, list] : read.get_object()) {
        if (!list.is_array()) refuse(shape);
        for (const auto& one : list.get_array()) {
            if (!one.is_object()) refuse(shape);
            const auto name = text_member(one.get_object(), "name");
            if (!coffer::check_name(name)) refuse(shape);
            auto& needed = out[name];
            needed.programs.insert(std::string(program));
            if (auto like = text_member(one.get_object(), "pattern"); !like.empty())
                needed.patterns.push_back(std::move(like));
        }
    }
    return out;
}

auto kept_requirements(session& s, std::string_view environment) -> requirements {
    const coffer::context where{.environment = environment};
    return read_requirements(
        s.is_remote() ? remote_requirements(s, environment)
                      : scope_metadata::requirements(need(s.vault()->describe(where), where)));
}

} // namespace command
