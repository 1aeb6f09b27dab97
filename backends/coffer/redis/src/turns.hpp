// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_TURNS_HPP
#define COFFER_REDIS_SRC_TURNS_HPP

#include <coffer/redis/src/socket.hpp>

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::redis::detail {

/// Places that are asked in turn until one is any good. Each has its share of the time, so that one
/// that is silent leaves the others theirs; the one that was good the last time comes first.
/// Thread-safe.
class turns {
public:
    /// The first good answer of `ask(place, deadline)`; else the failure that says most: `denied`
    /// before the last one. `none` if there is no place.
    template <class T, class Ask>
    auto first(std::vector<endpoint> places, deadline until, failure none, Ask ask) -> result<T> {
        begin_with_the_good(places);
        auto worst = none;
        for (std::size_t i = 0; i < places.size(); ++i) {
            auto got = ask(places[i], share_of(until, places.size() - i));
            if (got) {
                remember(places[i]);
                return got;
            }
            if (i == 0 || worst.code != errc::denied) worst = got.error();
        }
        remember(std::nullopt);
        return worst;
    }

private:
    void begin_with_the_good(std::vector<endpoint>& places) {
        const std::lock_guard lock(mutex_);
        const auto found = good_ ? std::ranges::find(places, *good_) : places.end();
        if (found != places.end()) std::rotate(places.begin(), found, found + 1);
    }
    void remember(std::optional<endpoint> good) {
        const std::lock_guard lock(mutex_);
        good_ = std::move(good);
    }

    std::mutex mutex_{};
    std::optional<endpoint> good_{};
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
