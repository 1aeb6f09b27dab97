// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "session.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/format/head.hpp>
#include <coffer/version.hpp>

#include <algorithm>

namespace command {

namespace {

/// How an option is written: `-o, --output FILE`, `--generate[=32]`.
auto option_text(const option_spec& option) -> std::string {
    std::string text(option.flags);
    if (const auto comma = text.find(','); comma != text.npos) text.insert(comma + 1, " ");
    if (option.argument == takes::value) text += " " + std::string(option.value);
    if (option.argument == takes::optional_value) text += std::string(option.value);
    return text;
}

auto usage_of(const verb& v) -> std::string {
    return "coffer " + std::string(v.name) + (v.options.empty() ? "" : " [OPTION…]") +
           (v.arguments.empty() ? "" : " " + std::string(v.arguments));
}

template <class Options>
auto options_text(const Options& options) -> std::string {
    table rows;
    for (const auto& option : options)
        rows.row({"  " + option_text(option), std::string(option.help)});
    return rows.text();
}

auto verbs_text() -> std::string {
    table rows;
    for (const auto& v : all_verbs())
        if (v.shown)
            rows.row({"  " + std::string(v.name) + " " + std::string(v.arguments),
                      std::string(v.summary)});
    return rows.text();
}

constexpr std::string_view exit_codes = R"(  0    done
  1    no such name, or hidden, expired; no such environment or space
  2    usage, refused input, a question with --no-input
  3    a newer format, a store of another realm, or something that this build lacks
  4    somebody else wrote first, or it is there already; nothing was written
  5    access denied
  6    store or keys can't be reached, nothing fresh enough to serve
  7    the store was changed behind Coffer's back
  8    an answer is there, but older than --max-stale
  9    the keyring lacks the key, or it is disabled or destroyed
  10   a write may or may not have happened; run the same command again, it is idempotent
  130  interrupted, or the answer to a question was no; 143 terminated
  run  the command's own code; 125 Coffer failed before it started, 126 can't execute, 127 not found
)";

constexpr std::string_view rules =
    R"(1. **No secret on the command line, ever.** Values come from stdin, `--file` or a prompt without
   echo. `coffer set NAME=value` is refused; what was typed is not repeated.
2. **No secret on a terminal by accident.** `get` and `export` refuse one unless `--show` is given.
   stderr never carries a value.
3. **stdout is data, stderr is talk.** `--json` gives one object, errors too:
   `{"error":{"code":"conflict","message":"…","name":"SLACK_TOKEN","environment":"prod"}}`.
   Questions and hints appear only on a terminal; `--quiet` silences, `--no-input` never asks. There
   are no colours.
4. **Literal.** Nothing is expanded, trimmed or quoted, with one exception: from a pipe one final
   newline is dropped, and said; `--exact` keeps it.
5. **What it will do, before it does it.** Writes on a PROD environment, removals and imports say
   what they do and ask; `--yes` answers, `--dry-run` stops there.
6. **Ctrl-C leaves the old state or the new one.** A connection that is lost during a write ends in
   exit 10 only after the server was asked what became of it.
)";

