// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_WRITTEN_FORMS_HPP
#define COFFER_DETAIL_WRITTEN_FORMS_HPP

#include <coffer/bytes.hpp>
#include <coffer/detail/base64.hpp>
#include <coffer/detail/percent.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace coffer::inline COFFER_ABI::detail {

/// Between quotes, as JSON.stringify escapes it (RFC 8259, section 7); without `quotes` as consoles
/// do that choose other quotes.
inline auto escaped_form(std::string_view value, bool quotes) -> wiped_text {
    constexpr std::string_view hex = "0123456789abcdef";
    constexpr std::string_view plain = "\b\f\n\r\t\\";
    constexpr std::string_view letters = "bfnrt\\";
    auto out = wiped_text_for(value.size());
    for (const char c : value) {
        const auto byte = static_cast<unsigned char>(c);
        const auto known = plain.find(c);
        if (known != plain.npos)
            (out += '\\') += letters[known];
        else if (c == '"' && quotes)
            out += "\\\"";
        else if (byte < 0x20)
            ((out += "\\u00") += hex[byte >> 4]) += hex[byte & 15];
        else
            out += c;
    }
    return out;
}
/// Base64 (RFC 4648) without the padding, which another text may go on with.
inline auto base64_form(std::string_view value, const base64_alphabet& in) -> wiped_text {
    auto out = base64_text(as_bytes(value), in);
    out.erase(std::min(out.find('='), out.size()));
    return out;
}

/// Calls f(std::string_view) with the other texts that programs commonly write instead of a value:
/// escaped as in JSON and as consoles show a string, percent-encoded, in base64, and the lines of
/// one that has several. What is the value itself is left out; two may be the same.
template <class F>
void each_written_form(std::string_view value, F&& f) {
    const auto tell = [&](const wiped_text& form) {
        if (std::string_view(form) != value) f(std::string_view(form));
    };
    tell(escaped_form(value, true));
    tell(escaped_form(value, false));
    tell(percent_encoded(value, unreserved, wiped_text_for(value.size())));
    tell(percent_encoded(value, "-_.~!*'()", // encodeURIComponent (ECMA-262)
                         wiped_text_for(value.size())));
    tell(base64_form(value, base64));
    tell(base64_form(value, base64url));
    if (value.find('\n') == value.npos) return;
    while (!value.empty()) {
        const auto end = std::min(value.find('\n'), value.size());
        auto line = value.substr(0, end);
        value.remove_prefix(std::min(end + 1, value.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        f(line);
    }
}

} // namespace coffer::inline COFFER_ABI::detail

#endif
