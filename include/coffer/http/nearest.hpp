// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_NEAREST_HPP
#define COFFER_HTTP_NEAREST_HPP

#include <coffer/version.hpp>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

/// What was probably meant by a text that fits none of those that there are.
namespace coffer::inline COFFER_ABI::http {

namespace detail {

inline constexpr std::size_t most_changes = 2;
inline constexpr std::size_t most_typed = 64;

using letters = std::vector<std::string_view>;

/// A text's letters: UTF-8 sequences. What is no UTF-8 is parted in some way.
inline auto letters_of(std::string_view text) -> letters {
    letters out;
    for (std::size_t from = 0, to = 0; from < text.size(); from = to) {
        const auto goes_on = [&] {
            return (static_cast<unsigned char>(text[to]) & 0xC0U) == 0x80U;
        };
        for (to = from + 1; to < text.size() && goes_on();)
            ++to;
        out.push_back(text.substr(from, to - from));
    }
    return out;
}

inline auto same_letter(std::string_view a, std::string_view b) noexcept -> bool {
    const auto folded = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    };
    return std::ranges::equal(a, b, {}, folded, folded);
}

enum class extent { whole, part };

/// How many letters have to be changed, left out, put in or swapped with the next one to make of
/// what was typed a word, or some part of it: Levenshtein's distance with swaps (optimal string
/// alignment); for a part with a beginning and an end that are free (Sellers, 1980). From `limit`
/// on it may be any number that is not less.
inline auto changes(const letters& typed, const letters& word, extent of, std::size_t limit)
    -> std::size_t {
    std::vector<std::size_t> row(word.size() + 1);
    if (of == extent::whole) std::iota(row.begin(), row.end(), std::size_t{0});
    auto above = row;
    auto before = row; // the one above that
    for (std::size_t i = 1; i <= typed.size(); ++i) {
        std::swap(before, above);
        std::swap(above, row);
        row[0] = i;
        for (std::size_t j = 1; j < row.size(); ++j) {
            const std::size_t other = same_letter(typed[i - 1], word[j - 1]) ? 0 : 1;
            row[j] = std::min({above[j - 1] + other, above[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && same_letter(typed[i - 1], word[j - 2]) &&
                same_letter(typed[i - 2], word[j - 1]))
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        if (std::ranges::min(row) >= limit) return limit;
    }
    return of == extent::whole ? row.back() : std::ranges::min(row);
}

/// The first of those with the fewest changes, less than `limit`; empty if there is none.
inline auto nearest_of(const letters& typed, const std::vector<std::string_view>& known, extent of,
                       std::size_t limit) -> std::string_view {
    std::string_view best;
    if (typed.size() > most_typed) return best;
    for (const auto text : known) {
        if (const auto far = changes(typed, letters_of(text), of, limit); far < limit) {
            limit = far;
            best = text;
        }
    }
    return best;
}

} // namespace detail

/// Of the texts that there are the one that was probably meant by another: the first of those with
/// the fewest letters changed, left out, put in or swapped with the next one. Two such changes at
/// most, and fewer than letters were typed; whether a letter of ASCII is a capital does not count.
/// Empty if there is none, and where more than 64 letters were typed. What is returned is one of
/// `known`. Throws std::bad_alloc alone.
inline auto nearest(std::string_view typed, const std::vector<std::string_view>& known)
    -> std::string_view {
    const auto letters = detail::letters_of(typed);
    return detail::nearest_of(letters, known, detail::extent::whole,
                              std::min(detail::most_changes + 1, letters.size()));
}

/// The same where texts were looked for that hold what was typed: what of them is nearest counts.
/// The changes are fewer than half the letters that were typed, since a part that is as near as
/// that is found in nearly every text.
inline auto nearest_holding(std::string_view typed, const std::vector<std::string_view>& known)
    -> std::string_view {
    const auto letters = detail::letters_of(typed);
    return detail::nearest_of(letters, known, detail::extent::part,
                              std::min(detail::most_changes + 1, (letters.size() + 1) / 2));
}

} // namespace coffer::inline COFFER_ABI::http

#endif
