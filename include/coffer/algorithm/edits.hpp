// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_ALGORITHM_EDITS_HPP
#define COFFER_ALGORITHM_EDITS_HPP

#include <coffer/algorithm/edit.hpp>
#include <coffer/names.hpp>
#include <coffer/writes.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// The edits that a vault offers: pure changes of a draft (see algorithm/edit.hpp). Names, values
/// and contexts are checked when the edit is made, by detail/write_planner.hpp.
namespace coffer::inline COFFER_ABI::algorithm::edits {

using format::entry;
using format::entry_key;
using format::entry_state;
using format::entry_version;

inline auto is_there(const tree::draft& d, const entry_key& key) -> bool {
    return key.space.empty() || d.find({key.space, {}, {}}) != nullptr;
}
/// A scope must be there before anything is set in it; with `open` it is made by the first write.
inline auto need_scope(tree::draft& d, const entry_key& key, bool open) -> result<void> {
    if (is_there(d, key)) return {};
    if (!open) return errc::unknown_scope;
    auto id = d.source().new_id();
    if (!id) return id.error();
    const entry_key scope{key.space, {}, {}};
    d.set({scope, *id, {}, {{1, entry_state::value, d.now(), 0, {}, {}}}});
    d.stage(scope, 1, as_bytes("{}"));
    return {};
}

/// Appends a version. With a value it is staged. Versions beyond those that writers keep go.
inline auto append(tree::draft& d, const entry_key& key, entry_state state,
                   std::optional<byte_view> value, const write_options& with,
                   std::string_view author) -> result<written> {
    const auto* was = d.find(key);
    entry next = was != nullptr ? *was : entry{key, {}, {}, {}};
    const bool gone = was == nullptr || was->newest().state == entry_state::deleted;
    if (gone && state != entry_state::deleted) { // set again after its removal: another secret
        auto id = d.source().new_id();
        if (!id) return id.error();
        next.id = *id;
        next.note.clear();
    }
    if (with.note) next.note = *with.note;
    const auto number = was == nullptr ? 1 : was->newest().number + 1;
    next.versions.insert(
        next.versions.begin(),
        entry_version{number, state, d.now(), with.expires, std::string(author), {}});
    if (next.versions.size() > format::limits::versions_kept)
        next.versions.resize(format::limits::versions_kept);
    const auto id = next.id;
    d.set(std::move(next));
    if (value) d.stage(key, number, *value);
    return written{number, true, id};
}

/// The version of this scope's own entry; 0 if it has none or it was removed.
inline auto own_version(const entry* e) noexcept -> std::uint64_t {
    return e == nullptr || e->newest().state == entry_state::deleted ? 0 : e->newest().number;
}
/// The note of what this scope has set; none where that is nothing.
inline auto own_note(const entry* e) noexcept -> std::string_view {
    return own_version(e) == 0 ? std::string_view() : std::string_view(e->note);
}
inline auto expectation(const entry* e, const write_options& with) noexcept -> result<void> {
    if (with.if_id && (own_version(e) == 0 || e->id != *with.if_id)) return errc::not_found;
    if (with.if_version && *with.if_version != own_version(e)) return errc::conflict;
    if (with.if_note && *with.if_note != own_note(e)) return errc::conflict;
    return {};
}

/// What `change(entry)` makes of one name; null if there is none yet. Its scope is there, or with
/// `open_spaces` is one that nobody wrote to, and what the writer expects of it holds. Errors also:
/// unknown_scope, conflict.
template <class F>
auto changed(tree::draft& d, const entry_key& key, const write_options& with, bool open_spaces,
             F&& change) -> result<written> {
    if (!open_spaces && !is_there(d, key)) return errc::unknown_scope;
    const auto* found = d.find(key);
    if (auto expected = expectation(found, with); !expected) return expected.error();
    return std::forward<F>(change)(found);
}

/// Sets a value in one scope.
struct put {
    using value_type = written;
    entry_key key{};
    wiped_bytes value{};
    write_options with{};
    std::string author{};
    bool open_spaces = false;

