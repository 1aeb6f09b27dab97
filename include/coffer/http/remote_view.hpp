// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_REMOTE_VIEW_HPP
#define COFFER_HTTP_REMOTE_VIEW_HPP

#include <coffer/concepts/secret_source.hpp>
#include <coffer/http/caller.hpp>
#include <coffer/http/query.hpp>
#include <coffer/http/wire_view.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// Asks for a context, with or without values; of some names or of all. Errors: those of
/// caller::call, with unknown_scope for what is not there.
inline auto ask_values(caller& calls, context where, bool values,
                       std::optional<std::span<const std::string>> names = std::nullopt)
    -> result<json_answer> {
    outgoing out{.method = "POST",
                 .target = "/v1/x/values" + query_of(where),
                 .body = {},
                 .only_reads = true};
    json_writer w(out.body);
    w.begin_object().member("values", values);
    if (names) {
        w.key("names").begin_list();
        for (const auto& name : *names)
            w.text(name);
        w.end_list();
    }
    w.end_object();
    auto in = calls.call(std::move(out));
    if (!in && in.error().code == errc::not_found) return errc::unknown_scope;
    if (!in) return in;
    const auto* rows = in->object().if_contains("rows");
    if (rows == nullptr || !rows->is_array()) return errc::unsupported;
    return in;
}

/// What a server told of a context, and how fresh it is.
struct told_values {
    std::shared_ptr<const wire_rows> rows{};
    freshness fresh{};
};
/// The same as ask_values. While the server itself has no fresh answer, its last one serves for
/// `serve_stale_for`, marked. Errors also: stale (it is older).
inline auto ask_fresh_values(caller& calls, context where, bool values,
                             std::chrono::milliseconds serve_stale_for,
                             std::optional<std::span<const std::string>> names = std::nullopt)
    -> result<told_values> {
    const auto asked = machine_clock().boot();
    auto in = ask_values(calls, where, values, names);
    if (!in) return in.error();
    const auto fresh = freshness_in(in->object(), asked);
    if (fresh.stale && machine_clock().boot() - fresh.as_of > serve_stale_for) return errc::stale;
    return told_values{std::make_shared<const wire_rows>(read_wire_rows(*in, where)), fresh};
}

/// A context as a person at the command looks at it: what is shown is one state, as in every view,
/// but a value is asked for only when it is wanted, so that listing names is no reading of values
/// in anybody's audit log. So get() and all() wait, and give what is there then, as fresh as the
/// server says that it is: errors also those of ask_fresh_values. Thread-safe.
class remote_view final : public view_model {
public:
    remote_view(std::shared_ptr<caller> calls, std::shared_ptr<const wire_rows> rows,
                std::chrono::milliseconds serve_stale_for)
        : calls_(std::move(calls)), rows_(std::move(rows)), shown_(rows_, machine_clock()),
          serve_stale_for_(serve_stale_for) {}

    auto get(std::string_view name, freshness /*of what is shown*/) const
        -> result<secret> override {
        if (auto named = check_name(name); !named) return named.error();
        const std::string one(name);
        auto in = ask_fresh_values(*calls_, rows_->asked.view(), true, serve_stale_for_,
                                   std::span(&one, 1));
        if (!in) return in.error();
        return wire_view(in->rows, machine_clock()).get(name, in->fresh);
    }
    auto all(freshness /*of what is shown*/) const -> result<std::vector<named_secret>> override {
        auto in = ask_fresh_values(*calls_, rows_->asked.view(), true, serve_stale_for_);
        if (!in) return in.error();
        return wire_view(in->rows, machine_clock()).all(in->fresh);
    }
    auto explain(std::string_view name, freshness fresh) const -> result<explanation> override {
        return shown_.explain(name, fresh);
    }
    auto list(freshness fresh) const -> std::vector<explanation> override {
        return shown_.list(fresh);
    }
    auto number() const noexcept -> std::uint64_t override { return shown_.number(); }
    auto most_names() const noexcept -> std::size_t override { return shown_.most_names(); }

private:
    std::shared_ptr<caller> calls_;
    std::shared_ptr<const wire_rows> rows_;
    wire_view shown_;
    std::chrono::milliseconds serve_stale_for_;
};

/// Makes them. A SecretSource in all but that its views' get() and all() wait. Errors of at: those
/// of ask_fresh_values, and of check_context.
class remote_source {
public:
    remote_source(std::shared_ptr<caller> calls, std::chrono::milliseconds serve_stale_for)
        : calls_(std::move(calls)), serve_stale_for_(serve_stale_for) {}

    auto at(context where) const -> result<view> {
        if (auto checked = check_context(where); !checked) return checked.error();
        auto in = ask_fresh_values(*calls_, where, false, serve_stale_for_);
        if (!in) return in.error();
        return view(
            std::make_shared<const remote_view>(calls_, std::move(in->rows), serve_stale_for_),
            in->fresh);
    }

private:
    std::shared_ptr<caller> calls_;
    std::chrono::milliseconds serve_stale_for_;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
