// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_AUDIT_HOOK_HPP
#define COFFER_HTTP_AUDIT_HOOK_HPP

#include <coffer/scope.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// One request as the audit log keeps it: who did what, where, and how it ended. Never a value,
/// never a token.
struct audit_record {
    std::string principal_id{};   ///< The token's id; empty: nobody (a refused token).
    std::string principal_name{}; ///< What people call it.
    bool session = false;         ///< It came through the page.
    /// The route's own word, as routes.hpp has it: `secrets.read` (values of a scope; `secrets.list`
    /// where only names were asked for, or may be given), `secret.reveal`, `token.mint` …
    std::string_view action{};
    scope where{}; ///< The effective scope: what was decided on.
    /// The names that were read or changed, as far as the request named them: every one of those. A
    /// list of a whole scope has none, and its rows are in `count`. Besides, some that were asked
    /// for and are not there.
    std::vector<std::string> names{};
    std::size_t left_out = 0;  ///< Names of that last kind that are not among them.
    std::size_t count = 0;     ///< How many names were asked for, how many values left, or changed.
    std::uint64_t version = 0; ///< Of the one name that was read or written, if there is one.
    std::string reason{};      ///< What a person gave as the reason of a reveal.
    /// What else is to be known of a change: the text of a JSON object. What a token may do
    /// (`grants`, `expiresAt`), what an environment is from now on (`changed`).
    std::string details{};
    unsigned status = 0; ///< Of the answer.
    std::string peer{};  ///< The client's address.
    /// Whether its line goes into the room that prepare() kept for a change: none does, one of
    /// several, or the last, with which the room is given back.
    enum class room : unsigned char { none, part, last };
    room takes = room::none;
};

/// Where audit records go. Thread-safe; never throws.
class audit_hook {
public:
    virtual ~audit_hook() = default;
    /// Writes a record; true once it is durable. May wait (it shares one fsync with others). False:
    /// it can't be written; the answer is then 503 and no value leaves.
    virtual auto append(const audit_record& record) -> bool = 0;
    /// Called before a change is made, which can't be taken back when its record fails. True once
    /// there is room for its line, however long, which is kept until the record is appended that
    /// `takes` it as the last: there is always one. Where that room is not reserved for good, a line
    /// is durable besides that says that it was begun (`begun`, with what is known by then). May
    /// wait. False: the change is not made, and the answer is 503.
    virtual auto prepare(const audit_record& begun) -> bool = 0;
    /// Whether a record could be written now, for those who run the service.
    virtual auto writable() -> bool = 0;
    /// What those who run the service should know though all still works; empty: nothing.
    virtual auto warning() -> std::string { return {}; }
    /// How full the place is that records go to, for people.
    virtual auto full_percent() const noexcept -> unsigned { return 0; }
};

} // namespace coffer::inline COFFER_ABI::http

#endif
