// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_KEYRING_FILE_KEYRING_HPP
#define COFFER_KEYRING_FILE_KEYRING_HPP

#include <coffer/concepts/anchoring_key_provider.hpp>
#include <coffer/keyring/anchor_file.hpp>
#include <coffer/keyring/kek_file.hpp>
#include <coffer/keyring/sealed_copy.hpp>
#include <coffer/keyring/store_folder.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coffer::inline COFFER_ABI::keyring {

/// How a keyring file is used.
struct file_options {
    /// key_for() lets the default KEK speak for an environment that is new here.
    bool enrol = true;
    /// Keep an anchor in `<keyring>.anchor`. Without one, recall() answers none and remember() does
    /// nothing: a rolled-back store is then noticed only by processes that saw a newer state.
    bool anchor = true;
    /// The folder of the store, if that is one of files: a keyring in it or below it is `denied`.
    std::filesystem::path store_folder{};
    /// How long to wait for other processes that write the keyring or the anchor.
    std::chrono::milliseconds patience = std::chrono::seconds(10);
};

/// KEKs in a file of their own, 0600, apart from the store (its text: kek_file.hpp), and the anchor
/// beside it.
///
/// The file is looked at in each call (one system call) and read again when it changed, so that a
/// KEK that another process disabled, or an environment that it enrolled, counts at once. If it
/// can't be read then, calls fail as it says (`tampered`, `denied`, `unavailable`); what was read
/// earlier does not serve on. Changes are made under a lock on `<keyring>.lock` and replace the
/// whole file durably; what another process changed is made durable before it is used, since what is
/// wrapped under a KEK that a power cut takes away is lost.
///
/// Refused as `denied`: a keyring that the group or others have any permission on, that belongs to
/// another user, that is a link or no regular file, or that lies with the store's documents.
///
/// A handle: copies are the same keyring. Thread-safe, and safe between processes.
class file_keyring {
public:
    /// Opens a keyring that is there. Errors: not_found, denied, tampered, unsupported, too_large,
    /// unavailable, invalid_argument (a path that can't be one).
    static auto open(std::filesystem::path path, file_options options = {})
        -> result<file_keyring> {
        path = fixed_path(path);
        if (auto apart = require_apart(path, options); !apart) return apart.error();
        file_keyring ring(std::move(path), std::move(options));
        const std::lock_guard lock(ring.state_->mutex);
        if (auto read = ring.state_->reload(); !read) return read.error();
        return ring;
    }

    /// Opens a keyring or, where there is nothing, makes one: a folder that is missing 0700, the
    /// file 0600, in it one KEK, the default. Never overwrites anything. Errors: as open(), and
    /// timed_out (another process has the lock), outcome_unknown if the new file is not sure to be
    /// on disk (calling again is safe).
    static auto open_or_create(std::filesystem::path path, file_options options = {})
        -> result<file_keyring> {
        path = fixed_path(path);
        auto there = posix::stamp(path);
        if (!there) return there.error();
        if (*there) return open(std::move(path), std::move(options));
        kek_set first;
        if (auto id = first.add({.is_default = true}); !id) return id.error();
        auto made = create(path, options, first);
        // Another process may have made it meanwhile.
        if (!made && made.error() != errc::conflict) return made.error();
        return open(std::move(path), std::move(options));
    }

    /// Makes a keyring of a sealed copy (sealed_copy.hpp), as open_or_create() makes a new one.
    /// Never overwrites anything: `conflict`. Errors: also those of open_or_create() and of
    /// open_sealed_keks().
    static auto restore(std::filesystem::path path, byte_view copy, const secret& passphrase,
                        file_options options = {}) -> result<file_keyring> {
        auto keks = open_sealed_keks(copy, passphrase);
        if (!keks) return keks.error();
        if (auto made = create(path, options, *keks); !made) return made.error();
        return open(std::move(path), std::move(options));
    }

    /// Takes in what a sealed copy (sealed_copy.hpp) of another keyring has and this one lacks: see
    /// kek_set::join. All or nothing. Errors: those of open_sealed_keks() and of kek_set::join;
    /// also, as of every change: those of reading; timed_out (the lock); invalid_argument where the
    /// file would be longer than it may be; outcome_unknown if it is not sure to be on disk.
    auto join(byte_view copy, const secret& passphrase) -> result<kek_join> {
        auto theirs = open_sealed_keks(copy, passphrase);
        if (!theirs) return theirs.error();
        return changed<kek_join>([&](kek_set& set) { return set.join(*theirs); });
    }

