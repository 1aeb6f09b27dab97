// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_ACCESS_HPP
#define COFFER_HTTP_ACCESS_HPP

#include <coffer/name_glob.hpp>
#include <coffer/scope.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What a caller may do in a scope.
enum class right : unsigned char {
    list,   ///< See names, states, versions, times, authors and notes.
    read,   ///< Be given resolved values.
    reveal, ///< Be shown one stored value, and every comparison of values.
    write,  ///< Set, hide, remove, undelete, roll back, import.
    spaces, ///< Make, rename and remove spaces.
    tokens, ///< Mint and revoke tokens.
    keys,   ///< Rotate, rewrap, restore, shred; make and remove environments.
    audit,  ///< Read and verify the audit log.
    policy, ///< Say whether an environment's values may be revealed.
};

/// What a grant makes of its holder.
enum class role : unsigned char {
    instance_operator,
    environment_admin,
    space_admin,
    service,
    auditor
};

/// One thing that a token may do, and where. Which members a role may have: see conflicting_member.
struct grant {
    role as = role::service;
    std::string environment{}; ///< Empty: every environment.
    std::string space{};       ///< Empty: the environment and all its spaces.
    bool write = false;        ///< A service may also set values.
    bool reveal = false;
    std::string actor{};              ///< A service reads for this actor alone; empty: any.
    std::vector<std::string> names{}; ///< Globs (`SLACK_*`) of the names it covers; empty: all.

    friend auto operator==(const grant&, const grant&) -> bool = default;
};

/// Every one of them, for those who go through all.
inline constexpr role all_roles[] = {role::instance_operator, role::environment_admin,
                                     role::space_admin, role::service, role::auditor};
inline constexpr right all_rights[] = {right::list,  right::read,   right::reveal,
                                       right::write, right::spaces, right::tokens,
                                       right::keys,  right::audit,  right::policy};

/// Grants that nobody changes any more. A copy shares them.
class grant_list {
public:
    grant_list() noexcept = default;
    grant_list(std::vector<grant> all)
        : grant_list(std::make_shared<const std::vector<grant>>(std::move(all))) {}
    explicit grant_list(std::shared_ptr<const std::vector<grant>> all) noexcept
        : all_(std::move(all)) {}

    auto view() const noexcept -> std::span<const grant> {
        return all_ == nullptr ? std::span<const grant>() : std::span<const grant>(*all_);
    }
    auto begin() const noexcept { return view().begin(); }
    auto end() const noexcept { return view().end(); }

private:
    std::shared_ptr<const std::vector<grant>> all_{};
};

/// Who is calling: a token that was checked.
struct principal {
    std::string token_id{};
    std::string name{}; ///< What people called the token; the author of its writes.
    grant_list grants{};
    std::uint64_t expires = 0; ///< Milliseconds since 1970; 0: never.
    bool is_session = false;   ///< Made by a sign-in of the page: good for /v1/x alone.
    /// When its holder last entered the parent token, by the boot clock; 0: never.
    std::chrono::milliseconds confirmed_at{};
};

/// The answer to "may they?". `unknown` and `forbidden` are kept apart on purpose: what a caller
/// has no right in at all must look as if it were not there.
enum class decision : unsigned char { allowed, unknown, forbidden };

/// Several rights.
class right_set {
public:
    constexpr right_set() noexcept = default;
    constexpr right_set(std::initializer_list<right> all) noexcept {
        for (const auto r : all)
            add(r);
    }
    constexpr void add(right r) noexcept { bits_ |= bit(r); }
    constexpr void remove(right r) noexcept { bits_ &= ~bit(r); }
    constexpr auto has(right r) const noexcept -> bool { return (bits_ & bit(r)) != 0; }
    constexpr auto empty() const noexcept -> bool { return bits_ == 0; }
    /// Whether all of them are in the other set too.
    constexpr auto within(right_set other) const noexcept -> bool {
        return (bits_ & ~other.bits_) == 0;
    }
    friend constexpr auto operator|(right_set a, right_set b) noexcept -> right_set {
        a.bits_ |= b.bits_;
        return a;
    }
    friend constexpr auto operator==(right_set, right_set) -> bool = default;

private:
    static constexpr auto bit(right r) noexcept -> unsigned {
        return 1U << static_cast<unsigned>(r);
    }
    unsigned bits_ = 0;
};

