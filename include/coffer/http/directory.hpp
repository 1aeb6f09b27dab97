// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_DIRECTORY_HPP
#define COFFER_HTTP_DIRECTORY_HPP

#include <coffer/any_vault.hpp>
#include <coffer/clock.hpp>
#include <coffer/http/detail/space_hints.hpp>
#include <coffer/http/ids.hpp>
#include <coffer/names.hpp>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::http {

/// An environment or a space as it is registered.
struct place_facts {
    std::string id{};
    std::string metadata{"{}"}; ///< A JSON object.
    format::secret_id entry{};  ///< Of the scope's own entry: another one when it is made anew.
    std::uint64_t version = 0;  ///< Of the metadata.
    std::uint64_t at = 0;       ///< When the metadata was last written.
    bool told = true;           ///< False: nothing is known of the metadata.
};

/// Where a secret id leads to.
struct secret_place {
    format::secret_id id{};
    std::string space{};
    std::string actor{};
    std::string name{};
    std::uint64_t version = 0;
    std::uint64_t expires = 0; ///< Milliseconds since 1970; 0: never.
};

/// An environment at one generation: its metadata, its spaces' and its secrets' ids.
struct environment_facts {
    std::uint64_t generation = 0;
    place_facts own{};
    std::map<std::string, place_facts, std::less<>> spaces{};
    std::map<format::secret_id, secret_place> secrets{};
};

/// Does a change on top of what is there, and again where somebody else was first: `once` looks at
/// what is there and writes over it, expecting its version. What it throws goes on to the caller.
/// Errors: conflict (64 others were first); those of `once`.
template <class Once>
auto change_again(Once&& once) -> result<void> {
    constexpr int most_tries = 64;
    for (int tries = 1;; ++tries) {
        auto done = once();
        if (done || done.error().code != errc::conflict || tries == most_tries) return done;
    }
}

/// What environments and spaces there are, and where ids lead to. Kept per environment and read
/// anew when its generation has changed. Thread-safe.
class directory {
public:
    using facts = std::shared_ptr<const environment_facts>;

    /// `time` outlives the directory.
    explicit directory(any_vault vault, const clock& time = machine_clock())
        : vault_(std::move(vault)), time_(&time) {}

    /// What is known of an environment now. Errors: unknown_scope, also for Coffer's own and for
    /// what can be no id; those of reading.
    auto look(std::string_view environment) -> result<dated<facts>> {
        return look(environment, false);
    }
    /// The same for who only shows it: while the store is away, metadata that is not held is what
    /// it last was, or nothing (`told`), and the whole is stale.
    auto look_back(std::string_view environment) -> result<dated<facts>> {
        return look(environment, true);
    }

    /// An environment that is registered, and what was found when it was looked at.
    struct looked {
        std::string id{};
        result<dated<facts>> found{errc::unknown_scope};
        facts last{}; ///< Where that failed: what this directory last knew; null: nothing.
    };
    /// Every environment, as look_back shows it. One that can't be opened hides no other; if its
    /// store is away, the whole is stale. Errors: those of reading the list.
    auto all() -> result<dated<std::vector<looked>>> {
        auto ids = vault_->environments();
        if (!ids) return ids.error();
        dated<std::vector<looked>> out{{}, ids->fresh, ids->time};
        for (auto& id : *ids) {
            auto one = look_back(id);
            if (!one && one.error().code == errc::unknown_scope) continue; // removed meanwhile
            if (one)
                out.fresh = older(out.fresh, one->fresh);
            else if (is_away(one.error().code))
                out.fresh.stale = true;
            auto last = one ? nullptr : kept(id);
            out.push_back({std::move(id), std::move(one), std::move(last)});
        }
        return out;
    }

