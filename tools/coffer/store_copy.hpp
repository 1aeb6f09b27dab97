// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_STORE_COPY_HPP
#define COFFER_COMMAND_STORE_COPY_HPP

#include <coffer/any_store.hpp>
#include <coffer/concepts/listable_store.hpp>
#include <coffer/format/head.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace command {

class session;

/// How all that is sealed comes from one store into another, byte by byte and without keys: for
/// copy, backup and restore.

/// All of a partition, and what its head says that is not sealed.
struct environment_copy {
    std::string partition{};
    coffer::listing all{};
    std::optional<coffer::format::head> head{}; ///< None: the rest of a copy that was interrupted.
    bool damaged = false;                       ///< There is a head, and it can't be read.

    auto name() const -> std::string { return head ? head->environment : partition; }
    auto bytes() const -> std::size_t {
        std::size_t sum = 0;
        for (const auto& [key, value] : all.entries)
            sum += value.size();
        return sum;
    }
};

/// What is to be done for one partition: nothing, all of it, the rest of a copy that was
/// interrupted, what is newer; or there is a newer one, or one of another history.
enum class need_of : unsigned char { nothing, all, rest, newer, other };

/// Two stores, by what they are called.
struct copy_route {
    coffer::any_store from;
    std::string from_place{};
    coffer::any_store to;
    std::string to_place{};
    bool replace = false; ///< What is newer, or of another history, is replaced too.
};

/// The realms whose list of environments lies in a store, sorted: one, for a store that nobody else
/// has written into. What can't be read is left out, and a store that can't list has none.
auto realms_of(coffer::any_store& store) -> std::vector<std::string>;
/// The words for a store that is of other realms than the settings name, and where they name it.
auto foreign_words(session& s, const std::vector<std::string>& realms) -> std::string;

/// All of a partition. Throws problem, for a head that can't be read too unless `damaged_too`.
auto read_partition(coffer::any_store& from, const std::string& partition, bool damaged_too = false)
    -> environment_copy;
/// What can be checked without keys: each entry is what its name says, and the revision the head's.
/// Throws problem.
void check_hashes(const environment_copy& of, const std::string& place);
/// What is to be done that `to` becomes `from`.
auto compare(const environment_copy& from, const environment_copy& to) -> need_of;

/// Copies every partition: Coffer's own is read first and written last, so that what it lists is
/// there. Each is checked against its hashes before, and read back after. What is newer there, or
/// of another history, throws problem unless it is replaced. Prints what was done, on stdout.
/// With --dry-run it only says what would be.
void copy_store(const session& s, copy_route& route);

} // namespace command

#endif
