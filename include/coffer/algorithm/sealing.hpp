// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_SEALING_HPP
#define COFFER_ALGORITHM_SEALING_HPP

#include <coffer/algorithm/seal_count.hpp>
#include <coffer/concepts/store.hpp>
#include <coffer/tree/rebuild.hpp>
#include <coffer/tree/snapshot.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace coffer::inline COFFER_ABI::algorithm {

/// A state that is sealed and ready to be committed.
template <Cipher C>
struct sealed_state {
    tree::snapshot_ptr<C> snapshot{};           ///< What it will be once it is committed.
    std::vector<object_write> writes{};         ///< New objects and, last, the head.
    std::vector<format::object_name> records{}; ///< Of the new values, to know the commit again by.
};

/// The head that follows one, written at `now`: the same tree under the same DEKs, yet to be signed.
inline auto head_after(const format::head& before, std::uint64_t now) -> format::head {
    auto next = before;
    next.generation += 1;
    next.ancestors = format::next_ancestors(before);
    next.written_at = now;
    return next;
}

/// Signs a head and makes it an entry to write. `next.mac` is filled in.
template <Cipher C>
auto sign_head(const tree::dek_keys<C>& keys, format::head& next) -> bytes {
    auto data = format::encode_head_unsigned(next);
    next.mac = keys.head_mac(data);
    data.insert(data.end(), next.mac.begin(), next.mac.end());
    return data;
}

/// Seals a draft: new records, the pages that they touch, the root and the head `next`, which comes
/// with all but seals, root and MAC. `seals` counts every object that is sealed, also where this
/// fails or the commit is lost; the head takes over its count. Errors: unavailable (no randomness),
/// unsupported (cipher), too_large (more pages than the format allows).
template <Cipher C>
class sealer {
public:
    sealer(const C& cipher, const tree::dek_keys<C>& keys, seal_count& seals)
        : cipher_(cipher), keys_(keys), seals_(seals),
          prefix_(format::object_prefix_of(keys.number())) {}

    auto seal(const tree::snapshot<C>* base, const tree::draft& changed, format::head next,
              std::shared_ptr<const tree::keyset<C>> keyset) -> result<sealed_state<C>> {
        const std::vector<tree::placed_page> nothing;
        auto pages =
            tree::rebuild(base == nullptr ? nothing : base->pages.pages(), changed.changes());
        if (pages.size() > format::limits::pages) return errc::too_large;
        std::vector<tree::placed_page> placed;
        std::vector<format::page_ref> refs;
        for (auto& page : pages) {
            auto done = page.kept != nullptr ? result<tree::placed_page>(*page.kept)
                                             : seal_page(base, changed, std::move(page));
            if (!done) return done.error();
            refs.push_back(done->ref);
            placed.push_back(*std::move(done));
        }
        auto root = seal_object(format::object_kind::root, format::encode_root(refs));
        if (!root) return root.error();
        next.root = *root;
        next.deks.back().seals += seals_.of(keys_.number());
        auto head = sign_head(keys_, next);
        const auto id = format::revision_of(cipher_.sha256(head));
        state_.writes.push_back({"head", std::move(head)});
        state_.snapshot = std::make_shared<const tree::snapshot<C>>(tree::snapshot<C>{
            std::move(next), id, id, std::move(keyset),
            tree::page_set(std::move(placed), base == nullptr ? nullptr : &base->pages)});
        return std::move(state_);
    }

private:
    auto seal_object(format::object_kind kind, byte_view body) -> result<format::object_name> {
        seals_.add(keys_.number(), 1);
        auto sealed = keys_.seal(kind, format::object_aad(prefix_, kind), body);
        if (!sealed) return sealed.error();
        return add(*std::move(sealed));
    }
    auto add(tree::sealed_object&& object) -> format::object_name {
        state_.writes.push_back({format::store_key(object.name), std::move(object.data)});
        return object.name;
    }

    /// Seals the staged values of an entry; the object of its newest version is left in `newest`.
    auto seal_values(const tree::draft& changed, format::entry& e, bytes& newest) -> result<void> {
        for (auto& v : e.versions) {
            if (v.state != format::entry_state::value || v.record != format::object_name{})
                continue;
            const auto staged = changed.staged().find({e.key, v.number});
            if (staged == changed.staged().end()) continue; // it had none: its record is missing
            seals_.add(keys_.number(), 1);
            auto sealed = keys_.seal(format::object_kind::record,
                                     format::record_aad(prefix_, e.key, v.number), staged->second);
            if (!sealed) return sealed.error();
            if (&v == &e.versions.front()) newest = sealed->data;
            v.record = add(*std::move(sealed));
            state_.records.push_back(v.record);
        }
        return {};
    }

    auto seal_page(const tree::snapshot<C>* base, const tree::draft& changed,
                   tree::rebuilt_page&& page) -> result<tree::placed_page> {
        auto node = std::make_shared<tree::page_node>();
        node->entries = std::move(page.entries);
        node->leaves = std::move(page.leaves);
        node->dek = keys_.number();
        for (std::size_t i = 0; i < node->entries.size(); ++i) {
            auto& leaf = node->leaves[i];
            if (leaf == nullptr) {
                auto made = seal_entry(base, changed, node->entries[i]);
                if (!made) return made.error();
                leaf = *std::move(made);
            }
            node->count(*leaf);
        }
        auto name = seal_object(format::object_kind::page, format::encode_page(node->entries));
        if (!name) return name.error();
        auto first = node->entries.front().key;
        return tree::placed_page{{std::move(first), *name}, std::move(node)};
    }
    /// Seals what is new of a changed entry, and makes its leaf.
    auto seal_entry(const tree::snapshot<C>* base, const tree::draft& changed, format::entry& e)
        -> result<std::shared_ptr<const tree::leaf>> {
        bytes newest;
        if (auto sealed = seal_values(changed, e, newest); !sealed) return sealed.error();
        if (!newest.empty()) return tree::leaf::make(e, newest);
        if (e.newest().state != format::entry_state::value) return tree::leaf::make(e);
        // It keeps the record of the state below; where that was not the newest, its record is not
        // here, and the next look gets it.
        auto below = base != nullptr ? base->pages.leaf_of(e.key) : nullptr;
        if (below != nullptr && below->is(e.newest())) return below;
        return tree::leaf::make(e, errc::unavailable);
    }

    const C& cipher_;
    const tree::dek_keys<C>& keys_;
    seal_count& seals_;
    std::array<std::byte, format::object_prefix> prefix_;
    sealed_state<C> state_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
