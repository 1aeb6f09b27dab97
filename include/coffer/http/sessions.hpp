// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_SESSIONS_HPP
#define COFFER_HTTP_SESSIONS_HPP

#include <coffer/http/tokens.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::http {

struct session_limits {
    std::chrono::milliseconds idle = std::chrono::minutes(15);
    std::chrono::milliseconds longest = std::chrono::hours(8);
    std::size_t most = 1000;
    std::size_t most_of_a_token = 16;
};

/// A session that has just begun: its token is to be had this once.
struct opened_session {
    secret text{};
    std::uint64_t expires = 0; ///< Milliseconds since 1970, whatever is done with it.
};

/// The sessions of the page, and with them every token that the service knows: a session's token
/// stands for the personal token that it was made from, under /v1/x alone and only if the browser
/// says of a request, where it says anything, that a page of this origin made it. It ends after 15
/// minutes without a request (those that wait for changes don't count), after 8 hours, and with its
/// parent, which is asked for at every use. Sessions are kept in memory, as hashes. Where there are
/// too many, those end that were used least lately: of the same token first, so that nobody can end
/// somebody else's by beginning his own. Thread-safe.
class session_registry final : public authenticator {
public:
    explicit session_registry(std::shared_ptr<token_registry> tokens, session_limits with = {})
        : tokens_(std::move(tokens)), limits_(with) {}

    /// Begins one for the holder of a token that was just checked: its entering counts as a
    /// confirmation. Errors: denied (the holder came by a session), those of the generator.
    auto open(const principal& parent) -> result<opened_session> {
        if (parent.is_session) return errc::denied;
        key_bytes key;
        if (auto made = vault()->random(key.span()); !made) return made.error();
        auto id = make_token_id(vault());
        if (!id) return id.error();
        kept_session one;
        one.hash = vault()->sha256(key.view());
        one.parent = parent.token_id;
        one.begun = one.used = one.confirmed = boot();
        opened_session out;
        out.text = token_of(session_prefix, *id, key.view());
        out.expires = tokens_->now() + static_cast<std::uint64_t>(limits_.longest.count());
        if (parent.expires != 0) out.expires = std::min(out.expires, parent.expires);
        const std::lock_guard lock(mutex_);
        make_room(one.parent);
        sessions_.emplace(*std::move(id), std::move(one));
        return out;
    }

    /// Ends the session of a token; nothing happens if it is none.
    void close(std::string_view bearer) {
        const auto text = parse_token(session_prefix, bearer);
        const std::lock_guard lock(mutex_);
        if (text && is_known(*text)) sessions_.erase(text->id);
    }
    /// Its holder has entered the parent token again. Answers when, by the clock that is
    /// never set back. Errors: denied (no session, or another token than its parent).
    auto confirm(std::string_view bearer, std::string_view token, const request& in)
        -> result<std::chrono::milliseconds> {
        const auto text = parse_token(session_prefix, bearer);
        const auto parent = tokens_->authenticate(token, in);
        if (!parent) return parent.error();
        const std::lock_guard lock(mutex_);
        if (!text || !is_known(*text)) return errc::denied;
        auto& one = sessions_.find(text->id)->second;
        if (one.parent != parent->token_id) return errc::denied;
        return one.confirmed = boot();
    }

    auto authenticate(std::string_view bearer, const request& in) -> result<principal> override {
        if (!bearer.starts_with(session_prefix)) return tokens_->authenticate(bearer, in);
        const auto text = parse_token(session_prefix, bearer);
        if (!text || !is_for_sessions(in)) return errc::denied;
        const auto one = use(*text, counts(in));
        if (!one) return errc::denied;
        const auto row = tokens_->find(one->parent);
        if (!row && row.error().code != errc::not_found) return row.error();
        if (!row || tokens_->is_expired(**row)) {
            const std::lock_guard lock(mutex_);
            sessions_.erase(text->id);
            return errc::denied;
        }
        auto who = token_registry::principal_of(*row);
        who.is_session = true;
        who.confirmed_at = one->confirmed;
        if (counts(in)) tokens_->note_use(who.token_id, in.peer, tokens_->now());
        return who;
    }
    auto try_authenticate(std::string_view bearer, const request& in)
        -> std::optional<principal> override {
        if (bearer.starts_with(session_prefix)) return std::nullopt; // nothing that hurries
        return tokens_->try_authenticate(bearer, in);
    }

