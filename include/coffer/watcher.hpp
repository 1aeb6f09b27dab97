// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_WATCHER_HPP
#define COFFER_WATCHER_HPP

#include <coffer/secrets.hpp>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// Tells a program when what a context sees has changed: names whose value is another one now, that
/// came, went, were hidden or have expired, whoever did it and in whichever scope.
///
///     auto now = secrets.at(here).value();
///     connect(now.get("DB_URL").value());
///     coffer::watcher changes(secrets, here, now, [&](const coffer::view& is, auto names) {
///         if (std::ranges::find(names, "DB_URL") != names.end()) reconnect(is.get("DB_URL"));
///     });
///
/// The callback is called on a thread of the watcher's own, once for all that changed between two
/// looks: a name that changed twice is told once, one that is as it was is not told. The view that it
/// is given shows what it is told of. While the context can't be had no change is told; what changed
/// meanwhile is told when it can. Why it can't be had is told to another callback, if there is one:
/// that its space was removed, its key disabled, the token revoked, or that the store is away for
/// longer than serve_stale_for. What a callback throws ends the process, as on any thread.
///
/// A look costs what source.at() costs: nothing over the network where the store watches or the
/// resolver's `recheck_after` has not passed. Thread safety: none of its own; one thread makes and
/// ends it.
class watcher {
public:
    /// `names`: those that changed, sorted. They and the view are valid during the call; the view may
    /// be copied.
    using callback = std::function<void(const view& now, std::span<const std::string> names)>;
    /// Why source.at() fails now: called when it begins to, when it fails for another reason, and
    /// with errc{} when it does no more. On the same thread, before the changes that are found then.
    using failure_callback = std::function<void(const failure& why)>;

    /// Tells what differs from `known`, a view of that context: what the program goes by already.
    /// Throws std::system_error if there is no thread to be had.
    watcher(secrets source, context where, const view& known, callback on_change,
            std::chrono::milliseconds every = std::chrono::seconds(1),
            failure_callback on_failure = {})
        : source_(std::move(source)), where_(where), tell_(std::move(on_change)),
          tell_failure_(std::move(on_failure)), every_(every),
          known_(look_at(known, confirmed(known))), thread_([this] { run(); }) {}
    /// Waits for a callback that is under way, so it must not be ended by one; and for a look, which
    /// takes as long as source.at() may: with an http::source twice its call_timeout at most.
    ~watcher() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        wake_.notify_all();
        thread_.join();
    }
    watcher(const watcher&) = delete;
    auto operator=(const watcher&) -> watcher& = delete;

private:
    /// What a name resolves to, as far as it can be told without opening it.
    struct outcome {
        errc why{}; ///< Zero: a value.
        scope from{};
        std::uint64_t version = 0;
        std::uint64_t at = 0; ///< A name that is set again after its removal may have v1 again.

        friend auto operator==(const outcome&, const outcome&) -> bool = default;
    };
    struct state {
        std::uint64_t number = 0;
        std::uint64_t expires = 0; ///< When the first of its values does; 0: none.
        std::map<std::string, outcome, std::less<>> names{};
    };

    static auto wall_of(const view& seen) -> std::uint64_t {
        return static_cast<std::uint64_t>(seen.time().wall().count());
    }
    /// When the view was last known to be the newest.
    static auto confirmed(const view& seen) -> std::uint64_t {
        const auto now = wall_of(seen);
        return now - std::min(now, static_cast<std::uint64_t>(seen.age().count()));
    }
    /// What the view said at that time, in milliseconds since 1970 UTC: what has expired since had
    /// its value then.
    static auto look_at(const view& seen, std::uint64_t when) -> state {
        state out{seen.number(), 0, {}};
        for (auto& one : seen.list()) {
            if (!one.decided()) continue; // removed: as one that never was
            auto& layer = one.layers[one.decides];
            const bool had_value =
                one.outcome == errc{} || (one.outcome == errc::expired && layer.expires > when);
            if (had_value && layer.expires != 0 &&
                (out.expires == 0 || layer.expires < out.expires))
                out.expires = layer.expires;
            out.names.emplace(std::move(one.name),
                              outcome{had_value ? errc{} : one.outcome, std::move(layer.where),
                                      layer.version, layer.at});
        }
        return out;
    }
    static auto changed(const state& was, const state& is) -> std::vector<std::string> {
        std::vector<std::string> out;
        for (const auto& [name, now] : is.names)
            if (const auto found = was.names.find(name);
                found == was.names.end() || found->second != now)
                out.push_back(name);
        for (const auto& [name, then] : was.names)
            if (!is.names.contains(name)) out.push_back(name);
        std::sort(out.begin(), out.end());
        return out;
    }

    void run() noexcept {
        std::unique_lock lock(mutex_);
        while (!wake_.wait_for(lock, every_, [this] { return ending_; })) {
            lock.unlock();
            look();
            lock.lock();
        }
    }
    /// Another state than the known one, and what is another there.
    struct news {
        view now;
        state is;
        std::vector<std::string> names;
    };
    void look() {
        std::optional<news> found;
        try {
            found = find_news();
        } catch (const std::bad_alloc&) { // it is found at the next look
        }
        if (!found) return;
        known_ = std::move(found->is);
        if (!found->names.empty()) tell_(found->now, found->names);
    }
    void note(const failure& why) {
        if (why.code == std::exchange(failing_, why.code)) return;
        if (tell_failure_) tell_failure_(why);
    }
    auto find_news() -> std::optional<news> {
        auto now = source_.at(where_.view());
        note(now ? failure() : now.error());
        if (!now) return std::nullopt;
        const auto time = wall_of(*now);
        const bool ran_out = known_.expires != 0 && time >= known_.expires;
        if (now->number() == known_.number && !ran_out) return std::nullopt;
        auto is = look_at(*now, time);
        auto names = changed(known_, is);
        return news{*std::move(now), std::move(is), std::move(names)};
    }

    const secrets source_;
    const scope where_;
    const callback tell_;
    const failure_callback tell_failure_;
    const std::chrono::milliseconds every_;
    state known_;    ///< Of the thread alone, as what follows.
    errc failing_{}; ///< Why there was no view at the last look.
    std::mutex mutex_{};
    std::condition_variable wake_{};
    bool ending_ = false;
    std::thread thread_;
};

} // namespace coffer::inline COFFER_ABI

#endif
