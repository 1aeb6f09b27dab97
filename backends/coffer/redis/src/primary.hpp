// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_SRC_PRIMARY_HPP
#define COFFER_REDIS_SRC_PRIMARY_HPP

#include <coffer/redis/src/login.hpp>
#include <coffer/redis/src/slots.hpp>
#include <coffer/redis/src/turns.hpp>

#include <memory>
#include <utility>

namespace coffer::inline COFFER_ABI::redis::detail {

/// Finds the one primary where there is no cluster: of several endpoints the one that is a primary,
/// or the one that Sentinels name. Thread-safe.
class primary_finder {
public:
    explicit primary_finder(const setting& with) : with_(with) {}

    /// A new connection, logged in and checked.
    auto connect(deadline until, const std::stop_token& stop) -> result<std::unique_ptr<socket>> {
        using made = std::unique_ptr<socket>;
        return turns_.first<made>(with_.with.endpoints, until,
                                  {errc::unavailable, cause::unknown_host},
                                  [&](const endpoint& candidate, deadline mine) -> result<made> {
                                      const auto primary = primary_by(candidate, mine, stop);
                                      if (!primary) return primary.error();
                                      return log_in(with_, *primary, check::primary, mine, stop);
                                  });
    }

private:
    auto primary_by(const endpoint& candidate, deadline until, const std::stop_token& stop) const
        -> result<endpoint> {
        if (with_.with.kind != deployment::sentinel) return candidate;
        return ask_sentinel(candidate, until, stop);
    }
    /// Sentinels are asked without user and password.
    auto ask_sentinel(const endpoint& sentinel, deadline until, const std::stop_token& stop) const
        -> result<endpoint> {
        auto bare = with_;
        bare.password.reset();
        bare.with.database = 0;
        auto made = log_in(bare, sentinel, check::none, until, stop);
        if (!made) return made.error();
        link over(*std::move(made));
        const auto said =
            over.run(command{"SENTINEL", "GET-MASTER-ADDR-BY-NAME", with_.with.service}.wire, 1,
                     small_reply, until);
        if (!said.replies) return said.replies.error();
        const auto& address = said.replies->front();
        if (address.is(reply_kind::error)) return failure_of(address.text);
        if (!address.is(reply_kind::array) || address.items.size() != 2)
            return failure{errc::unavailable, cause::unknown_host};
        const auto there = slot_map::redirection(
            "MASTER 0 " + address.items[0].text + ":" + address.items[1].text, sentinel);
        if (!there) return failure{errc::tampered, cause::unexpected_reply};
        return there->second;
    }

    const setting& with_;
    turns turns_{};
};

} // namespace coffer::inline COFFER_ABI::redis::detail

#endif
