// SPDX-License-Identifier: BSL-1.0
#include "manual.hpp"

namespace command::manual {

auto exit_codes() -> std::string_view {
    return R"(  0    done
  1    no such name, or hidden, expired; no such environment or space
  2    usage, refused input, a question with --no-input
  3    a newer format, a store of another realm, or something that this build lacks
  4    somebody else wrote first, or it is there already; nothing was written
  5    access denied
  6    store or keys can't be reached, nothing fresh enough to serve
  7    the store was changed behind Coffer's back
  8    an answer is there, but older than --max-stale
  9    the keyring lacks the key, or it is disabled or destroyed
  10   a write may or may not have happened; look first (history), or run it again with --if-version
  130  interrupted, or the answer to a question was no; 143 terminated
  run  the command's own code; 125 Coffer failed before it started, 126 can't execute, 127 not found
)";
}

auto rules() -> std::string_view {
    return R"(1. **No secret on the command line, ever.** Values come from stdin, `--file` or a prompt without
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
}

auto settings_of() -> std::span<const setting> {
    static constexpr std::array<setting, 13> all{{
        {"`--server`", "`COFFER_SERVER`", "`server`"},
        {"`--token-file`", "`COFFER_TOKEN_FILE`, or the token itself in `COFFER_TOKEN`",
         "`token_file`, in the user's file alone"},
        {"`--ca`", "`COFFER_CA`", "`ca`, in the user's file alone"},
        {"`--store`", "`COFFER_STORE`", "`store`"},
        {"`--keys`", "`COFFER_KEYS`", "`keys`, in the user's file alone"},
        {"`--anchor`", "`COFFER_ANCHOR`", "`anchor`, in the user's file alone"},
        {"", "`COFFER_REALM`", "`realm`"},
        {"`-e, --env`", "`COFFER_ENV`", "`env`"},
        {"`-s, --space`", "`COFFER_SPACE`", "`space`"},
        {"`--actor`", "`COFFER_ACTOR`", "`actor`"},
        {"`--profile`", "`COFFER_PROFILE`",
         "`profile`, in the user's file alone; the set itself is `profiles.P`"},
        {"`--max-stale`", "`COFFER_MAX_STALE`", "`max_stale`; a folder's file may only lower it"},
        {"", "`COFFER_AUTHOR`", "`author`, in the user's file alone; default: the login name"},
    }};
    return all;
}

auto about_settings() -> std::string_view {
    return R"(A relative path in a file starts from that file's folder.

A server is asked over https, or over http on this machine. Of a server and a store the one that is
said in the stronger place counts; both in the same place are refused. A token goes only where it is
meant to go: one that `coffer login` keeps, to the server that it was kept for; `--token-file`,
`COFFER_TOKEN` and `COFFER_TOKEN_FILE` to a server of a flag, a variable or the user's file;
`token_file` of the user's file to the server that stands beside it. None of these goes to a server
that a folder's `coffer.json` names.

The server's certificate must hold: it is of the host that is named, and comes from an authority of
the system's, or of the file that `--ca` names, and then from none else. For a certificate that
signed itself that file is the certificate. Nothing is sent to a server whose certificate does not
hold.
)";
}

} // namespace command::manual
