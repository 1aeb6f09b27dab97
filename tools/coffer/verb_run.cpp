// SPDX-License-Identifier: BSL-1.0
#include "child.hpp"
#include "dotenv.hpp"
#include "glob.hpp"
#include "kept_copy.hpp"
#include "only_values.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "redacted_output.hpp"
#include "session.hpp"
#include "steering_variables.hpp"
#include "terminal.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>

namespace command {

using coffer::named_secret;

namespace {

/// A name that --only says and that is there, but can't be given.
struct unusable_name {
    coffer::errc why{};
    std::string name{};
    std::string words{}; ///< `which has expired`
};

/// What a command is given, and what is told of it.
struct provision {
    child_environment variables;
    std::string of{}; ///< Whose values they are: `prod/acme`.
    std::size_t given = 0;
    std::size_t inherited = 0;
    std::vector<std::string> left_out{};
    std::vector<std::string> missing{}; ///< Names that --only says and that are not there.
    std::vector<unusable_name> unusable{};
    std::string freshness = "fresh";
    std::vector<std::string> state{}; ///< Names and versions: what a change shows in.
};

auto state_of(const coffer::view& view, const glob_list& only) -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& e : view.list())
        if (e.outcome == coffer::errc{} && only.matches(e.name))
            out.push_back(e.name + "\n" + std::to_string(e.decides) + "\n" +
                          std::to_string(e.layers[e.decides].version));
    return out;
}

/// What has expired is left out, and said; where --only names it, it is not a name that is missing.
void leave_out_expired(provision& out, const glob_list& only,
                       const std::vector<std::string>& expired) {
    for (const auto& name : expired) {
        if (only.names(name)) {
            std::erase(out.missing, printable(name));
            out.unusable.push_back({coffer::errc::expired, name, "which has expired"});
        } else if (only.matches(name)) {
            out.left_out.push_back(printable(name) + " has expired, left out");
        }
    }
}

auto provide(session& s, const place& at, const std::vector<named_secret>& all,
             const std::vector<std::string>& expired) -> provision {
    const auto only = only_list(s);
    const auto prefix = s.in.text("prefix").value_or("");
    provision out{child_environment(s.in.has("clean-env")), at.text()};
    for (const auto& name : key_variables(s.config()))
        out.variables.unset(name); // they may not have been opened
    out.left_out = only.idle(all);
    out.missing = only.missing(all);
    leave_out_expired(out, only, expired);
    for (const auto& one : all) {
        if (!only.matches(one.name)) continue;
        const auto name = prefix + one.name;
        const auto value = one.value.expose_secret();
        const auto unusable = [&](const char* words) {
            out.unusable.push_back({coffer::errc::invalid_argument, one.name, words});
        };
        if (!is_variable_name(name)) {
            if (only.names(one.name)) unusable("which can't be a variable name");
            out.left_out.push_back("\"" + printable(one.name) +
                                   "\" can't be a variable name, left out");
        } else if (value.find('\0') != value.npos) {
            if (only.names(one.name)) unusable("whose value holds a NUL");
            out.left_out.push_back("the value of " + printable(one.name) +
                                   " holds a NUL, left out");
        } else if (steers_programs(name) && !only.names(one.name)) {
            out.left_out.push_back(printable(name) +
                                   " says what programs run, left out (--only '*," +
                                   printable(one.name) + "' takes it)");
        } else {
            out.variables.set(name, value);
            ++out.given;
            if (one.from != coffer::scope(at.where())) ++out.inherited;
        }
    }
    return out;
}

auto provide(session& s, const place& at, const coffer::view& view,
             const std::vector<named_secret>& values) -> provision {
    std::vector<std::string> expired;
    for (const auto& e : view.list())
        if (e.outcome == coffer::errc::expired) expired.push_back(e.name);
    auto out = provide(s, at, values, expired);
    s.saw(view.fresh());
    if (view.stale()) out.freshness = "stale";
    out.state = state_of(view, only_list(s));
    return out;
}

/// `--only names X, which dev does not have`: what a command can't be started without; empty where
/// nothing is lacking.
auto words_of_lack(const provision& p) -> std::string {
    if (p.missing.empty() && p.unusable.empty()) return {};
    auto text = p.missing.empty()
                    ? std::string()
                    : join(p.missing, ", ") + ", which " + p.of +
                          (p.missing.size() == 1 ? " does not have" : " has not all of");
    for (const auto& one : p.unusable)
        text += (text.empty() ? "" : "; ") + printable(one.name) + ", " + one.words;
    return "--only names " + text;
}

/// A command that needs a name is not started without it.
void require_named(const place& at, const provision& p) {
    const auto lack = words_of_lack(p);
    if (lack.empty()) return;
    const bool several = p.missing.size() + p.unusable.size() != 1;
    throw problem(p.missing.empty() ? p.unusable.front().why : coffer::errc::not_found,
                  lack + ". Nothing was started.", at.where(),
                  several             ? std::string()
                  : p.missing.empty() ? p.unusable.front().name
                                      : p.missing.front());
}

