// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_EXPLAIN_HPP
#define COFFER_EXPLAIN_HPP

#include <coffer/errc.hpp>
#include <coffer/scope.hpp>
#include <coffer/secret.hpp>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// What one scope says of a name.
enum class layer_state : unsigned char {
    absent,  ///< Nothing, or removed: the look-up goes on.
    value,   ///< A value.
    hidden,  ///< Not here, on purpose: the look-up ends.
    expired, ///< A value past its expiry: the look-up ends.
    damaged, ///< A value whose record is missing, altered or under a key that is not to be had.
};

constexpr auto to_string(layer_state s) noexcept -> std::string_view {
    switch (s) {
    case layer_state::absent: return "absent";
    case layer_state::value: return "value";
    case layer_state::hidden: return "hidden";
    case layer_state::expired: return "expired";
    case layer_state::damaged: return "damaged";
    }
    return "absent";
}

/// One scope of a look-up. Times are milliseconds since 1970-01-01 UTC; 0 is never.
struct layer {
    scope where{};
    layer_state state = layer_state::absent;
    std::uint64_t version = 0;
    std::uint64_t at = 0;
    std::uint64_t expires = 0;
    std::string author{};
    std::string note{};
};

/// Why a name resolves as it does: every scope of the look-up, which one decides, and how current
/// that is. It never holds a value.
struct explanation {
    scope asked{};
    std::string name{};
    std::vector<layer> layers{}; ///< In the order of the look-up, absent ones included.
    /// The layer that decides: it has a value, hides the name, is expired or damaged. layers.size()
    /// if none does.
    std::size_t decides = 0;
    /// What get() would answer: zero for a value, else its error.
    errc outcome{};
    std::uint64_t generation = 0; ///< Of the environment.
    std::string kek_id{};         ///< The KEK of the active DEK.
    freshness fresh{};

    auto decided() const noexcept -> bool { return decides < layers.size(); }
    /// A value of another scope than the most specific one that was asked.
    auto inherited() const noexcept -> bool {
        return decided() && decides > 0 && outcome == errc{};
    }
};

/// `space acme` or `environment prod`, as people read a layer, on one line.
inline auto layer_name(const scope& s) -> std::string {
    if (!s.actor.empty())
        return detail::without_controls("actor " + s.actor +
                                        (s.space.empty() ? "" : " in space " + s.space));
    return detail::without_controls(s.space.empty() ? "environment " + s.environment
                                                    : "space " + s.space);
}

/// One line: `SLACK_TOKEN in prod/acme: space acme v1, shadows environment prod v1`.
inline auto to_string(const explanation& e) -> std::string {
    std::string text = detail::without_controls(e.name) + " in " + to_string(e.asked.view()) + ": ";
    if (!e.decided()) return text + "not found in any scope";
    const auto& winner = e.layers[e.decides];
    const auto named = [](const layer& l) {
        return layer_name(l.where) + " v" + std::to_string(l.version);
    };
    if (winner.state == layer_state::value)
        text += named(winner);
    else
        text.append(to_string(winner.state)).append(" in ").append(named(winner));
    const char* separator = ", shadows ";
    for (auto i = e.decides + 1; i < e.layers.size(); ++i)
        if (e.layers[i].state != layer_state::absent) {
            text.append(separator).append(named(e.layers[i]));
            separator = ", ";
        }
    if (e.fresh.stale) text += " (stale)";
    return text;
}

template <class Traits>
auto operator<<(std::basic_ostream<char, Traits>& out, const explanation& e)
    -> std::basic_ostream<char, Traits>& {
    return out << to_string(e);
}

} // namespace coffer::inline COFFER_ABI

#endif
