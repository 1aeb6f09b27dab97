// SPDX-License-Identifier: BSL-1.0
#include "nearest.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace command {

namespace {

constexpr std::size_t most_changes = 2;
constexpr std::size_t longest = 64;

auto folded(char c) noexcept -> char {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

/// How many changes of one letter lie between two words.
auto distance(std::string_view a, std::string_view b) -> std::size_t {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        auto before = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto changed = before + (folded(a[i - 1]) == folded(b[j - 1]) ? 0 : 1);
            before = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

} // namespace

auto nearest(std::string_view typed, const std::vector<std::string_view>& known)
    -> std::string_view {
    std::string_view best;
    if (typed.size() > longest) return best;
    auto least = std::min(most_changes + 1, typed.size());
    for (const auto word : known) {
        if (std::max(typed.size(), word.size()) - std::min(typed.size(), word.size()) >= least)
            continue;
        if (const auto far = distance(typed, word); far < least) {
            least = far;
            best = word;
        }
    }
    return best;
}

} // namespace command
