// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_TREE_READER_HPP
#define COFFER_ALGORITHM_TREE_READER_HPP

#include <coffer/tree/object_cache.hpp>
#include <coffer/tree/snapshot.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace coffer::inline COFFER_ABI::algorithm {

/// What of a tree is to be there: its pages alone, for who loads the records that they need, or the
/// newest values with them.
enum class extent : unsigned char { pages, newest_values };

/// Puts the tree under a verified head together, from what is held of an older state and from
/// objects that it asks for; those that were loaded once serve for later heads too. It says what it
/// lacks and does no I/O.
template <Cipher C>
class tree_reader {
public:
    using pages = std::vector<tree::placed_page>;
    /// Objects to load, a DEK to unwrap, or the pages; or what is wrong with the tree.
    using step = std::variant<std::vector<format::object_name>, format::head_dek, result<pages>>;

    /// `held`, of the same extent, may be used again; null if nothing is held.
    tree_reader(tree::snapshot_ptr<C> held, extent wanted)
        : held_(std::move(held)), wanted_(wanted) {}

    auto held() const noexcept -> const tree::snapshot_ptr<C>& { return held_; }
    /// What is held is to be told as to one who holds nothing.
    void forget_held() noexcept { held_ = nullptr; }

    /// Another head is to be read. DEKs that are held stay in use as long as they are wrapped as
    /// they were; `anew`: all are to be unwrapped again.
    void begin(const format::head& head, bool anew) {
        root_known_ = false;
        lost_.clear();
        dek_problems_.clear();
        to_unwrap_.clear();
        keys_ = std::make_shared<tree::keyset<C>>();
        if (held_ == nullptr) return;
        for (const auto& d : head.deks) {
            auto same = held_->keys->shared(d);
            if (same && !anew)
                keys_->add(std::move(same));
            else if (held_->keys->find(d.number) != nullptr)
                to_unwrap_.push_back(d);
        }
    }
    /// The head that is held is to be read again, for records that may be back.
    void begin_held() { keys_ = std::make_shared<tree::keyset<C>>(*held_->keys); }

    auto keys() const noexcept -> const tree::keyset<C>& { return *keys_; }
    auto take_keys() noexcept -> std::shared_ptr<const tree::keyset<C>> { return std::move(keys_); }
    void add_keys(std::shared_ptr<const tree::dek_keys<C>> keys) { keys_->add(std::move(keys)); }
    /// The key side does not give a DEK: what lies under it is damaged.
    void refuse_dek(std::uint32_t number, errc why) { dek_problems_.emplace_back(number, why); }

    /// Where objects go that were compared with their names.
    auto objects() noexcept -> tree::object_cache& { return cache_; }
    /// Objects that were asked for are nowhere: false if there is no tree without them.
    auto lose(const std::vector<format::object_name>& names) -> bool {
        if (!want_only_records_) return false;
        for (const auto& name : names)
            lost_.emplace(name, true);
        return true;
    }

    /// Goes as far as what is there allows.
    auto go_on(const format::head& head) -> step {
        if (auto next = want_held_deks()) return *std::move(next);
        if (auto next = want_root(head)) return *std::move(next);
        if (auto next = want_pages(head)) return *std::move(next);
        if (wanted_ == extent::newest_values)
            if (auto next = want_records(head)) return *std::move(next);
        return assemble(head);
    }

private:
    static auto failed(failure why) -> step { return step(std::in_place_type<result<pages>>, why); }

    /// The keys of an object's DEK; a step if it has to be unwrapped first, a failure in
    /// `problem`.
    auto keys_of(const format::head& head, std::uint32_t number, errc& problem,
                 std::optional<step>& next) -> const tree::dek_keys<C>* {
        if (const auto* held = keys_->find(number)) return held;
        const auto* listed = head.find_dek(number);
        problem = errc::tampered;
        for (const auto& [n, code] : dek_problems_)
            if (n == number) {
                problem = code;
                return nullptr;
            }
        if (listed != nullptr) next.emplace(*listed);
        return nullptr;
    }

