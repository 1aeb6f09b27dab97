// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_REPLY_HPP
#define COFFER_HTTP_DETAIL_REPLY_HPP

#include <coffer/http/message.hpp>
#include <coffer/http/security_headers.hpp>
#include <coffer/http/strict_head.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http::detail {

constexpr auto reason_of(unsigned status) noexcept -> std::string_view {
    switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 421: return "Misdirected Request";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    default: return "Unknown";
    }
}

/// The body that every refusal has. `message` is one of ours: it needs no escapes.
inline auto refusal(unsigned status, std::string_view message) -> response {
    response out;
    out.status = status;
    out.body = R"({"errors":[{"message":")";
    out.body.append(message).append(R"("}]})");
    return out;
}

inline void add_header(std::string& out, std::string_view name, std::string_view value) {
    out.append(name).append(": ", 2).append(value).append("\r\n", 2);
}

inline void add_number(std::string& out, std::size_t number, int base = 10) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
    out.append(digits.data(), end);
}

/// RFC 9110 section 5.6.7, made once a second. Not thread-safe.
class date_text {
public:
    auto now() -> std::string_view {
        const auto t = std::time(nullptr);
        if (t != made_) make(t);
        return {text_.data(), 29};
    }

private:
    void make(std::time_t t) {
        static constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
        static constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
        std::tm at{};
        ::gmtime_r(&t, &at);
        std::snprintf(text_.data(), text_.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                      days[static_cast<std::size_t>(at.tm_wday)], at.tm_mday,
                      months[static_cast<std::size_t>(at.tm_mon)], at.tm_year + 1900, at.tm_hour,
                      at.tm_min, at.tm_sec);
        made_ = t;
    }
    std::time_t made_ = -1;
    std::array<char, 80> text_{};
};

/// What of an answer's head depends on the request and the connection.
struct reply_shape {
    std::string_view date{};
    bool http_1_0 = false;
    bool keep_alive = true;
    bool secure = false;
};

/// A header of a handler that would end the head early is left out rather than sent.
inline auto sendable(const header& h) noexcept -> bool {
    return good_value(h.name) && good_value(h.value);
}

inline void add_headers(std::string& out, const response& answer) {
    for (const auto& h : answer.headers)
        if (sendable(h)) add_header(out, h.name, h.value);
    const auto* from = security_lines.data(); // what lies between two that were set goes in at once
    for (const auto& [name, line] : security_headers)
        if (std::ranges::any_of(answer.headers, [&name = name](const header& h) {
                return h.name == name && sendable(h);
            })) {
            out.append(from, line.data());
            from = line.data() + line.size();
        }
    out.append(from, security_lines.data() + security_lines.size());
}

/// Writes an answer's head, with its empty line, behind what `out` holds.
inline void add_reply_head(std::string& out, const response& answer, const reply_shape& shape) {
    using namespace std::string_view_literals;
    out.append("HTTP/1.1 "sv);
    add_number(out, answer.status);
    out.append(" "sv).append(reason_of(answer.status)).append("\r\ndate: "sv);
    out.append(shape.date).append("\r\n"sv);
    const bool bodiless = answer.status == 204 || answer.status == 304;
    if (!bodiless && !answer.content_type.empty())
        add_header(out, "content-type", answer.content_type);
    if (answer.follow) {
        if (!shape.http_1_0) out.append("transfer-encoding: chunked\r\n");
    } else if (!bodiless) {
        out.append("content-length: "sv);
        add_number(out, answer.body.size());
        out.append("\r\n"sv);
    }
    if (!shape.keep_alive)
        out.append("connection: close\r\n");
    else if (shape.http_1_0)
        out.append("connection: keep-alive\r\n");
    if (shape.secure) out.append("strict-transport-security: max-age=31536000\r\n");
    add_headers(out, answer);
    out.append("\r\n"sv);
}

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
