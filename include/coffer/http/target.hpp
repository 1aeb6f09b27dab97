// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_TARGET_HPP
#define COFFER_HTTP_TARGET_HPP

#include <coffer/format/codec.hpp>

#include <algorithm>
#include <cstddef>
#include <forward_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// Whether a text is ASCII in which nothing is to be decoded. `plus`: as percent_decoded has it.
inline auto is_plain(std::string_view text, bool plus = false) noexcept -> bool {
    return std::ranges::none_of(text, [plus](char c) {
        return c == '%' || (plus && c == '+') || static_cast<unsigned char>(c) >= 0x80;
    });
}

/// Undoes percent escapes, once. Nothing for a broken escape, or where the outcome is not
/// well-formed UTF-8. `plus`: a `+` is a blank, as in forms.
inline auto percent_decoded(std::string_view text, bool plus = false)
    -> std::optional<std::string> {
    if (is_plain(text, plus)) return std::string(text);
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
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

/// Texts of a target, decoded. What is plain, as nearly all is, is not copied: the views that this
/// gives are good as long as this and the target.
class decoded_texts {
public:
    /// Nothing where percent_decoded gives nothing.
    auto of(std::string_view text, bool plus = false) -> std::optional<std::string_view> {
        if (is_plain(text, plus)) return text;
        auto out = percent_decoded(text, plus);
        if (!out) return std::nullopt;
        return kept_.emplace_front(*std::move(out));
    }

private:
    std::forward_list<std::string> kept_{};
};

/// A request's target, cut at the first `?`.
struct target {
    std::string_view path{};
    std::string_view query{};

    explicit target(std::string_view raw)
        : path(raw.substr(0, raw.find('?'))),
          query(path.size() < raw.size() ? raw.substr(path.size() + 1) : std::string_view()) {}

    /// The path's segments, split at `/` and then decoded; `.` and `..` are segments like others.
    /// Nothing where one can't be decoded, or the path does not begin with a slash. `texts` must
    /// outlive them.
    auto segments(decoded_texts& texts) const -> std::optional<std::vector<std::string_view>> {
        std::vector<std::string_view> out;
        if (!path.starts_with('/')) return std::nullopt;
        out.reserve(static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')));
        for (auto rest = path.substr(1);;) {
            const auto slash = rest.find('/');
            const auto segment = texts.of(rest.substr(0, slash));
            if (!segment) return std::nullopt;
            out.push_back(*segment);
            if (slash == rest.npos) return out;
            rest.remove_prefix(slash + 1);
        }
    }
};

/// The parameters of a query (application/x-www-form-urlencoded). One that can't be decoded counts
/// only for those who ask for it. The query's text outlives it.
class query_parameters {
public:
    /// One of them. `value`: nothing where it can't be decoded.
    struct parameter {
        std::string_view name{};
        std::optional<std::string_view> value{};
    };

    explicit query_parameters(std::string_view query) {
        all_.reserve(static_cast<std::size_t>(std::ranges::count(query, '&')) + 1);
        while (!query.empty()) {
            const auto piece = query.substr(0, query.find('&'));
            query.remove_prefix(std::min(piece.size() + 1, query.size()));
            const auto equals = std::min(piece.find('='), piece.size());
            const auto name = texts_.of(piece.substr(0, equals), true);
            if (piece.empty() || !name) continue;
            const auto value = piece.substr(std::min(equals + 1, piece.size()));
            all_.push_back({*name, texts_.of(value, true)});
        }
    }
    query_parameters(const query_parameters&) = delete;
    auto operator=(const query_parameters&) -> query_parameters& = delete;

    /// The first of that name; null if there is none.
    auto find(std::string_view name) const noexcept -> const parameter* {
        const auto found = std::ranges::find(all_, name, &parameter::name);
        return found == all_.end() ? nullptr : &*found;
    }
    /// Every value of a parameter that may be repeated; nothing if one can't be decoded.
    auto texts(std::string_view name) const -> std::optional<std::vector<std::string>> {
        std::vector<std::string> out;
        for (const auto& p : all_) {
            if (p.name != name) continue;
            if (!p.value) return std::nullopt;
            if (!p.value->empty()) out.emplace_back(*p.value);
        }
        return out;
    }

private:
    decoded_texts texts_{};
    std::vector<parameter> all_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
