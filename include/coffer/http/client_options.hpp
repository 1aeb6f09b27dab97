// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_HTTP_CLIENT_OPTIONS_HPP
#define COFFER_HTTP_CLIENT_OPTIONS_HPP

#include <coffer/clock.hpp>
#include <coffer/secret.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace coffer::inline COFFER_ABI::http {

/// How a client talks to a server.
struct client_options {
    /// `https://coffer.example:8443`, or `http` to this machine alone.
    std::string server{};
    /// The bearer token; or, where it is empty, the file that holds it (one line, of this user and
    /// readable by nobody else), read again when the server refuses it, so that a new token needs
    /// no restart.
    secret token{};
    std::string token_file{};

    /// A PEM file of the authorities that the server's certificate may come from, instead of the
    /// system's. Certificate and host name are always checked.
    std::string authorities{};

    std::chrono::milliseconds connect_timeout{5'000};
    std::chrono::milliseconds handshake_timeout{5'000};
    /// For one call as a whole: connecting, repeats and all. (Looking a host's name up is the
    /// system's and keeps the system's own time limit.)
    std::chrono::milliseconds call_timeout{30'000};
    /// How long a stream of events may say nothing, not even that it is there.
    std::chrono::milliseconds event_silence{90'000};
    /// Connections that are kept open between calls.
    std::size_t idle_connections = 8;

    /// An answer of this age is given without asking again; 0: every at() asks.
    std::chrono::milliseconds recheck_after{0};
    /// How long the last answer stands in, marked as stale and with its age, while the server can't
    /// be reached or has no fresh one itself; the server's own age counts. 0: never.
    std::chrono::milliseconds serve_stale_for{300'000};
    /// How many contexts are kept for that.
    std::size_t kept_contexts = 1024;
    const clock* time = &machine_clock();
};

} // namespace coffer::inline COFFER_ABI::http

#endif