    auto operator()(tree::draft& d) const -> result<written> {
        if (auto there = need_scope(d, key, open_spaces); !there) return there.error();
        return changed(d, key, with, open_spaces, [&](const entry* was) -> result<written> {
            if (was != nullptr) {
                auto same = is_repeated(d, *was);
                if (!same) return same.error();
                if (*same) return note_only(d, *was);
            }
            return append(d, key, entry_state::value, byte_view(value), with, author);
        });
    }

private:
    /// A repetition of the writer's own last write is no new version. Only its own: "equal" would
    /// tell anyone else what the value is. A value that can't be read is replaced. Errors:
    /// unavailable.
    auto is_repeated(tree::draft& d, const entry& was) const -> result<bool> {
        const auto& newest = was.newest();
        if (with.even_if_equal || newest.state != entry_state::value || newest.author != author ||
            newest.expires != with.expires)
            return false;
        auto same = d.value_equals(key, newest, value);
        if (!same && same.error().code != errc::unavailable) return false;
        return same;
    }
    auto note_only(tree::draft& d, const entry& was) const -> written {
        const auto number = was.newest().number;
        if (!with.note || *with.note == was.note) return {number, false, was.id};
        entry next = was;
        next.note = *with.note;
        d.set(std::move(next));
        return {number, true, was.id};
    }
};

/// Removes this scope's own value, or its hiding: the look-up goes on to the next scope again.
struct erase {
    using value_type = written;
    entry_key key{};
    write_options with{};
    std::string author{};
    bool open_spaces = false;

    auto operator()(tree::draft& d) const -> result<written> {
        return changed(d, key, with, open_spaces, [&](const entry* was) -> result<written> {
            if (own_version(was) == 0) return errc::not_found;
            return append(d, key, entry_state::deleted, std::nullopt, with, author);
        });
    }
};

/// Takes an entry out with all its versions, as if it had never been.
struct drop {
    using value_type = written;
    entry_key key{};
    write_options with{};

    auto operator()(tree::draft& d) const -> result<written> {
        return changed(d, key, with, false, [&](const entry* was) -> result<written> {
            if (own_version(was) == 0) return errc::not_found;
            const written gone{was->newest().number, true, was->id};
            d.erase(key);
            return gone;
        });
    }
};

/// The name is not found in this scope from now on, whatever the next scope says.
struct hide {
    using value_type = written;
    entry_key key{};
    write_options with{};
    std::string author{};
    bool open_spaces = false;

    auto operator()(tree::draft& d) const -> result<written> {
        if (auto there = need_scope(d, key, open_spaces); !there) return there.error();
        return changed(d, key, with, open_spaces, [&](const entry* was) -> result<written> {
            if (was != nullptr && was->newest().state == entry_state::hidden)
                return written{was->newest().number, false, was->id};
            return append(d, key, entry_state::hidden, std::nullopt, with, author);
        });
    }
};

/// Makes the state of an older version the newest one, as a new version. Its expiry and the entry's
/// note come with it, unless the options give others: a value that has expired is back as one that
/// has expired, never as one that is served for ever.
inline auto restore(tree::draft& d, const entry& was, const entry_version& to, write_options with,
                    std::string_view author) -> result<written> {
    const auto key = was.key;
    if (with.expires == 0) with.expires = to.expires;
    if (!with.note) with.note = was.note;
    if (to.state != entry_state::value) return append(d, key, to.state, std::nullopt, with, author);
    const auto value = d.value_of(key, to);
    if (!value) return value.error();
    return append(d, key, entry_state::value, byte_view(*value), with, author);
}

/// Undoes hide: what was there before it is there again, with its expiry, or the name is inherited
/// again.
struct show {
    using value_type = written;
    entry_key key{};
    write_options with{};
    std::string author{};
    bool open_spaces = false;

    auto operator()(tree::draft& d) const -> result<written> {
        return changed(d, key, with, open_spaces, [&](const entry* was) -> result<written> {
            if (was == nullptr || was->newest().state != entry_state::hidden)
                return errc::not_found;
            const auto& versions = was->versions;
            if (versions.size() > 1 && versions[1].state == entry_state::value)
                return restore(d, *was, versions[1], with, author);
            return append(d, key, entry_state::deleted, std::nullopt, with, author);
        });
    }
};

/// Undoes erase: the newest version before the removal is there again, with its expiry and note. That
/// a name was hidden which had no value here is no such version: where it is shown again nothing was
/// removed, and nobody who undoes that means to hide it.
struct undelete {
    using value_type = written;
    entry_key key{};
    write_options with{};
    std::string author{};
    bool open_spaces = false;

