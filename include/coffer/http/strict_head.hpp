// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_STRICT_HEAD_HPP
#define COFFER_HTTP_STRICT_HEAD_HPP

#include <coffer/version.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// Why the head of a request is refused: before any parser has a chance to guess what was meant.
enum class head_fault : unsigned char {
    none,
    line_end,     ///< A line that does not end in CR LF, or a CR or LF within one.
    request_line, ///< Not `METHOD target HTTP/1.1`, one space each.
    version,      ///< Neither HTTP/1.1 nor HTTP/1.0.
    target,       ///< Not a path and query: absolute, fragment, blank, control, 8-bit.
    field,        ///< A header line that is not `name: value`, a blank before the colon, control.
    folded,       ///< A header line that begins with a blank: RFC 9112 section 5.2.
    host,         ///< No Host, two, or one that is no host, or whose port is none.
    length,       ///< Content-Length that is not digits alone, or given twice.
    too_long,     ///< Content-Length of a body beyond all limits.
    coding,       ///< Transfer-Encoding that is not `chunked`, given twice, or with Content-Length.
    target_size,  ///< The request line alone is over the limit.
    size,         ///< Request line and headers are over the limit.
};

/// The status to answer a fault with. Always a 4xx: clients repeat what fails with a 5xx.
constexpr auto status_of(head_fault fault) noexcept -> unsigned {
    switch (fault) {
    case head_fault::too_long: return 413;
    case head_fault::target_size: return 414;
    case head_fault::size: return 431;
    default: return 400;
    }
}

/// What is wrong, for the answer: nothing of what was sent.
constexpr auto message_of(head_fault fault) noexcept -> std::string_view {
    switch (fault) {
    case head_fault::none: return "";
    case head_fault::line_end: return "lines must end in CR LF";
    case head_fault::request_line: return "not an HTTP/1.1 request";
    case head_fault::version: return "only HTTP/1.1 and HTTP/1.0 are spoken here";
    case head_fault::target: return "the request target must be a plain path and query";
    case head_fault::field: return "malformed header";
    case head_fault::folded: return "headers must not be folded";
    case head_fault::host: return "exactly one valid Host header is needed";
    case head_fault::length: return "malformed Content-Length";
    case head_fault::too_long: return "the body is too large";
    case head_fault::coding: return "the only Transfer-Encoding is chunked, without Content-Length";
    case head_fault::target_size: return "the request target is too long";
    case head_fault::size: return "the headers are too large";
    }
    return "";
}

/// What the strict check found. The views point into the text that was checked.
struct head_facts {
    head_fault fault = head_fault::none;
    std::string_view method{};
    std::string_view target{};
    std::string_view host{};
    std::string_view authorization{}; ///< Without the blanks around it.
    bool http_1_0 = false;
    bool chunked = false;
    bool sized = false;        ///< It has a Content-Length.
    bool other_secret = false; ///< It has credentials beside that: Cookie, Proxy-Authorization.
    bool expects_continue = false;
};

namespace detail {

enum head_class : unsigned char { is_token = 1, is_host = 2 };

constexpr auto make_head_classes() -> std::array<unsigned char, 256> {
    std::array<unsigned char, 256> table{};
    for (unsigned c = 0; c < 256; ++c) {
        const bool alnum =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        const auto one_of = [c](std::string_view set) {
            return c < 128 && set.find(static_cast<char>(c)) != std::string_view::npos;
        };
        unsigned bits = 0;
        if (alnum || one_of("!#$%&'*+-.^_`|~")) bits |= is_token; // RFC 9110 section 5.6.2
        if (alnum || one_of(".-_~:[]%")) bits |= is_host;
        table[c] = static_cast<unsigned char>(bits);
    }
    return table;
}
inline constexpr auto head_classes = make_head_classes();

constexpr auto all_of_class(std::string_view text, head_class wanted) noexcept -> bool {
    for (const char c : text)
        if ((head_classes[static_cast<unsigned char>(c)] & wanted) == 0) return false;
    return true;
}

/// Whether all bytes are good. Each is looked at, so that the compiler can look at many at once.
template <class Good>
constexpr auto all_bytes(std::string_view text, Good good) noexcept -> bool {
    unsigned char all = 1;
    for (const char c : text)
        all &= static_cast<unsigned char>(good(static_cast<unsigned char>(c)));
    return all != 0;
}

/// What a header's value may hold.
constexpr auto good_value(std::string_view value) noexcept -> bool {
    return all_bytes(value, [](unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); });
}

