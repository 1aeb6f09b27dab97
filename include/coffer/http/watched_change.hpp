// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_WATCHED_CHANGE_HPP
#define COFFER_HTTP_WATCHED_CHANGE_HPP

#include <coffer/clock.hpp>
#include <coffer/dated.hpp>
#include <coffer/entries.hpp>
#include <coffer/http/caller.hpp>
#include <coffer/http/query.hpp>
#include <coffer/scope.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// A version as a server tells of it.
struct told_version {
    version_info what{};
    bool yours = false; ///< The server knows that this token made it; else nobody can tell.
};

/// The versions that a server keeps of a scope's own value, newest first. Errors: not_found (it
/// never had one), and those of caller::call.
inline auto ask_versions(caller& calls, context where, std::string_view name)
    -> result<dated<std::vector<told_version>>> {
    const auto asked = machine_clock().boot();
    auto in = calls.call(
        {.method = "GET", .target = "/v1/x/secret" + query_of(where) + "&name=" + encoded(name)});
    if (!in) return in.error();
    dated<std::vector<told_version>> out{{}, freshness_in(in->object(), asked)};
    for (const auto& one : in->list("versions")) {
        if (!one.is_object()) continue;
        const auto& o = one.get_object();
        const auto state = text_in(o, "state");
        out.push_back(
            {{number_in(o, "version"),
              state == "hidden"    ? format::entry_state::hidden
              : state == "deleted" ? format::entry_state::deleted
                                   : format::entry_state::value,
              time_in(o, "setAt"), time_in(o, "expiresAt"), std::string(text_in(o, "setBy"))},
             flag_in(o, "yours")});
    }
    if (out.empty()) return errc::not_found;
    return out;
}
inline auto ask_history(caller& calls, context where, std::string_view name)
    -> result<dated<std::vector<version_info>>> {
    auto told = ask_versions(calls, where, name);
    if (!told) return told.error();
    dated<std::vector<version_info>> out{{}, told->fresh};
    for (auto& one : *told)
        out.push_back(std::move(one.what));
    return out;
}

/// Asks again and again, for less than two seconds, whether something is so now: an answer that was
/// lost may be a server's that starts again, or a write that is still on its way.
template <class Question>
auto ask_until(Question&& is_so) -> decltype(is_so()) {
    for (int i = 0;; ++i) {
        if (auto found = is_so()) return found;
        if (i == 5) return {};
        coffer::detail::sleep_for(std::chrono::milliseconds(50 << i));
    }
}

/// A change of one name through a server, made before it is sent: it notes the newest version. If
/// the answer is lost, made() tells whether a newer one is there that the server knows as this
/// token's (`yours`), in the state that the change leaves (any, where that is none: unhide leaves a
/// value or nothing). A server knows that of the last change of a name that it made itself since it
/// began; of others nobody can tell whose they are, since tokens may share a name.
///
/// It asks and sends nothing twice, since what was on its way could overwrite somebody's later
/// value. Two programs that share a token and write one name at the same moment can't be told
/// apart.
class watched_change {
public:
    watched_change(caller& calls, context where, std::string_view name,
                   std::optional<format::entry_state> leaves)
        : calls_(&calls), where_(where), name_(name), leaves_(leaves) {
        const auto versions = ask_versions(calls, where, name);
        if (versions)
            before_ = versions->front().what.version;
        else if (versions.error().code == errc::not_found)
            before_ = 0;
    }

    /// The version that the change made; none if that can't be seen.
    auto made() const -> std::optional<std::uint64_t> {
        if (!before_) return std::nullopt;
        return ask_until([this]() -> std::optional<std::uint64_t> {
            const auto versions = ask_versions(*calls_, where_.view(), name_);
            if (!versions) return std::nullopt;
            for (const auto& [v, yours] : *versions)
                if (yours && v.version > *before_ && v.state == leaves_.value_or(v.state))
                    return v.version;
            return std::nullopt;
        });
    }

private:
    caller* calls_;
    scope where_;
    std::string name_;
    std::optional<format::entry_state> leaves_;
    std::optional<std::uint64_t> before_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
