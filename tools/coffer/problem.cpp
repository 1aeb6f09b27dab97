// SPDX-License-Identifier: BSL-1.0
#include "problem.hpp"

#include "text.hpp"

#include <coffer/http/refusal.hpp>
#include <coffer/names.hpp>

#include <array>

namespace command {

using coffer::errc;

auto exit_code_of(errc code) noexcept -> int {
    switch (code) {
    case errc::not_found:
    case errc::expired:
    case errc::unknown_scope: return 1;
    case errc::invalid_argument:
    case errc::too_large: return 2;
    case errc::unsupported:
    case errc::foreign: return 3;
    case errc::conflict: return 4;
    case errc::denied: return 5;
    case errc::unavailable:
    case errc::timed_out: return 6;
    case errc::tampered:
    case errc::rolled_back: return 7;
    case errc::stale: return 8;
    case errc::unknown_key:
    case errc::key_disabled: return 9;
    case errc::outcome_unknown: return 10;
    case errc::cancelled: return 130;
    }
    return 6;
}

void refuse(std::string message) {
    throw problem(errc::invalid_argument, std::move(message));
}

void need_name(std::string_view typed) {
    if (!coffer::check_name(typed)) refuse("that is no name: 1 to 1,024 characters of UTF-8");
}

namespace {

auto words_of(errc code, const std::string& what, const std::string& place) -> std::string {
    switch (code) {
    case errc::not_found: return what + " is not there";
    case errc::expired: return what + " has expired";
    case errc::unknown_scope: return "there is no " + place;
    case errc::conflict:
        return "somebody else wrote first, or it is there already. Nothing was written.";
    case errc::denied:
        return "access denied: wrong owner, wrong permissions, or a place where it must not lie";
    case errc::unavailable: return "the store or the keys can't be read or written now";
    case errc::timed_out:
        return "no answer in time: somebody holds the lock of the store, or the server or Redis is "
               "slow";
    case errc::stale: return "an answer is there, but older than --max-stale allows";
    case errc::tampered: return "what is stored of " + place + " was changed behind Coffer's back";
    case errc::rolled_back:
        return "the store shows an older or another state of " + place +
               " than this machine has seen. Nothing of it is used.";
    case errc::unknown_key: return "the keyring lacks the key of " + place;
    case errc::key_disabled:
        return "the key of " + place + " is disabled, destroyed, or only opens";
    case errc::invalid_argument: return "not well formed: a name, an id, a value or a document";
    case errc::too_large: return "larger than Coffer keeps (a value: 64 KiB)";
    case errc::unsupported: return "made by a newer Coffer, or something that this build can't do";
    case errc::cancelled: return "cancelled";
    case errc::outcome_unknown:
        return "it may have been written or not; look first (coffer history, coffer list): the "
               "same command again may undo what somebody else wrote meanwhile";
    case errc::foreign:
        return "the store is of another realm than the settings name: realm in coffer.json, or "
               "COFFER_REALM. coffer verify says which it is of";
    }
    return "failed";
}

auto words_of(coffer::http::right one) -> std::string_view {
    using coffer::http::right;
    switch (one) {
    case right::list: return "see names and versions";
    case right::read: return "be given values";
    case right::reveal: return "be shown a value";
    case right::write: return "set, hide and remove values";
    case right::spaces: return "make, rename and remove spaces";
    case right::tokens: return "make and revoke tokens";
    case right::keys: return "see the keys, make and remove environments";
    case right::audit: return "read the audit log";
    case right::policy: return "say whether values may be shown";
    }
    return "do this";
}

/// The roles that have it, as `coffer token create` takes them.
auto roles_with(coffer::http::right one) -> std::string {
    using coffer::http::role;
    struct named_grant {
        std::string_view word;
        coffer::http::grant gives;
    };
    static const std::array<named_grant, 8> all{{
        {"operator", {.as = role::instance_operator}},
        {"env-admin", {.as = role::environment_admin}},
        {"env-admin --reveal", {.as = role::environment_admin, .reveal = true}},
        {"space-admin", {.as = role::space_admin, .environment = "e", .space = "s"}},
        {"space-admin --reveal",
         {.as = role::space_admin, .environment = "e", .space = "s", .reveal = true}},
        {"service", {.as = role::service}},
        {"service --write", {.as = role::service, .write = true}},
        {"auditor", {.as = role::auditor}},
    }};
    std::vector<std::string> out;
    for (const auto& role : all)
        if (rights_of(role.gives).has(one) && (out.empty() || !role.word.starts_with(out.back())))
            out.emplace_back(role.word);
    return join(out, ", ");
}

/// What a server refused, or why it was sent nothing.
auto refusal_words(const coffer::failure& why, const std::string& where) -> std::string {
    using coffer::http::refusal;
    if (why.cause == refusal::certificate)
        return "the server's certificate does not hold" + cause_words(why.cause) +
               ", so nothing was sent to it. If it is another authority's, or its own: --ca FILE, "
               "COFFER_CA";
    if (why.cause == refusal::plain_http)
        return "the server's name leads off this machine, where everybody on the way reads the "
               "token: only https goes there, so nothing was sent to it";
    if (why.cause == refusal::unknown_token)
        return "the server does not know this token, or not any more: it has expired, or was "
               "revoked";
    const auto right = coffer::http::missing_right_of(why);
    if (!right) return "this token has not the right to do this" + where + " (coffer whoami)";
    return "this token has not the right " + std::string(to_string(*right)) + where + ", to " +
           std::string(words_of(*right)) + ". Roles that have it: " + roles_with(*right) +
           " (coffer whoami says what this one is)";
}

/// Not of the system: a database's own word on what it refuses.
auto is_servers_own(const std::error_code& cause) -> bool {
    return cause && cause.category() != std::generic_category() &&
           cause.category() != std::system_category();
}

auto is_refusal(const coffer::failure& why) -> bool {
    using coffer::http::refusal;
    return why.code == errc::denied && (why.cause == refusal::certificate ||
                                        why.cause.category() == coffer::http::refusal_category());
}

} // namespace

auto cure_of(errc code) noexcept -> std::string_view {
    if (code == errc::tampered) return "`coffer verify` and docs/operating.md#damaged";
    if (code == errc::rolled_back) return "docs/operating.md#rolled-back";
    return {};
}

auto cause_words(std::error_code cause) -> std::string {
    return cause ? " (" + cause.message() + ")" : std::string();
}

auto words_for(const coffer::failure& why, coffer::context where, std::string_view name)
    -> std::string {
    const auto place =
        where.environment.empty() ? std::string("the store")
        : where.environment == coffer::system_environment
            ? std::string(coffer::system_environment) + " (the list of environments and tokens)"
            : place_name(where);
    if (is_refusal(why))
        return refusal_words(
            why, (name.empty() ? "" : " for " + printable(name)) +
                     (where.environment.empty() ? "" : " in " + printable(to_string(where))));
    const auto what = name.empty() ? place : printable(name) + " in " + printable(to_string(where));
    auto text = why.cause == std::errc::read_only_file_system
                    ? std::string("the file system is read-only here, so nothing can be written")
                : why.code == errc::denied && is_servers_own(why.cause)
                    ? std::string("access denied")
                    : words_of(why.code, what, place);
    text += cause_words(why.cause);
    const auto cure = cure_of(why.code);
    return cure.empty() ? text : text + "\n        See " + std::string(cure);
}

auto problem_of(const coffer::failure& why, coffer::context where, std::string_view name)
    -> problem {
    problem out(why.code, words_for(why, where, name), where, name);
    out.because = why;
    return out;
}

auto words_of_server(const coffer::failure& why, const std::string& server) -> std::string {
    using coffer::http::refusal;
    if (why.cause == refusal::no_coffer) return server + " is no Coffer, or an older one";
    if (why.code != errc::unavailable && why.code != errc::timed_out) return {};
    if (why.cause == refusal::unaudited)
        return server + " can't write its audit log, so it gives nothing and changes nothing";
    if (why.cause == refusal::too_many)
        return server + " takes no more requests of this token, or from this address, for a while";
    if (why.cause == refusal::in_trouble)
        return server + " answers that it can't do it now: its store or its keys are away, or it "
                        "failed. coffer doctor asks how it is, and its log says why";
    if (why.code == errc::timed_out) return server + " gave no answer in time";
    return server + " can't be reached" + cause_words(why.cause);
}

} // namespace command
