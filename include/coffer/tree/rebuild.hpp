// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_REBUILD_HPP
#define COFFER_TREE_REBUILD_HPP

#include <coffer/tree/draft.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::tree {

/// A page of the next tree: one that stays as it is, or new entries to be sealed.
struct rebuilt_page {
    const placed_page* kept = nullptr;
    std::vector<format::entry> entries{};
    std::vector<std::shared_ptr<const leaf>> leaves{}; ///< Of each entry; null: it was changed.

    void add(format::entry e, std::shared_ptr<const leaf> newest) {
        entries.push_back(std::move(e));
        leaves.push_back(std::move(newest));
    }
};

namespace detail {

/// Cuts the entries of a page so that each body stays within the limit at which writers split.
inline void split_into(std::vector<rebuilt_page>& out, rebuilt_page&& whole) {
    std::size_t total = 4;
    for (const auto& e : whole.entries)
        total += e.encoded_size();
    if (total <= format::limits::page_split) {
        if (!whole.entries.empty()) out.push_back(std::move(whole));
        return;
    }
    // Three quarters full: the next writes to either part find room. The last two share evenly.
    constexpr std::size_t fill = format::limits::page_split / 4 * 3;
    std::size_t left = total;
    std::size_t limit = left < 2 * fill ? left / 2 : fill;
    rebuilt_page part;
    std::size_t size = 4;
    for (std::size_t i = 0; i < whole.entries.size(); ++i) {
        const auto n = whole.entries[i].encoded_size();
        if (!part.entries.empty() && size + n > limit) {
            left -= size;
            limit =
                left < 2 * fill ? std::max(left / 2, left < fill ? fill : std::size_t{0}) : fill;
            out.push_back(std::move(part));
            part = {};
            size = 4;
        }
        size += n;
        part.add(std::move(whole.entries[i]), std::move(whole.leaves[i]));
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
            if (p < base.size()) out.push_back({&base[p], {}, {}});
            continue;
        }
        rebuilt_page merged;
        const auto take = [&] {
            if (change->second) merged.add(*change->second, nullptr);
            ++change;
        };
        if (p < base.size()) {
            const auto& node = *base[p].node;
            merged.entries.reserve(node.entries.size() + 1);
            merged.leaves.reserve(node.entries.size() + 1);
            for (std::size_t i = 0; i < node.entries.size(); ++i) {
                const auto& e = node.entries[i];
                while (change != end && change->first < e.key)
                    take();
                if (change != end && change->first == e.key)
                    take();
                else
                    merged.add(e, node.leaves[i]);
            }
        }
        while (change != end)
            take();
        detail::split_into(out, std::move(merged));
    }
    return out;
}

} // namespace coffer::inline COFFER_ABI::tree

#endif
