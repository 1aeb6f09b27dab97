// SPDX-License-Identifier: BSL-1.0
#include "opening.hpp"

#include "dotenv.hpp"
#include "key_changes.hpp"
#include "passphrase.hpp"
#include "problem.hpp"
#include "terminal.hpp"
#include "text.hpp"

#include <coffer/file/store.hpp>
#include <coffer/keyring/anchored.hpp>
#include <coffer/keyring/credential_keyring.hpp>
#include <coffer/keyring/env_keyring.hpp>
#include <coffer/keyring/file_keyring.hpp>
#include <coffer/keyring/passphrase_keyring.hpp>
#include <coffer/keyring/store_folder.hpp>
#include <coffer/memory/store.hpp>

#include <algorithm>

namespace command {

namespace fs = std::filesystem;
namespace keyring = coffer::keyring;
using coffer::errc;

namespace {

/// `file:DIR` cut into its two halves.
auto parts_of(const std::string& place) -> std::pair<std::string, std::string> {
    const auto colon = place.find(':');
    if (colon == place.npos) return {{}, place};
    return {place.substr(0, colon), place.substr(colon + 1)};
}

template <class Keys>
class changes_of final : public key_changes {
public:
    explicit changes_of(Keys keys) : keys_(std::move(keys)) {}

    auto keks() -> coffer::result<std::vector<keyring::kek_info>> override { return keys_.keks(); }
    auto rotate() -> coffer::result<std::vector<keyring::kek_rotation>> override {
        if constexpr (may_change)
            return keys_.rotate();
        else
            return errc::unsupported;
    }
    auto rotate(std::string_view environment) -> coffer::result<keyring::kek_rotation> override {
        if constexpr (may_change)
            return keys_.rotate(environment);
        else
            return errc::unsupported;
    }
    auto disable(std::string_view kek_id) -> coffer::result<void> override {
        if constexpr (may_change)
            return keys_.set_state(kek_id, keyring::kek_state::disabled);
        else
            return errc::unsupported;
    }