/// The first member of a grant, as JSON names it, that conflicts with its role or its other members;
/// empty if the grant is valid. An operator's grant names no environment and a space-admin's names a
/// space; a space needs its environment; only a service's has `write`, `actorId` or `names`, only an
/// admin's has `reveal`, and only a space-admin's or a service's names a space.
inline auto conflicting_member(const grant& g) noexcept -> std::string_view {
    if (g.environment.empty() && !g.space.empty()) return "environmentId";
    const bool service = g.as == role::service;
    const bool admin = g.as == role::environment_admin || g.as == role::space_admin;
    if (!service && g.write) return "write";
    if (!service && !g.actor.empty()) return "actorId";
    if (!service && !g.names.empty()) return "names";
    if (!admin && g.reveal) return "reveal";
    switch (g.as) {
    case role::instance_operator: return g.environment.empty() ? "" : "environmentId";
    case role::space_admin: return g.space.empty() ? "spaceId" : "";
    case role::environment_admin:
    case role::auditor: return g.space.empty() ? "" : "spaceId";
    case role::service: return "";
    }
    return "role";
}
/// Whether a grant is valid: no member conflicts with another. An invalid one gives no rights.
inline auto well_formed(const grant& g) noexcept -> bool {
    return conflicting_member(g).empty();
}

/// What a grant allows in its scope: the table of docs/service.md.
inline auto rights_of(const grant& g) noexcept -> right_set {
    if (!well_formed(g)) return {};
    right_set out{right::list};
    switch (g.as) {
    case role::instance_operator:
        return {right::list, right::spaces, right::tokens,
                right::keys, right::audit,  right::policy};
    case role::environment_admin:
        out = {right::list, right::write, right::spaces, right::tokens, right::audit};
        break;
    case role::space_admin: out.add(right::write); break;
    case role::service:
        out.add(right::read);
        if (g.write) out.add(right::write);
        return out;
    case role::auditor: out.add(right::audit); return out;
    }
    if (g.reveal) out.add(right::reveal);
    return out;
}

/// Whether a scope lies within a grant's. A grant on a space covers the space and the actors in it,
/// never its environment's own view.
inline auto covers_scope(const grant& g, context where) noexcept -> bool {
    return (g.environment.empty() || g.environment == where.environment) &&
           (g.space.empty() || g.space == where.space) &&
           (g.actor.empty() || g.actor == where.actor);
}

namespace detail {

/// What a caller's grants give in a scope.
inline auto granted_at(const principal& who, context where) noexcept -> right_set {
    right_set out;
    for (const auto& g : who.grants)
        if (covers_scope(g, where)) out = out | rights_of(g);
    return out;
}

/// A session of the page can't read in bulk: what it shows of values, it shows one by one.
inline auto without_bulk(right_set granted, const principal& who) noexcept -> right_set {
    if (who.is_session) granted.remove(right::read);
    return granted;
}

} // namespace detail

/// What a caller may do in a scope, names aside.
inline auto rights_at(const principal& who, context where) noexcept -> right_set {
    return detail::without_bulk(detail::granted_at(who, where), who);
}

/// Every decision of the service. `where` is the effective scope: a space of another environment
/// counts as none; no environment is the instance itself. A grant on a space never covers its
/// environment's own view, or hiding a name from the space would be a formality.
inline auto decide(const principal& who, right what, context where) noexcept -> decision {
    const auto granted = detail::granted_at(who, where);
    if (detail::without_bulk(granted, who).has(what)) return decision::allowed;
    return granted.empty() ? decision::unknown : decision::forbidden;
}

/// The names that the grants cover that give `what` at `where`, for who asks of many. `who` outlives
/// it.
class covered_names {
public:
    covered_names(const principal& who, right what, context where) {
        if (who.is_session && what == right::read) return;
        for (const auto& g : who.grants) {
            if (!covers_scope(g, where) || !rights_of(g).has(what)) continue;
            all_ = all_ || g.names.empty();
            patterns_.insert(patterns_.end(), g.names.begin(), g.names.end());
        }
    }
    auto are_all() const noexcept -> bool { return all_; }
    auto hold(std::string_view name) const noexcept -> bool {
        return all_ ||
               std::any_of(patterns_.begin(), patterns_.end(),
                           [&](std::string_view pattern) { return name_matches(pattern, name); });
    }

private:
    bool all_ = false;
    std::vector<std::string_view> patterns_{};
};

/// Whether a grant that gives `what` at `where` covers the name too.
inline auto covers_name(const principal& who, right what, context where, std::string_view name)
    -> bool {
    return covered_names(who, what, where).hold(name);
}

