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

event_source::event_source(session& s) : s_(s) {
    const auto url = s.in.text("events");
    const auto token_file = s.in.text("events-token-file");
    if (!url) {
        if (token_file) refuse("--events-token-file goes with --events URL");
        calls_ = s.calls();
        name_ = calls_->address().text();
        return;
    }
    if (!token_file)
        refuse("--events URL needs --events-token-file FILE: the agent's own token is this "
               "server's alone");
    const auto origin = url->find("://");
    const auto path = origin == url->npos ? url->npos : url->find_first_of("/?", origin + 3);
    if (path != url->npos && url->substr(path) != "/") target_ = url->substr(path);
    if (target_.starts_with('?')) target_.insert(0, "/");
    if (!std::ranges::all_of(target_, [](char c) { return c > ' ' && c < 0x7F && c != '#'; }))
        refuse("--events takes an address without blanks or #");
    calls_ = connect(s_.config(), url->substr(0, path), *token_file, "--events");
    name_ = calls_->address().text() + target_.substr(0, target_.find('?'));
}

void event_source::follow(const std::function<bool(std::string_view event)>& take) {
    std::string last;
    for (bool wanted = true; wanted;) {
        const auto done = calls_->follow(target_, last, [&](const http::sent_event& event) {
            last = event.id;
            if (event.type != http::gap_event)
                return wanted = event.data.empty() || take(event.data);
            s_.notice("events may have been missed: " + name_ +
                      " does not have all any more that came since the last one");
            return true;
        });
        if (!done && done.error().code != errc::unavailable &&
            done.error().code != errc::timed_out) {
            if (auto said = words_of_server(done.error(), name_); !said.empty())
                throw problem(done.error().code, std::move(said));
            need(coffer::result<void>(done.error()));
        }
        if (!done) s_.notice(name_ + " can't be reached; trying again");
        if (wanted) coffer::detail::sleep_for(std::chrono::milliseconds(1000));
    }
}

} // namespace command
