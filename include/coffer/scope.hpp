// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_SCOPE_HPP
#define COFFER_SCOPE_HPP

#include <coffer/detail/without_controls.hpp>
#include <coffer/version.hpp>

#include <array>
#include <cassert>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI {

/// Where a program works: an environment and, if it works for one, a space and an actor in it.
/// Empty means none. An aggregate of views: it owns nothing, calls copy it into a `scope` on entry.
///
///     secrets.get({.environment = "prod", .space = "acme"}, "SLACK_TOKEN");
struct context {
    std::string_view environment{};
    std::string_view space{};
    std::string_view actor{};

    friend auto operator==(const context&, const context&) -> bool = default;
};

/// A context that owns its texts: one layer at which a value can be set.
struct scope {
    std::string environment{};
    std::string space{};
    std::string actor{};

    scope() = default;
    explicit scope(context from)
        : environment(from.environment), space(from.space), actor(from.actor) {}
    /// A view of this scope, valid as long as it lives unchanged.
    auto view() const noexcept -> context { return {environment, space, actor}; }

    friend auto operator==(const scope&, const scope&) -> bool = default;
};

/// `prod`, `prod/acme` or `prod/acme@ana`: how people read a scope, on one line.
inline auto to_string(context where) -> std::string {
    std::string text(where.environment);
    if (!where.space.empty()) text.append("/").append(where.space);
    if (!where.actor.empty()) text.append("@").append(where.actor);
    return detail::without_controls(std::move(text));
}

/// The layers of one look-up, most specific first: at most eight, kept in place.
/// The views in it live as long as the context that it was made from.
class scope_list {
public:
    static constexpr std::size_t capacity = 8;

    /// Adds a layer behind the others. More than `capacity` is misuse (asserted, then ignored).
    constexpr void push_back(context layer) noexcept {
        assert(size_ < capacity && "an inheritance has at most eight layers");
        if (size_ < capacity) layers_[size_++] = layer;
    }
    constexpr auto size() const noexcept -> std::size_t { return size_; }
    constexpr auto begin() const noexcept -> const context* { return layers_.data(); }
    constexpr auto end() const noexcept -> const context* { return layers_.data() + size_; }
    constexpr auto operator[](std::size_t i) const noexcept -> const context& { return layers_[i]; }

private:
    std::array<context, capacity> layers_{};
    std::size_t size_ = 0;
};

} // namespace coffer::inline COFFER_ABI

#endif
