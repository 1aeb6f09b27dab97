// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TREE_SNAPSHOT_VIEW_HPP
#define COFFER_TREE_SNAPSHOT_VIEW_HPP

#include <coffer/names.hpp>
#include <coffer/tree/snapshot.hpp>
#include <coffer/view.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::tree {

/// A view of one context of a snapshot: the tables of its scopes, most specific first.
template <Cipher C>
class snapshot_view final : public view_model {
public:
    /// `number`: see view::number.
    snapshot_view(snapshot_ptr<C> state, std::uint64_t number, context asked,
                  const scope_list& layers, const clock& time)
        : state_(std::move(state)), number_(number), asked_(asked), time_(&time) {
        for (const auto& layer : layers) {
            layers_.emplace_back(layer);
            tables_[count_++] = state_->pages.table(layer.space, layer.actor);
        }
    }

    auto get(std::string_view name, freshness fresh) const -> result<secret> override {
        const auto hash = scope_table::hash_of(name);
        for (std::size_t i = 0; i < count_; ++i) {
            if (tables_[i] == nullptr) continue;
            const auto* l = tables_[i]->find(name, hash);
            if (l == nullptr || l->state() == format::entry_state::deleted || name.empty())
                continue;
            if (l->state() == format::entry_state::hidden) return errc::not_found;
            if (l->expires() != 0 && is_past(l->expires())) return errc::expired;
            return state_->reveal(*l, fresh);
        }
        const auto well_formed = check_name(name);
        return well_formed ? failure(errc::not_found) : well_formed.error();
    }

    auto all(freshness fresh) const -> result<std::vector<named_secret>> override {
        std::vector<named_secret> out;
        const auto known = winners();
        out.reserve(known.size());
        for (const auto& [e, leaf, i] : known) {
            if (leaf->state() != format::entry_state::value || is_past(leaf->expires())) continue;
            auto value = state_->reveal(*leaf, fresh);
            if (!value) return value.error();
            out.push_back({std::string(leaf->name()), layers_[i], *std::move(value), e->id});
        }
        return out;
    }

    auto explain(std::string_view name, freshness fresh) const -> result<explanation> override {
        if (auto named = check_name(name); !named) return named.error();
        return explain_known(name, fresh);
    }

    auto list(freshness fresh) const -> std::vector<explanation> override {
        std::vector<explanation> out;
        for (const auto& found : winners())
            out.push_back(explain_known(found.leaf->name(), fresh));
        return out;
    }

    auto number() const noexcept -> std::uint64_t override { return number_; }
    auto most_names() const noexcept -> std::size_t override {
        std::size_t out = 0;
        for (std::size_t i = 0; i < count_; ++i)
            out += tables_[i] == nullptr ? 0 : tables_[i]->size();
        return out;
    }
    auto time() const noexcept -> const clock& override { return *time_; }

private:
    auto is_past(std::uint64_t expires) const noexcept -> bool {
        return expires != 0 && static_cast<std::uint64_t>(time_->wall().count()) >= expires;
    }

    struct winner {
        const format::entry* entry = nullptr;
        const tree::leaf* leaf = nullptr;
        std::size_t layer = 0;
    };
    /// What decides each name that any layer knows and has not removed, sorted by name.
    auto winners() const -> std::vector<winner> {
        std::vector<winner> out;
        for (std::size_t i = 0; i < count_; ++i) {
            const auto& where = layers_[i];
            state_->pages.each_from(
                {where.space, where.actor, {}}, [&](const format::entry& e, const leaf& l) {
                    if (e.key.space != where.space || e.key.actor != where.actor) return false;
                    if (!e.key.name.empty() && l.state() != format::entry_state::deleted)
                        out.push_back({&e, &l, i});
                    return true;
                });
        }
        std::stable_sort(out.begin(), out.end(), [](const winner& a, const winner& b) {
            return a.leaf->name() < b.leaf->name(); // of equal ones the most specific stays first
        });
        const auto rest = std::unique(out.begin(), out.end(), [](const winner& a, const winner& b) {
            return a.leaf->name() == b.leaf->name();
        });
        out.erase(rest, out.end());
        return out;
    }

    auto layer_of(std::size_t i, std::string_view name) const -> layer {
        layer out;
        out.where = layers_[i];
        const auto [e, l] =
            state_->pages.find({layers_[i].space, layers_[i].actor, std::string(name)});
        if (e == nullptr || l->state() == format::entry_state::deleted) return out;
        const auto& v = e->newest();
        out.state = v.state == format::entry_state::hidden ? layer_state::hidden
                    : is_past(v.expires)                   ? layer_state::expired
                    : l->damaged()                         ? layer_state::damaged
                                                           : layer_state::value;
        out.version = v.number;
        out.at = v.at;
        out.expires = v.expires;
        out.author = v.author;
        out.note = e->note;
        return out;
    }

    auto explain_known(std::string_view name, freshness fresh) const -> explanation {
        explanation out;
        out.asked = asked_;
        out.name = name;
        out.generation = state_->head.generation;
        out.kek_id = state_->head.active().kek_id;
        out.fresh = fresh;
        out.outcome = errc::not_found;
        out.decides = count_;
        for (std::size_t i = 0; i < count_; ++i) {
            out.layers.push_back(layer_of(i, name));
            const auto state = out.layers.back().state;
            if (out.decides < count_ || state == layer_state::absent) continue;
            out.decides = i;
            if (state == layer_state::value) out.outcome = errc{};
            if (state == layer_state::expired) out.outcome = errc::expired;
            if (state == layer_state::damaged)
                out.outcome =
                    state_->pages.find({layers_[i].space, layers_[i].actor, std::string(name)})
                        .newest->problem();
        }
        return out;
    }

    snapshot_ptr<C> state_;
    std::uint64_t number_;
    scope asked_;
    const clock* time_;
    std::array<const scope_table*, scope_list::capacity> tables_{};
    std::size_t count_ = 0;
    std::vector<scope> layers_;
};

} // namespace coffer::inline COFFER_ABI::tree

#endif
