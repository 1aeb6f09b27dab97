// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_CONCEPTS_STORE_HPP
#define COFFER_CONCEPTS_STORE_HPP

#include <coffer/bytes.hpp>
#include <coffer/result.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// What a conditional write compares. Chosen by the writer, never used twice, never a counter: a
/// counter repeats after a restore and lets a writer of another history win. All zeros: there is no
/// such partition.
using revision = std::array<std::byte, 16>;

/// One committed state of a partition, as far as it was asked for.
struct cut {
    revision at{};
    std::vector<std::optional<bytes>> objects{}; ///< One for each key asked for, in that order.
};

/// One entry of a commit; nullopt erases the key.
struct object_write {
    std::string key{};
    std::optional<bytes> value{};
};

/// How a commit ended. `unknown`: it was written, or it was not, or it may still be.
enum class commit_outcome : unsigned char { committed, conflict, unknown };

/// What a store can take. Each is at least what format 1 needs (see the laws).
struct store_limits {
    std::size_t object_bytes = std::size_t{2} << 20; ///< The largest value of one key.
    std::size_t commit_bytes = std::size_t{1} << 30; ///< The largest sum of values in one commit.
};

/// A partitioned map of opaque bytes that can be read. See Store for the laws.
template <class S>
concept ReadableStore = requires(S& s, std::string_view partition,
                                 std::span<const std::string> keys) {
    { s.load(partition, keys) } -> std::same_as<result<cut>>;
    { s.limits() }
    noexcept->std::same_as<store_limits>;
};

/// Where sealed bytes lie: a partitioned map of opaque bytes with an atomic conditional write.
///
/// A partition is one environment: the unit of atomicity and of placement (a file, a hash, a
/// table). A store never sees a key, a name or a plaintext. All entries but `head` are immutable
/// and named by their hash, and everything is verified above it, so a store is easy to write and
/// its own mistakes can deny service but never change a value.
///
/// Syntactic requirements: see the two concepts. Results are compared by same_as: a store that
/// returns bool, or a std::optional, does not compile.
///
/// Laws (their numbers stand in the names of the conformance tests, coffer/testing/store_laws.hpp):
///  S1  load of a partition that was never committed answers revision zero and nullopt for each key.
///  S2  After commit(p, expected, next, writes) == committed, load(p, {}) answers `next`.
///  S3  load answers one nullopt or value per key asked, in their order, repeated keys included,
///      with the bytes exactly as committed (empty values, zeros and all 256 byte values included).
///  S4  A commit whose `expected` is not the partition's revision is `conflict` and writes nothing.
///  S5  A commit on revision zero makes the partition; on an existing one it is `conflict`.
///  S6  A commit is all or nothing: no load ever sees a part of it, and a load with several keys
///      answers one committed state (a consistent cut), also while others write.
///  S7  A write with nullopt erases the key; erasing an absent key is no fault; keys that a commit
///      does not name keep their bytes; the last write to a key named twice wins.
///  S8  Partitions do not touch each other.
///  S9  Of concurrent commits with the same `expected`, exactly one is committed; no acknowledged
///      commit is lost.
///  S10 A failure from commit means that nothing was written and nothing will be. What can't
///      promise that answers `unknown`.
///  S11 Sending the same commit again after `unknown` is safe: it commits at most once, and answers
///      conflict if it (or another) had been committed.
///  S12 A store that was given away and opened again shows the last committed state (stores that
///      outlive their process).
///  S13 An object over limits().object_bytes or a commit over limits().commit_bytes is `too_large`
///      and writes nothing; the limits are at least 2 MiB an object.
///  S14 A partition name is 1 to 128 characters of [A-Za-z0-9_.-] and does not begin with a dot, a
///      key 1 to 64 characters of [a-z0-9]; others are `invalid_argument`. No name reaches outside
///      the store.
///  S15 The revision is opaque: any 16 bytes but zeros are kept as they are.
///  S16 A copy of the handle, where it can be copied, is the same store.
///
/// Errors: unavailable (can't be reached; the cause holds the errno), timed_out, tampered (the
/// container itself can't be read), unsupported (it is of a newer version), denied, too_large,
/// invalid_argument. What a store throws, for want of memory alone, comes out of the call that led to
/// it. A store never retries by itself unless its README says so.
///
/// Thread safety: a store is a handle; every member may be called from several threads at once, and
/// copies of the handle, where it can be copied, are the same store.
///
/// Lifetime: arguments are read during the call only. What load returns is owned by the caller.
/// Nothing needs wiping: a store holds sealed bytes.
///
/// Conforming signatures:
///
///     struct my_store {
///         result<cut> load(std::string_view partition, std::span<const std::string> keys);
///         result<commit_outcome> commit(std::string_view partition, revision expected,
///                                       revision next, std::span<const object_write> writes);
///         store_limits limits() const noexcept;
///     };
///     static_assert(coffer::Store<my_store>);
///
/// Example: examples/own_store, written against this page alone.
///
/// Conformance: coffer/testing/store_laws.hpp. Refined by ListableStore and WatchableStore.
template <class S>
concept Store = ReadableStore<S> && requires(S& s, std::string_view partition, revision expected,
                                             revision next, std::span<const object_write> writes) {
    { s.commit(partition, expected, next, writes) } -> std::same_as<result<commit_outcome>>;
};

} // namespace coffer::inline COFFER_ABI

#endif
