// SPDX-License-Identifier: BSL-1.0
#include "output.hpp"
#include "problem.hpp"
#include "remote.hpp"
#include "text.hpp"
#include "verbs.hpp"

#include <coffer/keyring/anchor_file.hpp>
#include <coffer/names.hpp>
#include <coffer/posix/file_descriptor.hpp>
#include <coffer/secure_memory.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <filesystem>
#include <functional>

#include <sys/resource.h>
#include <sys/stat.h>

namespace command {

namespace fs = std::filesystem;
namespace json = boost::json;
using coffer::errc;

namespace {

constexpr std::uint64_t minute = 60'000;
constexpr std::uint64_t day = 24 * 60 * minute;

/// Collects one line for each thing that is looked at.
class findings {
public:
    void good(std::string what, std::string said) { add(std::move(what), {}, std::move(said), {}); }
    void bad(std::string what, errc why, std::string said, std::string cure) {
        if (code_ == 0) code_ = exit_code_of(why);
        add(std::move(what), why, std::move(said), std::move(cure));
    }
    /// What can't be looked at is a finding too, and its words say the cure.
    void look(session& s, const std::string& what, const std::function<void()>& at) {
        try {
            at();
        } catch (problem& why) {
            s.say_more(why);
            const auto end = std::min(why.message.find('\n'), why.message.size());
            bad(what, why.code, why.message.substr(0, end), cure_in(why.message.substr(end)));
        }
    }
    auto exit_code() const -> int { return code_; }
    void put_all(const session& s) {
        if (s.json())
            put_json(json::object{{"ok", code_ == 0}, {"findings", std::move(all_)}});
        else
            put(rows_.text());
    }

private:
    /// What stands below a problem, on a line of its own: where the cure is, or what it is.
    static auto cure_in(std::string_view below) -> std::string {
        below.remove_prefix(std::min(below.find_first_not_of(" \n"), below.size()));
        constexpr std::string_view see = "See ";
        return std::string(below.substr(below.starts_with(see) ? see.size() : 0));
    }
    void add(std::string what, errc why, std::string said, std::string cure) {
        const auto word = why == errc{} ? std::string_view("ok") : to_string(why);
        all_.push_back(json::object{{"what", what},
                                    {"state", json::string_view(word.data(), word.size())},
                                    {"said", said},
                                    {"cure", cure}});
        rows_.row({why == errc{} ? "ok" : "NO", printable(what),
                   printable(said) + (cure.empty() ? "" : ": " + printable(cure))});
    }
    table rows_{};
    json::array all_{};
    int code_ = 0;
};

void look_at_memory(findings& f) {
    const coffer::detail::secure_buffer any(64);
    const auto now = coffer::secure_memory();
    ::rlimit may{};
    ::getrlimit(RLIMIT_MEMLOCK, &may);
    if (now.unlocked_bytes > 0)
        f.bad("memory", errc::unavailable, "values may be swapped out",
              "raise the limit of locked memory (ulimit -l, LimitMEMLOCK)");
    else
        f.good("memory", "values are locked in memory" +
                             (may.rlim_cur == RLIM_INFINITY
                                  ? std::string()
                                  : ", up to " + std::to_string(may.rlim_cur >> 10U) + " KiB"));
}

/// The newest write that is known, and whether all of them were looked at.
struct writes {
    std::uint64_t newest = 0;
    bool all = true;
};

/// The newest version of each name: a head that was written by a clock that is behind hides none.
void look_at_writes(session& s, const std::string& id, std::uint64_t written_at, writes& seen) {
    seen.newest = std::max(seen.newest, written_at);
    for (const auto& e : need(s.vault()->entries(id), {.environment = id}))
        seen.newest = std::max(seen.newest, e.entry.at);
}

void look_at_clock(findings& f, const writes& seen) {
    const auto now = now_ms();
    if (seen.newest > now + minute)
        f.bad("clock", errc::invalid_argument,
              "a write is of " + iso_time(seen.newest) + ", and here it is " + iso_time(now),
              "set the clock of this machine, or of the writer's");
    else if (seen.newest == 0)
        f.good("clock", iso_time(now) + "; no write to hold it against was read");
    else
        f.good("clock",
               iso_time(now) + ", after every write" + (seen.all ? "" : " of what could be read"));
}

void look_at_environment(session& s, findings& f, const std::string& id, writes& seen) {
    const auto looked = s.vault()->status(id);
    if (!looked && looked.error() == errc::unknown_scope)
        return f.good("environment " + id,
                      "removed but for the list; coffer env remove " + id + " finishes it");
    const auto state = need(coffer::result(looked), {.environment = id});
    look_at_writes(s, id, state.written_at, seen);
    const auto what = "environment " + id;
    const auto said =
        "generation " + std::to_string(state.generation) + ", " + names_and_spaces(state.entries);
    if (state.damaged > 0)
        f.bad(what, errc::tampered, said + ", " + std::to_string(state.damaged) + " damaged",
              std::string(cure_of(errc::tampered)));
    else
        f.good(what, said);
}

/// Who may write in a folder can put another file in the place of one in it.
void look_at_folder(findings& f, const std::string& what, const fs::path& folder) {
    struct stat s {};
    if (::stat(folder.c_str(), &s) != 0 || (s.st_mode & (S_IWGRP | S_IWOTH)) == 0 ||
        (s.st_mode & S_ISVTX) != 0) // there nobody renames what is another's
        return;
    f.bad(what, errc::denied, "others may write in " + folder.string(), "chmod go-w");
}

/// The anchor lies on the key side: what is wrong with it is nothing of the store's.
void look_at_anchor(session& s, findings& f) {
    const auto file = anchor_of(s.config());
    if (file.empty()) return;
    look_at_folder(f, "keys", file.parent_path());
    const auto read = coffer::keyring::anchor_file(file).recall(s.config().text("realm"),
                                                                coffer::system_environment);
    if (read) {
        const bool writable = coffer::posix::require_writable(file.parent_path()).has_value();
        std::error_code wrong;
        if (!writable && !fs::exists(file, wrong))
            f.bad("anchor", errc::unavailable,
                  file.string() + " is not there, and can't be made here: an old copy of the store "
                                  "would pass for the newest",
                  "a folder that this user may write");
        else if (!writable)
            f.good("anchor", file.string() + ", read-only here: reads are served, and nothing set");
        return;
    }
    f.bad("anchor", read.error().code,
          file.string() + (read.error().code == errc::tampered
                               ? " is damaged, or was there and is gone"
                               : " can't be read: it must be a file of yours, mode 0600"),
          "docs/operating.md#damaged");
}

void look_at_store(session& s, findings& f) {
    f.look(s, "keys", [&] {
        s.keys();
        f.good("keys", absolute_place(*s.config().find("keys")));
        look_at_anchor(s, f);
    });
    if (f.exit_code() != 0) return;
    std::vector<std::string> environments;
    f.look(s, "store", [&] {
        environments = need(s.vault()->environments(), {.environment = coffer::system_environment});
        const auto place = store_place(s.config());
        const auto folder = folder_of_store(place);
        const bool writable = folder.empty() || coffer::posix::require_writable(folder);
        f.good("store", place + ", " + count(environments.size(), "environment") +
                            (writable ? "" : ", read-only here"));
        if (!folder.empty()) look_at_folder(f, "store", folder);
    });
    writes seen;
    for (const auto& id : environments) {
        bool read = false;
        f.look(s, "environment " + id, [&] {
            look_at_environment(s, f, id, seen);
            read = true;
        });
        seen.all = seen.all && read;
    }
    look_at_clock(f, seen);
    if (anchor_of(s.config()).empty())
        f.bad("anchor", errc::unavailable,
              "these keys keep none: an old copy of the store would pass for the newest",
              "name a file for it, --anchor or COFFER_ANCHOR");
}

auto text_in(const json::object& o, std::string_view member) -> std::string {
    const auto* found = o.if_contains({member.data(), member.size()});
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

void look_at_token(findings& f, const json::object& me) {
    const auto said = text_in(me, "name") + " (" + text_in(me, "tokenId") + ")";
    const auto expires = text_in(me, "expiresAt");
    if (expires.empty()) return f.good("token", said);
    // Both are written alike, so they compare as texts.
    if (expires.substr(0, 19) < iso_time(now_ms() + 7 * day).substr(0, 19))
        f.bad("token", errc::expired, said + " ends " + expires,
              "coffer token create, coffer login");
    else
        f.good("token", said + ", until " + expires);
}

void look_at_server(session& s, findings& f) {
    f.look(s, "server", [&] {
        const auto me =
            json::parse(ask_server(s, *s.calls(), {.target = "/v1/x/whoami"})).as_object();
        const auto address = server_text(s.config());
        const auto* server = me.if_contains("server");
        const auto of =
            server != nullptr && server->is_object() ? server->get_object() : json::object();
        const auto since = text_in(of, "since");
        const auto said = address + ", version " + text_in(of, "version") +
                          (address.starts_with("https") ? ", TLS" : ", this machine");
        if (since.empty())
            f.good("server", said);
        else
            f.bad("server", errc::stale, said + ", without its store since " + since,
                  "look at its log and its /readyz");
        look_at_token(f, me);
    });
}

/// What the server says of itself to whoever watches it.
void look_at_serving(session& s, findings& f) {
    f.look(s, "serving", [&] {
        const auto now = ask_readiness(s);
        if (!now) return; // a proxy in front keeps it to itself, or nobody is there
        const std::string cure = "look at its log";
        if (now->status == "not_ready") {
            f.bad("serving", errc::unavailable,
                  now->why == "audit"
                      ? "the audit log can't be written: nothing is given or changed"
                      : "not ready: " + now->why,
                  cure);
            return;
        }
        if (!now->why.empty()) f.bad("serving", errc::unavailable, now->why, cure);
        if (now->degraded != 0)
            f.bad("serving", errc::unavailable,
                  "environments that can't be served: " + std::to_string(now->degraded),
                  "coffer env list says which");
        if (now->why.empty() && now->degraded == 0) f.good("serving", now->status);
    });
}

auto run_doctor(session& s) -> int {
    findings f;
    f.good("version", version_text());
    look_at_memory(f);
    if (s.is_remote()) {
        look_at_server(s, f);
        look_at_serving(s, f);
    } else {
        look_at_store(s, f);
    }
    f.put_all(s);
    return f.exit_code();
}

} // namespace

auto doctor_verb() -> verb {
    return {.name = "doctor",
            .summary = "whether all is as it should be, a line each, with the cure",
            .details = "Version, locked memory and, beside a store: keys, their anchor, "
                       "permissions, the store, its\n"
                       "environments, the clock; through a server: the server, TLS, whether it "
                       "sees its store, the token,\n"
                       "what its /readyz says.\n"
                       "No value is opened (coffer verify does that). Exit code 0 if all is well, "
                       "else that of the first\n"
                       "trouble.",
            .run = run_doctor};
}

} // namespace command
