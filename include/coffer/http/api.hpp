// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_API_HPP
#define COFFER_HTTP_API_HPP

#include <coffer/http/audit_hook.hpp>
#include <coffer/http/authenticator.hpp>
#include <coffer/http/call.hpp>
#include <coffer/http/openapi.hpp>
#include <coffer/http/probes.hpp>
#include <coffer/http/rate_limit.hpp>
#include <coffer/http/routes.hpp>
#include <coffer/policy.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What a log may say of an answered request: the route's pattern, never the target, which may hold
/// names.
struct answered_request {
    std::string_view method; ///< The route's; `other` where none matched.
    std::string_view pattern;
    unsigned status = 0;
    std::string_view code{}; ///< Of a refusal: the name of its errc, if it has one.
    std::chrono::nanoseconds took{};
    std::string_view token_id;
    std::string_view peer;
    std::string_view id; ///< What the header x-request-id says, if there is one.
};

struct api_options {
    /// Who stands behind a token. Never null.
    std::shared_ptr<authenticator> tokens{};
    /// Where audit records go; null: nowhere.
    std::shared_ptr<audit_hook> audit{};
    /// Further rows of the table: tokens, sessions, the audit log, events. They may hold what
    /// their functions need.
    std::vector<route> more{};
    /// Answers what is asked for beside the table and /v1: the page. Never waits. Null: 404.
    std::function<response(const request&)> page{};
    /// What /metrics shows. Null: there is no such address.
    std::function<std::string()> metrics{};
    /// Told of every answered request. Must not wait.
    std::function<void(const answered_request&)> log{};
    reveal_mode reveal = reveal_mode::off;
    quotas most{}; ///< What writers may make at will.
    /// Requests that one token, and refused tokens that one address, may send in a minute.
    rate token_rate = requests_of_a_token;
    rate refused_rate = failed_authentications;
    /// What the vault's `serve_stale_for` says, for people.
    std::chrono::milliseconds stale_for = options().serve_stale_for;
    /// Outlives the api. The clock of everything that is decided here; vault, tokens and sessions go
    /// by the same one.
    const clock* time = &machine_clock();
};

/// The service: the wire contract under /v1 (also /api/v1), Coffer's own under /v1/x, and probes.
/// Thread-safe; throws nothing but std::bad_alloc.
///
///     http::api service(coffer::erase(vault), {.tokens = registry});
///     auto answer = service.handle(request);
class api : public handler {
public:
    api(any_vault vault, api_options with)
        : parts_(std::move(vault), with.reveal, *with.time), with_(std::move(with)),
          table_(all_rows(with_)), by_token_(with_.token_rate, *with_.time),
          refused_(with_.refused_rate, *with_.time) {
        parts_.most = with_.most;
        parts_.audit = with_.audit;
        parts_.stale_for = with_.stale_for;
    }

    auto try_now(const request& in) -> std::optional<response> override {
        const auto began = logged_now();
        answered_request told{
            .method = "other", .pattern = "", .token_id = "", .peer = in.peer, .id = ""};
        try {
            auto m = match(in);
            if (m.row == nullptr || !m.row->run_now) return page_now(in, m, told, began);
            if (is_audited(*m.row)) return std::nullopt; // its record waits for the disk
            call c(parts_, in, *m.row);
            c.path = std::move(m.path);
            if (m.row->who != admits::anyone) {
                auto who = with_.tokens->try_authenticate(bearer_of(in), in);
                if (!who) return std::nullopt;
                c.who = *std::move(who);
            }
            auto out = m.row->run_now(c);
            if (!out || !is_decided(c, *out)) return std::nullopt;
            if (m.row->who != admits::anyone && by_token_.take(c.who.token_id).count() != 0)
                return std::nullopt;
            mark_age(c, *out);
            told.token_id = c.who.token_id;
            return finish(*std::move(out), m.row, told, began);
        } catch (...) { // why, handle() says
            return std::nullopt;
        }
    }

    auto handle(const request& in) -> response override {
        const auto began = logged_now();
        answered_request told{
            .method = "other", .pattern = "", .token_id = "", .peer = in.peer, .id = ""};
        principal who;
        const route* row = nullptr;
        auto out = guarded([&] { return answer(in, row, who); });
        told.token_id = who.token_id;
        return finish(std::move(out), row, told, began);
    }

