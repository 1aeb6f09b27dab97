// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_SESSION_HPP
#define COFFER_COMMAND_SESSION_HPP

#include "opening.hpp"
#include "settings.hpp"
#include "verb.hpp"

#include <coffer/any_vault.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coffer::inline COFFER_ABI::http {
class caller;
}

namespace command {

struct problem;

/// An environment, or a space of it, that is there; or what an actor has there of their own.
struct place {
    std::string environment{};
    std::string space{};
    bool is_prod = false;
    std::string actor{};

    auto where() const -> coffer::context { return {environment, space, actor}; }
    /// It sees more than it says itself: a space, or an actor.
    auto inherits() const -> bool { return !space.empty() || !actor.empty(); }
    auto text() const -> std::string;
};

/// One run of the command: what was typed, what the settings say, and the vault, opened when first
/// needed.
class session {
public:
    explicit session(const invocation& typed) : in(typed) {}

    const invocation& in;

    auto config() -> const settings&;
    auto keys() -> opened_keys&;
    /// They were opened.
    auto has_keys() const noexcept -> bool { return keys_.has_value(); }
    /// The state of a KEK: `active`; empty where it is not told: by a server.
    auto key_state(std::string_view kek_id) -> std::string;
    auto vault() -> coffer::any_vault&;
    /// The vault is a server's.
    auto is_remote() -> bool;
    /// Calls to the server: all that is asked of it goes through these, so over one connection.
    auto calls() -> const std::shared_ptr<coffer::http::caller>&;
    /// For verbs that work beside the store alone. Throws problem (unsupported) if it is a server's.
    void require_store();

    auto json() const -> bool { return in.has("json"); }
    auto dry_run() const -> bool { return in.has("dry-run"); }

    /// The id of an environment that was named by id, or by a name that only one has.
    auto environment_id(std::string_view id_or_name) -> std::string;
    auto space_id(std::string_view environment, std::string_view id_or_name) -> std::string;
    /// What --actor says; where it says nothing, the actor of a token that is for one alone.
    auto actor_here() -> std::string;
    /// What --env, --space and --actor say. Throws problem: unknown_scope, invalid_argument.
    auto here() -> place;
    /// The environment that --env says, whatever --space and --actor say.
    auto environment_here() -> place;

    /// A failure in people's words: through a server, with its address where it is the server's.
    auto words(const coffer::failure& why, coffer::context where) -> std::string;
    /// Says of a problem what is known besides: which server it is of; which key is missing; which
    /// file is denied; that a token which sees spaces of an environment does not see the environment
    /// itself; which name was probably meant.
    void say_more(problem& why);
    /// Of the names that may be listed in a scope the one that was probably meant; empty if there is
    /// none, or if the name is one of them.
    auto meant_name(coffer::context where, std::string_view typed) -> std::string;

    /// Something to know, on stderr; --quiet silences it.
    void notice(std::string_view text) const;
    /// The same, but only where a person looks at it.
    void hint(std::string_view text) const;
    /// Whether that is so.
    auto hints() const -> bool;
    /// With -v alone.
    void detail(std::string_view text) const;

    /// Takes note of how fresh an answer was: one that is stale is warned of, once.
    void saw(const coffer::freshness& of);
    /// The oldest that was seen.
    auto seen() const -> const coffer::freshness& { return *seen_; }

    /// Tells what will be done and asks. True: go on. False: --dry-run, or the answer was no (then
    /// problem is thrown). Throws problem (invalid_argument) where nobody can be asked.
    auto confirm(std::string_view effect) const -> bool;
    /// The same, but for yes a word has to be typed.
    auto confirm_typed(std::string_view effect, std::string_view word) const -> bool;
    /// The same before a change that asks in PROD environments alone.
    auto confirm_change(const place& at, std::string_view effect) const -> bool;

private:
    std::optional<settings> settings_{};
    auto space_here(const place& environment, const std::string& meant) -> std::string;

    std::optional<coffer::freshness> seen_{};
    std::optional<opened_keys> keys_{};
    std::shared_ptr<coffer::http::caller> calls_{};
    std::optional<coffer::any_vault> vault_{};
};

} // namespace command

#endif
