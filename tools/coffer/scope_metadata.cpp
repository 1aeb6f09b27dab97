// SPDX-License-Identifier: BSL-1.0
#include "scope_metadata.hpp"

#include "text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace command {

namespace json = boost::json;

namespace {

auto object_of(std::string_view text) -> json::object {
    boost::system::error_code wrong;
    auto parsed = json::parse({text.data(), text.size()}, wrong);
    return wrong || !parsed.is_object() ? json::object() : std::move(parsed.as_object());
}

auto text_of(const json::object& from, const char* member) -> std::string {
    const auto* const found = from.if_contains(member);
    return found == nullptr || !found->is_string() ? std::string()
                                                   : std::string(found->as_string());
}

} // namespace

auto scope_metadata::read(std::string_view text) -> scope_metadata {
    const auto object = object_of(text);
    const auto* const prod = object.if_contains("isProd");
    return {text_of(object, "name"), prod != nullptr && prod->is_bool() && prod->as_bool()};
}

auto scope_metadata::requirements(std::string_view text) -> std::string {
    const auto object = object_of(text);
    const auto* const found = object.if_contains("requirements");
    return found == nullptr ? "{}" : json::serialize(*found);
}

auto scope_metadata::rename(std::string_view text, std::string_view name) -> std::string {
    auto object = object_of(text);
    object["name"] = json::string_view(name.data(), name.size());
    return json::serialize(object);
}

auto scope_metadata::mark(std::string_view text, bool prod) -> std::string {
    auto object = object_of(text);
    object["isProd"] = prod;
    return json::serialize(object);
}

auto scope_metadata::make(std::string_view name, bool prod) -> std::string {
    json::object object;
    object["name"] = json::string_view(name.data(), name.size());
    if (prod) object["isProd"] = true;
    return json::serialize(object);
}

auto entry_note::read(std::string_view note) -> entry_note {
    const auto object = object_of(note);
    if (!object.contains("note") && !object.contains("rotate_by")) return {std::string(note), {}};
    return {text_of(object, "note"), text_of(object, "rotate_by")};
}

auto entry_note::write() const -> std::string {
    json::object object;
    object["note"] = text;
    if (!rotate_by.empty()) object["rotate_by"] = rotate_by;
    return json::serialize(object);
}

auto entry_note::shown() const -> std::string {
    auto out = printable(text);
    if (!rotate_by.empty())
        out += (out.empty() ? "rotate by " : "; rotate by ") + printable(rotate_by);
    return out;
}

} // namespace command
