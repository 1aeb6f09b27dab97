// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_MENDED_JSON_HPP
#define COFFER_HTTP_DETAIL_MENDED_JSON_HPP

#include <coffer/http/message.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>
#include <utility>

namespace coffer::inline COFFER_ABI::http::detail {

/// The four hexadecimal digits of an escape; 0 if they are none.
inline auto escaped_unit(std::string_view digits) noexcept -> unsigned {
    unsigned unit = 0;
    const auto* const end = digits.data() + digits.size();
    const auto [at, wrong] = std::from_chars(digits.data(), end, unit, 16);
    return digits.size() == 4 && wrong == std::errc() && at == end ? unit : 0;
}

/// How many characters the escape has that a text begins with, and whether it is a surrogate on its
/// own: `\ud83d\ude80` is one escape.
inline auto escape_at(std::string_view text) noexcept -> std::pair<std::size_t, bool> {
    if (!text.starts_with("\\u")) return {2, false};
    const auto unit = escaped_unit(text.substr(2, 4));
    if (unit < 0xD800 || unit > 0xDFFF) return {unit == 0 ? 2 : 6, false};
    const auto second = text.substr(std::min<std::size_t>(6, text.size()));
    const auto low = second.starts_with("\\u") ? escaped_unit(second.substr(2, 4)) : 0;
    if (unit < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF) return {12, false};
    return {6, true};
}

/// A text of the same length without what is JSON (RFC 8259, 6 and 8.2) but can't be read: a
/// surrogate on its own becomes U+FFFD, an exponent of ten digits or more zero.
inline auto mended(std::string_view json) -> wiped_text {
    constexpr std::string_view unknown = "\\ufffd";
    wiped_text out(json);
    bool quoted = false;
    for (std::size_t i = 0; i < out.size(); ++i) {
        if (out[i] == '"') {
            quoted = !quoted;
        } else if (quoted && out[i] == '\\') {
            const auto [size, alone] = escape_at(json.substr(i));
            if (alone) unknown.copy(out.data() + i, size);
            i += size - 1;
        } else if (!quoted && (out[i] == 'e' || out[i] == 'E')) {
            const auto from = std::min(json.find_first_not_of("+-", i + 1), json.size());
            const auto to = std::min(json.find_first_not_of("0123456789", from), json.size());
            if (to - from > 9) std::fill(out.data() + from, out.data() + to, '0');
        }
    }
    return out;
}

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