/// `3 secrets for prod, fresh`, and what is left out.
auto words_of(const place& at, const provision& p) -> std::string {
    auto text = count(p.given, "secret") + " for " + at.text();
    if (at.inherits())
        text += " (" + std::to_string(p.inherited) + " inherited, " +
                std::to_string(p.given - p.inherited) + " own)";
    text += ", " + p.freshness;
    for (const auto& left : p.left_out)
        text += "; " + left;
    return text;
}

/// Tells what the command is given. False: --dry-run, so that is all.
auto announce(const session& s, const place& at, const provision& p) -> bool {
    const auto text = words_of(at, p);
    if (s.dry_run())
        return s.confirm("Runs " + printable(s.in.after_dashes.front()) + " with " + text + ".");
    if (p.left_out.empty())
        s.hint(text);
    else
        s.notice(text);
    return true;
}

/// Says why the command could not be started, an errno. Answers the exit code.
auto tell_not_started(const session& s, int why) -> int {
    const auto code = exec_code(why);
    const auto command = printable(s.in.after_dashes.front());
    tell_problem(
        code == 127 ? problem(coffer::errc::not_found, "there is no command " + command)
        : why == E2BIG
            ? problem(coffer::errc::too_large, "the values are too large together for a command's "
                                               "environment: name those that it needs with --only")
            : problem(coffer::errc::denied, "the command " + command + " can't be executed"),
        s.json());
    return code;
}

/// A command that runs below this one: its output is redacted, it learns of changes.
class supervised {
public:
    supervised(session& s, place at, coffer::view view, provision first)
        : s_(s), at_(std::move(at)), view_(std::move(view)), current_(std::move(first)),
          redact_(s.in.has("redact")), watch_(s.in.text("watch").value_or("")) {
        if (watch_ == "true") watch_ = "restart";
        if (!watch_.empty() && watch_ != "restart" && watch_ != "SIGHUP")
            refuse("--watch is restart or SIGHUP");
        outlive_readers(); // the command meets the broken pipe, and this ends as it does
    }

    auto run() -> int {
        do {
            again_ = false;
            if (!start()) break;
            while (!process_->ended())
                wait();
            output_->finish();
        } while (again_);
        if (!process_) return 128 + *signals_.asked_to_end();
        if (const int why = process_->not_started(); why != 0) return tell_not_started(s_, why);
        return *process_->ended();
    }

private:
    /// False: somebody has asked for the end, so nothing was started.
    auto start() -> bool {
        const auto known =
            redact_ ? need(coffer::redactor::open(view_), at_.where()) : coffer::redactor();
        if (signals_.asked_to_end()) return false;
        process_ = std::make_unique<child>(s_.in.after_dashes, current_.variables, redact_);
        // One that came in between may have found no process to be sent on to.
        if (const auto number = signals_.asked_to_end()) process_->send(*number);
        output_ = std::make_unique<redacted_output>(*process_, known);
        return true;
    }

    void wait() {
        output_->pass(signals_, watch_.empty() ? -1 : 1000);
        if (!watch_.empty() && now_ms() - looked_ >= 1000) look();
    }

    void look() {
        looked_ = now_ms();
        auto view = s_.vault()->resolver().at(at_.where());
        if (!view) return trouble(view.error());
        trouble_ = coffer::errc{};
        auto state = state_of(*view, only_list(s_));
        if (state == current_.state) lacking_.reset();
        if (state == current_.state || state == lacking_) return;
        const auto values = only_values(s_, at_, *view);
        if (!values) return trouble(values.error());
        auto next = provide(s_, at_, *view, *values);
        if (const auto lack = words_of_lack(next); !lack.empty()) {
            lacking_ = std::move(state);
            return tell_change("the command goes on with what it has, since " + lack);
        }
        lacking_.reset();
        view_ = *std::move(view);
        current_ = std::move(next);
        if (watch_ == "SIGHUP") {
            tell_change("sending SIGHUP");
            if (redact_) output_->know(view_, at_);
            process_->send(SIGHUP);
            return;
        }
        signals_.forget_hangup();
        if (signals_.asked_to_end()) return tell_change("not starting again what was asked to end");
        tell_change("starting again");
        again_ = true;
        output_->stop(signals_);
    }
    void tell_change(const std::string& what) const {
        s_.notice("secrets of " + at_.text() + " changed: " + what);
    }
    /// The command goes on with what it has; said once.
    void trouble(const coffer::failure& why) {
        if (why.code != trouble_)
            s_.notice("can't look for changes now: " + s_.words(why, at_.where()));
        trouble_ = why.code;
    }

