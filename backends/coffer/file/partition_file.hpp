// SPDX-License-Identifier: BSL-1.0
#ifndef COFFER_FILE_PARTITION_FILE_HPP
#define COFFER_FILE_PARTITION_FILE_HPP

#include <coffer/file/document.hpp>
#include <coffer/posix/atomic_file.hpp>
#include <coffer/posix/file_lock.hpp>
#include <coffer/posix/known_file.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace coffer::inline COFFER_ABI::file {

/// One partition's document on disk, and what this process knows of it. Thread-safe.
class partition_file {
public:
    /// A document is read as a whole; one that is larger than this is `too_large`.
    static constexpr std::size_t most_bytes = std::size_t{1} << 30;

    partition_file(const std::filesystem::path& folder, std::string_view partition,
                   std::chrono::milliseconds lock_patience)
        : path_(folder / (std::string(partition) + ".json")),
          lock_path_(folder / (std::string(partition) + ".lock")), lock_patience_(lock_patience) {}

    /// The document as it is now; one stat if it did not change.
    auto read() -> result<std::shared_ptr<const document>> {
        touch();
        if (unsettled()) {
            const std::lock_guard writer(writer_);
            if (auto settled = settle(); !settled) return settled.error();
        }
        return refresh();
    }

    /// The store's commit, whose arguments were checked.
    auto commit(const revision& expected, const revision& next,
                std::span<const object_write> writes) -> result<commit_outcome> {
        touch();
        posix::known_file replaced; // closing it frees the old file: after the locks
        const std::lock_guard writer(writer_);
        auto lock = posix::file_lock::acquire(lock_path_, lock_patience_);
        if (!lock) return as_store_failure(lock.error());
        const auto now = refresh();
        if (!now) return now.error();
        if ((*now)->at() != expected) return commit_outcome::conflict;
        auto after = reusable((*now)->with(next, writes, spare_->take()));
        if (after->text().size() > most_bytes) return errc::too_large;
        const auto durable = replace(std::move(after), *lock, replaced);
        if (!durable) return durable.error();
        return *durable ? commit_outcome::committed : commit_outcome::unknown;
    }

    /// The last replacement's outcome is still unknown.
    auto unsettled() const noexcept -> bool { return unsettled_.load(std::memory_order_acquire); }
    /// When it was last used.
    auto last_use() const noexcept -> std::chrono::steady_clock::time_point {
        return last_use_.load(std::memory_order_relaxed);
    }

private:
    /// The memory of a text that was replaced, for the next one: asked of the system anew for each
    /// commit, its pages would cost as much as the file's. Thread-safe.
    class spare_memory {
    public:
        auto take() -> std::string {
            const std::lock_guard lock(mutex_);
            return std::exchange(text_, {});
        }
        void give(std::string&& text) noexcept {
            const std::lock_guard lock(mutex_);
            text_ = std::move(text);
        }

    private:
        std::mutex mutex_{};
        std::string text_{};
    };
    /// A document that leaves its memory behind when the last who reads it lets go.
    auto reusable(document&& made) const -> std::shared_ptr<const document> {
        return {new document(std::move(made)), [spare = spare_](document* gone) {
                    spare->give(std::move(*gone).memory());
                    delete gone;
                }};
    }

    void touch() noexcept {
        last_use_.store(std::chrono::steady_clock::now(), std::memory_order_relaxed);
    }

    /// A folder that is gone is `unavailable`: an absent file in it is no absent partition.
    static auto as_store_failure(failure why) noexcept -> failure {
        if (why.code == errc::not_found) why.code = errc::unavailable;
        return why;
    }

    auto refresh() -> result<std::shared_ptr<const document>> {
        const std::lock_guard lock(cache_);
        const auto stamp = posix::stamp(path_);
        if (!stamp) return as_store_failure(stamp.error());
        if (from_.stands(*stamp)) return now_;
        if (!*stamp) return absent();
        auto file = posix::open_regular(path_);
        if (!file && file.error() == errc::not_found) return absent();
        if (!file) return file.error();
        const auto opened = posix::stamp(*file);
        if (!opened) return as_store_failure(opened.error());
        const auto json = posix::read_all(*file, most_bytes);
        if (!json) return json.error();
        auto parsed = document::parse(as_text(*json));
        if (!parsed) return parsed.error();
        // Acted on before, and its generation kept elsewhere, it could be gone after a power cut.
        if (auto stays = posix::make_name_durable(path_); !stays)
            return as_store_failure(stays.error());
        remember(std::make_shared<const document>(std::move(*parsed)), {std::move(*file), *opened});
        return now_;
    }

    /// There is no document; if there is no folder either, nobody knows.
    auto absent() -> result<std::shared_ptr<const document>> {
        if (auto folder = posix::open_folder(path_.parent_path()); !folder)
            return as_store_failure(folder.error());
        remember(std::make_shared<const document>(), {});
        return now_;
    }

    void remember(std::shared_ptr<const document> now, posix::known_file from) noexcept {
        now_ = std::move(now);
        from_ = std::move(from);
    }

    /// Replaces the file; true: durable, false: the outcome is unknown. `replaced` gets the one
    /// that was there. Needs writer_.
    auto replace(std::shared_ptr<const document> after, const posix::file_lock& held,
                 posix::known_file& replaced) -> result<bool> {
        const auto done = posix::replace_file(path_, as_bytes(after->text()),
                                              {.owner = posix::file_owner::as_was, .held = &held});
        if (!done) return as_store_failure(done.error());
        unsettled_.store(!done->durable, std::memory_order_release);
        const std::lock_guard lock(cache_);
        replaced = std::exchange(from_, {});
        if (!done->durable) return false;
        // What was written needs no parsing. The stamp is taken last: the rename changed it.
        auto file = posix::open_regular(path_);
        if (!file) return true;
        if (const auto stamp = posix::stamp(*file))
            remember(std::move(after), {std::move(*file), *stamp});
        return true;
    }

    /// After an unknown outcome nobody may act on what is visible before it is durable. An fsync
    /// that failed is not tried again: the same text is written anew. Needs writer_.
    auto settle() -> result<void> {
        if (!unsettled()) return {};
        posix::known_file replaced;
        auto lock = posix::file_lock::acquire(lock_path_, lock_patience_);
        if (!lock) return as_store_failure(lock.error());
        auto now = refresh();
        if (!now) return now.error();
        if ((*now)->at() == revision{}) { // nothing was there before and the rename never happened
            unsettled_.store(false, std::memory_order_release);
            return {};
        }
        const auto durable = replace(std::move(*now), *lock, replaced);
        if (!durable) return durable.error();
        return *durable ? result<void>{} : errc::unavailable;
    }

    std::filesystem::path path_;
    std::filesystem::path lock_path_;
    std::chrono::milliseconds lock_patience_;
    std::mutex writer_{}; ///< One commit at a time in this process. Taken before cache_.
    std::mutex cache_{};  ///< Guards what follows.
    std::shared_ptr<const document> now_ = std::make_shared<const document>();
    posix::known_file from_{}; ///< now_ is what it says. None: nothing is there, or read again.
    std::shared_ptr<spare_memory> spare_ = std::make_shared<spare_memory>();
    std::atomic<bool> unsettled_{false};
    std::atomic<std::chrono::steady_clock::time_point> last_use_{};
};

} // namespace coffer::inline COFFER_ABI::file

#endif