    /// Of the environments that `counts` says yes to those that have a space of this id: one,
    /// unless ids were chosen by hand. No other is looked at. No metadata is read for it, so that
    /// an environment that was looked at once can be asked while the store is away. One that can't be
    /// read for another reason counts where it was last seen to have it: else what is wrong with it
    /// would be told of every id that is none. Errors: those of reading; unknown_scope if there is
    /// none.
    template <class Counts>
    auto environments_of(std::string_view space, Counts&& counts)
        -> result<std::vector<std::string>> {
        if (!check_context({.environment = "e", .space = space})) return errc::unknown_scope;
        if (auto known = hinted(space, counts)) return std::vector<std::string>{*std::move(known)};
        auto every = vault_->environments();
        if (!every) return every.error();
        std::vector<std::string> out;
        failure none = errc::unknown_scope;
        bool all = true;
        for (auto& environment : *every) {
            if (!counts(std::string_view(environment))) {
                all = false;
                continue;
            }
            const auto there = vault_->resolver().at({.environment = environment, .space = space});
            const auto why = there ? errc{} : there.error().code;
            if (there)
                out.push_back(std::move(environment));
            else if (is_away(why) || (why != errc::unknown_scope && had_space(environment, space)))
                none = there.error(); // it might be there
        }
        if (out.empty()) return none;
        if (out.size() == 1 && all) {
            const std::lock_guard lock(mutex_);
            hints_.keep(space, out.front(), time_->boot());
        }
        return out;
    }

    /// A space was made here just now, under an id that no other environment has.
    void made_alone(const scope& where) {
        const std::lock_guard lock(mutex_);
        hints_.keep(where.space, where.environment, time_->boot());
    }
    /// A space was made here just now, and others may have its id.
    void made_another(std::string_view space) {
        const std::lock_guard lock(mutex_);
        hints_.drop(space);
    }

    /// Where a secret's id leads to, and in which of the environments that `counts` says yes to.
    /// Errors: not_found; those of reading.
    template <class Counts>
    auto find_secret(std::string_view id, Counts&& counts)
        -> result<std::pair<facts, const secret_place*>> {
        if (!id.starts_with(secret_id_prefix) || id.size() != secret_id_prefix.size() + 42)
            return errc::not_found;
        const auto mark = id.substr(secret_id_prefix.size(), 10);
        auto ids = vault_->environments();
        if (!ids) return ids.error();
        for (const auto& environment : *ids) {
            if (environment_mark(environment) != mark || !counts(std::string_view(environment)))
                continue;
            auto there = look(environment);
            if (!there && there.error().code == errc::unknown_scope) continue;
            if (!there) return there.error();
            for (const auto& [own, place] : (*there)->secrets)
                if (wire_id(environment, own) == id)
                    return std::pair(facts(*std::move(there)), &place);
        }
        return errc::not_found;
    }

    /// Changes the metadata of an environment or a space on top of what it is: `make(place)` gives
    /// the new text for the place as it is. Where somebody else was first it is asked again with
    /// what is there then, of this directory one after the other. What it throws goes on to the
    /// caller. Errors: unknown_scope; conflict (64 others were first); those of reading and writing.
    template <class Make>
    auto change(context where, Make&& make) -> result<void> {
        const auto once = [&]() -> result<void> {
            const auto found = look(where.environment);
            if (!found) return found.error();
            const auto* place = place_in(**found, where.space);
            if (place == nullptr) return errc::unknown_scope;
            return vault_->set_description(where, make(*place), place->version);
        };
        const auto first = once();
        if (first || first.error().code != errc::conflict) return first;
        const auto environment = std::hash<std::string_view>{}(where.environment);
        const std::lock_guard alone(changing_[environment % changing_.size()]);
        return change_again(once);
    }

private:
    auto look(std::string_view environment, bool back) -> result<dated<facts>> {
        if (environment == system_environment || !check_context({.environment = environment}))
            return errc::unknown_scope;
        const auto now = vault_->status(environment);
        if (!now) return forget(environment, now.error());
        auto known = kept(environment);
        if (known != nullptr && known->generation == now->generation)
            return dated<facts>{std::move(known), now->fresh, now->time};
        bool missing = false; // what misses something is not kept
        auto read =
            read_facts(environment, now->generation, known.get(), back ? &missing : nullptr);
        if (!read) return forget(environment, read.error());
        if (missing) return dated<facts>{*std::move(read), {now->fresh.as_of, true}, now->time};
        const std::lock_guard lock(mutex_);
        auto& kept = kept_[std::string(environment)];
        kept = *std::move(read);
        return dated<facts>{kept, now->fresh, now->time};
    }
    static auto place_in(const environment_facts& in, std::string_view space)
        -> const place_facts* {
        if (space.empty()) return &in.own;
        const auto found = in.spaces.find(space);
        return found == in.spaces.end() ? nullptr : &found->second;
    }
    /// As far as it was looked at.
    auto had_space(std::string_view environment, std::string_view space) -> bool {
        const auto last = kept(environment);
        return last != nullptr && last->spaces.contains(space);
    }
    auto kept(std::string_view environment) -> facts {
        const std::lock_guard lock(mutex_);
        const auto found = kept_.find(environment);
        return found == kept_.end() ? nullptr : found->second;
    }
    auto forget(std::string_view environment, failure why) -> failure {
        if (why.code == errc::unknown_scope) {
            const std::lock_guard lock(mutex_);
            if (const auto found = kept_.find(environment); found != kept_.end())
                kept_.erase(found);
        }
        return why;
    }
    template <class Counts>
    auto hinted(std::string_view space, Counts&& counts) -> std::optional<std::string> {
        std::optional<std::string> found;
        {
            const std::lock_guard lock(mutex_);
            found = hints_.find(space, time_->boot());
        }
        if (!found || !counts(std::string_view(*found)) ||
            !vault_->resolver().at({.environment = *found, .space = space}))
            return std::nullopt;
        return found;
    }

