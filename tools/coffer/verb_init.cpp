// SPDX-License-Identifier: BSL-1.0
#include "folder_config.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "scope_metadata.hpp"
#include "session.hpp"
#include "shared_keys.hpp"
#include "text.hpp"
#include "values_in.hpp"
#include "verbs.hpp"

#include <coffer/cryptopp/aes_256_gcm.hpp>
#include <coffer/format/codec.hpp>
#include <coffer/format/subkeys.hpp>
#include <coffer/names.hpp>
#include <coffer/posix/atomic_file.hpp>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

namespace command {

namespace fs = std::filesystem;
using coffer::errc;

namespace {

/// What is going to be made.
struct plan {
    fs::path folder{};   ///< Empty: the store is in a Redis.
    std::string place{}; ///< As --store takes it.
    fs::path config{};   ///< ./coffer.json
    std::string realm{};
    std::string environment{};
    bool prod = false;
    bool goes_on = false; ///< ./coffer.json is of an init that was stopped, or that runs beside.
};

/// A realm of its own, so that no other store can be put in this one's place.
auto new_realm(const fs::path& folder) -> std::string {
    auto name = folder.empty() ? "redis" : folder.filename().string().substr(0, 40);
    return (coffer::format::is_utf8(name) ? name : "store") + "-" + random_hex(4);
}

/// A setting that was said for this call: by a flag or a variable, for every verb takes both, and a
/// store that is not where the variable says would be found by none of them.
auto said(const settings& all, std::string_view name) -> const setting* {
    const auto* const found = all.find(name);
    const bool here = found != nullptr && found->who <= said_by::variable;
    return here ? found : nullptr;
}
auto said_or(const settings& all, std::string_view name, std::string other) -> std::string {
    const auto* const found = said(all, name);
    return found == nullptr ? std::move(other) : found->value;
}

/// Where the store is to be; the folder is empty if that is a Redis.
void place_store(const session& s, const settings& all, plan& p) {
    const auto* const place = said(all, "store");
    if (place != nullptr && !s.in.arguments.empty())
        refuse("say DIR or " + place->from + ", not both");
    if (place != nullptr && place->value.starts_with("redis")) {
        p.place = place->value;
        return;
    }
    if (place != nullptr && !place->value.starts_with("file:"))
        throw problem(errc::unsupported,
                      "stores are file:DIR or redis://HOST, and the like (" + place->from + ")");
    std::error_code wrong;
    const auto named = place != nullptr         ? absolute_place(*place).substr(5)
                       : s.in.arguments.empty() ? std::string("coffer-store")
                                                : s.in.arguments.front();
    p.folder = fs::absolute(named, wrong).lexically_normal();
    if (!p.folder.has_filename()) p.folder = p.folder.parent_path();
    const bool empty = named.empty() || (place != nullptr && place->value == "file:");
    if (empty || wrong) refuse("the store names no folder");
    p.place = "file:" + p.folder.string();
}

[[noreturn]] void throw_there(const fs::path& config) {
    throw problem(errc::conflict,
                  printable(config.string()) + " is there already. Nothing was written.");
}

/// Whether ./coffer.json is that of an init of this store, which was stopped before there was an
/// environment: `p` takes over what it says.
auto takes_over(const settings& all, plan& p) -> bool {
    if (folder_file() != p.config) return false;
    const auto there = settings::of_files();
    const auto is_of_file = [&](const char* name) {
        const auto* const found = there.find(name);
        return found != nullptr && found->who == said_by::folder_file;
    };
    if (is_of_file("store") == names_password(p.place) || !is_of_file("realm") ||
        !is_of_file("env"))
        return false;
    const auto differs = [&](const char* name) {
        const auto* const here = said(all, name);
        return here != nullptr && here->value != there.text(name);
    };
    const bool other = differs("realm") || differs("env");
    if (other || (is_of_file("store") && absolute_place(*there.find("store")) != p.place))
        return false;
    std::error_code wrong;
    if (p.folder.empty() || fs::exists(p.folder, wrong)) {
        const auto own = coffer::format::partition_name(coffer::cryptopp::aes_256_gcm(),
                                                        there.text("realm"), there.text("env"));
        auto store = open_store_at(p.place);
        for (const auto& partition : need(store.partitions()))
            if (partition != own) return false; // it is done, or something else
    }
    p.realm = there.text("realm");
    p.environment = there.text("env");
    return true;
}

auto plan_of(const session& s) -> plan {
    plan p;
    std::error_code wrong;
    const settings all(s.in);
    place_store(s, all, p);
    p.config = fs::current_path(wrong) / "coffer.json";
    p.environment = said_or(all, "env", "dev");
    p.prod = s.in.has("prod");
    p.realm = said_or(all, "realm", new_realm(p.folder));
    p.goes_on = fs::exists(p.config, wrong) && takes_over(all, p);
    if (!p.goes_on && !p.folder.empty() && fs::exists(p.folder, wrong) &&
        !fs::is_empty(p.folder, wrong))
        throw problem(errc::conflict, printable(p.folder.string()) +
                                          " is there and not empty. Nothing was written.");
    if (!p.goes_on && fs::exists(p.config, wrong)) throw_there(p.config);
    if (!coffer::check_context({.environment = p.environment}))
        refuse("that is no id for an environment");
    if (p.realm.size() > coffer::format::limits::realm || !coffer::format::is_utf8(p.realm))
        refuse("a realm has at most 64 bytes");
    return p;
}

/// What the user's own settings say from now on, and what they can't.
struct user_notes {
    fs::path file{};
    bool keys = false;  ///< They name these keys now.
    fs::path anchor{};  ///< And this anchor for them; empty: none.
    bool store = false; ///< They name this store now.
    std::vector<std::string> to_do{};
};

/// The user's own settings name this store.
auto is_noted(const std::string& store) -> bool {
    const auto all = settings::of_files();
    const auto* const found = all.find("store");
    return found != nullptr && found->who == said_by::user_file && found->value == store;
}

/// What is to be noted in the user's own file: keys that are not where they are looked for by
/// default, and a store that ./coffer.json may not name. Not where that would take other stores of
/// theirs away from their keys, or a folder from its store.
auto notes_for(const std::string& keys, bool by_flag, const fs::path& anchor,
               const std::string& store) -> user_notes {
    user_notes out{.file = config_folder() / "config.json"};
    const auto usual = config_folder() / "keys/keyring.json";
    std::error_code wrong;
    const bool there = fs::exists(out.file, wrong);
    const bool other_keys = by_flag && keys != "file:" + usual.string();
    out.keys = other_keys && !there && !fs::exists(usual, wrong);
    if (other_keys && !out.keys)
        out.to_do.push_back("say --keys " + printable(keys) +
                            " with this store, or set COFFER_KEYS: without it your other stores' "
                            "keys are taken");
    if (out.keys)
        out.anchor = anchor;
    else if (!anchor.empty())
        out.to_do.push_back("say --anchor " + printable(anchor.string()) +
                            " with these keys, or set COFFER_ANCHOR: without it an old copy of "
                            "the store passes for the newest");
    if (!names_password(store) || is_noted(store)) return out;
    out.store = !there;
    if (there)
        out.to_do.push_back("set COFFER_STORE to " + printable(store) + ", or name it in " +
                            printable(out.file.string()) +
                            ": no folder's file may say where a password lies");
    return out;
}

void write_notes(const user_notes& notes, const std::string& keys, const std::string& store) {
    if (!notes.keys && !notes.store) return;
    if (const auto made = coffer::posix::make_private_folder(notes.file.parent_path()); !made)
        throw problem(made.error().code,
                      "can't make the folder of " + printable(notes.file.string()) +
                          ", where the " + (notes.keys ? "keys" : "store") + " would be named" +
                          cause_words(made.error().cause) + ". No store was made" +
                          (notes.keys ? ": name them in COFFER_KEYS instead of --keys." : "."));
    boost::json::object content;
    if (notes.store) content["store"] = store;
    if (notes.keys) content["keys"] = keys;
    if (!notes.anchor.empty()) content["anchor"] = notes.anchor.string();
    write_settings(notes.file, content);
}

/// The keys that the store was made with.
struct used_keys {
    std::string place{};
    bool joined = false;               ///< They were there before.
    std::vector<std::string> others{}; ///< The realms of other stores that they open.
};

/// Keys that a file holds: whether they were there before this init.
auto keys_are_there(const settings& with) -> bool {
    std::error_code wrong;
    const auto file = key_file(with);
    return !file.empty() && fs::exists(file, wrong);
}

void tell_joined(const used_keys& keys) {
    if (!keys.joined) return;
    put_line("These keys were there before" +
             (keys.others.empty()
                  ? ""
                  : ", and open the stores of the realms " + realm_words(keys.others)) +
             ": what is done to a key (coffer keys) is done to all stores that use it.\n"
             "A keyring of its own: coffer init --keys file:PATH.");
}

void report(const session& s, const plan& p, const used_keys& keys, const user_notes& noted) {
    if (s.json()) {
        boost::json::object out;
        out["store"] = p.place;
        out["keys"] = keys.place;
        out["keysWereThere"] = keys.joined;
        out["realm"] = p.realm;
        out["environment"] = p.environment;
        out["isProd"] = p.prod;
        out["config"] = p.config.string();
        if (noted.keys || noted.store) out["userConfig"] = noted.file.string();
        put_json(out);
        return;
    }
    table rows;
    rows.row({"store", printable(shown_address(p.place)),
              "sealed; may be copied, backed up, committed"});
    rows.row({"keys", printable(keys.place), "they open it: keep them apart, tell nobody"});
    rows.row({"environment", printable(p.environment),
              p.prod ? "PROD: writes ask first"
                     : "not PROD: writes don't ask (coffer env mark ENV --prod)"});
    rows.row({"settings", printable(p.config.string()),
              (names_password(p.place) ? "names the realm " : "names store and realm ") +
                  printable(p.realm) + "; no keys"});
    if (noted.keys || noted.store)
        rows.row({"", printable(noted.file.string()),
                  !noted.store ? "names these keys, for every store of yours"
                  : noted.keys ? "names this store and these keys, for wherever no other is named"
                               : "names this store, for wherever no other is named"});
    put(rows.text());
    put_line("");
    put_line(
        "Back up the keys now, apart from the store: without them nothing in it can be "
        "opened, by nobody.\n"
        "Keep the settings too, with the code: a store is read only where its realm is named.");
    tell_joined(keys);
    for (const auto& one : noted.to_do)
        put_line("And " + one + ".");
    s.hint("next: coffer set NAME, coffer list, coffer space create acme");
}

auto run_init(session& s) -> int {
    const auto p = plan_of(s);
    // Settings that name the new store, whatever a file above says.
    auto typed = s.in;
    typed.options["store"] = p.place;
    typed.options["realm"] = p.realm;
    const settings with(typed);
    const auto keys_at = absolute_place(*with.find("keys"));
    if (!s.confirm_change(
            {}, "Makes the store " + printable(shown_address(p.place)) + ", the environment " +
                    printable(p.environment) + (p.prod ? " (PROD)" : "") +
                    " and, if they are not there, the keys " + printable(keys_at) + "."))
        return 0;
    std::optional<coffer::any_store> store;
    if (p.folder.empty()) {
        store = open_store_at(p.place);
        if (!p.goes_on && !need(store->partitions()).empty())
            throw problem(errc::conflict, printable(shown_address(p.place)) +
                                              " holds a store already (another prefix=… makes "
                                              "another). Nothing was written.");
    }
    const bool joins = keys_are_there(with);
    const auto keys = open_keys(with, missing_keys::make);
    const auto anchor = key_file(with).empty() ? anchor_of(with) : fs::path();
    const auto noted = notes_for(keys_at, s.in.has("keys"), anchor, p.place);
    write_notes(noted, keys_at, p.place);
    // Before the store: of two at once one makes it, and what was stopped can go on.
    if (!p.goes_on && !make_folder_config(p.config, {p.place, p.realm, p.environment}))
        throw_there(p.config);
    if (!store) store = open_store_at(p.place, missing_folder::make);
    const auto vault = open_vault(*std::move(store), keys.provider, options_of(with));
    need(vault->create_environment(p.environment, scope_metadata::make(p.environment, p.prod)),
         {.environment = p.environment});
    tell_done([&] { report(s, p, {keys_at, joins, other_realms_of_keys(with)}, noted); });
    return 0;
}

} // namespace

auto init_verb() -> verb {
    return {
        .name = "init",
        .arguments = "[DIR]",
        .most = 1,
        .offers = completes::files,
        .summary = "make a store, a keyring apart from it, and a first environment",
        .details =
            "The store goes into DIR (COFFER_STORE, else coffer-store), the keyring to --keys "
            "(the user's\nconfiguration folder; one that is there is joined, and that is said); "
            "./coffer.json names the\nstore and its realm. A passphrase for new keys is typed "
            "twice, "
            "12 characters at least. A store whose\nplace says where a password lies is named in "
            "the "
            "user's config.json instead, or it is said what has\nto name it. Never overwrites "
            "anything; one that was stopped goes on when called again. Says what to\nback up.",
        .options =
            {{"--realm", takes::value, "R",
              "a name for this datastore, bound into every key; else one is made"},
             {"--prod", takes::nothing, {}, "mark the environment as PROD: writes ask first"}},
        .run = run_init,
        .scopes = scope_options::environment,
    };
}

} // namespace command
