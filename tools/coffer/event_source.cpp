// SPDX-License-Identifier: BSL-1.0
#include "event_source.hpp"

#include "problem.hpp"
#include "remote_calls.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace command {

namespace http = coffer::http;
using coffer::errc;

namespace {

/// Of a server that may be anybody's: what it answers with is not what a Coffer means by it.
auto words_of_other(const coffer::failure& why, const std::string& server) -> std::string {
    using http::refusal;
    if (why.cause == refusal::no_coffer)
        return server + " is no address of events: it answers, but sends no stream of them";
    if (why.cause == refusal::unknown_token || why.cause == refusal::missing_right)
        return server + " refuses the token of --events-token-file";
    if (why.code == errc::denied) return server + ": " + words_for(why, {}, {});
    if (why.cause == refusal::too_many) return server + " takes no more requests for a while";
    if (why.code == errc::timed_out) return server + " gave no answer in time";
    if (why.code != errc::unavailable)
        return server + " refuses what it is asked (" + std::string(to_string(why.code)) + ")";
    const bool answers = !why.cause || why.cause.category() == http::refusal_category();
    return answers ? server + " gives no events now" : words_of_server(why, server);
}

} // namespace

event_source::event_source(session& s) : s_(s) {
    const auto url = s.in.text("events");
    const auto token_file = s.in.text("events-token-file");
    if (!url) {
        if (token_file) refuse("--events-token-file goes with --events URL");
        calls_ = s.calls();
        name_ = calls_->address().text();
        return;
    }
    const auto origin = url->find("://");
    if (origin == url->npos)
        refuse(
            "--events takes an address (https://HOST/PATH), or - for stdin: a file of events goes "
            "to that (--events - < FILE)");
    if (!token_file)
        refuse("--events URL needs --events-token-file FILE: the agent's own token is this "
               "server's alone");
    const auto path = url->find_first_of("/?", origin + 3);
    if (path != url->npos && url->substr(path) != "/") target_ = url->substr(path);
    if (target_.starts_with('?')) target_.insert(0, "/");
    if (!std::ranges::all_of(target_, [](char c) { return c > ' ' && c < 0x7F && c != '#'; }))
        refuse("--events takes an address without blanks or #");
    is_other_ = true;
    calls_ = connect(s_.config(), url->substr(0, path), *token_file, "--events");
    name_ = calls_->address().text() + target_.substr(0, target_.find('?'));
}

auto event_source::words(const coffer::failure& why) const -> std::string {
    if (is_other_) return words_of_other(why, name_);
    auto said = words_of_server(why, name_);
    return said.empty() ? words_for(why, {}, {}) : said;
}

void event_source::follow(const std::function<bool(std::string_view event)>& take) {
    std::string last;
    std::string told;
    for (bool wanted = true; wanted;) {
        const auto done = calls_->follow(target_, last, [&](const http::sent_event& event) {
            last = event.id;
            told.clear();
            if (event.type != http::gap_event)
                return wanted = event.data.empty() || take(event.data);
            s_.notice("events may have been missed: " + name_ +
                      " does not have all any more that came since the last one");
            return true;
        });
        std::string said;
        if (!done) {
            auto why = done.error();
            if (why.code == errc::not_found) // a Coffer that has no such route
                why = http::refused(http::refusal::no_coffer, errc::unsupported);
            said = words(why);
            if (!coffer::is_away(why.code)) throw problem(why.code, std::move(said));
            if (said != told) s_.notice(said + "; trying again");
        }
        told = std::move(said);
        if (wanted) coffer::detail::sleep_for(std::chrono::milliseconds(1000));
    }
}

} // namespace command
