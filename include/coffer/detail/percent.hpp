// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_PERCENT_HPP
#define COFFER_DETAIL_PERCENT_HPP

#include <coffer/version.hpp>

#include <string_view>

namespace coffer::inline COFFER_ABI::detail {

/// What RFC 3986, section 2.3, leaves as it is beside letters and digits.
inline constexpr std::string_view unreserved = "-_.~";

/// Percent-encoded (RFC 3986, section 2.1): all but letters, digits and those of `bare`, at the end
/// of the string `out`.
template <class Text>
auto percent_encoded(std::string_view text, std::string_view bare, Text out = {}) -> Text {
    constexpr std::string_view digits = "0123456789ABCDEF";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || (c >= '0' && c <= '9') || bare.find(c) != bare.npos)
            out.push_back(c);
        else
            out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

} // namespace coffer::inline COFFER_ABI::detail

#endif
