// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_DETAIL_WITHOUT_CONTROLS_HPP
#define COFFER_DETAIL_WITHOUT_CONTROLS_HPP

#include <coffer/version.hpp>

#include <string>
#include <utility>

namespace coffer::inline COFFER_ABI::detail {

/// A text on its way to a log or a terminal, with `?` for each control character (Unicode's C0, C1
/// and DEL): names and ids are others' texts, and must neither break its lines nor steer it.
inline auto without_controls(std::string text) -> std::string {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if (byte == 0xC2 && next >= 0x80 && next < 0xA0)
            text.replace(i, 2, 1, '?');
        else if (byte < 0x20 || byte == 0x7F)
            text[i] = '?';
    }
    return text;
}

} // namespace coffer::inline COFFER_ABI::detail

#endif
