// SPDX-License-Identifier: BSL-1.0
#include "problem.hpp"

#include "text.hpp"

#include <coffer/names.hpp>

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
        return "access denied: wrong owner, wrong permissions, a place where it must not lie, or a "
               "token that may not do this (coffer whoami)";
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
    case errc::key_disabled: return "the key of " + place + " is disabled or destroyed";
    case errc::invalid_argument: return "not well formed: a name, an id, a value or a document";
    case errc::too_large: return "larger than Coffer keeps (a value: 64 KiB)";
    case errc::unsupported: return "made by a newer Coffer, or something that this build can't do";
    case errc::cancelled: return "cancelled";
    case errc::outcome_unknown:
        return "it may have been written or not; run the same command again, it is idempotent";
    case errc::foreign:
        return "the store is of another realm than the settings name: realm in coffer.json, or "
               "COFFER_REALM. coffer verify says which it is of";
    }
    return "failed";
}

} // namespace

auto words_for(const coffer::failure& why, coffer::context where, std::string_view name)
    -> std::string {
    const auto place = where.environment.empty() ? std::string("the store") : place_name(where);
    const auto what = name.empty() ? place : printable(name) + " in " + printable(to_string(where));
    auto text = why.cause == std::errc::read_only_file_system
                    ? std::string("the file system is read-only here, so nothing can be written")
                    : words_of(why.code, what, place);
    if (why.cause) text += " (" + why.cause.message() + ")";
    return text;
}

} // namespace command
