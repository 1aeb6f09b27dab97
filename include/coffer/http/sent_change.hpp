// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_SENT_CHANGE_HPP
#define COFFER_HTTP_SENT_CHANGE_HPP

#include <coffer/bytes.hpp>
#include <coffer/detail/base64.hpp>
#include <coffer/http/call.hpp>
#include <coffer/http/json_answer.hpp>
#include <coffer/http/times.hpp>
#include <coffer/http/x_rows.hpp>
#include <coffer/writes.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

/// What the changes of /v1/x/secret and /v1/x/batch are sent with.
namespace coffer::inline COFFER_ABI::http::x {

/// A value as it is sent: text, or `{"base64":"…"}` for any bytes. Throws 400.
inline auto sent_value(const boost::json::value* found) -> wiped_bytes {
    if (found != nullptr && found->is_string()) {
        const auto text = as_bytes(view_of(found->get_string()));
        return {text.begin(), text.end()};
    }
    const auto* coded = found != nullptr && found->is_object()
                            ? found->get_object().if_contains("base64")
                            : nullptr;
    if (coded == nullptr || !coded->is_string())
        throw bad_request("value", R"(this must be text, or {"base64":"…"})");
    auto value = coffer::detail::base64_value(view_of(coded->get_string()));
    if (!value) throw bad_request("value", "this is not base64");
    return *std::move(value);
}
inline void require_value(const wiped_bytes& value) {
    const auto valid = check_value(value);
    if (!valid)
        throw bad_request("value", valid.error() == errc::too_large
                                       ? "this must not be larger than 64 KiB"
                                       : "this must not be empty");
}

/// `ifVersion` of an object; null: it has none. Throws 400.
inline auto sent_version(const boost::json::value* found) -> std::optional<std::uint64_t> {
    if (found == nullptr) return std::nullopt;
    if (!found->is_int64() || found->get_int64() < 0)
        throw bad_request("ifVersion", "this must be a whole number");
    return static_cast<std::uint64_t>(found->get_int64());
}
/// `ifVersion` of the query, or of the body.
inline auto expected_version(call& c) -> std::optional<std::uint64_t> {
    if (const auto text = c.parameter("ifVersion"); !text.empty())
        return c.number("ifVersion", 0, 0);
    if (c.in.body.empty()) return std::nullopt;
    return sent_version(c.body().find("ifVersion"));
}

/// What an object says beside the value: note, rotateBy, expiresAt.
struct sent_facts {
    std::optional<std::string> note{};
    std::optional<std::string> rotate_by{};
    std::uint64_t expires = 0;

    explicit sent_facts(const boost::json::object& from) {
        note = text(from, "note");
        rotate_by = text(from, "rotateBy");
        if (rotate_by && !rotate_by->empty() && !time_of_iso(*rotate_by))
            throw bad_request("rotateBy", "this must be a day: 2026-01-31");
        if (rotate_by) rotate_by->resize(std::min<std::size_t>(rotate_by->size(), 10));
        const auto* end = from.if_contains("expiresAt");
        if (end == nullptr || end->is_null()) return;
        expires = time_in(from, "expiresAt");
        if (expires == 0 || expires > last_iso_time)
            throw bad_request("expiresAt", "this must be a time: 2026-01-31T00:00:00Z");
        if (is_in_seconds(expires))
            throw bad_request("expiresAt", "this is in seconds: say milliseconds since 1970, or "
                                           "2026-01-31T00:00:00Z");
    }
    /// The note that an entry gets which has one already; nothing: it stays.
    auto over(std::string_view was) const -> std::optional<std::string> {
        if (!note && !rotate_by) return std::nullopt;
        auto all = entry_note::read(was);
        if (note) all.text = *note;
        if (rotate_by) all.rotate_by = *rotate_by;
        return all.write();
    }

private:
    static auto text(const boost::json::object& from, std::string_view name)
        -> std::optional<std::string> {
        const auto* found = from.if_contains({name.data(), name.size()});
        if (found == nullptr || found->is_null()) return std::nullopt;
        if (!found->is_string()) throw bad_request(name, "this must be text");
        if (!check_note(view_of(found->get_string())))
            throw bad_request(name, "this must be at most 4 KiB of text without U+0000");
        return std::string(view_of(found->get_string()));
    }
};

} // namespace coffer::inline COFFER_ABI::http::x

#endif
