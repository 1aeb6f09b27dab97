// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_CLIENT_HPP
#define COFFER_HTTP_CLIENT_HPP

#include <coffer/concepts/secret_source.hpp>
#include <coffer/detail/flights.hpp>
#include <coffer/http/caller.hpp>
#include <coffer/http/query.hpp>
#include <coffer/http/wire_view.hpp>
#include <coffer/names.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

namespace detail {

/// What the server said last of one context, and how the last asking ended.
struct told_last {
    std::shared_ptr<const wire_rows> rows{};
    std::uint64_t token = 0;             ///< The number of the token that they were told to.
    freshness fresh{};                   ///< Of the rows: as_of says when they were the newest.
    std::optional<failure> failed{};     ///< Why the last asking failed, if it did.
    std::chrono::milliseconds ended{-1}; ///< When it had.

    auto is_away() const noexcept -> bool { return failed && coffer::is_away(failed->code); }
};

/// What is known of one context, and who is asking about it now.
struct kept_context {
    coffer::detail::flights asking{};
    std::mutex mutex{}; ///< Of what follows.
    told_last last{};
};

struct scope_order {
    using is_transparent = void;
    auto operator()(const scope& a, const scope& b) const noexcept -> bool {
        return std::tie(a.environment, a.space, a.actor) <
               std::tie(b.environment, b.space, b.actor);
    }
};

} // namespace detail

/// Secrets from a Coffer server: a SecretSource over HTTP(S). What holds a `coffer::secrets` can't
/// tell it from a resolver in the process:
///
///     coffer::secrets secrets{coffer::http::source::open(
///         {.server = "https://coffer.internal", .token_file = "/etc/app/token"}).value()};
///
/// at() asks the server for the whole context, values included, and shares what it asks with calls
/// that wait at the same time. Values are kept in locked memory and wiped. If nothing changed, the
/// server says so and sends none: neither the secrets nor what this token may do, and no record was
/// lost or is back. With another token from the token file everything is asked for anew, and what
/// the one before was told is not given any more.
///
/// A server that hangs keeps one caller waiting, not all: while it is known to be away and one asks,
/// and for recheck_after after each try, the others are given the last answer at once. No call takes
/// longer than two of call_timeout.
///
/// Staleness has a bound and is visible: while the server can't be reached (unavailable, timed_out)
/// the last answer serves for `serve_stale_for`, with stale() true and age() since the store was
/// last seen, the server's own age included; then at() fails. A refusal ends it at once.
///
/// Errors of at: denied (401, 403), unknown_scope (404), unavailable, timed_out, stale (the server
/// has an answer, older than serve_stale_for), unsupported, and what the server says: tampered,
/// rolled_back, unknown_key, key_disabled. A handle: copies share connections and answers, and may
/// be used from several threads.
class source {
public:
    /// Asks the server nothing yet. Errors: see caller::open.
    static auto open(client_options with) -> result<source> {
        const auto* time = with.time;
        const limits_of limits{with.recheck_after, with.serve_stale_for, with.kept_contexts, time};
        auto calls = caller::open(std::move(with));
        if (!calls) return calls.error();
        return source(std::make_shared<state>(*std::move(calls), limits));
    }

    auto at(context where) const -> result<view>;

private:
    struct limits_of {
        std::chrono::milliseconds recheck_after;
        std::chrono::milliseconds serve_stale_for;
        std::size_t kept_contexts;
        const clock* time;
    };
    struct state {
        state(std::shared_ptr<caller> c, limits_of l) : calls(std::move(c)), limits(l) {}
        std::shared_ptr<caller> calls;
        limits_of limits;
        std::mutex mutex{};
        std::uint64_t number = 0;
        struct used_context {
            std::shared_ptr<detail::kept_context> what;
            std::uint64_t last_used;
        };
        std::map<scope, used_context, detail::scope_order> kept{};
    };
    explicit source(std::shared_ptr<state> s) : state_(std::move(s)) {}

    using ms = std::chrono::milliseconds;
    auto kept(const scope& where) const -> std::shared_ptr<detail::kept_context>;
    void forget(const scope& where, const std::shared_ptr<detail::kept_context>& what) const;
    auto is_asked_in_vain(const detail::kept_context& of, ms now) const -> bool;
    auto without_asking(detail::kept_context& of, ms now) const -> std::optional<view>;
    auto ask(const scope& where, detail::kept_context& of, ms called) const -> result<void>;
    auto question(const scope& where, const detail::told_last& known) const -> outgoing;
    void take(const result<json_answer>& in, const scope& where, std::uint64_t token, ms asked,
              detail::told_last& into) const;
    auto answer(const detail::told_last& known) const -> result<view>;

    std::shared_ptr<state> state_;
};

inline auto source::kept(const scope& where) const -> std::shared_ptr<detail::kept_context> {
    auto& s = *state_;
    const std::lock_guard lock(s.mutex);
    const auto number = ++s.number;
    if (const auto found = s.kept.find(where); found != s.kept.end()) {
        found->second.last_used = number;
        return found->second.what;
    }
    if (!s.kept.empty() && s.kept.size() >= s.limits.kept_contexts)
        s.kept.erase(std::min_element(s.kept.begin(), s.kept.end(), [](auto& a, auto& b) {
            return a.second.last_used < b.second.last_used;
        }));
    auto made = std::make_shared<detail::kept_context>();
    s.kept.emplace(where, state::used_context{made, number});
    return made;
}

