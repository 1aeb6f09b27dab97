// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_JSON_ANSWER_HPP
#define COFFER_HTTP_JSON_ANSWER_HPP

#include <coffer/detail/base64.hpp>
#include <coffer/detail/never_destroyed.hpp>
#include <coffer/http/json.hpp>
#include <coffer/http/refusal.hpp>
#include <coffer/http/times.hpp>
#include <coffer/result.hpp>
#include <coffer/secret.hpp>

#include <boost/json/array.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// What a server answered: a JSON object with what a client asks for in `data`. It is wiped when it
/// goes. What is not there, or of another type than is asked for, counts as absent.
class json_answer {
public:
    /// Errors: unsupported for anything else than one JSON object.
    static auto read(wiped_text body) -> result<json_answer> {
        json_answer out;
        out.text_ = std::make_unique<wiped_text>(std::move(body));
        out.document_ = json_document::read(*out.text_);
        if (!out.document_) return errc::unsupported;
        return out;
    }
    /// The member `data`; null if it is not there.
    auto data() const noexcept -> const boost::json::value* { return document_->find("data"); }
    /// `data` as an object; an empty one if it is none.
    auto object() const noexcept -> const boost::json::object& {
        static const coffer::detail::never_destroyed<boost::json::object> none;
        const auto* found = data();
        return found != nullptr && found->is_object() ? found->get_object() : *none;
    }
    /// `data`, or its member of that name, as a list; an empty one if it is none.
    auto list(std::string_view name = {}) const noexcept -> const boost::json::array& {
        static const coffer::detail::never_destroyed<boost::json::array> none;
        const auto* found =
            name.empty() ? data() : object().if_contains({name.data(), name.size()});
        return found != nullptr && found->is_array() ? found->get_array() : *none;
    }
    auto whole() const noexcept -> const boost::json::object& { return document_->object(); }

private:
    std::unique_ptr<wiped_text> text_{};
    std::optional<json_document> document_{};
};

/// A member that is text; empty if it is none. Valid as long as the object.
inline auto text_in(const boost::json::object& o, std::string_view name) noexcept
    -> std::string_view {
    const auto* found = o.if_contains({name.data(), name.size()});
    return found == nullptr || !found->is_string() ? std::string_view()
                                                   : view_of(found->get_string());
}
/// A member that is a whole number, not negative; 0 if it is none.
inline auto number_in(const boost::json::object& o, std::string_view name) noexcept
    -> std::uint64_t {
    const auto* found = o.if_contains({name.data(), name.size()});
    if (found == nullptr) return 0;
    if (found->is_uint64()) return found->get_uint64();
    return found->is_int64() && found->get_int64() > 0
               ? static_cast<std::uint64_t>(found->get_int64())
               : 0;
}
inline auto flag_in(const boost::json::object& o, std::string_view name) noexcept -> bool {
    const auto* found = o.if_contains({name.data(), name.size()});
    return found != nullptr && found->is_bool() && found->get_bool();
}

/// Milliseconds since 1970 of `2026-11-24T03:30:00.000Z`; a number is taken as it is; else 0.
inline auto time_in(const boost::json::object& o, std::string_view name) -> std::uint64_t {
    return time_of_iso(text_in(o, name)).value_or(number_in(o, name));
}

/// The value in an object: its member `value`, or `base64` for bytes that are no text. Nothing if
/// it holds none.
inline auto value_in(const boost::json::object& o, std::uint64_t version = 0, freshness fresh = {})
    -> std::optional<secret> {
    const auto keep = [&](byte_view bytes) { return secret(bytes, version, fresh); };
    if (const auto* found = o.if_contains("value"); found != nullptr && found->is_string())
        return keep(as_bytes(view_of(found->get_string())));
    const auto* found = o.if_contains("base64");
    if (found == nullptr || !found->is_string()) return std::nullopt;
    const auto bytes = coffer::detail::base64_value(view_of(found->get_string()));
    return bytes ? std::optional(keep(*bytes)) : std::nullopt;
}

/// How current an answer is that was asked for at a time of the boot clock's: what the server says
/// of its store counts as if it were the client's own.
inline auto freshness_in(const boost::json::object& data, std::chrono::milliseconds asked)
    -> freshness {
    constexpr std::uint64_t ages = std::uint64_t{1} << 40;
    const auto age = std::min(number_in(data, "ageMs"), ages);
    return {asked - std::chrono::milliseconds(static_cast<std::int64_t>(age)),
            flag_in(data, "stale")};
}

/// The errc of a name, as errors on the wire carry it.
inline auto errc_of(std::string_view name) noexcept -> std::optional<errc> {
    for (int i = static_cast<int>(errc::not_found); i <= static_cast<int>(errc::foreign); ++i)
        if (to_string(static_cast<errc>(i)) == name) return static_cast<errc>(i);
    return std::nullopt;
}

namespace detail {
/// The code in an error's body, beside or in its first entry.
inline auto code_in(std::string_view body) -> std::optional<errc> {
    const auto read = json_document::read(body);
    if (!read) return std::nullopt;
    if (const auto own = errc_of(http::text_in(read->object(), "code"))) return own;
    const auto* errors = read->find("errors");
    if (errors == nullptr || !errors->is_array() || errors->get_array().empty() ||
        !errors->get_array().front().is_object())
        return std::nullopt;
    return errc_of(http::text_in(errors->get_array().front().get_object(), "code"));
}
/// What a server that answers says of an error that may pass: unavailable, timed_out.
inline auto trouble_in(std::string_view body, errc code) -> failure {
    const auto read = json_document::read(body);
    const auto* data = read ? read->find("data") : nullptr;
    const bool audit = data != nullptr && data->is_object() &&
                       http::text_in(data->get_object(), "cause") == "audit";
    return refused(audit ? refusal::unaudited : refusal::in_trouble, code);
}
/// Why a request was refused: for want of the right that the body names, if it names one.
inline auto refusal_in(std::string_view body) -> failure {
    const auto read = json_document::read(body);
    const auto* data = read ? read->find("data") : nullptr;
    if (data != nullptr && data->is_object())
        for (const auto one : all_rights)
            if (to_string(one) == http::text_in(data->get_object(), "right")) return refused(one);
    return refused(refusal::missing_right);
}
} // namespace detail

} // namespace coffer::inline COFFER_ABI::http

#endif
