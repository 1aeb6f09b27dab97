// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_COMMAND_STORE_COPY_HPP
#define COFFER_COMMAND_STORE_COPY_HPP

#include <coffer/any_store.hpp>
#include <coffer/concepts/listable_store.hpp>
#include <coffer/entries.hpp>
#include <coffer/format/head.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
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
    std::vector<std::string>
        altered{}; ///< Keys of objects that are not what they were: not in all.

    auto name() const -> std::string { return head ? head->environment : partition; }
    /// An object is here, or was set aside.
    auto has(const std::string& key) const -> bool {
        const auto is_it = [&](const auto& entry) { return entry.first == key; };
        return std::any_of(all.entries.begin(), all.entries.end(), is_it) ||
               std::find(altered.begin(), altered.end(), key) != altered.end();
    }
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
    std::string realm{};  ///< The one that open_all knows; a store may hold others.
    /// Opens all that an environment of `from` refers to: what an altered object was is known by it.
    /// Throws problem where there are no keys. Empty: nobody is asked.
    std::function<coffer::result<coffer::verification>(const std::string&)> open_all{};
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
/// Objects that are not go from `all` into `altered`. Throws problem for a head that is not.
void set_altered_aside(environment_copy& of, const std::string& place);
/// What is to be done that `to` becomes `from`.
auto compare(const environment_copy& from, const environment_copy& to) -> need_of;

/// Copies every partition: Coffer's own is read first and written last, so that what it lists is
/// there. Each is checked against its hashes before, and read back after. Altered objects are left
/// out, and what lies at `to` in their place stays. Of an environment whose head is damaged, and of
/// one that is newer there or of another history and not to be replaced, nothing is copied; all
/// others are. Prints what was done, on stdout, and what was not, on stderr. Answers the exit code:
/// that of the worst that was not copied; 0 also where nothing refers to what was left out.
/// With --dry-run it only says what would be. Throws problem for a store that can't be read or
/// written.
auto copy_store(const session& s, copy_route& route) -> int;

} // namespace command

#endif
