// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_FAKE_VIEW_HPP
#define COFFER_TESTING_FAKE_VIEW_HPP

#include <coffer/inheritance.hpp>
#include <coffer/names.hpp>
#include <coffer/view.hpp>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::testing {

/// What fake_secrets holds of one name in one scope. A plain text: never outside of tests.
struct fake_entry {
    layer_state state = layer_state::value;
    std::string value{};
    errc why = errc::tampered; ///< Of a damaged one.
    std::uint64_t version = 0;
};

struct scope_less {
    auto operator()(const scope& a, const scope& b) const noexcept -> bool {
        return std::tie(a.environment, a.space, a.actor) <
               std::tie(b.environment, b.space, b.actor);
    }
};

/// Where a value lies that is set without a context.
inline constexpr context every_context{.environment = "*"};

/// By scope and name.
using fake_values = std::map<scope, std::map<std::string, fake_entry>, scope_less>;

/// One context of a fake_secrets, as it was when at() was called. Immutable, thread-safe.
class fake_view final : public view_model {
public:
    fake_view(std::shared_ptr<const fake_values> values, std::uint64_t number, context asked)
        : values_(std::move(values)), number_(number), asked_(asked) {
        for (const auto& where : environment_then_space_then_actor{}.lookup_order(asked_.view()))
            layers_.emplace_back(where);
        layers_.emplace_back(every_context);
    }

    auto get(std::string_view name, freshness fresh) const -> result<secret> override {
        if (auto named = check_name(name); !named) return named.error();
        const auto [entry, where] = winner(name);
        if (entry == nullptr) return errc::not_found;
        if (entry->state != layer_state::value) return outcome(*entry);
        return secret(as_bytes(entry->value), entry->version, fresh);
    }

    auto all(freshness fresh) const -> result<std::vector<named_secret>> override {
        std::vector<named_secret> out;
        for (const auto& name : names()) {
            const auto [entry, where] = winner(name);
            if (entry->state == layer_state::hidden || entry->state == layer_state::expired)
                continue;
            auto value = get(name, fresh);
            if (!value) return value.error();
            out.push_back({name, *where, *std::move(value)});
        }
        return out;
    }

    auto explain(std::string_view name, freshness fresh) const -> result<explanation> override {
        if (auto named = check_name(name); !named) return named.error();
        return explain_known(name, fresh);
    }

    auto list(freshness fresh) const -> std::vector<explanation> override {
        std::vector<explanation> out;
        for (const auto& name : names())
            out.push_back(explain_known(name, fresh));
        return out;
    }

    auto number() const noexcept -> std::uint64_t override { return number_; }
    auto most_names() const noexcept -> std::size_t override { return names().size(); }

private:
    auto explain_known(std::string_view name, freshness fresh) const -> explanation {
        explanation out;
        out.asked = asked_;
        out.name = name;
        out.outcome = errc::not_found;
        out.decides = layers_.size();
        out.fresh = fresh;
        for (const auto& where : layers_) {
            const auto* entry = find(where, name);
            out.layers.push_back({where, layer_state::absent, 0, 0, 0, {}, {}});
            if (entry == nullptr) continue;
            out.layers.back().state = entry->state;
            out.layers.back().version = entry->version;
            if (out.decided()) continue;
            out.decides = out.layers.size() - 1;
            out.outcome = outcome(*entry);
        }
        return out;
    }

    static auto outcome(const fake_entry& entry) noexcept -> errc {
        switch (entry.state) {
        case layer_state::value: return errc{};
        case layer_state::expired: return errc::expired;
        case layer_state::damaged: return entry.why;
        case layer_state::absent:
        case layer_state::hidden: break;
        }
        return errc::not_found;
    }
    auto find(const scope& where, std::string_view name) const -> const fake_entry* {
        const auto layer = values_->find(where);
        if (layer == values_->end()) return nullptr;
        const auto entry = layer->second.find(std::string(name));
        return entry == layer->second.end() ? nullptr : &entry->second;
    }
    auto winner(std::string_view name) const -> std::pair<const fake_entry*, const scope*> {
        for (const auto& where : layers_)
            if (const auto* entry = find(where, name)) return {entry, &where};
        return {nullptr, nullptr};
    }
    auto names() const -> std::set<std::string> {
        std::set<std::string> out;
        for (const auto& where : layers_)
            if (const auto layer = values_->find(where); layer != values_->end())
                for (const auto& [name, entry] : layer->second)
                    out.insert(name);
        return out;
    }

    std::shared_ptr<const fake_values> values_;
    std::uint64_t number_;
    scope asked_;
    std::vector<scope> layers_;
};

} // namespace coffer::inline COFFER_ABI::testing

#endif
