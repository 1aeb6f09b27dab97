// SPDX-License-Identifier: BSL-1.0
#include "key_steps.hpp"

#include "problem.hpp"
#include "removal.hpp"
#include "scope_metadata.hpp"
#include "session.hpp"
#include "shared_keys.hpp"
#include "stored_heads.hpp"
#include "text.hpp"

#include <coffer/http/tokens.hpp>
#include <coffer/names.hpp>

#include <algorithm>

namespace command {

namespace http = coffer::http;
namespace keyring = coffer::keyring;
using coffer::errc;
using keyring::kek_info;
using keyring::kek_state;

auto key_place_of(session& s) -> key_place {
    return {s.vault(), s.keys().changes, s.config()};
}

auto keks_of(const key_place& in) -> std::vector<kek_info> {
    return need(in.keys->keks());
}

auto all_environments(const key_place& in) -> std::vector<std::string> {
    const auto listed = in.vault->environments();
    if (listed && listed->empty()) return {};
    std::vector<std::string> out{std::string(coffer::system_environment)};
    if (listed) out.insert(out.end(), listed->begin(), listed->end());
    return out;
}

auto use_of(const key_place& in, const std::vector<std::string>& environments)
    -> std::vector<used_keys> {
    std::vector<used_keys> out;
    for (const auto& id : environments) {
        const auto status = in.vault->status(id);
        if (!status)
            out.push_back({id, {}, status.error().code});
        else
            out.push_back({id, status->deks, status->stale() ? errc::stale : errc{}});
    }
    return out;
}

auto needed_by(const std::string& kek_id, const std::vector<used_keys>& all)
    -> std::vector<std::string> {
    std::vector<std::string> out;
    for (const auto& e : all)
        if (std::ranges::any_of(e.deks, [&](const auto& d) { return d.kek_id == kek_id; }))
            out.push_back(e.environment);
    return out;
}

auto rotate_keks(key_changes& keys, const std::string& environment)
    -> std::vector<keyring::kek_rotation> {
    if (environment.empty()) {
        auto all = keys.rotate();
        if (!all) throw need_change(all.error());
        return *std::move(all);
    }
    auto one = keys.rotate(environment);
    if (!one) throw need_change(one.error());
    return {*std::move(one)};
}

// disable -----------------------------------------------------------------------------------------

auto why_needed(const key_place& in, const std::string& kek_id, bool even_if_shared)
    -> std::string {
    const auto keks = keks_of(in);
    const auto found = std::ranges::find(keks, kek_id, &kek_info::id);
    if (found == keks.end())
        throw problem(errc::unknown_key,
                      "there is no KEK of that id in the keyring; coffer keys status shows them");
    if (!even_if_shared)
        refuse_shared(other_realms_of_keys(in.config), kek_id + " was not disabled");
    const auto all = use_of(in, all_environments(in));
    if (const auto wraps = needed_by(kek_id, all); !wraps.empty())
        return "it wraps the DEKs of " + printable(join(wraps, ", ")) +
               " (coffer keys rewrap moves them)";
    if (found->state == kek_state::active)
        return "it is active (coffer keys rotate-kek makes another)";
    for (const auto& e : all)
        if (e.why != errc{})
            return printable(e.environment) + " can't be read (" + std::string(to_string(e.why)) +
                   "), so it may be needed there";
    return {};
}

auto not_disabled(const std::string& kek_id, const std::string& why) -> std::string {
    return printable(kek_id) + " was not disabled: " + why + ".";
}

void disable_kek(const key_place& in, const std::string& kek_id) {
    if (const auto done = in.keys->disable(kek_id); !done) throw need_change(done.error());
}

// shred -------------------------------------------------------------------------------------------

shredding::speakers::speakers(const std::vector<kek_info>& all, const std::string& environment) {
    const auto names = [](const kek_info& k, std::string_view what) {
        return std::ranges::find(k.environments, what) != k.environments.end();
    };
    const bool named =
        std::ranges::any_of(all, [&](const auto& k) { return names(k, environment); });
    for (const auto& k : all) {
        if (!names(k, environment) && (named || !names(k, keyring::kek_set::any))) continue;
        const bool alone = !k.is_default && std::ranges::all_of(k.environments, [&](const auto& e) {
            return e == environment;
        });
        if (alone)
            own.push_back(k);
        else if (k.state != kek_state::destroyed)
            shared.push_back(k);
    }
}
auto shredding::speakers::is_own(const std::string& kek_id) const -> bool {
    return std::ranges::find(own, kek_id, &kek_info::id) != own.end();
}
auto shredding::speakers::shared_ids() const -> std::string {
    std::vector<std::string> out;
    for (const auto& k : shared)
        out.push_back(k.id);
    return printable(join(out, ", "));
}

namespace {

/// How an environment gets keys that can be destroyed.
auto way_to_own_keys(const std::string& environment) -> std::string {
    return "First give it one and go over to it: coffer keys rotate-kek, rewrap and rotate-dek, "
           "each with --env " +
           printable(environment);
}

auto milliseconds_of(const kek_info& k) -> std::uint64_t {
    return static_cast<std::uint64_t>(k.created.count());
}

/// What is known of the time before the environment was under these KEKs alone.
auto text_of(const http::shred_receipt& r) -> std::string {
    auto out = printable(r.environment) + " was shredded, " + iso_time(r.at) + "\n";
    const auto alone_since = [&] { return iso_time(r.destroyed.front().created); };
    table rows;
    for (const auto& k : r.destroyed)
        rows.row({"  destroyed", printable(k.id), "made " + iso_time(k.created)});
    rows.row({"  head",
              r.unread == errc{} ? "closed" : "not closed: " + std::string(to_string(r.unread))});
    rows.row({"  under these alone", r.shared.empty()
                                         ? "since it was made, as far as this keyring tells"
                                         : "since " + alone_since() + " at the earliest"});
    out += rows.text();
    if (!r.shared.empty())
        out += "  Before, and until a rotate-dek that came after, it was under " +
               printable(join(r.shared, ", ")) +
               " as well:\n  what copies of the store from then hold can be opened with that.\n";
    return out +
           "  A copy of the keyring from before opens copies of the store: destroy those too.\n";
}

} // namespace

auto shredding::is_meant(const key_place& in, const std::string& environment) -> bool {
    if (environment == coffer::system_environment) return false;
    const auto listed = need(in.vault->environments());
    return std::ranges::find(listed, environment) != listed.end() ||
           !speakers(keks_of(in), environment).own.empty();
}

shredding::shredding(const key_place& in, std::string environment, bool even_if_shared)
    : in_(in), environment_(std::move(environment)), keys_(keks_of(in_), environment_),
      name_(environment_) {
    if (keys_.own.empty())
        throw problem(errc::conflict, printable(environment_) + " has no KEK of its own, only " +
                                          keys_.shared_ids() + ", which others need. " +
                                          way_to_own_keys(environment_));
    if (!even_if_shared)
        refuse_shared(other_realms_of_keys(in_.config, environment_),
                      environment_ + " was not shredded");
    look();
    for (const auto& k : keys_.own)
        if (k.state != kek_state::destroyed) to_destroy_.push_back(k.id);
}

/// Whether the store has the closed head that a removed environment leaves.
auto shredding::is_closed() const -> bool {
    const auto head = stored_head(in_.config, environment_);
    return head && head->closed();
}

/// What the environment is now, as far as it matters here.
void shredding::look() {
    const coffer::context there{.environment = environment_};
    const auto status = in_.vault->status(environment_);
    if (!status) {
        switch (status.error().code) {
        case errc::unknown_scope:
            closed_ = is_closed();
            if (!closed_) unread_ = errc::unknown_scope; // it is in another store, or in none
            return;
        case errc::key_disabled:
        case errc::unknown_key:
        case errc::tampered:
        case errc::rolled_back: unread_ = status.error().code; return;
        default: need(coffer::result<void>(status.error()), there);
        }
    }
    if (status->stale()) need(coffer::result<void>(errc::unavailable), there);
    for (const auto& dek : status->deks)
        if (!keys_.is_own(dek.kek_id))
            throw problem(errc::conflict, printable(environment_) + " is under " +
                                              printable(dek.kek_id) +
                                              ", which is not its own: destroying that would take "
                                              "others with it. " +
                                              way_to_own_keys(environment_));
    const auto text = in_.vault->describe(there);
    if (text) name_ = scope_metadata::read(*text).name;
    if (name_.empty()) name_ = environment_;
    if (text && scope_metadata::read(*text).is_prod) holds_ = " (PROD)";
    holds_ += " with " + names_and_spaces(status->entries);
}

auto shredding::effect() const -> std::string {
    const auto unclosed = unread_ == errc{}
                              ? std::string()
                              : ", though it can't be read (" + std::string(to_string(unread_)) +
                                    ") and so not be closed first";
    return "Shreds environment " + printable(environment_) + holds_ + ": destroys " +
           printable(join(to_destroy_, ", ")) + " for good" + unclosed +
           ". Nothing under them opens again, in any store of this keyring; no backup brings it "
           "back.";
}

void shredding::close(std::string_view by, const http::on_ended_token& ended) {
    const coffer::context there{.environment = environment_};
    http::token_registry tokens(in_.vault);
    if (closed_) // by another, who may not have come to the end of it
        return need(tokens.end_in(coffer::scope(there), by, ended), there);
    need_looked(need(tokens.remove_scope(coffer::scope(there), by, ended), there), there,
                ", and its KEKs are not destroyed yet: run it again");
}

auto shredding::carry_out(std::string_view by, const http::on_ended_token& ended)
    -> http::shred_receipt {
    // Closed first: who still holds a DEK of it writes nothing more.
    if (unread_ == errc{} && !is_done()) close(by, ended);
    if (const auto done = in_.keys->destroy(to_destroy_); !done) throw need_change(done.error());
    http::shred_receipt out{.environment = environment_, .at = now_ms(), .unread = unread_};
    for (const auto& k : keys_.own)
        out.destroyed.push_back(
            {k.id, milliseconds_of(k), std::ranges::find(to_destroy_, k.id) != to_destroy_.end()});
    for (const auto& k : keys_.shared)
        out.shared.push_back(k.id);
    out.text = is_done() ? printable(environment_) + " was shredded before\n" : text_of(out);
    return out;
}

} // namespace command