inline auto source::at(context where) const -> result<view> {
    if (auto checked = check_context(where); !checked) return checked.error();
    const scope owned(where);
    const auto known = kept(owned);
    const auto called = state_->limits.time->boot();
    if (auto seen = without_asking(*known, called)) return *std::move(seen);
    const auto asked = known->asking.share([&] { return ask(owned, *known, called); });
    std::unique_lock lock(known->mutex);
    auto last = known->last;
    lock.unlock();
    if (!asked && !last.failed) last.failed = asked.error(); // who asked had no memory for it
    if (last.rows == nullptr) forget(owned, known);
    return answer(last);
}

/// What came to nothing takes no room from contexts that are there.
inline void source::forget(const scope& where,
                           const std::shared_ptr<detail::kept_context>& what) const {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->kept.find(where);
    if (found != state_->kept.end() && found->second.what == what) state_->kept.erase(found);
}

/// Whether the server was away when it was asked last, and somebody asks now, or did just now.
inline auto source::is_asked_in_vain(const detail::kept_context& of, ms now) const -> bool {
    return of.last.is_away() &&
           (of.asking.is_flying() || now - of.last.ended < state_->limits.recheck_after);
}

inline auto source::without_asking(detail::kept_context& of, ms now) const -> std::optional<view> {
    const std::lock_guard lock(of.mutex);
    auto& last = of.last;
    // What another token was told is not for this one.
    if (last.rows != nullptr && last.token != state_->calls->token_number()) last.rows = nullptr;
    if (last.rows == nullptr) return std::nullopt;
    const bool young =
        !last.failed && !last.fresh.stale && now - last.fresh.as_of < state_->limits.recheck_after;
    if (!young && !is_asked_in_vain(of, now)) return std::nullopt;
    auto seen = answer(last);
    if (!seen) return std::nullopt;
    return *std::move(seen);
}

/// One request, unless one has ended in vain since `called`: who waited for that one waits no more.
inline auto source::ask(const scope& where, detail::kept_context& of, ms called) const
    -> result<void> {
    auto& s = *state_;
    std::unique_lock lock(of.mutex);
    if (of.last.is_away() && of.last.ended > called) return *of.last.failed;
    const auto asked = s.limits.time->boot();
    auto out = question(where, of.last);
    lock.unlock();
    // Where it is replaced on the way, what comes now counts as the old one's: asked for once more.
    const auto token = s.calls->token_number();
    const auto in = s.calls->call(std::move(out));
    lock.lock();
    take(in, where, token, asked, of.last);
    of.last.ended = s.limits.time->boot();
    return of.last.failed ? result<void>(*of.last.failed) : result<void>();
}

inline auto source::question(const scope& where, const detail::told_last& known) const -> outgoing {
    outgoing out{.method = "POST",
                 .target = "/v1/x/values" + query_of(where.view()),
                 .body = wiped_text("{}"),
                 .only_reads = true};
    const auto now = static_cast<std::uint64_t>(state_->limits.time->wall().count());
    if (known.rows != nullptr && !known.rows->tag.empty() &&
        (known.rows->expires == 0 || now < known.rows->expires)) {
        out.body.clear();
        json_writer(out.body).begin_object().member("unless", known.rows->tag).end_object();
    }
    return out;
}

inline void source::take(const result<json_answer>& in, const scope& where, std::uint64_t token,
                         ms asked, detail::told_last& into) const {
    if (!in) {
        auto why = in.error();
        if (why.code == errc::not_found) why.code = errc::unknown_scope;
        into.failed = why;
        // A refusal, of this token or of the one before, or damage: nothing older stands in.
        if (!into.is_away() || state_->calls->token_number() != token) into.rows = nullptr;
        return;
    }
    into.token = token;
    const auto& data = in->object();
    const bool unchanged = flag_in(data, "unchanged") && into.rows != nullptr &&
                           text_in(data, "tag") == into.rows->tag;
    const auto* rows = data.if_contains("rows");
    if (!unchanged && (rows == nullptr || !rows->is_array())) {
        into.failed = errc::unsupported;
        into.rows = nullptr;
        return;
    }
    into.failed.reset();
    if (!unchanged)
        into.rows = std::make_shared<const wire_rows>(read_wire_rows(*in, where.view()));
    into.fresh = freshness_in(data, asked);
}

inline auto source::answer(const detail::told_last& known) const -> result<view> {
    if (known.rows == nullptr) return known.failed.value_or(errc::unavailable);
    auto fresh = known.fresh;
    fresh.stale |= known.failed.has_value();
    const auto age = state_->limits.time->boot() - fresh.as_of;
    if (fresh.stale && age > state_->limits.serve_stale_for)
        return known.failed.value_or(errc::stale);
    return view(std::make_shared<const wire_view>(known.rows, *state_->limits.time), fresh);
}

static_assert(SecretSource<source>);

} // namespace coffer::inline COFFER_ABI::http

#endif
