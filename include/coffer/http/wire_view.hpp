// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_WIRE_VIEW_HPP
#define COFFER_HTTP_WIRE_VIEW_HPP

#include <coffer/http/json_answer.hpp>
#include <coffer/inheritance.hpp>
#include <coffer/names.hpp>
#include <coffer/view.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// One name of a context as a server told it.
struct wire_row {
    explanation told{};
    std::optional<secret> value{};
};

/// A context as a server told it, at one generation.
struct wire_rows {
    scope asked{};
    std::vector<wire_row> rows{}; ///< Sorted by name.
    std::uint64_t generation = 0;
    std::string tag{}; ///< With which the server knows this answer again; empty: it has none.
    std::string kek_id{};
    std::uint64_t number = 0;  ///< Of the answer that told it, of all that this process read.
    std::uint64_t expires = 0; ///< When the first of the values stops being served; 0: none does.

    auto find(std::string_view name) const noexcept -> const wire_row* {
        const auto at = std::lower_bound(
            rows.begin(), rows.end(), name,
            [](const wire_row& row, std::string_view n) { return row.told.name < n; });
        return at == rows.end() || at->told.name != name ? nullptr : &*at;
    }
};

namespace detail {
inline auto read_layer(const boost::json::object& o) -> layer {
    layer out;
    out.where.environment = text_in(o, "environmentId");
    out.where.space = text_in(o, "spaceId");
    out.where.actor = text_in(o, "actorId");
    const auto state = text_in(o, "state");
    for (const auto s :
         {layer_state::value, layer_state::hidden, layer_state::expired, layer_state::damaged})
        if (to_string(s) == state) out.state = s;
    out.version = number_in(o, "version");
    out.at = time_in(o, "setAt");
    out.expires = time_in(o, "expiresAt");
    out.author = text_in(o, "setBy");
    out.note = text_in(o, "note");
    if (const auto day = text_in(o, "rotateBy"); !day.empty()) { // as the command keeps the two
        wiped_text both;
        json_writer w(both);
        w.begin_object().member_if("note", out.note).member("rotate_by", day).end_object();
        out.note = both;
    }
    return out;
}

inline auto read_row(const boost::json::object& o, const wire_rows& of) -> wire_row {
    wire_row out;
    out.told.asked = of.asked;
    out.told.name = text_in(o, "name");
    if (const auto* layers = o.if_contains("layers"); layers != nullptr && layers->is_array())
        for (const auto& l : layers->get_array())
            if (l.is_object()) out.told.layers.push_back(read_layer(l.get_object()));
    out.told.decides = o.contains("decides") ? static_cast<std::size_t>(number_in(o, "decides"))
                                             : out.told.layers.size();
    const auto outcome = text_in(o, "outcome");
    out.told.outcome = outcome == "value" ? errc{} : errc_of(outcome).value_or(errc::unsupported);
    out.told.generation = of.generation;
    out.told.kek_id = of.kek_id;
    out.value = value_in(o, number_in(o, "version"));
    // A value of a layer that the caller may not look at ends when the row says so.
    if (out.told.decided() && out.value) {
        auto& from = out.told.layers[out.told.decides];
        from.version = number_in(o, "version");
        from.expires = time_in(o, "expiresAt");
    }
    return out;
}
} // namespace detail

/// The rows of an answer of POST /v1/x/values.
inline auto read_wire_rows(const json_answer& in, context asked) -> wire_rows {
    static std::atomic<std::uint64_t> read{0};
    wire_rows out;
    out.asked = scope(asked);
    out.number = ++read;
    out.generation = number_in(in.object(), "generation");
    out.tag = text_in(in.object(), "tag");
    out.kek_id = text_in(in.object(), "kekId");
    for (const auto& one : in.list("rows"))
        if (one.is_object()) out.rows.push_back(detail::read_row(one.get_object(), out));
    std::sort(out.rows.begin(), out.rows.end(),
              [](const wire_row& a, const wire_row& b) { return a.told.name < b.told.name; });
    for (const auto& row : out.rows)
        if (row.told.decided()) {
            const auto at = row.told.layers[row.told.decides].expires;
            if (at != 0 && (out.expires == 0 || at < out.expires)) out.expires = at;
        }
    return out;
}

/// A view of what a server told: immutable, no I/O. The values lie in locked memory, each a secret
/// of its own, and are wiped with the last view of them. The ids of secrets are not told: zero.
class wire_view final : public view_model {
public:
    wire_view(std::shared_ptr<const wire_rows> rows, const clock& time)
        : rows_(std::move(rows)), time_(&time) {}

    /// Errors beside those of every view: denied (the token may list the name, not read it).
    auto get(std::string_view name, freshness fresh) const -> result<secret> override {
        if (auto named = check_name(name); !named) return named.error();
        const auto* row = rows_->find(name);
        if (row == nullptr) return errc::not_found;
        return value_of(*row, fresh);
    }

    auto all(freshness fresh) const -> result<std::vector<named_secret>> override {
        std::vector<named_secret> out;
        for (const auto& row : rows_->rows) {
            auto value = value_of(row, fresh);
            if (value)
                out.push_back(
                    {row.told.name, row.told.layers[row.told.decides].where, *std::move(value)});
            else if (value.error().code != errc::not_found && value.error().code != errc::expired)
                return value.error();
        }
        return out;
    }

    auto explain(std::string_view name, freshness fresh) const -> result<explanation> override {
        if (auto named = check_name(name); !named) return named.error();
        if (const auto* row = rows_->find(name)) return told(*row, fresh);
        explanation out;
        out.asked = rows_->asked;
        out.name = name;
        out.outcome = errc::not_found;
        for (const auto where : environment_then_space_then_actor{}.lookup_order(out.asked.view()))
            out.layers.push_back({scope(where), layer_state::absent, 0, 0, 0, {}, {}});
        out.decides = out.layers.size();
        out.generation = rows_->generation;
        out.kek_id = rows_->kek_id;
        out.fresh = fresh;
        return out;
    }

    auto list(freshness fresh) const -> std::vector<explanation> override {
        std::vector<explanation> out;
        for (const auto& row : rows_->rows)
            out.push_back(told(row, fresh));
        return out;
    }

    auto number() const noexcept -> std::uint64_t override { return rows_->number; }
    auto most_names() const noexcept -> std::size_t override { return rows_->rows.size(); }
    auto time() const noexcept -> const clock& override { return *time_; }

private:
    /// A value that was there when the server told it may have expired since.
    auto outcome_of(const explanation& e) const noexcept -> errc {
        if (e.outcome != errc{} || !e.decided()) return e.outcome;
        const auto expires = e.layers[e.decides].expires;
        const auto now =
            static_cast<std::uint64_t>(std::max<std::int64_t>(0, time_->wall().count()));
        return expires != 0 && now >= expires ? errc::expired : errc{};
    }
    auto value_of(const wire_row& row, freshness fresh) const -> result<secret> {
        if (const auto outcome = outcome_of(row.told); outcome != errc{}) return outcome;
        if (!row.value || !row.told.decided()) return refused(right::read);
        return secret(as_bytes(row.value->expose_secret()), row.value->version(), fresh);
    }
    auto told(const wire_row& row, freshness fresh) const -> explanation {
        auto out = row.told;
        out.fresh = fresh;
        out.outcome = outcome_of(out);
        if (out.outcome == errc::expired && out.decided())
            out.layers[out.decides].state = layer_state::expired;
        return out;
    }

    std::shared_ptr<const wire_rows> rows_;
    const clock* time_;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
