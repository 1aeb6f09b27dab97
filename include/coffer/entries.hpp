// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ENTRIES_HPP
#define COFFER_ENTRIES_HPP

#include <coffer/format/entry.hpp>
#include <coffer/format/head.hpp>
#include <coffer/scope.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace coffer::inline COFFER_ABI {

/// One entry of a scope's own, as it is: no inheritance. Times are milliseconds since 1970.
struct own_entry {
    std::string name{};
    format::secret_id id{};
    format::entry_state state = format::entry_state::value;
    bool damaged = false;
    std::uint64_t version = 0;
    std::uint64_t at = 0;
    std::uint64_t expires = 0;
    std::string author{};
    std::string note{};
};

/// An entry of an environment together with the scope that it belongs to. An empty name is the
/// scope itself: the environment, or a space.
struct scoped_entry {
    std::string space{};
    std::string actor{};
    own_entry entry{};
};

/// One version of a name.
struct version_info {
    std::uint64_t version = 0;
    format::entry_state state = format::entry_state::value;
    std::uint64_t at = 0;
    std::uint64_t expires = 0;
    std::string author{};
};

/// What the head of an environment says, and how much it holds, its spaces included.
struct environment_status {
    std::uint64_t generation = 0;
    std::uint64_t written_at = 0; ///< Milliseconds since 1970 UTC.
    std::size_t entries = 0;      ///< Names and spaces, removed ones included, and its own.
    std::size_t damaged = 0;      ///< Those whose newest value can't be had.
    std::size_t sealed_bytes = 0; ///< What the newest values take, sealed; kept versions not.
    std::vector<format::head_dek> deks{};
};

/// A version of a name whose value can't be had.
struct damaged_version {
    scope where{};
    std::string name{};
    std::uint64_t version = 0;
    errc why{};
};

/// What became of opening every version of every value of an environment.
struct verification {
    std::size_t checked = 0;
    std::vector<damaged_version> damaged{};
};

} // namespace coffer::inline COFFER_ABI

#endif