    /// What is asked for by POST because it is long, or because it shows a value, changes nothing
    /// either.
    auto only_reads(const request& head) const noexcept -> bool override {
        if (handler::only_reads(head)) return true;
        try {
            const auto m = match(head);
            return m.row == nullptr || only_reads(*m.row);
        } catch (const std::exception&) { // no memory
            return false;
        }
    }
    /// Who holds a token. Who is yet to get one sends little.
    auto knows_sender(const request& head) -> bool override {
        try {
            const auto bearer = bearer_of(head);
            const auto who = bearer.empty() ? result<principal>(errc::denied)
                                            : with_.tokens->authenticate(bearer, head);
            return who || who.error().code != errc::denied;
        } catch (const std::exception&) { // why, handle() says
            return false;
        }
    }

    auto routes() const noexcept -> const route_table& { return table_; }
    auto parts() noexcept -> api_parts& { return parts_; }

private:
    struct matched : route_table::match {
        bool under_v1 = false;
        bool readable = true; ///< The path could be decoded.
    };

    static auto all_rows(api_options& with) -> std::vector<route> {
        auto rows = v1_routes();
        auto own = x_routes();
        auto probes = probe_routes(with.metrics, with.audit);
        for (auto* more : {&own, &probes, &with.more})
            rows.insert(rows.end(), std::make_move_iterator(more->begin()),
                        std::make_move_iterator(more->end()));
        const auto text = std::make_shared<std::string>();
        rows.push_back({"GET", "/v1/x/openapi.json", "", std::nullopt, scope_from::nowhere,
                        admits::token, [text](call&) {
                            response out;
                            out.body.assign(*text);
                            return out;
                        }});
        *text = openapi_writer::document(rows);
        return rows;
    }

    auto match(const request& in) const -> matched {
        matched out;
        const target where(in.target);
        decoded_texts texts;
        const auto decoded = where.segments(texts);
        out.readable = decoded.has_value();
        if (!decoded) {
            out.under_v1 = where.path.starts_with("/v1") || where.path.starts_with("/api/v1");
            return out;
        }
        std::span<const std::string_view> segments(*decoded);
        if (segments.size() > 1 && segments[0] == "api" && segments[1] == "v1")
            segments = segments.subspan(1);
        out.under_v1 = segments.front() == "v1";
        static_cast<route_table::match&>(out) = table_.find(in.method, segments);
        return out;
    }

    auto authenticated(const request& in) -> principal {
        const auto bearer = bearer_of(in);
        auto who = bearer.empty() ? result<principal>(errc::denied)
                                  : with_.tokens->authenticate(bearer, in);
        if (who) return *std::move(who);
        if (who.error().code != errc::denied) throw error_of(who.error());
        note_refused(in);
        api_error why{401, "a known token is needed: Authorization: Bearer …", {}, "denied"};
        // A token that is known is let in all the same: an address may be a whole office's, and who
        // guesses there must not lock out who knows. No 429: clients would send it again at once.
        if (!bearer.empty()) why.retry_after = refused_.take(address_key(in.peer));
        throw why;
    }

    void note_refused(const request& in) {
        if (with_.audit == nullptr) return;
        audit_record r;
        r.action = "login.refused";
        r.status = 401;
        r.peer = in.peer;
        (void)with_.audit->append(r);
    }

    auto answer(const request& in, const route*& row, principal& who) -> response {
        auto m = match(in);
        row = m.row;
        const bool open = m.row != nullptr ? m.row->who == admits::anyone : !m.under_v1;
        if (!open) {
            who = authenticated(in);
            if (const auto wait = by_token_.take(who.token_id); wait.count() != 0)
                throw too_many("too many requests of this token", wait);
        }
        if (m.row == nullptr) return no_row(in, m);
        call c(parts_, in, *m.row);
        c.path = std::move(m.path);
        c.who = who;
        return noted(c, guarded([&] {
                         require_own_origin(in, *m.row);
                         require_prepared(c);
                         auto out = m.row->run(c);
                         if (!is_decided(c, out)) throw api_error{500, "an internal error", {}, {}};
                         mark_age(c, out);
                         return out;
                     }));
    }
    auto no_row(const request& in, const matched& m) const -> response {
        if (!m.readable) throw bad_request({}, "the path can't be decoded");
        if (!m.methods.empty()) {
            auto out = to_response({405, "this address has not this method", {}, {}});
            out.headers.push_back({"allow", m.methods});
            return out;
        }
        if (!m.under_v1 && with_.page) return with_.page(in);
        throw worded(errc::not_found, "there is no such address: see /v1/x/openapi.json; a "
                                      "client's base address ends before /v1");
    }
    auto page_now(const request& in, const matched& m, answered_request& told,
                  std::chrono::steady_clock::time_point began) -> std::optional<response> {
        if (m.row != nullptr || m.under_v1 || !m.readable || !m.methods.empty() || !with_.page)
            return std::nullopt;
        return finish(with_.page(in), nullptr, told, began);
    }

