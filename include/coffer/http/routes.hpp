// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_ROUTES_HPP
#define COFFER_HTTP_ROUTES_HPP

#include <coffer/http/route.hpp>
#include <coffer/http/v1_environments.hpp>
#include <coffer/http/v1_secrets.hpp>
#include <coffer/http/v1_spaces.hpp>
#include <coffer/http/x_batch.hpp>
#include <coffer/http/x_environments.hpp>
#include <coffer/http/x_keks.hpp>
#include <coffer/http/x_keys.hpp>
#include <coffer/http/x_matrix.hpp>
#include <coffer/http/x_requirements.hpp>
#include <coffer/http/x_reveal.hpp>
#include <coffer/http/x_secrets.hpp>
#include <coffer/http/x_spaces.hpp>
#include <coffer/http/x_values.hpp>
#include <coffer/http/x_watch.hpp>
#include <coffer/http/x_writes.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// The wire contract's routes.
inline auto v1_routes() -> std::vector<route> {
    using from = scope_from;
    constexpr auto token = admits::token;
    const std::string_view environment = "/v1/environments/{environmentId}";
    const std::string_view space = "/v1/spaces/{spaceId}";
    return {
        {"GET", "/v1/secrets", "secrets.read", right::read, from::wire_query, token,
         v1::list_secrets, v1::list_secrets_now},
        {"POST", "/v1/secrets", "secret.set", right::write, from::body, token,
         v1::write_secret_request},
        {"DELETE", "/v1/secrets/{secretId}", "secret.remove", right::write, from::path, token,
         v1::delete_secret},
        {"GET", "/v1/environments", "environments.list", right::list, from::rows, token,
         v1::list_environments},
        {"POST", "/v1/environments", "environment.make", right::keys, from::instance, token,
         v1::create_environment},
        {"GET", environment, "environment.get", right::list, from::path, token,
         v1::get_environment},
        {"PATCH", environment, "environment.change", right::keys, from::path, token,
         v1::update_environment},
        {"DELETE", environment, "environment.remove", right::keys, from::path, token,
         v1::delete_environment},
        {"GET", "/v1/spaces", "spaces.list", right::list, from::rows, token, v1::list_spaces},
        {"POST", "/v1/spaces", "space.make", right::spaces, from::body, token, v1::create_space},
        {"DELETE", "/v1/spaces", "spaces.remove", right::spaces, from::query, token,
         v1::delete_spaces},
        {"GET", space, "space.get", right::list, from::path, token, v1::get_space},
        {"PATCH", space, "space.change", right::spaces, from::path, token, v1::update_space},
        {"DELETE", space, "space.remove", right::spaces, from::path, token, v1::delete_space},
    };
}