auto markdown() -> std::string {
    std::string out = "# The command\n\n<!-- made by `coffer help --markdown`; a test compares "
                      "-->\n\n## Rules\n\n";
    out.append(rules)
        .append("\n## Verbs\n\n```\n")
        .append(verbs_text())
        .append("```\n\n## Everywhere\n\n```\n");
    out.append(options_text(global_options()))
        .append("```\n\n## Settings\n\n")
        .append(find_verb("config")->details);
    out += "\n\n| flag | variable | file |\n|---|---|---|\n";
    for (const auto& [flag, variable, member] :
         std::initializer_list<std::array<std::string_view, 3>>{
             {"`--server`", "`COFFER_SERVER`", "`server`"},
             {"`--token-file`", "`COFFER_TOKEN_FILE`, or the token itself in `COFFER_TOKEN`",
              "`token_file`, in the user's file alone"},
             {"`--store`", "`COFFER_STORE`", "`store`"},
             {"`--keys`", "`COFFER_KEYS`", "`keys`, in the user's file alone"},
             {"", "`COFFER_REALM`", "`realm`"},
             {"`-e, --env`", "`COFFER_ENV`", "`env`"},
             {"`-s, --space`", "`COFFER_SPACE`", "`space`"},
             {"`--profile`", "`COFFER_PROFILE`",
              "`profile`, in the user's file alone; the set itself is `profiles.P`"},
             {"`--max-stale`", "`COFFER_MAX_STALE`", "`max_stale`"},
             {"", "`COFFER_AUTHOR`",
              "`author`, in the user's file alone; default: the login name"}})
        out.append("| ")
            .append(flag)
            .append(" | ")
            .append(variable)
            .append(" | ")
            .append(member)
            .append(" |\n");
    out.append(
        "\nA relative path in a file starts from that file's folder.\n\n"
        "A server is asked over https, or over http on this machine. Of a server and a store "
        "the one that is\nsaid in the stronger place counts; both in the same place are "
        "refused. A token goes only where it is\nmeant to go: one that `coffer login` keeps, "
        "to the server that it was kept for; `--token-file`,\n`COFFER_TOKEN` and "
        "`COFFER_TOKEN_FILE` to a server of a flag, a variable or the user's file; `token_file`"
        "\nof the user's file to the server that stands beside it. None of these goes to a "
        "server that a folder's\n`coffer.json` names.\n\n## Exit codes\n\n```\n");
    out.append(exit_codes).append("```\n");
    for (const auto& v : all_verbs()) {
        if (!v.shown) continue;
        out.append("\n## ")
            .append(v.name)
            .append("\n\n```\n")
            .append(help_text(&v))
            .append("```\n");
    }
    return out;
}

auto run_help(session& s) -> int {
    if (s.in.has("markdown")) {
        put(markdown());
        return 0;
    }
    if (s.in.arguments.empty()) {
        put(help_text(nullptr));
        return 0;
    }
    const auto name = join(s.in.arguments, " ");
    const auto* const v = find_verb(name);
    if (v != nullptr) {
        put(help_text(v));
        return 0;
    }
    bool is_group = false;
    for (const auto& other : all_verbs())
        if (other.shown && other.name.starts_with(name + " ")) {
            put((is_group ? "\n" : "") + help_text(&other));
            is_group = true;
        }
    if (!is_group) refuse("there is no such verb; see coffer help");
    return 0;
}

auto run_version(session& s) -> int {
    (void)s;
    put_line(version_text());
    return 0;
}

} // namespace

auto version_text() -> std::string {
    const auto number = [](int n) { return std::to_string(n); };
    return "coffer " + number(COFFER_VERSION_MAJOR) + "." + number(COFFER_VERSION_MINOR) + "." +
           number(COFFER_VERSION_PATCH) + " (format " + number(coffer::format::format_number) + ")";
}

auto help_text(const verb* of) -> std::string {
    if (of == nullptr)
        return "coffer VERB …: secrets of environments and spaces\n\n" + verbs_text() +
               "\nEverywhere\n" + options_text(global_options()) + "\nExit codes\n" +
               std::string(exit_codes) + "\ncoffer help VERB says more.\n";
    auto out = usage_of(*of) + "\n  " + std::string(of->summary) + "\n";
    if (!of->details.empty()) out.append("\n").append(of->details).append("\n");
    if (!of->options.empty()) out.append("\n").append(options_text(of->options));
    return out;
}

auto version_verb() -> verb {
    return {
        .name = "version", .summary = "the version, and of the stored format", .run = run_version};
}

auto help_verb() -> verb {
    return {.name = "help",
            .arguments = "[VERB]",
            .most = 2,
            .offers = completes::verbs,
            .summary = "what a verb does; the same as coffer VERB --help",
            .options = {{"--markdown", takes::nothing, {}, "all of it, as docs/command.md has it"}},
            .run = run_help};
}

} // namespace command