    auto read_facts(std::string_view environment, std::uint64_t generation,
                    const environment_facts* known, bool* missing) -> result<facts> {
        auto entries = vault_->entries(environment);
        if (!entries) return entries.error();
        auto out = std::make_shared<environment_facts>();
        out->generation = generation;
        out->own.id = environment;
        for (auto& e : *entries) {
            if (!e.entry.name.empty()) {
                if (e.entry.state == format::entry_state::value)
                    out->secrets[e.entry.id] = {e.entry.id,         std::move(e.space),
                                                std::move(e.actor), std::move(e.entry.name),
                                                e.entry.version,    e.entry.expires};
                continue;
            }
            const place_facts* was = nullptr;
            if (known != nullptr && e.space.empty()) was = &known->own;
            if (known != nullptr && !e.space.empty())
                if (const auto s = known->spaces.find(e.space); s != known->spaces.end())
                    was = &s->second;
            auto& place = e.space.empty() ? out->own : out->spaces[e.space];
            if (auto read = read_place(environment, e, was, missing, place); !read)
                return read.error();
        }
        return facts(std::move(out));
    }
    /// `missing`: set where the metadata can't be had now, which is an error without it.
    auto read_place(std::string_view environment, const scoped_entry& e, const place_facts* was,
                    bool* missing, place_facts& out) -> result<void> {
        out.id = e.space.empty() ? std::string(environment) : e.space;
        out.entry = e.entry.id;
        out.version = e.entry.version;
        out.at = e.entry.at;
        if (was != nullptr && was->entry != out.entry) was = nullptr;
        if (was != nullptr && was->version == out.version) {
            out.metadata = was->metadata;
            return {};
        }
        // Of several places that are missing only the first is waited for.
        auto text = missing != nullptr && *missing
                        ? result<std::string>(errc::unavailable)
                        : vault_->describe({.environment = environment, .space = e.space});
        if (text) {
            out.metadata = *std::move(text);
            return {};
        }
        if (text.error().code == errc::unknown_scope) return {};
        if (missing == nullptr || !is_away(text.error().code)) return text.error();
        *missing = true;
        if (was != nullptr)
            out.metadata = was->metadata;
        else
            out.told = false;
        return {};
    }

    any_vault vault_;
    const clock* time_;
    std::array<std::mutex, 16> changing_; ///< By environment: whose first change() was too late.
    std::mutex mutex_;                    ///< Of what follows.
    std::map<std::string, facts, std::less<>> kept_{};
    detail::space_hints hints_{}; ///< Spaces that are in one environment alone.
};

} // namespace coffer::inline COFFER_ABI::http

#endif
