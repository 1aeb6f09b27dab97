// SPDX-License-Identifier: BSL-1.0
#include "verbs.hpp"

#include <array>
#include <iterator>
#include <utility>

namespace command {

auto all_verbs() -> std::span<const verb> {
    static const auto all = [] {
        std::vector<verb> out{init_verb()};
        const auto add = [&](std::vector<verb> more) {
            out.insert(out.end(), std::make_move_iterator(more.begin()),
                       std::make_move_iterator(more.end()));
        };
        add(scope_verbs());
        add({set_verb(), get_verb(), list_verb(), explain_verb(), unset_verb(), hide_verb(),
             unhide_verb(), history_verb(), rollback_verb(), undelete_verb(), import_verb(),
             export_verb(), run_verb(), diff_verb(), check_verb()});
        add({agent_verb()});
        add(login_verbs());
        add(token_verbs());
        add(audit_verbs());
        add(key_verbs());
        add(backup_verbs());
        add({verify_verb(), copy_verb(), serve_verb()});
        add(git_verbs());
        add({doctor_verb(), config_verb()});
        add(completion_verbs());
        add({version_verb(), help_verb()});
        return out;
    }();
    return all;
}

auto global_options() -> std::span<const option_spec> {
    static constexpr std::array<option_spec, 19> all{{
        {"--store", takes::value, "S", "where the sealed bytes lie: file:DIR, redis://HOST, …"},
        {"--keys", takes::value, "K",
         "where the keys live: file:PATH, env:NAME[,OLDER], credential:NAME, passphrase:FILE"},
        {"--anchor", takes::value, "F",
         "the file by which old copies of the store are known, for env: and credential: keys, "
         "which "
         "keep none"},
        {"--server", takes::value, "URL",
         "work through this server: https://HOST, or http to this machine"},
        {"--token-file", takes::value, "F", "the file with the token for it, mode 0600"},
        {"--ca", takes::value, "FILE",
         "the authorities that its certificate may come from, PEM, instead of the system's"},
        {"-e,--env", takes::value, "ID",
         "the environment, by id or name; refused, as the next two are, by verbs without use for "
         "it"},
        {"-s,--space", takes::value, "ID",
         "the space, by id or name; without it the environment itself"},
        {"--actor", takes::value, "ID",
         "what this actor has there of their own, before what all have"},
        {"--profile", takes::value, "P", "a named set of settings, from a file's \"profiles\""},
        {"--max-stale", takes::value, "D",
         "how old an answer may be when the store is away (5m; 0: never)"},
        {"--json", takes::nothing, {}, "one JSON object on stdout, errors too"},
        {"-q,--quiet", takes::nothing, {}, "no notices"},
        {"-v,--verbose", takes::nothing, {}, "more of them (also COFFER_LOG=debug)"},
        {"--no-input", takes::nothing, {}, "never ask: what would ask is refused"},
        {"--yes", takes::nothing, {}, "answer questions with yes"},
        {"--dry-run", takes::nothing, {}, "say what would be done, and stop there"},
        {"-h,--help", takes::nothing, {}, "the help of the verb"},
        {"--version", takes::nothing, {}, "the version"},
    }};
    return all;
}

} // namespace command
