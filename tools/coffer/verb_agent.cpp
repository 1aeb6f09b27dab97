// SPDX-License-Identifier: BSL-1.0
#include "agent_server.hpp"
#include "child.hpp"
#include "closed_memory.hpp"
#include "event_source.hpp"
#include "output.hpp"
#include "problem.hpp"
#include "redacted_output.hpp"
#include "remote.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/http/refusal.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

namespace command {

namespace fs = std::filesystem;
namespace http = coffer::http;
namespace json = boost::json;
using coffer::errc;

namespace {

/// What node runs: the listener's own copy of the package gives the one event to it.
constexpr const char* host = R"(
import { pathToFileURL } from 'node:url';
const event = JSON.parse(process.env.COFFER_EVENT);
delete process.env.COFFER_EVENT;
const { FlatfileListener } = await import('@flatfile/listener');
const { default: setup } = await import(pathToFileURL(process.argv[1]));
if (typeof setup !== 'function') {
  console.error(`${process.argv[1]} exports no function by default: export default (listener) => { … }`);
  process.exit(1);
}
await FlatfileListener.create(setup).dispatchEvent(event);
)";

constexpr std::size_t largest_event = std::size_t{64} << 10;
constexpr const char* usual_time = "60s";

/// An event as it came, and where it belongs.
struct incoming_event {
    std::string text{};
    std::string topic{};
    coffer::scope where{};
    std::string flaw{}; ///< Why it can't be given: `it is …`; empty: it can.

    static auto read(std::string_view line) -> incoming_event {
        incoming_event out;
        json::error_code wrong;
        const auto value = json::parse({line.data(), line.size()}, wrong);
        if (line.size() > largest_event)
            out.flaw = "it is longer than 64 KiB";
        else if (wrong || !value.is_object())
            out.flaw = "it is no JSON object";
        if (!out.flaw.empty()) return out;
        out.text = line;
        const auto& event = value.get_object();
        if (const auto* topic = event.if_contains("topic"); topic != nullptr && topic->is_string())
            out.topic = topic->get_string();
        if (const auto* context = event.if_contains("context");
            context != nullptr && context->is_object())
            out.read_place(context->get_object());
        if (out.flaw.empty() && out.where.environment.empty())
            out.flaw = "its context has no environmentId";
        return out;
    }

private:
    /// An id that is there and no text is a flaw: taken for none, it would open more to the event
    /// than where it belongs.
    void read_place(const json::object& context) {
        for (const auto& [member, id] :
             {std::pair{"environmentId", &where.environment}, std::pair{"spaceId", &where.space},
              std::pair{"actorId", &where.actor}}) {
            const auto* found = context.if_contains(member);
            if (found == nullptr || found->is_null()) continue;
            if (found->is_string())
                *id = found->get_string();
            else
                flaw = std::string("the ") + member + " in its context is no text";
        }
    }
};

/// Gives events to a listener of somebody else's, each in a process of its own.
class agent {
public:
    agent(session& s, agent_server& server, fs::path file, std::string authorities,
          std::chrono::milliseconds time)
        : s_(s), server_(server), file_(std::move(file)), authorities_(std::move(authorities)),
          time_(time) {}

    /// `called`: what it is called where it is left out. False: the agent is to end.
    auto take(std::string_view line, const std::string& called) -> bool {
        const auto event = incoming_event::read(line);
        if (!event.flaw.empty()) {
            s_.notice(called + " was left out: " + event.flaw);
            ++failed_;
            return true;
        }
        const signal_forwarding
            signals; // outlives the event's token, which goes back whatever comes
        try {
            give(event, signals);
        } catch (problem& why) {
            s_.say_more(why);
            s_.notice(printable(event.topic) + " was not given: " + why.message);
            ++failed_;
        }
        // Whatever the process ended with, a signal of its own included, is about this event alone.
        asked_to_end_ = signals.asked_to_end();
        return !asked_to_end_ && !lost_;
    }
    /// How the agent ends. Throws problem where it is because some output was not taken.
    auto exit_code() const -> int {
        if (asked_to_end_) return 128 + *asked_to_end_;
        if (lost_) throw problem(lost_->code, lost_->message + ": no more events are given");
        return failed_ == 0 ? 0 : 1;
    }

private:
    /// What the process of an event is given, and what is cut from what it says. The token goes
    /// back whatever comes in between.
    struct provision {
        provision(agent_server& from, event_token lent) : server(from), token(std::move(lent)) {}
        ~provision() { server.revoke(token); }
        provision(const provision&) = delete;
        auto operator=(const provision&) -> provision& = delete;

        agent_server& server;
        event_token token;
        coffer::redactor values{};
    };

