// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_REBUILD_HPP
#define COFFER_TREE_REBUILD_HPP

#include <coffer/tree/draft.hpp>

#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::tree {

/// A page of the next tree: one that stays as it is, or new entries to be sealed.
struct rebuilt_page {
    const placed_page* kept = nullptr;
    std::vector<format::entry> entries{};
};

namespace detail {

/// Cuts the entries of a page so that each body stays within the limit at which writers split.
inline void split_into(std::vector<rebuilt_page>& out, std::vector<format::entry>&& entries) {
    std::size_t total = 4;
    for (const auto& e : entries)
        total += e.encoded_size();
    if (total <= format::limits::page_split) {
        if (!entries.empty()) out.push_back({nullptr, std::move(entries)});
        return;
    }
    // Three quarters full: the next writes to either part find room. The last two share evenly.
    constexpr std::size_t fill = format::limits::page_split / 4 * 3;
    std::size_t left = total;
    std::size_t limit = left < 2 * fill ? left / 2 : fill;
    rebuilt_page part;
    std::size_t size = 4;
    for (auto& e : entries) {
        const auto n = e.encoded_size();
        if (!part.entries.empty() && size + n > limit) {
            left -= size;
            limit =
                left < 2 * fill ? std::max(left / 2, left < fill ? fill : std::size_t{0}) : fill;
            out.push_back(std::move(part));
            part = {};
            size = 4;
        }
        size += n;
        part.entries.push_back(std::move(e));
    }
    out.push_back(std::move(part));
}

} // namespace detail

/// The pages of a tree after changes: touched ones are merged and split, empty ones dropped. `base`
/// is empty for a new environment.
inline auto rebuild(const std::vector<placed_page>& base,
                    const std::map<format::entry_key, std::optional<format::entry>>& changes)
    -> std::vector<rebuilt_page> {
    std::vector<rebuilt_page> out;
    auto change = changes.begin();
    for (std::size_t p = 0; p < std::max<std::size_t>(base.size(), 1); ++p) {
        const auto* next = p + 1 < base.size() ? &base[p + 1].ref.first : nullptr;
        auto end = change;
        while (end != changes.end() && (next == nullptr || end->first < *next))
            ++end;
        if (change == end) {
            if (p < base.size()) out.push_back({&base[p], {}});
            continue;
        }
        std::vector<format::entry> merged;
        if (p < base.size())
            for (const auto& e : base[p].node->entries) {
                for (; change != end && change->first < e.key; ++change)
                    if (change->second) merged.push_back(*change->second);
                if (change != end && change->first == e.key) {
                    if (change->second) merged.push_back(*change->second);
                    ++change;
                } else {
                    merged.push_back(e);
                }
            }
        for (; change != end; ++change)
            if (change->second) merged.push_back(*change->second);
        detail::split_into(out, std::move(merged));
    }
    return out;
}

} // namespace coffer::inline COFFER_ABI::tree

#endif