    /// Opens a root or a page that is in the cache.
    auto open_body(const format::head& head, format::object_kind kind, const bytes& object,
                   std::optional<step>& next) -> std::optional<tree::opened_body> {
        const auto parts = format::parse_object(object);
        if (!parts) {
            next.emplace(failed(parts.error()));
            return std::nullopt;
        }
        errc problem{};
        const auto* keys = keys_of(head, parts->dek, problem, next);
        if (keys == nullptr) {
            if (!next) next.emplace(failed(problem));
            return std::nullopt;
        }
        auto opened = keys->open(kind, format::object_aad(parts->prefix, kind), parts->rest);
        if (!opened) {
            next.emplace(failed(opened.error()));
            return std::nullopt;
        }
        return *std::move(opened);
    }

    /// What is held lies under DEKs that were wrapped again since, or are to be confirmed: the key
    /// side decides on each, and if it refuses one, nothing that is held stands in.
    auto want_held_deks() -> std::optional<step> {
        for (const auto& d : to_unwrap_) {
            if (keys_->find(d.number) != nullptr) continue;
            const bool refused = std::any_of(dek_problems_.begin(), dek_problems_.end(),
                                             [&](const auto& p) { return p.first == d.number; });
            if (!refused) return step(d);
            held_ = nullptr;
        }
        to_unwrap_.clear();
        return std::nullopt;
    }

    /// Whether a head lists all the DEKs that the state that is held has.
    auto lists_held_deks(const format::head& head) const -> bool {
        return std::ranges::all_of(
            held_->head.deks, [&](const auto& d) { return head.find_dek(d.number) != nullptr; });
    }
    /// Whether a head lists the DEKs of a page and of its records: one that a head leaves out opens
    /// nothing any more.
    static auto lies_under(const format::head& head, const tree::page_node& page) -> bool {
        const auto lists = [&](std::uint32_t dek) { return head.find_dek(dek) != nullptr; };
        return lists(page.dek) && std::ranges::all_of(page.leaves, [&](const auto& leaf) {
                   return !leaf->has_record() || lists(leaf->dek());
               });
    }

    auto want_root(const format::head& head) -> std::optional<step> {
        if (root_known_) return std::nullopt;
        pages_.clear();
        want_only_records_ = false;
        const bool all_listed = held_ != nullptr && lists_held_deks(head);
        if (held_ != nullptr && !held_->closed() && held_->head.root == head.root) {
            for (const auto& p : held_->pages.pages())
                pages_.push_back(
                    {p.ref, all_listed || lies_under(head, *p.node) ? p.node : nullptr, {}});
            root_known_ = true;
            return std::nullopt;
        }
        const auto at = cache_.find(head.root);
        if (at == cache_.end()) return step(std::vector{head.root});
        std::optional<step> next;
        const auto opened = open_body(head, format::object_kind::root, at->second, next);
        if (!opened) return next;
        auto refs = format::decode_root(opened->view());
        if (!refs) return failed(refs.error());
        tree::by_object_name<std::shared_ptr<const tree::page_node>> held;
        if (held_ != nullptr)
            for (const auto& p : held_->pages.pages())
                held.emplace(p.ref.name, p.node);
        for (auto& ref : *refs) {
            const auto same = held.find(ref.name);
            // A page is decoded for its place: it stands in for itself only where it stood before.
            const bool usable = same != held.end() &&
                                same->second->entries.front().key == ref.first &&
                                (all_listed || lies_under(head, *same->second));
            pages_.push_back({std::move(ref), usable ? same->second : nullptr, {}});
        }
        for (std::size_t i = 0; i + 1 < pages_.size(); ++i)
            if (pages_[i].node && !(pages_[i].node->entries.back().key < pages_[i + 1].ref.first))
                return failed(errc::tampered);
        root_known_ = true;
        return std::nullopt;
    }

    auto want_pages(const format::head& head) -> std::optional<step> {
        want_only_records_ = false;
        std::vector<format::object_name> absent;
        for (const auto& p : pages_)
            if (p.node == nullptr && p.entries.empty() && !cache_.contains(p.ref.name))
                absent.push_back(p.ref.name);
        if (!absent.empty()) return step(std::move(absent));
        for (std::size_t i = 0; i < pages_.size(); ++i) {
            auto& p = pages_[i];
            if (p.node != nullptr || !p.entries.empty()) continue;
            std::optional<step> next;
            const auto& object = cache_.find(p.ref.name)->second;
            const auto opened = open_body(head, format::object_kind::page, object, next);
            if (!opened) return next;
            auto entries =
                format::decode_page(opened->view(), p.ref.first,
                                    i + 1 < pages_.size() ? &pages_[i + 1].ref.first : nullptr);
            if (!entries) return failed(entries.error());
            p.entries = *std::move(entries);
            p.dek = format::parse_object(object)->dek;
        }
        return std::nullopt;
    }