constexpr auto equal_without_case(std::string_view text, std::string_view lower) noexcept -> bool {
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if ((c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c) != lower[i]) return false;
    }
    return true;
}

constexpr auto trim_blanks(std::string_view text) noexcept -> std::string_view {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
        text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

constexpr auto good_target(std::string_view target) noexcept -> bool {
    return target.starts_with('/') &&
           all_bytes(target, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '#'; });
}

/// `name`, `name:port`, `[address]:port`: a port is 1 to 65535. Whether the name is one that is
/// answered, the list of them says.
constexpr auto good_host(std::string_view host) noexcept -> bool {
    if (host.empty() || !all_of_class(host, is_host)) return false;
    const auto bracket = host.find(']');
    auto behind = host.substr(bracket == std::string_view::npos ? 0 : bracket);
    const auto colon = behind.find(':');
    if (colon == std::string_view::npos) return true;
    unsigned long port = 0;
    const auto digits = behind.substr(colon + 1);
    for (const char c : digits) {
        if (c < '0' || c > '9') return false;
        port = port * 10 + static_cast<unsigned long>(c - '0');
        if (port > 65535) return false;
    }
    return port != 0;
}

/// Takes up to and past the next CR, which an LF must follow. (An LF alone within the line is no
/// character of anything.)
constexpr auto take_line(std::string_view& rest, bool& broken) noexcept -> std::string_view {
    const auto end = rest.find('\r');
    broken = end == std::string_view::npos || end + 1 == rest.size() || rest[end + 1] != '\n';
    if (broken) return {};
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    return line;
}

constexpr auto check_request_line(std::string_view line, head_facts& facts) noexcept -> head_fault {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == 0 || first == last)
        return head_fault::request_line;
    facts.method = line.substr(0, first);
    facts.target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!all_of_class(facts.method, is_token) || facts.method.size() > 32)
        return head_fault::request_line;
    if (!version.starts_with("HTTP/")) return head_fault::request_line;
    if (version != "HTTP/1.1" && version != "HTTP/1.0") return head_fault::version;
    facts.http_1_0 = version.back() == '0';
    return good_target(facts.target) ? head_fault::none : head_fault::target;
}

/// The headers that decide where a request ends and whose it is.
class framing_fields {
public:
    constexpr auto take(std::string_view name, std::string_view value, head_facts& facts) noexcept
        -> head_fault {
        switch (name.size()) {
        case 4:
            if (!equal_without_case(name, "host")) break;
            if (!facts.host.empty() || !good_host(value)) return head_fault::host;
            facts.host = value;
            break;
        case 6:
            if (equal_without_case(name, "cookie")) facts.other_secret = true;
            if (!equal_without_case(name, "expect")) break;
            if (!plain(value)) return head_fault::field;
            facts.expects_continue = equal_without_case(value, "100-continue");
            break;
        case 10:
            if (equal_without_case(name, "connection") && !plain(value)) return head_fault::field;
            break;
        case 13: // two of them would be one for a proxy, the other for us
            if (!equal_without_case(name, "authorization")) break;
            if (authorized_) return head_fault::field;
            authorized_ = true;
            facts.authorization = value;
            break;
        case 14:
            if (!equal_without_case(name, "content-length")) break;
            if (facts.sized) return head_fault::length;
            facts.sized = true;
            return check_length(value);
        case 17:
            if (!equal_without_case(name, "transfer-encoding")) break;
            if (facts.chunked || !equal_without_case(value, "chunked")) return head_fault::coding;
            facts.chunked = true;
            break;
        case 19:
            if (equal_without_case(name, "proxy-authorization")) facts.other_secret = true;
            break;
        default: break;
        }
        return head_fault::none;
    }
    constexpr auto whole(const head_facts& facts) const noexcept -> head_fault {
        if (facts.host.empty()) return head_fault::host;
        if (facts.chunked && (facts.sized || facts.http_1_0)) return head_fault::coding;
        return head_fault::none;
    }

private:
    static constexpr auto plain(std::string_view value) noexcept -> bool {
        for (const char c : value)
            if (static_cast<unsigned char>(c) >= 0x80) return false;
        return true;
    }
    static constexpr auto check_length(std::string_view value) noexcept -> head_fault {
        if (value.empty()) return head_fault::length;
        for (const char c : value)
            if (c < '0' || c > '9') return head_fault::length;
        return value.size() > 18 ? head_fault::too_long : head_fault::none;
    }

