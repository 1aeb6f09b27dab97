// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_TESTING_LAWS_STORE_SUBJECT_HPP
#define COFFER_TESTING_LAWS_STORE_SUBJECT_HPP

#include <coffer/concepts/listable_store.hpp>
#include <coffer/testing/checker.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::testing::laws {

/// The partition that most laws use.
inline constexpr std::string_view partition = "laws";

/// The n-th revision of a law: any two differ in each of their halves. None up to 0xA4 has a byte
/// that is zero, which is for S15 to look at, whoever wins a race.
constexpr auto rev(std::uint32_t n) -> revision {
    revision r{};
    for (std::size_t i = 0; i < r.size(); ++i)
        r[i] = static_cast<std::byte>((n >> (8 * (i % 4))) ^ (0xA5U + i));
    return r;
}
inline constexpr revision none{};

inline auto text(std::string_view t) -> bytes {
    return {as_bytes(t).begin(), as_bytes(t).end()};
}
inline auto put(std::string_view key, std::string_view value) -> object_write {
    return {std::string(key), text(value)};
}
inline auto erase(std::string_view key) -> object_write {
    return {std::string(key), std::nullopt};
}

using writes = std::vector<object_write>;
using keys = std::vector<std::string>;
using objects = std::vector<std::optional<bytes>>;

/// One store under examination: each call says what is expected of it.
template <class S>
class subject {
public:
    subject(S& store, checker& check, std::string_view in = partition)
        : store_(store), check_(check), partition_(in) {}

    auto commit(revision expected, revision next, const writes& what) -> result<commit_outcome> {
        return store_.commit(partition_, expected, next, what);
    }
    auto commits(revision expected, revision next, const writes& what,
                 source_location where = source_location::current()) -> bool {
        const auto done = commit(expected, next, what);
        return check_.that(done.has_value() && *done == commit_outcome::committed,
                           "a commit on the partition's revision is committed", where);
    }
    auto conflicts(revision expected, revision next, const writes& what, std::string_view which,
                   source_location where = source_location::current()) -> bool {
        const auto done = commit(expected, next, what);
        return check_.that(done.has_value() && *done == commit_outcome::conflict, which, where);
    }
    auto fails(errc with, revision expected, revision next, const writes& what,
               std::string_view which, source_location where = source_location::current()) -> bool {
        const auto done = commit(expected, next, what);
        return check_.that(!done.has_value() && done.error() == with, which, where);
    }
    /// A load of these keys answers exactly this cut.
    auto shows(revision at, const keys& asked, const objects& expected, std::string_view which,
               source_location where = source_location::current()) -> bool {
        const auto loaded = store_.load(partition_, asked);
        return check_.that(loaded.has_value() && loaded->at == at && loaded->objects == expected,
                           which, where);
    }

private:
    S& store_;
    checker& check_;
    std::string_view partition_;
};

} // namespace coffer::inline COFFER_ABI::testing::laws

#endif
