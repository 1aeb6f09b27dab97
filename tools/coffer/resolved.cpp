// SPDX-License-Identifier: BSL-1.0
#include "resolved.hpp"

#include "problem.hpp"
#include "remote.hpp"
#include "scope_metadata.hpp"
#include "text.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <algorithm>

namespace command {

namespace json = boost::json;
using coffer::errc;
using coffer::layer_state;

auto winner(const coffer::explanation& e) -> const coffer::layer* {
    return e.decided() ? &e.layers[e.decides] : nullptr;
}

auto state_of(const coffer::explanation& e) -> std::string_view {
    const auto* const won = winner(e);
    if (won == nullptr) return "absent";
    if (won->state != layer_state::value) return to_string(won->state);
    if (e.decides > 0) return "inherited";
    if (e.asked.space.empty() && e.asked.actor.empty()) return "set";
    for (std::size_t i = 1; i < e.layers.size(); ++i)
        if (e.layers[i].state != layer_state::absent) return "overridden";
    return "own";
}

auto is_told(const coffer::layer& l) -> bool {
    return l.version != 0;
}

auto short_name(const coffer::scope& where) -> std::string {
    return printable((where.space.empty() ? where.environment : where.space) +
                     (where.actor.empty() ? "" : "@" + where.actor));
}

auto layer_text(const coffer::layer& l) -> std::string {
    return printable(to_string(l.where.view())) +
           (is_told(l) ? " v" + std::to_string(l.version) : "");
}

auto set_by(const coffer::layer& l) -> std::string {
    if (!is_told(l)) return "not yours to see";
    return "set " + ago(l.at, now_ms()) + (l.author.empty() ? "" : " by " + printable(l.author));
}

auto damage_text(const coffer::damaged_version& d) -> std::string {
    return (d.name.empty() ? "(settings)" : printable(d.name)) + " in " +
           printable(to_string(d.where.view())) + " v" + std::to_string(d.version) + ": " +
           std::string(to_string(d.why));
}

auto text_or_null(std::string_view text) -> json::value {
    return text.empty() ? json::value(nullptr)
                        : json::value(json::string_view(text.data(), text.size()));
}

auto scope_json(coffer::context where) -> json::object {
    json::object out;
    out["environment"] = std::string(where.environment);
    out["space"] = text_or_null(where.space);
    if (!where.actor.empty()) out["actor"] = std::string(where.actor);
    return out;
}

auto place_json(const place& at, std::string_view name) -> json::object {
    json::object out;
    if (!name.empty()) out["name"] = json::string_view(name.data(), name.size());
    for (auto& member : scope_json(at.where()))
        out.insert_or_assign(member.key(), member.value());
    return out;
}

auto state_word(const coffer::explanation& e) -> std::string_view {
    const auto state = state_of(e);
    return state == "set" ? "value" : state;
}

void add_freshness(json::object& out, const coffer::freshness& of) {
    out["stale"] = of.stale;
    out["age_s"] = age_ms(of) / 1000;
}

auto entry_json(const coffer::explanation& e) -> json::object {
    json::object out;
    const auto state = state_word(e);
    out["name"] = e.name;
    out["state"] = json::string_view(state.data(), state.size());
    const auto* const won = winner(e);
    if (won == nullptr) return out;
    const auto note = entry_note::read(won->note);
    out["from"] = scope_json(won->where.view());
    if (!is_told(*won)) return out;
    out["version"] = won->version;
    out["setAt"] = iso_time(won->at);
    out["setBy"] = text_or_null(won->author);
    out["note"] = text_or_null(note.text);
    out["rotateBy"] = text_or_null(note.rotate_by);
    out["expiresAt"] = text_or_null(won->expires == 0 ? "" : iso_time(won->expires));
    return out;
}

namespace {

/// How many spaces of an environment have an entry of their own of each name.
auto own_in_spaces(session& s, const place& at) -> std::map<std::string, std::size_t, std::less<>> {
    if (s.is_remote()) return remote_uses(s, at.environment);
    std::map<std::string, std::size_t, std::less<>> out;
    for (const auto& e : need(s.vault()->entries(at.environment), at.where()))
        if (!e.space.empty() && e.actor.empty() && !e.entry.name.empty() &&
            e.entry.state != coffer::format::entry_state::deleted)
            ++out[e.entry.name];
    return out;
}

} // namespace

reach::reach(session& s, const place& at) : at_(at) {
    // Who may write in a space alone is not told how many others there are.
    if (auto spaces = s.vault()->spaces(at.environment)) spaces_ = spaces->size();
    if (at.inherits())
        view_ = need(s.vault()->resolver().at(at.where()), at.where());
    else if (spaces_ && *spaces_ > 0)
        own_ = own_in_spaces(s, at);
}

auto reach::of_environment(std::string_view name) const -> std::string {
    if (!spaces_ || *spaces_ == 0) return {};
    const auto found = own_.find(name);
    const auto own = found == own_.end() ? 0 : std::min(found->second, *spaces_);
    const auto sees = *spaces_ - own;
    auto text = "(" + count(sees, "space") + (sees == 1 ? " sees it" : " see it");
    if (own > 0)
        text += ", " + std::to_string(own) + (own == 1 ? " has its own" : " have their own");
    return text + ")";
}

auto reach::of(std::string_view name) const -> std::string {
    if (!view_) return of_environment(name);
    const auto e = need(view_->explain(name), at_.where(), name);
    std::string text;
    for (std::size_t i = 1; i < e.layers.size() && text.empty(); ++i)
        if (e.layers[i].state != layer_state::absent) text = "overrides " + layer_text(e.layers[i]);
    if (text.empty()) text = "own";
    if (!spaces_ || *spaces_ < 2 || !at_.actor.empty()) return text;
    return text + "  (" + count(*spaces_ - 1, "other space") + ": no change)";
}

void refuse_read(session& s, const place& at, std::string_view name, const coffer::failure& why) {
    const auto shown = printable(name) + " in " + at.text();
    const auto e = s.vault()->resolver().explain(at.where(), name);
    const auto* const won = e ? winner(*e) : nullptr;
    std::string text = words_for(why, at.where(), name);
    if (won != nullptr && won->state == layer_state::hidden) {
        text = printable(name) + " is hidden in " + at.text();
    } else if (why.code == errc::not_found) {
        text = printable(name) + " is not set in " + at.text() +
               (at.inherits() ? ", nor above it" : "");
    } else if (won != nullptr && won->state == layer_state::expired) {
        text = shown + " expired " + iso_time(won->expires) + " (" + layer_text(*won) + ")";
    } else if (why.code == errc::tampered && won != nullptr && won->state == layer_state::damaged) {
        const auto stored = s.vault()->is_stored(won->where.view(), name);
        text = "the record of " + printable(name) + " in " +
               printable(to_string(won->where.view())) + " " +
               (stored && !*stored ? "is missing from the store" : "was altered in the store") +
               ". It was NOT replaced by another value.\n        See " +
               std::string(cure_of(why.code));
    }
    throw problem(why.code, text, at.where(), name);
}

auto need_written(session& s, const place& at, std::string_view name,
                  coffer::result<coffer::written>&& done, std::string_view nothing_to)
    -> coffer::written {
    if (done) return *done;
    const auto& why = done.error();
    if (why.code == errc::tampered) refuse_read(s, at, name, why);
    if (why.code == errc::not_found)
        throw problem(why.code,
                      printable(name) + " in " + at.text() + " " + std::string(nothing_to) +
                          ". Nothing was written.",
                      at.where(), name);
    const auto expected = s.in.number("if-version");
    if (why.code != errc::conflict || !expected) throw problem_of(why, at.where(), name);
    const auto e = need(s.vault()->resolver().explain(at.where(), name), at.where(), name);
    const auto* const own =
        e.layers.empty() || e.layers[0].state == layer_state::absent ? nullptr : &e.layers[0];
    const auto is = own == nullptr
                        ? std::string("has no value of its own")
                        : "is at v" + std::to_string(own->version) + " (" + printable(own->author) +
                              ", " + ago(own->at, now_ms()) + ")";
    throw problem(errc::conflict,
                  printable(name) + " in " + at.text() + " " + is + ", you expected " +
                      (*expected == 0 ? "none" : "v" + std::to_string(*expected)) +
                      ". Nothing was written.",
                  at.where(), name);
}

void require_version(session& s, const place& at, std::string_view name) {
    const auto expected = s.in.number("if-version");
    if (!expected) return;
    const auto e = need(s.vault()->resolver().explain(at.where(), name), at.where(), name);
    const bool is_own = !e.layers.empty() && e.layers.front().state != layer_state::absent;
    if (is_own && !is_told(e.layers.front())) return;
    if (*expected != (is_own ? e.layers.front().version : 0))
        need_written(s, at, name, errc::conflict);
}

} // namespace command
