// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_REMOTE_PLACES_HPP
#define COFFER_HTTP_REMOTE_PLACES_HPP

#include <coffer/dated.hpp>
#include <coffer/http/caller.hpp>
#include <coffer/http/query.hpp>
#include <coffer/http/watched_change.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// A server's environments and spaces. What a listing told of them is kept until something is
/// changed through here, so that looking a name up costs one call and not one for each id: for
/// short-lived programs. Thread-safe.
class remote_places {
public:
    explicit remote_places(std::shared_ptr<caller> calls) : calls_(std::move(calls)) {}

    auto environments() -> result<dated<std::vector<std::string>>> {
        const auto asked = machine_clock().boot();
        auto in = calls_->call({.method = "GET", .target = "/v1/x/environments"});
        if (!in) return in.error();
        return dated<std::vector<std::string>>{take(*in, {}), freshness_in(in->whole(), asked)};
    }

    auto spaces(std::string_view environment) -> result<dated<std::vector<std::string>>> {
        const auto asked = machine_clock().boot();
        dated<std::vector<std::string>> out{{}, {asked, false}};
        for (std::uint64_t page = 1;; ++page) {
            auto in =
                calls_->call({.method = "GET",
                              .target = "/v1/x/spaces" + query_of({.environment = environment}) +
                                        "&pageSize=1000&pageNumber=" + std::to_string(page)});
            if (!in) return unknown(in.error());
            auto more = take(*in, environment);
            out.fresh = older(out.fresh, freshness_in(in->whole(), asked));
            const auto* paging = in->whole().if_contains("pagination");
            const auto pages = paging != nullptr && paging->is_object()
                                   ? number_in(paging->get_object(), "pageCount")
                                   : 1;
            const bool last = more.empty() || page >= pages;
            out.insert(out.end(), std::make_move_iterator(more.begin()),
                       std::make_move_iterator(more.end()));
            if (last) return out;
        }
    }

    /// The metadata that the command reads: name, and isProd of an environment. Errors:
    /// unknown_scope; tampered, unknown_key, key_disabled, unavailable for an environment that
    /// can't be looked at.
    auto describe(context where) -> result<std::string> {
        if (auto known = kept(where)) return *std::move(known);
        if (where.space.empty()) {
            if (auto listed = environments(); !listed) return listed.error();
        } else {
            auto in = calls_->call({.method = "GET", .target = "/v1/x/spaces" + query_of(where)});
            if (!in) return unknown(in.error());
            take(*in, where.environment);
        }
        if (auto known = kept(where)) return *std::move(known);
        return errc::unknown_scope;
    }

    auto create(context where, std::string_view metadata) -> result<void> {
        outgoing out{.method = "POST",
                     .target = where.space.empty()
                                   ? std::string("/v1/x/environments")
                                   : "/v1/x/spaces" + query_of({.environment = where.environment}),
                     .body = {}};
        write(out.body, metadata, where.space.empty() ? where.environment : where.space,
              where.space.empty());
        return done(std::move(out), where, metadata);
    }
    auto change(context where, std::string_view metadata) -> result<void> {
        outgoing out{.method = "PATCH", .target = target(where), .body = {}};
        write(out.body, metadata, {}, where.space.empty());
        return done(std::move(out), where, metadata);
    }
    auto remove(context where) -> result<void> {
        return done({.method = "DELETE", .target = target(where)}, where, std::nullopt);
    }

private:
    using key = std::pair<std::string, std::string>;

    static auto target(context where) -> std::string {
        return (where.space.empty() ? "/v1/x/environments" : "/v1/x/spaces") + query_of(where);
    }
    static auto unknown(failure why) -> failure {
        return why.code == errc::not_found ? failure(errc::unknown_scope) : why;
    }
    static void write(wiped_text& to, std::string_view metadata, std::string_view id, bool prod) {
        const auto read = json_document::read(metadata);
        json_writer w(to);
        w.begin_object().member_if("id", id);
        if (read) w.member("name", text_in(read->object(), "name"));
        if (read && prod) w.member("isProd", flag_in(read->object(), "isProd"));
        w.end_object();
    }
    /// Keeps what the rows tell, and gives their ids. Without an environment they are environments.
    auto take(const json_answer& in, std::string_view environment) -> std::vector<std::string> {
        std::vector<std::string> out;
        const std::lock_guard lock(mutex_);
        for (const auto& one : in.list()) {
            if (!one.is_object()) continue;
            const auto& row = one.get_object();
            const std::string id(text_in(row, "id"));
            if (id.empty()) continue;
            wiped_text text;
            json_writer w(text);
            w.begin_object().member("name", text_in(row, "name"));
            if (environment.empty()) w.member("isProd", flag_in(row, "isProd"));
            w.end_object();
            kept_.insert_or_assign(environment.empty() ? key(id, {})
                                                       : key(std::string(environment), id),
                                   trouble_in(row, environment.empty())
                                       ? result<std::string>(*trouble_in(row, environment.empty()))
                                       : result<std::string>(std::string(text)));
            out.push_back(id);
        }
        return out;
    }
    /// Why an environment can't be looked at.
    static auto trouble_in(const boost::json::object& row, bool environment)
        -> std::optional<errc> {
        const auto state = environment ? text_in(row, "state") : std::string_view();
        return state == "damaged" ? errc::tampered : errc_of(state);
    }
    auto kept(context where) -> std::optional<result<std::string>> {
        const std::lock_guard lock(mutex_);
        const auto found = kept_.find({std::string(where.environment), std::string(where.space)});
        return found == kept_.end() ? std::nullopt : std::optional(found->second);
    }
    void forget() {
        const std::lock_guard lock(mutex_);
        kept_.clear();
    }
    /// Sends a change; if its answer is lost, asks whether the place is as it leaves it: described
    /// so, or gone.
    auto done(outgoing out, context where, std::optional<std::string_view> leaves) -> result<void> {
        auto in = calls_->call(std::move(out));
        forget();
        if (in) return {};
        if (in.error().code != errc::outcome_unknown) return unknown(in.error());
        return ask_until([&] { return is_so(where, leaves); }) ? result<void>() : in.error();
    }
    auto is_so(context where, std::optional<std::string_view> leaves) -> bool {
        forget();
        const auto there = describe(where);
        if (!leaves) return !there && there.error().code == errc::unknown_scope;
        const auto read = there ? json_document::read(*there) : std::nullopt;
        const auto meant = json_document::read(*leaves);
        return read && meant &&
               text_in(read->object(), "name") == text_in(meant->object(), "name") &&
               (!where.space.empty() ||
                flag_in(read->object(), "isProd") == flag_in(meant->object(), "isProd"));
    }

    std::shared_ptr<caller> calls_;
    std::mutex mutex_;
    std::map<key, result<std::string>> kept_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
