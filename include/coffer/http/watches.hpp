// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_WATCHES_HPP
#define COFFER_HTTP_WATCHES_HPP

#include <coffer/any_vault.hpp>
#include <coffer/http/access.hpp>
#include <coffer/http/detail/entry_changes.hpp>
#include <coffer/http/json.hpp>
#include <coffer/http/message.hpp>
#include <coffer/http/recent_descriptions.hpp>
#include <coffer/http/waiting_room.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// What somebody waits for: changes that a scope can see; of an environment on request those of its
/// spaces too.
struct watched_scope {
    scope where{};
    bool spaces_too = false;
};

/// Who waits for a change after a generation that they know.
struct change_waiter {
    using entries = std::shared_ptr<const std::vector<scoped_entry>>;

    principal who{};
    watched_scope what{};
    std::uint64_t generation = 0;
    entries before{}; ///< Null: they could not be read, or not at that generation.
    stream::sink send{};
    std::chrono::milliseconds until{};

    auto environment() const noexcept -> const std::string& { return what.where.environment; }
};

/// Answers to those who wait for a change of a scope. Each environment that is waited for is looked
/// at once for all.
class watches final : public waiting_room<change_waiter> {
public:
    /// `described`: who wrote what describes a scope; null: that is never known.
    explicit watches(any_vault vault, watch_times times = {},
                     std::shared_ptr<const recent_descriptions> described = nullptr)
        : waiting_room(times), vault_(std::move(vault)), described_(std::move(described)) {}
    ~watches() override { stop(); }

    /// The rest of an answer to who knows `generation` of a scope's environment: the JSON text,
    /// once something has changed there that the caller may list, or after `longest`: a name, or
    /// what describes the scope itself, its environment or, if they are watched, one of its spaces.
    auto wait(principal who, watched_scope what, std::uint64_t generation)
        -> std::shared_ptr<stream> {
        auto one = std::make_shared<change_waiter>();
        one->who = std::move(who);
        one->what = std::move(what);
        one->generation = generation;
        one->before = entries_at(one->environment(), generation);
        return let_wait(std::move(one));
    }

    /// What a caller is told: names that changed, and who did it, as far as each is known.
    struct told {
        std::set<std::string> names;
        std::set<std::string> authors;
    };
    /// `{"data":{"generation":…,"changed":…,"names":[…],"by":…}}`. `changed`: whether anything has
    /// that the caller may see, left out where that is not known; `by` where one author wrote all
    /// of it.
    static auto text_of(std::uint64_t generation, std::optional<bool> changed,
                        const told& what = {}) -> wiped_text {
        wiped_text out;
        json_writer w(out);
        w.begin_object().key("data").begin_object().member("generation", generation);
        if (changed) w.member("changed", *changed);
        w.key("names").begin_list();
        for (const auto& name : what.names)
            w.text(name);
        w.end_list();
        if (what.authors.size() == 1) w.member_if("by", *what.authors.begin());
        w.end_object().end_object();
        return out;
    }

private:
    using entries = change_waiter::entries;
    struct state {
        std::uint64_t generation = 0;
        entries all{}; ///< Null: they could not be read, or not at that generation.
    };
    void answer_unknown(const change_waiter& one) override { tell(one, std::nullopt); }
    /// Whose state could not be compared: its client looks again.
    auto is_vain(const change_waiter& one) const -> bool override { return one.before == nullptr; }
    void forget() override { known_.clear(); }
    static void tell(const change_waiter& one, std::optional<bool> changed, const told& what = {}) {
        answer(one, std::string(text_of(one.generation, changed, what)));
    }

    /// The entries of an environment if it is at that generation before and after they were read.
    auto entries_at(const std::string& environment, std::uint64_t generation) -> entries {
        {
            const std::lock_guard lock(mutex());
            const auto found = known_.find(environment);
            if (found != known_.end() && found->second.generation == generation)
                return found->second.all;
        }
        auto all = vault_->entries(environment);
        const auto now = vault_->status(environment);
        if (!all || !now || now->generation != generation) return nullptr;
        auto out = std::make_shared<const std::vector<scoped_entry>>(*std::move(all));
        const std::lock_guard lock(mutex());
        known_[environment] = {generation, out};
        return out;
    }