/// Whether a caller has a right in the environment or in any space of it: then the environment's
/// own name and id are no secret to them, and nothing else of it is.
inline auto knows_environment(const principal& who, std::string_view environment) noexcept -> bool {
    return std::any_of(who.grants.begin(), who.grants.end(), [&](const grant& g) {
        return (g.environment.empty() || g.environment == environment) && !rights_of(g).empty();
    });
}

/// Whether a caller may make tokens for anything.
inline auto is_operator(const principal& who) noexcept -> bool {
    return std::any_of(who.grants.begin(), who.grants.end(), [](const grant& g) {
        return g.as == role::instance_operator && well_formed(g);
    });
}

/// Whether everything that a grant speaks of lies where the caller may mint and revoke tokens. An
/// operator's is administered by operators alone: an admin of every environment has not its rights.
inline auto administers(const principal& who, const grant& g) noexcept -> bool {
    if (g.as == role::instance_operator && !is_operator(who)) return false;
    return rights_at(who, {.environment = g.environment, .space = g.space, .actor = g.actor})
        .has(right::tokens);
}

namespace detail {

/// Whether `inner` speaks of nothing that `outer` does not. Patterns are compared as texts: nobody
/// has to decide whether one pattern is another's part.
inline auto lies_within(const grant& inner, const grant& outer) noexcept -> bool {
    if (!covers_scope(
            outer, {.environment = inner.environment, .space = inner.space, .actor = inner.actor}))
        return false;
    if (outer.names.empty()) return true;
    return !inner.names.empty() &&
           std::all_of(inner.names.begin(), inner.names.end(), [&](const std::string& pattern) {
               return std::find(outer.names.begin(), outer.names.end(), pattern) !=
                      outer.names.end();
           });
}

} // namespace detail

/// The right for want of which a caller may not give a grant to a token; nullopt if they may: an
/// operator any; an admin of an environment what lies within it and holds no right that the admin
/// lacks. To let a program read is to be able to read, so that takes `reveal`. Nobody mints what
/// they lack.
inline auto lacked_to_grant(const principal& who, const grant& g) noexcept -> std::optional<right> {
    if (!well_formed(g) || !administers(who, g)) return right::tokens;
    if (is_operator(who)) return std::nullopt;
    right_set held;
    for (const auto& mine : who.grants)
        if (detail::lies_within(g, mine)) held = held | rights_of(mine);
    if (held.has(right::reveal)) held.add(right::read);
    for (const auto one : all_rights)
        if (rights_of(g).has(one) && !held.has(one)) return one;
    return std::nullopt;
}
inline auto may_grant(const principal& who, const grant& g) noexcept -> bool {
    return !lacked_to_grant(who, g);
}

/// Everything there is: what `coffer token create --full` and the first admin get. An
/// operator, an admin of every environment who may reveal, a service that may write.
inline auto full_grants() -> std::vector<grant> {
    return {{.as = role::instance_operator},
            {.as = role::environment_admin, .reveal = true},
            {.as = role::service, .write = true}};
}

/// A role's name, in JSON as in the command: `operator`, `env-admin`, `space-admin`, `service`,
/// `auditor`.
constexpr auto to_string(role as) noexcept -> std::string_view {
    switch (as) {
    case role::instance_operator: return "operator";
    case role::environment_admin: return "env-admin";
    case role::space_admin: return "space-admin";
    case role::service: return "service";
    case role::auditor: return "auditor";
    }
    return "service";
}
/// The role of a name; nullopt if there is none. `environment_admin` and `space_admin`, the earlier
/// names of `env-admin` and `space-admin`, are accepted as aliases.
constexpr auto role_of(std::string_view name) noexcept -> std::optional<role> {
    if (name == "environment_admin") return role::environment_admin;
    if (name == "space_admin") return role::space_admin;
    for (const auto as : all_roles)
        if (name == to_string(as)) return as;
    return std::nullopt;
}
constexpr auto to_string(right what) noexcept -> std::string_view {
    switch (what) {
    case right::list: return "list";
    case right::read: return "read";
    case right::reveal: return "reveal";
    case right::write: return "write";
    case right::spaces: return "spaces";
    case right::tokens: return "tokens";
    case right::keys: return "keys";
    case right::audit: return "audit";
    case right::policy: return "policy";
    }
    return "list";
}

} // namespace coffer::inline COFFER_ABI::http

#endif
