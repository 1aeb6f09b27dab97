// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FILE_BASE64_HPP
#define COFFER_FILE_BASE64_HPP

#include <coffer/bytes.hpp>

#include <boost/archive/iterators/base64_from_binary.hpp>
#include <boost/archive/iterators/binary_from_base64.hpp>
#include <boost/archive/iterators/transform_width.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::file {

/// Appends the padded base64 (RFC 4648 §4) of `data`. Not constant-time: for sealed bytes alone.
inline void append_base64(std::string& to, byte_view data) {
    namespace it = boost::archive::iterators;
    using encoder = it::base64_from_binary<it::transform_width<const char*, 6, 8>>;
    const auto text = as_text(data);
    const auto begin = to.size();
    to.resize(begin + (text.size() + 2) / 3 * 4, '=');
    // transform_width must not read behind its end, so a last group of one or two bytes goes alone.
    const auto whole = text.size() / 3 * 3;
    auto* out = std::copy(encoder(text.data()), encoder(text.data() + whole), to.data() + begin);
    if (whole == text.size()) return;
    std::array<char, 3> last{};
    std::copy(text.begin() + static_cast<std::ptrdiff_t>(whole), text.end(), last.begin());
    std::copy_n(encoder(last.data()), text.size() - whole + 1, out);
}

/// Decodes text for which is_base64 holds.
inline auto from_base64(std::string_view text) -> bytes {
    namespace it = boost::archive::iterators;
    using decoder = it::transform_width<it::binary_from_base64<const char*>, 8, 6>;
    const auto padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
    bytes data(text.size() / 4 * 3 - padding);
    auto from = decoder(text.data()); // '=' decodes as zero bits, which `padding` leaves out
    for (auto& b : data) {
        b = static_cast<std::byte>(*from);
        ++from;
    }
    return data;
}

/// The one base64 text of some bytes: whole groups of the standard alphabet, padded, and no stray
/// bits in front of the padding.
inline auto is_base64(std::string_view text) -> bool {
    static constexpr auto in_alphabet = [] {
        std::array<bool, 256> table{};
        for (const char c :
             std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
            table[static_cast<unsigned char>(c)] = true;
        return table;
    }();
    if (text.size() % 4 != 0) return false;
    if (text.empty()) return true;
    const auto last = text.substr(text.size() - 4);
    const auto body = text.substr(0, text.size() - (last.ends_with("==")  ? 2U
                                                    : last.ends_with('=') ? 1U
                                                                          : 0U));
    if (!std::all_of(body.begin(), body.end(),
                     [](char c) { return in_alphabet[static_cast<unsigned char>(c)]; }))
        return false;
    std::string again;
    append_base64(again, from_base64(last));
    return again == last;
}

} // namespace coffer::inline COFFER_ABI::file

#endif
