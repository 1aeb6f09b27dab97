// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_ERROR_HPP
#define COFFER_HTTP_ERROR_HPP

#include <coffer/errc.hpp>
#include <coffer/http/access.hpp>
#include <coffer/http/json.hpp>
#include <coffer/http/message.hpp>
#include <coffer/result.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// Why a request is refused. Thrown by what answers requests and caught by class api, which makes
/// the answer of it; nothing else throws or sees it. Texts are the program's own: they never repeat
/// what a client sent, which may be a value.
struct api_error {
    unsigned status = 400;
    std::string message{};
    std::string key{};                  ///< The field or parameter at fault, if there is one.
    std::string code{};                 ///< The name of an errc, for programs.
    std::string data{};                 ///< JSON that is given along; empty: none.
    std::chrono::seconds retry_after{}; ///< For Retry-After; zero: none.
};

inline auto bad_request(std::string_view key, std::string_view message) -> api_error {
    return {400, std::string(message), std::string(key), "invalid_argument", {}};
}
/// What is not there, and what the caller has no right in: one answer for both.
inline auto no_such_thing() -> api_error {
    return {404, "there is nothing here that you may see", {}, "not_found", {}};
}
/// `missing`: the right that would have allowed it, which is told.
inline auto forbidden(right missing) -> api_error {
    return {403,
            "this token has not the right to do this here",
            {},
            "denied",
            R"({"right":")" + std::string(to_string(missing)) + R"("})"};
}
inline auto unaudited() -> api_error {
    return {503, "the audit log can't be written", {}, "unavailable", R"({"cause":"audit"})"};
}

/// Too often (429).
inline auto too_many(std::string_view what, std::chrono::seconds wait) -> api_error {
    return {429, std::string(what), {}, "unavailable", {}, wait};
}

/// The status that stands for an error of the core on the wire.
constexpr auto status_of(errc code) noexcept -> unsigned {
    switch (code) {
    case errc::not_found:
    case errc::unknown_scope: return 404;
    case errc::expired: return 410;
    case errc::conflict: return 409;
    case errc::denied: return 403;
    case errc::invalid_argument:
    case errc::too_large: return 400;
    case errc::unsupported: return 501;
    case errc::unavailable:
    case errc::timed_out:
    case errc::stale:
    case errc::cancelled:
    case errc::outcome_unknown: return 503;
    case errc::tampered:
    case errc::rolled_back:
    case errc::unknown_key:
    case errc::key_disabled:
    case errc::foreign: return 500;
    }
    return 500;
}

/// What a person reads for an error of the core.
constexpr auto words_of(errc code) noexcept -> std::string_view {
    switch (code) {
    case errc::not_found:
    case errc::unknown_scope: return "there is nothing here that you may see";
    case errc::expired: return "the value has expired";
    case errc::conflict: return "somebody else wrote first; nothing was written";
    case errc::denied: return "this token has not the right to do this here";
    case errc::unavailable: return "the store or the keys can't be reached";
    case errc::timed_out: return "the store or the keys took too long";
    case errc::stale: return "there is an answer, but it is too old";
    case errc::tampered: return "stored data is missing or was altered";
    case errc::rolled_back: return "the store shows an older state than one seen before";
    case errc::unknown_key: return "the key side has no key for this";
    case errc::key_disabled: return "the key for this is disabled or destroyed";
    case errc::invalid_argument: return "a name, id or value is not well formed";
    case errc::too_large: return "a name, id or value is too large";
    case errc::unsupported: return "this can't be done here";
    case errc::cancelled: return "the server is about to end";
    case errc::outcome_unknown:
        return "the change may or may not have been made; look before you send it again";
    case errc::foreign: return "the store is of another realm";
    }
    return "an internal error";
}

/// An error of the core in words that say more than words_of().
inline auto worded(errc code, std::string_view message, std::string_view key = {}) -> api_error {
    return {status_of(code), std::string(message), std::string(key), std::string(to_string(code))};
}
inline auto error_of(const failure& why, std::string_view key = {}) -> api_error {
    if (status_of(why.code) == 404) return no_such_thing();
    return worded(why.code, words_of(why.code), key);
}
/// The value of an answer of the core; throws api_error for a failure.
template <class T>
auto need(result<T>&& got, std::string_view key = {}) -> T {
    if (!got) throw error_of(got.error(), key);
    if constexpr (!std::is_void_v<T>) return *std::move(got);
}

/// The same for making an environment, which the keys may have to take in first, or a space. Throws
/// 409 also for an id that is taken.
inline void need_made(result<void>&& made) {
    if (!made && made.error().code == errc::conflict)
        throw worded(errc::conflict, "this id is taken", "id");
    if (!made && made.error().code == errc::unknown_key)
        throw api_error{409,
                        "the keys of this server take no new environment in: make it beside the "
                        "keyring (coffer env create) and restart the server",
                        {},
                        "unknown_key",
                        {}};
    need(std::move(made));
}

/// The answer to a refused request: `{"errors":[{"key":…,"message":…}],"code":…}`.
inline auto to_response(const api_error& e) -> response {
    response out;
    out.status = e.status;
    out.code = e.code;
    if (e.retry_after.count() != 0)
        out.headers.push_back({"retry-after", std::to_string(e.retry_after.count())});
    json_writer w(out.body);
    w.begin_object().key("errors").begin_list().begin_object();
    if (!e.key.empty()) w.member("key", e.key);
    w.member("message", e.message);
    w.end_object().end_list();
    w.member_if("code", e.code);
    if (!e.data.empty()) w.key("data").raw(e.data);
    w.end_object();
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
