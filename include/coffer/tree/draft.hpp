// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_DRAFT_HPP
#define COFFER_TREE_DRAFT_HPP

#include <coffer/tree/dek_keys.hpp>
#include <coffer/tree/object_cache.hpp>
#include <coffer/tree/pages.hpp>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::tree {

/// What a draft needs of the state below it that takes a key or randomness.
class draft_source {
public:
    virtual ~draft_source() = default;
    /// The value of a record that is in the tree. Errors: tampered and other problems of the
    /// record; unavailable while it is not loaded yet (it is then loaded and the edit runs again).
    virtual auto value_of(const format::entry_key& key, const format::entry_version& version)
        -> result<opened_body> = 0;
    /// The number of the DEK that a record of the tree is sealed under; it takes no key to know.
    /// Errors: tampered (it is not there, or another), unavailable as above.
    virtual auto dek_of(const format::entry_key& key, const format::entry_version& version)
        -> result<std::uint32_t> = 0;
    /// The DEKs that the head of the tree lists, ascending; none for an environment that is being
    /// made.
    virtual auto deks() const -> std::span<const format::head_dek> = 0;
    virtual auto new_id() -> result<format::secret_id> = 0;
};

/// What edits want done to the DEKs that the head lists, with the same commit.
struct dek_changes {
    bool add = false;                              ///< A new one is to be active.
    std::map<std::uint32_t, std::string> rewrap{}; ///< Number → the KEK to wrap it under.
    std::vector<std::uint32_t> drop{};             ///< Numbers under which nothing is sealed.

    auto any() const noexcept -> bool { return add || !rewrap.empty() || !drop.empty(); }
};

/// A verified tree with changes on top: what an edit works on. It reads and changes entries and
/// does no I/O; nothing is sealed before all edits of a commit have run. Not thread-safe.
class draft {
public:
    using key_type = format::entry_key;

    /// `base` is null for an environment that is being made. Both outlive the draft.
    draft(const page_set* base, draft_source& source, std::uint64_t now)
        : base_(base), source_(&source), now_(now) {}

    /// Milliseconds since 1970-01-01 UTC, the same for all edits of a commit.
    auto now() const noexcept -> std::uint64_t { return now_; }
    /// The tree below the changes; null for an environment that is being made.
    auto base() const noexcept -> const page_set* { return base_; }
    auto source() const noexcept -> draft_source& { return *source_; }
    /// An entry as it would be after the changes so far; null if there is none. Valid until the
    /// next change.
    auto find(const key_type& key) const -> const format::entry* {
        if (const auto at = changes_.find(key); at != changes_.end())
            return at->second ? &*at->second : nullptr;
        return base_ == nullptr ? nullptr : base_->find(key).entry;
    }
    /// A value that an edit of this commit put, or one of the tree below. Errors: draft_source's.
    auto value_equals(const key_type& key, const format::entry_version& version,
                      byte_view value) const -> result<bool> {
        if (const auto* staged = staged_of(key, version))
            return equal_constant_time(*staged, value);
        const auto opened = source_->value_of(key, version);
        if (!opened) return opened.error();
        return equal_constant_time(opened->view(), value);
    }
    /// A copy of a version's value. Errors: draft_source's.
    auto value_of(const key_type& key, const format::entry_version& version) const
        -> result<wiped_bytes> {
        if (const auto* staged = staged_of(key, version)) return *staged;
        const auto opened = source_->value_of(key, version);
        if (!opened) return opened.error();
        return wiped_bytes(opened->view().begin(), opened->view().end());
    }

    /// Sets an entry. A version of it whose record is all zeros must be staged.
    void set(format::entry e) {
        auto key = e.key;
        change(key, std::move(e));
    }
    void erase(const key_type& key) { change(key, std::nullopt); }
    /// The value of (key, number), to be sealed with the commit.
    void stage(const key_type& key, std::uint64_t number, byte_view value) {
        staged_.insert_or_assign({key, number}, wiped_bytes(value.begin(), value.end()));
    }
    /// The DEKs that the head below lists, ascending: see draft_source.
    auto deks() const -> std::span<const format::head_dek> { return source_->deks(); }
    /// What is to become of them. An edit that changes this does not fail afterwards: rolling a
    /// draft back leaves it as it is.
    auto keys() noexcept -> dek_changes& { return keys_; }
    auto keys() const noexcept -> const dek_changes& { return keys_; }
    /// Calls f(entry) for the entries of all scopes of one space, as they would be now.
    template <class F>
    void each_of_space(std::string_view space, F&& f) const {
        if (base_ != nullptr)
            base_->each_from({std::string(space), {}, {}},
                             [&](const format::entry& e, const leaf&) {
                                 if (e.key.space != space) return false;
                                 if (!changes_.contains(e.key)) f(e);
                                 return true;
                             });
        for (const auto& [key, e] : changes_)
            if (key.space == space && e) f(*e);
    }

    /// What was changed, by key; nullopt is an entry that goes.
    auto changes() const noexcept -> const std::map<key_type, std::optional<format::entry>>& {
        return changes_;
    }
    auto staged() const noexcept
        -> const std::map<std::pair<key_type, std::uint64_t>, wiped_bytes>& {
        return staged_;
    }

    /// A point to go back to when an edit fails, so that the other edits of the commit stand.
    auto savepoint() const noexcept -> std::size_t { return journal_.size(); }
    void roll_back(std::size_t to) {
        while (journal_.size() > to) {
            auto& [key, before] = journal_.back();
            if (before)
                changes_.insert_or_assign(key, std::move(*before));
            else
                changes_.erase(key);
            journal_.pop_back();
        }
    }

    /// Whether readers would take every entry that was set since that point.
    auto is_valid_since(std::size_t point) const noexcept -> bool {
        for (; point < journal_.size(); ++point)
            if (const auto at = changes_.find(journal_[point].first);
                at != changes_.end() && at->second && !at->second->is_valid())
                return false;
        return true;
    }

private:
    using change_type = std::optional<format::entry>;

    /// Null where the tree below has the value: an edit that failed may have left another here.
    auto staged_of(const key_type& key, const format::entry_version& version) const
        -> const wiped_bytes* {
        if (version.record != format::object_name{}) return nullptr;
        const auto at = staged_.find({key, version.number});
        return at == staged_.end() ? nullptr : &at->second;
    }
    void change(const key_type& key, change_type to) {
        const auto at = changes_.find(key);
        journal_.emplace_back(key, at == changes_.end() ? std::optional<change_type>{}
                                                        : std::optional<change_type>{at->second});
        changes_.insert_or_assign(key, std::move(to));
    }

    const page_set* base_;
    draft_source* source_;
    std::uint64_t now_;
    dek_changes keys_{};
    std::map<key_type, change_type> changes_;
    std::map<std::pair<key_type, std::uint64_t>, wiped_bytes> staged_;
    std::vector<std::pair<key_type, std::optional<change_type>>> journal_;
};

} // namespace coffer::inline COFFER_ABI::tree

#endif
