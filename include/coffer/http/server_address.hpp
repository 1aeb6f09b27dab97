// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_SERVER_ADDRESS_HPP
#define COFFER_HTTP_SERVER_ADDRESS_HPP

#include <coffer/result.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// Where a server is: `https://coffer.example:8443/base`, or `http` to this machine alone, since a
/// token in clear text on a network is everybody's.
struct server_address {
    bool secure = true;
    std::string host{}; ///< In lower case; an IPv6 address without its brackets.
    std::uint16_t port = 443;
    std::string base{}; ///< What stands before `/v1`: empty, or `/path` without a slash behind.

    /// Errors: invalid_argument for anything that is no such address (other schemes, user names,
    /// queries, fragments, blanks); denied for `http` to another machine.
    static auto parse(std::string_view url) -> result<server_address>;

    /// `localhost`, 127.0.0.0/8 or ::1, as it is written; what a name leads to is looked at again
    /// when connecting.
    auto is_loopback() const noexcept -> bool {
        return host == "localhost" || host == "::1" || is_loopback_v4(host);
    }
    /// `host:port`, as the Host header has it: without the port that the scheme has anyway.
    auto authority() const -> std::string {
        auto out = host.find(':') == host.npos ? host : "[" + host + "]";
        if (port != (secure ? 443 : 80)) out += ":" + std::to_string(port);
        return out;
    }
    /// One text for one server, however its address was written: what a token is kept under.
    auto text() const -> std::string {
        return (secure ? "https://" : "http://") + authority() + base;
    }

    friend auto operator==(const server_address&, const server_address&) -> bool = default;

private:
    static auto is_loopback_v4(std::string_view text) noexcept -> bool {
        return text.starts_with("127.") && std::count(text.begin(), text.end(), '.') == 3 &&
               text.find_first_not_of("0123456789.") == text.npos;
    }
    static auto read_port(std::string_view text, std::uint16_t& out) noexcept -> bool {
        std::uint32_t port = 0;
        if (text.empty() || text.size() > 5) return false;
        for (const char c : text) {
            if (c < '0' || c > '9') return false;
            port = port * 10 + static_cast<std::uint32_t>(c - '0');
        }
        out = static_cast<std::uint16_t>(port);
        return port != 0 && port <= 65535;
    }
};

inline auto server_address::parse(std::string_view url) -> result<server_address> {
    server_address out;
    const auto mark = url.find("://");
    if (mark == url.npos) return errc::invalid_argument;
    const auto scheme = url.substr(0, mark);
    if (scheme != "https" && scheme != "http") return errc::invalid_argument;
    out.secure = scheme == "https";
    out.port = out.secure ? 443 : 80;
    url.remove_prefix(mark + 3);
    const auto slash = std::min(url.find('/'), url.size());
    auto host = url.substr(0, slash);
    auto base = url.substr(slash);
    while (base.ends_with('/'))
        base.remove_suffix(1);
    const auto plain = [](char c) { return c > ' ' && c < 0x7F && c != '?' && c != '#'; };
    if (!std::all_of(base.begin(), base.end(), plain)) return errc::invalid_argument;
    out.base = base;

    const bool bracketed = host.starts_with('[');
    const auto end = bracketed ? host.find(']') : std::min(host.find(':'), host.size());
    if (end == host.npos) return errc::invalid_argument;
    const auto behind = host.substr(bracketed ? end + 1 : end);
    host = bracketed ? host.substr(1, end - 1) : host.substr(0, end);
    if (!behind.empty() && (!behind.starts_with(':') || !read_port(behind.substr(1), out.port)))
        return errc::invalid_argument;
    const std::string_view allowed =
        bracketed ? "0123456789abcdefABCDEF:."
                  : "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
    if (host.empty() || host.find_first_not_of(allowed) != host.npos) return errc::invalid_argument;
    for (const char c : host)
        out.host.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    if (!out.secure && !out.is_loopback()) return errc::denied;
    return out;
}

} // namespace coffer::inline COFFER_ABI::http

#endif
