// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_AUDIT_HPP
#define COFFER_HTTP_X_AUDIT_HPP

#include <coffer/http/audit_log.hpp>
#include <coffer/http/call.hpp>
#include <coffer/http/json_answer.hpp>
#include <coffer/http/times.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/serialize.hpp>

/// GET /v1/x/audit and GET /v1/x/audit/verify.
namespace coffer::inline COFFER_ABI::http::x {

/// Whether an action leaves another state behind than was there: of values, tokens, spaces,
/// environments, requirements or keys. Reads, sign-ins and events do not; neither do reveals.
inline auto is_change(std::string_view action) noexcept -> bool {
    static constexpr auto all = std::to_array<std::string_view>(
        {"environment.change", "environment.make", "environment.remove", "environment.shred",
         "kek.disable",        "kek.rotate",       "keys.rewrap",        "keys.rotate",
         "requirements.set",   "secret.hide",      "secret.remove",      "secret.rollback",
         "secret.set",         "secret.undelete",  "secret.unhide",      "secrets.change",
         "session.first",      "space.change",     "space.make",         "space.remove",
         "spaces.remove",      "token.mint",       "token.narrow",       "token.revoke"});
    return std::find(all.begin(), all.end(), action) != all.end();
}

/// What of the log is asked for.
struct audit_question {
    scope where{};           ///< Its members that are not empty have to fit.
    std::string_view who{};  ///< A token's id or name.
    std::string_view what{}; ///< An action.
    bool changes = false;    ///< Only actions that are changes, also where they were refused.
    std::string_view name{};
    std::string_view result{};
    std::uint64_t since = 0;          ///< In milliseconds since 1970; itself included.
    std::uint64_t until = UINT64_MAX; ///< It is not included.
    std::uint64_t before = UINT64_MAX;
    std::uint64_t limit = 100;
};

namespace reading_audit {

/// What one request reads at most, so that a question that nothing fits ends.
inline constexpr std::uint64_t most_bytes = 64 * 1024 * 1024;

inline auto object_in(const boost::json::object& o, std::string_view name)
    -> const boost::json::object& {
    static const boost::json::object none;
    const auto* found = o.if_contains({name.data(), name.size()});
    return found != nullptr && found->is_object() ? found->get_object() : none;
}
inline auto names_of(const boost::json::object& line) -> std::vector<std::string_view> {
    std::vector<std::string_view> out;
    const auto* found = line.if_contains("names");
    if (found == nullptr || !found->is_array()) return out;
    for (const auto& one : found->get_array())
        if (one.is_string()) out.push_back(view_of(one.get_string()));
    return out;
}
inline auto fits(const boost::json::object& line, const audit_question& q) -> bool {
    const auto is = [&](std::string_view member, std::string_view wanted) {
        return wanted.empty() || text_in(line, member) == wanted;
    };
    if (!is("environmentId", q.where.environment) || !is("spaceId", q.where.space) ||
        !is("actorId", q.where.actor) || !is("action", q.what) || !is("result", q.result))
        return false;
    if (q.changes && !is_change(text_in(line, "action"))) return false;
    if (q.since != 0 || q.until != UINT64_MAX) {
        const auto at = time_of_iso(text_in(line, "time"));
        if (!at || *at < q.since || *at >= q.until) return false;
    }
    const auto& actor = object_in(line, "actor");
    if (!q.who.empty() && text_in(actor, "id") != q.who && text_in(actor, "name") != q.who)
        return false;
    if (q.name.empty()) return true;
    const auto names = names_of(line);
    return std::find(names.begin(), names.end(), q.name) != names.end();
}
inline void write_row(json_writer& w, const boost::json::object& line) {
    const auto& actor = object_in(line, "actor");
    const auto names = names_of(line);
    w.begin_object().member("seq", number_in(line, "seq")).member("time", text_in(line, "time"));
    w.member_if("who",
                text_in(actor, "name").empty() ? text_in(actor, "id") : text_in(actor, "name"));
    w.member_if("tokenId", text_in(actor, "id")).member("what", text_in(line, "action"));
    for (const std::string_view same : {"environmentId", "spaceId", "actorId"})
        w.member_if(same, text_in(line, same));
    if (names.size() == 1) w.member("name", names.front());
    if (names.size() > 1) {
        w.key("names").begin_list();
        for (const auto name : names)
            w.text(name);
        w.end_list();
    }
    w.member_if("leftOut", number_in(line, "leftOut"));
    w.member_if("count", number_in(line, "count")).member_if("version", number_in(line, "version"));
    w.member_if("reason", text_in(line, "reason"));
    if (const auto& details = object_in(line, "details"); !details.empty())
        w.key("details").raw(boost::json::serialize(details));
    w.member("result", text_in(line, "result"));
    w.member_if("status", number_in(line, "status")).member_if("peer", text_in(line, "peer"));
    w.member("session", flag_in(line, "session")).end_object();
}

} // namespace reading_audit

/// Writes the rows that fit, newest first. Answers where the next question goes on; nothing if all
/// was read.
inline auto write_rows(json_writer& w, const audit_log& log, const audit_question& q)
    -> std::optional<std::uint64_t> {
    auto all = need(http::detail::segments_in(log.folder()));
    std::uint64_t given = 0;
    std::uint64_t read = 0;
    const auto durable = log.head().seq;
    for (auto of = all.rbegin(); of != all.rend(); ++of) {
        if (of->first >= q.before) continue;
        const auto file = need(http::detail::audit_file::open(of->path, O_RDONLY));
        for (http::detail::audit_lines_back lines(file); lines.next();) {
            const auto line = json_document::read(lines.text());
            if (!line) continue;
            const auto seq = number_in(line->object(), "seq");
            if (seq >= q.before || seq > durable) continue;
            if (given == q.limit || read > reading_audit::most_bytes) return seq + 1;
            read += lines.text().size();
            if (!reading_audit::fits(line->object(), q)) continue;
            reading_audit::write_row(w, line->object());
            ++given;
        }
    }
    return std::nullopt;
}

inline auto kept_log(const std::shared_ptr<audit_log>& log) -> audit_log& {
    if (log == nullptr)
        throw api_error{501, "this server keeps no audit log", {}, "unsupported", {}};
    return *log;
}
/// The scope that the query names, or the whole instance.
inline auto audited_scope(call& c) -> scope {
    scope out;
    if (!c.parameter("environmentId").empty() || !c.parameter("spaceId").empty())
        out = c.queried_scope();
    c.allow(out);
    return out;
}

/// A time in the query: a day, or one to the second. Throws 400.
inline auto asked_time(const call& c, std::string_view name, std::uint64_t otherwise)
    -> std::uint64_t {
    const auto text = c.parameter(name);
    if (text.empty()) return otherwise;
    const auto at = time_of_iso(text);
    if (!at) throw bad_request(name, "this must be a time: 2026-01-31T00:00:00Z");
    return *at;
}

/// Whether the query asks for changes alone. Throws 400.
inline auto asked_changes(const call& c) -> bool {
    const auto kind = c.parameter("kind");
    if (!kind.empty() && kind != "changes")
        throw bad_request("kind", "this must be changes, or be left out");
    return !kind.empty();
}

/// One of the words of detail::audit_result, or none. Throws 400.
inline auto asked_result(const call& c) -> std::string_view {
    const auto result = c.parameter("result");
    for (const unsigned status : {0U, 200U, 400U, 403U, 404U, 409U, 429U, 500U})
        if (result.empty() || result == http::detail::audit_result(status)) return result;
    throw bad_request("result", "this must be ok, denied, not_found, conflict, limited, refused, "
                                "failed or begun");
}

/// `after`: the `next` of the answer before, which goes on to older ones.
inline auto show_audit(call& c, const std::shared_ptr<audit_log>& kept) -> response {
    audit_question q;
    q.where = audited_scope(c);
    const auto& log = kept_log(kept);
    q.who = c.parameter("who");
    q.what = c.parameter("what");
    q.changes = asked_changes(c);
    q.name = c.parameter("name");
    q.result = asked_result(c);
    q.since = asked_time(c, "since", q.since);
    q.until = asked_time(c, "until", q.until);
    q.before = c.number("after", UINT64_MAX);
    q.limit = std::min<std::uint64_t>(c.number("limit", q.limit), 1000);
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_list();
    const auto next = write_rows(w, log, q);
    w.end_list().member("order", "desc");
    if (next) w.member("next", *next);
    w.end_object();
    return out;
}

/// Checks the whole log, whatever the scope: one at a time, since it reads all files. `from`: the
/// line that it begins with, where older files were put away.
inline auto verify_audit(call& c, const std::shared_ptr<audit_log>& kept, std::mutex& one)
    -> response {
    (void)audited_scope(c);
    const auto& log = kept_log(kept);
    const std::unique_lock only(one, std::try_to_lock);
    if (!only) throw api_error{503, "the log is being checked already", {}, "unavailable", {}};
    auto checked = log.verify(c.number("from", 1));
    if (!checked && checked.error() == errc::invalid_argument)
        throw bad_request("from", "the log does not go so far as yet: its last record is " +
                                      std::to_string(log.head().seq));
    const auto found = need(std::move(checked));
    const auto anchored = log.head().at;
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().member("intact", found.intact());
    if (found.up_to != 0) w.member("upTo", iso_time(found.up_to));
    if (anchored != 0) w.member("anchoredAt", iso_time(anchored));
    w.member("records", found.records);
    w.member_if("begins", found.begins);
    if (found.fault) w.member("firstBad", found.fault->seq).member("why", found.fault->why);
    w.end_object().end_object();
    return out;
}

/// The rows that this adds to the table of routes. Null: the server keeps no log, and says so.
inline auto audit_routes(std::shared_ptr<audit_log> log) -> std::vector<route> {
    const auto one = std::make_shared<std::mutex>();
    return {{"GET", "/v1/x/audit", "audit.read", right::audit, scope_from::query, admits::token,
             [log](call& c) { return show_audit(c, log); }},
            {"GET", "/v1/x/audit/verify", "audit.verify", right::audit, scope_from::query,
             admits::token, [log, one](call& c) { return verify_audit(c, log, *one); }}};
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
