// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_TARGET_HPP
#define COFFER_HTTP_TARGET_HPP

#include <coffer/format/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// Undoes percent escapes, once. Nothing for a broken escape, or where the outcome is not
/// well-formed UTF-8. `plus`: a `+` is a blank, as in forms.
inline auto percent_decoded(std::string_view text, bool plus = false)
    -> std::optional<std::string> {
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    if (text.find('%') == text.npos && (!plus || text.find('+') == text.npos))
        return format::is_utf8(text) ? std::optional(std::string(text)) : std::nullopt;
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(plus && text[i] == '+' ? ' ' : text[i]);
            continue;
        }
        const int high = i + 1 < text.size() ? digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    if (!format::is_utf8(out)) return std::nullopt;
    return out;
}

/// A request's target, cut at the first `?`.
struct target {
    std::string_view path{};
    std::string_view query{};

    explicit target(std::string_view raw)
        : path(raw.substr(0, raw.find('?'))),
          query(path.size() < raw.size() ? raw.substr(path.size() + 1) : std::string_view()) {}

    /// The path's segments, split at `/` and then decoded; `.` and `..` are segments like others.
    /// Nothing where one can't be decoded, or the path does not begin with a slash.
    auto segments() const -> std::optional<std::vector<std::string>> {
        std::vector<std::string> out;
        if (!path.starts_with('/')) return std::nullopt;
        out.reserve(static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')));
        for (auto rest = path.substr(1);;) {
            const auto slash = rest.find('/');
            auto segment = percent_decoded(rest.substr(0, slash));
            if (!segment) return std::nullopt;
            out.push_back(*std::move(segment));
            if (slash == rest.npos) return out;
            rest.remove_prefix(slash + 1);
        }
    }
};

/// The parameters of a query (application/x-www-form-urlencoded). One that can't be decoded counts
/// only for those who ask for it.
class query_parameters {
public:
    explicit query_parameters(std::string_view query) {
        while (!query.empty()) {
            const auto piece = query.substr(0, query.find('&'));
            query.remove_prefix(std::min(piece.size() + 1, query.size()));
            const auto equals = piece.find('=');
            auto name = percent_decoded(piece.substr(0, equals), true);
            if (piece.empty() || !name) continue;
            all_.push_back(
                {*std::move(name), equals == piece.npos
                                       ? std::optional<std::string>(std::string())
                                       : percent_decoded(piece.substr(equals + 1), true)});
        }
    }

    /// The first value of a parameter; an empty one counts as absent: empty.
    auto text(std::string_view name) const noexcept -> std::string_view {
        const auto* found = find(name);
        return found == nullptr || !found->value ? std::string_view() : *found->value;
    }
    /// Whether a parameter is there and can't be decoded.
    auto is_broken(std::string_view name) const noexcept -> bool {
        const auto* found = find(name);
        return found != nullptr && !found->value;
    }
    /// Every value of a parameter that may be repeated; nothing if one can't be decoded.
    auto texts(std::string_view name) const -> std::optional<std::vector<std::string>> {
        std::vector<std::string> out;
        for (const auto& p : all_) {
            if (p.name != name) continue;
            if (!p.value) return std::nullopt;
            if (!p.value->empty()) out.push_back(*p.value);
        }
        return out;
    }

private:
    struct parameter {
        std::string name{};
        std::optional<std::string> value{};
    };
    auto find(std::string_view name) const noexcept -> const parameter* {
        for (const auto& p : all_)
            if (p.name == name) return &p;
        return nullptr;
    }

    std::vector<parameter> all_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