/// Coffer's own routes on secrets, environments and spaces.
inline auto x_routes() -> std::vector<route> {
    using from = scope_from;
    constexpr auto token = admits::token;
    const std::string_view environments = "/v1/x/environments";
    const std::string_view spaces = "/v1/x/spaces";
    const std::string_view secret = "/v1/x/secret";
    const std::string_view needs = "/v1/x/requirements";
    std::vector<route> out{
        {"GET", environments, "environments.list", right::list, from::rows, token,
         x::list_environments},
        {"GET", "/v1/x/environments/watch", "", right::list, from::rows, token,
         x::watch_environments},
        {"POST", environments, "environment.make", right::keys, from::instance, token,
         x::make_environment},
        {"PATCH", environments, "environment.change", right::keys, from::query, token,
         x::change_environment},
        {"DELETE", environments, "environment.remove", right::keys, from::query, token,
         x::remove_environment},
        {"GET", spaces, "spaces.list", right::list, from::rows, token, x::list_spaces},
        {"POST", spaces, "space.make", right::spaces, from::query, token, x::make_space},
        {"PATCH", spaces, "space.change", right::spaces, from::query, token, x::change_space},
        {"DELETE", spaces, "space.remove", right::spaces, from::query, token, x::remove_space},
        {"GET", "/v1/x/secrets", "states.list", right::list, from::query, token, x::list_states},
        {"GET", secret, "secret.explain", right::list, from::query, token, x::explain_secret},
        {"PUT", secret, "secret.set", right::write, from::query, token, x::set_secret},
        {"DELETE", secret, "secret.remove", right::write, from::query, token, x::remove_secret},
        {"POST", "/v1/x/secret/hide", "secret.hide", right::write, from::query, token,
         x::hide_secret},
        {"POST", "/v1/x/secret/unhide", "secret.unhide", right::write, from::query, token,
         x::unhide_secret},
        {"POST", "/v1/x/secret/undelete", "secret.undelete", right::write, from::query, token,
         x::undelete_secret},
        {"POST", "/v1/x/secret/rollback", "secret.rollback", right::write, from::query, token,
         x::rollback_secret},
        {"POST", "/v1/x/secret/value", "secret.read", right::read, from::query, token,
         x::give_value},
        {"POST", "/v1/x/secret/reveal", "secret.reveal", right::reveal, from::query, token,
         x::reveal_value},
        {"POST", "/v1/x/batch", "secrets.change", right::write, from::query, token,
         x::change_batch},
        {"GET", "/v1/x/matrix", "matrix.show", right::list, from::query, token, x::show_matrix},
        {"GET", needs, "requirements.get", right::list, from::query, token, x::get_requirements},
        {"PUT", needs, "requirements.set", right::write, from::query, token, x::set_requirements},
        {"GET", "/v1/x/watch", "", right::list, from::query, token, x::watch},
        {"GET", "/v1/x/keys", "keys.list", right::keys, from::query, token, x::list_keys},
        {"POST", "/v1/x/keys/rewrap", "keys.rewrap", right::keys, from::query, token,
         x::rewrap_keys},
        {"POST", "/v1/x/keys/rotate-dek", "keys.rotate", right::keys, from::query, token,
         x::rotate_dek},
        {"POST", "/v1/x/keys/rotate-kek", "kek.rotate", right::keys, from::instance, token,
         x::rotate_keks},
        {"POST", "/v1/x/keys/disable", "kek.disable", right::keys, from::instance, token,
         x::disable_kek},
        {"POST", "/v1/x/keys/shred", "environment.shred", right::keys, from::instance, token,
         x::shred_environment},
    };
    for (auto& more : x::values_routes())
        out.push_back(std::move(more));
    return out;
}

/// The table of routes, ready to be looked up in. Immutable, so threads may share it.
class route_table {
public:
    explicit route_table(std::vector<route> rows) : rows_(std::move(rows)) {
        for (const auto& r : rows_)
            patterns_.push_back(cut(r.pattern));
    }

    struct match {
        const route* row = nullptr;      ///< Null: no row has this path and method.
        std::vector<std::string> path{}; ///< What the braces matched.
        std::string methods{};           ///< Where only the method is unknown: those there are.
    };
    auto find(std::string_view method, std::span<const std::string_view> segments) const -> match {
        match out;
        for (std::size_t i = 0; i < rows_.size(); ++i) {
            if (!fits(patterns_[i], segments)) continue;
            if (rows_[i].method != method) {
                out.methods.append(out.methods.empty() ? "" : ", ").append(rows_[i].method);
                continue;
            }
            out.row = &rows_[i];
            for (std::size_t s = 0; s < segments.size(); ++s)
                if (is_variable(patterns_[i][s])) out.path.emplace_back(segments[s]);
            return out;
        }
        return out;
    }
    auto rows() const noexcept -> const std::vector<route>& { return rows_; }

private:
    static auto is_variable(std::string_view segment) noexcept -> bool {
        return segment.starts_with('{');
    }
    static auto cut(std::string_view pattern) -> std::vector<std::string_view> {
        std::vector<std::string_view> out;
        while (!pattern.empty()) {
            pattern.remove_prefix(1);
            out.push_back(pattern.substr(0, pattern.find('/')));
            pattern.remove_prefix(out.back().size());
        }
        return out;
    }
    static auto fits(const std::vector<std::string_view>& pattern,
                     std::span<const std::string_view> segments) noexcept -> bool {
        if (pattern.size() != segments.size()) return false;
        for (std::size_t s = 0; s < pattern.size(); ++s)
            if (is_variable(pattern[s]) ? segments[s].empty() : pattern[s] != segments[s])
                return false;
        return true;
    }

    std::vector<route> rows_;
    std::vector<std::vector<std::string_view>> patterns_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
