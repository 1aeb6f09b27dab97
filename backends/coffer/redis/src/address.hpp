// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_ADDRESS_HPP
#define COFFER_REDIS_SRC_ADDRESS_HPP

#include <coffer/redis/cause.hpp>
#include <coffer/redis/options.hpp>
#include <coffer/result.hpp>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::redis::detail {

inline auto percent_decoded(std::string_view text) -> std::optional<std::string> {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        unsigned byte = 0;
        if (i + 2 >= text.size()) return std::nullopt;
        const auto* const from = text.data() + i + 1;
        const auto [rest, wrong] = std::from_chars(from, from + 2, byte, 16);
        if (wrong != std::errc() || rest != from + 2 || byte == 0) return std::nullopt;
        out.push_back(static_cast<char>(byte));
        i += 2;
    }
    return out;
}

template <class N>
auto read_number(std::string_view text) -> std::optional<N> {
    N out = 0;
    const auto [rest, wrong] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || wrong != std::errc() || rest != text.data() + text.size())
        return std::nullopt;
    return out;
}

inline auto fit_together(const tls_options& with) -> bool {
    const bool certified = !with.certificate_file.empty();
    if (certified == with.key_file.empty()) return false;
    return with.use || (with.ca_file.empty() && !certified && with.name.empty());
}

/// An address on its way to options. Each part answers whether it was understood.
class address_reader {
public:
    auto read(std::string_view address) -> result<options> {
        const auto colon = address.find(':');
        if (colon == address.npos || !scheme(address.substr(0, colon))) return bad();
        auto rest = address.substr(colon + 1);
        const auto question = rest.find('?');
        const auto query = question == rest.npos ? std::string_view() : rest.substr(question + 1);
        rest = rest.substr(0, question);
        if (unix_)
            unix_path(rest);
        else if (!rest.starts_with("//") || !place(rest.substr(2)))
            return holds_password(rest) ? password_in_address() : bad();
        if (unix_ && out_.endpoints.empty()) return bad();
        if (has_password_) return password_in_address();
        for (std::size_t begin = 0; begin < query.size();) {
            const auto end = std::min(query.find('&', begin), query.size());
            const auto pair = query.substr(begin, end - begin);
            const auto equal = pair.find('=');
            if (equal == pair.npos) return bad();
            if (pair.substr(0, equal) == "password") return password_in_address();
            const auto value = percent_decoded(pair.substr(equal + 1));
            if (!value || !option(pair.substr(0, equal), *value)) return bad();
            begin = end + 1;
        }
        if (!fit_together(out_.tls)) return failure{errc::invalid_argument, cause::bad_tls_options};
        return out_;
    }

private:
    static auto bad() -> failure { return {errc::invalid_argument, cause::bad_address}; }
    static auto password_in_address() -> failure {
        return {errc::invalid_argument, cause::password_in_address};
    }
    /// One with a slash in it ends the part of an address that is read for it.
    static auto holds_password(std::string_view text) -> bool {
        return text.substr(0, text.rfind('@') + 1).find(':') != text.npos;
    }

    auto scheme(std::string_view name) -> bool {
        if (name.starts_with("rediss")) {
            out_.tls.use = true;
            name.remove_prefix(6);
        } else if (name.starts_with("redis")) {
            name.remove_prefix(5);
        } else {
            return false;
        }
        if (name == "+cluster") out_.kind = deployment::cluster;
        if (name == "+sentinel") out_.kind = deployment::sentinel;
        unix_ = name == "+unix" && !out_.tls.use;
        return name.empty() || unix_ || out_.kind != deployment::single;
    }
    void unix_path(std::string_view path) {
        while (path.starts_with("//"))
            path.remove_prefix(1);
        const auto decoded = percent_decoded(path);
        if (decoded && decoded->starts_with('/')) out_.endpoints.push_back({{}, 0, *decoded});
    }
    /// `[user@]hosts[/rest]`
    auto place(std::string_view text) -> bool {
        const auto slash = text.find('/');
        auto hosts = text.substr(0, slash);
        const auto tail = slash == text.npos ? std::string_view() : text.substr(slash + 1);
        if (const auto at = hosts.rfind('@'); at != hosts.npos) {
            const auto user = percent_decoded(hosts.substr(0, at));
            if (!user) return false;
            has_password_ = hosts.substr(0, at).find(':') != hosts.npos;
            out_.user = *user;
            hosts.remove_prefix(at + 1);
        }
        for (std::size_t begin = 0; begin <= hosts.size();) {
            const auto end = std::min(hosts.find(',', begin), hosts.size());
            if (!host(hosts.substr(begin, end - begin))) return false;
            begin = end + 1;
        }
        if (out_.kind == deployment::sentinel) {
            out_.service = std::string(tail);
            return !tail.empty();
        }
        return tail.empty() || option("database", std::string(tail));
    }
    auto host(std::string_view text) -> bool {
        endpoint one{
            {}, static_cast<std::uint16_t>(out_.kind == deployment::sentinel ? 26379 : 6379), {}};
        if (text.starts_with('[')) { // IPv6
            const auto end = text.find(']');
            if (end == text.npos) return false;
            one.host = std::string(text.substr(1, end - 1));
            text.remove_prefix(end + 1);
        } else {
            one.host = std::string(text.substr(0, text.find(':')));
            text.remove_prefix(one.host.size());
        }
        if (one.host.empty() || one.host.size() > 255) return false;
        if (!text.empty()) {
            const auto port = read_number<std::uint16_t>(text.substr(1));
            if (text[0] != ':' || !port || *port == 0) return false;
            one.port = *port;
        }
        out_.endpoints.push_back(std::move(one));
        return true;
    }
    auto option(std::string_view name, const std::string& value) -> bool {
        const bool of_tls = name == "ca" || name == "cert" || name == "key" || name == "name";
        if (of_tls && value.empty()) return false; // an empty variable is no wish for the default
        if (name == "password_file")
            out_.password_file = value;
        else if (name == "ca")
            out_.tls.ca_file = value;
        else if (name == "cert")
            out_.tls.certificate_file = value;
        else if (name == "key")
            out_.tls.key_file = value;
        else if (name == "name")
            out_.tls.name = value;
        else if (name == "prefix")
            out_.prefix = value;
        else if (name == "eviction")
            out_.eviction_trusted = value == "trusted";
        else if (name == "watch")
            out_.watch = value == "1";
        else if (name == "password_fd")
            return number(out_.password_fd, value);
        else if (name == "replicas")
            return number(out_.keep.replicas, value);
        else if (name == "database")
            return number(out_.database, value);
        else if (name == "wait_ms")
            return milliseconds(out_.keep.patience, value);
        else if (name == "timeout_ms")
            return milliseconds(out_.response_timeout, value);
        else if (name == "connect_timeout_ms")
            return milliseconds(out_.connect_timeout, value);
        else
            return false;
        if (name == "eviction") return value == "trusted";
        return name != "watch" || value == "0" || value == "1";
    }
    template <class N>
    static auto number(N& to, const std::string& value) -> bool {
        const auto read = read_number<N>(value);
        if (read) to = *read;
        return read.has_value();
    }
    static auto milliseconds(std::chrono::milliseconds& to, const std::string& value) -> bool {
        const auto read = read_number<std::uint32_t>(value);
        if (read) to = std::chrono::milliseconds(*read);
        return read.has_value();
    }

    options out_{};
    bool unix_ = false;
    bool has_password_ = false;
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
