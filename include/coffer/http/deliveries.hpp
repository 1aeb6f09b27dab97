// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DELIVERIES_HPP
#define COFFER_HTTP_DELIVERIES_HPP

#include <coffer/scope.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

/// When a program was last given something, and which.
struct delivery {
    std::uint64_t at = 0;      ///< Milliseconds since 1970; 0: not since this process began.
    std::string by{};          ///< What people call its token.
    std::uint64_t version = 0; ///< Of a value that was asked for by name; else 0.
};

/// What programs were last given: of each scope the whole list, of names that were asked for their
/// values. Actors count as their space. As far as this process knows: a restart forgets it. There
/// are as many lists as scopes, and names up to a number. Thread-safe.
class deliveries {
public:
    explicit deliveries(std::size_t most_names = 4096) : most_names_(most_names) {}

    void note_list(context where, std::string_view by, std::uint64_t at) {
        const std::lock_guard lock(mutex_);
        auto found = lists_.find(scope_key(where));
        if (found == lists_.end())
            found = lists_.emplace(owned(scope_key(where)), delivery()).first;
        found->second.at = at;
        if (found->second.by != by) found->second.by = by;
    }
    void note_name(context where, std::string_view name, delivery what) {
        const std::lock_guard lock(mutex_);
        names_.insert_or_assign(
            {std::string(where.environment), std::string(where.space), std::string(name)},
            std::move(what));
        if (names_.size() <= most_names_) return;
        names_.erase(
            std::min_element(names_.begin(), names_.end(), [](const auto& a, const auto& b) {
                return a.second.at < b.second.at;
            }));
    }
    /// Forgets all of a scope that is gone: a space, or an environment with its spaces.
    void forget(context where) {
        const auto within = [&](std::string_view environment, std::string_view space) {
            return environment == where.environment &&
                   (where.space.empty() || space == where.space);
        };
        const std::lock_guard lock(mutex_);
        std::erase_if(lists_,
                      [&](const auto& one) { return within(one.first.first, one.first.second); });
        std::erase_if(names_, [&](const auto& one) {
            return within(std::get<0>(one.first), std::get<1>(one.first));
        });
    }
    auto list_of(context where) const -> delivery {
        const std::lock_guard lock(mutex_);
        const auto found = lists_.find(scope_key(where));
        return found == lists_.end() ? delivery() : found->second;
    }
    auto name_of(context where, std::string_view name) const -> delivery {
        const std::lock_guard lock(mutex_);
        const auto found = names_.find(
            {std::string(where.environment), std::string(where.space), std::string(name)});
        return found == names_.end() ? delivery() : found->second;
    }

private:
    using scope_view = std::pair<std::string_view, std::string_view>;
    using scope_text = std::pair<std::string, std::string>;
    struct by_scope {
        using is_transparent = void;
        static auto view(const scope_text& s) -> scope_view { return {s.first, s.second}; }
        static auto view(const scope_view& s) -> scope_view { return s; }
        auto operator()(const auto& a, const auto& b) const -> bool { return view(a) < view(b); }
    };
    static auto scope_key(context where) -> scope_view { return {where.environment, where.space}; }
    static auto owned(scope_view of) -> scope_text {
        return {std::string(of.first), std::string(of.second)};
    }

    std::size_t most_names_;
    mutable std::mutex mutex_{};
    std::map<scope_text, delivery, by_scope> lists_{};
    std::map<std::tuple<std::string, std::string, std::string>, delivery> names_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