    /// KeyProvider. Enrolling writes the file; when that did not surely reach the disk the answer
    /// is `unavailable` and asking again is safe. Errors: those of kek_set and of reading; of
    /// enrolling also timed_out (the lock), denied, too_large.
    auto key_for(std::string_view environment) -> result<std::string> {
        auto keks = state_->current();
        if (!keks) return keks.error();
        auto known = (*keks)->key_for(environment);
        if (known || known.error() != errc::unknown_key || !state_->options.enrol) return known;
        result<std::string> enrolled = errc::unavailable;
        auto changed = change([&](kek_set& set) {
            enrolled = set.enrol(environment);
            return enrolled ? result<void>{} : result<void>(enrolled.error());
        });
        if (changed) return enrolled;
        const auto why = changed.error();
        return why.code == errc::outcome_unknown ? failure{errc::unavailable, why.cause} : why;
    }
    auto wrap(std::string_view kek_id, std::span<const std::byte, 32> dek, byte_view aad)
        -> result<bytes> {
        auto keks = state_->current();
        if (!keks) return keks.error();
        return (*keks)->wrap(kek_id, dek, aad);
    }
    auto unwrap(std::string_view kek_id, std::string_view environment, byte_view wrapped,
                byte_view aad) -> result<key_bytes> {
        auto keks = state_->current();
        if (!keks) return keks.error();
        return (*keks)->unwrap(kek_id, environment, wrapped, aad);
    }

    /// AnchoringKeyProvider: see anchor_file.
    auto recall(std::string_view realm, std::string_view environment)
        -> result<std::optional<mark>> {
        if (!state_->options.anchor) return std::optional<mark>{};
        return state_->anchor.recall(realm, environment);
    }
    auto remember(std::string_view realm, std::string_view environment, const lineage& seen)
        -> result<mark> {
        if (!state_->options.anchor) return seen.newest;
        return state_->anchor.remember(realm, environment, seen);
    }

    /// The KEKs as the file has them now, in the order in which they were added; never a key.
    /// Errors: those of reading.
    auto keks() const -> result<std::vector<kek_info>> {
        auto keks = state_->current();
        if (!keks) return keks.error();
        return (*keks)->list();
    }
    /// Adds a KEK and answers its id: see kek_set::add. Errors also, as of every change: those of
    /// reading; timed_out (the lock); invalid_argument where the file would be longer than it may
    /// be; outcome_unknown if it is not sure to be on disk.
    auto add(new_kek from) -> result<std::string> {
        return changed<std::string>([&](kek_set& set) { return set.add(std::move(from)); });
    }
    /// New KEKs in the place of all active ones, or one for an environment alone: see
    /// kek_set::rotate. All or none, in one replacement of the file. Errors also: as add().
    auto rotate() -> result<std::vector<kek_rotation>> {
        return changed<std::vector<kek_rotation>>([](kek_set& set) { return set.rotate(); });
    }
    auto rotate(std::string_view environment) -> result<kek_rotation> {
        return changed<kek_rotation>([&](kek_set& set) { return set.rotate(environment); });
    }
    /// Moves a KEK to another state: see kek_set::set_state. Destroying takes the key out of the
    /// file; copies and backups of the file, and old blocks of its disk, are out of reach.
    auto set_state(std::string_view kek_id, kek_state to) -> result<void> {
        return change([&](kek_set& set) { return set.set_state(kek_id, to); });
    }
    /// Destroys several, all or none, in one replacement of the file.
    auto destroy(std::span<const std::string> kek_ids) -> result<void> {
        return change([&](kek_set& set) -> result<void> {
            for (const auto& id : kek_ids)
                if (auto done = set.set_state(id, kek_state::destroyed); !done) return done;
            return {};
        });
    }
    /// The keyring as it is now, sealed under a passphrase: see sealed_copy.hpp.
    auto sealed_copy(const secret& passphrase, scrypt_cost cost = {}) const -> result<std::string> {
        auto keks = state_->current();
        if (!keks) return keks.error();
        return seal_keks(**keks, passphrase, cost);
    }

private:
    using shared_keks = std::shared_ptr<const kek_set>;

    struct state {
        state(std::filesystem::path where, file_options how)
            : path(std::move(where)), options(std::move(how)),
              anchor(path.string() + ".anchor", options.patience) {}

        /// The KEKs of the file as it is now.
        auto current() -> result<shared_keks> {
            const std::lock_guard lock(mutex);
            if (auto settled = settle(); !settled) return not_now(settled.error());
            auto there = posix::stamp(path);
            if (!there) return there.error();
            if (loaded && *there == loaded) return keks;
            if (auto read = reload(); !read) return not_now(read.error());
            return keks;
        }
        /// A file that was there when it was opened and is gone now may come back.
        static auto not_now(failure why) noexcept -> failure {
            if (why.code == errc::not_found) why.code = errc::unavailable;
            return why;
        }
        /// With mutex held. After a failure nothing is held any more.
        auto reload() -> result<void> {
            loaded.reset();
            keks.reset();
            posix::file_stamp stamp;
            auto read = read_keks(path, &stamp);
            if (!read) return read.error();
            if (auto stays = make_keys_durable(path); !stays) return stays.error();
            keks = std::make_shared<const kek_set>(std::move(*read));
            if (posix::settled(stamp)) loaded = stamp;
            return {};
        }

