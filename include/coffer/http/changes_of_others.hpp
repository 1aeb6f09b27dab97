// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_CHANGES_OF_OTHERS_HPP
#define COFFER_HTTP_CHANGES_OF_OTHERS_HPP

#include <coffer/any_vault.hpp>
#include <coffer/http/detail/entry_changes.hpp>
#include <coffer/http/ids.hpp>
#include <coffer/http/secret_change.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// Finds changes of secrets that were not made through this process: by a command beside the store,
/// by another server over it. While somebody is there to be told, one thread looks at all
/// environments, and reads those whose generation is another one. What is found is told at the look
/// after the one that found it: by then the process has said of its own changes that they are.
///
/// A name that changed twice between two looks is told of once. What changed before the first look
/// after nobody was there is not told. Thread-safe.
class changes_of_others {
public:
    using tell = std::function<void(const secret_change&)>;

    /// `somebody_hears`: asked before each look; both are called by the thread of this object
    /// alone, until it is gone, and throw nothing but std::bad_alloc.
    changes_of_others(any_vault vault, tell to, std::function<bool()> somebody_hears,
                      std::chrono::milliseconds step = std::chrono::seconds(1))
        : vault_(std::move(vault)), tell_(std::move(to)), heard_(std::move(somebody_hears)),
          step_(step), thread_([this] { run(); }) {}
    ~changes_of_others() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }
    changes_of_others(const changes_of_others&) = delete;
    auto operator=(const changes_of_others&) -> changes_of_others& = delete;

    /// A change was made through this process: it is told of already, or is about to be.
    void made_here(const secret_change& what) {
        const std::lock_guard lock(mutex_);
        if (looks_) own_[what.where.environment].made.emplace_back(what);
    }