    auto ask_for(const incoming_event& event) -> std::unique_ptr<provision> {
        auto out = std::make_unique<provision>(
            server_, server_.mint(event.where, time_ + std::chrono::seconds(15)));
        server_.know_values(event.where, out->token, out->values);
        (void)out->values.add("the event's token", out->token.text); // too long to be left out
        return out;
    }
    /// Asks again each second while no server answers, since every other event would fare like this
    /// one; while one answers that it can't do it now, which may be about this event alone, as long
    /// as an event may take. Null: the agent is to end.
    auto provide(const incoming_event& event, const signal_forwarding& signals)
        -> std::unique_ptr<provision> {
        const auto until = std::chrono::steady_clock::now() + time_;
        for (bool told = false;; told = true) {
            try {
                auto given = ask_for(event);
                return signals.asked_to_end() ? nullptr : std::move(given);
            } catch (const problem& why) {
                const auto passing = passing_trouble(why);
                if (!passing || (passing->cause.category() == http::refusal_category() &&
                                 std::chrono::steady_clock::now() >= until))
                    throw;
                if (!told)
                    s_.notice(printable(event.topic) + " waits: " +
                              words_of_server(*passing, server_.url()) + "; trying again");
            }
            coffer::detail::sleep_for(std::chrono::milliseconds(1000));
            if (signals.asked_to_end()) return nullptr;
        }
    }
    /// What passes by itself; nullopt: what does not. A token that may have been made, though no
    /// answer came, ends by its time.
    static auto passing_trouble(const problem& why) -> std::optional<coffer::failure> {
        if (!why.because) return std::nullopt;
        switch (why.because->code) {
        case errc::unavailable:
        case errc::timed_out: return why.because;
        case errc::outcome_unknown: return coffer::failure(errc::unavailable, why.because->cause);
        default: return std::nullopt;
        }
    }

    void give(const incoming_event& event, const signal_forwarding& signals) {
        const auto given = provide(event, signals);
        if (given == nullptr) return;
        child_environment variables(true);
        variables.set("HOME", "/nonexistent"); // where this user keeps tokens of its own
        variables.set("AGENT_INTERNAL_URL", server_.url());
        variables.set("FLATFILE_API_URL", server_.url());
        if (!authorities_.empty()) variables.set("NODE_EXTRA_CA_CERTS", authorities_);
        variables.set("FLATFILE_BEARER_TOKEN", given->token.text.expose_secret());
        variables.set("COFFER_EVENT", event.text);
        child process({"node", "--input-type=module", "-e", host, file_.string()}, variables, true);
        // One that came before there was a process was sent on to none.
        if (const auto number = signals.asked_to_end()) process.send(*number);
        const auto code = watch(process, signals, given->values);
        if (code == 0) return;
        ++failed_;
        s_.notice(words_of_end(event, code));
    }

    /// Of a process that did not end well, as watch() answers.
    auto words_of_end(const incoming_event& event, std::optional<int> code) const -> std::string {
        if (code == 127) return "node is not there";
        const auto whose = printable(event.topic) + ": the listener";
        if (code) return whose + "'s process ended with " + std::to_string(*code);
        return whose + " was ended after " + s_.in.text("timeout").value_or(usual_time) +
               ", which is all that an event may take (--timeout)";
    }

    /// Shows what it says, less what is a value, until it ends or its time is up. Its exit code;
    /// nullopt: its time was up, so it was ended.
    auto watch(child& process, const signal_forwarding& signals, const coffer::redactor& values)
        -> std::optional<int> {
        redacted_output output(process, values);
        const auto until = std::chrono::steady_clock::now() + time_;
        bool too_long = false;
        while (!process.ended() || output.is_open()) {
            output.pass(signals, 100);
            if (std::chrono::steady_clock::now() < until) continue;
            too_long = !process.ended() && !signals.asked_to_end();
            output.stop(signals);
            break; // what it started and left behind may hold its pipes for ever
        }
        output.finish();
        lost_ = output.lost();
        return too_long ? std::nullopt : process.ended();
    }

