// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_KEK_CHANGES_HPP
#define COFFER_HTTP_KEK_CHANGES_HPP

#include <coffer/errc.hpp>
#include <coffer/http/tokens.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// Told of each token that lost a grant, or all, as soon as it did.
using on_ended_token = std::function<void(const ended_token&)>;

/// Why KEKs were not changed.
struct kek_refusal {
    errc code = errc::unsupported;
    /// For people who may change keys; never a key, a token or a value. Empty: what the code says.
    std::string why{};
};

/// What a change of KEKs came to.
template <class T>
using kek_outcome = std::variant<T, kek_refusal>;

/// A KEK and the one that took its place.
struct replaced_kek {
    std::string from{};
    std::string to{};
};

/// What became of an environment whose keys were destroyed.
struct shred_receipt {
    struct kek {
        std::string id{};
        std::uint64_t created = 0; ///< Milliseconds since 1970 UTC.
        bool now = true;           ///< False: it had been destroyed before.
    };
    std::string environment{};         ///< Its id.
    std::uint64_t at = 0;              ///< Milliseconds since 1970 UTC.
    errc unread{};                     ///< Why its head was not closed; none: it was.
    std::vector<kek> destroyed{};      ///< Every KEK that spoke for it alone, the oldest first.
    std::vector<std::string> shared{}; ///< KEKs that open what copies from an earlier time hold.
    std::string text{};                ///< All of that, for people.
};

/// What changes the KEKs behind a vault, for a service that may: all three functions are set. They
/// are called by threads that may wait, several at once, and wait for a keyring's lock and for
/// the store. What they change is whole on disk once they answer, and the vault goes by it from its
/// next look at the keys; one that was interrupted is gone on with by calling it again. Errors that
/// all have: unsupported (these keys can't be changed), timed_out (the lock), outcome_unknown (it
/// may not be on disk yet), those of reading the keys.
struct kek_changes {
    /// Makes KEKs in the place of all active ones, which only unwrap from now on; with an
    /// environment, one for that alone. DEKs stay as they are wrapped until they are rewrapped.
    /// Errors also: unknown_scope (no such environment), key_disabled (none is active).
    std::function<kek_outcome<std::vector<replaced_kek>>(std::string_view environment)> rotate;
    /// Makes a KEK unwrap nothing any more. Errors also: not_found (no such KEK), conflict (it is
    /// active, or something may still be under it).
    std::function<kek_outcome<std::monostate>(std::string_view kek_id)> disable;
    /// Closes an environment, and destroys every KEK that speaks for it alone. `name`: what was
    /// typed for it; `by`: the id of whose token asks. Nothing is done before `name` is compared.
    /// Errors also: unknown_scope, conflict (others need a KEK that it is under), invalid_argument
    /// (that is not its name), those of writing.
    std::function<kek_outcome<shred_receipt>(std::string_view environment, std::string_view name,
                                             std::string_view by, const on_ended_token& ended)>
        shred;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