    bool authorized_ = false;
};

} // namespace detail

/// Checks the raw bytes of a request's head, from its first byte past the empty line that ends it,
/// stricter than RFC 9112 asks: nothing in it may be read in two ways. What it lets through still
/// goes through a parser. A Host is asked of HTTP/1.0 as well: without one nobody knows whom the
/// request is for. Bytes of 0x80 and more pass in the values of headers that nobody here
/// interprets: RFC 9110 section 5.5 has them opaque, browsers and proxies send them, and no parser
/// takes them for an end of anything. Percent escapes and dot segments are not looked at: the target
/// is the router's, which matches raw segments, so that `%2F` can't become a slash and `..` is a
/// segment like any other. A target that is none is told last: where the request ends is known.
constexpr auto check_head(std::string_view head) noexcept -> head_facts {
    head_facts facts;
    const auto fail = [&facts](head_fault fault) {
        facts.fault = fault;
        return facts;
    };
    bool broken = false;
    const auto first = detail::take_line(head, broken);
    if (broken) return fail(head_fault::line_end);
    const auto line_fault = detail::check_request_line(first, facts);
    if (line_fault != head_fault::none && line_fault != head_fault::target) return fail(line_fault);
    detail::framing_fields framing;
    for (;;) {
        const auto line = detail::take_line(head, broken);
        if (broken) return fail(head_fault::line_end);
        if (line.empty()) break;
        if (line.front() == ' ' || line.front() == '\t') return fail(head_fault::folded);
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) return fail(head_fault::field);
        const auto name = line.substr(0, colon);
        const auto value = line.substr(colon + 1);
        if (!detail::all_of_class(name, detail::is_token) || !detail::good_value(value))
            return fail(head_fault::field);
        if (const auto f = framing.take(name, detail::trim_blanks(value), facts);
            f != head_fault::none)
            return fail(f);
    }
    if (!head.empty()) return fail(head_fault::line_end);
    const auto whole = framing.whole(facts);
    return fail(whole != head_fault::none ? whole : line_fault);
}

/// How far the head of a request has come in.
struct head_progress {
    std::size_t size = 0; ///< Of the head with its empty line; 0: not all of it is there.
    head_fault fault = head_fault::none; ///< It can't become one any more.
};

/// Looks for the end of a head in what has arrived, which may be pieces of any size. `scanned` is
/// how much was looked at before (0 at first) and is moved on.
inline auto find_head_end(std::string_view data, std::size_t& scanned, std::size_t limit) noexcept
    -> head_progress {
    const auto seen = scanned;
    while (scanned < data.size()) {
        const auto* from = data.data() + scanned;
        const auto* hit = std::memchr(from, '\n', data.size() - scanned);
        if (hit == nullptr) break;
        const auto at = static_cast<std::size_t>(static_cast<const char*>(hit) - data.data());
        scanned = at + 1;
        if (at == 0 || data[at - 1] != '\r') return {0, head_fault::line_end};
        if (at + 1 >= limit) return {0, head_fault::size};
        if (at >= 3 && data[at - 2] == '\n') return {at + 1, head_fault::none};
    }
    scanned = data.size();
    const auto line_end = data.find('\n');
    const auto method = data.substr(0, data.find(' '));
    if (method.size() > 32 || !detail::all_of_class(method, detail::is_token))
        return {0, head_fault::request_line}; // a TLS hello, another protocol, garbage
    // Nobody may wait for the headers of what is no request. Looked at once, as the line ends.
    if (line_end != std::string_view::npos && line_end >= seen) {
        head_facts first;
        const auto fault = detail::check_request_line(data.substr(0, line_end - 1), first);
        if (fault == head_fault::request_line || fault == head_fault::version) return {0, fault};
    }
    if (data.size() < limit) return {};
    return {0, line_end == std::string_view::npos ? head_fault::target_size : head_fault::size};
}

} // namespace coffer::inline COFFER_ABI::http

#endif