    session& s_;
    agent_server& server_;
    fs::path file_;
    std::string authorities_;
    std::chrono::milliseconds time_;
    std::size_t failed_ = 0;
    std::optional<int> asked_to_end_{};
    std::optional<problem> lost_{}; ///< What a listener printed and nobody took.
};

/// Events from stdin, one a line; the listeners get no stdin.
class event_lines {
public:
    event_lines() : in_(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) {
        if (!in_) refuse("stdin is closed");
        const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        ::dup2(nothing, STDIN_FILENO);
        ::close(nothing);
    }
    /// The next line that is not empty; of one that is longer than an event may be, what shows that
    /// it is. nullopt: there is no more.
    auto next() -> std::optional<std::string> {
        std::string line;
        for (bool more = true; more;) {
            const auto end = text_.find('\n');
            line.append(text_, 0, std::min(end, largest_event + 1 - line.size()));
            if (end == text_.npos) {
                more = read_more();
                if (more || line.empty()) continue;
            } else {
                text_.erase(0, end + 1);
            }
            ++number_;
            if (!line.empty()) return line;
        }
        return std::nullopt;
    }
    /// Which line that was, from 1.
    auto number() const -> std::size_t { return number_; }

private:
    /// Takes what comes in the place of `text_`. False: nothing does any more.
    auto read_more() -> bool {
        std::array<char, 4096> piece{};
        auto n = ::read(in_.get(), piece.data(), piece.size());
        while (n < 0 && errno == EINTR)
            n = ::read(in_.get(), piece.data(), piece.size());
        text_.assign(piece.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
        return n > 0;
    }

    coffer::posix::file_descriptor in_;
    std::string text_{}; ///< Read, and not yet in a line.
    std::size_t number_ = 0;
};

auto time_of_event(const session& s) -> std::chrono::milliseconds {
    const auto time = parse_duration(s.in.text("timeout").value_or(usual_time));
    if (!time || *time == 0 || *time > 3'600'000) refuse("--timeout takes 1s to 1h");
    return std::chrono::milliseconds(*time);
}

/// The file of authorities that node is to trust besides those that it brings: the agent's own, or
/// what this process's variable for node names. Absolute, since node starts elsewhere; empty: none.
auto authorities_for_node(const settings& from) -> std::string {
    if (const auto* const ca = from.find("ca")) return path_of(*ca).string();
    const char* const variable = std::getenv("NODE_EXTRA_CA_CERTS");
    return variable == nullptr || *variable == 0 ? "" : fs::absolute(variable).string();
}

auto run_agent(session& s) -> int {
    if (s.dry_run())
        refuse("agent run does nothing that could be told beforehand: leave out --dry-run");
    if (s.config().find("server") == nullptr || !s.is_remote())
        refuse("coffer agent works through a server: say --server URL");
    const auto from = s.in.text("events");
    std::error_code wrong;
    const auto file = fs::canonical(s.in.arguments.front(), wrong);
    if (wrong) refuse("there is no such file");
    const auto time = time_of_event(s);
    auto authorities = authorities_for_node(s.config());
    outlive_readers(); // an event's token goes back, whoever reads what is printed
    close_memory();    // before there is a token in it: the listeners run as the same user
    if (const auto token = token_for(s.config()); token.from != "COFFER_TOKEN")
        s.notice("the token is in a file (" + token.from +
                 ") that the listener may read as well; COFFER_TOKEN is closed to it");
    agent_server server(s);
    std::optional<event_source> source;
    if (from != "-") source.emplace(s);
    server.require_token();
    fs::current_path(file.parent_path(), wrong); // where node looks for the listener's packages
    agent one(s, server, file, std::move(authorities), time);
    event_lines lines;
    if (source) {
        s.hint("listening to the events of " + source->name());
        source->follow([&](std::string_view event) {
            return one.take(event, "an event of " + source->name());
        });
        return one.exit_code();
    }
    while (const auto line = lines.next())
        if (!one.take(*line, "line " + std::to_string(lines.number()) + " of stdin")) break;
    return one.exit_code();
}

} // namespace

auto agent_verb() -> verb {
    return {
        .name = "agent run",
        .arguments = "FILE.mjs",
        .least = 1,
        .most = 1,
        .offers = completes::files,
        .summary = "give events to a JavaScript listener of somebody else's",
        .details =
            "FILE exports a function that is given the listener, as Flatfile's agents do; its own\n"
            "folder has the package @flatfile/listener. Each event gets a process of its own: "
            "node,\n"
            "no variables but the usual few, no stdin, and a token that reads the event's scope\n"
            "alone and ends with it: its space, and its actor if it has one; of an event without "
            "a\n"
            "space the environment with all its spaces. The token, and the values that programs "
            "get\n"
            "in exactly this scope, are cut from what it prints. The agent's own token is one "
            "that\n"
            "may make such tokens: an operator's, or an env-admin's that has --reveal.\n"
            "\n"
            "What the process may do on this machine is what this user may: run the agent under "
            "an\n"
            "account of its own, and give it its token in COFFER_TOKEN, which the listener can't\n"
            "see; a file of that account's it can read. A token in a file may be replaced there:\n"
            "the file is read again when the one before is refused.\n"
            "\n"
            "node trusts the authorities that it brings, not the system's; and those of --ca,\n"
            "COFFER_CA or the settings, as the agent does, or where there are none of these those\n"
            "of the agent's variable NODE_EXTRA_CA_CERTS.\n"
            "\n"
            "While the server can't be reached, an event waits for it, and all behind it; while "
            "it\n"
            "answers that it can't do it now, as long as --timeout says. Then the event is left "
            "out,\n"
            "and it is said.\n"
            "\n"
            "Where nobody takes what a listener prints any more, the listener meets a broken "
            "pipe, and\n"
            "with its process the agent ends, with exit code 6.",
        .options = {{"--events", takes::value, "URL|-",
                     "events of another server (https://HOST/PATH, server-sent), or from stdin\n"
                     "(-), one JSON object a line, instead of the server's own"},
                    {"--events-token-file", takes::value, "FILE",
                     "the other server's token, a file of mode 0600"},
                    {"--timeout", takes::value, "D", "how long one event may take (60s)"}},
        .run = run_agent,
    };
}

} // namespace command
