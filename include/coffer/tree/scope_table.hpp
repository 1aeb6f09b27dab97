// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_SCOPE_TABLE_HPP
#define COFFER_TREE_SCOPE_TABLE_HPP

#include <coffer/detail/huge_pages.hpp>
#include <coffer/tree/hash.hpp>
#include <coffer/tree/leaf.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace coffer::inline COFFER_ABI::tree {

/// The names of one scope: a flat open-addressing table from name to leaf. Immutable once filled;
/// the leaves belong to the pages of the snapshot that holds the table.
class scope_table {
public:
    explicit scope_table(std::size_t names) : names_(names), slots_(std::bit_ceil(names * 2 + 1)) {}

    /// How many names it was made for, removed ones among them.
    auto size() const noexcept -> std::size_t { return names_; }

    void insert(const leaf* l) noexcept {
        const auto h = hash_of(l->name());
        auto i = h & mask();
        while (slots_[i].at != nullptr)
            i = (i + 1) & mask();
        slots_[i] = {h, l};
    }
    /// `hash` is hash_of(name): computed once for all scopes of a look-up.
    auto find(std::string_view name, std::uint64_t hash) const noexcept -> const leaf* {
        for (auto i = hash & mask();; i = (i + 1) & mask()) {
            const auto& s = slots_[i];
            if (s.at == nullptr) return nullptr;
            if (s.hash != hash) continue;
            s.at->prefetch();
            if (same(s.at->name(), name)) return s.at;
        }
    }
    static auto hash_of(std::string_view name) noexcept -> std::uint64_t {
        static const auto seed = hash_seed();
        return hash_text(name, seed);
    }

private:
    struct slot {
        std::uint64_t hash = 0;
        const leaf* at = nullptr;
    };
    static auto same(std::string_view a, std::string_view b) noexcept -> bool {
        return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size()) == 0;
    }
    auto mask() const noexcept -> std::size_t { return slots_.size() - 1; }
    std::size_t names_;
    std::vector<slot, coffer::detail::huge_page_allocator<slot>> slots_;
};

} // namespace coffer::inline COFFER_ABI::tree

#endif