        /// With mutex held. After a change that may not be on disk nobody may use it before it is. An
        /// fsync that failed is not tried again: what stands there is written anew.
        auto settle() -> result<void> {
            if (!unsettled.load(std::memory_order_acquire)) return {};
            auto held = lock_of(path, options);
            if (!held) return held.error();
            posix::file_stamp unused;
            auto now = read_keks(path, &unused);
            if (!now) return now.error();
            if (auto written = write(path, *now, *held); !written)
                return failure{errc::unavailable, written.error().cause};
            unsettled.store(false, std::memory_order_release);
            return {};
        }

        const std::filesystem::path path;
        const file_options options;
        anchor_file anchor;
        std::atomic<bool> unsettled{false}; ///< A change's outcome is unknown.
        std::mutex mutex;
        shared_keks keks;
        std::optional<posix::file_stamp> loaded; // of keks; none: read again
    };

    file_keyring(std::filesystem::path path, file_options options)
        : state_(std::make_shared<state>(std::move(path), std::move(options))) {}

    static auto require_apart(const std::filesystem::path& path, const file_options& options)
        -> result<void> {
        if (!options.store_folder.empty() && lies_in(path, options.store_folder))
            return errc::denied;
        if (holds_store_documents(path.parent_path())) return errc::denied;
        return {};
    }
    /// Makes the file, and folders that are missing. `conflict` if there is one.
    static auto create(const std::filesystem::path& path, const file_options& options,
                       const kek_set& keks) -> result<void> {
        if (auto apart = require_apart(path, options); !apart) return apart.error();
        if (auto made = posix::make_private_folder(path.parent_path()); !made) return made.error();
        auto held = lock_of(path, options);
        if (!held) return held.error();
        auto there = posix::stamp(path);
        if (!there) return there.error();
        if (*there) return errc::conflict;
        return write(path, keks, *held);
    }
    static auto lock_of(const std::filesystem::path& path, const file_options& options)
        -> result<posix::file_lock> {
        auto lock = path;
        return posix::file_lock::acquire(lock += ".lock", options.patience);
    }
    static auto read_keks(const std::filesystem::path& path, posix::file_stamp* stamp)
        -> result<kek_set> {
        auto file = posix::open_regular(path);
        if (!file) return file.error();
        if (auto mine = posix::require_private(*file); !mine) return mine.error();
        auto at = posix::stamp(*file);
        if (!at) return at.error();
        *stamp = *at;
        auto text = posix::read_all<wiped_bytes>(*file, kek_file_limit);
        if (!text) return text.error();
        return parse_keks(*text);
    }
    static auto write(const std::filesystem::path& path, const kek_set& keks,
                      const posix::file_lock& held) -> result<void> {
        const auto text = serialize_keks(keks);
        // What can't be read again must not replace what can.
        if (auto again = parse_keks(text); !again) return errc::invalid_argument;
        auto written = posix::replace_file(path, byte_view(text), {.held = &held});
        if (!written) return written.error();
        if (!written->durable) return failure{errc::outcome_unknown, written->cause};
        return {};
    }
    /// Reads the newest keyring under the lock, edits it and puts it in place.
    template <class Edit>
    auto change(Edit edit) -> result<void> {
        auto held = lock_of(state_->path, state_->options);
        if (!held) return held.error();
        posix::file_stamp unused;
        auto keks = read_keks(state_->path, &unused);
        if (!keks) return keks.error();
        if (auto edited = edit(*keks); !edited) return edited;
        auto written = write(state_->path, *keks, *held);
        // One that was not written says nothing of the change before it.
        const bool unsure = !written && written.error() == errc::outcome_unknown;
        if (written || unsure) state_->unsettled.store(unsure, std::memory_order_release);
        return written;
    }

    /// The same for an edit that answers something, once that is on disk.
    template <class T, class Edit>
    auto changed(Edit edit) -> result<T> {
        result<T> answer = errc::unavailable;
        auto done = change([&](kek_set& set) {
            answer = edit(set);
            return answer ? result<void>{} : result<void>(answer.error());
        });
        if (!done) return done.error();
        return answer;
    }

    std::shared_ptr<state> state_;
};

static_assert(AnchoringKeyProvider<file_keyring>);

/// Opens a keyring file that is there: see file_keyring::open.
inline auto open(std::filesystem::path path, file_options options = {}) -> result<file_keyring> {
    return file_keyring::open(std::move(path), std::move(options));
}

/// Opens a keyring file, or makes one: see file_keyring::open_or_create.
inline auto open_or_create(std::filesystem::path path, file_options options = {})
    -> result<file_keyring> {
    return file_keyring::open_or_create(std::move(path), std::move(options));
}

} // namespace coffer::inline COFFER_ABI::keyring

#endif
