// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_LIMITS_HPP
#define COFFER_HTTP_LIMITS_HPP

#include <coffer/version.hpp>

#include <chrono>
#include <cstddef>

namespace coffer::inline COFFER_ABI::http {

/// What one client may ask of the server. Times are kept to about a quarter of a second.
struct limits {
    /// Request line and headers together are refused from this size on (431, 414).
    std::size_t head = std::size_t{16} << 10;
    /// A longer body is refused (413): as soon as it is announced, or has come.
    std::size_t body = std::size_t{512} << 10;
    /// No more of a body is taken before it is known who sends it (`handler::knows_sender`).
    std::size_t unknown_body = std::size_t{16} << 10;
    /// A stranger's body up to this is read to its end, and nothing of it is held, so that the
    /// connection is good for another request; a longer one closes it: as soon as it is announced,
    /// or so much of its chunks has come.
    std::size_t dropped_body = std::size_t{64} << 10;
    /// Bodies that are held at once, of all connections; requests beyond are refused (503).
    std::size_t bodies = std::size_t{256} << 20;

    /// From a request's first byte to the end of its headers. Past it the connection is closed.
    std::chrono::milliseconds head_time{30'000};
    /// From a request's first byte to its last.
    std::chrono::milliseconds request_time{30'000};
    /// Between an answer and the next request's first byte.
    std::chrono::milliseconds idle_time{75'000};
    /// How long a client may take nothing of an answer that waits for it.
    std::chrono::milliseconds write_time{30'000};
    /// After a closing answer what still comes is read, so that TCP does not destroy the answer:
    /// until the client was silent for this long, or `request_time` is over.
    std::chrono::milliseconds linger_time{5'000};
    /// How long `stop` waits for requests that are being worked on.
    std::chrono::milliseconds stop_time{10'000};
    /// Silence of an event stream after which a comment is sent.
    std::chrono::milliseconds heartbeat{15'000};

    /// Open connections in all; more are closed at once.
    std::size_t connections = 20'000;
    /// Open connections of one address that is not this machine.
    std::size_t connections_per_address = 1'000;
    /// What may wait to be sent on one event stream; a client further behind is given up.
    std::size_t follow_queue = std::size_t{256} << 10;
    /// Threads that answer reads which have to wait for a store or a disk, and half as many for
    /// what changes something; made as they are needed.
    std::size_t workers = 64;
};

} // namespace coffer::inline COFFER_ABI::http

#endif
