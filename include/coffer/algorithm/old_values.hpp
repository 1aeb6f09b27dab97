// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_OLD_VALUES_HPP
#define COFFER_ALGORITHM_OLD_VALUES_HPP

#include <coffer/algorithm/fetching.hpp>
#include <coffer/algorithm/listed_dek.hpp>
#include <coffer/tree/draft.hpp>
#include <coffer/tree/snapshot.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace coffer::inline COFFER_ABI::algorithm {

/// What edits read of the state below them, or who verifies it. The newest values are held where the
/// state has them; another one is loaded, with the DEK that it lies under, once it was asked for in
/// vain: who did asks again.
template <Cipher C>
class old_values final : public tree::draft_source {
public:
    /// How loading ended: all that can be had is there, or something is missing that a newer state
    /// may not list any more.
    enum class loaded : unsigned char { all, look_again };
    using action = std::variant<load, unwrap, result<loaded>>;

    old_values(const C& cipher, subject of) : cipher_(cipher), of_(std::move(of)) {}

    /// Edits begin on this state; null where there is none.
    void begin(tree::snapshot_ptr<C> base) {
        if (base_ != base) key_problems_.clear(); // a newer head may list a DEK under another KEK
        base_ = std::move(base);
        wanted_.clear();
    }
    /// An edit asked for what is not there yet.
    auto wants() const noexcept -> bool { return !wanted_.empty(); }
    /// Loads what was asked for. `newest`: the state is known to be the newest.
    auto start(bool newest) -> action {
        newest_ = newest;
        fetching_ = fetching(std::exchange(wanted_, {}));
        return load_records();
    }
    /// Lets go of what was loaded.
    void forget() {
        records_.clear();
        lost_.clear();
    }
    auto loading() const noexcept -> bool { return loading_; }
    auto unwrapping() const noexcept -> bool { return pending_dek_.has_value(); }

    auto on(result<cut> answer) -> action {
        loading_ = false;
        if (!answer) return done(answer.error());
        const bool newest = newest_ && answer->at == base_->at;
        if (!fetching_.take(*std::move(answer), cipher_, records_)) return done(errc::tampered);
        // Another writer may have trimmed it, before or since.
        if (!newest && !fetching_.missing().empty()) {
            lost_.clear();
            return done(loaded::look_again);
        }
        if (!fetching_.ended()) return load_records();
        for (const auto& name : fetching_.missing())
            lost_.emplace(name, true);
        return want_keys();
    }
    auto on(result<key_bytes> answer) -> action {
        const auto listed = *std::exchange(pending_dek_, std::nullopt);
        if (!answer) {
            key_problems_.emplace(listed.number, answer.error().code);
            return want_keys();
        }
        auto keys = keys_of(cipher_, of_, listed, *answer);
        if (keys)
            keys_.add(*std::move(keys));
        else
            key_problems_.emplace(listed.number, keys.error().code);
        return want_keys();
    }

    auto value_of(const format::entry_key& key, const format::entry_version& v)
        -> result<tree::opened_body> override {
        if (const auto* held = held_leaf(key, v)) return base_->open(*held);
        const auto object = record_of(v);
        if (!object) return object.error();
        const auto parts = format::parse_object(**object);
        if (!parts) return parts.error();
        const auto* keys = base_->keys->find(parts->dek);
        if (keys == nullptr) keys = keys_.find(parts->dek);
        if (keys == nullptr) return problem_of(parts->dek);
        return keys->open(format::object_kind::record,
                          format::record_aad(parts->prefix, key, v.number), parts->rest);
    }
    auto dek_of(const format::entry_key& key, const format::entry_version& v)
        -> result<std::uint32_t> override {
        if (const auto* held = held_leaf(key, v); held != nullptr && held->dek() != 0)
            return held->dek();
        const auto object = record_of(v);
        if (!object) return object.error();
        const auto parts = format::parse_object(**object);
        return parts ? result<std::uint32_t>(parts->dek) : parts.error();
    }
    auto deks() const -> std::span<const format::head_dek> override {
        return base_ != nullptr ? std::span<const format::head_dek>(base_->head.deks)
                                : std::span<const format::head_dek>();
    }
    auto new_id() -> result<format::secret_id> override {
        format::secret_id id{};
        if (auto drawn = cipher_.random(id); !drawn) return drawn.error();
        return id;
    }

private:
    static auto done(result<loaded> with) -> action {
        return action(std::in_place_type<result<loaded>>, std::move(with));
    }
    auto held_leaf(const format::entry_key& key, const format::entry_version& v) const
        -> const tree::leaf* {
        const auto* newest = base_->pages.find(key).newest;
        const bool is_there = newest != nullptr && newest->is(v);
        return is_there && (newest->has_record() || newest->damaged()) ? newest : nullptr;
    }
    auto record_of(const format::entry_version& v) -> result<const bytes*> {
        if (const auto at = records_.find(v.record); at != records_.end()) return &at->second;
        if (lost_.contains(v.record)) return errc::tampered;
        wanted_.push_back(v.record);
        return errc::unavailable;
    }
    /// Why there are no keys of a DEK: the key side refused it, or no head lists it.
    auto problem_of(std::uint32_t dek) const -> errc {
        const auto found = key_problems_.find(dek);
        return found == key_problems_.end() ? errc::tampered : found->second;
    }
    auto load_records() -> action {
        loading_ = true;
        return load{of_.partition, fetching_.keys()};
    }
    /// An old version may be under a DEK that no newest value needs.
    auto want_keys() -> action {
        for (const auto& [name, object] : records_) {
            const auto parts = format::parse_object(object);
            if (!parts || base_->keys->find(parts->dek) || keys_.find(parts->dek)) continue;
            const auto* listed = base_->head.find_dek(parts->dek);
            if (listed == nullptr || key_problems_.contains(parts->dek)) continue;
            pending_dek_ = *listed;
            return unwrap_of(of_, *listed);
        }
        return done(loaded::all);
    }

    C cipher_;
    subject of_;
    tree::snapshot_ptr<C> base_{};
    bool newest_ = false;
    bool loading_ = false;
    std::vector<format::object_name> wanted_{};
    fetching fetching_{};
    tree::object_cache records_{};
    tree::by_object_name<bool> lost_{};
    tree::keyset<C> keys_{};
    std::map<std::uint32_t, errc> key_problems_{}; ///< DEK number → why it can't be had.
    std::optional<format::head_dek> pending_dek_{};
};

} // namespace coffer::inline COFFER_ABI::algorithm

#endif
