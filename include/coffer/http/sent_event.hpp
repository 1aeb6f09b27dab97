// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_SENT_EVENT_HPP
#define COFFER_HTTP_SENT_EVENT_HPP

#include <coffer/version.hpp>

#include <string_view>

namespace coffer::inline COFFER_ABI::http {

/// What a server of events sends first, or in between, to who may have missed some: those after the
/// number in its data, `{"after":NUMBER}`, up to the one in its id are not sent any more.
inline constexpr std::string_view gap_event = "gap";

/// One event of a stream of server-sent events (HTML Living Standard, 9.2.6). Its texts are good
/// until the next one.
struct sent_event {
    std::string_view id{};   ///< What to come back with: its own, or the last that there was.
    std::string_view type{}; ///< As sent: empty where the standard says `message`.
    std::string_view data{}; ///< Empty: there is but an id to come back with.
};

} // namespace coffer::inline COFFER_ABI::http

#endif