private:
    using entries = std::vector<scoped_entry>;

    /// What a change of this process' own is known by. Of a scope: no name.
    struct mark {
        std::string space{};
        std::string actor{};
        std::string name{};
        std::uint64_t version = 0;

        explicit mark(const secret_change& what)
            : space(what.where.space), actor(what.where.actor), name(what.name),
              version(what.version) {}
    };
    /// The own changes that may be found in an environment, in their order.
    struct own_changes {
        std::vector<mark> made{};
        std::size_t read = 0;  ///< So many were made before the look that read it last,
        std::size_t begun = 0; ///< and so many before the look that is under way.
    };
    /// A change that is told of at the next look, unless it is an own one.
    struct found {
        std::string_view what{};
        scope where{};
        std::string name{};
        std::string id{};
        std::uint64_t version = 0;
    };
    struct environment_state {
        std::uint64_t generation = 0;
        entries all{};
        std::vector<found> waiting{};
        bool there = true;     ///< It is listed.
        bool compared = false; ///< What is read next is compared with `all`.
    };

    void run() noexcept {
        std::unique_lock lock(mutex_);
        while (!wake_.wait_for(lock, step_, [this] { return ending_; })) {
            lock.unlock();
            try {
                look();
            } catch (const std::exception&) { // no memory: it is found at the next look
            }
            lock.lock();
        }
    }
    void look() {
        const bool wanted = heard_();
        {
            const std::lock_guard lock(mutex_);
            looks_ = wanted;
            if (!wanted) own_.clear();
            for (auto& [id, own] : own_)
                own.begun = own.made.size();
        }
        if (!wanted) {
            known_.clear();
            began_ = false;
            return;
        }
        auto ids = vault_->environments();
        if (!ids) return;
        for (auto it = known_.begin(); it != known_.end();) {
            if (std::ranges::binary_search(*ids, it->first)) {
                ++it;
                continue;
            }
            tell_waiting(it->first, it->second);
            if (!it->second.there) {
                forget_own(it->first);
                it = known_.erase(it);
                continue;
            }
            it->second.waiting.push_back({"deleted", scope({.environment = it->first})});
            it->second.there = false;
            was_read(it->first);
            ++it;
        }
        for (const auto& id : *ids)
            look_at(id);
        began_ = true;
        const std::lock_guard lock(mutex_); // what was made and removed between two looks
        std::erase_if(own_, [&](const auto& each) {
            return each.second.begun == each.second.made.size() && !known_.contains(each.first);
        });
    }
    void look_at(const std::string& id) {
        const auto [at, added] = known_.try_emplace(id);
        auto& known = at->second;
        // One that was not there at the first look is told of from its beginning, and so is one
        // that is made again: its end was told.
        if (added) known.compared = began_;
        const auto now = vault_->status(id);
        if (!now) return; // it can't be read now
        tell_waiting(id, known);
        if (!std::exchange(known.there, true))
            known.all.clear();
        else if (known.generation == now->generation)
            return was_read(id);
        auto all = vault_->entries(id);
        if (!all) return;
        if (known.compared) known.waiting = differences(id, known.all, *all);
        known.generation = now->generation;
        known.all = *std::move(all);
        known.compared = true;
        was_read(id);
    }
    /// What it held when the look began is found by now, and told of if it was found before: of the
    /// own changes in that nothing can be found any more.
    void was_read(const std::string& id) {
        const std::lock_guard lock(mutex_);
        const auto at = own_.find(id);
        if (at == own_.end()) return;
        auto& own = at->second;
        own.made.erase(own.made.begin(), own.made.begin() + static_cast<std::ptrdiff_t>(own.read));
        own.begun -= own.read;
        own.read = own.begun;
    }
    void forget_own(const std::string& environment) {
        const std::lock_guard lock(mutex_);
        own_.erase(environment);
    }

    void tell_waiting(const std::string& id, environment_state& of) {
        std::vector<mark> own;
        {
            const std::lock_guard lock(mutex_);
            if (const auto at = own_.find(id); at != own_.end()) own = at->second.made;
        }
        const auto is_own = [&](const found& f) {
            return std::ranges::any_of(own, [&](const mark& m) {
                return m.space == f.where.space && m.actor == f.where.actor && m.name == f.name &&
                       m.version >= f.version;
            });
        };
        auto next = of.waiting.begin();
        try {
            for (; next != of.waiting.end(); ++next)
                if (const auto& f = *next; !is_own(f))
                    tell_({f.what, f.where, f.name, f.id, f.version});
        } catch (...) { // no memory: the others are told at the next look
            of.waiting.erase(of.waiting.begin(), next);
            throw;
        }
        of.waiting.clear();
    }

    static auto is_scope(const scoped_entry& e) -> bool {
        return e.actor.empty() && e.entry.name.empty();
    }
    static auto differences(const std::string& environment, const entries& before,
                            const entries& after) -> std::vector<found> {
        const auto all = detail::changed_entries(before, after);
        // A scope that is gone, or another one by now, took all of its secrets with it.
        std::vector<found> out;
        std::set<std::string_view> gone; // "": the environment, which comes first
        for (const auto& one : all) {
            if (one.was == nullptr || !is_scope(*one.was)) continue;
            if (one.is != nullptr && one.is->entry.id == one.was->entry.id) continue;
            const auto& space = one.was->space;
            if (!gone.contains({})) out.push_back({"deleted", scope({environment, space})});
            gone.insert(space);
        }
        for (const auto& one : all) {
            const auto* is = one.is;
            const auto& e = is != nullptr ? *is : *one.was;
            if (e.entry.name.empty()) continue;
            const auto* was = gone.contains({}) || gone.contains(e.space) ? nullptr : one.was;
            const auto what = word_for(was, is);
            if (what.empty()) continue;
            out.push_back({what, scope({environment, e.space, e.actor}), e.entry.name,
                           wire_id(environment, e.entry.id),
                           is != nullptr ? is->entry.version : 0});
        }
        return out;
    }
    /// Nothing: there was none, and there is none.
    static auto word_for(const scoped_entry* was, const scoped_entry* is) -> std::string_view {
        const auto holds = [](const scoped_entry* e) {
            return e != nullptr && e->entry.state != format::entry_state::deleted;
        };
        if (!holds(is)) return holds(was) ? "deleted" : "";
        return holds(was) || is->entry.state == format::entry_state::hidden ? "updated" : "created";
    }

    const any_vault vault_;
    const tell tell_;
    const std::function<bool()> heard_;
    const std::chrono::milliseconds step_;
    std::map<std::string, environment_state> known_{}; ///< Of the thread alone, as is began_.
    bool began_ = false;
    std::mutex mutex_{};
    std::condition_variable wake_{};
    bool ending_ = false;
    bool looks_ = false; ///< Somebody hears.
    std::map<std::string, own_changes, std::less<>> own_{};
    std::thread thread_;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