    auto operator()(tree::draft& d) const -> result<written> {
        return changed(d, key, with, open_spaces, [&](const entry* was) -> result<written> {
            if (was == nullptr || was->newest().state != entry_state::deleted)
                return errc::not_found;
            const auto& versions = was->versions;
            for (std::size_t i = 1; i < versions.size(); ++i) {
                const bool hid_nothing =
                    versions[i].state == entry_state::hidden &&
                    (i + 1 == versions.size() || versions[i + 1].state != entry_state::value);
                if (versions[i].state != entry_state::deleted && !hid_nothing)
                    return restore(d, *was, versions[i], with, author);
            }
            return errc::not_found;
        });
    }
};

/// Changes of several names, in this order, all or none.
struct change_many {
    using value_type = std::vector<written>; ///< One for each.
    using step = std::variant<put, erase, hide, show, undelete>;
    std::vector<step> steps{};

    auto operator()(tree::draft& d) const -> result<value_type> {
        value_type out;
        for (const auto& one : steps) {
            auto done = std::visit([&](const auto& edit) { return edit(d); }, one);
            if (!done) return done.error();
            out.push_back(*done);
        }
        return out;
    }
};

/// The value of an older version as a new version, with that version's expiry.
struct rollback {
    using value_type = written;
    entry_key key{};
    std::uint64_t number = 0;
    write_options with{};
    std::string author{};
    bool open_spaces = false;

    auto operator()(tree::draft& d) const -> result<written> {
        return changed(d, key, with, open_spaces, [&](const entry* was) -> result<written> {
            if (was == nullptr) return errc::not_found;
            for (const auto& v : was->versions)
                if (v.number == number) {
                    if (v.state != entry_state::value) return errc::not_found;
                    return restore(d, *was, v, with, author);
                }
            return errc::not_found;
        });
    }
};

/// Reads a version's value; changes nothing.
struct read_version {
    using value_type = wiped_bytes;
    entry_key key{};
    std::uint64_t number = 0; ///< 0: the newest.
    bool open_spaces = false;

    auto operator()(tree::draft& d) const -> result<wiped_bytes> {
        if (!open_spaces && !is_there(d, key)) return errc::unknown_scope;
        const auto* e = d.find(key);
        if (e == nullptr) return errc::not_found;
        for (const auto& v : e->versions)
            if (number == 0 || v.number == number) {
                if (v.state != entry_state::value) return errc::not_found;
                return d.value_of(key, v);
            }
        return errc::not_found;
    }
};

/// Makes the environment's own entry, or a space's; its value is the scope's metadata (JSON).
struct make_scope {
    using value_type = bool; ///< Whether it was made; false: it was there.
    entry_key key{};
    std::string metadata{"{}"};
    std::string author{};
    bool must_be_new = false;

    auto operator()(tree::draft& d) const -> result<bool> {
        if (d.find(key) != nullptr) {
            if (must_be_new) return errc::conflict;
            return false;
        }
        auto made = append(d, key, entry_state::value, as_bytes(metadata), {}, author);
        if (!made) return made.error();
        return true;
    }
};

/// Replaces a scope's metadata. Errors also: unknown_scope, conflict (another version is there than
/// the expected one).
struct describe_scope {
    using value_type = written;
    entry_key key{};
    std::string metadata{};
    std::string author{};
    std::optional<std::uint64_t> if_version{};

    auto operator()(tree::draft& d) const -> result<written> {
        const auto* was = d.find(key);
        if (was == nullptr) return errc::unknown_scope;
        if (if_version && *if_version != was->newest().number) return errc::conflict;
        return append(d, key, entry_state::value, as_bytes(metadata), {}, author);
    }
};

/// Removes a space with everything in it, the values of its actors included.
struct remove_space {
    using value_type = std::size_t; ///< How many names went with it.
    std::string space{};

    auto operator()(tree::draft& d) const -> result<std::size_t> {
        if (d.find({space, {}, {}}) == nullptr) return errc::unknown_scope;
        std::vector<entry_key> keys;
        d.each_of_space(space, [&](const entry& e) { keys.push_back(e.key); });
        for (const auto& key : keys)
            d.erase(key);
        return keys.size() - 1;
    }
};

} // namespace coffer::inline COFFER_ABI::algorithm::edits

#endif
