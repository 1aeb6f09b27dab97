// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_INHERITANCE_HPP
#define COFFER_INHERITANCE_HPP

#include <coffer/concepts/inheritance.hpp>

namespace coffer::inline COFFER_ABI {

/// The default: the space's own, then its environment's. An actor in the context is ignored.
struct environment_then_space {
    constexpr auto lookup_order(context where) const noexcept -> scope_list {
        scope_list layers;
        if (!where.space.empty()) layers.push_back({where.environment, where.space, {}});
        layers.push_back({where.environment, {}, {}});
        return layers;
    }
};

/// With personal layers, as the wire contract has them: actor in the space, actor in the
/// environment, space, environment.
struct environment_then_space_then_actor {
    constexpr auto lookup_order(context where) const noexcept -> scope_list {
        scope_list layers;
        if (!where.actor.empty()) {
            if (!where.space.empty()) layers.push_back(where);
            layers.push_back({where.environment, {}, where.actor});
        }
        if (!where.space.empty()) layers.push_back({where.environment, where.space, {}});
        layers.push_back({where.environment, {}, {}});
        return layers;
    }
};

static_assert(Inheritance<environment_then_space>);
static_assert(Inheritance<environment_then_space_then_actor>);

} // namespace coffer::inline COFFER_ABI

#endif
