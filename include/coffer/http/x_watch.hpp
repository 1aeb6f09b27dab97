// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_X_WATCH_HPP
#define COFFER_HTTP_X_WATCH_HPP

#include <coffer/http/call.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// GET /v1/x/watch: answers when something that a scope can see has changed.
namespace coffer::inline COFFER_ABI::http::x {

/// How long a request waits at most, how often it looks, and how many may wait at a time: each
/// holds a thread.
inline constexpr std::chrono::milliseconds watch_time{25'000};
inline constexpr std::chrono::milliseconds watch_step{200};
inline constexpr unsigned most_watching = 24;

/// One more that waits, if there is room.
class watching_place {
public:
    explicit watching_place(std::atomic<unsigned>& count)
        : count_(count), held_(count.fetch_add(1) < most_watching) {}
    ~watching_place() { count_.fetch_sub(1); }
    watching_place(const watching_place&) = delete;
    auto operator=(const watching_place&) -> watching_place& = delete;
    auto is_held() const noexcept -> bool { return held_; }

private:
    std::atomic<unsigned>& count_;
    bool held_;
};

/// The versions of all names that a scope's look-up may meet.
struct watched {
    using key = std::pair<std::string, std::string>; ///< Space or nothing, and name.
    std::map<key, std::pair<std::uint64_t, std::string>> versions{};

    watched(call& c, const scope& where) {
        auto all = c.vault().entries(where.environment);
        if (!all) return;
        for (auto& e : *all)
            if (!e.entry.name.empty() && (e.space.empty() || e.space == where.space) &&
                (e.actor.empty() || e.actor == where.actor) && c.covers(where, e.entry.name))
                versions[{e.space + '\n' + e.actor, std::move(e.entry.name)}] = {
                    e.entry.version, std::move(e.entry.author)};
    }
    /// The names that differ, and who wrote the ones that are here and not there.
    void differences(const watched& before, std::set<std::string>& names,
                     std::set<std::string>& authors) const {
        for (const auto& [at, now] : versions) {
            const auto was = before.versions.find(at);
            if (was != before.versions.end() && was->second.first == now.first) continue;
            names.insert(at.second);
            authors.insert(now.second);
        }
        for (const auto& [at, was] : before.versions)
            if (!versions.contains(at)) names.insert(at.second);
    }
};

inline auto watch_answer(std::uint64_t generation, const std::set<std::string>& names,
                         const std::set<std::string>& authors) -> response {
    response out;
    json_writer w(out.body);
    w.begin_object().key("data").begin_object().member("generation", generation);
    w.key("names").begin_list();
    for (const auto& name : names)
        w.text(name);
    w.end_list();
    if (authors.size() == 1) w.member_if("by", *authors.begin());
    w.end_object().end_object();
    return out;
}

/// With `after`, a generation: answers at once if it is not the newest, else when there is a newer
/// one, or after 25 seconds. `names` holds what changed in between, as far as the answer waited.
inline auto watch(call& c) -> response {
    const auto text = c.parameter("after");
    const auto after = text.empty() || text == "0" ? 0 : c.number("after", 1);
    const auto where = c.queried_scope();
    c.allow(where);
    auto generation = need(c.vault().status(where.environment)).generation;
    if (generation != after) return watch_answer(generation, {}, {});
    const watching_place place(c.parts.watching);
    const watched before(c, where);
    const auto began = machine_clock().boot();
    const auto most = place.is_held() ? watch_time : 5 * watch_step;
    while (machine_clock().boot() - began < most && !c.parts.ending.load()) {
        coffer::detail::sleep_for(watch_step);
        const auto now = c.vault().status(where.environment);
        if (!now && now.error().code == errc::unknown_scope) throw no_such_thing();
        if (!now || now->generation == generation) continue; // while the store is away: wait on
        generation = now->generation;
        std::set<std::string> names;
        std::set<std::string> authors;
        watched(c, where).differences(before, names, authors);
        if (!names.empty()) return watch_answer(generation, names, authors);
    }
    return watch_answer(generation, {}, {});
}

} // namespace coffer::inline COFFER_ABI::http::x

#endif
