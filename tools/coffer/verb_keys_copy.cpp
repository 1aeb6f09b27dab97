// SPDX-License-Identifier: BSL-1.0
#include "key_changes.hpp"
#include "output.hpp"
#include "passphrase.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "values_in.hpp"
#include "verbs.hpp"

#include <coffer/keyring/sealed_copy.hpp>
#include <coffer/keyring/store_folder.hpp>
#include <coffer/names.hpp>
#include <coffer/posix/atomic_file.hpp>

#include <boost/json/object.hpp>

#include <filesystem>

namespace command {

namespace fs = std::filesystem;
using coffer::errc;
using coffer::secret;

namespace {

/// From a pipe, or typed.
auto passphrase_of(const session& s) -> secret {
    if (!stdin_is_terminal()) {
        auto line = read_stdin(coffer::limits::value_bytes);
        if (!line.empty() && line.back() == std::byte{'\n'}) line.pop_back();
        return secret{coffer::byte_view(line)};
    }
    if (s.in.has("no-input")) refuse("with --no-input the passphrase comes from stdin");
    const auto typed = ask_unseen("Passphrase of the copy (not shown): ");
    if (!typed) throw problem(errc::cancelled, "nothing was written");
    return secret{coffer::byte_view(*typed)};
}

void report(const session& s, const char* direction, const fs::path& file, std::size_t keks) {
    if (s.json()) {
        boost::json::object out;
        out[direction] = file.string();
        out["keks"] = keks;
        put_json(out);
    } else if (std::string_view(direction) == "to") {
        put_line(count(keks, "KEK") + " sealed into " + printable(file.string()));
    } else {
        put_line(count(keks, "KEK") + (keks == 1 ? " is" : " are") + " back from " +
                 printable(file.string()));
    }
}

void require_nothing_at(const fs::path& file) {
    std::error_code wrong;
    if (const auto status = fs::symlink_status(file, wrong); fs::exists(status))
        throw problem(errc::conflict,
                      printable(file.string()) + " is there already. Nothing was written.");
}

auto copy_to(session& s, const fs::path& file) -> int {
    require_nothing_at(file);
    if (s.config().find("store") != nullptr) {
        const auto store = folder_of_store(store_place(s.config()));
        if (!store.empty() && coffer::keyring::lies_in(file, store))
            throw problem(errc::denied, "a copy of the keys does not go into the store's folder");
    }
    const auto keks = need(s.keys().changes->keks()).size(); // a store is not needed
    if (!s.confirm("Seals the keyring, " + count(keks, "KEK") + ", under a passphrase into " +
                   printable(file.string()) + ". Whoever has both opens what the keys open."))
        return 0;
    const auto passphrase = passphrase_of(s);
    require_long(passphrase, "a copy");
    if (stdin_is_terminal()) require_same_again(passphrase);
    const auto text = s.keys().changes->sealed_copy(passphrase);
    if (!text) throw need_change(text.error());
    require_nothing_at(file); // questions take their time
    const auto done = coffer::posix::replace_file(file, coffer::as_bytes(*text));
    if (!done)
        throw problem(done.error().code,
                      "can't write " + printable(file.string()) + cause_words(done.error().cause));
    if (!done->durable)
        throw problem(errc::outcome_unknown,
                      printable(file.string()) + " was written, but may not be on disk yet");
    report(s, "to", file, keks);
    s.notice("Lock it away, apart from the store and from the passphrase.");
    return 0;
}

/// Into the keyring that is there.
auto join_from(session& s, const fs::path& file, coffer::byte_view copy) -> int {
    const auto place = printable(absolute_place(*s.config().find("keys")));
    if (!s.confirm("Adds to the keyring at " + place + " the KEKs of " + printable(file.string()) +
                   " that it lacks, and the environments that its own may speak for there."))
        return 0;
    const auto joined = join_keys(s.config(), copy, passphrase_of(s));
    if (s.json()) {
        boost::json::object out;
        out["from"] = file.string();
        out["keks"] = joined.keks;
        out["environments"] = joined.environments;
        put_json(out);
    } else if (joined.keks == 0 && joined.environments == 0) {
        put_line("the keyring has all that the copy has");
    } else {
        put_line(count(joined.keks, "KEK") + " added, and " +
                 count(joined.environments, "environment") + " to those that were there");
    }
    return 0;
}

auto copy_from(session& s, const fs::path& file) -> int {
    const auto copy = read_file(file.string(), coffer::keyring::sealed_copy_limit);
    if (has_key_file(s.config())) return join_from(s, file, copy);
    if (!s.confirm("Makes a keyring of " + printable(file.string()) + " at " +
                   printable(absolute_place(*s.config().find("keys"))) + "."))
        return 0;
    report(s, "from", file, restore_keys(s.config(), copy, passphrase_of(s)));
    return 0;
}

auto run_copy_keys(session& s) -> int {
    const auto to = s.in.text("to");
    const auto from = s.in.text("from");
    if (to.has_value() == from.has_value() || (to ? *to : *from).empty())
        refuse("say --to F, or --from F for the way back");
    std::error_code wrong;
    const auto file = fs::absolute(to ? *to : *from, wrong).lexically_normal();
    return to ? copy_to(s, file) : copy_from(s, file);
}

} // namespace

auto copy_keys_verb() -> verb {
    return {.name = "keys copy",
            .summary = "the keyring, sealed under a passphrase: the copy to lock away",
            .details =
                "Asks for the passphrase twice, or takes it from stdin (one final newline is "
                "dropped): 12 characters\nat least. Never overwrites anything. --from makes "
                "a keyring of such a copy where --keys names none\nyet; the anchor is not in "
                "it. Where there is one, --from adds what the copy has and it lacks: KEKs, "
                "and\nenvironments that they may speak for, as they come by env create elsewhere. "
                "Nothing is taken away, and\na KEK that has another key under the same id is "
                "refused (exit code 4). Asks first.",
            .options = {{"--to", takes::value, "F", "the file to make, mode 0600"},
                        {"--from", takes::value, "F", "the way back"}},
            .run = run_copy_keys,
            .local = true};
}

} // namespace command
