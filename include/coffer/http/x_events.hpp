// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_EVENTS_HPP
#define COFFER_HTTP_X_EVENTS_HPP

#include <coffer/http/call.hpp>
#include <coffer/http/changes_of_others.hpp>
#include <coffer/http/events.hpp>
#include <coffer/http/ids.hpp>
#include <coffer/http/times.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/beast/core/string.hpp>

/// POST /v1/events and GET /v1/x/events.
namespace coffer::inline COFFER_ABI::http::x {

/// Topics that only Coffer itself tells of, and their domain.
inline constexpr std::string_view own_topics = "secret:";
inline constexpr std::string_view own_domain = "secret";

/// The event of a changed secret, as JavaScript listeners know it: its name and id, no value. Without
/// a name it tells of all secrets of a scope that is gone, once.
inline auto secret_event(const any_vault& vault, const secret_change& what) -> happening {
    const auto& where = what.where;
    happening out;
    out.topic = std::string(own_topics).append(what.what);
    out.where = where;
    out.name = what.name;
    wiped_text text;
    json_writer w(text);
    w.begin_object().member("id", make_id(vault, "us_evt_").value_or(std::string("us_evt_")));
    w.member("domain", own_domain).member("topic", out.topic).key("context").begin_object();
    w.member("environmentId", where.environment).member_if("spaceId", where.space);
    w.member_if("actorId", where.actor).end_object();
    w.key("payload").begin_object();
    if (what.name.empty())
        w.member("all", true);
    else
        w.member("secretId", what.id).member("name", what.name);
    w.end_object();
    w.key("namespaces").begin_list().end_list().member("createdAt", iso_time(wall_now()));
    w.end_object();
    out.json = text;
    return out;
}

/// What api_parts::changed is to be, so that the hub tells of every change: of those that are made
/// through the api at once, of those that others make over the same store within about two of
/// `step`.
inline auto tell_changes(any_vault vault, std::shared_ptr<event_hub> hub,
                         std::chrono::milliseconds step = std::chrono::seconds(1))
    -> std::function<void(const secret_change&)> {
    const auto publish = [vault, hub](const secret_change& what) {
        hub->publish(secret_event(vault, what));
    };
    auto others = std::make_shared<changes_of_others>(
        vault, publish, [hub] { return hub->is_heard(); }, step);
    return [publish, others = std::move(others)](const secret_change& what) {
        others->made_here(what);
        publish(what);
    };
}

/// Whether a listener may take a text for one that begins so: blanks in front and capital letters
/// don't count.
inline auto is_own(std::string_view text, std::string_view begin) -> bool {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    return boost::beast::iequals(text.substr(0, begin.size()), begin);
}

/// A line of JSON: blanks in place of the line ends, which stand between tokens alone.
inline auto on_one_line(std::string_view json) -> std::string {
    std::string out(json);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return out;
}

/// The context of an event as it goes out: with the environment, which a space alone implies.
inline void write_context(json_writer& w, std::string_view sent, const scope& where) {
    w.begin_object().member("environmentId", where.environment);
    const raw_members members(sent);
    for (const auto& [name, value] : members.all())
        if (name != "environmentId") w.key(name).raw(value);
    w.end_object();
}

/// Takes an event of a program's: `{domain, topic, context:{environmentId, spaceId?, actorId?},
/// payload?, namespaces?, …}`, 64 KiB at most. It goes to those who may list its scope; id and time
/// are made here.
inline auto post_event(call& c, event_hub& hub) -> response {
    happening what;
    what.topic = c.text("topic");
    if (what.topic.empty()) throw bad_request("topic", "this must be text that is not empty");
    if (is_own(what.topic, own_topics))
        throw bad_request("topic", "these topics are the server's own");
    if (const auto domain = c.text("domain"); is_own(domain, own_domain))
        throw bad_request("domain", "this domain is the server's own");
    const auto* context = c.body().find("context");
    if (context == nullptr || !context->is_object())
        throw bad_request("context", "this must be an object with an environmentId");
    const auto id = [&](std::string_view member) -> std::string_view {
        const auto* found = context->get_object().if_contains({member.data(), member.size()});
        if (found == nullptr || found->is_null()) return {};
        if (!found->is_string()) throw bad_request("context", "ids are text");
        return view_of(found->get_string());
    };
    what.where = c.scope_of(id("environmentId"), id("spaceId"), id("actorId"));
    c.allow(what.where);
    wiped_text text;
    json_writer w(text);
    w.begin_object().member("id", need(make_id(c.parts.vault, "us_evt_")));
    w.member("createdAt", iso_time(wall_now()));
    const raw_members sent(c.in.body);
    for (const auto& [name, value] : sent.all())
        if (name == "context")
            write_context(w.key(name), value, what.where);
        else if (name != "id" && name != "createdAt")
            w.key(name).raw(value);
    w.end_object();
    what.json = on_one_line(text);
    if (what.json.size() > largest_event)
        throw api_error{413, "an event has at most 64 KiB", {}, "too_large"};
    response out;
    out.body.append("{\"data\":").append(what.json).append("}");
    hub.publish(std::move(what));
    return out;
}

/// `environmentId`, `spaceId`: what is listened to; else all that the caller may hear. A client
/// that comes back says the last event's number (Last-Event-ID, or `after`).
inline auto follow_events(call& c, event_hub& hub) -> response {
    scope of;
    if (!c.parameter("environmentId").empty() || !c.parameter("spaceId").empty())
        c.allow(of = c.queried_scope());
    c.rows_are_decided();
    std::uint64_t after = 0;
    const auto last = c.in.header_of("last-event-id");
    for (const char digit : last.empty() ? c.parameter("after") : last) {
        if (digit < '0' || digit > '9' || after > UINT64_MAX / 10 - 9)
            throw bad_request("after", "this must be an event's number");
        after = after * 10 + static_cast<unsigned>(digit - '0');
    }
    response out;
    out.content_type = "text/event-stream";
    out.follow = hub.follow(c.who, std::move(of), after);
    return out;
}

/// The rows that this adds to the table of routes.
inline auto event_routes(std::shared_ptr<event_hub> hub) -> std::vector<route> {
    return {{"POST", "/v1/events", "event.post", right::write, scope_from::body, admits::token,
             [hub](call& c) { return post_event(c, *hub); }},
            {"GET", "/v1/x/events", "events.follow", right::list, scope_from::query, admits::token,
             [hub](call& c) { return follow_events(c, *hub); }}};
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
