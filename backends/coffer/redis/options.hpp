// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_OPTIONS_HPP
#define COFFER_REDIS_OPTIONS_HPP

#include <coffer/concepts/store.hpp>
#include <coffer/secret.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace coffer::inline COFFER_ABI::redis {

/// Where a Redis listens: a host and port, or, if `path` is not empty, a Unix socket.
struct endpoint {
    std::string host{};
    std::uint16_t port = 6379;
    std::filesystem::path path{};

    friend auto operator==(const endpoint&, const endpoint&) -> bool = default;
    friend auto operator<(const endpoint& a, const endpoint& b) -> bool {
        return std::tie(a.host, a.port, a.path) < std::tie(b.host, b.port, b.path);
    }
};

/// TLS 1.2 or later; the certificate and the name in it are always checked. All but `use` only with
/// it, and a certificate only with its key: a connection is never less than what was asked for.
struct tls_options {
    bool use = false;
    std::filesystem::path ca_file{};          ///< PEM; empty: the system's.
    std::filesystem::path certificate_file{}; ///< PEM of the client, if the server wants one.
    std::filesystem::path key_file{}; ///< PEM, not encrypted: nobody is asked for a passphrase.
    std::string name{};               ///< The name to check instead of the host's.
};

/// What an acknowledged commit has survived (the README says what each can lose).
struct durability {
    /// How many replicas have to confirm each commit, by WAIT; 0: the primary's word (`acked`).
    unsigned replicas = 0;
    /// How long they may take.
    std::chrono::milliseconds patience{1000};
};

/// How the nodes of the store find each other.
enum class deployment : unsigned char {
    single,   ///< The first of the endpoints that is a primary.
    sentinel, ///< The endpoints are Sentinels: they say who is the primary of `service`.
    cluster,  ///< The endpoints are some nodes of a Redis Cluster.
};

/// How a store is opened. Copies share the password.
struct options {
    deployment kind = deployment::single;
    std::vector<endpoint> endpoints{};
    std::string service{}; ///< The name that Sentinels know the primary by.
    tls_options tls{};
    std::string user{};                       ///< Empty: the default user. Else with a password.
    std::shared_ptr<const secret> password{}; ///< None: no authentication.
    std::filesystem::path password_file{};    ///< Read at open; its first line.
    int password_fd = -1;                     ///< Read to its end at open, then closed.
    unsigned database = 0;                    ///< Always 0 in a cluster.
    std::string prefix = "coffer:";           ///< Of every key: [A-Za-z0-9_.:-], at most 64.
    durability keep{};
    /// Watches for writes of others, so that asking for a revision costs no round trip.
    bool watch = false;
    /// How often a silent connection is asked for a sign of life; after two of these without one
    /// nothing is answered from memory any more.
    std::chrono::milliseconds heartbeat{500};
    /// Name, TCP, TLS and log-in together. A call that has to connect first has no more time for
    /// both than response_timeout.
    std::chrono::milliseconds connect_timeout{5000};
    /// From sending a command to its answer; 10 ms more for each KiB of either that gets through.
    std::chrono::milliseconds response_timeout{5000};
    /// A server that may evict keys is refused; true: it is not asked.
    bool eviction_trusted = false;
    store_limits limits{std::size_t{2} << 20, std::size_t{256} << 20};
    std::size_t list_bytes = std::size_t{1} << 30; ///< The largest partition that list() takes.
};

/// Reads an address:
///
///     redis://[user@]host[:port][,host[:port]…][/database][?option=value&…]
///     rediss://…                         the same with TLS
///     redis+cluster://… rediss+cluster://…
///     redis+sentinel://…/service rediss+sentinel://…/service
///     redis+unix:/path/of/socket[?…]
///
/// Options: password_file, password_fd, ca, cert, key, name (of the certificate), prefix,
/// replicas (how many confirm), wait_ms, watch (0 or 1), timeout_ms (of each command),
/// connect_timeout_ms, eviction (`trusted`), database. Percent-encoding is understood.
///
/// Errors: invalid_argument with cause bad_address, bad_tls_options (ca, cert, key or name without
/// TLS, or one of cert and key alone), or password_in_address: a password in an address ends in
/// argv, in logs and in shell histories.
auto read_address(std::string_view address) -> result<options>;

} // namespace coffer::inline COFFER_ABI::redis

#endif