    /// Whether a row that needs a right has asked for it. A row that forgot answers nothing.
    static auto is_decided(const call& c, const response& out) -> bool {
        return !c.of.needs || out.status >= 400 || c.was_decided();
    }

    /// A page of somebody else's may not speak for its visitor, token or not.
    static void require_own_origin(const request& in, const route& row) {
        if (!row.pattern.starts_with("/v1/x/")) return;
        const auto origin = in.header_of("origin");
        const auto host = in.header_of("host");
        // With a proxy in front that speaks TLS, the page's own origin is https all the same.
        const bool own = origin == std::string("https://").append(host) ||
                         (!in.secure && origin == std::string("http://").append(host));
        if (!origin.empty() && !own)
            throw api_error{403, "a page of another origin may not ask this", {}, "denied"};
        if (!in.body.empty() && !in.header_of("content-type").starts_with("application/json"))
            throw api_error{415, "the body must be marked as application/json", {}, {}};
    }
    auto is_audited(const route& row) const noexcept -> bool {
        return with_.audit != nullptr && !row.action.empty();
    }
    /// Whether a row changes nothing: what it gives is kept back where its audit record fails.
    static auto only_reads(const route& row) noexcept -> bool {
        return row.method == "GET" || row.needs == right::list || row.needs == right::read ||
               row.needs == right::reveal;
    }
    /// A change can't be taken back when its audit record fails, so that is made sure of before.
    /// Who has not said yet who they are changes nothing, and fills no disk.
    void require_prepared(call& c) const {
        if (only_reads(c.of) || c.of.who == admits::anyone || !is_audited(c.of)) return;
        complete(c, c.record, 0);
        if (!with_.audit->prepare(c.record)) throw unaudited();
        c.record.takes = audit_record::room::last;
    }
    /// The answer, once its records are durable.
    auto noted(call& c, response out) -> response {
        if (!is_audited(c.of)) return out;
        bool kept = true;
        for (auto& done : c.also) {
            complete(c, done, 200);
            if (c.record.takes != audit_record::room::none) done.takes = audit_record::room::part;
            kept = with_.audit->append(done) && kept;
        }
        complete(c, c.record, out.status);
        kept = with_.audit->append(c.record) && kept;
        return kept || out.status >= 400 ? std::move(out) : to_response(unaudited());
    }

    /// An answer that was made while the store was away says so, and how old it is.
    void mark_age(call& c, response& out) const {
        if (c.of.where == scope_from::rows)
            if (const auto all = c.vault().resolver().at({.environment = system_environment}))
                c.made_from(*all);
        if (!c.staleness() || out.status >= 300) return;
        const auto age = std::to_string(std::max<std::int64_t>(0, c.staleness()->count()));
        out.headers.push_back({"x-coffer-stale", "1"});
        out.headers.push_back({"x-coffer-age-ms", age});
        if (out.content_type != "application/json" || !out.body.ends_with('}')) return;
        out.body.pop_back();
        out.body.append(R"(,"stale":true,"ageMs":)").append(age).append("}");
    }
    template <class F>
    static auto guarded(F&& run) -> response {
        try {
            return run();
        } catch (const api_error& why) {
            return to_response(why);
        } catch (const std::exception&) { // its text is not known to be free of values
            return to_response({500, "an internal error", {}, {}});
        }
    }

    /// The time for a line of the log, where there is one.
    auto logged_now() const noexcept -> std::chrono::steady_clock::time_point {
        return with_.log ? std::chrono::steady_clock::now()
                         : std::chrono::steady_clock::time_point();
    }
    /// For people who ask about an answer: its line in the log has it too.
    auto request_id() const -> std::string {
        std::array<std::byte, 6> noise{};
        (void)parts_.vault->random(noise);
        return format::to_hex(noise);
    }

    auto finish(response out, const route* row, answered_request& told,
                std::chrono::steady_clock::time_point began) const -> response {
        if (out.status == 401) out.headers.push_back({"www-authenticate", "Bearer"});
        if (row != nullptr && row->pattern.starts_with("/v1/x/"))
            out.headers.push_back({"x-request-id", request_id()});
        if (with_.log) {
            if (row != nullptr) {
                told.method = row->method;
                told.pattern = row->pattern;
            }
            for (const auto& h : out.headers)
                if (h.name == "x-request-id") told.id = h.value;
            told.status = out.status;
            told.code = out.code;
            told.took = std::chrono::steady_clock::now() - began;
            with_.log(told);
        }
        return out;
    }

    api_parts parts_;
    api_options with_;
    route_table table_;
    rate_limiter by_token_;
    rate_limiter refused_;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
