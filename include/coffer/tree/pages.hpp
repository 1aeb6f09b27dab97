// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_PAGES_HPP
#define COFFER_TREE_PAGES_HPP

#include <coffer/format/tree.hpp>
#include <coffer/tree/leaf.hpp>
#include <coffer/tree/scope_table.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::tree {

/// A decoded page: its entries and, one for each, the leaf of the newest version. Immutable; shared
/// by all snapshots whose root names it.
struct page_node {
    std::vector<format::entry> entries{};
    std::vector<std::shared_ptr<const leaf>> leaves{};
    std::size_t damaged = 0; ///< Leaves whose record can't be had.
    std::size_t sealed = 0;  ///< Bytes of the leaves' sealed records.
    std::uint32_t dek = 0;   ///< What the page itself is sealed under.

    /// To be called for each leaf once.
    void count(const leaf& l) noexcept {
        if (l.damaged()) ++damaged;
        sealed += l.sealed().size();
    }
};

/// A page in its place in the tree.
struct placed_page {
    format::page_ref ref{};
    std::shared_ptr<const page_node> node{};
};

/// An entry and its leaf.
struct found_entry {
    const format::entry* entry = nullptr;
    const leaf* newest = nullptr;
};

/// The pages of one tree with an index by scope. Immutable once built.
class page_set {
public:
    page_set() = default;
    /// Tables of scopes whose pages are the same as in `previous` are taken over from there.
    explicit page_set(std::vector<placed_page> pages, const page_set* previous = nullptr)
        : pages_(std::move(pages)) {
        index(previous);
    }

    auto pages() const noexcept -> const std::vector<placed_page>& { return pages_; }
    auto damaged() const noexcept -> std::size_t { return damaged_; }
    auto entry_count() const noexcept -> std::size_t { return entries_; }
    /// Bytes that the newest values take, sealed.
    auto sealed() const noexcept -> std::size_t { return sealed_; }

    /// The index of the page that holds or would hold a key. There is at least one page.
    auto page_of(const format::entry_key& key) const noexcept -> std::size_t {
        const auto after = std::upper_bound(
            pages_.begin(), pages_.end(), key,
            [](const format::entry_key& k, const placed_page& p) { return k < p.ref.first; });
        return after == pages_.begin() ? 0 : static_cast<std::size_t>(after - pages_.begin()) - 1;
    }
    auto find(const format::entry_key& key) const noexcept -> found_entry {
        const auto [node, at] = place_of(key);
        if (node == nullptr) return {};
        return {&node->entries[at], node->leaves[at].get()};
    }
    /// The leaf of a key's newest version, to be held beyond these pages; null if there is no entry.
    auto leaf_of(const format::entry_key& key) const noexcept -> std::shared_ptr<const leaf> {
        const auto [node, at] = place_of(key);
        return node == nullptr ? nullptr : node->leaves[at];
    }
    /// Null if nothing was ever set in that scope.
    auto table(std::string_view space, std::string_view actor) const -> const scope_table* {
        const auto it = scopes_.find(scope_name(space, actor));
        return it == scopes_.end() ? nullptr : it->second.table.get();
    }
    auto has_space(std::string_view space) const -> bool {
        return find({std::string(space), {}, {}}).entry != nullptr;
    }
    /// Calls f(entry, leaf) for every entry from `first` on, in order, until f answers false.
    template <class F>
    void each_from(const format::entry_key& first, F&& f) const {
        if (pages_.empty()) return;
        const auto start = page_of(first);
        for (auto p = start; p < pages_.size(); ++p) {
            const auto& node = *pages_[p].node;
            std::size_t i = 0;
            if (p == start)
                i = static_cast<std::size_t>(
                    std::ranges::lower_bound(node.entries, first, {}, &format::entry::key) -
                    node.entries.begin());
            for (; i < node.entries.size(); ++i)
                if (!f(node.entries[i], *node.leaves[i])) return;
        }
    }
    /// Whether an entry stands in a space that has no entry of its own: no honest tree has that.
    auto has_orphans() const noexcept -> bool { return orphans_; }

private:
    struct indexed_scope {
        std::shared_ptr<const scope_table> table{};
        std::vector<const page_node*> made_of{};
    };

    static auto scope_name(std::string_view space, std::string_view actor) -> std::string {
        std::string name;
        name.reserve(space.size() + actor.size() + 1);
        return name.append(space).append(1, '\0').append(actor);
    }

    struct place {
        const page_node* node = nullptr; // null: there is no such entry
        std::size_t at = 0;
    };
    auto place_of(const format::entry_key& key) const noexcept -> place {
        if (pages_.empty()) return {};
        const auto& node = *pages_[page_of(key)].node;
        const auto at = std::lower_bound(
            node.entries.begin(), node.entries.end(), key,
            [](const format::entry& e, const format::entry_key& k) { return e.key < k; });
        if (at == node.entries.end() || at->key != key) return {};
        return {&node, static_cast<std::size_t>(at - node.entries.begin())};
    }

    struct run { // the entries of one scope: consecutive in the order of keys
        const format::entry_key* scope = nullptr;
        std::vector<const page_node*> made_of{};
        std::vector<const leaf*> leaves{};
    };

    void index(const page_set* previous) {
        run current;
        std::string space_seen;
        bool space_known = true;
        for (const auto& page : pages_) {
            damaged_ += page.node->damaged;
            sealed_ += page.node->sealed;
            entries_ += page.node->entries.size();
            for (std::size_t i = 0; i < page.node->entries.size(); ++i) {
                const auto& key = page.node->entries[i].key;
                if (current.scope == nullptr || current.scope->space != key.space ||
                    current.scope->actor != key.actor) {
                    finish(current, previous);
                    current = {&key, {}, {}};
                    if (key.space != space_seen) {
                        space_seen = key.space;
                        space_known = key.actor.empty() && key.name.empty();
                    }
                    orphans_ = orphans_ || !space_known;
                }
                if (current.made_of.empty() || current.made_of.back() != page.node.get())
                    current.made_of.push_back(page.node.get());
                current.leaves.push_back(page.node->leaves[i].get());
            }
        }
        finish(current, previous);
    }
    void finish(run& done, const page_set* previous) {
        if (done.scope == nullptr) return;
        auto name = scope_name(done.scope->space, done.scope->actor);
        if (previous != nullptr) {
            const auto it = previous->scopes_.find(name);
            if (it != previous->scopes_.end() && it->second.made_of == done.made_of) {
                scopes_.emplace(std::move(name), it->second);
                return;
            }
        }
        auto table = std::make_shared<scope_table>(done.leaves.size());
        for (const auto* l : done.leaves)
            table->insert(l);
        scopes_.emplace(std::move(name), indexed_scope{std::move(table), std::move(done.made_of)});
    }

    std::vector<placed_page> pages_;
    std::unordered_map<std::string, indexed_scope> scopes_;
    std::size_t damaged_ = 0;
    std::size_t entries_ = 0;
    std::size_t sealed_ = 0;
    bool orphans_ = false;
};

} // namespace coffer::inline COFFER_ABI::tree

#endif
