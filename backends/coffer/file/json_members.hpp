// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FILE_JSON_MEMBERS_HPP
#define COFFER_FILE_JSON_MEMBERS_HPP

#include <coffer/result.hpp>

#include <boost/json/basic_parser_impl.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::file {

/// The members of a JSON object of strings, in their order, repeated names included.
using json_members = std::vector<std::pair<std::string, std::string>>;

namespace detail {

/// Collects the members; anything but one flat object of strings ends the parse. A handler of its
/// own, since boost::json::parse builds a tree and lets the last of two equal names win silently.
struct members_handler {
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = 0;
    static constexpr std::size_t max_key_size = 64;
    static constexpr std::size_t max_string_size = SIZE_MAX;
    using error_code = boost::system::error_code;
    using string_view = boost::json::string_view;

    json_members members{};
    std::string key{};
    std::string value{};
    unsigned depth = 0;

    static auto refuse(error_code& ec) -> bool {
        ec = boost::json::make_error_code(boost::json::error::syntax);
        return false;
    }

    auto on_document_begin(error_code&) -> bool { return true; }
    auto on_document_end(error_code&) -> bool { return true; }
    auto on_object_begin(error_code& ec) -> bool { return depth++ == 0 || refuse(ec); }
    auto on_object_end(std::size_t, error_code&) -> bool { return true; }
    auto on_array_begin(error_code& ec) -> bool { return refuse(ec); }
    auto on_array_end(std::size_t, error_code& ec) -> bool { return refuse(ec); }
    auto on_key_part(string_view part, std::size_t, error_code&) -> bool {
        key.append(part.data(), part.size());
        return true;
    }
    auto on_key(string_view part, std::size_t, error_code&) -> bool {
        key.append(part.data(), part.size());
        return true;
    }
    auto on_string_part(string_view part, std::size_t, error_code&) -> bool {
        value.append(part.data(), part.size());
        return true;
    }
    auto on_string(string_view part, std::size_t, error_code& ec) -> bool {
        if (depth == 0) return refuse(ec);
        value.append(part.data(), part.size());
        members.emplace_back(std::exchange(key, {}), std::exchange(value, {}));
        return true;
    }
    auto on_number_part(string_view, error_code& ec) -> bool { return refuse(ec); }
    auto on_int64(std::int64_t, string_view, error_code& ec) -> bool { return refuse(ec); }
    auto on_uint64(std::uint64_t, string_view, error_code& ec) -> bool { return refuse(ec); }
    auto on_double(double, string_view, error_code& ec) -> bool { return refuse(ec); }
    auto on_bool(bool, error_code& ec) -> bool { return refuse(ec); }
    auto on_null(error_code& ec) -> bool { return refuse(ec); }
    auto on_comment_part(string_view, error_code& ec) -> bool { return refuse(ec); }
    auto on_comment(string_view, error_code& ec) -> bool { return refuse(ec); }
};

} // namespace detail

/// Reads strict JSON (RFC 8259) that is one object of strings; all else is `tampered`.
inline auto parse_json_members(std::string_view json) -> result<json_members> {
    boost::json::basic_parser<detail::members_handler> parser{boost::json::parse_options{}};
    boost::system::error_code ec;
    const auto used = parser.write_some(false, json.data(), json.size(), ec);
    if (ec || used != json.size() || !parser.done()) return errc::tampered;
    return std::move(parser.handler().members);
}

} // namespace coffer::inline COFFER_ABI::file

#endif