    session& s_;
    place at_;
    coffer::view view_;
    provision current_;
    bool redact_;
    std::string watch_;
    signal_forwarding signals_{};
    std::unique_ptr<child> process_{};
    std::unique_ptr<redacted_output> output_{};
    bool again_ = false; ///< It is to be started again when it has ended.
    std::uint64_t looked_ = now_ms();
    coffer::errc trouble_{};
    /// The state that can't be given to the command, once that was told.
    std::optional<std::vector<std::string>> lacking_{};
};

/// Answers only if it could not be started.
auto run_command(const session& s, provision& given) -> int {
    return tell_not_started(s, become(s.in.after_dashes, given.variables));
}

/// From what was kept: nobody is asked.
auto run_offline(session& s) -> int {
    if (s.in.has("watch") || s.in.has("redact") || s.in.has("keep"))
        refuse("--offline does not go with --watch, --redact or --keep");
    const auto copy = open_copy(s);
    auto given = provide(s, copy.at, copy.secrets, copy.expired);
    given.of = "the copy kept of " + copy.at.text();
    require_named(copy.at, given);
    given.freshness = "kept " + ago(copy.taken_at, now_ms());
    return announce(s, copy.at, given) ? run_command(s, given) : 0;
}

/// A store of files is here anyway: nobody else is asked.
auto is_offline(session& s) -> bool {
    if (!s.in.has("offline")) return false;
    if (s.is_remote()) return true;
    if (folder_of_store(store_place(s.config())).empty())
        throw problem(coffer::errc::unsupported,
                      "--offline works through a server, or with a store of files: coffer copy "
                      "makes one of this store");
    return false;
}

auto run_run(session& s) -> int {
    if (s.in.after_dashes.empty()) refuse("what shall be run? coffer run … -- CMD");
    (void)only_list(s); // refused before anybody is asked
    if (is_offline(s)) return run_offline(s);
    const auto at = s.here();
    auto view = need(s.vault()->resolver().at(at.where()), at.where());
    const auto values = need_only_values(s, at, view);
    auto given = provide(s, at, view, values);
    require_named(at, given);
    if (!announce(s, at, given)) return 0;
    if (s.in.has("keep")) {
        if (!s.is_remote()) refuse("--keep is for a server's secrets; a store is kept already");
        keep_copy(s, at, view, values);
    }
    if (s.in.has("redact") || s.in.has("watch"))
        return supervised(s, at, std::move(view), std::move(given)).run();
    return run_command(s, given);
}

} // namespace

auto run_verb() -> verb {
    return {
        .name = "run",
        .arguments = "-- CMD…",
        .summary = "run a command with the secrets as environment variables",
        .details =
            "Variables are set literally. Names that say what shells, loaders and "
            "interpreters run (PATH,\n"
            "LD_PRELOAD, BASH_ENV, NODE_OPTIONS …) are left out, and it is said: who may "
            "set values would run\n"
            "code with them. --only takes one that it names, without a pattern.\n"
            "What has expired is left out, and it is said.\n"
            "What opens Coffer itself is not handed on: COFFER_TOKEN, COFFER_TOKEN_FILE, "
            "the variables\n"
            "of --keys env:NAME[,OLDER].\n"
            "The exit code is the command's own, 128 + signal if one ended it; 125: Coffer "
            "failed before it\n"
            "started, 126: it can't be executed, 127: there is none.\n"
            "--redact cuts values of 8 bytes and more out of what the command prints; of "
            "a line that\n"
            "has not ended, a few bytes may be held back until it prints more. --watch "
            "looks every second; "
            "what was asked\n"
            "to end is not started again, and where a name that --only says is gone or can't be "
            "used, the\n"
            "command goes on as it is.\n"
            "--keep keeps what the server gave, sealed under the token, in a file of mode "
            "0600; --offline\n"
            "runs from that and asks nobody, within --max-stale: it sees no change, no "
            "revocation, and no\n"
            "audit log sees it. It goes with neither --watch nor --redact. With --only no "
            "more than those\n"
            "names are kept, for --offline with the same --only, beside what was kept of all: of "
            "these two\n"
            "it takes the newer one that can be used. A store of files is offline as it is.",
        .options =
            {{"--only", takes::value, "G",
              "names that match: 'SLACK_*,DB_URL'; DB_URL has to be there, not expired, and to fit "
              "a variable"},
             {"--prefix", takes::value, "P", "put P before every name"},
             {"--clean-env",
              takes::nothing,
              {},
              "no other variables but PATH, HOME and their like"},
             {"--redact", takes::nothing, {}, "cut the values out of its stdout and stderr"},
             {"--watch", takes::optional_value, "[=restart|SIGHUP]",
              "when a secret changed, start it again or send SIGHUP"},
             {"--keep", takes::nothing, {}, "keep a sealed copy for --offline"},
             {"--offline",
              takes::nothing,
              {},
              "from the copy that --keep kept, without asking the server"}},
        .run = run_run,
        .scopes = scope_options::all};
}

} // namespace command