    auto destroy(std::span<const std::string> kek_ids) -> coffer::result<void> override {
        if constexpr (may_change)
            return keys_.destroy(kek_ids);
        else
            return errc::unsupported;
    }
    auto sealed_copy(const coffer::secret& passphrase) -> coffer::result<std::string> override {
        if constexpr (may_change)
            return keys_.sealed_copy(passphrase);
        else
            return errc::unsupported;
    }

private:
    static constexpr bool may_change = std::is_same_v<Keys, keyring::file_keyring>;
    Keys keys_;
};

template <class Keys>
auto told(Keys keys) -> opened_keys {
    const auto changes = std::make_shared<changes_of<Keys>>(keys);
    return {coffer::any_key_provider(keys), changes};
}

/// Where sealed values lie already, new keys would open none of them.
auto cure_of_no_keys(const settings& from) -> std::string {
    const auto* const store = from.find("store");
    const auto folder = store == nullptr ? fs::path() : folder_of_store(absolute_place(*store));
    if (!folder.empty() && keyring::holds_store_documents(folder))
        return ", and what lies in the store opens with them alone: put their copy back (coffer "
               "keys copy --from F), or name them (--keys, COFFER_KEYS)";
    return "; see coffer help init";
}

/// A keyring's own failures speak of keys, not of a store.
template <class T>
auto need_keys(coffer::result<T>&& got, const std::string& place, const settings& from) -> T {
    if (got) return *std::move(got);
    const auto shown = printable(place);
    const auto cause = cause_words(got.error().cause);
    switch (got.error().code) {
    case errc::not_found:
        throw problem(errc::unknown_key, "there are no keys at " + shown + cure_of_no_keys(from));
    case errc::denied:
        throw problem(
            errc::denied,
            "the keys at " + shown +
                " are refused: they must be a file of yours, mode 0600, no link, apart from the "
                "store (a passphrase: the right one)" +
                cause);
    case errc::tampered: throw problem(errc::tampered, "the keys at " + shown + " are damaged");
    default: throw problem(got.error().code, "the keys at " + shown + " can't be used" + cause);
    }
}

/// A variable's failures name it, and never show what it holds.
template <class T>
auto need_variable(coffer::result<T>&& got, const std::string& name) -> T {
    if (got) return *std::move(got);
    const auto code = got.error().code;
    if (code == errc::not_found)
        throw problem(errc::unknown_key,
                      "the variable " + name + ", which --keys names, is not set");
    if (code == errc::invalid_argument)
        throw problem(code, "the variable " + name +
                                " holds no key: that is 32 bytes in base64 and nothing more, as "
                                "openssl rand -base64 32 makes them");
    if (code == errc::conflict)
        throw problem(code, "the variable " + name +
                                " holds the same key as one before it: an older key stands there, "
                                "or nothing");
    throw problem(code, "the key in the variable " + name + " can't be used");
}

/// Each variable is read, and gone from the environment, before the first is complained of.
auto open_variables(const std::vector<std::string>& names) -> opened_keys {
    if (names.empty()) refuse("--keys env: names no variable");
    for (const auto& name : names) {
        // Not shown: it may be the key itself.
        if (!is_variable_name(name)) refuse("--keys env:NAME[,OLDER] takes names of variables");
        if (std::ranges::count(names, name) != 1) refuse("--keys names " + name + " twice");
    }
    std::vector<coffer::result<keyring::env_keyring>> read;
    for (const auto& name : names)
        read.push_back(keyring::env_keyring::open(name));
    keyring::fixed_keyring all = need_variable(std::move(read.front()), names.front());
    for (std::size_t i = 1; i != names.size(); ++i)
        all = need_variable(all.with_older(need_variable(std::move(read[i]), names[i])), names[i]);
    return told(std::move(all));
}

auto file_options_of(const settings& from, bool anchored) -> keyring::file_options {
    return {.anchor = anchored,
            .store_folder = from.find("store") ? folder_of_store(store_place(from)) : fs::path()};
}

auto open_passphrase(const fs::path& file, const std::string& place, const settings& from,
                     missing_keys if_missing) -> opened_keys {
    auto typed = ask_unseen("Passphrase of " + printable(file.string()) + ": ");
    if (!typed) refuse("a passphrase is asked for on a terminal, and there is none");
    const coffer::secret passphrase{coffer::byte_view(*typed)};
    const bool makes = if_missing == missing_keys::make;
    if (std::error_code wrong; makes && !fs::exists(fs::symlink_status(file, wrong))) {
        require_long(passphrase, "keys");
        require_same_again(passphrase);
    }
    return told(need_keys(makes ? keyring::passphrase_keyring::open_or_create(file, passphrase)
                                : keyring::passphrase_keyring::open(file, passphrase),
                          place, from));
}

} // namespace

auto store_place(const settings& from) -> std::string {
    const auto* const named = from.find("store");
    if (named == nullptr)
        refuse("no store is named: say --store file:DIR, set COFFER_STORE, or make one with coffer "
               "init");
    return absolute_place(*named);
}

auto folder_of_store(const std::string& place) -> fs::path {
    const auto [scheme, rest] = parts_of(place);
    if (scheme != "file") return {};
    if (rest.empty()) refuse("the store " + printable(place) + " names no folder");
    return rest;
}

auto open_store_at(const std::string& place, missing_folder if_missing) -> coffer::any_store {
    if (place.starts_with("redis")) return open_redis(place);
    const auto folder = folder_of_store(place);
    if (folder.empty())
        throw problem(errc::unsupported,
                      "stores are file:DIR, redis://HOST, rediss://HOST, redis+cluster://HOST; " +
                          printable(shown_address(place)) + " is none");
    std::error_code wrong;
    if (if_missing == missing_folder::empty && !fs::exists(folder, wrong))
        return coffer::memory::store{};
    if (if_missing != missing_folder::make && !fs::is_directory(folder, wrong))
        throw problem(errc::unavailable, "there is no store at " + printable(folder.string()) +
                                             "; see coffer help init");
    return need(coffer::file::open(folder));
}

auto names_password(std::string_view place) -> bool {
    const auto members = place.find('?');
    return place.starts_with("redis") && members != place.npos &&
           place.find("password_", members) != place.npos;
}

auto open_store(const settings& from, missing_folder if_missing) -> coffer::any_store {
    const auto place = store_place(from);
    const auto& named = *from.find("store");
    if (named.who == said_by::folder_file && names_password(place))
        throw problem(errc::denied, "the store that " + named.from +
                                        " names may not say where a password lies: set "
                                        "COFFER_STORE, or name it in your own config.json");
    return open_store_at(place, if_missing);
}

namespace {

auto open_all_but_anchor(const settings& from, missing_keys if_missing, bool anchored)
    -> opened_keys {
    const auto place = absolute_place(*from.find("keys"));
    const auto [scheme, rest] = parts_of(place);
    if (rest.empty()) refuse("the keys " + printable(place) + " name no file");
    if (scheme == "file") {
        const auto how = file_options_of(from, anchored);
        return told(need_keys(if_missing == missing_keys::make ? keyring::open_or_create(rest, how)
                                                               : keyring::open(rest, how),
                              place, from));
    }
    if (scheme == "env") return open_variables(key_variables(from));
    if (scheme == "credential")
        return told(need_keys(keyring::credential_keyring::open(rest), place, from));
    if (scheme == "passphrase") return open_passphrase(rest, place, from, if_missing);
    throw problem(errc::unsupported, "keys are file:PATH, env:NAME[,OLDER], credential:NAME or "
                                     "passphrase:FILE (see coffer config)");
}

} // namespace

auto open_keys(const settings& from, missing_keys if_missing, bool anchored) -> opened_keys {
    const auto anchor = anchored ? anchor_of(from) : fs::path();
    auto out = open_all_but_anchor(from, if_missing, anchored);
    const bool keeps_it = from.text("keys").starts_with("file:");
    if (!anchor.empty() && !keeps_it)
        out.provider = keyring::anchored(std::move(out.provider), anchor);
    return out;
}

auto key_variables(const settings& from) -> std::vector<std::string> {
    const auto [scheme, rest] = parts_of(from.text("keys"));
    return scheme == "env" ? split(rest, ',') : std::vector<std::string>();
}

auto key_file(const settings& from) -> fs::path {
    const auto [scheme, rest] = parts_of(absolute_place(*from.find("keys")));
    return scheme == "file" || scheme == "passphrase" ? fs::path(rest) : fs::path();
}

namespace {

/// The file that `anchor` names for keys that keep none of their own. Where it could not be, old
/// copies of the store would go unnoticed: refused.
auto anchor_at(const setting& named, const settings& from) -> fs::path {
    auto file = path_of(named);
    if (named.who == said_by::variable && fs::path(named.value).is_relative())
        refuse(named.from + " takes a path from the root: it would name another anchor in each "
                            "folder");
    const auto store =
        from.find("store") == nullptr ? fs::path() : folder_of_store(store_place(from));
    if (!store.empty() && keyring::lies_in(file, store))
        throw problem(errc::denied, printable(file.string()) +
                                        " lies in the store's own folder: an old copy of that "
                                        "would bring its own anchor. Name one elsewhere");
    std::error_code wrong;
    if (!fs::is_directory(file.parent_path(), wrong))
        throw problem(errc::unavailable, "the folder of the anchor " + printable(file.string()) +
                                             " (from " + named.from + ") is not there");
    return file;
}

} // namespace

auto anchor_of(const settings& from) -> fs::path {
    const auto* const named = from.find("anchor");
    if (const auto file = key_file(from); !file.empty()) {
        // Files name it for other keys. What was said here and now was said by mistake.
        const bool mistaken = named != nullptr && named->who <= said_by::variable &&
                              named->who <= from.find("keys")->who;
        if (mistaken)
            refuse(named->from + " names an anchor, and these keys keep one of their own beside "
                                 "them: leave it out, or name the keys that it is for");
        return file.string() + ".anchor";
    }
    if (named == nullptr) return {};
    if (!named->value.empty()) return anchor_at(*named, from);
    if (named->who == said_by::flag) refuse("--anchor names no file");
    return {}; // a profile's, which has none
}

namespace {

/// Where a copy of a keyring goes.
auto file_of_keys(const settings& from) -> fs::path {
    const auto place = absolute_place(*from.find("keys"));
    const auto [scheme, rest] = parts_of(place);
    if (scheme != "file")
        throw problem(errc::unsupported, "a copy becomes a keyring file again: say --keys "
                                         "file:PATH for where");
    if (rest.empty()) refuse("the keys " + printable(place) + " name no file");
    return rest;
}

/// Why nothing came of a copy.
[[noreturn]] void refuse_copy(const coffer::failure& why, const settings& from) {
    const auto place = absolute_place(*from.find("keys"));
    if (why.code == errc::tampered || why.code == errc::unsupported || why.code == errc::too_large)
        throw problem(why.code, "that is no copy of a keyring that this version can read, or it is "
                                "damaged");
    if (why.code == errc::denied)
        throw problem(why.code, "that is not the passphrase, or " + printable(place) +
                                    " lies with the store");
    need_keys(coffer::result<std::size_t>(why), place, from);
    throw problem(why.code, "nothing was written");
}

} // namespace

auto has_key_file(const settings& from) -> bool {
    std::error_code wrong;
    return fs::exists(fs::symlink_status(file_of_keys(from), wrong));
}

auto restore_keys(const settings& from, coffer::byte_view copy, const coffer::secret& passphrase)
    -> std::size_t {
    const auto place = absolute_place(*from.find("keys"));
    auto made = keyring::file_keyring::restore(file_of_keys(from), copy, passphrase,
                                               file_options_of(from, true));
    if (made) return need_keys(made->keks(), place, from).size();
    if (made.error() == errc::conflict)
        throw problem(errc::conflict,
                      "there are keys at " + printable(place) + " now. Nothing was written.");
    refuse_copy(made.error(), from);
}

auto join_keys(const settings& from, coffer::byte_view copy, const coffer::secret& passphrase)
    -> keyring::kek_join {
    const auto place = absolute_place(*from.find("keys"));
    auto ring =
        need_keys(keyring::open(file_of_keys(from), file_options_of(from, true)), place, from);
    const auto joined = ring.join(copy, passphrase);
    if (joined) return *joined;
    if (joined.error() == errc::conflict)
        throw problem(errc::conflict, "a KEK of the copy has the id of one at " + printable(place) +
                                          " and is another key. Nothing was written.");
    refuse_copy(joined.error(), from);
}

auto options_of(const settings& from) -> coffer::options {
    coffer::options out;
    out.realm = from.text("realm");
    out.author = from.text("author");
    out.serve_stale_for = std::chrono::milliseconds(from.max_stale());
    return out;
}

} // namespace command