    struct change : detail::entry_change {
        std::string by{}; ///< Who made it, as far as that is known.
    };
    /// What became of one environment since it was looked at.
    struct news {
        state now{};
        bool gone = false;
        std::map<entries, std::vector<change>> since{}; ///< For each state that somebody knows.
    };
    /// Whether an entry, of a name or of a scope itself, is of what somebody watches and may list.
    static auto sees(const change_waiter& one, const scoped_entry& e) -> bool {
        const auto& where = one.what.where;
        const bool of_space = !e.space.empty() && e.space != where.space;
        if ((of_space && !one.what.spaces_too) || (!e.actor.empty() && e.actor != where.actor))
            return false;
        const context there{where.environment, e.space, e.actor};
        if (e.entry.name.empty()) return decide(one.who, right::list, there) == decision::allowed;
        return covers_name(one.who, right::list, of_space ? there : where.view(), e.entry.name);
    }
    /// Answers one for whom something has changed. False: nothing has. Of who wrote where the
    /// caller has no right it learns nothing.
    static auto tell_news(change_waiter& one, const news& what) -> bool {
        told out;
        bool changed = false;
        for (const auto& each : what.since.at(one.before)) {
            const auto& e = each.is != nullptr ? *each.is : *each.was;
            if (!sees(one, e)) continue;
            changed = true;
            if (!e.entry.name.empty()) out.names.insert(e.entry.name);
            const context there{one.environment(), e.space, e.actor};
            const bool may_know = decide(one.who, right::list, there) == decision::allowed;
            if (each.is != nullptr) out.authors.insert(may_know ? each.by : std::string());
        }
        if (changed) answer(one, std::string(text_of(what.now.generation, true, out)));
        one.generation = what.now.generation; // not before it was told: that may fail
        one.before = what.now.all;
        return changed;
    }

    void look(std::unique_lock<std::mutex>& lock,
              std::vector<std::shared_ptr<change_waiter>>& waiting) override {
        std::map<std::string, news> all;
        for (const auto& one : waiting)
            all[one->environment()].since[one->before];
        lock.unlock();
        for (auto& [environment, what] : all)
            look_at(environment, what);
        lock.lock();
        // One by one: where there is no memory for an answer, all others still are in their places.
        for (auto one = waiting.begin(); one != waiting.end();) {
            const auto found = all.find((*one)->environment());
            const bool looked = found != all.end() && found->second.since.contains((*one)->before);
            one = looked && is_answered(**one, found->second) ? waiting.erase(one) : one + 1;
        }
    }
    auto is_answered(change_waiter& one, const news& what) const -> bool {
        if (what.now.all != nullptr && what.now.generation != one.generation &&
            tell_news(one, what))
            return true;
        if (what.gone)
            tell(one, std::nullopt);
        else if (is_over(one))
            tell(one, what.now.all == nullptr ? std::nullopt : std::optional(false));
        else
            return false;
        return true;
    }
    /// While the store is away nothing is known: all wait on.
    void look_at(const std::string& environment, news& what) {
        const auto now = vault_->status(environment);
        what.gone = !now && now.error().code == errc::unknown_scope;
        if (!now) return;
        what.now = {now->generation, entries_at(environment, now->generation)};
        if (what.now.all == nullptr) return;
        for (auto& [before, changes] : what.since)
            if (before != what.now.all) {
                for (const auto& one : detail::changed_entries(*before, *what.now.all))
                    changes.push_back(
                        {one, one.is != nullptr ? author_of(environment, *one.is) : std::string()});
            }
    }
    /// What describes a scope is written in the name of the server's own process.
    auto author_of(const std::string& environment, const scoped_entry& e) const -> std::string {
        if (!e.entry.name.empty()) return e.entry.author;
        if (described_ == nullptr) return {};
        const context where{.environment = environment, .space = e.space};
        const auto text = vault_->describe(where);
        return text ? described_->author_of(where, e.entry.version, vault_->sha256(as_bytes(*text)))
                    : std::string();
    }

    const any_vault vault_;
    const std::shared_ptr<const recent_descriptions> described_;
    std::map<std::string, state> known_{};
};

} // namespace coffer::inline COFFER_ABI::http

#endif
