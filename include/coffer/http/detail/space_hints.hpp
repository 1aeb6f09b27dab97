// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DETAIL_SPACE_HINTS_HPP
#define COFFER_HTTP_DETAIL_SPACE_HINTS_HPP

#include <coffer/version.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace coffer::inline COFFER_ABI::http::detail {

/// In which environment a space was found, or made, a moment ago. What is older is let go of, so
/// that no more is kept than two moments' finds. Times are the boot clock's. Not thread-safe.
class space_hints {
public:
    /// How long a find is good for.
    static constexpr std::chrono::milliseconds hold{10'000};

    void keep(std::string_view space, std::string environment, std::chrono::milliseconds now) {
        if (now - swept_ > hold) {
            std::erase_if(found_, [&](const auto& f) { return now - f.second.at > hold; });
            swept_ = now;
        }
        found_[std::string(space)] = {std::move(environment), now};
    }
    auto find(std::string_view space, std::chrono::milliseconds now) const
        -> std::optional<std::string> {
        const auto held = found_.find(std::string(space));
        if (held == found_.end() || now - held->second.at > hold) return std::nullopt;
        return held->second.environment;
    }
    void drop(std::string_view space) { found_.erase(std::string(space)); }
    auto size() const noexcept -> std::size_t { return found_.size(); }

private:
    struct hint {
        std::string environment{};
        std::chrono::milliseconds at{};
    };
    std::unordered_map<std::string, hint> found_{};
    std::chrono::milliseconds swept_{};
};

} // namespace coffer::inline COFFER_ABI::http::detail

#endif
