// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_REDIS_STORE_HPP
#define COFFER_REDIS_STORE_HPP

#include <coffer/concepts/listable_store.hpp>
#include <coffer/concepts/watchable_store.hpp>
#include <coffer/redis/cause.hpp>
#include <coffer/redis/options.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::inline COFFER_ABI::redis {

namespace detail {
class store_state;
}

/// What a store has done since it was opened, for tests and metrics.
struct counters {
    std::uint64_t round_trips = 0;   ///< Commands, or groups of them, sent for load and commit.
    std::uint64_t from_memory = 0;   ///< Revisions told without one, while watching.
    std::uint64_t invalidations = 0; ///< Changes that the server told of.
    std::uint64_t watch_losses = 0;  ///< Times that the watching connection was lost or silent.
};

/// A store in a Redis or a Redis Cluster: one hash for each partition. Models Store,
/// ListableStore and WatchableStore. A handle: copies are the same store, over the same
/// connections. Thread-safe.
///
/// A load is one HMGET, so a consistent cut; a commit one script, so all or nothing. A load that
/// met a connection which had died is sent once more on a new one; a commit whose answer did not
/// come is `unknown` and not sent again (the vault does that).
///
/// Errors, each with a redis::cause or an errno: unavailable (no connection, loading, busy, a
/// replica, out of memory, a cluster without its node, no thread to be had), timed_out, denied
/// (user, password, ACL, certificate), tampered (what stands under our key is not ours),
/// unsupported (a server that may evict keys, or is older than Redis 7), too_large,
/// invalid_argument.
///
/// Neither to be used nor to be destroyed in a child after fork: the connections, and the threads
/// that watch, are the parent's.
class store {
public:
    /// One consistent cut of the objects asked for. Watching, one without keys is told from memory.
    auto load(std::string_view partition, std::span<const std::string> keys) -> result<cut>;
    /// All or nothing, if the partition's revision is `expected`.
    auto commit(std::string_view partition, revision expected, revision next,
                std::span<const object_write> writes) -> result<commit_outcome>;
    auto limits() const noexcept -> store_limits;
    /// All entries of the partition in one cut, sorted by key. `unavailable` with
    /// cause::reply_too_large if they are more than options::list_bytes.
    auto list(std::string_view partition) -> result<listing>;
    /// The names of all partitions, sorted. Those that are made or moved to another node of a
    /// cluster meanwhile may be missing.
    auto partitions() -> result<std::vector<std::string>>;

    /// With options::watch: every change would be heard now, since all servers gave a sign of life
    /// within two heartbeats. Else false.
    auto watching() const noexcept -> bool;
    /// What has been done so far.
    auto counted() const noexcept -> counters;

private:
    friend auto open(options with) -> result<store>;
    explicit store(std::shared_ptr<detail::store_state> state) : state_(std::move(state)) {}

    std::shared_ptr<detail::store_state> state_;
};

/// Connects, logs in and checks that the server is one that keeps what it is given.
/// Errors: those of store, and invalid_argument for options that make no sense: bad_address,
/// bad_tls_options, bad_tls_file, user_without_password.
auto open(options with) -> result<store>;
/// The same for an address (see read_address).
auto open(std::string_view address) -> result<store>;

static_assert(Store<store> && ListableStore<store> && WatchableStore<store>);

} // namespace coffer::inline COFFER_ABI::redis

#endif
