// SPDX-License-Identifier: BSL-1.0
#include "served_store.hpp"

#include "problem.hpp"
#include "scope_metadata.hpp"
#include "text.hpp"

#include <coffer/keyring/store_folder.hpp>

#include <chrono>
#include <utility>

namespace command {

namespace http = coffer::http;
using coffer::errc;

auto anchored_keys(session& s) -> opened_keys {
    if (!s.in.has("no-anchor") && anchor_of(s.config()).empty())
        refuse("these keys keep no anchor, so an old copy of the store, revoked tokens and all, "
               "would pass for the newest: name a file for it with --anchor, or say --no-anchor");
    return s.keys();
}

auto served_vault(session& s, coffer::any_store store, coffer::any_key_provider keys)
    -> coffer::any_vault {
    auto how = options_of(s.config());
    how.recheck_after = std::chrono::milliseconds(100);
    return open_vault(std::move(store), std::move(keys), std::move(how));
}

namespace {

/// A scope of an id of the caller's choice, for clients that have it in their code.
void seed(coffer::any_vault& vault, const place& at) {
    const auto name = at.space.empty() ? at.environment : at.space;
    auto made = at.space.empty()
                    ? vault->create_environment(at.environment, scope_metadata::make(name, false))
                    : vault->create_space(at.where(), scope_metadata::make(name, false));
    if (!made && made.error().code != errc::conflict) need(std::move(made), at.where());
}

} // namespace

void seed_all(const session& s, coffer::any_vault& vault) {
    const auto has_space = [](const std::string& text) { // `a, b`: nobody means an id ` b`
        return text.find_first_of(" \t\r\n") != text.npos;
    };
    if (has_space(s.in.text("seed-environment").value_or("")) ||
        has_space(s.in.text("seed-space").value_or("")))
        refuse("--seed-environment and --seed-space take ids without spaces, after commas");
    for (const auto& id : split(s.in.text("seed-environment").value_or(""), ','))
        seed(vault, {id, {}, false});
    for (const auto& both : split(s.in.text("seed-space").value_or(""), ',')) {
        const auto slash = both.find('/');
        if (slash == both.npos) refuse("--seed-space takes ENVIRONMENT/SPACE");
        seed(vault, {both.substr(0, slash), both.substr(slash + 1), false});
    }
}

auto opened_audit(session& s, const coffer::any_vault& vault) -> std::shared_ptr<http::audit_log> {
    const auto folder = s.in.text("audit");
    if (!folder) return nullptr;
    if (const auto store = folder_of_store(store_place(s.config()));
        !store.empty() && coffer::keyring::lies_in(*folder, store))
        throw problem(errc::denied,
                      "the audit log does not go into the store's own folder: --audit " +
                          printable(*folder) + " lies in it");
    auto opened = http::audit_log::open(vault, *folder);
    if (opened) return *std::move(opened);
    const auto& why = opened.error();
    const auto name = printable(*folder);
    if (why.code == errc::denied)
        throw problem(why.code,
                      "the audit log's folder " + name + " must be this user's alone: chmod 700");
    if (why.code == errc::conflict)
        throw problem(why.code, "another process writes the audit log in " + name);
    if (why.code == errc::tampered)
        throw problem(why.code, "the last lines in " + name + " are no audit log of this store");
    if (why.code == errc::rolled_back)
        throw problem(why.code, "the newest file of the audit log in " + name +
                                    " is empty, and nothing tells what it goes on from: put the "
                                    "file before it back");
    throw problem(why.code,
                  "the audit log in " + name + " can't be written" + cause_words(why.cause));
}

} // namespace command
