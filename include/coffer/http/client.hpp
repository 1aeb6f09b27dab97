// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_CLIENT_HPP
#define COFFER_HTTP_CLIENT_HPP

#include <coffer/concepts/secret_source.hpp>
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
#include <string>
#include <tuple>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

namespace detail {

/// What is known of one context, and who is asking about it now.
struct kept_context {
    std::mutex asking{};        ///< Held by the one who asks the server.
    std::uint64_t asked_at = 0; ///< The number of calls there had been when it last asked.
    std::shared_ptr<const wire_rows> rows{};
    std::uint64_t token = 0; ///< The number of the token that they were told to.
    freshness fresh{};       ///< Of the rows: as_of says when they were the newest.
    failure last{};          ///< Why the last asking failed; meaningless if it did not.
    bool failed = false;
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

    auto kept(const scope& where, std::uint64_t& number) const
        -> std::shared_ptr<detail::kept_context>;
    void forget(const scope& where, const std::shared_ptr<detail::kept_context>& what) const;
    void ask(const scope& where, detail::kept_context& kept) const;
    void take(json_answer&& in, const scope& where, std::chrono::milliseconds asked,
              detail::kept_context& kept) const;
    auto answer(detail::kept_context& kept) const -> result<view>;

    std::shared_ptr<state> state_;
};

inline auto source::kept(const scope& where, std::uint64_t& number) const
    -> std::shared_ptr<detail::kept_context> {
    auto& s = *state_;
    const std::lock_guard lock(s.mutex);
    number = ++s.number;
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
    std::uint64_t number = 0;
    const auto known = kept(owned, number);
    const std::lock_guard lock(known->asking);
    // What another token was told is not for this one.
    const bool foreign = known->rows != nullptr && known->token != state_->calls->token_number();
    if (foreign) known->rows = nullptr;
    const auto now = state_->limits.time->boot();
    const bool young = known->rows != nullptr && !known->fresh.stale && !known->failed &&
                       now - known->fresh.as_of < state_->limits.recheck_after;
    // Who waited here while another asked takes that answer, if the asking began after this call.
    if (!young && (foreign || known->asked_at < number)) ask(owned, *known);
    if (known->rows == nullptr) forget(owned, known);
    return answer(*known);
}

/// What came to nothing takes no room from contexts that are there.
inline void source::forget(const scope& where,
                           const std::shared_ptr<detail::kept_context>& what) const {
    const std::lock_guard lock(state_->mutex);
    const auto found = state_->kept.find(where);
    if (found != state_->kept.end() && found->second.what == what) state_->kept.erase(found);
}

inline void source::ask(const scope& where, detail::kept_context& kept) const {
    auto& s = *state_;
    {
        const std::lock_guard lock(s.mutex);
        kept.asked_at = s.number;
    }
    const auto asked = s.limits.time->boot();
    const auto now = static_cast<std::uint64_t>(s.limits.time->wall().count());
    outgoing out{.method = "POST",
                 .target = "/v1/x/values" + query_of(where.view()),
                 .body = wiped_text("{}"),
                 .only_reads = true};
    if (kept.rows != nullptr && !kept.rows->tag.empty() &&
        (kept.rows->expires == 0 || now < kept.rows->expires)) {
        out.body.clear();
        json_writer(out.body).begin_object().member("unless", kept.rows->tag).end_object();
    }
    // Where it is replaced on the way, what comes now counts as the old one's: asked for once more.
    const auto token = s.calls->token_number();
    auto in = s.calls->call(std::move(out));
    if (in) {
        kept.token = token;
        return take(*std::move(in), where, asked, kept);
    }
    if (s.calls->token_number() != token) kept.rows = nullptr; // its token was refused
    kept.failed = true;
    kept.last = in.error();
    if (kept.last.code == errc::not_found) kept.last.code = errc::unknown_scope;
    const bool away = kept.last.code == errc::unavailable || kept.last.code == errc::timed_out;
    if (!away) kept.rows = nullptr; // a refusal, or damage: nothing older stands in for it
}

inline void source::take(json_answer&& in, const scope& where, std::chrono::milliseconds asked,
                         detail::kept_context& kept) const {
    kept.failed = false;
    const auto& data = in.object();
    const bool unchanged = flag_in(data, "unchanged") && kept.rows != nullptr &&
                           text_in(data, "tag") == kept.rows->tag;
    const auto* rows = data.if_contains("rows");
    if (!unchanged && (rows == nullptr || !rows->is_array())) {
        kept.failed = true;
        kept.last = errc::unsupported;
        kept.rows = nullptr;
        return;
    }
    if (!unchanged) kept.rows = std::make_shared<const wire_rows>(read_wire_rows(in, where.view()));
    kept.fresh = freshness_in(data, asked);
}

inline auto source::answer(detail::kept_context& kept) const -> result<view> {
    if (kept.rows == nullptr) return kept.last;
    auto fresh = kept.fresh;
    fresh.stale |= kept.failed;
    const auto age = state_->limits.time->boot() - fresh.as_of;
    if (fresh.stale && age > state_->limits.serve_stale_for)
        return kept.failed ? kept.last : failure(errc::stale);
    return view(std::make_shared<const wire_view>(kept.rows, *state_->limits.time), fresh);
}

static_assert(SecretSource<source>);

} // namespace coffer::inline COFFER_ABI::http

#endif