    /// The leaf that is held of an entry's newest version, if it is whole.
    auto held_leaf(const format::head& head, const format::entry& e) const
        -> std::shared_ptr<const tree::leaf> {
        if (held_ == nullptr || held_->closed()) return nullptr;
        auto held = held_->pages.leaf_of(e.key);
        if (held == nullptr || !held->is(e.newest()) || held->damaged()) return nullptr;
        return !held->has_record() || head.find_dek(held->dek()) != nullptr ? held : nullptr;
    }

    auto want_records(const format::head& head) -> std::optional<step> {
        want_only_records_ = true;
        std::vector<format::object_name> absent;
        std::optional<step> next;
        for (auto& p : pages_) {
            if (p.node != nullptr && p.node->damaged == 0) continue;
            if (p.node != nullptr) {
                p.entries = p.node->entries; // look for its lost records again
                p.dek = p.node->dek;
                p.node = nullptr;
            }
            for (const auto& e : p.entries) {
                const auto& v = e.newest();
                if (v.state != format::entry_state::value || lost_.contains(v.record)) continue;
                const auto at = cache_.find(v.record);
                if (at == cache_.end()) {
                    if (held_leaf(head, e) == nullptr) absent.push_back(v.record);
                    continue;
                }
                if (next) continue;
                errc ignored{};
                if (const auto parts = format::parse_object(at->second))
                    keys_of(head, parts->dek, ignored, next);
            }
        }
        if (!absent.empty()) return step(std::move(absent));
        return next;
    }

    auto make_leaf(const format::head& head, const format::entry& e)
        -> std::shared_ptr<const tree::leaf> {
        const auto& v = e.newest();
        if (v.state != format::entry_state::value || wanted_ == extent::pages)
            return tree::leaf::make(e);
        const auto at = cache_.find(v.record);
        if (at == cache_.end()) {
            auto held = held_leaf(head, e);
            return held ? held : tree::leaf::make(e, errc::tampered);
        }
        const auto parts = format::parse_object(at->second);
        if (!parts) return tree::leaf::make(e, parts.error().code);
        errc problem{};
        std::optional<step> none;
        if (keys_of(head, parts->dek, problem, none) == nullptr)
            return tree::leaf::make(e, problem);
        return tree::leaf::make(e, at->second);
    }

    auto assemble(const format::head& head) -> step {
        std::vector<tree::placed_page> placed;
        placed.reserve(pages_.size());
        for (auto& p : pages_) {
            if (p.node == nullptr) {
                auto node = std::make_shared<tree::page_node>();
                node->leaves.reserve(p.entries.size());
                for (const auto& e : p.entries) {
                    node->leaves.push_back(make_leaf(head, e));
                    node->count(*node->leaves.back());
                }
                node->entries = std::move(p.entries);
                node->dek = p.dek;
                p.node = std::move(node);
            }
            placed.push_back({std::move(p.ref), std::move(p.node)});
        }
        return step(std::in_place_type<result<pages>>, std::move(placed));
    }

    struct pending_page {
        format::page_ref ref{};
        std::shared_ptr<const tree::page_node> node{}; ///< Held already.
        std::vector<format::entry> entries{};          ///< Or decoded now.
        std::uint32_t dek = 0;                         ///< What it was sealed under.
    };

    tree::snapshot_ptr<C> held_; ///< What may be used again: all of it, or nothing.
    extent wanted_;
    std::shared_ptr<tree::keyset<C>> keys_{};
    std::vector<std::pair<std::uint32_t, errc>> dek_problems_{};
    std::vector<format::head_dek> to_unwrap_{}; ///< DEKs that are held, under another wrapping.
    bool root_known_ = false;
    bool want_only_records_ = false;
    std::vector<pending_page> pages_{};
    tree::object_cache cache_{};
    tree::by_object_name<bool> lost_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