    auto tokens() const noexcept -> token_registry& { return *tokens_; }
    auto limits() const noexcept -> const session_limits& { return limits_; }
    /// How many there are, ended ones too that nobody has asked for since.
    auto size() -> std::size_t {
        const std::lock_guard lock(mutex_);
        return sessions_.size();
    }

private:
    struct kept_session {
        digest hash{};
        std::string parent{};
        // By the clock that is never set back:
        std::chrono::milliseconds begun{};
        std::chrono::milliseconds used{};
        std::chrono::milliseconds confirmed{};
    };
    using kept = std::map<std::string, kept_session, std::less<>>;

    auto vault() const noexcept -> const any_vault& { return tokens_->vault(); }
    auto boot() const noexcept -> std::chrono::milliseconds { return tokens_->time().boot(); }

    static auto path_of(const request& in) noexcept -> std::string_view {
        return std::string_view(in.target).substr(0, in.target.find('?'));
    }
    static auto is_for_sessions(const request& in) noexcept -> bool {
        const auto site = in.header_of("sec-fetch-site");
        return path_of(in).starts_with("/v1/x/") && (site.empty() || site == "same-origin");
    }
    /// An open page waits for changes all the time: that is nobody's doing.
    static auto counts(const request& in) noexcept -> bool {
        return !path_of(in).ends_with("/watch") && path_of(in) != "/v1/x/events";
    }

    auto has_ended(const kept_session& one) const noexcept -> bool {
        const auto now = boot();
        return now - one.used >= limits_.idle || now - one.begun >= limits_.longest;
    }
    /// An id that is not there costs as much as one that is. The lock is held.
    auto is_known(const token_text& text) -> bool {
        static const kept_session nobody;
        const auto found = sessions_.find(text.id);
        const auto& one = found == sessions_.end() ? nobody : found->second;
        const auto hash = vault()->sha256(text.secret.view());
        const bool same = equal_constant_time(hash, one.hash);
        if (found == sessions_.end() || !same) return false;
        if (!has_ended(one)) return true;
        sessions_.erase(found);
        return false;
    }
    auto use(const token_text& text, bool as_activity) -> std::optional<kept_session> {
        const std::lock_guard lock(mutex_);
        if (!is_known(text)) return std::nullopt;
        auto& one = sessions_.find(text.id)->second;
        if (as_activity) one.used = boot();
        return one;
    }

    void make_room(std::string_view parent) {
        std::erase_if(sessions_, [&](const auto& s) { return has_ended(s.second); });
        const auto of_parent = [&](const auto& s) { return s.second.parent == parent; };
        const auto own = std::count_if(sessions_.begin(), sessions_.end(), of_parent);
        if (static_cast<std::size_t>(own) >= limits_.most_of_a_token) end_least_used(of_parent);
        if (sessions_.size() >= limits_.most) end_least_used([](const auto&) { return true; });
    }
    template <class Of>
    void end_least_used(Of&& of) {
        auto least = sessions_.end();
        for (auto one = sessions_.begin(); one != sessions_.end(); ++one)
            if (of(*one) && (least == sessions_.end() || one->second.used < least->second.used))
                least = one;
        if (least != sessions_.end()) sessions_.erase(least);
    }

    std::shared_ptr<token_registry> tokens_;
    session_limits limits_;
    std::mutex mutex_;
    kept sessions_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
